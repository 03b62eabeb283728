"""Corpus into minibatches: random sampling and sequential partitioning.

Both cut the corpus, from a random offset on, into subsequences of `num_steps` tokens;
the labels are the same tokens moved by one. They differ in what follows what: in
random sampling (随机抽样) neighbouring minibatches have nothing to do with each other;
in sequential partitioning (顺序划分) row i of a minibatch goes on where row i of the
one before it ended, so that the hidden state can be carried along.
"""

from __future__ import annotations

import copy
import os
import random
from array import array
from collections.abc import Iterator, Sequence
from types import ModuleType

import torch
from torch import Tensor

from d2l_rnn.checks import integer, positive, shown, truth
from d2l_rnn.checks.indices import as_indices
from d2l_rnn.text import Vocab, load_corpus


def random_sampling(
    corpus: Sequence[int] | Tensor,
    batch_size: int,
    num_steps: int,
    rng: random.Random | ModuleType | GivenOffset = random,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield minibatches (X, Y) of subsequences in a random order.

    X and Y: int64 copies, shape (batch_size, num_steps), Y one token ahead of X. `rng`
    is the standard library's `random` or a `random.Random`: the same seed gives the
    same minibatches as the book's `seq_data_iter_random`, and uses up the same numbers.

    Raises ValueError if the corpus is no sequence of indices, or too short for even one
    minibatch, and for another `rng`.
    """
    _check_generator(rng)
    # The offset takes up to num_steps - 1 tokens, and the last label one.
    corpus, batch_size, num_steps = _checked(corpus, batch_size, num_steps, extra=0)

    def minibatches():
        offset = rng.randint(0, num_steps - 1)
        num_subseqs = (len(corpus) - offset - 1) // num_steps  # 1 less: the labels
        end = offset + num_subseqs * num_steps
        starts = array("q", range(offset, end, num_steps))
        rng.shuffle(starts)
        starts = torch.frombuffer(starts, dtype=torch.int64)
        pieces = corpus.unfold(0, num_steps + 1, 1)  # row i starts at token i
        for i in range(0, num_subseqs // batch_size * batch_size, batch_size):
            tokens = pieces[starts[i : i + batch_size]].long()  # (B, T + 1)
            yield tokens[:, :-1], tokens[:, 1:].clone()  # (B, T)

    return minibatches()


def sequential_partitioning(
    corpus: Sequence[int] | Tensor,
    batch_size: int,
    num_steps: int,
    rng: random.Random | ModuleType | GivenOffset = random,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield minibatches (X, Y) that continue each other, row by row.

    Shapes and `rng` as in `random_sampling`; the book's `seq_data_iter_sequential`.

    Raises ValueError as `random_sampling` does.
    """
    _check_generator(rng)
    # The offset takes up to num_steps tokens, and the last label one.
    corpus, batch_size, num_steps = _checked(corpus, batch_size, num_steps, extra=1)

    def minibatches():
        offset = rng.randint(0, num_steps)
        length = (len(corpus) - offset - 1) // batch_size  # of a row
        end, num_batches = offset + batch_size * length, length // num_steps
        X = corpus[offset:end].reshape(batch_size, length)  # (B, length)
        Y = corpus[offset + 1 : end + 1].reshape(batch_size, length)
        # What is left over at the end of the rows makes no minibatch.
        for i in range(0, num_batches * num_steps, num_steps):
            steps = slice(i, i + num_steps)
            yield X[:, steps].clone().long(), Y[:, steps].clone().long()  # (B, T)

    return minibatches()


def windows(corpus: Sequence[int] | Tensor, num_steps: int) -> tuple[Tensor, Tensor]:
    """Every subsequence and its labels, (N - num_steps, num_steps) of N tokens each.

    Row i starts at token i. int64, and views: no token is copied for each window.

    Raises ValueError if the corpus is no sequence of indices, or not longer than
    `num_steps`.
    """
    corpus = as_indices(corpus).long()
    if len(corpus) < 2:
        raise ValueError(f"corpus must have at least 2 tokens, got {len(corpus)}")
    why = f"the corpus has {len(corpus)} tokens"
    num_steps = integer("num_steps", num_steps, 1, len(corpus) - 1, why)
    return corpus[:-1].unfold(0, num_steps, 1), corpus[1:].unfold(0, num_steps, 1)


class GivenOffset:
    """An `rng` for an epoch whose offset is given instead of drawn.

    The order of random sampling is drawn as usual, by the `seed`.
    """

    def __init__(self, offset: int, seed: int = 0):
        self.offset = offset
        self.shuffle = random.Random(integer("seed", seed, at_least=0)).shuffle

    def randint(self, low: int, high: int) -> int:
        """The offset; raises ValueError if it is not from `low` to `high`."""
        return integer("offset", self.offset, low, high)


class SequenceLoader:
    """Minibatches of a corpus, as often as you like: each `iter` is a new epoch.

    Each epoch draws a new offset (and, with `use_random_iter`, a new order), from the
    standard library's `random`, or from a generator of its own if `seed` is given. A
    copy draws what the loader would draw next; without a seed, both draw from `random`.
    The corpus keeps its own type of integers; the minibatches are int64. `num_begun`
    counts the epochs.

    Raises ValueError at once if a minibatch is too large for the corpus, if this is no
    sequence of indices, or if `use_random_iter` is neither True nor False.
    """

    def __init__(
        self,
        corpus: Sequence[int] | Tensor,
        batch_size: int,
        num_steps: int,
        use_random_iter: bool = False,
        seed: int | None = None,
    ):
        self.corpus = as_indices(corpus)
        self.batch_size, self.num_steps = batch_size, num_steps
        self.use_random_iter = truth("use_random_iter", use_random_iter)
        self.rng = random
        if seed is not None:
            self.rng = random.Random(integer("seed", seed, at_least=0))
        self.num_begun = 0  # epochs
        self._minibatches()  # checks the sizes now, draws nothing

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.num_begun += 1
        yield from self._minibatches()

    def __getstate__(self) -> dict:
        # For copies. The module `random` cannot be copied: a copy uses it as well.
        rng = None if self.rng is random else copy.deepcopy(self.rng)
        return vars(self) | {"rng": rng}

    def __setstate__(self, state: dict) -> None:
        vars(self).update(state)
        self.rng = random if self.rng is None else self.rng

    def skip(self, num_epochs: int) -> None:
        """Draw what the next epochs would draw, for a run that goes on after them.

        Raises ValueError for a negative number of epochs.
        """
        for _ in range(integer("num_epochs", num_epochs, at_least=0)):
            next(iter(self), None)  # all is drawn before the first minibatch

    def in_order(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The same minibatches each time: sequential, from the first token on.

        Nothing is drawn, so that what is measured on them does not change the run.
        """
        return sequential_partitioning(
            self.corpus, self.batch_size, self.num_steps, GivenOffset(0)
        )

    def _minibatches(self):
        is_random = truth("use_random_iter", self.use_random_iter)
        iterate = random_sampling if is_random else sequential_partitioning
        return iterate(self.corpus, self.batch_size, self.num_steps, self.rng)


def split(
    corpus: Sequence[int] | Tensor, held_out: float = 0.1
) -> tuple[Tensor, Tensor]:
    """The corpus in two: the text to train on, and its last part, which is held out.

    `held_out` is the share of that part, between 0 and 1. It is cut off by place and
    not drawn at random: the neighbours of a token drawn from the middle would be
    trained on, and with them nearly the token itself.

    Raises ValueError if the share is not between 0 and 1, or one part would be empty.
    """
    corpus = as_indices(corpus)
    share = positive("held_out", held_out, at_most=1)
    kept = len(corpus) - round(share * len(corpus))
    if not 0 < kept < len(corpus):
        raise ValueError(
            f"held_out must leave tokens in both parts of the corpus, "
            f"got {shown(held_out)} "
            f"of {len(corpus)} tokens"
        )
    return corpus[:kept], corpus[kept:]


def load_data(
    batch_size: int,
    num_steps: int,
    use_random_iter: bool = False,
    max_tokens: int = 10000,
    path: str | os.PathLike | None = None,
    token: str = "char",
    clean: bool = True,
    seed: int | None = None,
) -> tuple[SequenceLoader, Vocab]:
    """A loader over the first tokens of a text, and the text's vocabulary.

    `max_tokens` is how many (0 or -1: all). The book's `load_data_time_machine`, for
    any text.

    Raises ValueError for a bad text, token type or size.
    """
    corpus, vocab = load_corpus(path, token, max_tokens, clean)
    loader = SequenceLoader(corpus, batch_size, num_steps, use_random_iter, seed)
    return loader, vocab


def _checked(corpus, batch_size, num_steps, extra: int) -> tuple[Tensor, int, int]:
    """The three as a tensor and two ints, with one minibatch in it at any offset.

    What the offset and the last label take is `num_steps + extra` tokens.
    """
    corpus = as_indices(corpus)
    batch_size = integer("batch_size", batch_size, at_least=1)
    num_steps = integer("num_steps", num_steps, at_least=1)
    needed = batch_size * num_steps + num_steps + extra
    if len(corpus) < needed:
        raise ValueError(
            f"batch_size={batch_size} and num_steps={num_steps} are too large for the "
            f"corpus: they need at least {needed} tokens, it has {len(corpus)}"
        )
    return corpus, batch_size, num_steps


def _check_generator(rng) -> None:
    if rng is not random and not isinstance(rng, (random.Random, GivenOffset)):
        raise ValueError(
            "rng must be the module random, a random.Random or a GivenOffset, "
            f"got {shown(rng)}"
        )
