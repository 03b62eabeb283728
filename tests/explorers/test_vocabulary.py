"""The vocabulary panel, against counts by hand."""

import itertools
import math
import random
import re
import statistics
from collections import Counter

import numpy as np
import pytest
from driving import fits, shown, text_of
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import corpora, explorers, text
from d2l_rnn.explorers import vocabulary
from d2l_rnn.explorers.vocabulary import take_census, zipf_line

CHINESE = "旅人有一口小钟，钟里住着昨天、今天和明天。\n他拨一下指针，昨天就来敲门。"
START = {
    "token": "word", "min_freq": 1, "reserved_tokens": "", "clean": True,
    "text": "story", "own_text": "",
}  # fmt: skip
ODD_TEXTS = {
    "one letter": "a", "an emoji": "😀", "a sign": "?", "Chinese": CHINESE,
    "HTML": "<b>&amp;</b> <script>", "half a sign": "\ud83d x",
    "not printable": "a\x00b\u200d", "special tokens": "<unk> <unk> <pad>",
    "one word": "word " * 50_000, "one long word": "字" * 300_000,
}  # fmt: skip
words = st.lists(st.sampled_from(["a", "b", "c", "d", "e", "<unk>", "<pad>"]))
lines = st.lists(words.map(" ".join), min_size=1).filter(any)


@pytest.fixture(scope="module")
def story():
    return text.load_lines(corpora.STORY_PATH)


@pytest.fixture(scope="module")
def panel():
    """The panel, which all tests use: each says what it sets, the rest is `START`."""
    return explorers.Vocabulary(text="story")


def answer(panel, **values):
    """The picture and the words that a setting leads to."""
    panel.set(**{**START, **values})
    assert panel.wait(30)
    return shown(panel), text_of(panel.view.readout)


# The census


@given(lines, st.integers(0, 4), st.sampled_from([(), ("<pad>", "<bos>"), ("e",)]))
def test_census_counts_what_the_vocabulary_keeps(lines, min_freq, reserved):
    running = " ".join(lines).split()
    counts = Counter(running)
    kept = {
        word for word, count in counts.items()
        if word != "<unk>" and (count >= min_freq or word in reserved)
    }  # fmt: skip

    census = take_census(lines, "word", min_freq, reserved)

    assert sorted(census.freqs, reverse=True) == list(census.freqs)
    assert Counter(census.freqs.tolist()) == Counter(counts.values())
    assert census.num_tokens == len(running)
    assert census.is_kept.sum() == len(kept)
    assert census.num_unknown == sum(word not in kept for word in running)
    assert census.coverage == pytest.approx(np.mean([w in kept for w in running]))
    assert len(census.vocab) == len(kept | {"<unk>", *reserved})
    assert census.first_line == next(line for line in lines if line).split()


def test_census_by_hand():
    census = take_census(["", "a b a c", "a b d"], "word", 2, ["<pad>"])

    assert list(census.vocab) == ["<unk>", "<pad>", "a", "b"]
    assert census.freqs.tolist() == [3, 2, 1, 1]
    assert census.is_kept.tolist() == [True, True, False, False]
    assert (census.num_tokens, census.num_unknown) == (7, 2)
    assert census.coverage == pytest.approx(5 / 7)
    assert census.first_line == ["a", "b", "a", "c"]


@pytest.mark.parametrize("min_freq, size", [(1, 4580), (2, 2183), (5, 825), (20, 219)])
def test_census_of_the_time_machine(time_machine, min_freq, size):
    census = take_census(text.load_lines(time_machine), "word", min_freq)
    assert (len(census.vocab), census.num_tokens) == (size, 32775)


# Zipf's line


@given(st.floats(0, 3), st.integers(2, 2000))
def test_zipf_line_of_an_exact_law(alpha, num_types):
    freqs = np.sort(1e9 * np.arange(1, num_types + 1.0) ** -alpha)[::-1]
    fitted, c = zipf_line(freqs)
    assert fitted == pytest.approx(alpha, abs=1e-9)
    assert c == pytest.approx(math.log(1e9))


@pytest.mark.parametrize(
    "num_types, first, last",
    [(2, 1, 2), (99, 1, 99), (100, 11, 100), (1000, 11, 1000), (3000, 11, 1000)],
)
def test_zipf_line_is_least_squares_in_the_middle(num_types, first, last):
    freqs = np.sort(np.random.default_rng(0).pareto(1, num_types) + 1)[::-1]
    alpha, c = zipf_line(freqs)
    fit = statistics.linear_regression(
        np.log(range(first, last + 1)).tolist(),
        np.log(freqs[first - 1 : last]).tolist(),
    )
    assert (alpha, c) == pytest.approx((-fit.slope, fit.intercept))


def test_zipf_line_of_a_single_rank():
    assert zipf_line(np.array([7])) is None


def test_zipf_exponent_of_the_time_machine(time_machine):
    """The one that notebook 04 prints."""
    alpha, _ = zipf_line(take_census(text.load_lines(time_machine)).freqs)
    assert round(alpha, 2) == 1.04


def test_tokens_that_are_all_as_frequent_have_the_exponent_0():
    assert "Zipf exponent <b>0.00</b>" in vocabulary.describe(take_census(["a b c"]))


# The picture


def test_picture_tells_the_kept_from_the_unknown(story):
    census = take_census(story, "char", 100)
    kept, lost, line, level = vocabulary.draw(census, 100).picture().axes[0].lines

    counts = sorted(Counter("".join(story)).values(), reverse=True)
    points = set(enumerate(counts, start=1))
    drawn_kept, drawn_lost = (
        set(zip(*curve.get_data(), strict=True)) for curve in (kept, lost)
    )
    assert drawn_kept == {point for point in points if point[1] >= 100}
    assert drawn_lost == points - drawn_kept
    assert drawn_kept and drawn_lost
    assert kept.get_color() != lost.get_color()
    assert kept.get_markerfacecolor() != lost.get_markerfacecolor() == "white"
    assert level.get_ydata()[0] == 100
    slope = np.diff(np.log(line.get_ydata())) / np.diff(np.log(line.get_xdata()))
    assert slope == pytest.approx(-zipf_line(census.freqs)[0])


def test_picture_shows_the_shares(story):
    census = take_census(story, "word", 3)
    chart = vocabulary.draw(census, 3)
    above, below = chart.plots
    widths = [bar.width for bar in below.bars]
    of_the_kinds = 100 * census.is_kept.mean()
    of_the_text = 100 * census.coverage
    assert widths == pytest.approx(
        [of_the_kinds, 100 - of_the_kinds, of_the_text, 100 - of_the_text]
    )
    assert 0 < of_the_kinds < of_the_text < 100
    assert [note.label for note in below.notes] == [
        f"different tokens:\n{of_the_kinds:.1f}% kept",
        f"all the text:\n{of_the_text:.1f}% kept",
    ]
    num_kept, num_kinds = census.is_kept.sum(), len(census.freqs)
    labels = [line.label for line in above.lines[:2]]
    assert labels == [f"kept: {num_kept:,}", f"<unk>: {num_kinds - num_kept:,}"]
    assert [level.label for level in above.levels] == ["min_freq = 3"]
    assert fits(chart.picture())


def test_picture_of_many_kinds_draws_a_few_of_them():
    census = take_census([" ".join(map(str, range(20_000)))])
    kept, *_ = vocabulary.draw(census, 1).picture().axes[0].lines
    ranks = kept.get_xdata()
    assert (ranks[0], ranks[-1]) == (1, 20_000)
    assert len(ranks) <= 500


# The panel


def test_panel_says_what_it_found(panel, story):
    _, words = answer(panel, min_freq=2)
    census = take_census(story, "word", 2)
    assert f"vocabulary: {len(census.vocab):,} tokens" in " ".join(words.split())
    assert f"{census.num_tokens:,}" in words
    assert f"{100 * census.coverage:.1f}%" in words
    assert f"{zipf_line(census.freqs)[0]:.2f}" in words
    assert "<unk>" in words


def test_panel_shows_the_first_line_there_and_back(panel):
    _, words = answer(
        panel, text="own", own_text="\nto be or not\nto be", min_freq=2,
        reserved_tokens="<pad>",
    )  # fmt: skip
    first_line = re.sub(r"\s+", " ", words).split("first line")[1]
    assert first_line.split() == [
        "index", "token", "again", "to", "2", "to", "be", "3", "be",
        "or", "0", "<unk>", "not", "0", "<unk>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {"token": "char"}, {"min_freq": 5}, {"reserved_tokens": "<pad> <bos> <eos>"},
        {"clean": False}, {"text": "own", "own_text": "a b a"},
    ],
)  # fmt: skip
def test_every_control_changes_something(panel, values):
    before = answer(panel)
    after = answer(panel, **values)
    assert after[1] != before[1]
    # Reserved tokens are not in the text, so the picture of it stays.
    assert (after[0] != before[0]) != ("reserved_tokens" in values)
    assert answer(panel) == before


def test_corners(panel):
    for token, min_freq, clean in itertools.product(
        ("word", "char"), (1, 1000), (True, False)
    ):
        _, words = answer(panel, token=token, min_freq=min_freq, clean=clean)
        assert fits(panel.picture)
        assert "vocabulary" in words


@pytest.mark.parametrize("token", ["word", "char"])
@pytest.mark.parametrize("own_text", ODD_TEXTS.values(), ids=ODD_TEXTS)
def test_any_text_goes(panel, own_text, token):
    answer(
        panel, text="own", own_text=own_text, token=token, clean=False,
        reserved_tokens="<pad>",
    )  # fmt: skip
    assert fits(panel.picture)
    assert len(panel.view.readout) < 10_000
    panel.view.readout.encode()  # can be sent to the browser


def test_what_the_reader_types_is_escaped(panel):
    answer(panel, text="own", own_text="<script> &", clean=False, reserved_tokens="<i>")
    assert "<script" not in panel.view.readout
    assert "<i>" not in panel.view.readout
    assert "&lt;script&gt;" in panel.view.readout


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"text": "own"}, "own_text"),
        ({"text": "own", "own_text": CHINESE}, "clean must be False"),
        ({"reserved_tokens": "<pad> <pad>"}, "reserved_tokens"),
        ({"reserved_tokens": "<unk>"}, "reserved_tokens"),
    ],
)
def test_what_cannot_be_is_said_and_the_picture_stays(panel, values, complaint):
    image, _ = answer(panel)
    panel.set(**values)
    with pytest.raises(ValueError, match=complaint):
        panel.wait(30)
    assert complaint in panel.view.readout
    assert shown(panel) == image


@pytest.mark.parametrize(
    "values",
    [
        {"min_freq": 0}, {"min_freq": 2.5}, {"token": "words"}, {"clean": "no"},
        {"text": "bible"}, {"own_text": None},
    ],
)  # fmt: skip
def test_values_that_no_control_has(panel, values):
    (name,) = values
    with pytest.raises(ValueError, match=f"{name} must be"):
        panel.set(**values)


def test_random_numbers_are_left_alone(panel):
    before = random.getstate(), np.random.get_state()[1].tolist()
    answer(panel, min_freq=7)
    assert (random.getstate(), np.random.get_state()[1].tolist()) == before
