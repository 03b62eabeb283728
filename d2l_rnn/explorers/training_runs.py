"""The runs of the training panel: their settings and texts, and the runs that are kept.

No widgets: these are in `training` and `training_view`.
"""

from __future__ import annotations

import copy
import threading
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field

import torch
from torch import Tensor

from d2l_rnn import progress, threads
from d2l_rnn.batching import SequenceLoader, split
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.precision import Single
from d2l_rnn.explorers.text_controls import in_use, lines_of
from d2l_rnn.ngrams import perplexity_to_beat
from d2l_rnn.parameters import parameters_of
from d2l_rnn.rnn import Model
from d2l_rnn.sweeping import Setting, sweep
from d2l_rnn.text import Vocab, corpus_of
from d2l_rnn.training import train

MAX_TOKENS = 10_000  # of a text that are learned, as in the book
HELD_OUT = 2_000  # of those after them, for the held-out perplexity
# Minibatches of the held-out text, so small that the tenth of a short text fills one;
# and the characters of the shortest such text.
MEASURED, LEAST = {"batch_size": 4, "num_steps": 20}, 1_006
# The columns of a curve, as the browser knows them (`web/src/columns.js`).
COLUMNS = (
    "perplexity", "gradient_norm", "clipped_norm", "clipped_fraction",
    "held_out_perplexity",
)  # fmt: skip


@dataclass(frozen=True)
class TrainingText:
    """The text that a run learns from, shape (num_tokens,), and perplexities to beat.

    `held_out` are minibatches that it does not learn from, or None.
    """

    corpus: Tensor
    vocab: Vocab
    levels: dict[str, float]
    held_out: SequenceLoader | None = None


@cached(maxsize=8, copies=False)
def load(which: str, own_text: str = "", held_out: bool = False) -> TrainingText:
    """The first characters of a text, and the perplexities to compare with.

    With `held_out`, those after them are held out, or the last tenth if there are
    fewer than 2,000.

    Raises ValueError as `text_controls.lines_of` does, and if a text is too short to
    hold a tenth of it out.
    """
    lines = lines_of(which, own_text)
    whole, vocab = corpus_of(lines, "char", MAX_TOKENS + HELD_OUT)
    tokens = torch.from_numpy(whole)
    corpus, rest = tokens[:MAX_TOKENS], tokens[MAX_TOKENS:]
    if held_out and len(rest) < HELD_OUT:
        _check_length(corpus)
        corpus, rest = split(corpus)
    levels = {"guessing": len(vocab), "bigram": perplexity_to_beat(corpus, n=2)}
    measured = SequenceLoader(rest, **MEASURED) if held_out else None
    return TrainingText(corpus, vocab, levels, measured)


def _check_length(corpus: Tensor) -> None:
    if len(corpus) < LEAST:
        raise ValueError(
            f"own_text must have at least {LEAST:,} characters for held_out=True (line "
            f"breaks do not count), got {len(corpus):,}: paste more"
        )


@dataclass(frozen=True)
class Plan:
    """Everything that the curve of a run depends on, but for its length.

    `own_text` is the reader's; it is empty if another `text` is used. With `held_out`,
    the perplexity is also measured on text that is not learned from. `earlier` is not 0
    for a run in whose place one with another curve has come: see `model_files.join`.
    """

    setting: Setting
    text: str
    own_text: str = ""
    held_out: bool = False
    earlier: int = 0

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
        return cls(setting, text, own_text, values["held_out"])

    @property
    def values(self) -> dict:
        """The values of the controls that give this plan."""
        values = asdict(self.setting)
        is_random = values.pop("use_random_iter")
        values["sampling"] = "random" if is_random else "sequential"
        return values | {
            "text": self.text, "own_text": self.own_text, "held_out": self.held_out,
        }  # fmt: skip


@dataclass
class Run:
    """One run of the panel: its plan, its text, and its results so far.

    `net` is the model as it was after the last epoch of `history`; None before the
    first. `columns` are the numbers of the history, for the browser. `number` is the
    run's in the view, and chooses its colour. `was_left` is True for a run that was
    passed over while a slider was dragged.
    """

    plan: Plan
    text: TrainingText
    history: progress.History = field(default_factory=progress.History)
    net: Model | None = None
    seconds: float = 0.0  # that the training took
    number: int = -1
    was_left: bool = False
    columns: tuple[array, ...] = field(
        default_factory=lambda: tuple(array("d") for _ in COLUMNS), repr=False
    )
    _whole: threading.Lock = field(
        default_factory=threading.Lock, repr=False, compare=False
    )

    @classmethod
    def of(cls, plan: Plan) -> Run:
        """A new run of this plan.

        Raises ValueError if the text is not available, or too short for a minibatch.
        """
        text = load(plan.text, plan.own_text, plan.held_out)
        plan.setting.minibatches(text.corpus)
        return cls(plan, text)

    @property
    def has_diverged(self) -> bool:
        """True if no epoch can follow the last one."""
        return bool(self.history) and self.history[-1].diverged

    def is_done(self, num_epochs: int) -> bool:
        """True if nothing is left to train up to this epoch."""
        return self.has_diverged or len(self.history) >= num_epochs

    def add(self, record: progress.Progress) -> None:
        """Add the record of an epoch."""
        self.history.append(record)
        for column, name in zip(self.columns, COLUMNS, strict=True):
            column.append(getattr(record, name))

    def curve(self) -> bytes:
        """The columns one after the other, float64."""
        return b"".join(column.tobytes() for column in self.columns)

    def go_on(
        self, num_epochs: int, check: Callable[[], None] = lambda: None
    ) -> Iterator[progress.Progress]:
        """Train up to this epoch; add the record of each epoch, and yield it.

        A run continues from its last whole epoch as if it had never stopped. This is
        where a slider's move ends up: from `_moved` in panel.py through `answer_to` in
        training.py and, in the panel's thread, `learn` in training_job.py.
        Neighbouring settings are trained by `train_side_by_side`.

        `check` is called between minibatches, and may end the run.
        """
        if self.is_done(num_epochs):
            return
        setting, done = self.plan.setting, len(self.history)
        loader = setting.minibatches(self.text.corpus)
        # A copy: an interrupted epoch must not leave its mark on the model kept.
        with Single():
            net = copy.deepcopy(self.net) or setting.model(len(self.text.vocab))
        for record in train(
            net, loader, setting.lr, num_epochs - done, setting.theta,
            held_out=self.text.held_out, num_threads=_threads(setting),
            epochs_done=done, check=check,
        ):  # fmt: skip
            with self._whole:
                self._keep(net)
                self.add(record)
            yield record

    def copied(self) -> tuple[Model, progress.History]:
        """Copies of the model and the history, of one epoch even while it trains.

        Raises ValueError if there is no model yet.
        """
        with self._whole:
            if self.net is None:
                raise ValueError("there is no model yet: it has not learned an epoch")
            return copy.deepcopy(self.net), self.history.copy()

    def _keep(self, net: Model) -> None:
        if self.net is None:
            self.net = copy.deepcopy(net)
            return
        with torch.no_grad():
            for kept, now in zip(
                parameters_of(self.net), parameters_of(net), strict=True
            ):
                kept.copy_(now)


def _threads(setting: Setting) -> int | None:
    """One for a small model where cores are few, or as usual.

    The browser needs a core, too, most of all when a slider has just moved.
    """
    is_small = setting.num_hiddens < threads.WORTH_THREADS
    return 1 if is_small and threads.available() <= 2 else None


class Runs(dict[Plan, Run]):
    """The runs that have been shown, in order; `ahead` are those trained ahead."""

    MOST_LEFT = 12  # runs passed over in a drag, of which a click brings one back

    def __init__(self):
        super().__init__()
        self.ahead: dict[Plan, Run] = {}

    def find(self, plan: Plan) -> Run | None:
        """The run of a plan, shown or trained ahead, or None."""
        return self.get(plan) or self.ahead.get(plan)

    def show(self, run: Run) -> None:
        """Add a run to those shown, in place of any run of the same plan.

        It gets the first number that is free.
        """
        before = self.get(run.plan)
        if before is None:
            used = {each.number for each in self.values()}
            run.number = min(set(range(len(used) + 1)) - used)
        else:
            run.number = before.number
        run.was_left = False
        self.ahead.pop(run.plan, None)
        self[run.plan] = run

    def leave(self, run: Run) -> None:
        """Note that a run was passed over; of many such, the oldest is forgotten."""
        run.was_left = True
        left = [each for each in self.values() if each.was_left]
        for each in left[: -self.MOST_LEFT]:
            del self[each.plan]

    def forget(self, keep: Sequence[int] = ()) -> None:
        """Forget all runs but those with these numbers."""
        kept = {plan: run for plan, run in self.items() if run.number in keep}
        self.clear()
        self.update(kept)
        self.ahead.clear()


def train_side_by_side(
    runs: Sequence[Run], num_epochs: int, check: Callable[[], None]
) -> None:
    """Train new runs that differ only in their setting, all at once.

    `check` is called regularly, and may end them.
    """
    of_setting = {run.plan.setting: run for run in runs}
    text = runs[0].text
    with Single():
        swept = sweep(
            of_setting, text.corpus, len(text.vocab), num_epochs,
            held_out=text.held_out, check=check,
        )  # fmt: skip
    for records in swept:
        for setting, record in records.items():
            of_setting[setting].add(record)
    for setting, run in of_setting.items():
        run.net = swept.model(setting)
