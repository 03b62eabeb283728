"""The base of all panels: sliders, and a picture that responds to them.

A panel can be used by hand in JupyterLab, or from code anywhere:

    explorer = GradientFlow(num_steps=50)
    explorer.scale = 1.5
    explorer.wait(30)
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Collection, Iterable, Sequence

import ipywidgets as widgets

from d2l_rnn.explorers.controls import Control
from d2l_rnn.explorers.live import Live
from d2l_rnn.explorers.wording import complaint
from d2l_rnn.pictures import Picture

# Seconds that a cell waits for the picture of its panel, to be saved in the notebook.
PATIENCE = 30
# Next to a live panel, the saved picture below it would only repeat it: hide it.
STYLE = """<style>
.jp-OutputArea-child:has(.d2l-rnn-explorer) ~ .jp-OutputArea-child { display: none; }
.d2l-rnn-explorer .widget-image { max-width: 100%; height: auto; align-self: start; }
.d2l-rnn-explorer .widget-html-content { line-height: 1.35; }
.d2l-rnn-explorer .widget-toggle-buttons {
    grid-column: 1 / -1; display: flex; align-items: baseline; margin: 2px;
}
.d2l-rnn-explorer .widget-textarea { grid-column: 1 / -1; }
.d2l-rnn-explorer .widget-toggle-buttons > .widget-label {
    flex-shrink: 0; text-align: right; margin-right: 8px;
}
</style>"""
VIEW = "application/vnd.jupyter.widget-view+json"


class Explorer:
    """Sliders, and a picture that is redrawn when one of them moves.

    A subclass declares its controls, and computes the picture for them in `answer`; or,
    if it runs jobs of its own as `Training` does, starts them in `answer_to`.
    Each control is an attribute, and an argument here. A value that is not allowed
    raises ValueError, and changes nothing.
    """

    def __init__(self, **values):
        self.controls = {
            name: control
            for parent in reversed(type(self).__mro__)
            for name, control in vars(parent).items()
            if isinstance(control, Control)
        }
        self.widgets = {name: each.widget() for name, each in self.controls.items()}
        self.image = widgets.Image(format="png")
        self.readout = widgets.HTML()
        self.live = Live(self._changed)
        self.picture: Picture | None = None
        self.is_watched = False  # True once a reader has moved something
        self._lock, self._is_setting, self._kept = threading.RLock(), False, None
        self.panel = widgets.VBox([widgets.HTML(STYLE), self._panel()])
        self.panel.add_class("d2l-rnn-explorer")
        for name, widget in self.widgets.items():
            widget.observe(lambda _, name=name: self._moved(name), "value")
        answer_meanwhile(self.panel)
        self._is_made = True
        self.set(**values)

    def answer(self, **values) -> tuple[Picture, str]:
        """The picture for these values of the controls, and a line of HTML below it.

        It is called in the explorer's thread. If it raises a ValueError, the reader
        sees the message.
        """
        raise NotImplementedError

    def set(self, **values) -> None:
        """Set several controls at once.

        Raises ValueError for a name that is not a control, or an invalid value.
        """
        for name in values:
            known(name, self.controls)
        checked = {
            name: self.controls[name].checked(value) for name, value in values.items()
        }
        self.check_together(checked, {**self.values, **checked})
        with self._lock:
            self._is_setting = True
            try:  # in this order: a control may say how far a later one goes
                for name in filter(checked.__contains__, self.controls):
                    self.controls[name].show(self.widgets[name], checked[name])
            finally:
                self._is_setting = False
            self.answer_to(*checked)

    def check_together(self, given: dict, values: dict) -> None:
        """Raise ValueError if the given values are incompatible with the others.

        `values` are the resulting values of all controls.
        """

    @property
    def values(self) -> dict:
        """The values of all controls."""
        return {name: getattr(self, name) for name in self.controls}

    def wait(self, seconds: float = PATIENCE) -> bool:
        """Wait until the picture matches the controls; False if that takes too long.

        Raises ValueError if their setting is invalid.
        """
        return self.live.wait(seconds)

    def answer_to(self, *names: str) -> None:
        """Start redrawing the picture, because these controls have changed."""
        self.live.start(lambda: self._draw(self.values))

    def __setattr__(self, name: str, value) -> None:
        # Without this check, a misspelt control would be ignored silently.
        if "_is_made" in self.__dict__ and not hasattr(self, name):
            known(name, self.controls)
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        values = ", ".join(
            f"{name}={_brief(value)}" for name, value in self.values.items()
        )
        return f"{type(self).__name__}({values})"

    def _ipython_display_(self) -> None:
        """Show the panel; save its picture and state for readers without a kernel."""
        from IPython.display import display

        view = {"version_major": 2, "version_minor": 0, "model_id": self.panel.model_id}
        display({VIEW: view, "text/plain": ""}, raw=True)
        with contextlib.suppress(ValueError):  # the panel shows it
            self.wait()
        if self.picture is not None:
            self._kept = (
                display(self.picture, display_id=True),
                display(self._state(), raw=True, display_id=True),
            )

    def _state(self) -> dict:
        return {"text/plain": f"{self!r}\nRun this cell to move the sliders."}

    def _keep(self) -> None:
        """Replace the saved picture and state by the current ones."""
        if self._kept and self.picture:
            picture, state = self._kept
            picture.update(self.picture)
            state.update(self._state(), raw=True)

    def _panel(self) -> widgets.Widget:
        """The layout of the widgets."""
        controls = grid(self.widgets.values())
        return widgets.VBox([side_by_side([controls], [self.image]), self.readout])

    def _moved(self, name: str) -> None:
        with self._lock:
            if not self._is_setting:
                self.is_watched = True
                self.answer_to(name)

    def _draw(self, values: dict) -> None:
        picture, words = self.answer(**values)
        self.live.check()
        self.picture, self.image.value = picture, picture.png()
        self.readout.value = words

    def _changed(self) -> None:
        """Called when the live job has paused, resumed or ended."""
        if self.live.error is not None:
            self.readout.value = complaint(self.live.error)
        elif not self.live.is_busy:
            self._keep()


def answer_meanwhile(widget: widgets.Widget) -> None:
    """Let a widget, and all its children, respond while a cell runs.

    JupyterLab asks for that by sending their messages to a subshell of the kernel. But
    ipykernel 7.4 routes a message to the shell that last sent one in the other
    direction, which is the cell's if code has moved a slider. This makes it use the
    subshell that was asked for.
    """
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = lambda data, asked_for: asked_for
    for child in getattr(widget, "children", ()):
        answer_meanwhile(child)


def grid(controls: Iterable[widgets.Widget]) -> widgets.Widget:
    """Controls in as many columns as fit."""
    layout = {"grid_template_columns": "repeat(auto-fit, minmax(290px, 1fr))"}
    return widgets.GridBox(list(controls), layout=layout)


def folded(description: str, inside: widgets.Widget) -> widgets.Widget:
    """A button that unfolds a widget (an Accordion cannot be reached by keyboard)."""
    button = widgets.ToggleButton(
        description=description, tooltip="show or hide", layout={"width": "auto"}
    )

    def unfold(_=None):
        inside.layout.display = "" if button.value else "none"

    unfold()
    button.observe(unfold, "value")
    return widgets.VBox([button, inside])


def side_by_side(
    controls: Sequence[widgets.Widget], picture: Sequence[widgets.Widget]
) -> widgets.Widget:
    """Controls to the left of a picture, or above it where there is no room."""
    return widgets.HBox(
        [
            widgets.VBox(controls, layout={"flex": "1 1 300px", "max_width": "640px"}),
            widgets.VBox(picture, layout={"flex": "0 1 640px"}),
        ],
        layout={"flex_flow": "row wrap"},
    )


def _brief(value) -> str:
    """The repr of a value, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}...'"


def known(name: str, controls: Collection[str]) -> None:
    """Raise ValueError for a name that is not a control."""
    if name not in controls:
        names = ", ".join(controls)
        raise ValueError(f"there is no control {name!r}; the controls are {names}")
