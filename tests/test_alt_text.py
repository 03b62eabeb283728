"""Every picture says in words what it shows, with its numbers; long lists are cut."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from d2l_rnn import alt_text, diagrams, figures, pictures
from d2l_rnn.training import Progress

RUN = [
    Progress(e, 28 / e, 1000.0, 2 / e, 1 / e, clipped_norm=min(1, 2 / e))
    for e in range(1, 9)
]
DIVERGED = [*RUN[:4], Progress(5, math.inf, 1000.0, math.nan, math.nan, True)]
LINE = {"linear": (range(1, 5), [8, 4, 2, 1])}
WEATHER = ("sunny", "rainy")
P = [[0.9, 0.1], [0.25, 0.75]]
ROWS = [torch.arange(10).reshape(2, 5), torch.arange(10, 20).reshape(2, 5)]
VECTORS = [[3, 4], [0.3, 0.4]]

# A picture of each kind, as it is drawn with more arguments, and what its text has.
KINDS = [
    (lambda **more: figures.curves(
        LINE, "steps", "RMSE", levels={"noise": 0.2}, **more),
     ["RMSE against steps, 1 to 4", "linear falls from 8 to 1", "noise 0.2"]),
    (lambda **more: figures.perplexity_curves(
        {"good": RUN, "bad": DIVERGED}, {"guessing": 28}, **more),
     ["Perplexity (logarithmic) against epoch, 1 to 8", "good falls from 28 to 3.5",
      "bad falls from 28 to 7", "bad at epoch 5", "guessing 28"]),
    (lambda **more: figures.gradient_norms(RUN, theta=1, **more),
     ["epoch, 1 to 8", "before clipping falls from 2 to 0.25",
      "after clipping falls from 1 to 0.25", "theta = 1",
      "clipped steps, in %, falls from 100 to 12.5"]),
    (lambda **more: figures.heatmap(
        P, "tomorrow", "today", "P", WEATHER, WEATHER, **more),
     ["P: heat map of 2 rows, today, and 2 columns, tomorrow: sunny, rainy",
      "row sunny: 0.9, 0.1; row rainy: 0.25, 0.75"]),
    (lambda **more: figures.bars(
        "ab", {"one": [1, 2], "two": [3, 4.5678]}, "letter", "share", **more),
     ["2 bars, share against letter", "one: a 1, b 2", "two: a 3, b 4.57"]),
    (lambda **more: diagrams.minibatch_map(ROWS, "in order", **more),
     ["In order", "corpus of 2 minibatches", "minibatch 0: 0 to 4, 5 to 9",
      "minibatch 1: 10 to 14, 15 to 19"]),
    (lambda **more: diagrams.clipping_ball(VECTORS, theta=1, **more),
     ["theta = 1", "(3, 4), of length 5, is cut to (0.6, 0.8)",
      "(0.3, 0.4), of length 0.5, stays as it is"]),
    (lambda **more: diagrams.unrolled_rnn(4, **more),
     ["4 time steps", "W_xh", "W_hq", "through W_hh to the next"]),
    (lambda **more: diagrams.latent_autoregression(1, **more),
     ["1 time step.", "x_t-1", "h_t"]),
]  # fmt: skip
NAMES = [
    name
    for module in (figures, diagrams)
    for name, function in vars(module).items()
    if getattr(function, "__module__", "") == module.__name__ and name[0] != "_"
]


@pytest.mark.parametrize(("draw", "parts"), KINDS, ids=NAMES)
def test_every_picture_says_what_it_shows_unless_it_is_told(draw, parts):
    words = draw().alt
    assert [part for part in parts if part not in words] == []
    assert draw(alt='Two <curves> & a "line"').alt == 'Two <curves> & a "line"'


def test_every_function_that_draws_is_here():
    assert len(KINDS) == len(NAMES) == 9


def test_without_recurrence_no_arrow_goes_to_the_next_step():
    words = diagrams.unrolled_rnn(3, recurrent=False).alt
    assert "No arrow goes from one step to the next" in words and "W_hh" not in words


MANY = {f"{i}: {'a long label ' * 9}": (range(9), [i] * 9) for i in range(50)}
LABELS = [f"label {i} {'and on ' * 20}" for i in range(30)]


@pytest.mark.parametrize(
    "picture",
    [
        lambda: figures.curves(MANY, "x " * 99, "y " * 99, "z " * 99, MANY,
                               {name: 1 for name in MANY}),
        lambda: figures.perplexity_curves({name: DIVERGED for name in MANY}),
        lambda: figures.gradient_norms(
            [replace(RUN[0], epoch=i) for i in range(800)], theta=1 / 3),
        lambda: figures.heatmap(np.random.default_rng(0).random((300, 300)), "x", "y",
                                "z"),
        lambda: figures.heatmap(np.arange(30).reshape(6, 5), "x", "y", "z", LABELS[:5],
                                LABELS[:6]),
        lambda: figures.heatmap(np.full((4, 5), math.pi), "x", "y", "z", LABELS[:5],
                                LABELS[:4]),
        lambda: figures.bars(LABELS, {name: range(30) for name in MANY}, "x", "y"),
        lambda: diagrams.minibatch_map(torch.arange(10_000).reshape(50, 10, 20)),
        lambda: diagrams.clipping_ball(np.full((99, 2), math.pi), theta=1),
        lambda: diagrams.unrolled_rnn(30),
        lambda: diagrams.latent_autoregression(30),
    ],
)  # fmt: skip
def test_long_lists_are_cut(picture):
    words = picture().alt
    assert 20 < len(words) <= 600
    assert "\n" not in words


def test_of_many_lines_the_first_are_described_and_the_others_counted():
    lines = {f"c = {i}": ([0, 1], [0, i]) for i in range(1, 11)}
    words = alt_text.curves(lines, "x", "y")
    assert "c = 6 rises from 0 to 6; and 4 more." in words and "c = 7" not in words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([1, 2, 4], "rises from 1 to 4"),
        ([17.5, 9, 1.26, 1.3], "falls from 17.5 to 1.3"),  # almost
        ([0, 3, -3, 1], "goes from 0 to 1, between -3 and 3"),
        ([2, 2, 2], "stays at 2"),
        ([2], "is 2"),
        ([math.nan, 5, math.inf, 3], "falls from 5 to 3"),
        ([], "has no finite value"),
        ([torch.tensor(1.0), torch.tensor(0.5)], "falls from 1 to 0.5"),
    ],
)
def test_the_course_of_a_curve(values, words):
    described = alt_text.curves({"a": (range(len(values)), values)}, "x", "y")
    assert described.endswith(f". a {words}.")


def test_points_have_a_number_a_range_and_alone_a_correlation():
    points = {"days": (range(5), [1, 3, 2, 5, 4])}
    assert "days: 5 points, 1 to 5, correlation 0.8" in alt_text.curves(
        {}, "x", "y", points=points
    )
    assert alt_text.curves(LINE, "x", "y", points=points).endswith("5 points, 1 to 5.")
    gaps = {"days": ([0, 1, math.inf, 3], [1, 2, 3, 4])}
    assert alt_text.curves({}, "x", "y", points=gaps).endswith("correlation 1.")
    constant = {"days": (range(5), [2] * 5)}
    assert alt_text.curves({}, "x", "y", points=constant).endswith("5 points, 2.")


def test_a_logarithmic_axis_is_named():
    described = alt_text.curves(LINE, "n", "time", log="x")
    assert described.startswith("Time against n (logarithmic), 1 to 4.")


def test_a_large_matrix_has_its_lowest_and_its_highest_value():
    matrix = np.arange(30.0).reshape(5, 6)
    matrix[0, 1] = math.nan
    words = alt_text.heatmap(matrix, "to", "from", yticks="abcde")
    assert words.endswith("From 0 at row a, column 0 to 29 at row e, column 5.")
    one_hot = alt_text.heatmap(np.eye(6), "to", "from")
    assert one_hot.endswith("6 values are 1, the others 0.")
    assert "No value is finite" in alt_text.heatmap(matrix * math.nan, "to", "from")


def test_a_small_matrix_has_all_values_and_the_names_it_is_given():
    words = alt_text.heatmap(np.array([[0.12345, 2]]), "to", "from")
    assert words == "Heat map of 1 row, from, and 2 columns, to. row 0: 0.123, 2."
    words = alt_text.heatmap(
        np.array([[1, 2]]), "to", "from", xticks=np.array(["a", "b"])
    )
    assert words == "Heat map of 1 row, from, and 2 columns, to: a, b. row 0: 1, 2."


def test_many_bars_have_their_ends():
    words = alt_text.bars(range(1900, 1930), {"rain": range(30)}, "year", "mm")
    assert words == "30 bars, mm against year. rain: from 0 at 1900 to 29 at 1929."


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (170_580, "170,580"), (1234.5, "1,230"), (0.019876, "0.0199"), (-2.0, "-2"),
        (1_111_040, "1,111,040"), (1e10, "1e+10"),
        (1.234e-8, "1.23e-08"), (0.0, "0"), (999.96, "1,000"),
        (math.inf, "infinite"), (math.nan, "undefined"), (np.True_, "1"),
    ],
)  # fmt: skip
def test_numbers_are_whole_or_have_three_digits(value, words):
    assert alt_text.number(value) == words


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("surprise: $-\\log P$ (nats)", "surprise: -log P (nats)"),
        ("$x_{t-1}$", "x_t-1"), ("␣", "space"), (" ", "space"),
        ("character (␣ is a space)", "character (space is a space)"), (3, "3"),
        ("two\n lines", "two lines"), ("a" * 99, "a" * 39 + "…"),
    ],
)  # fmt: skip
def test_labels_are_read_without_marks(label, words):
    assert alt_text.plain(label) == words


def test_no_text_is_the_one_of_a_picture_without_a_description():
    for draw, _ in KINDS:
        assert not draw().alt.startswith(pictures.UNDESCRIBED)
        assert not re.search("colour|color", draw().alt)


# ---- odd arguments ----


@pytest.mark.parametrize("title", [torch.zeros(2), np.zeros(3), [1, 2]], ids=str)
def test_a_title_is_written_as_it_is(title):
    said = alt_text.minibatch_map(ROWS, title)
    assert said.casefold().startswith(alt_text.plain(title).casefold())


@pytest.mark.parametrize("alt", [torch.zeros(2), np.zeros(2), 3, "  "], ids=str)
@pytest.mark.parametrize("draw, _", KINDS)
def test_an_alt_text_is_a_text(draw, _, alt):
    with pytest.raises(ValueError, match="alt must be a text that is not empty, got"):
        draw(alt=alt)


ODD = {
    "log": (lambda: alt_text.curves(LINE, "x", "y", log=torch.ones(2)), "log must be"),
    "z": (lambda: alt_text.curves(LINE, "x", "y", log="z"), "log must be one of"),
    "diverged": (
        lambda: alt_text.perplexity_curves(LINE, diverged=RUN[0]),
        "diverged must be a dict",
    ),
    "norms": (
        lambda: alt_text.gradient_norms([1], (), [1]), "norms must be a dict",
    ),
    "none before": (
        lambda: alt_text.gradient_norms([1], {"x": [1]}, [1]),
        "norms must have those before clipping, got",
    ),
    "theta": (
        lambda: alt_text.gradient_norms(
            [1], {"before": [1]}, [1], torch.tensor(1.0, device="meta")
        ),
        "theta must be a number greater than 0",
    ),
    "kept": (
        lambda: alt_text.clipping_ball(VECTORS, VECTORS[:1], 1),
        "kept must have 2 vectors, got 1",
    ),
    "vectors": (
        lambda: alt_text.clipping_ball([[1, 2, 3]], VECTORS, 1),
        "vectors must be of shape",
    ),
    "recurrent": (
        lambda: alt_text.unrolled_rnn(3, torch.ones(2)), "recurrent must be True",
    ),
    "too many rows": (
        lambda: alt_text.minibatch_map([[[0, 1]]] * 1001),
        "minibatches must have at most 1,000 subsequences .* got 1,001",
    ),
}  # fmt: skip


@pytest.mark.parametrize("call, message", ODD.values(), ids=ODD)
def test_what_cannot_be_said_is_told(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_clipped_vectors_may_be_tensors():
    said = alt_text.clipping_ball(torch.tensor(VECTORS), torch.tensor(VECTORS), 9)
    assert said == alt_text.clipping_ball(np.array(VECTORS), np.array(VECTORS), 9)
