"""Minibatches: which characters of a text go into which, for both kinds of sampling.

Both cut the text into subsequences and stack them. In sequential partitioning, row i
of a minibatch continues row i of the one before; in random sampling, it begins
anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import numpy as np

from d2l_rnn import batching
from d2l_rnn.checks import integer, is_integer, of_type, one_of, shown
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


def checked(
    characters: str, cuts: Mapping[str, np.ndarray], num_steps: int, minibatch: int
) -> dict[str, np.ndarray]:
    """The cuts {title: starts} of a text, as int64, with a minibatch of this number.

    Raises ValueError if there is no text or no cut, if starts are not integers of shape
    (num_minibatches, batch_size), the same in all, for a subsequence whose labels are
    not in the text, and if there is no such minibatch.
    """
    of_type(str, characters=characters)
    of_type(Mapping, cuts=cuts)
    if not (characters and cuts):
        raise ValueError("characters and cuts must have one each at least, got none")
    if re.search("[\ud800-\udfff]", characters):  # which has no outline
        raise ValueError(f"characters must be whole, got half: {shown(characters)}")
    most, why = len(characters) - 1, "the labels are one ahead"
    last = most - integer("num_steps", num_steps, 1, most, why)
    num = _shape(cuts)[0]
    integer("minibatch", minibatch, 0, num - 1, f"there are {num} minibatches")
    for title, cut in cuts.items():
        if cut.min() < 0 or cut.max() > last:
            raise ValueError(
                f"cuts[{title!r}] must be from 0 to {last}, so that the labels are in "
                f"the text, got {shown(cut)}"
            )
    return {title: cut.astype(np.int64) for title, cut in cuts.items()}


def _shape(cuts: Mapping[str, np.ndarray]) -> tuple[int, int]:
    for title, cut in cuts.items():
        if not (isinstance(cut, np.ndarray) and is_integer(cut) and cut.ndim == 2):
            raise ValueError(
                f"cuts[{title!r}] must be an array of integers, of the shape "
                f"(num_minibatches, batch_size), got {shown(cut)}"
            )
    shapes = sorted({cut.shape for cut in cuts.values()})
    if len(shapes) > 1 or 0 in shapes[0]:
        raise ValueError(f"cuts must be of one shape and not empty, got {shapes}")
    return shapes[0]
