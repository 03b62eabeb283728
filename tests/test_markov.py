"""Chains against matrix powers, brute force and plain counting."""

import itertools
import math
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from d2l_rnn import markov
from d2l_rnn.markov import MarkovChain
from d2l_rnn.ngrams import NGramModel

WEATHER = [[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.2, 0.5, 0.3]]
CYCLE = [[0, 1, 0], [0, 0, 1], [1, 0, 0]]
COIN = [[0.5, 0.5], [0.5, 0.5]]
TEXT = "the time traveller for so it will be convenient to speak of him " * 20
NOISE = "".join(np.random.default_rng(0).choice(list("abcd"), 3000))


@pytest.fixture(scope="module")
def weather():
    return MarkovChain(WEATHER, [0.5, 0.3, 0.2], ["sun", "cloud", "rain"])


def random_chain(num_states, seed):
    """A chain with some zeros in it, and an initial distribution."""
    rng = np.random.default_rng(seed)
    P = rng.random((num_states, num_states)) * (rng.random((num_states,) * 2) < 0.7)
    P += 0.1 * np.roll(np.eye(num_states), 1, axis=1)  # so that all states connect
    P /= P.sum(axis=1, keepdims=True)
    return MarkovChain(P, rng.dirichlet([1] * num_states))


# --- Chains: probabilities ------------------------------------------------------


def test_probability_reads_from_row_to_column(weather):
    assert weather.probability("rain", "sun") == 0.1
    assert weather.probability("sun", "rain") == 0.2


def test_log_probability_multiplies_the_notes_factors(weather):
    expected = math.log(0.5 * 0.1 * 0.3 * 0.5)  # P(x_1), then three transitions
    path = ["sun", "rain", "rain", "cloud"]
    assert weather.log_probability(path) == pytest.approx(expected)
    assert weather.log_probability(["cloud"]) == pytest.approx(math.log(0.3))


def test_the_probabilities_of_all_sequences_sum_to_1():
    chain = random_chain(3, seed=2)
    total = sum(
        math.exp(chain.log_probability(path))
        for path in itertools.product(range(3), repeat=5)
    )
    assert total == pytest.approx(1)


def test_an_impossible_sequence_has_log_probability_minus_infinity():
    chain = MarkovChain(CYCLE, [1, 0, 0])
    assert chain.log_probability([0, 2]) == -math.inf
    assert chain.log_probability([1, 2]) == -math.inf
    assert chain.perplexity([0, 1, 1]) == math.inf


def joint(chain, *path):
    return math.exp(chain.log_probability(path))


@pytest.mark.parametrize("seed", range(5))
def test_two_step_is_the_square_of_P_and_the_ratio_of_joint_probabilities(seed):
    chain = random_chain(4, seed)
    square = np.linalg.matrix_power(chain.P, 2)
    for before, after in itertools.product(range(4), repeat=2):
        ratio = sum(
            joint(chain, before, between, after) for between in range(4)
        ) / joint(chain, before)
        two_step = chain.two_step(after, before)
        assert two_step == pytest.approx(square[before, after])
        assert two_step == pytest.approx(ratio)


@pytest.mark.parametrize("k", [0, 1, 2, 3, 5])
def test_k_step_is_the_power_of_P_and_the_sum_over_all_paths(k):
    chain = random_chain(3, seed=k)
    power = np.linalg.matrix_power(chain.P, k)
    for before in range(3):
        paths = np.zeros(3)
        for path in itertools.product(range(3), repeat=k):
            paths[(before, *path)[-1]] += joint(chain, before, *path)
        np.testing.assert_allclose(chain.k_step(before, k), power[before], atol=1e-12)
        np.testing.assert_allclose(
            chain.k_step(before, k), paths / joint(chain, before), atol=1e-12
        )


def test_distributions_walk_to_the_stationary_one(weather):
    for start in ("rain", [0.1, 0.1, 0.8]):
        walk = weather.distributions(start, 60)
        assert walk.shape == (61, 3)
        np.testing.assert_allclose(walk[1:], walk[:-1] @ weather.P)
        np.testing.assert_allclose(walk[-1], weather.stationary_distribution())
    assert weather.distributions("rain", 0).tolist() == [[0, 0, 1]]


# --- Chains: the long run -------------------------------------------------------


@pytest.mark.parametrize("num_states", [1, 2, 5, 28])
def test_stationary_distribution_is_the_eigenvector_of_1(num_states):
    chain = random_chain(num_states, seed=num_states)
    pi = chain.stationary_distribution()
    values, vectors = np.linalg.eig(chain.P.T)
    expected = vectors[:, np.argmax(values.real)].real
    np.testing.assert_allclose(pi, expected / expected.sum(), atol=1e-12)


def test_stationary_distribution_of_two_states_has_a_closed_form():
    a, b = 0.03, 0.2
    chain = MarkovChain([[1 - a, a], [b, 1 - b]])
    np.testing.assert_allclose(
        chain.stationary_distribution(), [b / (a + b), a / (a + b)]
    )


def test_a_periodic_chain_has_a_stationary_distribution():
    pi = MarkovChain(CYCLE).stationary_distribution()
    np.testing.assert_allclose(pi, [1 / 3] * 3)


def test_states_that_the_chain_leaves_for_good_have_probability_0():
    chain = MarkovChain([[0.5, 0.4, 0.1], [0, 0.5, 0.5], [0, 0.25, 0.75]])
    np.testing.assert_allclose(chain.stationary_distribution(), [0, 1 / 3, 2 / 3])
    absorbing = MarkovChain([[0.9, 0.1], [0, 1]])
    assert absorbing.stationary_distribution().tolist() == [0, 1]
    assert absorbing.perplexity_floor() == 1


def test_several_closed_classes_have_no_one_stationary_distribution():
    chain = MarkovChain([[1, 0, 0], [0.3, 0.3, 0.4], [0, 0, 1]])
    with pytest.raises(ValueError, match="2 closed classes"):
        chain.stationary_distribution()
    with pytest.raises(ValueError, match="must have one such class"):
        chain.sample(3)
    started = MarkovChain(chain.P, [1, 0, 0])
    assert started.sample(3) == [0, 0, 0]


def test_the_initial_distribution_is_the_stationary_one_unless_given(weather):
    assert weather.initial.tolist() == [0.5, 0.3, 0.2]
    chain = MarkovChain(WEATHER)
    np.testing.assert_array_equal(chain.initial, chain.stationary_distribution())


def test_entropy_rate_of_known_sources():
    coin, cycle = MarkovChain(COIN), MarkovChain(CYCLE)
    assert coin.entropy_rate() == pytest.approx(math.log(2))
    assert coin.entropy_rate(unit="bits") == pytest.approx(1)
    assert coin.perplexity_floor() == pytest.approx(2)
    assert cycle.perplexity_floor() == 1 and str(cycle.entropy_rate()) == "0.0"


def test_entropy_rate_is_what_one_more_symbol_adds_to_the_entropy():
    chain = MarkovChain(random_chain(3, seed=7).P)  # stationary from the start

    def entropy(length):
        p = [joint(chain, *path) for path in itertools.product(range(3), repeat=length)]
        return -sum(x * math.log(x) for x in p if x > 0)

    assert chain.entropy_rate() == pytest.approx(entropy(4) - entropy(3))


def test_on_a_long_sample_the_true_chain_comes_to_its_floor_and_no_other_model_does():
    chain = MarkovChain(random_chain(4, seed=3).P)
    sample, floor = chain.sample(100_000, seed=1), chain.perplexity_floor()
    assert chain.perplexity(sample) == pytest.approx(floor, rel=0.01)
    trained, unseen = sample[:50_000], sample[50_000:]
    here = chain.perplexity(unseen)
    wrong = MarkovChain(0.8 * chain.P + 0.05)
    assert wrong.perplexity(unseen) > here
    assert NGramModel(trained, 1).perplexity(unseen) > 1.05 * here
    for n in (2, 3):
        assert NGramModel(trained, n, epsilon=1).perplexity(unseen) > here


# --- Chains: samples and counts -------------------------------------------------


def test_sample_follows_P_and_the_initial_distribution(weather):
    path = weather.sample(100_000, seed=5)
    counts = Counter(itertools.pairwise(path))
    for i, before in enumerate(weather.states):
        row = np.array([counts[before, after] for after in weather.states])
        np.testing.assert_allclose(row / row.sum(), weather.P[i], atol=0.01)
    firsts = Counter(weather.sample(1, seed=s)[0] for s in range(2000))
    np.testing.assert_allclose(
        [firsts[s] / 2000 for s in weather.states], weather.initial, atol=0.04
    )


def test_sample_takes_no_impossible_step():
    rng = np.random.default_rng(0)
    P = rng.random((6, 6)) * (rng.random((6, 6)) < 0.4)
    P[:, 2] += 0.1  # so that no row is empty; the last columns may well be 0
    chain = MarkovChain(P / P.sum(axis=1, keepdims=True))
    assert chain.log_probability(chain.sample(20_000)) > -math.inf
    assert MarkovChain(CYCLE, [0, 1, 0]).sample(4) == [1, 2, 0, 1]


def test_the_seed_alone_decides(weather):
    np.random.seed(0)
    state = np.random.get_state()[1].tolist()
    first = weather.sample(50, seed=1)
    assert weather.sample(50, seed=1) == first != weather.sample(50, seed=2)
    assert np.random.get_state()[1].tolist() == state


def test_without_a_seed_the_seed_is_0(weather):
    assert weather.sample(50) == weather.sample(50, seed=0) != weather.sample(50, 1)


def test_the_largest_number_that_can_be_drawn_is_the_last_state(monkeypatch):
    class Largest:
        def random(self, n):
            return np.full(n, np.nextafter(1, 0))

    monkeypatch.setattr(markov, "generator", lambda seed: Largest())
    tenths = [0.1] * 10  # added up, they are a little less than 1
    assert MarkovChain([tenths] * 10, tenths).sample(2) == [9, 9]


def test_from_data_takes_the_first_state_s_distribution_as_it_is_given():
    chain = MarkovChain.from_data("abab", 1, "ab", [0.25, 0.75])
    assert chain.initial.tolist() == [0.25, 0.75]


def test_from_data_counts_transitions():
    chain = MarkovChain.from_data("aababbba")
    # a -> a, b, b and b -> a, b, b, a
    assert chain.states == ("a", "b")
    np.testing.assert_allclose(chain.P, [[1 / 3, 2 / 3], [1 / 2, 1 / 2]])
    smooth = MarkovChain.from_data("aababbba", alpha=1)
    np.testing.assert_allclose(smooth.P, [[2 / 5, 3 / 5], [3 / 6, 3 / 6]])


def test_from_data_finds_the_chain_that_made_the_data(weather):
    sample = weather.sample(100_000, seed=2)
    found = MarkovChain.from_data(sample, states=weather.states)
    np.testing.assert_allclose(found.P, weather.P, atol=0.01)


def test_a_state_never_left_needs_smoothing():
    with pytest.raises(ValueError, match="'c' is never left"):
        MarkovChain.from_data("ababc")
    with pytest.raises(ValueError, match="'z' is never left"):
        MarkovChain.from_data("aba", states="abz")
    chain = MarkovChain.from_data("ababc", alpha=0.5)
    np.testing.assert_allclose(chain.P[2], [1 / 3] * 3)


def test_any_kind_of_sequence_will_do():
    expected = MarkovChain.from_data([0, 1, 1, 0, 0, 1]).P
    for sequence in (
        (0, 1, 1, 0, 0, 1),
        np.array([0, 1, 1, 0, 0, 1]),
        torch.tensor([0, 1, 1, 0, 0, 1]),
        "abbaab",
    ):
        np.testing.assert_array_equal(MarkovChain.from_data(sequence).P, expected)
    assert MarkovChain.from_data("baab").states == ("a", "b")
    assert MarkovChain.from_data(["x", 1, "x", 1]).states == ("x", 1)  # unsortable


def test_rows_that_float32_rounded_are_mended():
    chain = MarkovChain(torch.tensor(WEATHER))
    np.testing.assert_allclose(chain.P, WEATHER, atol=1e-7)
    np.testing.assert_allclose(chain.P.sum(axis=1), 1, rtol=1e-15)


def test_a_chain_stays_as_it_was_built():
    P, initial = np.array(COIN), np.array([0.5, 0.5])
    chain = MarkovChain(P, initial)
    P[:], initial[:] = 0, 0
    assert chain.P.tolist() == COIN and chain.initial.tolist() == [0.5, 0.5]


# --- Chains: odd input ----------------------------------------------------------


@pytest.mark.parametrize(
    "arguments, message",
    [
        (([[0.5, 0.5]],), r"P must be a square matrix, got the shape \(1, 2\)"),
        (([],), "P must be a square matrix"),
        (([0.5, 0.5],), "P must be a square matrix"),
        (("ab",), "P must hold real numbers"),
        (([[1, 0], [1]],), "P must hold real numbers"),
        (([[0.5, 0.5], [0.5, 0.4]],), "row 1 of P must sum to 1, got a sum of 0.9"),
        (([[0.5, 0.5], [0.6, 0.6]],), "row 1 of P must sum to 1, got a sum of 1.2"),
        (([[1.0, 0.0], [-0.5, 1.5]],), "row 1 of P must have.*got -0.5 at index 0"),
        (([[1.5, -0.5], [0.5, 0.5]],), "row 0 of P must have.*got 1.5 at index 0"),
        (([[math.nan, 1], [0.5, 0.5]],), "row 0 of P must have.*got nan at index 0"),
        (([[math.inf, 1], [0.5, 0.5]],), "row 0 of P must have.*got inf at index 0"),
        ((COIN, [1.0]), r"initial must have 2 probabilities, got the shape \(1,\)"),
        ((COIN, [0.5, 0.6]), "initial must sum to 1, got a sum of 1.1"),
        ((COIN, [-1, 2]), "initial must have.*got -1.0"),
        ((COIN, None, "a"), "states must be 2 different names"),
        ((COIN, None, "aa"), "states must be 2 different names"),
        ((COIN, None, "aab"), "states must be 2 different names"),
        ((COIN, None, 5), "states must be a sequence"),
    ],
)
def test_a_bad_chain_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        MarkovChain(*arguments)


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda c: c.sample(0), "num_steps must be an integer of at least 1"),
        (lambda c: c.sample(5, seed=-1), "seed must be"),
        (lambda c: c.sample(5, seed=2**64), "seed must be an integer from 0 to 18446"),
        (lambda c: c.log_probability([]), "sequence must have a length of at least 1"),
        (lambda c: c.log_probability(["snow"]), "sequence: 'snow' is not a state"),
        (
            lambda c: c.log_probability([["sun"]]),
            "sequence must be a sequence of hashable",
        ),
        (lambda c: c.log_probability(None), "sequence must be a sequence"),
        (lambda c: c.perplexity(["sun"]), "sequence must have a length of at least 2"),
        (lambda c: c.probability("sun", "snow"), "before: 'snow' is not a state"),
        (lambda c: c.probability("snow", "sun"), "after: 'snow' is not a state"),
        (lambda c: c.k_step(None, 1), "start: None is not a state"),
        (lambda c: c.two_step("snow", "sun"), "'snow' is not a state"),
        (
            lambda c: c.distributions("snow", 2),
            "start: 'snow' is not a state of the chain; its states are",
        ),
        (lambda c: c.distributions([1, 1, 0], 2), "start .* must sum to 1"),
        (lambda c: c.distributions("sun", -1), "num_steps must be"),
        (lambda c: c.entropy_rate("dits"), "unit must be one of 'nats', 'bits'"),
        (lambda c: c.from_data("a"), "sequence must have a length of at least 2"),
        (lambda c: c.from_data("abab", alpha=-1), "alpha must be"),
        (lambda c: c.from_data("abab", alpha=math.nan), "alpha must be"),
        (lambda c: c.from_data("abac", states="ab", alpha=1), "'c' is not a state"),
        (lambda c: c.from_data("abab", states="aba", alpha=1), "different names"),
        (lambda c: c.from_data(np.eye(2)), "sequence must be a sequence of hashable"),
    ],
)
def test_bad_arguments_of_a_chain_say_what_is_wrong(weather, call, message):
    with pytest.raises(ValueError, match=message):
        call(weather)


# --- Any input ------------------------------------------------------------------


@settings(max_examples=60)
@given(
    st.lists(
        st.lists(st.integers(0, 5), min_size=4, max_size=4), min_size=4, max_size=4
    )
)
def test_a_chain_has_one_stationary_distribution_or_says_that_it_has_several(weights):
    P = np.array(weights, dtype=float)
    P[P.sum(axis=1) == 0] = 1
    chain = MarkovChain(P / P.sum(axis=1, keepdims=True))
    eigenvalues = np.linalg.eigvals(chain.P)
    num_ones = int((abs(eigenvalues - 1) < 1e-6).sum())  # one for each closed class
    if num_ones > 1:
        with pytest.raises(ValueError, match=f"{num_ones} closed classes"):
            chain.stationary_distribution()
    else:
        pi = chain.stationary_distribution()
        np.testing.assert_allclose(pi @ chain.P, pi, atol=1e-12)
        assert pi.min() >= 0 and pi.sum() == pytest.approx(1)
        assert 1 <= chain.perplexity_floor() <= 4 + 1e-9
