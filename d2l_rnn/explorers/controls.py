"""The settings of a panel: what a slider is called, where it begins, how far it goes.

A control is declared in the class of a panel, `theta = Steps("theta", …)`, and is then
both: an attribute that can be read and set, and a widget that shows it and moves it.
"""

from __future__ import annotations

import bisect
import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import ipywidgets as widgets

from d2l_rnn import checks

LABEL_WIDTH = "9.5em"
OFF = math.inf  # the position of "off": a widget takes None for no position at all
ONE_TWO_FIVE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

Value = TypeVar("Value")  # what a control holds


class Control(ABC, Generic[Value]):
    """One setting of an explorer. `label` is what the reader sees before the slider.

    `hint` says what it does, when the pointer rests on it. Subclasses say which values
    are allowed, and make the widget.
    """

    def __init__(self, label: str, default: Value, hint: str = ""):
        self.label, self.default, self.hint = label, default, hint

    def __set_name__(self, owner, name: str) -> None:
        self.name = name

    def __get__(self, explorer, owner=None):
        return self if explorer is None else self.read(explorer.widgets[self.name])

    def __set__(self, explorer, value) -> None:
        explorer.set(**{self.name: value})

    @abstractmethod
    def checked(self, value: Value) -> Value:
        """The value as it will be kept; ValueError if it is none of the allowed."""

    @abstractmethod
    def widget(self) -> widgets.Widget:
        """A new widget, with the default value."""

    def show(self, widget: widgets.Widget, value: Value) -> None:
        """Move the widget to a value that has been checked."""
        widget.value = value

    def read(self, widget: widgets.Widget) -> Value:
        """The value that the widget shows."""
        return widget.value

    def caption(self, value: Value) -> str:
        """The value as a reader sees it, on the slider and in a legend."""
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _look(self) -> dict:
        return {
            "description": self.label,
            "tooltip": self.hint or self.label,
            "style": {"description_width": LABEL_WIDTH},
            "layout": {"width": "auto"},
        }


class Whole(Control[int]):
    """An integer from `low` to `high`."""

    def __init__(self, label: str, low: int, high: int, default: int, hint: str = ""):
        super().__init__(label, default, hint)
        self.low, self.high = low, high

    def checked(self, value: int) -> int:
        """An int, whatever kind of integer came; ValueError outside the range."""
        return checks.integer(self.name, value, self.low, self.high)

    def widget(self) -> widgets.IntSlider:
        """A slider that takes every integer of the range."""
        return widgets.IntSlider(self.default, self.low, self.high, **self._look())

    def neighbours(self, value: int, reach: int) -> list[int]:
        """The integers up to `reach` before and after this one."""
        near = range(max(self.low, value - reach), min(self.high, value + reach) + 1)
        return [each for each in near if each != value]


class Real(Control[float]):
    """A number from `low` to `high`; the slider moves by `step`, code need not."""

    def __init__(self, label: str, low: float, high: float, default: float, step: float,
                 hint: str = ""):  # fmt: skip
        super().__init__(label, default, hint)
        self.low, self.high, self.step = low, high, step

    def checked(self, value: float) -> float:
        """A float, whatever kind of number came; ValueError outside the range."""
        return _real(self.name, value, self.low, self.high)

    def widget(self) -> widgets.FloatSlider:
        """A slider that shows as many decimals as a step has."""
        digits = max(0, -math.floor(math.log10(self.step)))
        return widgets.FloatSlider(
            self.default, min=self.low, max=self.high, step=self.step,
            readout_format=f".{digits}f", **self._look(),
        )  # fmt: skip


class Steps(Control[float | None]):
    """A number that the slider takes through `values`, such as 0.1, 0.2, 0.5, 1, 2, 5.

    Code may set any other number between the first and the last; the slider gets
    a position for it. With `off`, the last position of all is None, shown as "off".
    `whole` allows integers only.
    """

    def __init__(
        self, label: str, values: Sequence[float], default: float | None,
        hint: str = "", off: bool = False, whole: bool = False,
    ):  # fmt: skip
        super().__init__(label, default, hint)
        self.values, self.off, self.whole = tuple(values), off, whole

    def checked(self, value: float | None) -> float | None:
        """A number, also between two positions, or None for off; else ValueError."""
        low, high = self.values[0], self.values[-1]
        if value is None and self.off:
            return None
        if self.whole:
            return checks.integer(self.name, value, low, high)
        return _real(self.name, value, low, high, " or None (off)" if self.off else "")

    def widget(self) -> widgets.SelectionSlider:
        """A slider with a position for each value."""
        options = self._options([*self.values, *([OFF] if self.off else [])])
        return widgets.SelectionSlider(
            options=options, value=self.default, **self._look()
        )

    def show(self, widget: widgets.SelectionSlider, value: float | None) -> None:
        """Move the slider; a value between two positions gets one of its own."""
        value = OFF if value is None else value
        positions = [each for _, each in widget.options]
        if value not in positions:
            bisect.insort(positions, value)
            widget.options = self._options(positions)
        widget.value = value

    def read(self, widget: widgets.SelectionSlider) -> float | None:
        """The value that the slider shows, None where it stands at "off"."""
        return None if widget.value == OFF else widget.value

    def neighbours(self, value: float | None, reach: int) -> list[float | None]:
        """The positions up to `reach` before and after this one."""
        positions = [*self.values, *([None] if self.off else [])]
        if value not in positions:
            bisect.insort(positions, value, hi=len(self.values))
        i = positions.index(value)
        near = positions[max(i - reach, 0) : i + reach + 1]
        return [each for each in near if each != value]

    def caption(self, value: float | None) -> str:
        """The number in as few digits as it takes, or "off"."""
        return "off" if value is None else f"{value:g}"

    def _options(self, positions: Sequence[float]) -> list[tuple[str, float]]:
        values = [None if each == OFF else each for each in positions]
        return list(zip(map(self.caption, values), positions, strict=True))


class Theta(Steps):
    """The radius of gradient clipping: the same slider in every panel that clips."""

    def __init__(self):
        super().__init__(
            "theta (clipping)", ONE_TWO_FIVE, default=1, off=True,
            hint="gradients longer than theta are cut to that length (梯度裁剪)",
        )  # fmt: skip


class Choice(Control[Value]):
    """One of a few values, {what the reader sees: value}."""

    def __init__(
        self, label: str, choices: Mapping[str, Value], default: Value, hint: str = ""
    ):
        super().__init__(label, default, hint)
        self.choices = choices

    def checked(self, value: Value) -> Value:
        """The value itself, not what the reader sees; ValueError for any other."""
        return checks.one_of(self.name, value, list(self.choices.values()))

    def widget(self) -> widgets.ToggleButtons:
        """A button for each value, side by side."""
        # Not a Dropdown: JupyterLab takes the keys that would open it for its own.
        look = self._look()
        look["style"] |= {"button_width": "auto"}
        return widgets.ToggleButtons(
            options=list(self.choices.items()), value=self.default, **look
        )

    def caption(self, value: Value) -> str:
        """What the reader sees in place of the value."""
        return next(shown for shown, each in self.choices.items() if each == value)


class Words(Control[str]):
    """A line of text, or with `rows` a box of several lines."""

    def __init__(
        self, label: str, default: str = "", hint: str = "", rows: int = 1,
        placeholder: str = "",
    ):  # fmt: skip
        super().__init__(label, default, hint)
        self.rows, self.placeholder = rows, placeholder

    def checked(self, value: str) -> str:
        """The string as it came; ValueError for what is no string."""
        if not isinstance(value, str):
            raise ValueError(f"{self.name} must be a string, got {value!r}")
        return value

    def widget(self) -> widgets.Text | widgets.Textarea:
        """A field that answers every letter, or a box that waits for the end."""
        look = {**self._look(), "placeholder": self.placeholder}
        if self.rows == 1:
            return widgets.Text(self.default, **look)
        # A long text counts when it is there, not letter by letter.
        return widgets.Textarea(
            self.default, rows=self.rows, continuous_update=False, **look
        )


def _real(
    name: str, value: float | None, low: float, high: float, otherwise: str = ""
) -> float:
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    if is_real and low <= value <= high:
        return float(value)
    raise ValueError(
        f"{name} must be a number from {low:g} to {high:g}{otherwise}, got {value!r}"
    )
