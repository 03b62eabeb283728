"""Inside one minibatch: every number of a step of training, stage by stage."""

from __future__ import annotations

import traitlets

from d2l_rnn.checks import integer
from d2l_rnn.explorers.answering import Redrawn
from d2l_rnn.explorers.controls import ONE_TWO_FIVE, Steps, Theta, Whole, Words
from d2l_rnn.explorers.layout import button, column, grid, row
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.one_minibatch import (
    MOST_HIDDENS,
    MOST_STEPS,
    num_read,
    trained,
)
from d2l_rnn.explorers.one_minibatch_sheet import sheet_of
from d2l_rnn.explorers.one_minibatch_stages import stages
from d2l_rnn.explorers.one_minibatch_words import describe
from d2l_rnn.explorers.playing import Played
from d2l_rnn.explorers.saved import plain
from d2l_rnn.explorers.sheet import Sheet
from d2l_rnn.explorers.view import View

MOST_TAKEN = 100
MOST_STAGES = len(stages(MOST_STEPS))


class SheetView(View):
    """The view of a sheet: what `Sheet.for_browser` gives, and the present stage."""

    kind = traitlets.Unicode("sheet").tag(sync=True)
    sheet = traitlets.Dict().tag(sync=True)
    stage = traitlets.Int(1).tag(sync=True)


class OneMinibatch(Played, Redrawn):
    """One step of training on a few letters, number by number: forward, backward, step.

    `stage` is at most the last one, which depends on how many letters are read: at most
    `num_steps`, and all of `text` but its last. When these change, the stage stays the
    same moment of the step. One button plays the stages, another takes the step.

    Raises ValueError as `Panel` does, and for a stage beyond the last.
    """

    text = Words("text", "hello hello", hint="what the network reads and predicts")
    num_hiddens = Whole(
        "hidden units H", 1, MOST_HIDDENS, 3, "the size of the state (隐藏单元)"
    )
    num_steps = Whole(
        "time steps T", 1, MOST_STEPS, 4, "how many letters are read (时间步)"
    )
    theta = Theta(0.5)
    lr = Steps("learning rate lr", ONE_TWO_FIVE, 1, "how far the step goes (学习率)")
    seed = Whole("seed", 0, 20, 0, "of the random weights at the beginning")
    num_taken = Whole(
        "steps taken", 0, MOST_TAKEN, 0, "of training, before the one that is shown"
    )
    stage = Whole("stage", 1, MOST_STAGES, 1, "how far the work on the minibatch is")

    played = "stage"
    sheet: Sheet | None = None

    def check_together(self, given: dict, values: dict) -> None:
        """Raise ValueError if the stage is beyond the last."""
        last = len(_stages(values["text"], values["num_steps"]))
        if "stage" in given:
            integer("stage", given["stage"], 1, last, f"there are {last} stages")

    def answer(
        self, text: str, num_hiddens: int, num_steps: int, theta: float | None,
        lr: float, seed: int, num_taken: int, stage: int,
    ) -> tuple[Sheet, str]:  # fmt: skip
        """All the numbers of the step, and what happens in this stage.

        Raises ValueError for a text of fewer than two letters.
        """
        done, losses = trained(text, num_hiddens, num_steps, theta, lr, seed, num_taken)
        stage = min(stage, len(stages(done.num_steps)))
        words = describe(done, stage, losses, _remark(text, num_steps))
        return sheet_of(done, stage, num_taken), words

    @property
    def _last(self) -> Sheet | None:
        return self.sheet

    def _view(self) -> View:
        return SheetView()

    def _panel(self):
        self._fit()
        fit = weakly(self._fit)
        for name in ("text", "num_steps"):
            self.widgets[name].observe(lambda _: fit(), "value")
        self.player = self._player()
        self.view.on("go", weakly(self._go))
        take = button(
            "take the step", "go on with the new parameters, on the same letters",
            weakly(self._take),
        )  # fmt: skip
        others = [self.widgets[name] for name in list(self.controls)[:-2]]
        buttons = row([self.player.button, take, self.widgets["num_taken"]])
        return column([self.widgets["stage"], buttons, grid(others), self.view])

    def _draw(self, values: dict) -> None:
        sheet, words = self._answered(values, Sheet)
        self.sheet = sheet
        with self.view.hold_sync():
            self.view.sheet, self.view.stage = sheet.for_browser(), sheet.stage
            self.view.readout, self.view.alt = words, plain(words)

    def _go(self, stage: int) -> None:
        """Go to a stage that the reader has chosen in the view."""
        self.player.stop()
        slider = self.widgets["stage"]
        slider.value = min(max(stage, 1), slider.max)

    def _take(self) -> None:
        """Take the step that is shown: the next begins where it ends."""
        slider = self.widgets["num_taken"]
        slider.value = min(slider.value + 1, slider.max)

    def _fit(self) -> None:
        """Give the stages of the present T to the slider, which stays at its moment."""
        slider = self.widgets["stage"]
        texts = self.widgets["text"].value, self.widgets["num_steps"].value
        now = _stages(*texts)
        before = {len(stages(T)): stages(T) for T in range(1, MOST_STEPS + 1)}
        kind, t = before.get(slider.max, now)[slider.value - 1]
        last = max(time for _, time in now)
        place = now.index((kind, min(t, last))) + 1
        slider.value = min(slider.value, len(now))
        slider.max = len(now)
        slider.value = place


def _stages(text: str, num_steps: int) -> list[tuple[str, int]]:
    """The stages of a text; those of one letter, if it is too short."""
    return stages(num_read(text, num_steps) if len(text) > 1 else 1)


def _remark(text: str, num_steps: int) -> str:
    if (read := num_read(text, num_steps)) < num_steps:
        return f" (The text is short: only T = {read} letters have one after them.)"
    return ""
