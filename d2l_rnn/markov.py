"""Markov models of discrete sequences: chains, n-grams, and the floor of perplexity.

A sequence is any string, list, tuple or 1-D array; its items (states of a chain,
tokens of an n-gram) are anything hashable. What is drawn depends on `seed` alone.

Perplexity is exp of the mean of -log P(x_t | what came before), in nats, as for the
RNN. The first tokens, which have no full context, are given and not scored.

Sources: "Markov models" in the notes; section 8.3 of Dive into Deep Learning,
PyTorch 0.17 ("the book"); for the entropy rate, Cover and Thomas, Elements of
Information Theory, chapter 4.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from functools import cached_property
from itertools import pairwise

import numpy as np

from d2l_rnn import checks


class MarkovChain:
    """A source whose next state depends on the present state alone.

    `P` (n, n) is the transition matrix, P[i, j] = P(x_{t+1} = j | x_t = i), so each
    row sums to 1. `initial` (n,) is P(x_1); without one the chain starts from its
    stationary distribution. `states` names the states; without names they are
    0 .. n-1. Raises ValueError, with the row and its sum, for anything else.
    """

    def __init__(self, P, initial=None, states=None):
        P = _array("P", P)
        if P.ndim != 2 or P.shape[0] != P.shape[1] or P.size == 0:
            raise ValueError(f"P must be a square matrix, got the shape {P.shape}")
        self.states = tuple(
            range(len(P)) if states is None else _items(states, name="states")
        )
        self._index = {state: i for i, state in enumerate(self.states)}
        if len(self._index) != len(P) or len(self.states) != len(P):
            raise ValueError(
                f"states must be {len(P)} different names, one for each "
                f"row of P, got {self.states!r}"
            )
        self.P = np.stack(
            [_probabilities(f"row {i} of P", row, len(P)) for i, row in enumerate(P)]
        )
        if initial is not None:
            self.initial = _probabilities("initial", initial, len(P))

    @classmethod
    def from_data(cls, sequence, alpha=0.0, states=None, initial=None):
        """Estimate a chain by counting which state follows which in the sequence.

        `alpha` is added to every count (additive smoothing, Laplace's for alpha = 1).
        The states are those of the sequence, sorted if they can be, unless `states`
        gives them. A state that is never left has no row: with alpha = 0 that is a
        ValueError, with alpha > 0 the row is uniform.
        """
        sequence = _items(sequence, at_least=2)
        alpha = checks.non_negative("alpha", alpha)
        states = _kinds(sequence) if states is None else _items(states, name="states")
        index = {state: i for i, state in enumerate(states)}
        counts = np.full((len(states), len(states)), alpha)
        for (before, after), count in Counter(pairwise(sequence)).items():
            counts[_lookup(index, before), _lookup(index, after)] += count
        totals = counts.sum(axis=1, keepdims=True)
        for i in np.flatnonzero(totals == 0):
            raise ValueError(
                f"the state {states[i]!r} is never left in sequence, so "
                "nothing says where it leads: give alpha > 0"
            )
        return cls(counts / totals, initial, states)

    @cached_property
    def initial(self):
        """P(x_1) as an array (n,): what was given, or the stationary distribution."""
        return self.stationary_distribution()

    def probability(self, after, before):
        """Return P(x_t = after | x_{t-1} = before)."""
        return float(self.P[_lookup(self._index, before), _lookup(self._index, after)])

    def sample(self, num_steps, seed=0):
        """Draw x_1 ... x_num_steps and return them as a list of states."""
        num_steps = checks.integer("num_steps", num_steps, 1)
        rows = [_cumulative(row) for row in self.P]
        row, path = _cumulative(self.initial), []
        for u in _rng(seed).random(num_steps).tolist():
            state = bisect_right(row, u)
            path.append(self.states[state])
            row = rows[state]
        return path

    def log_probability(self, sequence):
        """Return log P(x_1, ..., x_T) in nats: -inf for an impossible sequence.

        The notes' factorisation, the sum over t of log P(x_t | x_{t-1}), with
        P(x_1 | x_0) = P(x_1).
        """
        path = self._path(sequence, at_least=1)
        with np.errstate(divide="ignore"):  # log 0 = -inf is the answer here
            return float(
                np.log(self.initial[path[0]])
                + np.log(self.P[path[:-1], path[1:]]).sum()
            )

    def perplexity(self, sequence):
        """Return the chain's perplexity on the T - 1 transitions of a sequence."""
        path = self._path(sequence, at_least=2)
        with np.errstate(divide="ignore"):
            return _perplexity(-np.log(self.P[path[:-1], path[1:]]).mean())

    def two_step(self, after, before):
        """Return P(x_{t+1} = after | x_{t-1} = before), whatever lies between.

        The notes' sum over x_t of P(x_{t+1} | x_t) P(x_t | x_{t-1}).
        """
        return sum(
            self.probability(after, between) * self.probability(between, before)
            for between in self.states
        )

    def distributions(self, start, num_steps):
        """Return the distribution after 0, 1, ... num_steps steps: (num_steps + 1, n).

        `start` is a state, or a distribution (n,). This is the dynamic programme
        behind P(x_{t+k} | x_t): each row follows from the one before in n^2
        multiplications, where a sum over all paths would take n^k.
        """
        num_steps = checks.integer("num_steps", num_steps, 0)
        distributions = [self._start(start)]
        for _ in range(num_steps):
            distributions.append(distributions[-1] @ self.P)
        return np.stack(distributions)

    def k_step(self, start, k):
        """Return P(x_{t+k} | x_t) for x_t = start, as an array (n,)."""
        return self.distributions(start, k)[-1]

    def stationary_distribution(self):
        """Return the distribution pi (n,) that one step leaves as it is: pi P = pi.

        A periodic chain has one too, though it need not walk to it. A chain with
        several closed classes (sets of states it cannot leave) has many; that is a
        ValueError.
        """
        closed = self._closed_class()
        P = self.P[np.ix_(closed, closed)]
        # pi (P - I) = 0 says nothing of the scale of pi, so add the row "sums to 1".
        equations = np.vstack([(P - np.eye(len(P))).T, np.ones(len(P))])
        solution = np.linalg.lstsq(equations, np.eye(len(P) + 1)[-1], rcond=None)[0]
        pi = np.zeros(len(self.P))
        pi[closed] = solution.clip(min=0)  # rounding may leave a -1e-17
        return pi / pi.sum()

    def entropy_rate(self, unit="nats"):
        """Return the mean surprise of the next state once the present one is known.

        - sum_i pi_i sum_j P_ij log P_ij, in nats or bits a step.
        """
        checks.one_of("unit", unit, ("nats", "bits"))
        logs = np.log(self.P, where=self.P > 0, out=np.zeros_like(self.P))
        row_entropies = -(self.P * logs).sum(axis=1)
        nats = abs(float(self.stationary_distribution() @ row_entropies))  # no -0.0
        return nats if unit == "nats" else nats / math.log(2)

    def perplexity_floor(self):
        """Return exp(entropy rate), the lowest perplexity any model can reach here.

        In the long run, the mean of -log Q(x_t | past) over what the chain emits is
        the entropy rate plus the mean Kullback-Leibler divergence of the model Q from
        the true P. That is never negative, and 0 only for Q = P, so on new text no
        n-gram and no RNN stays below this.
        """
        return math.exp(self.entropy_rate())

    def _path(self, sequence, at_least):
        sequence = _items(sequence, at_least)
        return np.array([_lookup(self._index, state) for state in sequence])

    def _start(self, start):
        try:
            return np.eye(len(self.P))[self._index[start]]
        except (KeyError, TypeError):  # not a state, or an array, which has no hash
            return _probabilities(
                "start (a state or a distribution)", start, len(self.P)
            )

    def _closed_class(self):
        """Return the indices of the one set of states that, entered, is never left."""
        n = len(self.P)
        reaches = (self.P > 0) | np.eye(n, dtype=bool)
        for _ in range(n.bit_length()):  # squaring doubles the length of the paths
            reaches = reaches @ reaches
        returns = (reaches <= reaches.T).all(axis=1)  # comes back from all it reaches
        classes = np.unique(reaches[returns], axis=0)
        if len(classes) > 1:
            raise ValueError(
                f"the chain has {len(classes)} closed classes of states, so its "
                "stationary distribution is not unique: give initial"
            )
        return np.flatnonzero(classes[0])


class NGramModel:
    """A language model that predicts a token from the n - 1 tokens before it.

    It counts the tokens of a text, and smooths the counts with the estimate from the
    context less its first token, at strength epsilon:

        P(x | context) = (n(context, x) + epsilon P(x | shorter context))
                         / (n(context) + epsilon)

    Below the empty context stands 1 / len(vocab). For n = 1 and 2 these are the
    book's equations in section 8.3; where its third falls back from two tokens to
    none, this goes one by one, the hierarchical Dirichlet model of MacKay and Peto
    (1995, Natural Language Engineering 1(3)) taken beyond bigrams. epsilon = 0 leaves
    the relative frequencies as they are.

    `vocab` is the tokens of the text, sorted if they can be, unless a larger one is
    given. `epsilon` may be set anew at any time: the counts stay. Raises ValueError if
    the text has fewer than n tokens or `vocab` lacks one of them.
    """

    def __init__(self, tokens, n, epsilon=0.0, vocab=None):
        tokens = _items(tokens, at_least=1, name="tokens")
        self.n = checks.integer(
            "n", n, 1, len(tokens), f"the text has {len(tokens)} tokens"
        )
        self.epsilon = epsilon
        kinds = _kinds(tokens)
        self.vocab = tuple(
            kinds if vocab is None else dict.fromkeys(_items(vocab, name="vocab"))
        )
        self._known = frozenset(self.vocab)
        for token in kinds:
            if token not in self._known:
                raise ValueError(
                    "vocab must hold every token of the text, "
                    f"and {token!r} is not in it"
                )
        self._followers = {}  # context -> {token: how often it follows}
        for length in range(1, self.n + 1):
            for gram, count in _ngrams(tokens, length).items():
                self._followers.setdefault(gram[:-1], {})[gram[-1]] = count
        self._totals = {
            context: sum(counts.values()) for context, counts in self._followers.items()
        }

    @property
    def epsilon(self):
        """The strength of the smoothing, in tokens: a finite number of at least 0."""
        return self._epsilon

    @epsilon.setter
    def epsilon(self, value):
        self._epsilon = checks.non_negative("epsilon", value)

    def count(self, gram):
        """Return how often the text holds the 1 to n tokens of gram, side by side."""
        gram = tuple(_items(gram, at_least=1, name="gram"))
        checks.integer("len(gram)", len(gram), 1, self.n)
        return self._followers.get(gram[:-1], {}).get(gram[-1], 0)

    def probability(self, token, context=()):
        """Return P(token | context).

        The context is a sequence of tokens: where tokens are words, ["time"] rather
        than "time". Only its last n - 1 tokens count; where it is shorter, so is the
        n-gram. A token outside the vocabulary has probability 0. With epsilon = 0, so
        has every token after a context that the text does not have.
        """
        return self._probability(token, self._last(context))

    def perplexity(self, tokens):
        """Return the perplexity on the tokens that have n - 1 tokens before them.

        It is inf if the model holds one of them impossible.
        """
        tokens = _items(tokens, at_least=self.n, name="tokens")
        surprise = 0.0
        for gram, count in _ngrams(tokens, self.n).items():
            p = self._probability(gram[-1], gram[:-1])
            surprise += count * (-math.log(p) if p > 0 else math.inf)
        return _perplexity(surprise / (len(tokens) - self.n + 1))

    def sample(self, num_tokens, prefix=(), seed=0):
        """Draw num_tokens tokens that continue the prefix; return them as a list.

        Where the text does not have the context (the text's own end may be one), the
        longest end of the context that it does have decides, even with epsilon = 0.
        """
        num_tokens = checks.integer("num_tokens", num_tokens, 1)
        context, rng, drawn = self._last(prefix), _rng(seed), []
        for _ in range(num_tokens):
            drawn.append(self._draw(context, rng))
            context = self._last(context + (drawn[-1],))
        return drawn

    def _last(self, context):
        context = tuple(_items(context, name="context"))
        return context[max(len(context) - self.n + 1, 0) :]

    def _probability(self, token, context):
        if token not in self._known:
            return 0.0
        p = 1 / len(self.vocab)
        for start in range(len(context), -1, -1):  # from () to the whole context
            total = self._totals.get(context[start:], 0)
            count = self._followers.get(context[start:], {}).get(token, 0)
            weight = total + self.epsilon
            p = (count + self.epsilon * p) / weight if weight > 0 else 0.0
        return p

    def _draw(self, context, rng):
        # P(x | context) is a mixture: with the weight n(context) a token that followed
        # the context, with the weight epsilon one that suits the shorter context.
        for start in range(len(context) + 1):  # from the whole context to ()
            total = self._totals.get(context[start:], 0)
            u = rng.random() * (total + self.epsilon)
            if u < total:
                return _pick(self._followers[context[start:]], u)
        return self.vocab[rng.integers(len(self.vocab))]


def _ngrams(tokens, n):
    return Counter(zip(*(tokens[i:] for i in range(n)), strict=False))


def _pick(counts, u):
    """Return the token in whose share of the counts u falls; u is below their sum."""
    for token, count in counts.items():
        u -= count
        if u < 0:
            return token


def _cumulative(probabilities):
    """Return the running sums, ending in exactly 1, as a list for bisect."""
    sums = probabilities.cumsum()
    return (sums / sums[-1]).tolist()


def _perplexity(mean_surprise):
    with np.errstate(over="ignore"):  # exp(710) is inf for us, not an error
        return float(np.exp(mean_surprise))


def _kinds(items):
    """Return the different items, sorted where they can be, else as first seen."""
    kinds = list(dict.fromkeys(items))
    try:
        return sorted(kinds)
    except TypeError:
        return kinds


def _items(sequence, at_least=0, name="sequence"):
    """Return a sequence as a list of hashable items (an array's as Python numbers)."""
    try:
        items = sequence.tolist() if hasattr(sequence, "tolist") else list(sequence)
        set(items)
    except TypeError as error:
        raise ValueError(
            f"{name} must be a sequence of hashable items: {error}"
        ) from None
    if len(items) < at_least:
        raise ValueError(
            f"{name} must have a length of at least {at_least}, got {len(items)}"
        )
    return items


def _lookup(index, state):
    try:
        return index[state]
    except (KeyError, TypeError):
        raise ValueError(f"{state!r} is not a state of the chain") from None


def _array(name, values):
    try:
        return np.asarray(values, dtype=np.float64).copy()
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold numbers: {error}") from None


def _probabilities(name, values, n):
    """Return values as an array (n,) that sums to 1, or raise ValueError."""
    p = _array(name, values)
    if p.shape != (n,):
        raise ValueError(f"{name} must have {n} probabilities, got the shape {p.shape}")
    for i in np.flatnonzero(~((p >= 0) & (p <= 1 + 1e-6))):  # NaN is neither
        raise ValueError(
            f"{name} must have probabilities from 0 to 1, got {p[i]} at index {i}"
        )
    error = abs(p.sum() - 1)
    if error > 1e-6:
        raise ValueError(f"{name} must sum to 1, got a sum of {p.sum():.6g}")
    return p if error < 1e-12 else p / p.sum()  # 0.1 stays 0.1, float32 is mended


def _rng(seed):
    return np.random.default_rng(checks.integer("seed", seed, 0))
