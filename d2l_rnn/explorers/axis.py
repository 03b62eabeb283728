"""The axes of a chart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from d2l_rnn.checks import listed, real_array, truth

NARROWEST = 1e-12  # an axis, compared with the size of its ends
LEAST, MOST = 1e-280, 1e307  # sizes of the ends of a linear axis


@dataclass(frozen=True)
class Axis:
    """An axis from `low` to `high`.

    `ticks` are where its numbers stand, if given; `names` stand there in their place.

    Raises ValueError unless low < high, both finite, far enough apart for numbers
    between them, and positive if `log`; for ticks that are not between them, and for
    other than one name for each tick, and if `log` or `is_whole` is not True or False.
    """

    label: str
    low: float
    high: float
    log: bool = False
    is_whole: bool = False
    ticks: Sequence[float] | None = None
    names: Sequence[str] | None = None

    def __post_init__(self):
        put(self, label=words(self.label))
        for name in ("log", "is_whole"):
            what = f"{name} of the axis {self.label!r}"
            put(self, **{name: truth(what, getattr(self, name))})
        low, high = (_end(self, name) for name in ("low", "high"))
        least, size = 0 if self.log else -MOST, max(abs(low), abs(high))
        if not least < low < high < MOST:
            raise ValueError(
                f"low and high of the axis {self.label!r} must be finite and in this "
                f"order{', and positive' if self.log else ''}, got {self.low} and "
                f"{self.high}"
            )
        if high - low < NARROWEST * size or (size < LEAST and not self.log):
            raise ValueError(
                f"low and high of the axis {self.label!r} must be further apart, got "
                f"{self.low} and {self.high}"
            )
        if self.ticks is not None:
            put(self, ticks=self._checked_ticks(low, high))
        put(self, low=low, high=high)
        if self.names is not None:
            given = listed(f"names of the axis {self.label!r}", self.names)
            put(self, names=tuple(map(words, given)))
            if len(self.names) != len(self.ticks or ()):
                raise ValueError(
                    f"names of the axis {self.label!r} must be one for each tick, got "
                    f"{len(self.names)} for {len(self.ticks or ())} ticks"
                )

    def _checked_ticks(self, low: float, high: float) -> tuple:
        ticks = real_array(f"ticks of the axis {self.label!r}", self.ticks)
        if ticks.ndim != 1 or not ((low <= ticks) & (ticks <= high)).all():
            raise ValueError(
                f"ticks of the axis {self.label!r} must be from {low:g} to {high:g}, "
                f"got {ticks.tolist()}"
            )
        return tuple(ticks.tolist())

    def for_browser(self) -> dict:
        """The axis as figure.js has it."""
        ticks, names = (None if x is None else [*x] for x in (self.ticks, self.names))
        return {
            "label": self.label, "min": self.low, "max": self.high,
            "log": self.log, "isWhole": self.is_whole, "ticks": ticks, "names": names,
        }  # fmt: skip


def _end(axis: Axis, name: str) -> float:
    found = real_array(f"{name} of the axis {axis.label!r}", getattr(axis, name))
    return float(found.item()) if found.size == 1 else math.nan


def put(part: object, **values) -> None:
    """Set attributes of a part that is frozen."""
    for name, value in values.items():
        object.__setattr__(part, name, value)


def words(label: object) -> str:
    """A label as text; None is no label."""
    return "" if label is None else str(label)
