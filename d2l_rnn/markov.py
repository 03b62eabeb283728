"""Markov chains: the next state depends on the present one alone.

The exponential of a chain's entropy rate is the lowest perplexity that any model, an
n-gram or an RNN, can reach in the long run on sequences from the chain.

A sequence is any string, list, tuple or 1-D array; its items, the states, are anything
hashable but NaN. Equal ones are one state: 1, 1.0 and True. Samples depend on `seed`.

Perplexity is exp of the mean of -log P(x_t | x_{t-1}), in nats, as for the RNN. The
first state has no predecessor: it is given and not scored.

Sources: "Markov models" in the notes; for the entropy rate, Cover and Thomas, Elements
of Information Theory, chapter 4.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn import checks
from d2l_rnn.checks.distributions import distribution, transition_matrix
from d2l_rnn.progress import perplexity
from d2l_rnn.stationary import closed_class, unchanged


class MarkovChain:
    """A source whose next state depends on the present state alone.

    `P` (n, n) is the transition matrix, P[i, j] = P(x_{t+1} = j | x_t = i), so each
    row sums to 1. `initial` (n,) is P(x_1); without it the chain starts from its
    stationary distribution. `states` are their names; by default 0, 1 … n - 1. A chain
    stays as it is: neither P nor initial can be changed or written into.

    Raises ValueError if a row of P, or `initial`, is not a distribution (the message
    has the row and its sum), or if `states` are not n different names.
    """

    def __init__(
        self,
        P: ArrayLike,
        initial: ArrayLike | None = None,
        states: Iterable[Hashable] | None = None,
    ):
        P = transition_matrix(P)
        names = range(len(P)) if states is None else checks.items("states", states)
        self.states = tuple(names)
        self._index = {state: i for i, state in enumerate(self.states)}
        if len(self._index) != len(P) or len(self.states) != len(P):
            raise ValueError(
                f"states must be {len(P)} different names, one for each "
                f"row of P, got {checks.shown(self.states)}"
            )
        self._P, self._initial = _fixed(P), None  # (n, n)
        if initial is not None:
            self._initial = _fixed(distribution("initial", initial, len(P)))  # (n,)

    def __setstate__(self, attributes: dict) -> None:
        """Of a copy: NumPy's copies could be written into."""
        vars(self).update(attributes)
        for probabilities in (self._P, self._initial):
            if probabilities is not None:
                _fixed(probabilities)

    @classmethod
    def from_data(
        cls,
        sequence: Iterable[Hashable],
        alpha: float = 0.0,
        states: Iterable[Hashable] | None = None,
        initial: ArrayLike | None = None,
    ) -> MarkovChain:
        """Estimate a chain by counting which state follows which in the sequence.

        `alpha` is added to every count (additive smoothing, Laplace's for alpha = 1).
        The states are those of the sequence, sorted if possible, unless `states` gives
        them. With alpha > 0 the row of a state that is never left is uniform.

        Raises ValueError if the sequence is shorter than 2 or contains a state that is
        not in `states`, if alpha is not from 0 to 1e100, or if it is 0 and a state is
        never left, so that its row cannot be estimated.
        """
        sequence = checks.items("sequence", sequence, at_least=2)
        alpha = checks.non_negative("alpha", alpha, at_most=1e100)
        states = kinds(sequence) if states is None else checks.items("states", states)
        index = {state: i for i, state in enumerate(states)}
        counts = np.full((len(states), len(states)), alpha)  # (n, n)
        for (before, after), count in Counter(pairwise(sequence)).items():
            row = _place("sequence", before, index)
            counts[row, _place("sequence", after, index)] += count
        totals = counts.sum(axis=1, keepdims=True)  # (n, 1)
        for i in np.flatnonzero(totals == 0):
            raise ValueError(
                f"the state {checks.shown(states[i])} is never left in sequence, so "
                "nothing says where it leads: give alpha > 0"
            )
        return cls(counts / totals, initial, states)

    @property
    def P(self) -> np.ndarray:
        """The transition matrix (n, n)."""
        return self._P

    @property
    def initial(self) -> np.ndarray:
        """P(x_1) as an array (n,): as given, or else the stationary distribution."""
        if self._initial is None:
            self._initial = _fixed(self.stationary_distribution())
        return self._initial

    def probability(self, after: Hashable, before: Hashable) -> float:
        """Return P(x_t = after | x_{t-1} = before).

        Raises ValueError if either is not a state of the chain.
        """
        row = _place("before", before, self._index)
        return float(self.P[row, _place("after", after, self._index)])

    def sample(self, num_steps: int, seed: int = 0) -> list[Hashable]:
        """Draw x_1 ... x_num_steps and return them as a list of states.

        Raises ValueError if `num_steps` is not at least 1 or `seed` is negative.
        """
        num_steps = checks.integer("num_steps", num_steps, 1)
        rows = [_cumulative(row) for row in self.P]
        row, path = _cumulative(self.initial), []
        for u in generator(seed).random(num_steps).tolist():
            state = bisect_right(row, u)
            path.append(self.states[state])
            row = rows[state]
        return path

    def log_probability(self, sequence: Iterable[Hashable]) -> float:
        """Return log P(x_1, ..., x_T) in nats: -inf for an impossible sequence.

        The notes' factorisation, the sum over t of log P(x_t | x_{t-1}), with
        P(x_1 | x_0) = P(x_1).

        Raises ValueError if the sequence is empty or contains an unknown state.
        """
        path = self._path(sequence, at_least=1)  # (T,)
        with np.errstate(divide="ignore"):  # log 0 = -inf is the answer here
            steps = np.log(self.P[path[:-1], path[1:]])  # (T - 1,)
            return float(np.log(self.initial[path[0]]) + steps.sum())

    def perplexity(self, sequence: Iterable[Hashable]) -> float:
        """Return the chain's perplexity on the T - 1 transitions of a sequence.

        It is inf if one of them is impossible. Raises ValueError if the sequence is
        shorter than 2 or contains an unknown state.
        """
        path = self._path(sequence, at_least=2)  # (T,)
        with np.errstate(divide="ignore"):
            surprises = -np.log(self.P[path[:-1], path[1:]])  # (T - 1,)
        return perplexity(surprises.mean())

    def two_step(self, after: Hashable, before: Hashable) -> float:
        """Return P(x_{t+1} = after | x_{t-1} = before), summed over the state between.

        The notes' sum over x_t of P(x_{t+1} | x_t) P(x_t | x_{t-1}). Raises ValueError
        if either is not a state of the chain.
        """
        return sum(
            self.probability(after, between) * self.probability(between, before)
            for between in self.states
        )

    def distributions(self, start: Hashable | ArrayLike, num_steps: int) -> np.ndarray:
        """Return the distribution after 0, 1, ... num_steps steps: (num_steps + 1, n).

        `start` is a state, or a distribution (n,). This is dynamic programming for
        P(x_{t+k} | x_t): each row follows from the one before in n^2 multiplications,
        whereas a sum over all paths has n^k terms.

        Raises ValueError if `start` is neither or `num_steps` is negative.
        """
        num_steps = checks.integer("num_steps", num_steps, 0)
        distributions = [self._start(start)]  # (n,)
        for _ in range(num_steps):
            distributions.append(distributions[-1] @ self.P)  # (n,)
        return np.stack(distributions)  # (num_steps + 1, n)

    def k_step(self, start: Hashable | ArrayLike, k: int) -> np.ndarray:
        """Return P(x_{t+k} | x_t = start) (n,): the last of `distributions`."""
        return self.distributions(start, checks.integer("k", k, 0))[-1]

    def stationary_distribution(self) -> np.ndarray:
        """Return the distribution pi (n,) that one step leaves unchanged: pi P = pi.

        Each entry is accurate, however small. A periodic chain has such a distribution,
        too, though it need not converge to it.

        Raises ValueError if the chain has several closed classes (sets of states that
        it cannot leave), as then pi is not unique, or if an entry is below 1e-290.
        """
        closed = closed_class(self.P)
        pi = np.zeros(len(self.P))  # (n,)
        pi[closed] = unchanged(self.P[np.ix_(closed, closed)])
        return pi

    def entropy_rate(self, unit: str = "nats") -> float:
        """Return the mean surprise of the next state, given the present one.

        - sum_i pi_i sum_j P_ij log P_ij, in nats or bits a step (Cover and Thomas,
        theorem 4.2.4).

        Raises ValueError for any other unit, and as `stationary_distribution` does.
        """
        checks.one_of("unit", unit, ("nats", "bits"))
        logs = np.log(self.P, where=self.P > 0, out=np.zeros_like(self.P))  # (n, n)
        row_entropies = -(self.P * logs).sum(axis=1)  # (n,)
        nats = abs(float(self.stationary_distribution() @ row_entropies))  # no -0.0
        return nats if unit == "nats" else nats / math.log(2)

    def perplexity_floor(self) -> float:
        """Return exp(entropy rate), the lowest perplexity any model can reach here.

        In the long run, the mean of -log Q(x_t | past) over the chain's output is the
        entropy rate plus the mean Kullback-Leibler divergence of the model Q from the
        true P. The divergence is never negative, and 0 only for Q = P, so on new text
        no n-gram or RNN stays below this perplexity.

        Raises ValueError as `stationary_distribution` does.
        """
        return perplexity(self.entropy_rate())

    def _path(self, sequence: Iterable[Hashable], at_least: int) -> np.ndarray:
        """The indices (T,) of the states in a sequence."""
        sequence = checks.items("sequence", sequence, at_least)
        places = [_place("sequence", state, self._index) for state in sequence]
        return np.array(places)

    def _start(self, start: Hashable | ArrayLike) -> np.ndarray:
        """A state, or a distribution, as a distribution (n,)."""
        try:
            return np.eye(len(self.P))[self._index[start]]
        except (KeyError, TypeError):  # not a state, or an array, which has no hash
            if isinstance(start, (str, int, type(None))):  # a state mistyped
                _place("start", start, self._index)
            name = "start (a state or a distribution)"
            return distribution(name, start, len(self.P))


def kinds(sequence: Iterable[Hashable]) -> list[Hashable]:
    """Return the distinct items, sorted if possible, else in order of appearance."""
    different = list(dict.fromkeys(checks.items("sequence", sequence)))
    try:
        return sorted(different)
    except TypeError:
        return different


def generator(seed: int) -> np.random.Generator:
    """A new generator; ValueError for a seed that is not from 0 to 2**64 - 1."""
    return np.random.default_rng(checks.integer("seed", seed, 0, 2**64 - 1))


def _place(name: str, state: Hashable, index: Mapping[Hashable, int]) -> int:
    """The index of a state; `name` is the argument that it came in."""
    try:
        return index[state]
    except (KeyError, TypeError):
        raise ValueError(
            f"{name}: {checks.shown(state)} is not a state of the chain; its states "
            f"are {checks.shown([*index])}"
        ) from None


def _fixed(probabilities: np.ndarray) -> np.ndarray:
    """The same array, into which nobody can write."""
    probabilities.setflags(write=False)
    return probabilities


def _cumulative(probabilities: np.ndarray) -> list[float]:
    """Return the running sums, ending in exactly 1, as a list for bisect."""
    sums = probabilities.cumsum()  # (n,)
    return (sums / sums[-1]).tolist()
