"""Training, live: move a slider, and watch the perplexity curve respond.

Each setting of the sliders is a run of `training.train`. Runs are kept with their
models, so that an earlier setting is shown again at once; while the reader thinks, the
settings next to the last one are trained ahead, all in one `sweeping.sweep`.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

import ipywidgets as widgets

from d2l_rnn import training
from d2l_rnn.explorers import panel
from d2l_rnn.explorers.controls import (
    ONE_TWO_FIVE,
    Choice,
    Real,
    Steps,
    Theta,
    Whole,
    Words,
)
from d2l_rnn.explorers.live import APART, Stopped, Turn
from d2l_rnn.explorers.text_controls import OwnText, TextChoice
from d2l_rnn.explorers.training_display import Display, labelled
from d2l_rnn.explorers.training_picture import Curve
from d2l_rnn.explorers.training_runs import Plan, Run, Runs, load, train_side_by_side

# Seconds between two pictures, two lines of numbers, two texts by the model.
FRAME, LINE, WRITE = 1 / 14, 0.2, 1.0
AHEAD = 5.0  # seconds: the neighbours of a run that takes longer are not trained ahead
# The controls whose neighbours are trained: all their values suit any text.
TRAINED_AHEAD = ("theta", "lr", "seed", "num_hiddens")


class Training(panel.Explorer):
    """A character RNN, trained while you watch, with all its settings on sliders.

    `show` names the controls that are always visible; the others are folded away.
    `history` has the records of the run with the current setting.

    Raises ValueError as `Explorer` does, and if a name in `show` is not a control.
    """

    theta = Theta()
    num_hiddens = Steps(
        "hidden units H", (8, 16, 32, 64, 128, 256, 512), default=64, whole=True,
        hint="the size of the hidden state (隐状态)",
    )  # fmt: skip
    lr = Steps(
        "learning rate", ONE_TWO_FIVE, default=1,
        hint="how far a step goes against the gradient (学习率)",
    )  # fmt: skip
    num_steps = Whole("time steps T", 2, 100, 35, hint="characters of a subsequence")
    batch_size = Whole("batch size", 1, 128, 32, hint="subsequences of a minibatch")
    num_epochs = Whole("epochs", 1, 500, 100, hint="times that the text is read")
    seed = Whole("seed", 0, 99, 0, hint="of the initial parameters and minibatches")
    sampling = Choice(
        "minibatches",
        {"sequential": "sequential", "random": "random"},
        default="sequential",
        hint="how the text is cut into minibatches (顺序划分, 随机抽样)",
    )
    cell = Choice(
        "cell",
        {"scratch RNN": "scratch", "nn.RNN": "rnn", "GRU": "gru", "LSTM": "lstm"},
        default="scratch", hint="what computes the next hidden state",
    )  # fmt: skip
    text = TextChoice("its first 10,000 characters are learned")
    own_text = OwnText("paste 2,000 characters or more")
    prefix = Words("begins with", "time traveller", hint="what the model reads first")
    temperature = Real(
        "temperature", 0.1, 3, 0.7, 0.1,
        hint="near 0 the most probable is drawn, above 1 the odds even out",
    )  # fmt: skip

    def __init__(self, show: Iterable[str] = ("theta", "num_hiddens", "lr"), **values):
        self.show = tuple(show)
        self.runs = Runs()
        self.current: Run | None = None  # the one that is shown
        self._moved_last = "theta"
        super().__init__(**values)

    @property
    def plan(self) -> Plan:
        """The plan of the run that the sliders describe."""
        return Plan.of(self.values)

    @property
    def history(self) -> training.History:
        """The records of the run with the current plan; empty if there is none."""
        run = self.runs.get(self.plan)
        return training.History() if run is None else run.history

    def curves(self) -> list[Curve]:
        """The curves of all runs shown so far, labelled by how they differ."""
        return labelled(self.runs, self.controls, named=self.show)

    # Actions of the reader.

    def answer_to(self, *names: str) -> None:
        """Start a run of the new plan; if only text settings changed, write anew."""
        if names and set(names) <= {"prefix", "temperature"}:
            return self.live.ask(self._show_writing)
        self._moved_last = names[0] if names else self._moved_last
        return self.live.start(functools.partial(self._learn, self.plan), APART)

    def start(self, steps: int | None = None) -> None:
        """Train the current plan from the beginning; pause after `steps` epochs."""
        learn = functools.partial(self._learn, self.plan, anew=True)
        self.live.start(learn, steps=steps)

    def pause(self) -> None:
        """Pause the run after the current minibatch."""
        self.live.pause()

    def resume(self) -> None:
        """Let a paused run continue."""
        self.live.resume()

    def step(self) -> None:
        """Train the current run, or else a new one, for one epoch, then pause."""
        if self.live.is_busy:
            self.live.step()
        else:
            self.start(steps=1)

    def stop(self) -> None:
        """End the run; its curve stays."""
        self.live.stop()

    def clear(self) -> None:
        """End the run and forget all curves."""
        self.live.stop()
        self.live.ask(self._forget)

    # Work of the thread.

    def _learn(self, plan: Plan, anew: bool = False) -> None:
        """Show the run of this plan: the kept one if it is complete, else a new one."""
        run = self.runs.find(plan)
        is_new = anew or run is None or not run.is_complete
        if is_new:
            run = Run(plan, load(plan.text, plan.own_text))
            records = run.begin(self.live.check)
        self.runs.show(run)
        self.current = run
        self.display.epochs.max = plan.num_epochs
        self._changed()
        if is_new:
            self._train(run, records)
        self._show_all()
        self._show_writing()
        self.live.settle()
        self._changed()
        self._train_ahead(run)

    def _train(self, run: Run, records: Iterable[training.Progress]) -> None:
        started = time.perf_counter()
        try:
            for record in records:
                run.history.append(record)
                self._show_in_time()
                self.live.stepped()
                if self.live.is_paused:  # after one step: show its result
                    self.display.show_frame()
                    self._show_numbers()
        except Stopped:
            if not self.live.is_busy:  # no other run replaces it
                self._show_all()
            raise
        run.seconds = time.perf_counter() - started

    def _show_in_time(self) -> None:
        """After an epoch, update at most one part of the display, if one is due."""
        if len(self.current.history) == 1:
            self._show_all()
            for turn in self._turns:
                turn.begin()
        else:
            any(turn.take() for turn in self._turns)

    def _show_all(self) -> None:
        """Show the current run, over all earlier ones."""
        self.display.show(self.current, self.curves())
        self.picture = self.display.picture

    def _show_numbers(self) -> None:
        self.display.show_numbers(self.current)

    def _show_writing(self) -> None:
        if self.current is not None:
            self.display.show_writing(self.current, self.prefix, self.temperature)

    def _forget(self) -> None:
        """Delete all runs, and show empty axes."""
        self.runs.forget()
        self.current = None
        self.display.clear(self.num_epochs)
        self.picture = self.display.picture
        raise Stopped  # the current run is forgotten as well

    def _train_ahead(self, run: Run) -> None:
        """Train the neighbouring plans while the reader looks at this run."""
        is_scratch = run.plan.setting.cell == "scratch"
        if not self.is_watched or not is_scratch or run.seconds > AHEAD:
            return
        near = [
            Run(plan, run.text, seconds=run.seconds)
            for plan in self._neighbours(run.plan)
            if self.runs.find(plan) is None
        ]
        if near:
            train_side_by_side(near, self.live.check)
            self.runs.ahead.update({each.plan: each for each in near})

    def _neighbours(self, plan: Plan) -> list[Plan]:
        name = self._moved_last if self._moved_last in TRAINED_AHEAD else "theta"
        now = getattr(plan.setting, name)
        return [
            replace(plan, setting=replace(plan.setting, **{name: value}))
            for value in self.controls[name].neighbours(now, reach=2)
        ]

    # The layout.

    def _panel(self) -> widgets.Widget:
        for name in self.show:
            panel.known(name, self.controls)
        below = [name for name in ("prefix", "temperature") if name not in self.show]
        folded = [
            widget
            for name, widget in self.widgets.items()
            if name not in (*self.show, *below)
        ]
        self.display = Display(self.image, self.readout)
        self._turns = (
            Turn(self.display.show_frame, FRAME, 15),
            Turn(self._show_numbers, LINE, 100),
            Turn(self._show_writing, WRITE, 100),
        )
        return widgets.VBox(
            [
                panel.side_by_side(
                    [
                        panel.grid(self.widgets[name] for name in self.show),
                        panel.folded("more settings", panel.grid(folded)),
                        self._buttons(),
                        self.display.epochs,
                    ],
                    [self.image],
                ),
                self.readout,
                panel.grid(self.widgets[name] for name in below),
                self.display.writing,
            ]
        )

    def _buttons(self) -> widgets.Widget:
        def button(
            description: str, hint: str, act: Callable[[], None]
        ) -> widgets.Button:
            made = widgets.Button(
                description=description, tooltip=hint, layout={"width": "auto"}
            )
            made.on_click(lambda _: act())
            return made

        self._pause = button("pause", "wait, or go on", self._pause_or_resume)
        self._stop = button("stop", "end this run; its curve stays", self.stop)
        return widgets.HBox(
            [
                button("start", "train this setting from the beginning", self.start),
                self._pause,
                button("one epoch", "train for one epoch, then wait", self.step),
                self._stop,
                button("clear", "end this run and forget all curves", self.clear),
            ],
            layout={"flex_flow": "row wrap"},
        )

    def _pause_or_resume(self) -> None:
        self.resume() if self.live.is_paused else self.pause()

    def _changed(self) -> None:
        self._pause.description = "resume" if self.live.is_paused else "pause"
        self._pause.disabled = self._stop.disabled = not self.live.is_busy
        super()._changed()
