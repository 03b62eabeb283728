import math

import numpy as np
import pytest
import torch
from driving import answer, fits, shown, text_of
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from d2l_rnn import explorers
from d2l_rnn.explorers import uncertainty as panel
from d2l_rnn.explorers.uncertainty import LETTERS, TEXT, describe, expect

WEIGHTS = st.lists(st.floats(0.01, 1), min_size=4, max_size=4)
TEXTS = st.text(LETTERS, min_size=1, max_size=20)


@given(TEXTS, WEIGHTS)
def test_the_cross_entropy_is_that_of_torch(text, weights):
    scores = torch.tensor(weights, dtype=torch.float64).log().expand(len(text), 4)
    theirs = F.cross_entropy(scores, torch.tensor([*map(LETTERS.index, text)]))
    assert expect(text, weights).cross_entropy == pytest.approx(theirs.item(), abs=1e-9)


@given(TEXTS, WEIGHTS)
def test_no_model_is_less_perplexed_than_the_shares_of_the_text(text, weights):
    done = expect(text, weights)
    assert done.expected.sum() == pytest.approx(1)
    assert done.divergence >= 0
    assert done.cross_entropy == pytest.approx(done.entropy + done.divergence, abs=1e-9)
    assert expect(text, done.shares).divergence == pytest.approx(0, abs=1e-9)


def test_the_divergence_is_that_of_the_formula():
    done = expect("abacabad", (0.4, 0.3, 0.2, 0.1))
    terms = done.shares * np.log(done.shares / done.expected)
    assert done.divergence == pytest.approx(terms.sum())
    assert math.exp(done.entropy) == pytest.approx(2**1.75)


@pytest.mark.parametrize("text, perplexity", [("abcd", 4), ("a", 1), ("abab", 2)])
def test_the_entropy_of_a_text_of_equal_shares(text, perplexity):
    assert math.exp(expect(text).entropy) == pytest.approx(perplexity)
    assert math.exp(expect(text).cross_entropy) == pytest.approx(4)


def test_what_is_impossible_and_comes_is_infinitely_surprising():
    assert expect("abc", (1, 1, 0, 1)).cross_entropy == math.inf
    assert expect("abd", (1, 1, 0, 1)).cross_entropy == pytest.approx(math.log(3))


@pytest.mark.parametrize("weights", [(0, 0, 0, 0), (5e-324,) * 4, (1, 1, 1, 1)])
def test_equal_weights_are_equal_probabilities(weights):
    assert expect(weights=weights).expected == pytest.approx([0.25] * 4)


@pytest.mark.parametrize(
    "bad, name",
    [({"text": ""}, "text"), ({"text": "abe"}, "text"), ({"text": "A"}, "text"),
     ({"text": 3}, "text"), ({"weights": (1, 1, 1)}, "weights"),
     ({"weights": (1, 1, 1, 1.1)}, "weights"), ({"weights": (1, 1, 1, -1)}, "weights"),
     ({"weights": (1, 1, 1, float("nan"))}, "weights"), ({"weights": 1}, "weights")],
)  # fmt: skip
def test_a_bad_value_is_named(bad, name):
    with pytest.raises(ValueError, match=f"{name} must"):
        expect(**bad)


@pytest.mark.parametrize("function", [panel.draw, panel.describe])
def test_what_is_drawn_and_told_of_is_an_expectation(function):
    with pytest.raises(ValueError, match="done must be"):
        function(None)


def test_the_words_have_the_sum_of_the_entropies():
    words = " ".join(text_of(describe(expect())).split())
    assert "a 25.0%, b 25.0%" in words
    assert "text is 4.00 ; the lowest is 3.36" in words
    assert "1.386 = entropy of the text 1.213 + KL divergence (KL散度) 0.173" in words


def test_the_panel_answers_every_control():
    e = explorers.Uncertainty()
    assert e.wait(30) and e.text == TEXT
    before, words = shown(e), e.view.readout
    for name, value in {"a": 1, "b": 0, "c": 0.2, "d": 0.9, "text": "dad"}.items():
        after, told = answer(e, **{name: value})
        assert after != before and told != words
        before, words = after, told
    with pytest.raises(ValueError, match="a must be a number from 0 to 1"):
        e.a = 2


def test_a_text_of_other_letters_is_refused_in_the_panel():
    e = explorers.Uncertainty()
    assert e.wait(30)
    e.text = "xyz"
    with pytest.raises(ValueError, match="text must have the letters a, b, c and d"):
        e.wait(30)
    assert "text must have the letters a, b, c and d" in text_of(e.view.readout)


@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (1, 0, 0, 0), (0, 0, 1e-9, 1)])
@pytest.mark.parametrize("text", ["a", "abcd", TEXT, "d" * 999 + "a"])
def test_every_corner_is_drawn_with_nothing_left_out(text, weights):
    done = expect(text, weights)
    chart = panel.draw(done)
    assert fits(chart.picture())
    bars = [bar for plot in chart.plots for bar in plot.bars]
    marks = [mark for plot in chart.plots for mark in plot.marks]
    assert len(bars) + len(marks) == 12


@given(TEXTS, WEIGHTS)
def test_names_of_levels_do_not_lie_on_each_other(text, weights):
    *_, plot = panel.draw(expect(text, weights)).plots
    named = sorted(math.log(level.at) for level in plot.levels if level.label)
    per_unit = plot.height / math.log(plot.y.high)
    assert (np.diff(named) * per_unit > 14).all()
