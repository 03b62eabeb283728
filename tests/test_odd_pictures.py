"""Odd input of the pictures: drawn right, in picture and words, or refused by name."""

import decimal
import fractions
import html
import math
import re

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import pyplot
from small_tables import Table

from d2l_rnn import alt_text, diagrams, figures, pictures
from d2l_rnn.pictures import lettering
from d2l_rnn.progress import History, Progress

NAN, INF = math.nan, math.inf
STEPS = range(3)


def record(epoch, perplexity=2.0, norm=1.0, fraction=0.5, **more):
    return Progress(epoch, perplexity, 1.0, norm, fraction, **more)


DIVERGED = record(3, INF, NAN, NAN, diverged=True)


def curve(y, x=STEPS, **more):
    return figures.curves({"a": (x, y)}, "x", "y", **more)


def written(picture):
    """All words of a picture, as matplotlib has them."""
    found = [
        text for axes in picture.axes for text in axes.findobj(matplotlib.text.Text)
    ]
    return [text.get_text() for text in found if text.get_visible()]


def test_a_table_is_drawn_by_its_numbers_not_by_the_names_of_its_columns():
    table = Table({0: [5.0, 6.0], 1: [7.0, 8.0]})
    assert figures.heatmap(table, "x", "y").alt.endswith("row 0: 5, 7; row 1: 6, 8.")
    column = Table({0: [5.0]})
    assert figures.bars(["a"], {"n": column}, "x", "y").alt.endswith("a 5.")
    assert curve(Table({0: [9.0]}), Table({1: [1.0]})).alt.endswith("a is 9.")
    with pytest.raises(ValueError, match="must be a sequence of labels, in an order"):
        figures.bars(Table({"a": ["x"]}), {"n": [5.0]}, "x", "y")


# What is refused


def refused():
    pairs = {"a": (STEPS, STEPS)}
    yield (
        lambda: curve([1, 2]),
        r"x and y of lines\['a'\] must be equally long, .*3 and 2",
    )
    yield lambda: curve([1j, 2, 3]), r"y of lines\['a'\] must hold real numbers"
    yield lambda: curve("abc"), r"y of lines\['a'\] must hold real numbers"
    yield lambda: curve(["1", "2", "3"]), r"y of lines\['a'\] must hold real numbers"
    yield lambda: curve({1: 1, 2: 2, 3: 3}), r"y of lines\['a'\] must hold real numbers"
    yield lambda: curve({1, 2, 3}), r"y of lines\['a'\] must hold real numbers"
    yield lambda: curve(torch.ones(3).to_sparse()), "it is a sparse tensor"
    yield (
        lambda: curve(torch.ones(3, device="meta")),
        r"y of lines\['a'\] must hold real",
    )
    yield lambda: curve(np.ones((3, 2))), r"y of lines\['a'\] must be .* shape \(3, 2\)"
    yield lambda: curve([0, 1, 1e301]), r"y of lines\['a'\] must be at most 1e\+300"
    wider = [np.longdouble("1e400")] if np.finfo(np.longdouble).max > 1e309 else []
    for huge in (decimal.Decimal("1e400"), *wider):
        yield lambda huge=huge: curve([0, 1, huge]), r"y of lines\['a'\] must hold real"
    yield lambda: figures.curves({"a": {(1, 2), (3, 4)}}, "x", "y"), "must be a pair"
    yield lambda: curve([0, 1, 2], log="y"), r"y of lines\['a'\] must be greater than 0"
    yield lambda: curve([1, 1, 2], log="x"), r"x of lines\['a'\] must be greater than 0"
    yield lambda: curve([1, 2, 3], log="z"), "log must be one of"
    yield lambda: curve([1, 2, 3], log=np.array(["x", "y"])), "log must be one of"
    yield lambda: curve([1, 2, 3], levels={"b": NAN}), r"levels\['b'\] must be a finite"
    yield lambda: curve([1, 2, 3], levels={"b": INF}), r"levels\['b'\] must be a finite"
    yield lambda: curve([1, 2, 3], levels={"b": "1"}), r"levels\['b'\] must hold real"
    yield (
        lambda: curve([1, 2, 3], levels={"b": 0}, log="y"),
        r"levels\['b'\] must be greater than 0",
    )
    yield lambda: curve([1, 2, 3], levels=[1]), "levels must be a dict"
    yield lambda: figures.curves({}, "x", "y"), "lines must have at least one curve"
    yield lambda: figures.curves([STEPS], "x", "y"), "lines must be a dict"
    yield (
        lambda: figures.curves({"a": [1, 2, 3]}, "x", "y"),
        r"lines\['a'\] must be a pair",
    )
    yield (
        lambda: figures.curves(pairs, "x", "y", points={"b": (STEPS, [1])}),
        r"x and y of points\['b'\] must be equally long",
    )
    yield lambda: curve([1, 2, 3], alt="  "), "alt must be a text that is not empty"
    history = History([record(1), record(2)])
    yield lambda: figures.perplexity_curves(history), "runs must be a dict {label: hist"
    yield lambda: figures.perplexity_curves({}), "runs must have at least one run"
    yield lambda: figures.perplexity_curves({"a": 3}), r"runs\['a'\] must be a sequence"
    yield lambda: figures.perplexity_curves({"a": [2.0]}), r"runs\['a'\] must be a sequ"
    yield (
        lambda: figures.perplexity_curves({"a": history + history}),
        r"the epochs of runs\['a'\] must rise",
    )
    for value in (0.0, -2.0):
        yield (
            lambda value=value: figures.perplexity_curves({"a": [record(1, value)]}),
            r"perplexity of runs\['a'\] must be greater than 0",
        )
    for value in ("3", 1j, [3], np.array([2.0, 3.0])):
        for field in ("perplexity", "held_out_perplexity"):
            run = [record(1, **{"perplexity": 2.0, field: value})]
            yield (
                lambda run=run: figures.perplexity_curves({"a": run}),
                rf"^{field} of runs\['a'\] must (hold real numbers|be a number in)",
            )
    yield (
        lambda: figures.perplexity_curves({"a": [record(1, None)]}),
        r"perplexity of runs\['a'\] must be a number in each record, got \[None\]",
    )
    yield (
        lambda: figures.perplexity_curves({"a": history}, {"b": -1}),
        r"levels\['b'\] must be greater than 0",
    )
    yield lambda: figures.gradient_norms([]), "history must have at least one record"
    yield lambda: figures.gradient_norms({"a": history}), "history must be a sequence"
    for share in (5.0, INF, -INF, -0.1):
        yield (
            lambda share=share: figures.gradient_norms([record(1, fraction=share)]),
            f"clipped_fraction of history must be from 0 to 1, got {share:g}",
        )
    yield (
        lambda: figures.gradient_norms([record(1, norm=-1)]),
        "gradient_norm of history must be at least 0, got -1",
    )
    yield (
        lambda: figures.gradient_norms([record(1, clipped_norm=-3)], 1),
        "clipped_norm of history must be at least 0, got -3",
    )
    yield (
        lambda: figures.gradient_norms([record(1, norm=None)]),
        r"gradient_norm of history must be a number in each record, got \[None\]",
    )
    for theta in (-1, 0, NAN, INF, "1"):
        yield (
            lambda theta=theta: figures.gradient_norms(history, theta),
            "theta must be a number greater than 0",
        )
        yield (
            lambda theta=theta: diagrams.clipping_ball([[1, 2]], theta),
            "theta must be a number greater than 0",
        )
    for values in ([1, 2], [[]], [], [[[1]]], 3, [[1], [1, 2]], [["a"]], [[1j]], None):
        yield lambda values=values: figures.heatmap(values, "x", "y"), "matrix must"
    yield (
        lambda: figures.heatmap([[NAN, INF]], "x", "y"),
        "matrix must have at least one",
    )
    yield lambda: figures.heatmap([[1e301]], "x", "y"), "matrix must be at most 1e"
    yield (
        lambda: figures.heatmap([[1, 2]], "x", "y", xticks="abc"),
        "xticks must be 2 na",
    )
    yield lambda: figures.heatmap([[1, 2]], "x", "y", yticks=3), "yticks must be a sequ"
    yield (
        lambda: figures.heatmap([[1], [2]], "x", "y", yticks={"a", "b"}),
        "yticks must be a sequence of labels, in an order",
    )
    yield (
        lambda: figures.bars({"a", "b"}, {"": [1, 2]}, "x", "y"),
        "labels must be a sequence of labels, in an order",
    )
    for digits in (-1, 1.5, "1", 21):
        yield (
            lambda digits=digits: figures.heatmap([[1]], "x", "y", digits=digits),
            "digits must be an integer from 0 to 20",
        )
    yield lambda: figures.bars([], {}, "x", "y"), "labels must have at least one label"
    yield (
        lambda: figures.bars("ab", {}, "x", "y"),
        "groups must have at least one group",
    )
    yield lambda: figures.bars("ab", [1, 2], "x", "y"), "groups must be a dict"
    yield lambda: figures.bars(3, {"a": [1]}, "x", "y"), "labels must be a sequence"
    for values in ([1], [1, 2], [1, 2, 3, 4], []):
        yield (
            lambda values=values: figures.bars("abc", {"a": values}, "x", "y"),
            rf"groups\['a'\] must have 3 values, .* got {len(values)}",
        )
    for vectors in ([], [1, 2], [[1, 2, 3]], [[1, NAN]], [[1, INF]], [[1e200, 1]]):
        yield (
            lambda vectors=vectors: diagrams.clipping_ball(vectors, 1),
            "vectors must be",
        )
    for X in ([[5, 3]], [[0, 2]], [[-1, 0]], [[0.5, 1.5]], [0, 1], [[]], [["a"]]):
        yield lambda X=X: diagrams.minibatch_map([X]), "minibatch 0 of minibatches must"
    yield lambda: diagrams.minibatch_map([]), "minibatches must have at least one"
    yield lambda: diagrams.minibatch_map(3), "minibatches must be a sequence, got 3"
    yield lambda: diagrams.minibatch_map({((0, 1),)}), "minibatches must be a sequence"
    yield (
        lambda: diagrams.minibatch_map([[[1e300]]]),
        r"positions .*got \[\[1e\+300\]\]",
    )
    yield lambda: diagrams.minibatch_map([[[INF]]]), r"positions .*got \[\[inf\]\]"
    for steps in (0, 201, 1.5, "3", True):
        yield (
            lambda steps=steps: diagrams.unrolled_rnn(steps),
            "num_steps must be an int",
        )
        yield (
            lambda n=steps: diagrams.latent_autoregression(n),
            "num_steps must be an int",
        )
    yield (
        lambda: diagrams.unrolled_rnn(3, recurrent="no"),
        "recurrent must be True or False",
    )
    for size in (0, -1, NAN, INF, 1000, "6"):
        yield lambda size=size: pictures.Picture(size), "width must be a number"
        yield (
            lambda size=size: pictures.blank("", "", height=size),
            "height must be a num",
        )
    yield lambda: pictures.Picture(320, 320), "width times height must be at most 1,600"
    yield lambda: pictures.Picture(2, 2, "bogus"), "layout must be one of"
    yield lambda: pictures.Picture().png(10), "compress_level must be an integer from 1"
    yield lambda: pictures.Picture().check_while_drawn(3), "check must be a function"
    yield lambda: pictures.style(-1), "i must be an integer"
    axes = pictures.blank("", "")[1]
    yield lambda: pictures.draw_level(axes, NAN, ""), "level must be a finite number"
    yield lambda: pictures.draw_level(axes, 1, "", va="middle"), "va must be one of"
    yield lambda: pictures.draw_level(axes, 1, "", "dots"), "linestyle must be one of"
    yield lambda: pictures.log_ticks(axes.xaxis), "axis must have positive limits"
    yield lambda: alt_text.curves({"a": ([1], [])}, "x", "y"), "must be equally long"
    yield lambda: alt_text.bars("ab", {"a": [1]}, "x", "y"), "must have 2 values"
    yield lambda: alt_text.heatmap([1, 2], "x", "y"), "matrix must"
    for ticks, words in ((["a"], "2 names"), ("abc", "2 names"), (3, "a sequence")):
        yield (
            lambda ticks=ticks: alt_text.heatmap(np.eye(2), "x", "y", xticks=ticks),
            f"xticks must be {words}",
        )
    for steps in (-3, 0, "a"):
        for words in (alt_text.latent_autoregression, alt_text.unrolled_rnn):
            more = () if words is alt_text.latent_autoregression else (True,)
            yield (
                lambda words=words, steps=steps, more=more: words(steps, *more),
                "num_steps must be an integer from 1 to 200",
            )
    yield (
        lambda: alt_text.clipping_ball([[1, 2]], [[1, 2]], -1),
        "theta must be a number greater than 0",
    )
    for norms, clipped, words in (
        ({"x": [1, 2]}, [1, 2], "norms must have those before clipping"),
        (
            {"before": [1]},
            [1, 2],
            r"norms\['before'\] must have 2 values, .* each epoch",
        ),
        ({"before": [1, 2]}, [1], "clipped must have 2 values, one for each epoch"),
    ):
        yield (
            lambda norms=norms, clipped=clipped: alt_text.gradient_norms(
                [1, 2], norms, clipped
            ),
            words,
        )
    yield (
        lambda: alt_text.perplexity_curves({"a": ([1], [2])}, None, {"a": "x"}),
        r"diverged\['a'\] must hold real numbers",
    )
    lines, groups = {"a": ([1], [2])}, {"g": [1, 2]}
    yield lambda: figures.curves(lines, None, "y"), "xlabel must be a string, got None"
    yield lambda: figures.curves(lines, "x", ["y"]), "ylabel must be a string, got "
    yield lambda: figures.bars([1, 2], groups, "x", "y", 3), "title must be a string"


REFUSED = list(refused())


@pytest.mark.parametrize(("draw", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_it_is_refused_by_the_name_of_the_argument(draw, words):
    before = dict(matplotlib.rcParams)
    with pytest.raises(ValueError, match=words):
        draw()
    assert pyplot.get_fignums() == []
    assert dict(matplotlib.rcParams) == before


# Any kind of numbers


@pytest.mark.parametrize(
    "values",
    [
        torch.tensor([1.0, 4.0, 2.0], requires_grad=True),
        torch.tensor([1, 4, 2]), torch.tensor([1, 4, 2], dtype=torch.bfloat16),
        torch.tensor([1, 4, 2], dtype=torch.float16), np.array([1, 4, 2], np.float16),
        np.array([1, 4, 2], np.uint8), np.array([[1], [4], [2]]),
        {1: 1, 2: 4, 3: 2}.values(),
        [torch.tensor(1.0, requires_grad=True), 4, fractions.Fraction(2)],
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_numbers_of_all_kinds_are_the_same(values):
    picture = curve(values)
    assert picture.axes[0].lines[0].get_ydata().tolist() == [1, 4, 2]
    assert "goes from 1 to 2, between 1 and 4" in picture.alt
    assert figures.bars("abc", {"": values}, "x", "y").alt.endswith("a 1, b 4, c 2.")
    matrix = values.reshape(1, 3) if hasattr(values, "reshape") else [list(values)]
    assert figures.heatmap(matrix, "x", "y").alt.endswith("row 0: 1, 4, 2.")


def test_what_can_be_read_once_is_drawn_all_the_same():
    def once(values):
        yield from values

    picture = figures.curves({"a": (once([0, 1]), once([5, 7]))}, "x", "y")
    assert picture.axes[0].lines[0].get_ydata().tolist() == [5, 7]
    run = figures.perplexity_curves({"a": once([record(1, 4.0), record(2, 3.0)])})
    assert run.axes[0].lines[0].get_ydata().tolist() == [4, 3]
    assert "falls from 4 to 3" in run.alt
    assert "is 1" in figures.gradient_norms(once([record(1)])).alt
    bars = figures.bars(once("ab"), {"a": once([1, 2])}, "x", "y")
    assert len(bars.axes[0].patches) == 2 and "a 1, b 2" in bars.alt
    minibatches = diagrams.minibatch_map(once([[[0, 1]], [[2, 3]]]))
    assert len(minibatches.axes[0].patches) == 2 and "2 minibatches" in minibatches.alt


NUMBERS = st.lists(
    st.floats(-1e300, 1e300) | st.sampled_from([NAN, INF, -INF, 0.0]), max_size=6
)


@given(NUMBERS, st.booleans())
@settings(max_examples=30)
def test_any_numbers_are_on_the_axes_or_said_to_be_missing(values, as_points):
    given = {"a": (range(len(values)), values)}
    lines, points = ({}, given) if as_points else (given, {})
    picture = figures.curves(lines, "x", "y", points=points)
    seen = [each for each in values if math.isfinite(each)]
    low, high = picture.axes[0].get_ylim()
    if seen:
        room = 1e-9 * (high - low)
        assert low - room <= min(seen) and max(seen) <= high + room
    else:
        assert "a (no finite value)" in written(picture)
        assert re.search("no finite value|without a value", picture.alt)


@given(NUMBERS.filter(len))
@settings(max_examples=30)
def test_any_numbers_are_bars_or_words(values):
    picture = figures.bars(range(len(values)), {"a": values}, "x", "y")
    heights = [bar.get_height() for bar in picture.axes[0].patches]
    assert heights == [each if math.isfinite(each) else 0 for each in values]
    num_words = sum(not math.isfinite(each) for each in values)
    assert len(picture.axes[0].texts) == num_words


# Gaps, single points, what cannot be drawn


def test_a_point_between_gaps_is_a_dot():
    (line,) = curve([1, NAN, 3]).axes[0].lines
    assert line.get_marker() == "o" and line.get_markevery() == [0, 2]
    (line,) = curve([1, 2, NAN]).axes[0].lines
    assert line.get_marker() == "None"


def test_a_gap_in_x_is_a_gap_in_the_words_too():
    picture = curve([1, 2, 300], x=[0, 1, NAN])
    assert "0 to 1. a rises from 1 to 2." in picture.alt
    assert np.isnan(picture.axes[0].lines[0].get_ydata()[2])
    cloud = figures.curves({}, "x", "y", points={"a": ([0, 1, INF], [1, 2, 3])})
    assert "a: 2 points, 1 to 2" in cloud.alt


def test_a_curve_without_a_value_says_so():
    for y, log in (([NAN] * 3, ""), ([INF] * 3, "y"), ([NAN] * 3, "xy")):
        picture = curve(y, x=[1, 2, 3], log=log)
        assert "a (no finite value)" in written(picture)
        assert "a has no finite value" in picture.alt
    assert "(no finite value)" in written(figures.curves({"": ([], [])}, "x", "y"))
    assert "a (no finite value)" in written(figures.perplexity_curves({"a": []}))
    norms = figures.gradient_norms([DIVERGED], theta=1)
    assert {"before (no finite value)", "after (no finite value)"} <= {*written(norms)}


def test_one_value_and_equal_values():
    assert "x, 1. a is 7" in curve([7], x=[1]).alt
    assert "a stays at 7" in curve([7, 7, 7]).alt
    flat = figures.heatmap(np.full((6, 6), 7), "x", "y")
    assert flat.alt.endswith("All 36 values are 7.") and flat.png()
    assert figures.heatmap([[7]], "x", "y", digits=1).alt.endswith("row 0: 7.")
    assert figures.bars("a", {"": [7]}, "x", "y").alt == "1 bar, y against x. a 7."


SINGLE = np.array([[3e38, -3e38]], np.float32)
TINY = [1e-310, 1.0, 2.0]
RIGHT = {
    "float32": lambda: figures.heatmap(SINGLE, "x", "y", digits=1),
    "cells": lambda: figures.heatmap([[1e300, -1e300], [1e-310, 2]], "x", "y"),
    "a curve": lambda: curve(TINY, log="y"),
    "points": lambda: figures.curves({}, "x", "y", points={"a": (TINY, TINY)}),
    "bars": lambda: figures.bars("abc", {"": TINY}, "x", "y"),
    "arrows": lambda: diagrams.clipping_ball([[1e-310, 1e-150]], 1e-300),
    "a run": lambda: figures.perplexity_curves({"a": [record(1, np.float32(2))]}),
    "norms": lambda: figures.gradient_norms([record(1, norm=np.float32(2))], 1e-310),
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_numbers_are_drawn_whatever_numpy_is_told_to_raise(name):
    with np.errstate(all="raise"):
        picture = RIGHT[name]()
        assert picture.png()
    assert picture.alt == RIGHT[name]().alt


def test_a_held_out_perplexity_of_none_was_not_measured():
    run = [record(e, held_out_perplexity=y) for e, y in ((1, 5.0), (2, None))]
    assert figures.perplexity_curves({"a": run}).alt.endswith("held-out text is 5.")


@pytest.mark.parametrize("log", ["", "y", "xy"])
@pytest.mark.parametrize("values", [[1, 10, 1e300], [1e-300, 1, 1e300], [1e-300] * 3])
def test_numbers_near_the_largest_are_drawn(values, log):
    picture = curve(values, x=[1e-9, 1, 1e300], log=log)
    picture.png()
    low, high = picture.axes[0].get_ylim()
    assert low <= min(values) and max(values) <= high


def test_a_value_that_has_no_bar_is_written_in_its_place():
    picture = figures.bars("abcd", {"": [NAN, INF, -INF, 2]}, "x", "y")
    assert {"NaN", "∞", "−∞"} <= {*written(picture)}
    assert "a undefined, b infinite, c minus infinite, d 2" in picture.alt
    many = figures.bars(range(30), {"a": [NAN, *range(29)]}, "x", "y")
    assert many.alt.endswith("from 0 at 1 to 28 at 29, 1 not finite.")


def test_cells_without_a_finite_value_are_grey_and_change_no_other():
    values = [[0, 1], [2, 3]]
    picture = figures.heatmap([[0, NAN], [INF, 3]], "x", "y", digits=0)
    (image,), (same,) = (
        each.axes[0].images for each in (picture, figures.heatmap(values, "x", "y"))
    )
    assert image.get_clim() == same.get_clim() == (0, 3)
    seen, whole = (each.to_rgba(each.get_array()) for each in (image, same))
    np.testing.assert_array_equal(seen[0, 0], whole[0, 0])
    np.testing.assert_array_equal(seen[1, 1], whole[1, 1])
    np.testing.assert_allclose(seen[0, 1], seen[1, 0])
    assert np.ptp(seen[0, 1][:3]) == 0 and 0.5 < seen[0, 1][0] < 0.95
    assert {"nan", "inf", "0", "3"} <= {*written(picture)}
    large = np.arange(36.0).reshape(6, 6)
    large[0] = INF
    words = figures.heatmap(large, "x", "y").alt
    assert words.endswith("6 values not finite. From 6 at row 1, column 0 to 35 at "
                          "row 5, column 5.")  # fmt: skip


# Runs


def test_a_run_that_diverged_shows_where():
    history = History([record(1, 4.0), record(2, 3.0), DIVERGED])
    picture = figures.perplexity_curves({"a": history})
    assert "diverged at epoch 3" in written(picture)
    assert picture.alt.startswith("Diverged: a at epoch 3.")
    norms = figures.gradient_norms(history, theta=1)
    assert "diverged at epoch 3" in written(norms)
    assert norms.alt.startswith("Diverged at epoch 3.")
    assert norms.axes[0].get_xlim()[1] >= 3


def test_an_infinite_perplexity_between_others_is_a_gap():
    picture = figures.perplexity_curves({"a": [record(1), record(2, INF), record(3)]})
    assert np.isnan(picture.axes[0].lines[0].get_ydata()[1])
    assert "diverged at epoch 2" in written(picture)


def test_an_infinite_perplexity_on_held_out_text_is_marked():
    run = [record(e, held_out_perplexity=y) for e, y in ((1, 5.0), (2, NAN), (3, INF))]
    picture = figures.perplexity_curves({"a": run})
    assert "held out: infinite at epoch 3" in written(picture)
    assert "a, held-out text at epoch 3" in picture.alt
    assert "a, held-out text is 5" in picture.alt


def test_a_huge_perplexity_is_drawn_or_counts_as_infinite():
    run = [record(1), record(2, 1e299), record(3, 1e308)]
    picture = figures.perplexity_curves({"a": run}, {"guessing": 28})
    assert "diverged at epoch 3" in written(picture)
    assert "rises from 2 to 1e+299" in picture.alt


# Arrows


@given(st.floats(0, 2 * math.pi), st.floats(-140, 140), st.floats(-140, 140))
@settings(max_examples=30)
def test_clipping_keeps_the_direction_at_any_length(angle, length, radius):
    vector = 10**length * np.array([math.cos(angle), math.sin(angle)])
    theta = 10**radius
    picture = diagrams.clipping_ball([vector], theta)
    after = picture.axes[0].texts[1].xy
    expected = vector if length <= radius else vector * 10 ** (radius - length)
    np.testing.assert_allclose(after, expected, rtol=1e-9)
    assert ("stays as it is" in picture.alt) == np.array_equal(after, vector)


# Labels

LABELS = [
    "_hidden", "a_b", "$", "$$", "$5 to $6", "$\\nothing$", "<b>&amp;", "a\nb", "词元",
    "🙂", "👩‍👩‍👧", "\x00", "\ud800", "עברית", 'say "x"', "^", "%", "\\",
]  # fmt: skip


@pytest.mark.parametrize("label", LABELS, ids=ascii)
def test_a_label_is_shown_as_it_is(label):
    shown = lettering.text_of(label).replace("$", "\\$")
    pictured = [
        figures.curves({label: (STEPS, STEPS), "other": (STEPS, [2, 1, 0])},
                       label, label, label, levels={label: 1}),
        figures.bars([label, "other"], {label: [1, 2], "b": [3, 4]}, label, label),
        figures.heatmap([[1, 2]], label, label, label, [label, "other"], [label]),
        figures.perplexity_curves({label: [record(1)], "other": [record(1)]}),
    ]  # fmt: skip
    pictured[0].png()
    for picture in pictured:
        picture.png = lambda: b""
        assert not shown or shown in written(picture)
        data, _ = picture._repr_mimebundle_()
        assert f'alt="{html.escape(picture.alt)}"' in data["text/html"]
        data["text/html"].encode()
    if isinstance(label, str) and label.isprintable():
        assert all(label in picture.alt for picture in pictured)


def test_a_formula_is_still_one_and_read_without_its_marks():
    picture = curve([1, 2, 3], title="$x_{t-1}$ for $5 or $6")
    assert picture.axes[0].get_title() == "$x_{t-1}$ for \\$5 or \\$6"
    assert picture.alt.startswith("x_t-1 for $5 or $6: y against x")
    assert picture.png()


def test_characters_that_no_font_has_are_boxes(monkeypatch):
    monkeypatch.setattr(lettering, "_fallbacks", lambda: ())
    font = matplotlib.font_manager.FontProperties()
    words, found = lettering.readable("a词🙂\t", font)
    assert words == "a□□ " and found.get_family() == font.get_family()
    assert lettering.readable("H‖₂x̂␣", font) == ("H‖₂x̂␣", font)


def test_chinese_is_drawn_where_a_font_has_it():
    if not lettering._fallbacks():
        pytest.skip("this machine has no such font")
    font = matplotlib.font_manager.FontProperties()
    assert lettering.readable("词元", font)[0] == "词元"
    one, two = (figures.bars(sign, {"": [1]}, "x", "y").png() for sign in "词元")
    assert one != two


def test_of_many_names_the_first_are_in_the_legend():
    lines = {f"curve {i}": (STEPS, [i] * 3) for i in range(300)}
    picture = figures.curves(lines, "x", "y")
    names = [each.get_text() for each in picture.axes[0].get_legend().get_texts()]
    assert names[0] == "curve 0" and names[-1] == "and 285 more" and len(names) == 16
    assert len(picture.axes[0].lines) == 300 and picture.png()
    assert "and 294 more" in picture.alt


@pytest.mark.parametrize("label", ["W" * 300, "word " * 99, "词" * 200])
def test_long_labels_leave_room_for_the_axes(label):
    lines = {label: (STEPS, STEPS), "b": (STEPS, STEPS)}
    for picture in (
        figures.curves(lines, "x", "y", levels={label: 1}),
        figures.bars([label, "b"], {label: [1, 2], "b": [1, 2]}, "x", "y"),
        figures.heatmap([[1, 2]], "x", "y", yticks=[label], xticks=[label, "b"]),
    ):
        picture.png()
        assert picture.axes[0].get_window_extent().width > 50


def test_many_bars_and_cells_have_some_names():
    picture = figures.bars(range(200), {"": range(200)}, "x", "y")
    ticks = picture.axes[0].get_xticklabels()
    assert len(ticks) <= 60 and ticks[1].get_text() == str(
        round(ticks[1].get_position()[0])
    )
    assert len(picture.axes[0].patches) == 200
