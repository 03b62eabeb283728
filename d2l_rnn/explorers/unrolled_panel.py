"""The unrolled RNN, drawn: its states, the terms of one, and the next character."""

from __future__ import annotations

import html
from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from d2l_rnn import rnn, text
from d2l_rnn.checks import integer
from d2l_rnn.explorers.answering import Explorer
from d2l_rnn.explorers.controls import Steps, Whole, Words
from d2l_rnn.explorers.drawing import LABEL_SIZE, SMALL, label_axes, legend_above
from d2l_rnn.explorers.unrolled import (
    Reading,
    corpus,
    multiplications,
    steps_of,
    trained,
)
from d2l_rnn.explorers.wording import visible
from d2l_rnn.pictures import COLOURS, Picture, style

LONGEST = 50  # characters of the string that are read: more columns would not fit
NUM_BARS = 8
TERMS = ("X_t W_xh", "H_t-1 W_hh", "b_h")
HATCHES = ("", "////", "....")


def draw(
    reading: Reading, indices: Sequence[int], vocab: text.Vocab, t: int
) -> Picture:
    """The reading as a picture, at time step t = 1 … T.

    From top to bottom: the hidden states of all time steps; the terms of Z_t; the
    probabilities of the next character, and the cost of the steps.
    """
    figure = Picture(6.4, 4.9, layout="none")
    _draw_states(figure, reading, [vocab.to_tokens(index) for index in indices], t)
    _draw_terms(figure.add_axes((0.14, 0.418, 0.84, 0.2)), reading, t)
    following = indices[t] if t < len(indices) else None
    p = reading.probabilities[t - 1]
    _draw_next(figure.add_axes((0.14, 0.085, 0.365, 0.19)), p, vocab, following)
    _draw_cost(figure.add_axes((0.645, 0.085, 0.335, 0.19)), reading, t)
    return figure


class UnrolledRNN(Explorer):
    """A character RNN that reads what you type, unrolled: step through it.

    `step` is at most the length of `string`. At the end, it follows the end as the
    string grows; it also moves there if the string becomes too short for it.

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
    ) -> tuple[Picture, str]:
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
        words.observe(lambda _: self._fit(), "value")
        return super()._panel()

    def _fit(self) -> None:
        """Set the slider's maximum to the length of the string."""
        slider, length = self.widgets["step"], max(1, _read_of(self.string))
        is_at_end = slider.value == slider.max
        slider.max = length
        if is_at_end:
            slider.value = length


def describe(reading: Reading, string: str, vocab: text.Vocab, t: int) -> str:
    """Step t of a reading, as HTML."""
    T, num_hiddens = reading.H.shape
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


def _draw_states(figure: Figure, reading: Reading, tokens: list[str], t: int) -> None:
    T, num_hiddens = reading.H.shape
    axes = figure.add_axes((0.14, 0.757, 0.735, 0.23))
    reach = float(reading.H.abs().max())
    # Darker means further from 0: violet above it, orange below.
    image = axes.imshow(
        reading.H.T.numpy(), cmap="PuOr", vmin=-reach, vmax=reach, aspect="auto",
        interpolation="nearest", extent=(0.5, T + 0.5, num_hiddens + 0.5, 0.5),
    )  # fmt: skip
    axes.axvspan(
        t - 0.5, t + 0.5, fill=False, edgecolor="black", linewidth=2, clip_on=False
    )
    axes.set_xticks(range(1, T + 1), [_tick(token) for token in tokens])
    axes.get_xticklabels()[t - 1].set_fontweight("bold")
    axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    axes.set_xlabel("X_t, character read", labelpad=1, **SMALL)
    axes.set_ylabel("hidden unit", **SMALL)
    axes.tick_params(length=2, labelsize=LABEL_SIZE)
    bar = figure.colorbar(image, cax=figure.add_axes((0.885, 0.757, 0.015, 0.23)))
    bar.set_ticks([-reach, 0, reach], labels=[f"{-reach:.2g}", "0", f"{reach:.2g}"])
    bar.ax.tick_params(length=2, labelsize=LABEL_SIZE)
    figure.text(
        0.985, 0.875, "H_t, hidden state", rotation=90, ha="center", va="center",
        **SMALL,
    )  # fmt: skip


def _draw_terms(axes: Axes, reading: Reading, t: int) -> None:
    """The terms as stacked bars, up and down from 0, and their sum."""
    units = range(1, reading.H.shape[1] + 1)
    terms = reading.terms(t)
    Z_t = sum(terms)
    positive = negative = torch.zeros_like(Z_t)
    axes.plot(
        units, Z_t.numpy(), "D", color="black", markersize=3.5, zorder=3,
        label=f"‖Z_t‖ = {Z_t.norm():.2g}",
    )  # fmt: skip
    looks = zip(TERMS, terms, COLOURS[:3], HATCHES, strict=True)
    for name, term, colour, hatch in looks:
        below = torch.where(term >= 0, positive, negative)
        _stairs(
            axes, below, below + term, facecolor=colour, hatch=hatch,
            edgecolor="white", linewidth=0, label=f"‖{name}‖ = {term.norm():.2g}",
        )  # fmt: skip
        positive = positive + term.clamp(min=0)
        negative = negative + term.clamp(max=0)
    label_axes(axes, "hidden unit", "terms of Z_t")
    axes.axhline(0, color="black", linewidth=0.8)
    low, high = float(negative.min()), float(positive.max())
    room = 0.1 * (high - low)
    axes.set(xlim=(0.4, len(units) + 0.6), ylim=(low - room, high + room))
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    legend_above(axes, ncols=4, place="left", x=-0.1)


def _draw_next(axes: Axes, p: Tensor, vocab: text.Vocab, following: int | None) -> None:
    best = _top(p, NUM_BARS)
    shares = [float(p[index]) for index in best]
    places = range(len(best))
    bars = axes.bar(places, shares, 0.8, color=COLOURS[5], edgecolor="black")
    if following in best:
        bars[best.index(following)].set(facecolor=COLOURS[4], hatch="//")
    for place, share in zip(places, shares, strict=True):
        axes.text(place, share + 0.03, f"{share:.0%}", ha="center", fontsize=8)
    label_axes(axes, "next character", "probability")
    axes.grid(axis="x", visible=False)
    axes.set(xlim=(-0.6, NUM_BARS - 0.4), ylim=(0, 1.15), yticks=(0, 0.5, 1))
    axes.set_xticks(places, [visible(vocab.to_tokens(index)) for index in best])


def _draw_cost(axes: Axes, reading: Reading, t: int) -> None:
    """How T affects the number of parameters, and the work."""
    (T, num_hiddens), V = reading.H.shape, reading.probabilities.shape[1]
    steps, each = range(T + 1), multiplications(V, num_hiddens)
    parameters = rnn.num_parameters(V, num_hiddens)
    lines = {
        "multiplications": [step * each for step in steps],
        "parameters": [parameters for _ in steps],
    }
    for i, (name, values) in enumerate(lines.items()):
        marker = "so"[i]
        axes.plot(steps, values, marker=marker, markevery=[t], label=name, **style(i))
    label_axes(axes, "time steps", "")
    axes.set(xlim=(0, 1.06 * T), ylim=(0, 1.1 * max(T * each, parameters)))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(4))
    axes.yaxis.set_major_formatter("{x:,.0f}")
    legend_above(axes, ncols=2, place="right", x=1.04)


def _stairs(axes: Axes, bottom: Tensor, top: Tensor, **look) -> None:
    """Bars around 1, 2, 3 …, as a single shape, which is faster to draw than many."""
    gaps = torch.full_like(top, torch.nan)
    bottom, top = (torch.stack((y, gaps), 1).flatten()[:-1] for y in (bottom, top))
    edges = torch.arange(1, len(gaps) + 1).unsqueeze(1) + torch.tensor([-0.38, 0.38])
    axes.stairs(
        top.numpy(), edges.flatten().numpy(), baseline=bottom.numpy(), fill=True, **look
    )


def _tick(token: str) -> str:
    return "?" if token == text.UNKNOWN else visible(token)
