import math

import numpy as np
import pytest
from driving import fits
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import explorers
from d2l_rnn.explorers import markov_chain
from d2l_rnn.explorers.markov_chain import NUM_STEPS, describe, walk

probabilities = st.floats(0, 1).map(lambda p: round(p, 3))
starts = st.sampled_from(markov_chain.STATES)


@given(p=probabilities, q=probabilities, start=starts)
def test_the_walk_has_the_closed_form_of_two_states(p, q, start):
    walked = walk(p, q, start)
    first = np.array([1.0, 0.0] if start == "sunny" else [0.0, 1.0])
    pi = np.array([1 - q, 1 - p]) / (2 - p - q) if p + q < 2 else first
    steps = np.arange(NUM_STEPS + 1)[:, None]
    expected = pi + (p + q - 1.0) ** steps * (first - pi)
    assert walked.distributions == pytest.approx(expected, abs=1e-9)
    assert walked.stationary == pytest.approx(pi, abs=1e-9)
    assert walked.eigenvalue == pytest.approx(p + q - 1, abs=1e-9)
    law = abs(p + q - 1) ** np.arange(NUM_STEPS + 1) * walked.distances[0]
    assert walked.distances == pytest.approx(law, abs=1e-9)


@pytest.mark.parametrize("leave", [2**-53, 1e-12])
def test_a_chain_that_almost_never_moves_is_drawn(leave):
    walked = walk(1 - leave, 1 - leave, "rainy")
    assert walked.stationary.tolist() == [0.5, 0.5]
    assert describe(walked, 3) and markov_chain.draw(walked, 3).picture()


@given(p=probabilities, q=probabilities)
def test_the_floor_is_that_of_the_conditional_entropies(p, q):
    def entropy(p):
        return sum(-x * math.log(x) for x in (p, 1 - p) if x > 0)

    walked = walk(p, q, "sunny")
    rate = walked.stationary @ [entropy(p), entropy(q)]
    assert walked.entropy_rate == pytest.approx(rate, abs=1e-9)
    assert walked.perplexity_floor == pytest.approx(math.exp(rate))
    shares = math.exp(entropy(walked.stationary[0]))
    assert walked.perplexity_of_shares == pytest.approx(shares)
    assert 1 <= walked.perplexity_floor <= walked.perplexity_of_shares + 1e-9 <= 2.1


def test_the_second_eigenvalue_is_that_of_the_matrix():
    P = np.array([[0.85, 0.15], [0.4, 0.6]])
    assert walk(0.85, 0.6, "sunny").eigenvalue == pytest.approx(
        min(np.linalg.eigvals(P))
    )


@pytest.mark.parametrize(
    "bad", [(1.1, 0.5, "sunny"), (0.5, -0.1, "sunny"), (0.5, math.nan, "sunny")]
)
def test_what_is_no_probability_is_refused(bad):
    with pytest.raises(ValueError, match="stay_[a-z]+ must be a number from 0 to 1"):
        walk(*bad)


def test_what_is_no_state_is_refused():
    with pytest.raises(ValueError, match="start"):
        walk(0.5, 0.5, "cloudy")


@pytest.mark.parametrize("k", [-1, NUM_STEPS + 1, 2.0])
def test_a_bad_step_is_named(k):
    with pytest.raises(ValueError, match="k must be an integer from 0 to 30"):
        markov_chain.draw(walk(0.5, 0.6, "sunny"), k)


def test_the_picture_shows_the_walk_and_the_law():
    walked = walk(0.9, 0.8, "rainy")
    above, below = markov_chain.draw(walked, 5).picture().axes
    lines = {line.get_label(): line for line in above.lines}
    rainy = lines["rainy after k steps"].get_ydata()
    assert rainy == pytest.approx(walked.distributions[:, 1])
    assert rainy[:3] == pytest.approx([1, 0.8, 0.66])
    points, law = below.lines[:2]
    seen = ~np.isnan(points.get_ydata())
    assert 20 < seen.sum() < NUM_STEPS  # down to what nobody would see
    assert points.get_ydata()[seen] == pytest.approx(law.get_ydata()[seen])


def test_the_words_tell_what_is_left_of_the_start_and_the_floor():
    words = describe(walk(0.9, 0.8, "rainy"), 5)
    assert "sunny <b>0.55</b>, rainy <b>0.45</b>" in words
    assert "sunny <b>0.67</b>, rainy <b>0.33</b>" in words
    assert "λ<sub>2</sub> = 0.70" in words and "<b>0.17</b> of the distance" in words
    assert "below <b>1.47</b>" in words and "has 1.89" in words
    assert "λ<sub>2</sub> = 0.00" in describe(walk(0.3, 0.7, "rainy"), 5)  # not -0.00


@pytest.mark.parametrize(
    "p, q, start, settles",
    [(1.0, 1.0, "sunny", True), (0.0, 0.0, "sunny", False), (1.0, 0.0, "rainy", True),
     (0.0, 1.0, "rainy", True), (0.5, 0.5, "sunny", True)],
)  # fmt: skip
@pytest.mark.parametrize("k", [0, NUM_STEPS])
def test_every_corner_is_drawn(p, q, start, settles, k):
    walked = walk(p, q, start)
    assert fits(markov_chain.draw(walked, k).picture())
    assert (walked.distances[-1] < 1e-9) == settles
    assert "nan" not in describe(walked, k)


def test_a_start_that_is_stationary_is_said_to_be():
    def words(*setting):
        axes = markov_chain.draw(walk(*setting), 3).picture().axes[1]
        return [text.get_text() for text in axes.texts]

    assert words(1.0, 0.5, "sunny") == ["none: this start is stationary"]
    assert words(1.0, 0.5, "rainy") == []


def test_the_panel_answers_every_control():
    e = explorers.MarkovChain()
    assert e.wait(30)
    moves = {"stay_sunny": 0.5, "stay_rainy": 0.1, "start": "sunny", "k": 2}
    for name, value in moves.items():
        image, words = e.view.figure, e.view.readout
        setattr(e, name, value)
        assert e.wait(30)
        assert e.view.figure != image and e.view.readout != words
    assert "After k = 2 steps: sunny <b>0.70</b>" in e.view.readout
    for bad in ({"stay_sunny": 1.5}, {"start": "cloudy"}, {"k": -1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            e.set(**bad)
