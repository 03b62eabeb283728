"""The base of all panels: controls, their widgets, and what a notebook keeps of them.

A panel can be used by hand in JupyterLab, or from code anywhere:

    explorer = GradientFlow(num_steps=50)
    explorer.scale = 1.5
    explorer.wait(30)

It ends with its last name, or with `close`; one that a notebook shows, when its cell is
run again. So neither its widgets nor its thread may hold it: what they call is called
`weakly`.

`answering.Answering` is the base of those that answer each setting with one picture.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection

import ipywidgets as widgets

from d2l_rnn.explorers import shown
from d2l_rnn.explorers.declared import check_names, controls_of
from d2l_rnn.explorers.layout import grid, side_by_side
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.live import Live
from d2l_rnn.explorers.saved import saved
from d2l_rnn.explorers.subshells import answer_meanwhile
from d2l_rnn.explorers.view import View
from d2l_rnn.explorers.wording import brief, complaint

# Seconds that a cell waits for the picture of its panel, to be saved in the notebook.
TO_ANSWER = 30
SETTLED = 1.0  # seconds without a new setting, before that picture is drawn anew
VIEW = "application/vnd.jupyter.widget-view+json"


class Panel(ABC):
    """Controls, and a view of what they lead to.

    A subclass declares its controls, and starts its jobs in `answer_to`. Each control
    is an attribute, and an argument here. A value that is not allowed raises
    ValueError, and changes nothing. So does, where a subclass is declared, the name of
    a control that panels have already.
    """

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        check_names(cls)

    def __init__(self, **values):
        self.controls = controls_of(type(self))
        self.widgets = {name: each.widget() for name, each in self.controls.items()}
        self.view = self._view()
        self.live = Live(weakly(self._live_changed))
        self.is_watched = False  # True once a reader has moved something
        self.is_by_hand = False  # True while that move is answered
        self._lock, self._is_setting = threading.RLock(), False
        self._kept = self._kept_state = None  # what the notebook keeps
        self._keeping = weakly(self._keep)
        made = [*self.widgets.values(), self.view]
        self._end = weakref.finalize(self, _end, self.live, made)
        self._end.atexit = False  # then it is Jupyter's to close the widgets
        try:
            self.panel = self._panel()
            made.insert(0, self.panel)
            self._connect()
            self._is_made = True
            self.set(**values)
        except BaseException:
            self._end()
            raise

    @abstractmethod
    def answer_to(self, *names: str) -> None:
        """Start the work that follows from a change of these controls.

        It is called under a lock, so `self.values` all belong to one setting.
        """

    @abstractmethod
    def finished(
        self, check: Callable[[], None] = lambda: None
    ) -> tuple[bytes, str] | tuple[bytes, str, str] | None:
        """What a notebook keeps: a PNG of the present state, and HTML below it.

        The HTML describes the PNG; HTML about anything else may be a third item. None
        as long as there is nothing to show. `check` is called now and then during the
        drawing, and may end it by raising an exception.
        """

    def set(self, **values) -> None:
        """Set several controls at once.

        Raises ValueError for a name that is not a control, or an invalid value, and if
        the panel is closed; nothing is changed then. An error of the reader's own that
        observes a widget is raised once the panel is at work.
        """
        self.check_open()
        for name in values:
            known(name, self.controls)
        checked = {
            name: self.controls[name].checked(value) for name, value in values.items()
        }
        with self._lock:
            self.check_together(checked, {**self.values, **checked})
            with contextlib.ExitStack() as do:  # all, even if an observer's error comes
                do.callback(self.answer_to, *checked)
                do.callback(setattr, self, "_is_setting", False)
                self._is_setting = True
                # The first is done last: a control may set a later one's range.
                for name in filter(checked.__contains__, reversed(self.controls)):
                    show, widget = self.controls[name].show, self.widgets[name]
                    do.callback(show, widget, checked[name])

    def check_together(self, given: dict, values: dict) -> None:  # noqa: B027
        """Raise ValueError if the given values are incompatible with the others.

        `values` are the resulting values of all controls.
        """

    @property
    def values(self) -> dict:
        """The values of all controls."""
        return {name: getattr(self, name) for name in self.controls}

    def wait(self, seconds: float = TO_ANSWER) -> bool:
        """Wait until what is shown matches the controls; False if that takes too long.

        Raises ValueError if their setting is invalid, or if `seconds` are no time, and
        RuntimeError if no thread could be started for the work.
        """
        return self.live.wait(seconds)

    def stop(self) -> None:
        """End what the panel is doing; a reader who leaves it does so, too."""
        self.live.stop()

    def close(self) -> None:
        """End the panel: its thread, and its widgets in the browser.

        What it has computed can still be read, but no control can be set.
        """
        with self._lock:
            if self._end.alive:
                self.stop()
            self._end()
        self.live.end()
        shown.let_go(self)

    @property
    def is_closed(self) -> bool:
        """True once the panel has been closed."""
        return not self._end.alive

    def check_open(self) -> None:
        """Raise ValueError if the panel is closed."""
        if self.is_closed:
            name = type(self).__name__
            raise ValueError(f"this {name} is closed: make a new one, {name}()")

    def __setattr__(self, name: str, value) -> None:
        # Without this check, a misspelt control would be ignored silently.
        if "_is_made" in self.__dict__ and not hasattr(self, name):
            known(name, self.controls)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        values = ", ".join(
            f"{name}={brief(value)}" for name, value in self.values.items()
        )
        return f"{type(self).__name__}({values})"

    def __reduce__(self):
        raise TypeError(f"a panel cannot be copied: make another one, {self!r}")

    def _ipython_display_(self) -> None:
        """Show the panel; keep its picture and words for readers without a kernel."""
        from IPython.display import display

        self.check_open()
        shown.hold(self)
        view = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        display({VIEW: view, "text/plain": ""}, raw=True)
        with contextlib.suppress(ValueError):  # the panel shows it
            self.wait()
        if (kept := self._to_keep()) is not None:
            data, metadata = kept
            self._kept = display(data, metadata=metadata, raw=True, display_id=True)

    def summary(self) -> str:
        """What the picture shows, as HTML."""
        return self.view.readout

    def _keep(self) -> None:
        """Replace what the notebook keeps by the present picture and words.

        Runs in the panel's thread once the slider rests; a new setting interrupts it.
        """
        if not self._is_stale():
            return
        self.live.rest(SETTLED)
        if self._is_stale() and (kept := self._to_keep(self.live.check)) is not None:
            data, metadata = kept
            self._kept.update(data, metadata=metadata, raw=True)

    def _is_stale(self) -> bool:
        """True if the notebook keeps anything other than what is shown."""
        return self._kept is not None and self._kept_state != self._state()

    def _state(self) -> tuple:
        return repr(self), self.summary(), self._is_plain

    def _to_keep(
        self, check: Callable[[], None] = lambda: None
    ) -> tuple[dict, dict] | None:
        state, done = self._state(), self.finished(check)
        self._kept_state = state
        if done is None:  # nothing to show: leave what the notebook has
            return None
        return saved(repr(self), *done, is_plain=self._is_plain)

    @property
    def _is_plain(self) -> bool:
        """True if a reader moves the controls of a view that no browser has drawn."""
        return self.is_watched and not self.view.was_seen

    def _view(self) -> View:
        return View()

    def _panel(self) -> widgets.Widget:
        """The layout of the widgets."""
        return side_by_side([grid(self.widgets.values())], [self.view])

    def _connect(self) -> None:
        """Answer to the widgets."""
        self.panel.add_class("d2l-rnn-explorer")
        moved = weakly(self._moved)
        for name, widget in self.widgets.items():
            widget.observe(lambda _, name=name: moved(name), "value")
        self.view.on("left", weakly(self.stop))
        answer_meanwhile(self.panel)

    def _moved(self, name: str) -> None:
        with self._lock:
            if not (self._is_setting or self.is_closed):
                self.is_watched = self.is_by_hand = True
                try:
                    self.answer_to(name)
                finally:
                    self.is_by_hand = False

    def _live_changed(self) -> None:
        try:
            self._changed()
        except Exception as error:
            self.view.readout = complaint(error)
            raise

    def _changed(self) -> None:
        """Called when the live job has paused, resumed or ended."""
        if self.live.error is not None:
            self.view.readout = complaint(self.live.error)
        elif not self.live.is_busy and self._is_stale():
            self._renew()

    def _renew(self) -> None:
        """Renew what the notebook keeps, once there is nothing else to do."""
        self.live.ask(self._keeping, extra=True)


def _end(live: Live, made: list[widgets.Widget]) -> None:
    """End the thread of a panel, and close its widgets."""
    live.end(0)  # without waiting: this may be any thread
    for widget in made:
        for each in _all_in(widget):
            each.close()


def _all_in(widget: widgets.Widget) -> list[widgets.Widget]:
    """The widget, and all that are inside it or say how it looks."""
    looks = (getattr(widget, name, None) for name in ("layout", "style"))
    children = getattr(widget, "children", ())
    return [
        widget,
        *(each for each in looks if isinstance(each, widgets.Widget)),
        *(each for child in children for each in _all_in(child)),
    ]


def known(name: str, controls: Collection[str], where: str = "") -> None:
    """Raise ValueError for a name that is not a control; `where` says who named it."""
    if name not in controls:
        names, prefix = ", ".join(controls), f"{where}: " if where else ""
        raise ValueError(
            f"{prefix}there is no control {name!r}; the controls are {names}"
        )
