"""The controls of the training panel, and the plan that they describe."""

from __future__ import annotations

from dataclasses import replace

from d2l_rnn.explorers.controls import (
    ONE_TWO_FIVE,
    Choice,
    Real,
    Steps,
    Theta,
    Whole,
    Words,
)
from d2l_rnn.explorers.panel import Panel
from d2l_rnn.explorers.text_controls import OwnText, TextChoice
from d2l_rnn.explorers.training_runs import Plan

# The controls whose neighbours are trained ahead: all their values suit any text.
TRAINED_AHEAD = ("theta", "lr", "seed", "num_hiddens")
WRITING = {"prefix", "temperature"}  # what changes no curve


class TrainingControls(Panel):
    """Everything that a run can be trained with, and how its model writes."""

    theta = Theta()
    num_hiddens = Steps(
        "hidden units H", (8, 16, 32, 64, 128, 256, 512), default=64, whole=True,
        hint="the size of the hidden state (隐状态)",
    )  # fmt: skip
    lr = Steps(
        "learning rate", ONE_TWO_FIVE, default=1,
        hint="how far a step goes against the gradient (学习率)",
    )  # fmt: skip
    num_steps = Whole("time steps T", 2, 100, 35, hint="characters in a subsequence")
    batch_size = Whole("batch size", 1, 128, 32, hint="subsequences in a minibatch")
    num_epochs = Whole("epochs", 1, 500, 100, hint="how often the text is read")
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
    held_out = Choice(
        "held-out text", {"not measured": False, "measured": True}, default=False,
        hint="the perplexity on text that the model does not learn from",
    )  # fmt: skip
    text = TextChoice("its first 10,000 characters are learned")
    own_text = OwnText("paste 2,000 characters or more")
    prefix = Words("begins with", "time traveller", hint="what the model reads first")
    temperature = Real(
        "temperature", 0.1, 3, 0.7, 0.1,
        hint="near 0 the most probable is drawn, above 1 the odds even out",
    )  # fmt: skip

    @property
    def plan(self) -> Plan:
        """The plan of the run that the sliders describe."""
        return Plan.of(self.values)

    @classmethod
    def neighbours(cls, plan: Plan, moved: str, reach: int) -> list[Plan]:
        """The plans up to `reach` positions away on the slider that moved last."""
        name = moved if moved in TRAINED_AHEAD else "theta"
        now = getattr(plan.setting, name)
        return [
            replace(plan, setting=replace(plan.setting, **{name: value}))
            for value in getattr(cls, name).neighbours(now, reach)
        ]
