"""Training, live: move a slider, and watch the perplexity curve answer.

Each setting of the sliders is a run of `training.train`. A run that has been seen is
kept, with its model, and comes back at once; while the reader thinks, the settings next
to the last one are trained ahead, all in one `sweeping.sweep`.
"""

from __future__ import annotations

import functools
import html
import itertools
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import ipywidgets as widgets

from d2l_rnn import generating, rnn, training
from d2l_rnn.batching import Interruptible, SequenceLoader
from d2l_rnn.explorers import panel, texts
from d2l_rnn.explorers.controls import Choice, Real, Steps, Whole, Words
from d2l_rnn.explorers.curves import HIGHEST, Curve, TrainingPicture
from d2l_rnn.explorers.live import APART, Stopped
from d2l_rnn.ngrams import perplexity_to_beat
from d2l_rnn.sweeping import Setting, sweep
from d2l_rnn.text import Vocab, corpus_of

MAX_TOKENS = 10_000  # of a text, as in the book
LENGTH = 80  # characters that the model writes
# Seconds between two pictures, two lines of numbers, two texts that the model writes.
FRAME, LINE, WRITE = 1 / 14, 0.2, 1.0
AHEAD = 5.0  # seconds that a run may take for its neighbours to be trained ahead

# What a legend calls the settings, before their values.
SHORT = {
    "theta": "theta = ", "num_hiddens": "H = ", "lr": "lr = ", "num_steps": "T = ",
    "batch_size": "B = ", "num_epochs": "epochs = ", "seed": "seed = ", "sampling": "",
    "cell": "", "text": "",
}  # fmt: skip
SETTING = (*SHORT, "own_text")  # what makes a run
SWEPT = (
    "theta",
    "lr",
    "seed",
    "num_hiddens",
)  # by which settings may differ in a sweep


@dataclass(frozen=True)
class Text:
    """What a run learns from, and the perplexities to compare it with."""

    corpus: list[int]
    vocab: Vocab
    levels: dict[str, float]


@functools.lru_cache(maxsize=8)
def load(which: str, own_text: str = "") -> Text:
    """The first characters of a text, and the perplexities to compare with.

    Raises ValueError as `texts.lines_of` does.
    """
    lines = texts.lines_of(which, own_text, clean=which != texts.OWN)
    corpus, vocab = corpus_of(lines, "char", MAX_TOKENS)
    levels = {"guessing": len(vocab), "bigram": perplexity_to_beat(corpus, n=2)}
    return Text(corpus, vocab, levels)


@dataclass
class Run:
    """One run of the explorer: its setting, what became of it, and its model."""

    setting: dict
    text: Text
    number: int | None = None  # the how-manieth that was shown
    history: training.History = field(default_factory=training.History)
    net: object = None
    seconds: float = 0.0  # that it took

    @property
    def key(self) -> tuple:
        return tuple(self.setting.values())

    @property
    def is_complete(self) -> bool:
        return len(self.history) == self.setting["num_epochs"] or self.has_diverged

    @property
    def has_diverged(self) -> bool:
        return bool(self.history) and self.history[-1].diverged

    def begin(self, check: Callable[[], None]) -> Iterable[training.Progress]:
        """Make the model; return the records of its training, an epoch each.

        `check` is called before each minibatch, and may end the run.
        """
        setting, seed = self.setting, self.setting["seed"]
        loader = SequenceLoader(
            self.text.corpus, setting["batch_size"], setting["num_steps"],
            setting["sampling"] == "random", seed,
        )  # fmt: skip
        self.net = rnn.make_model(
            setting["cell"], len(self.text.vocab), setting["num_hiddens"], seed=seed
        )
        return training.train(
            self.net, Interruptible(loader, check), setting["lr"],
            setting["num_epochs"], setting["theta"],
        )  # fmt: skip


class Turn:
    """Something to be done every so many `seconds`, while a run trains.

    It comes later if it takes long: the run has to train `share` times as long.
    """

    def __init__(self, do: Callable[[], None], seconds: float, share: float):
        self.do, self.seconds, self.share = do, seconds, share
        self.begin()

    def begin(self) -> None:
        self.due = time.perf_counter() + self.seconds

    def take(self) -> bool:
        """Do it if it is time to."""
        began = time.perf_counter()
        if began < self.due:
            return False
        self.do()
        took = time.perf_counter() - began
        self.due = began + max(self.seconds, self.share * took)
        return True


class Training(panel.Explorer):
    """A character RNN, trained while you watch, with all its settings on sliders.

    `show` names the controls that stand in view; the others fold away. `history` is the
    record of the run with the present setting.

    Raises ValueError as `Explorer` does, and for a name in `show` that is no control.
    """

    theta = Steps(
        "theta (clipping)",
        (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100), default=1,
        off=True, hint="gradients longer than theta are cut to that length (梯度裁剪)",
    )  # fmt: skip
    num_hiddens = Steps(
        "hidden units H", (8, 16, 32, 64, 128, 256, 512), default=64, whole=True,
        hint="the size of the hidden state (隐状态)",
    )  # fmt: skip
    lr = Steps(
        "learning rate", (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100),
        default=1, hint="how far a step goes against the gradient (学习率)",
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
    text = texts.TextChoice("its first 10,000 characters are learned")
    own_text = texts.OwnText("paste 2,000 characters or more")
    prefix = Words("begins with", "time traveller", hint="what the model reads first")
    temperature = Real(
        "temperature", 0.1, 3, 0.7, 0.1,
        hint="near 0 the most probable is drawn, above 1 the odds even out",
    )  # fmt: skip

    def __init__(self, show: Iterable[str] = ("theta", "num_hiddens", "lr"), **values):
        self.show = tuple(show)
        self.runs: dict[tuple, Run] = {}  # in the order in which they were first shown
        self.current: Run | None = None
        self._ahead: dict[tuple, Run] = {}
        self._numbers = itertools.count()
        self._moved_last = "theta"
        self._turns = (
            Turn(self._update, FRAME, 15), Turn(self._say, LINE, 100),
            Turn(self._write, WRITE, 100),
        )  # fmt: skip
        super().__init__(**values)

    @property
    def setting(self) -> dict:
        """The values of the controls that make a run."""
        setting = {name: getattr(self, name) for name in SETTING}
        # A text that is pasted, but not in use, makes no difference.
        return setting if self.text == texts.OWN else {**setting, "own_text": ""}

    @property
    def history(self) -> training.History:
        """The records of the run with the present setting; empty if there is none."""
        run = self.runs.get(tuple(self.setting.values()))
        return training.History() if run is None else run.history

    # What the reader does.

    def answer_to(self, *names: str) -> None:
        if names and set(names) <= {"prefix", "temperature"}:
            return self.live.ask(self._write)
        self._moved_last = names[0] if names else self._moved_last
        return self.live.start(functools.partial(self._learn, self.setting), APART)

    def start(self, steps: int | None = None) -> None:
        """Train the present setting from the beginning; pause after `steps` epochs."""
        learn = functools.partial(self._learn, self.setting, anew=True)
        self.live.start(learn, steps=steps)

    def pause(self) -> None:
        """Let the run wait after its minibatch."""
        self.live.pause()

    def resume(self) -> None:
        """Let a paused run go on."""
        self.live.resume()

    def step(self) -> None:
        """Train for one epoch and pause: the run that goes on, or else a new one."""
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

    # What the thread does.

    def _learn(self, setting: dict, anew: bool = False) -> None:
        """Show the run of this setting: from the cache, or while it trains."""
        run = Run(setting, load(setting["text"], setting["own_text"]))
        seen = self.runs.get(run.key) or self._ahead.pop(run.key, None)
        if seen is not None and seen.is_complete and not anew:
            run = seen
        else:
            records = run.begin(self.live.check)
        if seen is not None:
            run.number = seen.number
        if run.number is None:
            run.number = next(self._numbers)
        self.runs[run.key] = self.current = run
        self._progress.max = setting["num_epochs"]
        self._changed()
        if run is not seen:
            self._train(run, records)
        self._show()
        self._write()
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
                if self.live.is_paused:  # after one step: it is to be seen
                    self._update()
                    self._say()
        except Stopped:
            if not self.live.is_busy:  # nothing comes after it
                self._show()
            raise
        run.seconds = time.perf_counter() - started

    def _show_in_time(self) -> None:
        """After an epoch: at most one of the things that the reader wants to see."""
        if len(self.current.history) == 1:
            self._show()
            for turn in self._turns:
                turn.begin()
        else:
            any(turn.take() for turn in self._turns)

    def _show(self) -> None:
        """The run as it is now, over all that were shown before."""
        run = self.current
        if self.picture is None or self.picture.levels != run.text.levels:
            self.picture = TrainingPicture(run.text.levels)
        curves = self._curves()
        words = trouble(run.history, run.text.levels["guessing"])
        current, earlier = curves.pop(run.key), list(curves.values())
        self.picture.show(run.setting["num_epochs"], current, earlier, words)
        self.image.value = self.picture.jpeg()
        self._say()

    def _update(self) -> None:
        """What the run has become since the last frame."""
        self.picture.update()
        self.image.value = self.picture.jpeg()

    def _say(self) -> None:
        self._progress.value = len(self.current.history)
        self.readout.value = in_words(self.current)

    def _curves(self) -> dict[tuple, Curve]:
        """Every run shown so far, labelled by what tells them apart."""
        said = {key: self._in_words(run.setting) for key, run in self.runs.items()}
        differing = [
            name for name in SHORT if len({each[name] for each in said.values()}) > 1
        ]
        names = differing or [name for name in self.show if name in SHORT]
        return {
            key: Curve(
                ", ".join(said[key][name] for name in names), run.history, run.number,
                run.setting["theta"],
            )
            for key, run in self.runs.items()
        }  # fmt: skip

    def _in_words(self, setting: dict) -> dict[str, str]:
        said = {
            name: SHORT[name] + self.controls[name].says(setting[name])
            for name in SHORT
        }
        if setting["text"] == texts.OWN:  # which the font may not have
            said["text"] += f" ({len(setting['own_text']):,} characters)"
        return said

    def _write(self) -> None:
        """What the model writes now: the most probable characters, and drawn ones."""
        if self.current is None:
            return
        net, vocab, prefix = self.current.net, self.current.text.vocab, self.prefix
        try:
            both = (
                generating.predict(prefix, LENGTH, net, vocab),
                generating.sample(prefix, LENGTH, net, vocab, self.temperature, seed=0),
            )
        except ValueError as error:
            self._writing.value = panel.complaint(error)
        else:
            read = "".join(vocab.to_tokens(vocab[list(prefix)]))
            self._writing.value = two_texts(len(read), *both)

    def _forget(self) -> None:
        """Nothing but axes."""
        self.runs.clear()
        self._ahead.clear()
        self.current = None
        if self.picture is not None:
            self.picture = TrainingPicture(self.picture.levels)
            self.picture.show(self.num_epochs, Curve("no run yet", []))
            self.image.value = self.picture.jpeg()
        self._progress.value, self.readout.value, self._writing.value = 0, "", ""
        raise Stopped  # the run that goes on is forgotten as well

    def _train_ahead(self, run: Run) -> None:
        """Train the settings next to this one, while the reader looks at it."""
        setting = run.setting
        scratch = setting["cell"] == "scratch"
        if not self.is_watched or not scratch or run.seconds > AHEAD:
            return
        runs = {}
        for each in self._neighbours(setting):
            ahead = Run(each, run.text, seconds=run.seconds)
            if ahead.key not in self.runs and ahead.key not in self._ahead:
                runs[Setting(**{name: each[name] for name in SWEPT})] = ahead
        if not runs:
            return
        swept = sweep(
            runs, run.text.corpus, len(run.text.vocab), setting["num_epochs"],
            setting["batch_size"], setting["num_steps"],
            setting["sampling"] == "random", check=self.live.check,
        )  # fmt: skip
        for records in swept:
            for each, record in records.items():
                runs[each].history.append(record)
        for each, ahead in runs.items():
            ahead.net = swept.model(each)
            self._ahead[ahead.key] = ahead

    def _neighbours(self, setting: dict) -> list[dict]:
        name = self._moved_last if self._moved_last in SWEPT else "theta"
        near = self.controls[name].neighbours(setting[name], reach=2)
        return [{**setting, name: value} for value in near]

    # What the reader sees.

    def _panel(self) -> widgets.Widget:
        for name in self.show:
            panel.known(name, self.controls)
        below = [name for name in ("prefix", "temperature") if name not in self.show]
        folded = [self.widgets[name] for name in SETTING if name not in self.show]
        self.image.format = "jpeg"
        self._progress = widgets.IntProgress(
            description="epochs", max=self.num_epochs, layout={"width": "auto"}
        )
        self._writing = widgets.HTML()
        return widgets.VBox(
            [
                panel.beside(
                    [
                        panel.grid(self.widgets[name] for name in self.show),
                        panel.folded("more settings", panel.grid(folded)),
                        self._buttons(),
                        self._progress,
                    ],
                    [self.image],
                ),
                self.readout,
                panel.grid(self.widgets[name] for name in below),
                self._writing,
            ]
        )

    def _buttons(self) -> widgets.Widget:
        def button(description, hint, act):
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


def trouble(history: training.History, guessing: float) -> str:
    """What went wrong in a run, and what may help; empty if all is well.

    A run is lost if it has become far worse than guessing among the vocabulary, even if
    its numbers are finite.
    """
    lost = [each.epoch for each in history if each.perplexity > HIGHEST * guessing]
    if not lost or history[-1].perplexity <= guessing:
        return ""
    what = "diverged" if history[-1].diverged else "lost"
    epoch = history[-1].epoch if history[-1].diverged else lost[0]
    return f"{what} at epoch {epoch}:\ntry a smaller learning rate or a smaller theta"


def in_words(run: Run) -> str:
    """The last record of a run, as a line of HTML."""
    if not run.history:
        return ""
    last = run.history[-1]
    if last.diverged:
        return str(last)
    return (
        f"epoch <b>{last.epoch}</b> of {run.setting['num_epochs']} · "
        f"perplexity <b>{last.perplexity:.3g}</b> · "
        f"{last.tokens_per_second:,.0f} tokens/s · gradient norm "
        f"{last.gradient_norm:.2g} · {last.clipped_fraction:.0%} of the steps clipped"
    )


def two_texts(read: int, greedy: str, drawn: str) -> str:
    """What a model writes, as a table in HTML; what it has `read` first is bold."""
    rows = (("most probable", greedy), ("drawn", drawn))
    return (
        "<table>"
        + "".join(
            f"<tr><td style='white-space: nowrap; padding-right: 1em'>{name}</td>"
            f"<td style='font-family: monospace'><b>{html.escape(text[:read])}</b>"
            f"{html.escape(text[read:])}</td></tr>"
            for name, text in rows
        )
        + "</table>"
    )
