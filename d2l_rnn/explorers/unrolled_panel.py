"""The unrolled RNN, drawn: its states, the terms of one, and the next character."""

from __future__ import annotations

import html
from collections.abc import Sequence

import torch
from torch import Tensor

from d2l_rnn import rnn, text
from d2l_rnn.checks import integer, listed, of_type
from d2l_rnn.explorers.chart import (
    Axis,
    Bar,
    Chart,
    Line,
    Note,
    Plot,
    Shades,
    Vertical,
)
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Steps, Whole, Words
from d2l_rnn.explorers.layout import grid, row, side_by_side
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.playing import Played
from d2l_rnn.explorers.unrolled import (
    Reading,
    check_reading,
    corpus,
    multiplications,
    steps_of,
    trained,
)
from d2l_rnn.explorers.wording import visible

LONGEST = 50  # characters of the string that are read: more columns would not fit
NUM_BARS, SCALES = 8, (0.1, 0.25, 0.5, 1)  # the highest number on their axis
TERMS = ("X_t W_xh", "H_t-1 W_hh", "b_h")


def draw(reading: Reading, indices: Sequence[int], vocab: text.Vocab, t: int) -> Chart:
    """The reading as a chart, at time step t = 1 … T.

    From top to bottom: the hidden states of all time steps, and the cost of the steps;
    the terms of Z_t; the probabilities of the next character.

    Raises ValueError for another t, if `indices` are not as many as the steps of the
    reading, or if `reading` and `vocab` do not belong together.
    """
    check_reading(reading, vocab)
    indices, T = listed("indices", indices), len(reading.H)
    if (count := len(indices)) != T:
        raise ValueError(f"indices must be {T}, one for each step, got {count}")
    t = integer("t", t, 1, T)
    names = [_tick(vocab.to_tokens(index)) for index in indices]
    x = Axis("X_t, character read", 0.35, T + 0.65, ticks=range(1, T + 1), names=names)
    here = [Vertical(t - 0.5, dash=0), Vertical(t + 0.5, dash=0)]
    following = indices[t] if t < T else None
    plots = [
        _states(x, reading, here), _cost(x, reading, here), _terms(reading, t),
        _next(reading.probabilities, t, vocab, following),
    ]  # fmt: skip
    return Chart(plots, margin=108)


class UnrolledRNN(Played, ChartExplorer):
    """A character RNN that reads what you type, unrolled: step through it.

    `step` is at most the length of `string`. If it is at the end, it stays there as the
    string grows; if the string becomes too short for it, it moves to the end. A button
    plays the steps, and a click on a column of the states goes to its step.

    Raises ValueError as `Explorer` does, and for a step beyond the end of the string.
    """

    string = Words("string", "time traveller", hint="what the network reads")
    step = Whole(
        "time step t", 1, LONGEST, default=len("time traveller"),
        hint="how many characters it has read (时间步)",
    )  # fmt: skip
    num_hiddens = Steps(
        "hidden units H", (4, 8, 16, 32), default=16, whole=True,
        hint="the size of the hidden state (隐状态)",
    )  # fmt: skip
    num_epochs = Steps(
        "epochs of training", (0, 1, 3, 10, 30), default=30, whole=True,
        hint="how often it has read the text that it learns from; 0: untrained",
    )  # fmt: skip

    played = "step"

    def __init__(self, **values):
        corpus()  # may fetch the text and print a message: not in the thread
        super().__init__(**values)

    def check_together(self, given: dict, values: dict) -> None:
        """Raise ValueError if `step` exceeds the number of characters that are read."""
        length = _read_of(values["string"])
        if "step" in given:
            reason = f"{length} characters of the string are read"
            integer("step", given["step"], 1, max(1, length), reason)

    def answer(
        self, string: str, step: int, num_hiddens: int, num_epochs: int
    ) -> tuple[Chart, str]:
        """The network's reading of the string, at this time step.

        Raises ValueError if the string is empty.
        """
        if not string:
            raise ValueError("string must have at least one character: type one")
        # It may take a third of a second, but is not interrupted, as it is cached.
        net, (_, vocab) = trained(num_hiddens, num_epochs), corpus()
        indices = vocab[list(string[:LONGEST])]
        reading = steps_of(net, indices)
        t = min(step, len(indices))
        return (
            draw(reading, indices, vocab, t),
            describe(reading, string, vocab, t),
        )

    def _panel(self):
        slider, words = self.widgets["step"], self.widgets["string"]
        slider.max = _read_of(words.value)
        fit = weakly(self._fit)
        words.observe(lambda _: fit(), "value")
        self.player = self._player()
        self.view.on("click", weakly(self._clicked))
        controls = [grid(self.widgets.values()), row([self.player.button])]
        return side_by_side(controls, [self.view])

    def _clicked(self, figure: int, x: float) -> None:
        """Go to the time step of a column; only the first figure has such columns."""
        slider = self.widgets["step"]
        if figure == 0:
            self.player.stop()
            slider.value = min(max(round(x), slider.min), slider.max)

    def _fit(self) -> None:
        """Set the slider's maximum to the length of the string."""
        slider, length = self.widgets["step"], max(1, _read_of(self.string))
        is_at_end = slider.value == slider.max
        slider.max = length
        if is_at_end:
            slider.value = length


def describe(reading: Reading, string: str, vocab: text.Vocab, t: int) -> str:
    """Step t of a reading, as HTML.

    Raises ValueError as `draw` does, and if `string` has fewer characters than t.
    """
    check_reading(reading, vocab)
    T, num_hiddens = reading.H.shape
    of_type(str, string=string)
    t = integer("t", t, 1, min(T, len(string)))
    p = reading.probabilities[t - 1]
    best = [f"<b>{_named(vocab.to_tokens(i))} {p[i]:.0%}</b>" for i in _top(p, 3)]
    words = (
        f"Step <b>{t}</b> of T = {T} reads {_named(string[t - 1])}. "
        f"Most probable next: {', '.join(best)}."
    )
    if t < T:
        index = vocab[string[t]]
        words += f" The string goes on with {_named(string[t])} ({p[index]:.1%})."
    cost = t * multiplications(len(vocab), num_hiddens)
    words += (
        f"<br><b>{rnn.num_parameters(len(vocab), num_hiddens):,} parameters</b>, "
        f"whatever T is; {cost:,} multiplications so far."
    )
    return words + _remarks(string, vocab)


def _remarks(string: str, vocab: text.Vocab) -> str:
    remarks = ""
    unknown = list(dict.fromkeys(c for c in string[:LONGEST] if c not in vocab))
    if unknown:
        names = ", ".join(map(_named, unknown[:5]))
        names += " and others" if len(unknown) > 5 else ""
        remarks += (
            f"<br>Not in the vocabulary, and so read as &lt;unk&gt; (a ? in the "
            f"picture): {names}."
        )
    if len(string) > LONGEST:
        remarks += (
            f"<br>Of the {len(string):,} characters, the first {LONGEST} are read."
        )
    return remarks


def _read_of(string: str) -> int:
    """How many characters of the string are read."""
    return min(len(string), LONGEST)


def _named(character: str) -> str:
    """A character in a sentence, in HTML; an invisible one, by its code."""
    return "space" if character == " " else html.escape(repr(character))


def _top(p: Tensor, number: int) -> list[int]:
    """The indices of the `number` largest probabilities, in falling order."""
    return p.topk(min(number, len(p))).indices.tolist()


def _states(x: Axis, reading: Reading, here: Sequence[Vertical]) -> Plot:
    num_hiddens = reading.H.shape[1]
    reach = float(reading.H.abs().max()) or 1.0
    # Stronger means further from 0.
    shades = Shades(reading.H.T.numpy() / reach, positive=3, negative=4)
    notes = [
        Note(1.02, 0.1, "H_t, state"),
        Note(1.02, 0.35, f"to {reach:.2g}", 3),
        Note(1.02, 0.55, f"from −{reach:.2g}", 4),
    ]
    y = Axis("hidden unit", 0.5, num_hiddens + 0.5, is_whole=True)
    return Plot(x, y, height=128, shades=shades, verticals=here, notes=notes)


def _cost(x: Axis, reading: Reading, here: Sequence[Vertical]) -> Plot:
    """How T affects the number of parameters, and the work."""
    (T, num_hiddens), V = reading.H.shape, reading.probabilities.shape[1]
    steps, each = range(1, T + 1), multiplications(V, num_hiddens) / 1000
    parameters = rnn.num_parameters(V, num_hiddens) / 1000
    lines = [
        Line("multiplications so far", steps, [step * each for step in steps], 0,
             points=T < 12),
        Line("parameters", steps, [parameters] * T, 1, dash=1, points=T < 12),
    ]  # fmt: skip
    y = Axis("thousands", 0, 1.1 * max(T * each, parameters))
    return Plot(x, y, lines, height=70, verticals=here)


def _terms(reading: Reading, t: int) -> Plot:
    """The terms as stacked bars, up and down from 0, and their sum."""
    terms = reading.terms(t)
    Z_t = sum(terms)
    positive = negative = torch.zeros_like(Z_t)
    bars = []
    for i, (name, term) in enumerate(zip(TERMS, terms, strict=True)):
        below = torch.where(term >= 0, positive, negative)
        label = f"‖{name}‖ {term.norm():.2g}"
        ends = zip(below.tolist(), (below + term).tolist(), strict=True)
        bars += [
            Bar(unit, 0.76, max(pair), min(pair), i, label, hatched=i == 1)
            for unit, pair in enumerate(ends, start=1)
        ]
        positive, negative = positive + term.clamp(min=0), negative + term.clamp(max=0)
    units, label = range(1, len(Z_t) + 1), f"‖Z_t‖ {Z_t.norm():.2g}"
    sums = Line(label, units, Z_t, "text", points=True, joined=False)
    low, high = float(negative.min()), float(positive.max())
    room = 0.1 * (high - low)
    x = Axis("hidden unit", 0.3, len(Z_t) + 0.7, is_whole=True)
    y = Axis("terms of Z_t", low - room, high + room)
    return Plot(x, y, [sums], height=128, bars=bars)


def _next(P: Tensor, t: int, vocab: text.Vocab, following: int | None) -> Plot:
    """The most probable tokens after step t; the scale is that of all steps."""
    top = min((scale for scale in SCALES if P.max() <= scale), default=1)
    best, bars, notes = _top(P[t - 1], NUM_BARS), [], []
    for place, index in enumerate(best):
        is_it = index == following
        name = "the string's" if is_it else "most probable"
        share = float(P[t - 1, index])
        bars.append(Bar(place, 0.8, share, 0, 4 if is_it else 5, name, is_it))
        at, over = (place + 0.5) / len(best), 1 - (share / top + 0.1) / 1.25
        notes.append(Note(at, over, f"{share:.0%}", align="center"))
    names = [visible(vocab.to_tokens(index)) for index in best]
    ticks, end = range(len(best)), len(best) - 0.5
    x = Axis("next character", -0.5, end, ticks=ticks, names=names)
    y = Axis("probability", 0, 1.25 * top, ticks=(0, top / 2, top))
    return Plot(x, y, height=104, bars=bars, notes=notes)


def _tick(token: str) -> str:
    return "?" if token == text.UNKNOWN else visible(token)
