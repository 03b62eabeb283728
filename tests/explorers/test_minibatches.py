"""The minibatches panel, against the two ways of sampling done by hand."""

import io
import itertools
import random
import re

import numpy as np
import pytest
from driving import text_of
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import image

from d2l_rnn import batching, corpora, explorers, text
from d2l_rnn.explorers.minibatches import WAYS, beginning, starts
from d2l_rnn.explorers.minibatches_panel import (
    CELL,
    HEAD,
    LEFT,
    LINE,
    PITCH,
    TALL,
    draw,
    pale,
)
from d2l_rnn.pictures import DENSITY

START = {"batch_size": 3, "num_steps": 10, "offset": 4, "minibatch": 0, "seed": 0}
CHARACTERS = "it was a dark and stormy night " * 8  # 248, so the last line is short
sizes = st.tuples(
    st.integers(100, 300), st.integers(1, 5), st.integers(1, 15), st.integers(0, 14)
).filter(lambda sizes: sizes[3] < sizes[2])


@pytest.fixture(scope="module")
def panel():
    """The panel, which all tests use: each says what it sets, the rest is `START`."""
    return explorers.Minibatches()


def answer(panel, **values):
    """The picture and the words that a setting leads to."""
    panel.set(**{**START, **values})
    assert panel.wait(30)
    words = text_of(panel.view.readout)
    return panel.view.picture, re.sub(r"\s+", " ", words)


# Where the subsequences begin


@given(sizes)
def test_sequential_partitioning_by_hand(sizes):
    num_tokens, batch_size, num_steps, offset = sizes
    length = (num_tokens - offset - 1) // batch_size  # of a row, in tokens
    by_hand = [
        [offset + row * length + number * num_steps for row in range(batch_size)]
        for number in range(length // num_steps)
    ]
    found = starts(
        batching.sequential_partitioning, num_tokens, batch_size, num_steps, offset
    )
    assert found.tolist() == by_hand
    # Row i of a minibatch goes on where row i of the one before it ended.
    assert (np.diff(found, axis=0) == num_steps).all()


@given(sizes, st.integers(0, 20))
def test_random_sampling_by_hand(sizes, seed):
    num_tokens, batch_size, num_steps, offset = sizes
    all_starts = list(range(offset, num_tokens - num_steps, num_steps))
    random.Random(seed).shuffle(all_starts)
    num = len(all_starts) // batch_size
    by_hand = np.reshape(all_starts[: num * batch_size], (num, batch_size))

    way = batching.random_sampling
    found = starts(way, num_tokens, batch_size, num_steps, offset, seed)
    assert found.tolist() == by_hand.tolist()


def num_minibatches(num_tokens, batch_size, num_steps, offset):
    """By hand: the last token is only a label."""
    return (num_tokens - offset - 1) // (batch_size * num_steps)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(sizes)
def test_number_of_minibatches_is_the_same_in_both_ways(way, sizes):
    assert num_minibatches(*sizes) == len(starts(way, *sizes))


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_every_offset_that_is_drawn_can_be_chosen(way):
    drawn = {
        min(X.min().item() for X, _ in way(range(60), 1, 5, random.Random(seed)))
        for seed in range(100)
    }
    for offset in drawn:
        assert starts(way, 60, 1, 5, offset).min() == offset
    for offset in (-1, max(drawn) + 1):
        with pytest.raises(ValueError, match="offset must be an integer from 0 to"):
            starts(way, 60, 1, 5, offset)


# The picture


class Seen:
    """What is seen of each character in a picture, of one of its two ways.

    A hundredth of an inch is a pixel of the page, so the module's sizes are those of
    the picture; its own pixels are DENSITY times as many, of which means are taken.
    """

    def __init__(self, figure, i):
        pixels = image.imread(io.BytesIO(figure.png()), format="png")[..., :3]
        height, width = (size // DENSITY for size in pixels.shape[:2])
        blocks = pixels.reshape(height, DENSITY, width, DENSITY, 3)
        pixels = blocks.mean(axis=(1, 3))
        top = i * (HEAD + 5 * PITCH) + HEAD
        self.cells, self.above, self.below = [], [], []
        for place in range(len(CHARACTERS)):
            line, column = divmod(place, LINE)
            y = top + line * PITCH
            x = LEFT + column * CELL
            columns = pixels[:, x : x + CELL]
            self.cells.append(columns[y : y + TALL])
            self.above.append(columns[y - 14 : y - 3])
            self.below.append(columns[y + TALL : y + TALL + 20])

    def inside(self, place):
        """A cell without its edges, which a frame may cover."""
        return self.cells[place][4:-4, 1:-1]

    def background(self, place):
        """The colour of most of a cell, from 0 to 1."""
        colours, times = np.unique(
            self.inside(place).reshape(-1, 3), axis=0, return_counts=True
        )
        return colours[times.argmax()]

    def darkest(self, place):
        """How light the darkest pixel of a letter is, from 0 to 1."""
        return self.inside(place).mean(axis=-1).min()

    def frame(self, place):
        """How much of the upper edge of a cell is black, from 0 to 1."""
        return (self.cells[place][:1].mean(axis=-1) < 0.3).mean()

    def is_label(self, place):
        """True if the line of the labels passes below the middle of a cell."""
        return self.below[place][4, CELL // 2].mean() < 0.3

    def has_words(self, place):
        """True if something is written above a place and below it."""
        middle = slice(max(place - 2, 0), place + 3)
        above, below = np.hstack(self.above[middle]), np.hstack(self.below[middle])
        return above.min() < 0.5 and below[8:].min() < 0.5


@pytest.fixture(scope="module")
def cuts():
    return {title: starts(way, 248, 2, 7, 3, 1) for title, way in WAYS.items()}


def taken(starts, num_steps=7):
    """The places that subsequences take, by the number of the subsequence's row."""
    return {
        start + t: row for row, start in enumerate(starts) for t in range(num_steps)
    }


@pytest.mark.parametrize("i", [0, 1], ids=WAYS)
def test_picture_puts_each_subsequence_on_its_characters(cuts, i):
    seen = Seen(draw(CHARACTERS, cuts, 7, minibatch=4), i)
    cut = list(cuts.values())[i]
    now, following = taken(cut[4]), taken(cut[5])
    rows = {place: row for starts in cut for place, row in taken(starts).items()}
    for place, sign in enumerate(CHARACTERS):
        is_strong = place in now or place in following
        colour = pale(rows[place], is_strong) if place in rows else 1.0
        assert seen.background(place) == pytest.approx(colour + np.zeros(3), abs=0.01)
        if sign != " ":  # black letters, grey ones where there is no subsequence
            assert (seen.darkest(place) < 0.4) == (place in rows)
    framed = [seen.frame(place) for place in range(len(CHARACTERS))]
    assert {place for place in rows if framed[place] > 0.9} == set(now)
    dashed = np.mean([framed[place] for place in following])
    assert 0.3 < dashed < 0.9
    labels = {place for place in range(len(CHARACTERS)) if seen.is_label(place)}
    assert labels == {place + 1 for place in now}


def test_every_subsequence_has_its_numbers(cuts):
    seen = Seen(draw(CHARACTERS, cuts, 7, minibatch=4), 0)
    cut = cuts["sequential partitioning"]
    in_one_line = [start for start in cut.ravel() if start % LINE <= 53]
    assert len(in_one_line) > 20
    assert all(seen.has_words(start + 3) for start in in_one_line)


def test_rows_have_colours_of_their_own():
    colours = {
        tuple(pale(row, is_strong)) for row in range(5) for is_strong in (False, True)
    }
    assert len(colours) == 10


def test_last_minibatch_has_no_next(cuts):
    num = min(map(len, cuts.values()))

    def legend(minibatch):
        figure = draw(CHARACTERS, cuts, 7, minibatch)
        return [entry.get_text() for entry in figure.legends[0].get_texts()]

    assert f"X of minibatch {num - 1}" in legend(num - 2)
    assert legend(num - 1) == [f"X of minibatch {num - 1}", "its labels Y"]


# The panel


def test_text_is_the_beginning_of_what_there_is(time_machine):
    whole = "".join(map("".join, text.load_lines(time_machine)))
    assert beginning(240) == whole[:240]


def test_without_the_time_machine_the_story_is_cut(offline):
    whole = "".join(text.load_lines(corpora.STORY_PATH))
    assert beginning(240) == whole[:240]


@pytest.mark.parametrize("seed", range(3))
def test_panel_shows_X_and_Y_and_how_they_go_on(panel, seed):
    _, words = answer(panel, minibatch=2, seed=seed)
    characters = beginning(240)
    sequential, sampled = words.split("random sampling, minibatch 2 :")
    for part, (title, way) in zip((sequential, sampled), WAYS.items(), strict=True):
        cut = starts(way, 240, 3, 10, 4, seed)
        for row in range(3):
            start, following = cut[2, row], cut[3, row]
            X, Y = characters[start : start + 10], characters[start + 1 : start + 11]
            goes_on = "goes on at" if following == start + 10 else "at"
            line = f"{row} at {start} {X} {Y} {goes_on} {following} "
            assert re.sub(r"\s+", " ", line) in part, title
    assert sequential.count("goes on") == 3
    assert "7 minibatches of 3 × 10 characters; 30 of 240" in words


@pytest.mark.parametrize(
    "values",
    [{"batch_size": 2}, {"num_steps": 9}, {"offset": 5}, {"minibatch": 3}, {"seed": 1}],
)
def test_every_control_changes_something(panel, values):
    before = answer(panel)
    after = answer(panel, **values)
    assert after[0] != before[0]
    assert after[1] != before[1]
    assert answer(panel) == before


def test_corners(panel):
    for batch_size, num_steps, seed in itertools.product((1, 5), (5, 20), (0, 20)):
        for offset in (0, num_steps - 1):
            num = num_minibatches(240, batch_size, num_steps, offset)
            assert num >= 2  # a slider has to have somewhere to go
            for minibatch in (0, num - 1):
                picture, words = answer(
                    panel, batch_size=batch_size, num_steps=num_steps, offset=offset,
                    minibatch=minibatch, seed=seed,
                )  # fmt: skip
                assert picture.startswith(b"\x89PNG")
                assert f"{num} minibatches" in words


def test_sliders_go_as_far_as_there_is_something(panel):
    answer(panel, num_steps=20, offset=19, minibatch=2)
    panel.widgets["num_steps"].value = 8  # as a reader does
    assert panel.wait(30)
    assert (panel.offset, panel.widgets["offset"].max) == (7, 7)
    assert panel.widgets["minibatch"].max == num_minibatches(240, 3, 8, 7) - 1
    panel.widgets["minibatch"].value = 8
    panel.widgets["batch_size"].value = 5
    assert panel.wait(30)
    assert panel.minibatch == num_minibatches(240, 5, 8, 7) - 1 < 8


def test_sizes_and_what_follows_from_them_can_be_set_at_once(panel):
    answer(panel, num_steps=5, offset=4)
    answer(panel, offset=19, num_steps=20, minibatch=9, batch_size=1)
    assert panel.values == {
        "batch_size": 1, "num_steps": 20, "offset": 19, "minibatch": 9, "seed": 0,
    }  # fmt: skip


@pytest.mark.parametrize(
    "values, complaint",
    [
        ({"offset": 10}, r"offset must .* from 0 to 9 \(num_steps is 10\), got 10"),
        ({"minibatch": 7}, r"minibatch must .* from 0 to 6 \(there are 7 minibatches"),
        ({"num_steps": 6, "offset": 6}, "offset must"),
        ({"batch_size": 5, "minibatch": 4}, "minibatch must"),
        ({"batch_size": 0}, "batch_size must"),
        ({"num_steps": 5.0}, "num_steps must"),
        ({"offset": True}, "offset must"),
        ({"seed": -1}, "seed must"),
        ({"batchsize": 2}, "there is no control 'batchsize'"),
    ],
)
def test_what_cannot_be_is_refused_and_all_stays(panel, values, complaint):
    before = answer(panel)
    with pytest.raises(ValueError, match=complaint):
        panel.set(**values)
    assert panel.values == START
    assert (panel.view.picture, answer(panel)[1]) == before


def test_random_numbers_are_left_alone(panel):
    before = random.getstate()
    answer(panel, seed=7)
    assert random.getstate() == before
