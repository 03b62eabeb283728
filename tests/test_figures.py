import io
import math
import sys
import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest
from matplotlib import image

from d2l_rnn import diagrams, figures, pictures
from d2l_rnn.training import Progress


@pytest.fixture
def run():
    return [Progress(e, 28 / e, 1000.0, 2.0 / e, 1 / e) for e in range(1, 9)]


@dataclass(frozen=True)
class Measured(Progress):
    """A training record that also has a perplexity on held-out text."""

    held_out_perplexity: float = math.nan


def measured(run, *perplexities):
    """A run with these perplexities on held-out text, and nothing else measured."""
    values = [*perplexities, *[math.nan] * (len(run) - len(perplexities))]
    return [
        Measured(each.epoch, each.perplexity, 1000.0, 1.0, 0.0, held_out_perplexity=y)
        for each, y in zip(run, values, strict=True)
    ]


@pytest.fixture
def diverged(run):
    return [*run[:4], Progress(5, math.inf, 1000.0, math.nan, math.nan, True)]


def pixels(picture):
    return image.imread(io.BytesIO(picture.png()), format="png")


def every_kind(run, diverged):
    x = np.arange(5.0)
    yield figures.curves({"a": (x, x), "b": (x, x**2)}, "x", "y", points={"p": (x, x)})
    yield figures.curves({"a": (x + 1, x + 1)}, "x", "y", levels={"one": 1}, log="xy")
    yield figures.perplexity_curves({"fine": run, "not": diverged}, {"guessing": 28})
    yield figures.gradient_norms(run, theta=1)
    yield figures.heatmap(np.eye(3), "to", "from", xticks="abc", yticks="abc", digits=1)
    yield figures.bars(["a", "b"], {"one": [1, 2], "two": [3, 4]}, "x", "y")
    yield diagrams.minibatch_map([np.arange(10).reshape(2, 5)])
    yield diagrams.clipping_ball([[3, 4], [0.1, 0.2], [0, 0]], theta=1)


def test_every_picture_is_a_png_with_labelled_axes(run, diverged):
    for picture in every_kind(run, diverged):
        assert picture.png()[:4] == b"\x89PNG"
        assert pixels(picture).std() > 0.01  # something is drawn
        assert picture.axes[0].get_ylabel()
        assert any(axes.get_xlabel() for axes in picture.axes)


@pytest.mark.parametrize(
    "diagram", [diagrams.unrolled_rnn, diagrams.latent_autoregression]
)
def test_diagrams_show_every_step(diagram):
    for num_steps in (1, 4):
        axes = diagram(num_steps).axes[0]
        labels = [text.get_text() for text in axes.texts]
        for t in range(1, num_steps + 1):
            assert any(f"_{{{t}}}" in label for label in labels)
        assert pixels(diagram(num_steps)).std() > 0.01


def test_a_matrix_with_both_signs_has_a_colour_for_each_and_0_in_the_middle():
    image = figures.heatmap([[-1, 0], [2, 3]], "to", "from", digits=0).axes[0].images[0]
    assert image.get_clim() == (-3, 3)
    one_sign = figures.heatmap([[1, 2]], "to", "from").axes[0].images[0]
    assert one_sign.get_clim() == (1, 2)
    assert one_sign.cmap.name != image.cmap.name


@pytest.mark.parametrize("lowest", [0, -10])
def test_a_number_in_a_heat_map_stands_out_from_its_cell(lowest):
    axes = figures.heatmap([range(lowest, 11)], "x", "y", digits=0).axes[0]
    (row,) = axes.images[0].to_rgba(axes.images[0].get_array())
    for text, colour in zip(axes.texts, row, strict=True):
        behind = colour[:3] ** 2.2 @ [0.2126, 0.7152, 0.0722]
        letters = 1.0 if text.get_color() == "white" else 0.0
        lighter, darker = max(behind, letters), min(behind, letters)
        assert (lighter + 0.05) / (darker + 0.05) > 4.5  # WCAG's contrast for text


def test_without_recurrence_nothing_goes_from_step_to_step():
    def parts(**options):
        axes = diagrams.unrolled_rnn(3, **options).axes[0]
        labels = [text.get_text() for text in axes.texts]
        return labels, len(axes.patches)

    labels, num_nodes = parts()
    assert "$H_{0}$" in labels and labels.count("$W_{hh}$") == 3 and num_nodes == 10
    labels, num_nodes = parts(recurrent=False)
    assert "$H_{0}$" not in labels and "$W_{hh}$" not in labels and num_nodes == 9


def test_latent_states_sum_up_the_past_inputs_only():
    labels = [t.get_text() for t in diagrams.latent_autoregression(2).axes[0].texts]
    assert {"$x_{1}$", "$x_{2}$", "$h_{1}$", "$h_{3}$", r"$\hat{x}_{3}$"} <= set(labels)
    assert not {"$x_{0}$", "$x_{3}$", "$h_{0}$", r"$\hat{x}_{1}$"} & set(labels)


def test_curves_differ_in_colour_and_in_line_style():
    lines = {str(i): ([0, 1], [i, i]) for i in range(5)}
    drawn = figures.curves(lines, "x", "y").axes[0].lines
    for one, next_one in zip(drawn, drawn[1:], strict=False):
        assert one.get_color() != next_one.get_color()
        assert one.get_linestyle() != next_one.get_linestyle()


def test_a_perplexity_curve_is_what_it_was_given(run):
    (line,) = figures.perplexity_curves({"run": run}).axes[0].lines
    assert line.get_xdata().tolist() == list(range(1, 9))
    assert line.get_ydata() == pytest.approx([28 / e for e in range(1, 9)])


def drawn(picture):
    """The curves of a picture, by their names in its legend."""
    named = {line.get_label(): line for line in picture.axes[0].lines}
    legend = [entry.get_text() for entry in picture.axes[0].get_legend().get_texts()]
    return {label: named[label] for label in legend}


def test_held_out_perplexity_is_a_second_curve_in_the_same_colour(run):
    one, two = measured(run, 30, 20, 15), measured(run[:4], 29, 28, 27, 26)
    lines = drawn(figures.perplexity_curves({"one": one, "two": two}))
    assert list(lines) == [
        f"{name}, {which} text"
        for name in ("one", "two")
        for which in ("training", "held-out")
    ]
    for name, values in (("one", [30, 20, 15]), ("two", [29, 28, 27, 26])):
        training, held_out = (
            lines[f"{name}, {which} text"] for which in ("training", "held-out")
        )
        assert held_out.get_ydata().tolist() == values
        assert held_out.get_xdata().tolist() == list(range(1, len(values) + 1))
        assert training.get_ydata()[:2].tolist() == [28, 14]
        assert training.get_color() == held_out.get_color()
        assert (training.get_linestyle(), held_out.get_linestyle()) == ("-", "--")
    colours = {line.get_color() for line in lines.values()}
    markers = {line.get_marker() for line in lines.values()}
    assert len(colours) == len(markers) == 2


def test_a_run_without_held_out_text_is_solid_beside_one_with_it(run):
    both = {"a": run, "b": measured(run, 9, 8)}
    lines = drawn(figures.perplexity_curves(both))
    assert list(lines) == ["a", "b, training text", "b, held-out text"]
    assert [line.get_linestyle() for line in lines.values()] == ["-", "-", "--"]


def test_a_single_run_with_held_out_text_has_a_legend(run):
    assert len(drawn(figures.perplexity_curves({"a": measured(run, 9)}))) == 2
    nowhere = figures.perplexity_curves({"a": measured(run)})
    assert len(nowhere.axes[0].lines) == 1 and nowhere.axes[0].get_legend() is None


def tick_labels(low, high):
    figure, axes = pictures.blank("x", "y")
    axes.set(yscale="log", ylim=(low, high))
    pictures.log_ticks(axes.yaxis)
    figure.png()
    labels = axes.get_yticklabels()
    return [each.get_text() for each in labels if low <= each.get_position()[1] <= high]


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0.9, 60, ["1", "2", "5", "10", "20", "50"]),
        (0.9, 2e4, ["1", "10", "100", "1,000", "10,000"]),
        (1e-3, 1, ["0.001", "0.01", "0.1", "1"]),
        (0.5, 2e6, ["10⁰", "10¹", "10²", "10³", "10⁴", "10⁵", "10⁶"]),
        (1e-300, 1, [*(f"10⁻{n}" for n in ("³⁰⁰", "²⁵⁰", "²⁰⁰", "¹⁵⁰", "¹⁰⁰", "⁵⁰")),
                     "10⁰"]),
    ],
)  # fmt: skip
def test_a_logarithmic_axis_has_plain_numbers_or_powers_of_ten(low, high, labels):
    assert tick_labels(low, high) == labels


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (lambda: diagrams.unrolled_rnn(0), "num_steps"),
        (lambda: diagrams.latent_autoregression(1.5), "num_steps"),
        (lambda: diagrams.clipping_ball([[3, 4]], theta=0), "theta"),
        (lambda: figures.curves({}, "x", "y", log="z"), "log"),
    ],
)
def test_what_cannot_be_drawn_is_refused_by_name(draw, name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        draw()


@pytest.mark.parametrize("growth", [0.99, 0.7, 1.5, 20, 1e5])
def test_the_perplexity_axis_has_numbers_whatever_its_range(growth):
    run = [Progress(e, 25.0 * growth**e, 1.0, 1.0, 1.0) for e in range(1, 9)]
    picture = figures.perplexity_curves({"run": run}, {"guessing": 28})
    picture.png()
    axis = picture.axes[0].yaxis
    bottom, top = sorted(axis.get_view_interval())
    labelled = [
        tick
        for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks())
        if bottom <= tick.get_loc() <= top and tick.label1.get_text()
    ]
    assert 2 <= len(labelled) <= 14


def test_a_diverged_run_says_where_it_ended(diverged):
    axes = figures.perplexity_curves({"run": diverged}).axes[0]
    assert "diverged at epoch 5" in [text.get_text() for text in axes.texts]
    assert axes.lines[0].get_xdata().tolist() == [1, 2, 3, 4]


def test_a_run_of_one_epoch_is_a_dot(run):
    for picture in (
        figures.perplexity_curves({"run": run[:1]}),
        figures.gradient_norms(run[:1]),
    ):
        assert all(axes.lines[0].get_marker() == "o" for axes in picture.axes)


def test_more_groups_than_colours_are_drawn():
    groups = {str(i): [i, 1] for i in range(9)}
    assert pixels(figures.bars(["a", "b"], groups, "x", "y")).std() > 0.01


def test_a_run_that_diverges_at_once_has_a_picture_all_the_same(diverged):
    at_once = [replace(diverged[-1], epoch=1)]
    assert pixels(figures.perplexity_curves({"run": at_once})).std() > 0.01
    assert pixels(figures.perplexity_curves({"run": []})).std() > 0.001


def test_gradient_norms_before_and_after_clipping(run):
    run = [
        replace(record, clipped_norm=min(record.gradient_norm, 0.5)) for record in run
    ]
    before, after, theta = figures.gradient_norms(run, 0.5).axes[0].lines
    np.testing.assert_allclose(before.get_ydata(), [r.gradient_norm for r in run])
    np.testing.assert_allclose(after.get_ydata(), [r.clipped_norm for r in run])
    assert set(theta.get_ydata()) == {0.5}
    (only,) = figures.gradient_norms(run).axes[0].lines  # nothing was clipped
    np.testing.assert_allclose(only.get_ydata(), before.get_ydata())


def test_clipping_ball_shortens_only_what_is_outside():
    axes = diagrams.clipping_ball([[3, 4], [0.1, 0.2]], theta=1).axes[0]
    ends = [arrow.xy for arrow in axes.texts]
    np.testing.assert_allclose(ends[:2], [[3, 4], [0.6, 0.8]])
    np.testing.assert_allclose(ends[2:], [[0.1, 0.2], [0.1, 0.2]])


def test_a_picture_is_drawn_in_any_thread(run):
    drawn = []
    thread = threading.Thread(
        target=lambda: drawn.append(figures.perplexity_curves({"run": run}).png())
    )
    thread.start()
    thread.join()
    assert drawn == [figures.perplexity_curves({"run": run}).png()]


def test_a_screen_shows_nothing_outside_a_notebook(run, capsys):
    pictures.Screen().show(figures.perplexity_curves({"run": run}))
    assert capsys.readouterr() == ("", "")


def test_a_screen_in_a_notebook_shows_one_picture_the_latest(run, monkeypatch):
    pytest.importorskip("IPython")
    import IPython
    from IPython import display

    shown = []

    class Handle:
        def update(self, picture):
            shown.append(("update", picture))

    def show(picture, display_id):
        shown.append(("display", picture))
        return Handle()

    monkeypatch.setattr(IPython, "get_ipython", lambda: object())
    monkeypatch.setattr(display, "display", show)
    screen = pictures.Screen()
    one, two = figures.gradient_norms(run), figures.gradient_norms(run, 1)
    screen.show(one)
    screen.show(two)
    assert shown == [("display", one), ("update", two)]


def test_without_ipython_a_screen_shows_nothing(run, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "IPython", None)
    pictures.Screen().show(figures.gradient_norms(run))
    assert capsys.readouterr() == ("", "")


def test_the_bar_beside_a_heat_map_has_a_name():
    picture = figures.heatmap([[1, 2]], "to", "from", label="weight")
    assert picture.axes[1].get_ylabel() == "weight"
    assert picture.alt.startswith("Heat map of weight: 1 row, from, and 2 columns, to")
    assert figures.heatmap([[1, 2]], "to", "from").axes[1].get_ylabel() == ""
