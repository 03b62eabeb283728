"""The finished picture of training runs: what is drawn, and what leaves the axes."""

import math

import pytest
from driving import fits

from d2l_rnn.explorers.training_picture import DASHES, draw
from d2l_rnn.explorers.training_runs import Plan, Run
from d2l_rnn.pictures import COLOURS
from d2l_rnn.progress import Progress
from d2l_rnn.sweeping import Setting

LEVELS = {"guessing": 28.0, "bigram": 9.9}


def run(perplexities, number=0, theta=1.0, held_out=math.nan):
    made = Run.of(Plan(Setting(theta=theta, num_hiddens=8), "story"))
    made.number = number
    for epoch, each in enumerate(perplexities, start=1):
        made.add(
            Progress(
                epoch, each, 1e5, 0.3 * epoch, 0.5, math.isinf(each),
                clipped_norm=min(0.3 * epoch, theta or math.inf),
                held_out_perplexity=held_out,
            )
        )  # fmt: skip
    return made


def test_all_curves_are_drawn_with_their_names_and_last_values():
    first, second = run([20, 10, 5], 0), run([20, 15], 8, theta=0.5)
    picture = draw({"theta 1": first, "theta 0.5": second}, second, LEVELS, 100)
    above, middle, below = picture.axes
    drawn = above.get_lines()
    assert drawn[0].get_ydata().tolist() == [20, 10, 5]
    assert drawn[1].get_ydata().tolist() == [20, 15]
    assert (drawn[0].get_color(), drawn[1].get_color()) == (COLOURS[0], COLOURS[1])
    assert (drawn[0].get_linestyle(), drawn[1].get_linestyle()) == DASHES[:2]
    assert drawn[1].get_linewidth() > drawn[0].get_linewidth()  # the current one
    (legend,) = picture.legends
    names = [each.get_text() for each in legend.get_texts()]
    assert names == ["theta 1 · 5", "theta 0.5 · 15"]
    assert [line.get_ydata().tolist() for line in middle.get_lines()[:2]] == [
        [0.3, 0.6],
        [0.3, 0.5],
    ]
    assert below.get_lines()[0].get_ydata().tolist() == [50, 50]
    assert below.get_xlim() == (0, 100)
    assert fits(picture)


def test_without_clipping_there_is_one_norm_and_no_level():
    of = run([20, 10], theta=None)
    middle = draw({"no clipping": of}, of, LEVELS, 2).axes[1]
    (before,) = middle.get_lines()
    assert before.get_label() == "before clipping" and middle.get_legend() is None


def test_the_names_of_the_norms_stand_above_their_axes_where_no_curve_is():
    of = run([20, 10, 5])
    picture = draw({"this run": of}, of, LEVELS, 3)
    picture.png()
    above, middle = (axes.get_window_extent() for axes in picture.axes[:2])
    legend = picture.axes[1].get_legend().get_window_extent()
    assert middle.y1 <= legend.y0 and legend.y1 <= above.y0


def test_held_out_perplexity_is_the_dotted_twin():
    of = run([20, 10], held_out=12.0)
    above = draw({"this run": of}, of, LEVELS, 2).axes[0]
    learned, held_out = above.get_lines()[:2]
    assert held_out.get_ydata().tolist() == [12, 12]
    assert held_out.get_color() == learned.get_color()
    assert held_out.get_linestyle() == ":"


@pytest.mark.parametrize(
    ("perplexities", "words"),
    [([20, 5e6, 1e9], "1e+09"), ([20, math.inf], "∞"), ([20, 10], None)],
)
def test_where_a_curve_leaves_the_axes_there_is_an_arrow_with_its_value(
    perplexities, words
):
    of = run(perplexities)
    above = draw({"this run": of}, of, LEVELS, 5).axes[0]
    assert above.get_ylim()[1] <= 5 * LEVELS["guessing"]  # others are not flattened
    arrows = [line for line in above.get_lines() if line.get_marker() == "^"]
    told = [each.get_text() for each in above.texts]
    assert bool(arrows) == (words is not None)
    assert words is None or words in told


@pytest.mark.parametrize("number", [1, 3, 12])
def test_many_names_do_not_hide_the_curves(number):
    curves = {f"theta {i}, learning rate {i}": run([20, 10], i) for i in range(number)}
    picture = draw(curves, None, LEVELS, 10)
    picture.png()
    legend = picture.legends[0].get_window_extent()
    assert legend.y0 >= picture.axes[0].get_window_extent().y1 - 1
    assert legend.y1 <= picture.bbox.y1 + 1


def test_without_a_run_there_are_axes():
    assert draw({}, None, LEVELS, 100).png()
