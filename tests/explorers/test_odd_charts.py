"""Charts from odd numbers and labels, and what is refused by name."""

import json
import math

import numpy as np
import pytest
import torch
from torch import Tensor

from d2l_rnn import checks, rnn, text
from d2l_rnn.explorers import (
    autoregression,
    gradient_flow,
    gradient_flow_panel,
    markov_chain,
    minibatches,
    minibatches_panel,
    ngram_text,
    text_controls,
    training_runs,
    unrolled,
    unrolled_panel,
    vocabulary,
)
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

NAN, INF = math.nan, math.inf
X, Y = Axis("x", 0, 10), Axis("y", 0, 10)
LOG = Axis("y", 1, 10, log=True)
NET = rnn.RNNModelScratch(5, 3)
TOKENS = torch.tensor([[0, 1, 2]])
VOCAB = text.Vocab(list("abcd"))
READING = unrolled.steps_of(NET, [0, 1, 2])
CUT = np.array([[0, 2]])  # of "abcdef", in steps of 3
DIVISION = ngram_text.divide("own", "abc " * 50)
WALK = markov_chain.walk(0.9, 0.8, "rainy")
CENSUS = vocabulary.take_census(["a b a"])

REFUSED = [
    (lambda: Axis("y", "0", 1), "low of the axis 'y' must hold real numbers"),
    (lambda: Axis("y", 0, 1j), "high of the axis 'y' must hold real numbers"),
    (lambda: Axis("y", -1e308, 1e308), "low and high of the axis 'y' must be finite"),
    (lambda: Axis("y", 1, 1 + 3e-16), "low and high of the axis 'y' must be further"),
    (lambda: Axis("y", 0, 1e-300), "low and high of the axis 'y' must be further"),
    (lambda: Axis("y", 0, 1, ticks=[2]), "ticks of the axis 'y' must be from 0 to 1"),
    (lambda: Axis("y", 0, 1, ticks=[NAN]), "ticks of the axis 'y' must be from 0 to 1"),
    (lambda: Axis("y", 0, 1, ticks="ab"), "ticks of the axis 'y' must hold real"),
    (lambda: Axis("y", 0, 1, ticks=[0, 1], names="abc"), "names of the axis"),
    (lambda: Axis("y", 0, 1, names="ab"), "names of the axis 'y' must be one"),
    (lambda: Line("a", [1, 2], [1j, 2]), "y of the line 'a' must hold real numbers"),
    (lambda: Line("a", ["1", "2"], [1, 2]), "x of the line 'a' must hold real numbers"),
    (lambda: Line("a", [2, 1], [1, 2]), "x of the line 'a' must be finite and rise"),
    (lambda: Line("a", [1, NAN], [1, 2]), "x of the line 'a' must be finite and rise"),
    (lambda: Line("a", [1], [1], colour="red"), "colour of a line .* must be an int"),
    (lambda: Line("a", [1], [1], colour=-1), "colour of a line .* must be an integer"),
    (lambda: Line("a", [1], [1], dash=4), "dash must be an integer from 0 to 3, got 4"),
    (lambda: Line("a", [1], [1], width=-1), "width must be a finite number"),
    (lambda: Line("a", [1], [1], size=NAN), "size must be a finite number"),
    (lambda: Level(INF), "at of a level must be a finite number, got inf"),
    (lambda: Level("2"), "at of a level must hold real numbers"),
    (lambda: Vertical(NAN), "at of a vertical must be a finite number, got nan"),
    (lambda: Mark(NAN, 1), "x of a mark must be a finite number"),
    (lambda: Mark(1, INF), "y of a mark must be a finite number"),
    (lambda: Mark(1, "middle"), "y of a mark must hold real numbers"),
    (lambda: Mark(1, 1, ["ring"]), "shape must be one of"),
    (lambda: Band(2, 1), "low of a band must be at most high, got 2.0 and 1.0"),
    (lambda: Band(NAN, 1), "low of a band must be a finite number"),
    (lambda: Bar(1, -1, 1), "width must be a finite number of at least 0, got -1"),
    (lambda: Bar(1, 1, NAN), "high of a bar must be a finite number"),
    (lambda: Note(INF, 0, "a"), "x of a note must be a finite number"),
    (lambda: Note(0, 0, "a", align="middle"), "align must be one of"),
    (lambda: Shades([1, 2]), "table must be finite numbers of shape"),
    (lambda: Shades([[]]), "table must be finite numbers of shape"),
    (lambda: Shades([[NAN]]), "table must be finite numbers of shape"),
    (lambda: Plot(X, Y, [3]), "lines must be a sequence of Line, got .3."),
    (lambda: Plot(X, Y, Line("a", [1], [1])), "lines must be a sequence of Line"),
    (lambda: Plot(X, "y"), "y must be Axis, got 'y'"),
    (lambda: Plot(X, Y, shades=[[1]]), r"shades must be Shades, got \[\[1\]\]"),
    (lambda: Plot(X, Y, height=0), "height must be .* 0 and at most 2000,"),
    (lambda: Plot(X, LOG, [Line("a", [1], [0])]), "y must be greater than 0 on a log"),
    (lambda: Plot(LOG, Y, [Line("a", [-1], [0])]), "x must be greater than 0 on a log"),
    (lambda: Plot(X, LOG, levels=[Level(0)]), "y must be greater than 0 on a log"),
    (lambda: Plot(X, LOG, marks=[Mark(1, 0)]), "y must be greater than 0 on a log"),
    (lambda: Plot(LOG, Y, verticals=[Vertical(0)]), "x must be greater than 0 on"),
    (lambda: Plot(LOG, Y, bars=[Bar(-1, 1, 2)]), "x must be greater than 0 on a log"),
    (lambda: Plot(X, LOG, bars=[Bar(1, 1, 0)]), "y must be greater than 0 on a log"),
    (lambda: Chart([]), "plots must have at least one plot"),
    (lambda: Chart([X]), "plots must be a sequence of Plot"),
    (lambda: Chart([Plot(X, Y)], margin=600), "margin must be from 0 to 400 pixels"),
    (lambda: Chart([Plot(X, Y)]).after(Chart([Plot(X, Y)] * 2), ""),
     "before must have 1 plots, got 2"),
    (lambda: unrolled.steps_of(NET, [-1]), "each of indices must be an integer from 0"),
    (lambda: unrolled.steps_of(NET, [5]), "each of indices must be an integer from 0"),
    (lambda: unrolled.steps_of(NET, [0.5]), "each of indices must be an integer"),
    (lambda: unrolled.steps_of(NET, []), "indices must have at least one index"),
    (lambda: unrolled.multiplications(0, 3), "vocab_size must be an integer"),
    (lambda: unrolled.trained(0, 1), "num_hiddens must be an integer"),
    (lambda: unrolled.trained(4, -1), "num_epochs must be an integer"),
    (lambda: READING.terms(0), "t must be an integer from 1 to 3, got 0"),
    (lambda: unrolled_panel.draw(READING, [0, 1, 2], VOCAB, 0), "t must be an integer"),
    (lambda: unrolled_panel.describe(READING, "abc", VOCAB, 4), "t must be an integer"),
    (lambda: gradient_flow.flow(NET, TOKENS, TOKENS[:, :2]), "Y must be token indices"),
    (lambda: gradient_flow.flow(NET, TOKENS[:, :0], TOKENS), "X must be token indices"),
    (lambda: gradient_flow.flow(NET, [[1]], TOKENS), "X must be a tensor"),
    (lambda: gradient_flow.network(4, -1, 0), "scale must be a finite number"),
    (lambda: gradient_flow.network(4, NAN, 0), "scale must be a finite number"),
    (lambda: gradient_flow.flow_of(1.0, 201, "all", 4, 0), "num_steps must be an int"),
    (lambda: gradient_flow.flow_of(1.0, 3, "every", 4, 0), "loss must be one of"),
    (lambda: gradient_flow.clipped(torch.ones(2), -1), "theta must be a number"),
    (lambda: gradient_flow_panel.draw(gradient_flow.flow(NET, TOKENS, TOKENS), -1),
     "scale must be a number greater than 0"),
    (lambda: minibatches.beginning(-1), "num_characters must be an integer"),
    (lambda: minibatches.starts(list, 9, 1, 2), "way must be one of"),
    *((lambda of=of: of("abcd", {"a": np.array([[0], [2]])}, 2, 2),
       "minibatch must be an integer from 0 to 1 .there are 2 minibatches")
      for of in (minibatches_panel.draw, minibatches_panel.describe)),
    (lambda: minibatches_panel.draw("abcd", {}, 2, 0), "cuts must have one each at"),
    (lambda: minibatches_panel.draw(3, {}, 2, 0), "characters must be of the type str"),
    (lambda: markov_chain.walk(1.5, 0.5, "rainy"), "stay_sunny must be a number"),
    (lambda: markov_chain.walk(0.5, NAN, "rainy"), "stay_rainy must be a number"),
    (lambda: markov_chain.walk(0.5, 0.5, "snow"), "start must be one of"),
    (lambda: markov_chain.describe(WALK, -1), "k must be an integer from 0 to 30"),
    (lambda: autoregression.experiment(301), "tau must be an integer from 1 to 300"),
    (lambda: autoregression.describe(autoregression.experiment(), 0), "k must be"),
    (lambda: autoregression.experiment().k_step(0), "k must be an integer from 1"),
    (lambda: vocabulary.draw(CENSUS, -1), "min_freq must be an integer of at least 0"),
    (lambda: Axis("x", [0, 1], 2), "low and high of the axis 'x' must be finite"),
    (lambda: Axis("x", 0, 2, ticks=[1, 2], names={"a", "b"}), "names of the axis 'x'"),
    (lambda: Plot(X, Y, {Line("a", [1], [1])}), "lines must be a sequence of Line"),
    (lambda: Chart([Plot(X, Y)]).after(3, ""), "before must be of the type Chart"),
    (lambda: ngram_text.divide("nope"), "text must be one of 'time machine', 'story'"),
    (lambda: ngram_text.divide(["own"]), "text must be one of"),
    *((lambda num=num: ngram_text.divide("own", "a" * 100, num), "num_chars must be an")
      for num in (-5, 0, "5", 2.0)),
    (lambda: ngram_text.divide("own", 3), "own_text must be a string"),
    (lambda: ngram_text.write(DIVISION, [2], 1), "n must be an integer from 1 to 6"),
    (lambda: ngram_text.write("abc", 2, 1), "division must be of the type Division"),
    (lambda: ngram_text.perplexities(3, 1), "division must be of the type Division"),
    (lambda: ngram_text.draw([1, 2], [1], 9, 1), "new must have 2 values"),
    (lambda: ngram_text.draw([1, 2], [1, 2], NAN, 1), "guessing must be a number"),
    (lambda: ngram_text.longest_copy("a", 3), "source must be of the type str"),
    (lambda: text_controls.lines_of("nope"), "which must be one of"),
    (lambda: text_controls.lines_of("story", clean=2), "clean must be True or False"),
    (lambda: training_runs.load("nope"), "which must be one of"),
    (lambda: minibatches.beginning([1]), "num_characters must be an integer"),
    (lambda: autoregression.experiment([4]), "tau must be an integer from 1 to 300"),
    (lambda: autoregression.experiment(4, [0]), "noise must be a finite number"),
    (lambda: autoregression.draw(1, 1), "done must be of the type Experiment"),
    (lambda: autoregression.describe(1, 1), "done must be of the type Experiment"),
    (lambda: gradient_flow.flow_of([1], 3, "all", 4, 0), "scale must be a finite"),
    (lambda: gradient_flow.clipped([1, 2], 1), "gradient must be of the type Tensor"),
    (lambda: gradient_flow_panel.draw(3, 1), "flow must be of the type Flow"),
    (lambda: gradient_flow_panel.describe(3, 1), "flow must be of the type Flow"),
    (lambda: markov_chain.draw(3, 1), "walked must be of the type Walk"),
    (lambda: markov_chain.describe(3, 1), "walked must be of the type Walk"),
    (lambda: unrolled.trained([4], 1), "num_hiddens must be an integer"),
    (lambda: unrolled_panel.draw(3, [0], VOCAB, 1), "reading must be of the type Read"),
    (lambda: unrolled_panel.draw(READING, [0], 3, 1), "vocab must be of the type V"),
    (lambda: unrolled_panel.describe(READING, "ab", VOCAB, 3), "t must be an integer"),
    (lambda: vocabulary.draw(3, 1), "census must be of the type Census"),
    (lambda: vocabulary.describe(3), "census must be of the type Census"),
    *((lambda lines=lines: vocabulary.take_census(lines), "lines must have at least")
      for lines in ([], [""], [" ", ""])),
    *((lambda freqs=freqs: vocabulary.zipf_line(np.array(freqs)), "freqs must be fin")
      for freqs in ([], [2, 0], [INF, 1], [NAN, 1], [[1, 2]], 3)),
    (lambda: vocabulary.zipf_line([1, 5, 2]), "freqs must fall, the most frequent"),
    *((lambda given=given: unrolled_panel.draw(READING, given, VOCAB, 1), words)
      for given, words in (([0, 1], "indices must be 3, one for each step, got 2"),
                           ([0, 1, 2, 3], "indices must be 3"),
                           (None, "indices must be a list"))),
    *((lambda of=of, given=given: of(READING, given, text.Vocab(list("ab")), 1),
       "vocab must have the 5 tokens of the reading, got 3")
      for of, given in ((unrolled_panel.draw, [0, 1, 2]),
                        (unrolled_panel.describe, "abc"))),
    (lambda: unrolled_panel.describe(READING, 3, VOCAB, 1), "string must be of the"),
    *((lambda of=of, cut=cut: of("abcdef", {"a": CUT, "b": cut}, 3, 0), words)
      for of in (minibatches_panel.draw, minibatches_panel.describe)
      for cut, words in (
          (CUT - 3, r"cuts\['b'\] must be from 0 to 2, so that the labels"),
          (CUT + 1, r"cuts\['b'\] must be from 0 to 2"),
          ([[0, 2]], r"cuts\['b'\] must be an array of integers"),
          (CUT * 1.0, r"cuts\['b'\] must be an array of integers"),
          (CUT > 0, r"cuts\['b'\] must be an array of integers"),
          (CUT[0], r"cuts\['b'\] must be an array of integers, of the shape"),
          (CUT.T, "cuts must be of one shape"))),
    (lambda: minibatches_panel.draw("abcdef", {"a": CUT[:0]}, 3, 0), "cuts must be of"),
    (lambda: minibatches_panel.draw("abcdef", {"a": CUT}, 6, 0), "num_steps must be"),
    (lambda: minibatches_panel.draw("abcde\ud83d", {"a": CUT}, 3, 0),
     r"characters must be whole, got half: 'abcde\\ud83d'"),
    *((lambda n=n: ngram_text.describe(DIVISION, n, (3.0, 2.0), ""), "n must be an int")
      for n in ("two", 0, 7, None)),
    *((lambda both=both: ngram_text.describe(DIVISION, 2, both, ""), "perplexity must")
      for both in (3.0, ("a", "b"), (1, 2, 3), (NAN, 2), (0, 2), None)),
    *((lambda odd=odd: ngram_text.draw([odd, 2], [3, 2], 27, 1), "seen must be numbers")
      for odd in (NAN, 0, -1, -INF)),
    *((lambda odd=odd: ngram_text.draw([3, 2], [odd, 2], 27, 1), "new must be numbers")
      for odd in (NAN, 0, -1, -INF)),
    (lambda: ngram_text.draw([], [], 27, 1), "seen must be numbers over 0 .* one"),
    *((lambda flag=flag, odd=odd: Line("a", [1], [1], **{flag: odd}),
       f"{flag} must be True or False")
      for flag, odd in (("points", "no"), ("joined", None), ("hollow", 0),
                        ("leaves_ghost", "yes"))),
    *((lambda flag=flag: Axis("x", 0.2, 0.7, **{flag: "no"}),
       f"{flag} of the axis 'x' must be True or False, got 'no'")
      for flag in ("log", "is_whole")),
    (lambda: Band(1, 2, upright=1), "upright must be True or False, got 1"),
    (lambda: Bar(1, 1, 1, hatched="no"), "hatched must be True or False, got 'no'"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), REFUSED, ids=[w for _, w in REFUSED])
def test_it_is_refused_by_the_name_of_the_argument(make, words):
    with pytest.raises(ValueError, match=words):
        make()


@pytest.mark.parametrize(
    "values",
    [
        torch.tensor([1.0, 2.0], requires_grad=True),
        torch.tensor([1, 2], dtype=torch.bfloat16), np.array([1, 2], np.float16),
        range(1, 3), (each for each in (1, 2)),
    ],
    ids=lambda values: type(values).__name__,
)  # fmt: skip
def test_numbers_of_all_kinds_make_a_line(values):
    assert Line("a", [0, 1], values).y.tolist() == [1, 2]


KEPT = [
    (lambda: unrolled.trained(4, 1).params[1], Tensor.zero_),
    (lambda: unrolled.corpus()[0], lambda indices: indices.fill(0)),
    (lambda: gradient_flow.flow_of(1.0, 3, "all", 4, 0).gradient, Tensor.zero_),
    (lambda: gradient_flow.sequences()[0], Tensor.zero_),
    (lambda: autoregression.experiment().errors, Tensor.zero_),
    (lambda: text_controls.lines_of("story"), list.clear),
]


@pytest.mark.parametrize(("of", "spoil"), KEPT)
def test_what_is_kept_is_handed_out_as_a_copy(of, spoil):
    with torch.no_grad():
        before = checks.plain(of())
        spoil(of())
        assert checks.plain(of()) == before


def test_numbers_of_numpy_and_torch_can_be_sent():
    one = np.float32(1)
    plot = Plot(
        Axis("x", one, torch.tensor(9), ticks=np.arange(1, 4)), Y,
        levels=[Level(torch.tensor(2.0))], marks=[Mark(one, np.int64(3))],
        bars=[Bar(one, one, one, hatched=one > 0)], notes=[Note(one, one, 3)],
        bands=[Band(one, 2)],
    )  # fmt: skip
    assert Axis("x", [0], np.array([1])) == Axis("x", 0.0, 1.0)
    json.dumps(Chart([plot]).for_browser(), allow_nan=False)


def test_what_can_be_read_once_is_drawn_twice():
    lines = (Line(name, [1, 2], [1, 2]) for name in "ab")
    chart = Chart(plot for plot in [Plot(X, Y, lines)])
    (figure,) = chart.for_browser()["figures"]
    assert len(figure["plots"][0]["lines"]) == 2
    assert len(chart.picture().axes[0].lines) == 2


@pytest.mark.parametrize("label", ["_a", "$x$", "$5 to $6", "词", "<b>", "a_b", 3])
def test_a_label_is_shown_as_it_is(label):
    parts = {
        "lines": [Line(label, [1, 2], [1, 2])], "levels": [Level(1, label)],
        "notes": [Note(0.5, 0.5, label)], "bars": [Bar(1, 1, 1, label=f"{label}, too")],
    }  # fmt: skip
    axis = Axis(label, 0, 10, ticks=[1], names=[label])
    picture = Chart([Plot(axis, Y, **parts)]).picture()
    (axes,) = picture.axes
    shown = str(label).replace("$", "\\$")
    key = [each.get_text() for each in axes.get_legend().get_texts()]
    assert key == [shown, f"{shown}, too"]
    assert [each.get_text() for each in axes.texts] == [shown, shown]
    assert axes.get_xlabel() == shown
    assert picture.png().startswith(b"\x89PNG")
    assert axes.get_xticklabels()[0].get_text() == shown


def test_starts_of_any_integers_are_drawn_alike():
    text, starts = "abcde " * 40, np.array([[120, 7], [200, 130]])
    assert len(text) > 127  # which no np.int8 can hold
    shown = {
        (minibatches_panel.describe(text, {"a": starts.astype(kind)}, num_steps, 0),
         minibatches_panel.draw(text, {"a": starts.astype(kind)}, num_steps, 0).png())
        for kind in (np.int64, np.uint8, np.uint64, ">i4")
        for num_steps in (35, np.int8(35))
    }  # fmt: skip
    assert len(shown) == 1


@pytest.mark.parametrize("low", [0.5, 1e-300])
def test_perplexities_below_one_are_on_the_axis(low):
    (plot,) = ngram_text.draw([low, low], [low, INF], low, 1).plots
    assert plot.y.low < low < plot.y.high


def test_a_title_of_minibatches_is_shown_as_it_is():
    shown = ("abcdef", {"<b> $\\frac$": CUT}, 3, 0)
    picture = minibatches_panel.draw(*shown)
    assert "<b> \\$\\frac\\$" in [each.get_text() for each in picture.axes[0].texts]
    assert picture.png().startswith(b"\x89PNG")
    assert "&lt;b&gt; $\\frac$" in minibatches_panel.describe(*shown)
