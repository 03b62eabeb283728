"""A vocabulary: which tokens of a text it keeps, and what that costs.

By Zipf's law, most of the different words of a text are rare. `min_freq` cuts these
off: the vocabulary shrinks fast, the share of the text that it covers slowly.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from d2l_rnn import text
from d2l_rnn.checks import array, integer, of_type, shown
from d2l_rnn.explorers.chart import Axis, Bar, Chart, Level, Line, Note, Plot
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Choice, Steps, Words
from d2l_rnn.explorers.text_controls import OwnText, TextChoice, in_use, lines_of
from d2l_rnn.explorers.wording import percent, visible, warning

# The ranks that Zipf's line is fitted to: without the first few, where the curve is
# flatter, and without the long tail of words that occur once or twice.
FIRST_RANK, LAST_RANK = 11, 1000
FEW = 100  # with fewer kinds of tokens (characters, say), the line is fitted to all
POINTS = 500  # the most that are drawn
TOP, BEGINNING = 10, 24  # tokens shown of the vocabulary, and of the text
LONGEST = 16  # characters shown of a token


@dataclass(frozen=True, eq=False)
class Census:
    """The tokens of a text, counted, and the vocabulary made from them.

    `freqs` (num_types,) is how often each kind of token occurs, the most frequent
    first; `is_kept` (num_types,) is True for one that has its own index, and False for
    one that becomes `<unk>`. `first_line` is the first line that is not empty.
    """

    vocab: text.Vocab
    freqs: np.ndarray
    is_kept: np.ndarray
    first_line: list[str]

    @property
    def num_tokens(self) -> int:
        """How many tokens the text has, counting every occurrence."""
        return int(self.freqs.sum())

    @property
    def num_unknown(self) -> int:
        """How many tokens of the text become `<unk>`."""
        return int(self.freqs[~self.is_kept].sum())

    @property
    def coverage(self) -> float:
        """The share of the text that does not become `<unk>`."""
        return 1 - self.num_unknown / self.num_tokens


def take_census(
    lines: list[str], token: str = "word", min_freq: int = 0,
    reserved_tokens: Sequence[str] = (),
) -> Census:  # fmt: skip
    """Count the tokens of a text, and make a vocabulary of those frequent enough.

    Raises ValueError if all lines are empty, and as `text.Vocab` does.
    """
    tokens = text.tokenize(lines, token)
    if not any(tokens):
        raise ValueError("lines must have at least one token, got none")
    vocab = text.Vocab(tokens, min_freq, reserved_tokens)
    return Census(
        vocab,
        np.array([freq for _, freq in vocab.token_freqs]),
        np.array([vocab[token] != vocab.unk for token, _ in vocab.token_freqs]),
        next(filter(None, tokens)),
    )


def zipf_line(freqs: np.ndarray) -> tuple[float, float] | None:
    """The alpha and c of Zipf's law, log n_i = -alpha log i + c, by least squares.

    The line is fitted to ranks i from 11 to 1,000, or to all ranks if there are fewer
    than 100. None for a single rank, which has no slope.

    Raises ValueError unless `freqs` are finite numbers over 0, at least one, which fall
    with the rank.
    """
    freqs = array("freqs", freqs)
    are_counts = ((freqs > 0) & np.isfinite(freqs)).all()
    if freqs.ndim != 1 or not len(freqs) or not are_counts:
        raise ValueError(
            f"freqs must be finite numbers over 0 of shape (N,), got {shown(freqs)}"
        )
    if (np.diff(freqs) > 0).any():
        raise ValueError(
            f"freqs must fall, the most frequent token first, got {shown(freqs)}"
        )
    first, last = _fitted(len(freqs))
    if last == first:
        return None
    ranks = np.arange(first, last + 1)
    x, y = np.log(ranks), np.log(freqs[first - 1 : last])
    slope = ((x - x.mean()) @ (y - y.mean())) / ((x - x.mean()) ** 2).sum()
    return -slope, y.mean() - slope * x.mean()


def _fitted(num_types: int) -> tuple[int, int]:
    """The first and the last rank that Zipf's line is fitted to."""
    return (1 if num_types < FEW else FIRST_RANK), min(num_types, LAST_RANK)


def draw(census: Census, min_freq: int) -> Chart:
    """Above, frequency against rank, with Zipf's line; below, the shares kept.

    Raises ValueError if `min_freq` is not an integer of at least 0, or `census` no
    Census.
    """
    of_type(Census, census=census)
    min_freq = integer("min_freq", min_freq, 0)
    return Chart([_ranks(census, min_freq), _shares(census)], margin=112)


def _ranks(census: Census, min_freq: int) -> Plot:
    num_types, most = len(census.freqs), float(census.freqs[0])
    # On a logarithmic axis the later ranks are so close that a few are enough.
    ranks = np.unique(np.geomspace(1, num_types, POINTS).round().astype(int))
    lines = []
    for i, (is_kept, name) in enumerate(((True, "kept"), (False, "<unk>"))):
        number = int((census.is_kept == is_kept).sum())
        drawn = ranks[census.is_kept[ranks - 1] == is_kept]
        label = f"{name}: {number:,}"
        look = {"points": True, "joined": False, "hollow": not is_kept}
        lines.append(Line(label, drawn, census.freqs[drawn - 1], i, **look))
    highest, zipf = max(most, min_freq, 10), zipf_line(census.freqs)
    if zipf is not None:
        alpha, c = zipf
        ends = np.array(_fitted(num_types))
        heights = np.exp(c - alpha * np.log(ends))
        lines.append(Line(_slope(alpha), ends, heights, "text", leaves_ghost=True))
        highest = max(highest, float(heights[0]))
    return Plot(
        Axis("rank of the token", 0.8, 1.25 * max(num_types, 10), log=True),
        Axis("frequency in the text", 0.6, 2 * highest, log=True), lines, height=215,
        levels=[Level(min_freq, f"min_freq = {min_freq}")] if min_freq else [],
    )  # fmt: skip


def _slope(alpha: float) -> str:
    return f"Zipf's line: slope {0 - round(alpha, 2):.2f}".replace("-", "−")


def _shares(census: Census) -> Plot:
    """Two bars: the share kept of the different tokens, and of the text."""
    bars, notes = [], []
    kept = {"different tokens": census.is_kept.mean(), "all the text": census.coverage}
    for row, (name, share) in enumerate(kept.items()):
        end, sides = float(100 * share), {"low": 0.6 - row, "high": 1.4 - row}
        bars += [
            Bar(end / 2, end, colour=0, **sides),
            Bar((100 + end) / 2, 100 - end, colour=1, hatched=True, **sides),
        ]
        words = f"{name}:\n{percent(share)} kept"
        notes.append(Note(1.02, 0.22 + 0.56 * row, words))
    x, y = Axis("share (%)", 0, 100), Axis("", -0.5, 1.5, ticks=())
    return Plot(x, y, height=70, bars=bars, notes=notes)


def describe(census: Census) -> str:
    """The size and coverage of the vocabulary, and its beginning, as HTML.

    Raises ValueError if `census` is no Census.
    """
    of_type(Census, census=census)
    line = zipf_line(census.freqs)
    first, last = _fitted(len(census.freqs))
    zipf = "only one kind of token, so no Zipf exponent" if line is None else (
        f"Zipf exponent <b>{0 + round(line[0], 2):.2f}</b> (ranks {first} to {last:,})"
    )  # fmt: skip
    summary = (
        f"vocabulary: <b>{len(census.vocab):,}</b> tokens · text: "
        f"<b>{census.num_tokens:,}</b> tokens, {len(census.freqs):,} different · "
        f"coverage <b>{html.escape(percent(census.coverage))}</b> · &lt;unk&gt; "
        f"<b>{html.escape(percent(1 - census.coverage))}</b> "
        f"({census.num_unknown:,}) · {zipf}"
    )
    return f"{summary}<br>{_vocabulary(census)}{_first_line(census)}"


def _vocabulary(census: Census) -> str:
    """The first tokens of the vocabulary, each with its index and frequency."""
    counts = dict(census.vocab.token_freqs)
    columns = [
        (_shown(token), index, f"{counts.get(token, 0):,}")
        for index, token in enumerate(census.vocab.idx_to_token[:TOP])
    ]
    unknown, others = columns[0], columns[1:]
    columns = [(warning(unknown[0]), 0, f"{census.num_unknown:,}"), *others]
    return _columns(("vocabulary", "index", "times"), columns, len(census.vocab) > TOP)


def _first_line(census: Census) -> str:
    """The first tokens of the text, each with its index and that index's token."""
    vocab, line = census.vocab, census.first_line
    columns = []
    for token in line[:BEGINNING]:
        index = vocab[token]
        back = _shown(vocab.to_tokens(index))
        columns.append(
            (_shown(token), index, back if index != vocab.unk else warning(back))
        )
    heads = ("first line", "index", "token again")
    return _columns(heads, columns, len(line) > BEGINNING)


def _columns(heads: Iterable, columns: Iterable[tuple], more: bool) -> str:
    """Columns of HTML side by side, wrapped into as many rows as needed."""
    look = "display: inline-block; margin: .4em .8em 0 0; vertical-align: top"
    label = f"<span style='{look}; min-width: 6em'>{'<br>'.join(heads)}</span>"
    cells = "".join(
        f"<span style='{look}; text-align: center; font-family: monospace'>"
        f"{'<br>'.join(map(str, column))}</span>"
        for column in [*columns, *([("…",)] if more else [])]
    )
    return f"<div>{label}{cells}</div>"


def _shown(token: str) -> str:
    """A token in HTML, cut if it is long."""
    token = token if len(token) <= LONGEST else token[: LONGEST - 1] + "…"
    return html.escape(visible(token))


class Vocabulary(ChartExplorer):
    """What a vocabulary keeps of a text, and what becomes `<unk>`."""

    token = Choice(
        "token", {"words": "word", "characters": "char"}, default="word",
        hint="what the text is split into (词元)",
    )  # fmt: skip
    min_freq = Steps(
        "min_freq", (*range(1, 11), 12, 15, 20, 30, 50, 100, 200, 500, 1000), default=1,
        whole=True, hint="tokens that occur less often become <unk>",
    )  # fmt: skip
    reserved_tokens = Words(
        "reserved tokens", placeholder="<pad> <bos> <eos>",
        hint="in the vocabulary whatever the text says, with spaces between (保留词元)",
    )  # fmt: skip
    clean = Choice(
        "cleaning", {"letters a to z only": True, "as it is": False}, default=True,
        hint="Chinese text has to stay as it is",
    )  # fmt: skip
    text = TextChoice()
    own_text = OwnText("choose “my own”, and paste any text here")

    def answer(
        self, token: str, min_freq: int, reserved_tokens: str, clean: bool, text: str,
        own_text: str,
    ) -> tuple[Chart, str]:  # fmt: skip
        """The tokens of this text, and which of them the vocabulary keeps."""
        lines = lines_of(text, in_use(text, own_text), clean)
        census = take_census(lines, token, min_freq, reserved_tokens.split())
        return draw(census, min_freq), describe(census)
