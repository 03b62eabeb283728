"""Training, live: move a slider, and watch the perplexity curve respond.

Each setting of the sliders is a run of `training.train`. A `training_job.Trainer` does
the work, and a `training_view.TrainingView` shows it; this module has the buttons and
the layout. The controls are in `training_controls`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType

import ipywidgets as widgets

from d2l_rnn import progress
from d2l_rnn.checks import items, string
from d2l_rnn.explorers import layout, panel, training_picture
from d2l_rnn.explorers.keeping import Keeping
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.live import APART
from d2l_rnn.explorers.saved import plain
from d2l_rnn.explorers.training_controls import WRITING
from d2l_rnn.explorers.training_job import Trainer
from d2l_rnn.explorers.training_runs import Plan, Run
from d2l_rnn.explorers.training_view import TrainingView
from d2l_rnn.explorers.training_words import as_html, labels, listed
from d2l_rnn.pictures import Picture
from d2l_rnn.pictures.drawable import mapping


class Training(Keeping):
    """A character RNN, trained while you watch, with all its settings on sliders.

    `show` names the controls that are always visible; the others are folded away.
    `tries` {label: {control: value}} are buttons that set some controls, such as
    {"too fast": {"lr": 10}}. `history` has the records of the run with the current
    setting. `save` and `open`, or their buttons, keep its model in a file.

    Raises ValueError as `Panel` does, if `show` is no list of names and `tries` no dict
    of dicts, and if a name in them is not a control, or a value in `tries` is not
    allowed.
    """

    def __init__(
        self,
        show: Iterable[str] = ("theta", "num_hiddens", "lr"),
        tries: Mapping[str, Mapping] | None = None,
        **values,
    ):
        self.show, self.tries = _names_in(show), _checked(tries)
        self._moved_last, self._draws, self._lesson = "theta", 0, {}
        self._goal = 0  # the epoch that `step` has asked for; 0: none
        super().__init__(**values)
        self._lesson = self.values

    @property
    def runs(self) -> Mapping[Plan, Run]:
        """All runs that have been shown, in order, and not been removed: to look at."""
        return MappingProxyType(self.trainer.known)

    @property
    def current(self) -> Run | None:
        """The run that is in view, to look at: its `copied` gives a model to change."""
        return self.trainer.current

    @property
    def history(self) -> progress.History:
        """The records of the run with the current plan so far, to keep or change."""
        run = self.runs.get(self.plan)
        return progress.History() if run is None else run.history.copy()

    @property
    def picture(self) -> Picture | None:
        """The curves that are shown, drawn by matplotlib; None if there are none."""
        if self.current is None or not self.current.history:
            return None
        picture = training_picture.draw(
            self.trainer.curves(), self.current, self.view.levels, self.num_epochs
        )
        picture.alt = plain(self._told())
        return picture

    def finished(
        self, check: Callable[[], None] = lambda: None
    ) -> tuple[bytes, str, str] | None:
        """The curves that are shown, in words as well, and what the models write."""
        if (picture := self.picture) is None:
            return None
        picture.check_while_drawn(check)
        return picture.png(), self._told(), as_html(self.view.texts)

    def summary(self) -> str:
        """The readout, the curves by name and by their last values, and the texts."""
        return self._told() + as_html(self.view.texts)

    def _told(self) -> str:
        curves = listed(self.trainer.curves())
        return f"<p>{self.view.readout}</p><p>Perplexity: {curves}.</p>"

    # What a reader does.

    def answer_to(self, *names: str) -> None:
        """Start a run of the new plan; if only text settings changed, write anew."""
        self.view.code = self._code()
        self._set_writing()
        if self._lesson and names and set(names) <= WRITING:
            return self.live.ask(self.trainer.write)
        self._moved_last = names[0] if names else self._moved_last
        plan = self.plan
        apart = 0 if self.trainer.has(plan, self.num_epochs) else APART
        return self._learn(plan, apart, by_hand=self.is_by_hand)

    def start(self) -> None:
        """Train the current plan from the beginning."""
        self._learn(self.plan, anew=True)

    def pause(self) -> None:
        """Pause the run after the current minibatch."""
        self._goal = 0
        self.live.pause()

    def resume(self) -> None:
        """Let a paused run continue."""
        self._goal = 0
        self.live.resume()

    def step(self) -> None:
        """Train the current run for one more epoch, then pause; five calls add five."""
        with self._lock:
            done, is_busy = len(self.history), self.live.is_busy
            goal = max(done, self._goal if is_busy else 0) + 1
            if is_busy and goal <= self.num_epochs:
                self._goal = goal
                self.live.step()
            else:  # no job goes so far: begin one that does
                self._learn(self.plan, steps=goal - done, goal=goal)

    def stop(self) -> None:
        """End the run; its curve stays."""
        super().stop()
        self.live.ask(self.trainer.show_current)

    def clear(self) -> None:
        """End the run and forget all curves but those that are pinned."""
        self.check_open()
        self.live.stop()
        self.live.forget_errors()
        self.view.refused = ""
        self.live.ask(self.trainer.forget)

    def reset(self) -> None:
        """Go back to the setting that the panel began with; the curves stay."""
        self.set(**self._lesson)

    def draw_again(self) -> None:
        """Let the model draw another text."""
        self.check_open()
        self._draws += 1
        self._set_writing()
        self.live.ask(self.trainer.write)

    def _learn(
        self, plan: Plan, apart: float = 0, steps: int | None = None, goal: int = 0,
        **how,
    ) -> None:  # fmt: skip
        self.check_open()
        self.view.refused, self._goal = "", goal
        num_epochs = max(self.num_epochs, goal)
        if self.is_watched:
            how["near"] = functools.partial(self.neighbours, plan, self._moved_last)
        learn = functools.partial(self.trainer.learn, plan, num_epochs, **how)
        self.live.start(learn, apart, steps)

    def _set_writing(self) -> None:
        self.trainer.write_with(self.prefix, self.temperature, self._draws)

    # The layout.

    def _view(self) -> TrainingView:
        return TrainingView()

    def _panel(self) -> widgets.Widget:
        self._check_names()
        label = functools.partial(labels, controls=self.controls, named=self.show)
        self.trainer = Trainer(self.view, self.live, label, self._keeping)
        below = [name for name in ("prefix", "temperature") if name not in self.show]
        folded = [
            widget
            for name, widget in self.widgets.items()
            if name not in (*self.show, *below)
        ]
        return layout.side_by_side(
            [
                layout.grid(self.widgets[name] for name in self.show),
                layout.folded("more settings", layout.grid(folded)),
                self._buttons(),
                self._tries(),
                layout.grid(self.widgets[name] for name in below),
                layout.row([_button("draw again", "another text", self.draw_again)]),
            ],
            [self.view],
        )

    def _buttons(self) -> widgets.Widget:
        self._pause = _button(
            "pause", "pause or resume this run", self._pause_or_resume
        )
        self._pause.layout.min_width = "6em"  # fits "resume": the others do not move
        self._stop = _button("stop", "end this run; its curve stays", self.stop)
        return layout.row(
            [
                _button("start", "train this setting from the beginning", self.start),
                self._pause,
                _button("one epoch", "train one more epoch, then pause", self.step),
                self._stop,
                _button("clear", "forget all curves that are not pinned", self.clear),
                _button("reset", "the lesson's setting again; curves stay", self.reset),
            ]
        )

    def _tries(self) -> widgets.Widget:
        buttons = [
            _button(label, _told(values), self.set, **values)
            for label, values in self.tries.items()
        ]
        return layout.row([widgets.Label("Try:"), *buttons] if buttons else [])

    def _check_names(self) -> None:
        for name in self.show:
            panel.known(name, self.controls, "show")
        for label, values in self.tries.items():
            where = f"tries[{label!r}]"
            for name, value in values.items():
                panel.known(name, self.controls, where)
                try:
                    self.controls[name].checked(value)
                except ValueError as error:
                    raise ValueError(f"{where}: {error}") from None

    def _code(self) -> str:
        """The code that makes a panel with this setting."""
        values = {
            name: value
            for name, value in self.values.items()
            if value != self.controls[name].default
        }
        arguments = {"show": [*self.show], **values}
        named = (f"{name}={value!r}" for name, value in arguments.items())
        return f"explorers.Training({', '.join(named)})"

    def _pause_or_resume(self) -> None:
        self.resume() if self.live.is_paused else self.pause()

    def _changed(self) -> None:
        self._pause.description = "resume" if self.live.is_paused else "pause"
        self._pause.disabled = self._stop.disabled = not self.live.is_busy
        self.view.is_running = self.live.is_busy and not self.live.is_paused
        if self.live.is_paused:  # in the panel's thread: this may be another
            self.live.ask(self.trainer.show_current)
        super()._changed()

    def _renew(self) -> None:
        # Drawing is slow: the trainer finds time for it, unless it was stopped.
        if not self.trainer.is_at_work:
            super()._renew()


def _names_in(show: Iterable[str]) -> tuple:
    if isinstance(show, str):
        raise ValueError(f"show must be a list of names of controls, got {show!r}")
    return tuple(items("show", show))


def _checked(tries: Mapping[str, Mapping] | None) -> dict[str, dict]:
    given = mapping("tries", tries, "{label: {control: value}}")
    of_each = {
        string("each label of tries", label): mapping(
            f"tries[{label!r}]", values, "{control: value}"
        )
        for label, values in given.items()
    }
    return {label: dict(values) for label, values in of_each.items()}


def _button(
    description: str, hint: str, act: Callable[..., None], **values
) -> widgets.Button:
    """A button that calls a method of the panel, which it does not hold."""
    return layout.button(description, hint, functools.partial(weakly(act), **values))


def _told(values: Mapping) -> str:
    return ", ".join(f"{name} = {value!r}" for name, value in values.items())
