"""Charts: the numbers for the browser, the picture of the same, and what is refused."""

import json
import math

import numpy as np
import pytest
from driving import fits

from d2l_rnn.explorers.chart import (
    Axis,
    Band,
    Bar,
    Chart,
    Level,
    Line,
    Mark,
    Note,
    Plot,
    Shades,
    Vertical,
)

X, Y = Axis("t", 0, 10, is_whole=True), Axis("height", 1e-3, 1e3, log=True)
RISING = Line("rising", [1, 2, 3], [1.0, 10.0, math.inf], 2, dash=1, leaves_ghost=True)
LEVEL = Line("level", [0, 10], [2, 2], "quiet")


def everything():
    return Plot(
        X, Y, [RISING, LEVEL], height=150,
        bands=[Band(10, 1e9, 1, "high"), Band(1, 2, label="early", upright=True)],
        bars=[Bar(5, 1, 100, 1, 3, "bar", hatched=True)], levels=[Level(20, "twenty")],
        verticals=[Vertical(4)], notes=[Note(0.5, 0.5, "here", align="center")],
        marks=[Mark(2, 10.0, "square", 1), Mark(7, "top", "up", 3, "infinite"),
               Mark(8, "top", "up", 3, "infinite")],
    )  # fmt: skip


def numbers(sent):
    return np.frombuffer(sent, "<f8").tolist()


def without_bytes(sent):
    """What goes as JSON: all but the buffers, which go beside it."""
    if isinstance(sent, dict):
        return {key: without_bytes(each) for key, each in sent.items()}
    if isinstance(sent, list):
        return [without_bytes(each) for each in sent]
    return None if isinstance(sent, bytes) else sent


# For the browser


def test_lines_are_sent_as_numbers_with_their_looks():
    (figure,) = Chart([everything()]).for_browser()["figures"]
    line, level = figure["plots"][0]["lines"]
    assert numbers(line["x"]) == [1, 2, 3]
    assert numbers(line["y"]) == [1, 10, math.inf]
    assert (line["label"], line["colour"], line["dash"]) == ("rising", 2, 1)
    assert level["colour"] == "quiet"


def test_axes_and_all_else_are_what_figure_js_reads():
    chart = Chart([everything()], margin=70).for_browser()
    (figure,), (plot,) = chart["figures"], chart["figures"][0]["plots"]
    assert chart["right"] == 70
    assert figure["x"] == {
        "label": "t", "min": 0, "max": 10, "log": False, "isWhole": True,
        "ticks": None, "names": None,
    }  # fmt: skip
    assert (plot["label"], plot["min"], plot["max"]) == ("height", 1e-3, 1e3)
    assert plot["log"] and plot["height"] == 150
    assert plot["levels"] == [
        {"at": 20, "label": "twenty", "colour": "quiet", "dash": 3}
    ]
    assert plot["marks"][1]["y"] == "top" and plot["marks"][1]["label"] == "infinite"
    assert plot["bands"][1]["upright"] and plot["bars"][0]["hatched"]


def test_it_can_be_sent():
    """As JSON, which has no infinite numbers, and buffers."""
    plot = Plot(X, Axis("y", 0, 5, ticks=range(5), names="abcde"), [RISING],
                shades=Shades(np.ones((4, 9))))  # fmt: skip
    for chart in (Chart([everything()]), Chart([plot])):
        json.dumps(without_bytes(chart.for_browser()), allow_nan=False)


def test_plots_in_a_row_with_the_same_x_are_one_figure():
    y, other = Axis("y", 0, 1), Axis("u", 0, 9)
    plots = [Plot(X, y), Plot(Axis("t", 0, 10, is_whole=True), y), Plot(other, y),
             Plot(X, y)]  # fmt: skip
    figures = Chart(plots).for_browser()["figures"]
    assert [len(each["plots"]) for each in figures] == [2, 1, 1]
    assert [each["x"]["label"] for each in figures] == ["t", "u", "t"]


def test_shades_are_sent_row_by_row():
    sent = Shades(np.array([[0.0, 1.0, -1.0], [0.5, 0.0, 0.0]])).for_browser()
    assert numbers(sent["table"]) == [0, 1, -1, 0.5, 0, 0]
    assert sent["columns"] == 3


# Ghosts


def chart_of(*lines):
    return Chart([Plot(X, Y, lines), Plot(X, Y, [LEVEL])])


def test_a_line_that_has_moved_leaves_a_ghost_behind_the_others():
    moved = Line("rising", [1, 2, 3], [2.0, 20.0, 200.0], 2, leaves_ghost=True)
    shown = chart_of(moved, LEVEL).after(chart_of(RISING, LEVEL), "before: a = 1")
    assert shown.ghost == shown.for_browser()["ghost"] == "before: a = 1"
    ghost, *others = shown.plots[0].lines
    assert others == [moved, LEVEL]
    assert ghost.is_where(RISING)
    assert (ghost.colour, ghost.label, ghost.dash) == ("quiet", "", RISING.dash)
    assert ghost.width < RISING.width
    assert list(shown.plots[1].lines) == [LEVEL]


def test_where_nothing_has_moved_there_is_none():
    gap = Line("gap", [1, 2], [math.nan, 1], leaves_ghost=True)
    for lines in ([RISING], [gap], [LEVEL]):
        chart = chart_of(*lines)
        assert chart.after(chart_of(*lines), "before: a = 1") is chart


def test_lines_that_leave_none_leave_none():
    shown = chart_of().after(chart_of(LEVEL), "before: a = 1")
    assert len(shown.plots[0].lines) == 0 and shown.ghost == ""


# The picture


def test_the_picture_draws_the_same():
    picture = Chart([everything()], margin=60).picture()
    (axes,) = picture.axes
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 10), (1e-3, 1e3))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("t", "height")
    assert axes.get_yscale() == "log"
    rising = next(line for line in axes.lines if line.get_label() == "rising")
    np.testing.assert_array_equal(rising.get_ydata(), [1, 10, math.nan])
    key = [each.get_text() for each in axes.get_legend().get_texts()]
    assert sorted(key) == ["bar", "early", "high", "infinite", "level", "rising"]
    assert {each.get_text() for each in axes.texts} == {"twenty", "here"}
    assert fits(picture)
    assert picture.png().startswith(b"\x89PNG")


def test_the_size_of_the_picture_is_that_of_its_plots():
    one = Chart([everything()]).picture().get_size_inches()
    two = Chart([everything(), everything()]).picture().get_size_inches()
    assert one[0] == two[0] == 6.4
    assert two[1] - one[1] >= 1.5
    bare = Chart([Plot(X, Y, height=150)]).picture().get_size_inches()
    assert bare.tolist() == one.tolist()  # whatever is drawn


def test_a_picture_of_shades_has_their_colours():
    plot = Plot(
        Axis("t", 0.5, 2.5), Axis("unit", 0.5, 1.5), shades=Shades([[1.0, -1.0]])
    )
    (image,) = Chart([plot]).picture().axes[0].images
    above, below = image.get_array()[0]
    assert tuple(above) != tuple(below) and above[3] == below[3] == 1


# What is refused


@pytest.mark.parametrize("ends", [(1, 1), (2, 1), (0, math.inf), (math.nan, 1)])
def test_ends_of_an_axis_that_are_none(ends):
    with pytest.raises(ValueError, match="low and high of the axis 'y' must be finite"):
        Axis("y", *ends)


def test_a_logarithmic_axis_has_no_zero():
    assert Axis("y", 0, 1).low == 0
    with pytest.raises(ValueError, match="and positive, got 0 and 1"):
        Axis("y", 0, 1, log=True)


@pytest.mark.parametrize("x, y", [([1, 2], [1]), (1, 1), ([[1]], [[1]])])
def test_points_that_are_no_line(x, y):
    with pytest.raises(ValueError, match="x and y of the line 'a' must both be"):
        Line("a", x, y)


def test_a_shape_that_no_mark_has():
    with pytest.raises(ValueError, match="shape must be one of 'ring'"):
        Mark(1, 1, "star")


def test_a_ghost_of_another_panel():
    with pytest.raises(ValueError):
        chart_of(LEVEL).after(Chart([Plot(X, Y)]), "before: a = 1")
