"""Corpus into minibatches: random sampling and sequential partitioning.

Both cut the corpus, from a random offset on, into subsequences of `num_steps` tokens;
the labels are the same tokens moved by one. They differ in what follows what: in
random sampling (随机抽样) neighbouring minibatches have nothing to do with each other;
in sequential partitioning (顺序划分) row i of a minibatch goes on where row i of the
one before it ended, so that the hidden state can be carried along.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from d2l_rnn._checks import integer
from d2l_rnn.text import Vocab, load_corpus


def random_sampling(
    corpus: Sequence[int] | Tensor, batch_size: int, num_steps: int, rng=random
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield minibatches (X, Y) of subsequences in a random order.

    X and Y: int64, shape (batch_size, num_steps), Y one token ahead of X. `rng` is the
    standard library's `random` or a `random.Random`: the same seed gives the same
    minibatches as the book's `seq_data_iter_random`, and uses up the same numbers.

    Raises ValueError if even one minibatch is too large for the corpus.
    """
    corpus = _checked(corpus, batch_size, num_steps, largest_offset=num_steps - 1)

    def minibatches():
        offset = rng.randint(0, num_steps - 1)
        num_subseqs = (len(corpus) - offset - 1) // num_steps  # 1 less: the labels
        starts = list(range(offset, offset + num_subseqs * num_steps, num_steps))
        rng.shuffle(starts)
        num_batches = num_subseqs // batch_size
        starts = torch.tensor(starts[: num_batches * batch_size])
        X, Y = windows(corpus, num_steps)
        for rows in starts.split(batch_size):
            yield X[rows], Y[rows]  # (B, T)

    return minibatches()


def sequential_partitioning(
    corpus: Sequence[int] | Tensor, batch_size: int, num_steps: int, rng=random
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield minibatches (X, Y) that continue each other, row by row.

    Shapes and `rng` as in `random_sampling`; the book's `seq_data_iter_sequential`.

    Raises ValueError if even one minibatch is too large for the corpus.
    """
    corpus = _checked(corpus, batch_size, num_steps, largest_offset=num_steps)

    def minibatches():
        offset = rng.randint(0, num_steps)
        length = (len(corpus) - offset - 1) // batch_size  # of a row
        end = offset + batch_size * length
        X = corpus[offset:end].reshape(batch_size, length)
        Y = corpus[offset + 1 : end + 1].reshape(batch_size, length)
        for start in range(0, length // num_steps * num_steps, num_steps):
            yield X[:, start : start + num_steps], Y[:, start : start + num_steps]

    return minibatches()


def windows(corpus: Tensor, num_steps: int) -> tuple[Tensor, Tensor]:
    """Every subsequence and its labels: row i starts at token i. Views, no copies."""
    return corpus[:-1].unfold(0, num_steps, 1), corpus[1:].unfold(0, num_steps, 1)


class SequenceLoader:
    """Minibatches of a corpus, as often as one likes: each `iter` is a new epoch.

    Each epoch draws a new offset (and, with `use_random_iter`, a new order), from the
    standard library's `random`, or from a generator of its own if `seed` is given.

    Raises ValueError at once if a minibatch is too large for the corpus.
    """

    def __init__(
        self,
        corpus: Sequence[int] | Tensor,
        batch_size: int,
        num_steps: int,
        use_random_iter: bool = False,
        seed: int | None = None,
    ):
        self.corpus = torch.as_tensor(corpus)
        self.batch_size, self.num_steps = batch_size, num_steps
        self.use_random_iter = use_random_iter
        self.rng = random if seed is None else random.Random(seed)
        self._minibatches()  # checks the sizes now, draws nothing

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        return self._minibatches()

    def _minibatches(self):
        iterate = random_sampling if self.use_random_iter else sequential_partitioning
        return iterate(self.corpus, self.batch_size, self.num_steps, self.rng)


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
    """A loader over a text's first `max_tokens` tokens (-1: all), and its vocabulary.

    The book's `load_data_time_machine`, for any text.

    Raises ValueError for a bad text, token type or size.
    """
    corpus, vocab = load_corpus(path, token, max_tokens, clean)
    loader = SequenceLoader(corpus, batch_size, num_steps, use_random_iter, seed)
    return loader, vocab


def _checked(corpus, batch_size: int, num_steps: int, largest_offset: int) -> Tensor:
    """The corpus as a tensor, long enough for one minibatch whatever the offset."""
    integer("batch_size", batch_size, at_least=1)
    integer("num_steps", num_steps, at_least=1)
    corpus = torch.as_tensor(corpus)
    if corpus.dim() != 1:
        raise ValueError(
            f"corpus must be one sequence of indices, got shape {tuple(corpus.shape)}"
        )
    needed = batch_size * num_steps + largest_offset + 1  # the labels need one more
    if len(corpus) < needed:
        raise ValueError(
            f"batch_size={batch_size} and num_steps={num_steps} are too large for the "
            f"corpus: they need at least {needed} tokens, it has {len(corpus)}"
        )
    return corpus
