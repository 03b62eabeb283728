"""The work behind the training panel: from a plan to a curve, in the panel's thread.

Runs are kept with their models, so that an earlier setting is shown again at once, and
goes on where it was. While the reader thinks, the settings next to the last one are
trained ahead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from d2l_rnn.explorers import model_files
from d2l_rnn.explorers.live import Live, Stopped
from d2l_rnn.explorers.training_runs import Plan, Run, Runs, train_side_by_side
from d2l_rnn.explorers.training_view import TrainingView
from d2l_rnn.explorers.training_words import describe, trouble, writing
from d2l_rnn.explorers.turns import Turn

# Seconds between two pictures, and two texts by the model.
FRAME, WRITE = 1 / 50, 0.3
SOON = 0.04  # seconds: a first epoch that takes no longer is shown with its run
GLANCE = 0.02  # seconds for the curve to leave the kernel, before a text is written
AHEAD = 12.0  # seconds after a run in which its neighbours are trained
FARTHEST = 14  # positions on the slider to the last of them: all values of theta
BRIEF = 0.7  # seconds: a run that a hand leaves so soon was only passed over
OTHERS = 2  # pinned runs whose texts stand beside that of the current one


class Trainer:
    """Trains and shows one run at a time; its methods are jobs of a `Live` thread.

    `label` gives each of several plans its label. `keep` renews what the notebook
    keeps, once the panel has been idle for a while; it is slow.
    """

    def __init__(
        self,
        view: TrainingView,
        live: Live,
        label: Callable[[Sequence[Plan]], list[str]],
        keep: Callable[[], None],
    ):
        self.view, self.live, self.label, self.keep = view, live, label, keep
        self.runs = Runs()
        self.arrived: list[Run] = []  # from files, and not yet among the runs
        self.current: Run | None = None  # the one that is in view
        self.num_epochs = 1  # that it is to have
        self.is_at_work = False
        self._write_with: tuple[str, float, int] = ("", 1.0, 0)
        self._began_at, self._was_by_hand, self._is_new = 0.0, False, False
        self._waited = 0.0  # seconds of the current run in which it was paused
        self._turns = (Turn(self._show_epoch, FRAME, 15), Turn(self.write, WRITE, 20))
        view.on("remove", lambda id: live.ask(lambda: self._remove(id)))
        view.observe(lambda _: live.ask(self.write), "pinned")
        view.observe(lambda _: self._take_up(), ["hidden", "pinned"])
        view.observe(
            lambda _: self.is_at_work or live.ask(self.keep, extra=True), "hidden"
        )

    def has(self, plan: Plan, num_epochs: int) -> bool:
        """True if a plan needs no more training up to this epoch."""
        run = self.known.get(plan) or self.runs.find(plan)
        return run is not None and run.is_done(num_epochs)

    @property
    def known(self) -> dict[Plan, Run]:
        """All runs, in order, with those that have just arrived from files."""
        return {**self.runs, **{run.plan: run for run in [*self.arrived]}}

    def curves(self) -> dict[str, Run]:
        """The runs that are in view, each under its label."""
        hidden = {*self.view.hidden}
        return {
            label: run
            for label, run in self._labelled()
            if run is self.current or run.number not in hidden
        }

    def _labelled(self) -> list[tuple[str, Run]]:
        runs = [*self.runs.values()]  # others may read while the thread adds one
        return [*zip(self.label([run.plan for run in runs]), runs, strict=True)]

    def write_with(self, prefix: str, temperature: float, draw: int) -> None:
        """How the models are to write from now on; see `training_words.writing`."""
        self._write_with = prefix, temperature, draw

    # Jobs.

    def learn(
        self,
        plan: Plan,
        num_epochs: int,
        anew: bool = False,
        by_hand: bool = False,
        near: Callable[[int], list[Plan]] | None = None,
    ) -> None:
        """Show the run of this plan, and train it up to this epoch.

        A run that is known goes on, unless it is to be trained `anew`, and so does one
        that has arrived from a file. `by_hand` says that a reader moved a slider;
        `near(reach)` gives the neighbouring plans, which are trained ahead.

        Raises ValueError if the text is not available, or too short.
        """
        self._take_in()
        run = None if anew else self.runs.find(plan)
        run = run or Run.of(plan)
        self._pass_over(run, by_hand)
        self.runs.show(run)
        self.current, self.num_epochs = run, num_epochs
        self._began_at, self._was_by_hand = time.perf_counter(), by_hand
        self.is_at_work = self._is_new = True
        try:
            self._train(run)
            time.sleep(GLANCE)
            self.write()
            self.live.settle()
            self.live.on_change()
            self._use_the_rest(run, near)
        finally:
            self.is_at_work = False

    def write(self) -> None:
        """Show what the model of the current run writes, and those of pinned runs."""
        if self.current is None or self.current.net is None:
            return
        labels = {run.number: label for label, run in self.curves().items()}
        pinned = [
            run
            for run in self.runs.values()
            if run.number in self.view.pinned and run is not self.current and run.net
        ]
        self.view.texts = [
            {"label": labels.get(run.number, ""), **writing(run, *self._write_with)}
            for run in [self.current, *pinned[-OTHERS:]]
        ]

    def show_current(self) -> None:
        """Show the last epoch of the current run, and what its model writes."""
        self._take_in()
        if self.current is not None:
            self._show_epoch()
            self.write()
        self.show()

    def forget(self) -> None:
        """Forget all runs but the pinned ones.

        Raises Stopped: that ends the current one.
        """
        self.runs.forget(keep=self.view.pinned)
        self.arrived.clear()
        self.current = None
        self.show()
        raise Stopped

    def show(self) -> None:
        """Show the current state of all runs."""
        run, view = self.current, self.view
        with view.hold_sync():
            view.show_runs(self._labelled())
            view.current = -1 if run is None else run.number
            if run is None:
                view.readout, view.trouble, view.texts = "", "", []
                view.has_model = False
            else:
                view.unhide(run)
                view.levels = run.text.levels
                self._show_epoch()

    # Steps of these.

    def _take_in(self) -> None:
        """Put the runs from files among the others."""
        while self.arrived:
            self.runs.show(model_files.join(self.arrived[0], self.runs))
            del self.arrived[0]  # only now: a reader may look meanwhile

    def _train(self, run: Run) -> None:
        started, self._waited = time.perf_counter(), 0.0
        try:
            for _ in run.go_on(self.num_epochs, self._check):
                if len(run.history) == 1:
                    self._show_epoch()  # the answer to the slider
                else:
                    for turn in self._turns:
                        turn.take()
                self.live.stepped()
        finally:
            run.seconds += time.perf_counter() - started - self._waited
            if self.current is run:  # it has not been forgotten, or removed
                self._show_epoch()

    def _check(self) -> None:
        began = time.perf_counter()
        self.live.check()
        self._waited += time.perf_counter() - began
        if self._is_new and time.perf_counter() - self._began_at > SOON:
            self._show_epoch()

    def _show_epoch(self) -> None:
        """Show the current run's curve, numbers and trouble: all of the same epoch."""
        run, view = self.current, self.view
        with view.hold_sync():
            if self._is_new:
                self._is_new = False
                self.show()
                if not run.is_done(self.num_epochs):
                    self.live.on_change()
            view.show_curve(run)
            view.num_epochs = max(self.num_epochs, len(run.history))
            view.readout = describe(run, self.num_epochs)
            view.trouble = trouble(run)
            view.has_model = run.net is not None

    def _pass_over(self, run: Run, by_hand: bool) -> None:
        """Put aside a run that a drag only passed over on its way to this one."""
        before, seconds = self.current, time.perf_counter() - self._began_at
        is_brief = by_hand and self._was_by_hand and seconds < BRIEF
        if before is None or before.plan == run.plan or not is_brief:
            return
        if before.number not in self.view.pinned and before.plan in self.runs:
            self.runs.leave(before)

    def _take_up(self) -> None:
        """Treat a run that a reader shows again, or pins, as one that was meant."""
        for run in [*self.runs.values()]:
            if run.number in self.view.pinned or run.number not in self.view.hidden:
                run.was_left = False

    def _remove(self, number: int) -> None:
        """Forget a run; if it is the current one, end it."""
        for plan, run in [*self.runs.items()]:
            if run.number == number:
                del self.runs[plan]
        if self.current is None or self.current.number != number:
            return self.show()
        self.current = None
        self.show()
        raise Stopped

    def _use_the_rest(self, run: Run, near: Callable[[int], list[Plan]] | None) -> None:
        """While the panel is idle, train ahead, and renew what the notebook keeps."""
        settled = time.perf_counter()
        if near is None or not self._can(run):
            near = _none
        self._train_ahead(run, near(1), settled)
        self.keep()
        for reach in range(2, FARTHEST + 1):
            self._train_ahead(run, near(reach), settled)

    def _can(self, run: Run) -> bool:
        return run.plan.setting.cell == "scratch" and bool(run.history)

    def _train_ahead(self, run: Run, plans: Sequence[Plan], since: float) -> None:
        """Train those of the plans that are new, if there is time for one."""
        self.live.check()
        new = [
            Run(plan, run.text, seconds=run.seconds)
            for plan in plans
            if self.runs.find(plan) is None
        ]
        if new and time.perf_counter() - since + run.seconds < AHEAD:
            train_side_by_side(new, self.num_epochs, self.live.check)
            self.runs.ahead.update({each.plan: each for each in new})


def _none(reach: int) -> list[Plan]:
    """No plans, for a run whose neighbours are not trained."""
    return []
