import math

import numpy as np
import pytest
from driving import answer, fits, shown, text_of

from d2l_rnn import explorers
from d2l_rnn.explorers import sureness as panel
from d2l_rnn.explorers.sureness import BETAS, WEATHER, describe, judge, sharpened
from d2l_rnn.markov import MarkovChain


def test_a_row_is_flat_at_0_itself_at_1_and_surer_beyond():
    assert sharpened(0) == pytest.approx(np.full((3, 3), 1 / 3))
    assert sharpened(1) == pytest.approx(WEATHER)
    assert sharpened(2)[0] == pytest.approx(np.array([0.49, 0.04, 0.01]) / 0.54)


@pytest.mark.parametrize("num_days, seed", [(30, 3), (1000, 0)])
@pytest.mark.parametrize("beta", [0, 0.5, 1, 3])
def test_the_perplexity_on_days_is_that_of_the_chain_on_them(beta, num_days, seed):
    days = MarkovChain(WEATHER).sample(num_days + 1, seed)
    done = judge(beta, num_days, seed)
    assert done.perplexity[1] == pytest.approx(MarkovChain(done.Q).perplexity(days))


def test_the_long_run_is_what_many_days_come_to_and_lowest_for_the_truth():
    done = judge(1.5, 100_000)
    assert done.perplexity[0] == pytest.approx(done.perplexity[1], rel=0.01)
    assert BETAS[done.in_the_long_run.argmin()] == pytest.approx(1)
    floor = MarkovChain(WEATHER).perplexity_floor()
    assert done.in_the_long_run.min() == pytest.approx(floor)
    assert judge(1).perplexity[0] == pytest.approx(floor)


def test_in_the_long_run_the_cost_is_the_divergence():
    done, chain = judge(2), MarkovChain(WEATHER)
    divergences = (WEATHER * np.log(WEATHER / done.Q)).sum(axis=1)
    cost = chain.stationary_distribution() @ divergences
    expected = math.exp(chain.entropy_rate() + cost)
    assert done.perplexity[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    "bad, name",
    [({"beta": -0.1}, "beta"), ({"beta": 3.1}, "beta"), ({"beta": math.nan}, "beta"),
     ({"beta": "1"}, "beta"), ({"num_days": 0}, "num_days"), ({"seed": -1}, "seed"),
     ({"num_days": 100_001}, "num_days"), ({"num_days": 2.5}, "num_days")],
)  # fmt: skip
def test_a_bad_value_is_named(bad, name):
    with pytest.raises(ValueError, match=f"{name} must be"):
        judge(**bad)


@pytest.mark.parametrize("function", [panel.draw, panel.describe])
def test_what_is_drawn_and_told_of_is_judged(function):
    with pytest.raises(ValueError, match="judged must be"):
        function(None)


def test_the_words_have_both_perplexities_and_the_floor():
    words = " ".join(text_of(describe(judge(1))).split())
    assert "β = 1: perplexity 2.582 in the long run" in words
    assert "on 1,000 days. The floor is 2.582." in words


def test_the_panel_answers_every_control():
    e = explorers.Sureness()
    assert e.wait(30)
    before, words = shown(e), e.view.readout
    for name, value in {"beta": 2, "num_days": 30, "seed": 5}.items():
        after, told = answer(e, **{name: value})
        assert after != before and told != words
        before, words = after, told
    with pytest.raises(ValueError, match="beta must be a number from 0 to 3"):
        e.beta = 4


@pytest.mark.parametrize("seed", [0, 8, 13])  # few days: as usual, easy, and hard
@pytest.mark.parametrize("num_days", [30, 100_000])
@pytest.mark.parametrize("beta", [0, 3])
def test_every_corner_is_drawn(beta, num_days, seed):
    done = judge(beta, num_days, seed)
    picture = panel.draw(done).picture()
    assert fits(picture)
    low, high = picture.axes[0].get_ylim()
    assert low < done.on_days.min() < high
