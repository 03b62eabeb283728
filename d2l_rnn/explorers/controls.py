"""The controls of a panel: the label, default and range of each slider.

A control is declared in the class of a panel, `theta = Steps("theta", …)`. It is then
both an attribute that can be read and set, and a widget that shows and changes it.
"""

from __future__ import annotations

import bisect
import math
import numbers
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Generic, TypeVar

import ipywidgets as widgets
import numpy as np

from d2l_rnn import checks

LABEL_WIDTH = "9.5em"
OFF = math.inf  # the position of "off": to a widget, None means no selection
ONE_TWO_FIVE = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)

Value = TypeVar("Value")  # what a control holds


class Control(ABC, Generic[Value]):
    """One setting of an explorer, with the `label` that stands before its slider.

    `hint` is its tooltip. Subclasses decide which values are allowed, and create the
    widget. They raise ValueError for a range or a default that cannot be.
    """

    def __init__(self, label: str, default: Value, hint: str = ""):
        self.label = checks.string("label of a control", label)
        self.hint = checks.string(self._called("hint"), hint or "")
        self.default = default
        self.name = self._called("default")  # in errors, until it is declared

    def _called(self, part: str) -> str:
        """A part of the control, in an error."""
        return f"{part} of the control {self.label!r}"

    def __set_name__(self, owner, name: str) -> None:
        self.name = name

    def __get__(self, explorer, owner=None):
        return self if explorer is None else self.read(explorer.widgets[self.name])

    def __set__(self, explorer, value) -> None:
        explorer.set(**{self.name: value})

    @abstractmethod
    def checked(self, value: Value) -> Value:
        """The value in the type that is stored; ValueError if it is not allowed."""

    @abstractmethod
    def widget(self) -> widgets.Widget:
        """A new widget that shows the default value."""

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
        self.low = checks.integer(self._called("low"), low, -sys.maxsize)
        self.high = checks.integer(self._called("high"), high, low, why=f"low is {low}")
        Whole.checked(self, default)  # not a subclass's, which may not be ready

    def checked(self, value: int) -> int:
        """An integer of any type as an int; ValueError outside the range."""
        return checks.integer(self.name, value, self.low, self.high)

    def widget(self) -> widgets.IntSlider:
        """A slider over all integers of the range."""
        return widgets.IntSlider(self.default, self.low, self.high, **self._look())

    def neighbours(self, value: int, reach: int) -> list[int]:
        """The integers at most `reach` below or above this one."""
        near = range(max(self.low, value - reach), min(self.high, value + reach) + 1)
        return [each for each in near if each != value]


class Real(Control[float]):
    """A number from `low` to `high`; only the slider is restricted to `step`s."""

    def __init__(self, label: str, low: float, high: float, default: float, step: float,
                 hint: str = ""):  # fmt: skip
        super().__init__(label, default, hint)
        self.low, self.high, self.step = (
            checks.finite(self._called(name), value)
            for name, value in {"low": low, "high": high, "step": step}.items()
        )
        if self.low > self.high:
            raise ValueError(
                f"{self._called('high')} must be at least its low, {self.low:g}, "
                f"got {self.high:g}"
            )
        checks.positive(self._called("step"), self.step)
        Real.checked(self, default)

    def checked(self, value: float) -> float:
        """A number of any type as a float; ValueError outside the range."""
        return _real(self.name, value, self.low, self.high)

    def widget(self) -> widgets.FloatSlider:
        """A slider that shows as many decimals as `step` has."""
        digits = max(0, -math.floor(math.log10(self.step)))
        return widgets.FloatSlider(
            self.default, min=self.low, max=self.high, step=self.step,
            readout_format=f".{digits}f", **self._look(),
        )  # fmt: skip


class Steps(Control[float | None]):
    """A number whose slider has the positions `values`, such as 0.1, 0.2, 0.5, 1, 2, 5.

    Code may set any number between the first and the last; the slider gets a position
    for it. With `off`, the slider has a last position for None, shown as "off". `whole`
    allows only integers.
    """

    def __init__(
        self, label: str, values: Sequence[float], default: float | None,
        hint: str = "", off: bool = False, whole: bool = False,
    ):  # fmt: skip
        super().__init__(label, default, hint)
        self.values = tuple(checks.listed(self._called("values"), values))
        self.off = checks.truth(self._called("off"), off)
        self.whole = checks.truth(self._called("whole"), whole)
        self._check_values()
        Steps.checked(self, default)

    def _check_values(self) -> None:
        found = checks.array(self._called("values"), self.values)
        is_row = found.ndim == 1 and len(found) and np.isfinite(found).all()
        are_of_kind = is_row and not (self.whole and (found % 1).any())
        if not are_of_kind or (np.diff(found) <= 0).any():
            kind = "integers" if self.whole else "finite numbers"
            raise ValueError(
                f"{self._called('values')} must be {kind} that rise, at least one, got "
                f"{checks.shown(self.values)}"
            )

    def checked(self, value: float | None) -> float | None:
        """A number in the range, or None for off; else ValueError."""
        low, high = self.values[0], self.values[-1]
        if value is None and self.off:
            return None
        if self.whole:
            return checks.integer(self.name, value, low, high)
        return _real(self.name, value, low, high, " or None (off)" if self.off else "")

    def widget(self) -> widgets.SelectionSlider:
        """A slider with a position for each value."""
        options = self._options([*self.values, *([OFF] if self.off else [])])
        slider = widgets.SelectionSlider(options=options, **self._look())
        self.show(slider, self.default)
        return slider

    def show(self, widget: widgets.SelectionSlider, value: float | None) -> None:
        """Move the slider; a value between two positions gets its own."""
        value = OFF if value is None else value
        positions = [each for _, each in widget.options]
        if value not in positions:
            bisect.insort(positions, value)
            try:
                widget.options = self._options(positions)
            finally:  # a reader may observe it, and raise an error
                widget.value = value
        widget.value = value

    def read(self, widget: widgets.SelectionSlider) -> float | None:
        """The value that the slider shows, None for "off"."""
        return None if widget.value == OFF else widget.value

    def neighbours(self, value: float | None, reach: int) -> list[float | None]:
        """The values of the positions at most `reach` before or after this one."""
        positions = [*self.values, *([None] if self.off else [])]
        if value not in positions:
            bisect.insort(positions, value, hi=len(self.values))
        i = positions.index(value)
        near = positions[max(i - reach, 0) : i + reach + 1]
        return [each for each in near if each != value]

    def caption(self, value: float | None) -> str:
        """The number in its shortest form, or "off"."""
        return "off" if value is None else f"{value:g}"

    def _options(self, positions: Sequence[float]) -> list[tuple[str, float]]:
        values = [None if each == OFF else each for each in positions]
        return list(zip(map(self.caption, values), positions, strict=True))


class Theta(Steps):
    """The radius of gradient clipping: the same slider in every panel that clips."""

    def __init__(self, default: float | None = 1):
        super().__init__(
            "theta (clipping)", ONE_TWO_FIVE, default=default, off=True,
            hint="gradients longer than theta are cut to that length (梯度裁剪)",
        )  # fmt: skip


class Choice(Control[Value]):
    """One of a few values: `choices` are {label: value}."""

    def __init__(
        self, label: str, choices: Mapping[str, Value], default: Value, hint: str = ""
    ):
        super().__init__(label, default, hint)
        checks.of_type(Mapping, **{self._called("choices"): choices})
        if not choices:
            raise ValueError(f"{self._called('choices')} must have at least one")
        self.choices = choices
        Choice.checked(self, default)

    def checked(self, value: Value) -> Value:
        """The value, which is not its label; ValueError for any other."""
        return checks.one_of(self.name, value, list(self.choices.values()))

    def widget(self) -> widgets.ToggleButtons:
        """A button for each value, side by side."""
        # Not a Dropdown: JupyterLab intercepts the keys that would open it.
        look = self._look()
        look["style"] |= {"button_width": "auto"}
        return widgets.ToggleButtons(
            options=list(self.choices.items()), value=self.default, **look
        )

    def caption(self, value: Value) -> str:
        """The label of the value."""
        return next(shown for shown, each in self.choices.items() if each == value)


class Words(Control[str]):
    """A line of text, or with `rows` a box of several lines."""

    def __init__(
        self, label: str, default: str = "", hint: str = "", rows: int = 1,
        placeholder: str = "",
    ):  # fmt: skip
        super().__init__(label, default, hint)
        self.rows = checks.integer(self._called("rows"), rows, 1)
        self.placeholder = checks.string(self._called("placeholder"), placeholder)
        Words.checked(self, default)

    def checked(self, value: str) -> str:
        """The string unchanged; ValueError for anything else."""
        return checks.string(self.name, value)

    def widget(self) -> widgets.Text | widgets.Textarea:
        """A field that responds to every letter, or a box that waits for the end."""
        look = {**self._look(), "placeholder": self.placeholder}
        if self.rows == 1:
            return widgets.Text(self.default, **look)
        # A long text is read when it is complete, not letter by letter.
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
        f"{name} must be a number from {low:g} to {high:g}{otherwise}, "
        f"got {checks.shown(value)}"
    )
