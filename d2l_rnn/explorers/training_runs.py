"""The runs of the training panel: their settings and texts, and the runs that are kept.

No widgets: these are in `training_panel` and `training_display`.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

from d2l_rnn import training
from d2l_rnn.batching import Interruptible
from d2l_rnn.explorers.text_controls import in_use, lines_of
from d2l_rnn.ngrams import perplexity_to_beat
from d2l_rnn.rnn import Model
from d2l_rnn.sweeping import Setting, sweep
from d2l_rnn.text import Vocab, corpus_of

MAX_TOKENS = 10_000  # of a text, as in the book


@dataclass(frozen=True)
class TrainingText:
    """The text that a run learns from, and the perplexities to compare it with."""

    corpus: list[int]
    vocab: Vocab
    levels: dict[str, float]


@functools.lru_cache(maxsize=8)
def load(which: str, own_text: str = "") -> TrainingText:
    """The first characters of a text, and the perplexities to compare with.

    Raises ValueError as `text_controls.lines_of` does.
    """
    corpus, vocab = corpus_of(lines_of(which, own_text), "char", MAX_TOKENS)
    levels = {"guessing": len(vocab), "bigram": perplexity_to_beat(corpus, n=2)}
    return TrainingText(corpus, vocab, levels)


@dataclass(frozen=True)
class Plan:
    """Everything that the curve of a run depends on: setting, length and text.

    `own_text` is the reader's; it is empty if another `text` is used.
    """

    setting: Setting
    num_epochs: int
    text: str
    own_text: str = ""

    @classmethod
    def of(cls, values: Mapping) -> Plan:
        """The plan that the values of all controls describe."""
        setting = Setting(
            theta=values["theta"],
            lr=values["lr"],
            seed=values["seed"],
            num_hiddens=values["num_hiddens"],
            batch_size=values["batch_size"],
            num_steps=values["num_steps"],
            use_random_iter=values["sampling"] == "random",
            cell=values["cell"],
        )
        text, own_text = values["text"], in_use(values["text"], values["own_text"])
        return cls(setting, values["num_epochs"], text, own_text)

    @property
    def values(self) -> dict:
        """The values of the controls that give this plan."""
        values = asdict(self.setting) | {"num_epochs": self.num_epochs}
        is_random = values.pop("use_random_iter")
        values["sampling"] = "random" if is_random else "sequential"
        return values | {"text": self.text, "own_text": self.own_text}


@dataclass
class Run:
    """One run of the panel: its plan, its text, and its results."""

    plan: Plan
    text: TrainingText
    history: training.History = field(default_factory=training.History)
    net: Model | None = None  # once it has begun
    seconds: float = 0.0  # that the training took
    number: int = -1  # chooses the colour: from 0, in the order of being shown

    @property
    def is_complete(self) -> bool:
        """True if nothing is left to train: all epochs are done, or it diverged."""
        has_diverged = bool(self.history) and self.history[-1].diverged
        return len(self.history) == self.plan.num_epochs or has_diverged

    def begin(self, check: Callable[[], None]) -> Iterator[training.Progress]:
        """Make the model; return the records of its training, an epoch each.

        Here a slider's way ends. It leads from `_moved` in panel.py to `answer_to` in
        training_panel.py and, in a thread, on to `_learn`. Neighbouring settings are
        trained by `train_side_by_side`.

        `check` is called before each minibatch, and may end the run. Raises ValueError
        if the text is too short for a minibatch.
        """
        setting = self.plan.setting
        minibatches = Interruptible(setting.minibatches(self.text.corpus), check)
        self.net = setting.model(len(self.text.vocab))
        return training.train(
            self.net, minibatches, setting.lr, self.plan.num_epochs, setting.theta
        )


class Runs(dict[Plan, Run]):
    """The runs that have been shown, in order; `ahead` are those trained ahead."""

    def __init__(self):
        super().__init__()
        self.ahead: dict[Plan, Run] = {}
        self._numbers = itertools.count()

    def find(self, plan: Plan) -> Run | None:
        """The run of a plan, shown or trained ahead, or None."""
        return self.get(plan) or self.ahead.get(plan)

    def show(self, run: Run) -> None:
        """Add a run to those shown, in place of any run of the same plan."""
        before = self.get(run.plan)
        run.number = next(self._numbers) if before is None else before.number
        self.ahead.pop(run.plan, None)
        self[run.plan] = run

    def forget(self) -> None:
        """Forget all runs; the colours of new ones continue the sequence."""
        self.clear()
        self.ahead.clear()


def train_side_by_side(runs: Sequence[Run], check: Callable[[], None]) -> None:
    """Train runs that differ only in their setting, all at once.

    `check` is called regularly, and may end them.
    """
    of_setting = {run.plan.setting: run for run in runs}
    text, num_epochs = runs[0].text, runs[0].plan.num_epochs
    swept = sweep(of_setting, text.corpus, len(text.vocab), num_epochs, check=check)
    for records in swept:
        for setting, record in records.items():
            of_setting[setting].history.append(record)
    for setting, run in of_setting.items():
        run.net = swept.model(setting)
