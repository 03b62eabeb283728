"""The exercises of notebook 02, Markov models."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np

from d2l_rnn.exercises.checking import Answer, Exercise, Trial
from d2l_rnn.markov import MarkovChain

# Sunny, cloudy, rainy, as in the notebook; and three seasons that follow in a cycle.
_WEATHER = np.array([[0.7, 0.2, 0.1], [0.3, 0.4, 0.3], [0.2, 0.4, 0.4]])
_SEASONS = np.array([[0.8, 0.2, 0.0], [0.0, 0.7, 0.3], [0.4, 0.0, 0.6]])
_INITIAL = np.array([0.5, 0.3, 0.2])


def _random(*shape: int, seed: int) -> np.ndarray:
    """Distributions along the last axis."""
    p = np.random.default_rng(seed).random(shape) + 0.1
    return p / p.sum(axis=-1, keepdims=True)


def _rows_sum_to_1(M) -> bool:
    sums = np.asarray(M).sum(axis=1)
    return sums.size > 0 and np.allclose(sums, 1)


def _probability(path, P, initial) -> float:
    return math.exp(MarkovChain(P, initial).log_probability(path))


@Exercise
def path_probability(answer: Answer) -> Iterator[Trial]:
    """The probability of a path of a Markov chain."""
    P, initial = _WEATHER, _INITIAL
    yield answer([0, 0, 1], P, initial).gives(
        _probability([0, 0, 1], P, initial),
        "two sunny days and a cloudy one",
        "initial for the first state, then one factor of P for each step",
        mistakes=[
            (0.7 * 0.2, "and the first state? P(x_1) is in initial"),
            (0.5 * 0.7 * 0.3, "the row of P is today's state, the column tomorrow's"),
            (math.log(0.07), "that is its logarithm: the probability itself, please"),
        ],
    )
    yield answer([1], P, initial).gives(
        initial[1], "a path of a single state", "no step is taken, so P is not used"
    )
    yield answer([0, 2, 1], _SEASONS, initial).gives(
        0, "an impossible path", "one of its steps has the probability 0"
    )
    P, initial = _random(4, 4, seed=0), _random(4, seed=1)
    path = [3, 1, 1, 0, 2, 3]
    yield answer(path, P, initial).gives(
        _probability(path, P, initial), "six states of another chain",
        "multiply over all pairs of neighbours in the path", tolerance=1e-7,
    )  # fmt: skip


def _most_probable(P, start: int, k: int) -> list[float]:
    """By trying every path of k steps, for k of at least 1."""
    states, chain = range(len(P)), MarkovChain(P, np.eye(len(P))[start])
    return [
        max(
            math.exp(chain.log_probability([start, *between, end]))
            for between in product(states, repeat=k - 1)
        )
        for end in states
    ]


@Exercise
def most_probable_path(answer: Answer) -> Iterator[Trial]:
    """The probability of the most probable path to each state, in k steps."""
    chain = MarkovChain(_WEATHER)
    sums = [(chain.k_step(1, 2), "that is the sum over the paths: take the largest")]
    yield answer(_WEATHER, 0, 1).gives(
        _WEATHER[0], "one step", "there is one path to each state",
        mistakes=[(_WEATHER[:, 0], "the row of P is where a step begins")],
    )  # fmt: skip
    yield answer(_WEATHER, 1, 2).gives(
        _most_probable(_WEATHER, 1, 2), "two steps",
        "for each end, compare P[start, i] * P[i, end] for every i in between",
        mistakes=sums,
    )  # fmt: skip
    yield answer(_WEATHER, 2, 0).gives(
        [0, 0, 1], "no step", "it stays where it starts, for certain"
    )
    P = _random(4, 4, seed=2)
    yield answer(P, 1, 5).gives(
        _most_probable(P, 1, 5), "five steps of another chain",
        "keep the best for each state: times P, which is the best for the next state?",
        mistakes=[(MarkovChain(P).k_step(1, 5), sums[0][1])], tolerance=1e-7,
    )  # fmt: skip


def _backward(P: np.ndarray, pi: np.ndarray) -> np.ndarray:
    return P.T * pi / pi[:, None]


@Exercise
def backward_matrix(answer: Answer) -> Iterator[Trial]:
    """The transition matrix of a chain that is read from its end."""
    pi = MarkovChain(_SEASONS).stationary_distribution()
    result = answer(_SEASONS, pi)
    equal_shares = _SEASONS.T / _SEASONS.sum(axis=0)[:, None]
    yield result.has(
        "each row sums to 1", _rows_sum_to_1,
        "something came before, for certain",
    )  # fmt: skip
    yield result.gives(
        _backward(_SEASONS, pi), "seasons, round and round",
        "P(x_t = j, x_{t+1} = i) is pi[j] * P[j, i]: what makes it conditional on i?",
        mistakes=[
            (_SEASONS, "after 0 comes 1, so before 1 came 0: look the other way"),
            (_SEASONS.T, "turned round, yes; but each state comes with its own share"),
            (equal_shares, "how often x_t = j in the first place is in pi"),
            (_backward(_SEASONS, pi).T, "the row is the later state, not the column"),
        ],
    )  # fmt: skip
    weather = MarkovChain(_WEATHER).stationary_distribution()
    yield answer(_WEATHER, weather).gives(
        _WEATHER, "the weather, the same both ways", "use pi, not only P"
    )
    P = _random(4, 4, seed=5)
    pi = MarkovChain(P).stationary_distribution()
    yield answer(P, pi).gives(
        _backward(P, pi), "four states", "divide by the share of the later state"
    )
    yield answer(_backward(P, pi), pi).gives(
        P, "turned round twice, it is the chain again", "pi is the same both ways"
    )


def _pairs(Q: np.ndarray) -> np.ndarray:
    """From (h, i) to (i', j) with Q[h, i, j] where i' = i, else 0."""
    n = len(Q)
    return np.einsum("hij,ik->hikj", Q, np.eye(n)).reshape(n * n, n * n)


@Exercise
def pair_matrix(answer: Answer) -> Iterator[Trial]:
    """The transition matrix of the pairs of a second-order model."""
    # Two states: with high probability, the next is the same as two steps before.
    Q = np.array([[[0.9, 0.1], [0.9, 0.1]], [[0.1, 0.9], [0.1, 0.9]]])
    swapped = _pairs(Q).reshape(4, 2, 2).transpose(0, 2, 1).reshape(4, 4)
    result = answer(Q)
    yield result.gives(
        _pairs(Q), "two states, four pairs",
        "(h, i) is followed by (i, j), and by no other pair",
        mistakes=[(swapped, "the pair that follows is (i, j): the older value first")],
    )  # fmt: skip
    yield result.has(
        "each row sums to 1", _rows_sum_to_1,
        "every j has its place in the row of (h, i)",
    )  # fmt: skip
    Q = _random(3, 3, 3, seed=3)
    yield answer(Q).gives(
        _pairs(Q), "three states, nine pairs",
        "the number of a pair is h * n + i, so n has to come from Q",
    )  # fmt: skip


@Exercise
def hardest_weather(answer: Answer) -> Iterator[Trial]:
    """The chain of given shares that is the hardest to predict."""
    shares = np.array([0.5, 0.5]), np.array([0.6, 0.3, 0.1]), _random(4, seed=4)
    for pi in shares:
        highest = MarkovChain([pi] * len(pi)).entropy_rate()
        kinds, result = f"{len(pi)} kinds of weather", answer(pi)
        yield result.has(
            f"{kinds}: a transition matrix",
            lambda P, pi=pi: MarkovChain(P).P.shape == (len(pi), len(pi)),
            "(n, n), and each row sums to 1",
        )
        yield result.has(
            f"{kinds}: with these shares",
            lambda P, pi=pi: np.allclose(pi @ np.asarray(P), pi, atol=1e-6),
            "a step must not change them: pi @ P is pi",
        )
        yield result.has(
            f"{kinds}: none is harder",
            lambda P, most=highest: MarkovChain(P).entropy_rate() > most - 1e-6,
            "what if today says nothing about tomorrow?",
        )
