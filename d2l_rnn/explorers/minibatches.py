"""Minibatches: which characters of a text go into which, for both kinds of sampling.

Both cut the text into subsequences and stack them. In sequential partitioning, row i
of a minibatch continues row i of the one before; in random sampling, it begins
anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from d2l_rnn import batching
from d2l_rnn.checks import integer, one_of
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.text_controls import at_hand, lines_of

WAYS = {
    "sequential partitioning": batching.sequential_partitioning,
    "random sampling": batching.random_sampling,
}


@cached(maxsize=2, copies=False)
def beginning(num_characters: int) -> str:
    """The first characters of *The Time Machine* if it is found, else of the story.

    Raises ValueError if their number is not an integer of at least 0.
    """
    integer("num_characters", num_characters, 0)
    return "".join(lines_of(at_hand()))[:num_characters]


def starts(
    way: Callable[..., Iterator], num_tokens: int, batch_size: int, num_steps: int,
    offset: int = 0, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Where each subsequence of an epoch begins, (num_minibatches, batch_size).

    `way` is `batching.random_sampling` or `batching.sequential_partitioning`, `offset`
    where the epoch begins, `seed` that of the random order.

    Raises ValueError as `way` does, for an offset that it would not draw, and for a way
    that is neither.
    """
    one_of("way", way, tuple(WAYS.values()))
    integer("num_tokens", num_tokens, 0)
    # In the corpus 0, 1, 2, … each token is its own position.
    rng = batching.GivenOffset(offset, seed)
    minibatches = way(range(num_tokens), batch_size, num_steps, rng)
    return np.array([X[:, 0].tolist() for X, _ in minibatches])
