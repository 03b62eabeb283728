"""n-grams: how often n tokens follow each other, and the perplexity to beat.

Tokens are anything hashable except NaN, and a text is any string, list, tuple or 1-D
array of them. Tokens that are equal, such as 1, 1.0 and True, are one. Random samples
depend on `seed` alone.

Perplexity is exp of the mean of -log P(x_t | the n - 1 tokens before it), in nats, as
for the RNN. The first n - 1 tokens, which have no full context, are not scored.

Sources: "language models" in the notes; section 8.3 of Dive into Deep Learning,
PyTorch 0.17 ("the book").
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping

import numpy as np

from d2l_rnn import checks
from d2l_rnn.checks.tokens import covering
from d2l_rnn.markov import generator, kinds
from d2l_rnn.progress import perplexity

Gram = tuple[Hashable, ...]  # some tokens in a row

SMALLEST = 1e-100  # a smaller epsilon, times a probability, may vanish


class NGramModel:
    """A language model that predicts a token from the n - 1 tokens before it.

    It counts the n-grams of a text, and smooths the counts, with strength epsilon,
    towards the estimate from the context without its first token:

        P(x | context) = (n(context, x) + epsilon P(x | shorter context))
                         / (n(context) + epsilon)

    The empty context falls back to 1 / len(vocab). For n = 1 and 2 these are the
    book's equations in section 8.3; the book's third equation falls back from two
    context tokens to none, whereas here the context loses one token at a time. This is
    the hierarchical Dirichlet model of MacKay and Peto (1995, Natural Language
    Engineering 1(3)), extended beyond bigrams. epsilon = 0 gives the relative
    frequencies.

    `vocab` is the tokens of the text, sorted if possible, unless a larger one is
    given. `epsilon` may be changed at any time, as the counts do not depend on it:
    `followers[context][token]` is how often the token follows a context of up to
    n - 1 tokens, and `totals[context]` how often any token does.

    Raises ValueError if the text has fewer than n tokens, if `vocab` lacks one of
    them, or if epsilon is neither 0 nor a finite number from 1e-100 on.
    """

    def __init__(
        self,
        tokens: Iterable[Hashable],
        n: int,
        epsilon: float = 0.0,
        vocab: Iterable[Hashable] | None = None,
    ):
        tokens = checks.items("tokens", tokens, at_least=1)
        self.n = checks.integer(
            "n", n, 1, len(tokens), f"the text has {len(tokens)} tokens"
        )
        self.epsilon = epsilon
        self.vocab = covering(kinds(tokens), vocab)
        self._known = frozenset(self.vocab)
        self.followers: dict[Gram, dict[Hashable, int]] = {}
        for length in range(1, self.n + 1):
            for gram, count in count_grams(tokens, length).items():
                self.followers.setdefault(gram[:-1], {})[gram[-1]] = count
        self.totals: dict[Gram, int] = {
            context: sum(counts.values()) for context, counts in self.followers.items()
        }

    @property
    def epsilon(self) -> float:
        """The strength of the smoothing, in tokens: 0, or a number from 1e-100 on."""
        return self._epsilon

    @epsilon.setter
    def epsilon(self, value: float) -> None:
        self._epsilon = _smoothing(value)

    def count(self, gram: Iterable[Hashable]) -> int:
        """Return how often the text contains gram, 1 to n tokens in this order.

        Raises ValueError if gram has no tokens, or more than n.
        """
        gram = tuple(checks.items("gram", gram, at_least=1))
        checks.integer("len(gram)", len(gram), 1, self.n)
        return self.followers.get(gram[:-1], {}).get(gram[-1], 0)

    def probability(self, token: Hashable, context: Iterable[Hashable] = ()) -> float:
        """Return P(token | context).

        The context is a sequence of tokens: if tokens are words, ["time"] rather than
        "time". Only its last n - 1 tokens count; a shorter context means a shorter
        n-gram. A token outside the vocabulary has probability 0, and so, if epsilon is
        0, has every token after a context that does not occur in the text.

        Raises ValueError if the token is not hashable or the context not a sequence.
        """
        return self.estimate(token, self._last(context))

    def estimate(self, token: Hashable, context: Gram) -> float:
        """Return `probability` for a context that is a tuple of at most n - 1 tokens.

        The loop goes from the empty context to the whole one.

        Raises ValueError for any other context, and if the token is not hashable.
        """
        token, context = self._checked(token, context)
        if token not in self._known:
            return 0.0
        p = 1 / len(self.vocab)
        for start in range(len(context), -1, -1):
            total = self.totals.get(context[start:], 0)
            count = self.followers.get(context[start:], {}).get(token, 0)
            weight = total + self.epsilon
            p = (count + self.epsilon * p) / weight if weight > 0 else 0.0
        return p

    def perplexity(self, tokens: Iterable[Hashable]) -> float:
        """Return the perplexity on the tokens that have n - 1 tokens before them.

        It is inf if the model gives one of them probability 0. Raises ValueError if
        there are fewer than n tokens, or if epsilon is so small that a probability
        cannot be told from 0.
        """
        tokens = checks.items("tokens", tokens, at_least=self.n)
        surprise = 0.0
        for gram, count in count_grams(tokens, self.n).items():
            p = self.estimate(gram[-1], gram[:-1])
            surprise += count * (-math.log(p) if p > 0 else math.inf)
        found = perplexity(surprise / (len(tokens) - self.n + 1))
        is_smooth = self.epsilon > 0 and self._known.issuperset(tokens)
        return _finite(found, self.epsilon) if is_smooth else found

    def sample(
        self, num_tokens: int, prefix: Iterable[Hashable] = (), seed: int = 0
    ) -> list[Hashable]:
        """Draw num_tokens tokens that continue the prefix; return them as a list.

        If nothing follows the context in the text (it may occur only at the very end),
        the longest suffix of the context that has a follower is used instead, even
        with epsilon = 0.

        Raises ValueError if `num_tokens` is not at least 1, `seed` is negative, or the
        prefix is not a sequence.
        """
        num_tokens = checks.integer("num_tokens", num_tokens, 1)
        context, rng, drawn = self._last(prefix, "prefix"), generator(seed), []
        for _ in range(num_tokens):
            drawn.append(self._draw(context, rng))
            context = self._last(context + (drawn[-1],))
        return drawn

    def _last(self, context: Iterable[Hashable], name: str = "context") -> Gram:
        """The last n - 1 tokens of a context."""
        context = tuple(checks.items(name, context))
        return context[max(len(context) - self.n + 1, 0) :]

    def _checked(self, token: Hashable, context: Gram) -> tuple[Hashable, Gram]:
        """Both as Python has them; ValueError if they are not token and context."""
        if not isinstance(context, tuple) or len(context) >= self.n:
            allowed = f"a tuple of at most {self.n - 1} tokens"
            raise ValueError(f"context must be {allowed}, got {checks.shown(context)}")
        try:
            if token in self._known and self._known.issuperset(context):  # as a rule
                return token, context
        except TypeError:  # not hashable
            pass
        context = tuple(checks.items("context", context))
        return checks.item("token", token), context

    def _draw(self, context: Gram, rng: np.random.Generator) -> Hashable:
        # P(x | context) is a mixture of the tokens that followed the context, with the
        # weight n(context), and of P(x | shorter context), with the weight epsilon.
        for start in range(len(context) + 1):  # from the whole context to ()
            total = self.totals.get(context[start:], 0)
            u = rng.random() * (total + self.epsilon)
            if u < total:
                return _pick(self.followers[context[start:]], u)
        return self.vocab[rng.integers(len(self.vocab))]


def perplexity_to_beat(tokens: Iterable[Hashable], n: int = 2) -> float:
    """The perplexity of an unsmoothed n-gram model on the text that it has counted.

    No model that sees only n - 1 tokens of the past can do better on this text. It is
    1 for a text of fewer than n tokens, in which there is nothing to predict. Raises
    ValueError if `n` is not at least 1.
    """
    tokens = checks.items("tokens", tokens)
    n = checks.integer("n", n, 1)
    return NGramModel(tokens, n).perplexity(tokens) if len(tokens) >= n else 1.0


class Tally:
    """The perplexities of the models with n = 1 … max_n, all at once.

    They are those of `NGramModel(seen, n, epsilon, vocab)` on `seen`, the text that it
    has counted, and on another text, `new`, for any epsilon. Without `vocab` it is the
    tokens of both texts: all these models know the same ones. The n-grams are counted
    only once, with arrays, so that an epsilon slider is answered fast.

    Raises ValueError if a text has fewer than max_n tokens, or `vocab` lacks one of
    its tokens.
    """

    def __init__(
        self,
        seen: Iterable[Hashable],
        new: Iterable[Hashable],
        max_n: int,
        vocab: Iterable[Hashable] | None = None,
    ):
        max_n = checks.integer("max_n", max_n, 1)
        seen = checks.items("seen", seen, at_least=max_n)
        both = seen + checks.items("new", new, at_least=max_n)  # N tokens
        self.num_seen, vocab = len(seen), covering(kinds(both), vocab)
        self.vocab_size = len(vocab)
        index = {token: i for i, token in enumerate(vocab)}
        codes = np.array([index[token] for token in both], dtype=np.int64)  # (N,)
        # For each n and position: how often `seen` has the token there after the n - 1
        # before it, and how often it has those n - 1. The first n - 1 positions of a
        # text mean nothing.
        self.counts: list[tuple[np.ndarray, np.ndarray]] = []
        context = np.zeros_like(codes)  # (N,): a number for each kind of context
        for n in range(1, max_n + 1):
            # Renumbered from 0, so that the numbers of the next contexts stay small.
            gram = np.unique(context * len(vocab) + codes, return_inverse=True)[1]
            counted = slice(n - 1, self.num_seen)
            self.counts.append((_times(gram, counted), _times(context, counted)))
            context = np.roll(gram, 1)  # (N,)

    def perplexities(self, epsilon: float) -> tuple[list[float], list[float]]:
        """Return the perplexities for n = 1 … max_n on `seen`, and those on `new`.

        Raises ValueError if epsilon is neither 0 nor a finite number from 1e-100 on, or
        so small that a probability cannot be told from 0.
        """
        epsilon = _smoothing(epsilon)
        p, seen, new = 1 / self.vocab_size, [], []
        for skipped, (count, total) in enumerate(self.counts):
            weight = total + epsilon  # (N,)
            p = (count + epsilon * p) / np.where(weight > 0, weight, np.inf)  # (N,)
            with np.errstate(divide="ignore"):  # log 0 = -inf is the answer here
                surprise = -np.log(p)  # (N,)
            seen.append(perplexity(surprise[skipped : self.num_seen].mean()))
            new.append(perplexity(surprise[self.num_seen + skipped :].mean()))
        for found in seen + new if epsilon > 0 else ():
            _finite(found, epsilon)
        return seen, new


def count_grams(tokens: Iterable[Hashable], n: int) -> Counter[Gram]:
    """Count how often each n-gram occurs; ValueError if n is not at least 1."""
    tokens, n = checks.items("tokens", tokens), checks.integer("n", n, 1)
    columns = [tokens[i:] for i in range(n)] if n <= len(tokens) else []
    return Counter(zip(*columns, strict=False))


def _smoothing(epsilon: float) -> float:
    """Return epsilon; ValueError if its products with probabilities would vanish."""
    epsilon = checks.non_negative("epsilon", epsilon)
    if 0 < epsilon < SMALLEST:
        raise ValueError(f"epsilon must be 0 or at least {SMALLEST:g}, got {epsilon:g}")
    return epsilon


def _finite(found: float, epsilon: float) -> float:
    """Return the perplexity of a smoothed model; ValueError if rounding made it inf."""
    if found < math.inf:
        return found
    raise ValueError(f"epsilon must be larger for this text and n, got {epsilon:g}")


def _times(numbers: np.ndarray, counted: slice) -> np.ndarray:
    """How often each of the numbers (N,) occurs among the counted ones: (N,)."""
    return np.bincount(numbers[counted], minlength=numbers.max() + 1)[numbers]


def _pick(counts: Mapping[Hashable, int], u: float) -> Hashable:
    """Pick the token whose share of the counts u falls into; u is below their sum."""
    for token, count in counts.items():
        u -= count
        if u < 0:
            return token
