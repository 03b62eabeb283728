"""The minibatches panel, against the two ways of sampling done by hand."""

import itertools
import random
import re

import numpy as np
import pytest
from driving import text_of
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from d2l_rnn import batching, corpora, explorers, text
from d2l_rnn.explorers import minibatches
from d2l_rnn.explorers.minibatches import WAYS, num_minibatches, starts
from d2l_rnn.figures import GREY

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
    words = text_of(panel.readout)
    return bytes(panel.image.value), re.sub(r"\s+", " ", words)


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


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@given(sizes)
def test_number_of_minibatches(way, sizes):
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


def places(rectangles):
    """The places in the text that rectangles cover, by their corners in the picture."""
    covered = []
    for (x0, y0), (x1, _) in rectangles:
        line = int(y0 // minibatches.PITCH)
        first, last = ((x - minibatches.LEFT) / minibatches.CELL for x in (x0, x1))
        covered += [
            minibatches.LINE * line + i for i in range(round(first), round(last))
        ]
    return sorted(covered)


def boxes(collection, top):
    """The corners of the rectangles in a collection, the first line at 0."""
    extents = [path.get_extents() for path in collection.get_paths()]
    return [(box.min - (0, top), box.max - (0, top)) for box in extents]


@pytest.fixture(scope="module")
def cuts():
    return {title: starts(way, 248, 2, 7, 3, 1) for title, way in WAYS.items()}


def test_picture_puts_each_subsequence_on_its_characters(cuts):
    figure = minibatches.picture(CHARACTERS, cuts, 7, minibatch=4)
    axes = figure.axes[0]
    part = minibatches.HEAD + 5 * minibatches.PITCH
    for i, cut in enumerate(cuts.values()):
        cells, now, following, words, letters = axes.collections[5 * i : 5 * i + 5]
        top = i * part + minibatches.HEAD
        used = cut[..., None] + np.arange(7)
        assert places(boxes(cells, top)) == sorted(used.ravel())
        assert places(boxes(now, top)) == sorted(used[4].ravel())
        assert places(boxes(following, top)) == sorted(used[5].ravel())
        assert now.get_linestyle() != following.get_linestyle()

        labels = [line for line in axes.lines if top < line.get_ydata()[0] < top + part]
        lines = [np.transpose(line.get_data()) - (0, top) for line in labels]
        assert places(lines) == sorted((used[4] + 1).ravel())

        assert words.get_paths() == [
            minibatches._number(word)
            for number, row in np.ndindex(cut.shape)
            for word in (f"row {row}", str(number))
        ]
        written = [i for i, sign in enumerate(CHARACTERS) if sign != " "]
        assert letters.get_paths() == [
            minibatches._letter(CHARACTERS[place]) for place in written
        ]
        is_grey = np.all(letters.get_facecolor()[:, :3] == to_rgb(GREY), axis=1)
        assert is_grey.tolist() == [place not in used for place in written]


def test_rows_have_colours_of_their_own(cuts):
    cells = minibatches.picture(CHARACTERS, cuts, 7, 0).axes[0].collections[0]
    rows = {
        row: {tuple(minibatches.pale(row, strong)) for strong in (False, True)}
        for row in (0, 1)
    }
    assert not rows[0] & rows[1]
    drawn = {tuple(colour) for colour in cells.get_facecolor()[:, :3]}
    assert drawn == rows[0] | rows[1]


def test_last_minibatch_has_no_next(cuts):
    num = min(map(len, cuts.values()))

    def legend(minibatch):
        figure = minibatches.picture(CHARACTERS, cuts, 7, minibatch)
        return [entry.get_text() for entry in figure.legends[0].get_texts()]

    assert f"X of minibatch {num - 1}" in legend(num - 2)
    assert legend(num - 1) == [f"X of minibatch {num - 1}", "its labels Y"]


# The panel


def test_text_is_the_beginning_of_what_there_is(time_machine):
    whole = "".join(map("".join, text.load_lines(time_machine)))
    assert minibatches.beginning() == whole[:240]


def test_without_the_time_machine_the_story_is_cut(monkeypatch):
    story = corpora.Text(corpora.STORY_PATH, "story")
    monkeypatch.setattr(corpora, "find_text", lambda path=None: story)
    whole = "".join(text.load_lines(corpora.STORY_PATH))
    assert minibatches.beginning.__wrapped__() == whole[:240]


@pytest.mark.parametrize("seed", range(3))
def test_panel_shows_X_and_Y_and_how_they_go_on(panel, seed):
    _, words = answer(panel, minibatch=2, seed=seed)
    characters = minibatches.beginning()
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
                image, words = answer(
                    panel, batch_size=batch_size, num_steps=num_steps, offset=offset,
                    minibatch=minibatch, seed=seed,
                )  # fmt: skip
                assert image.startswith(b"\x89PNG")
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
    assert (bytes(panel.image.value), answer(panel)[1]) == before


def test_random_numbers_are_left_alone(panel):
    before = random.getstate()
    answer(panel, seed=7)
    assert random.getstate() == before
