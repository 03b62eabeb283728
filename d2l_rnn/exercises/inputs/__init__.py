"""What the exercises may be given: Hypothesis's strategies, one module a notebook.

`INPUTS` has the arguments of an answer, by exercise, and nothing that its text does not
allow. All is drawn from coins, whose tails make what is simplest: from other draws
Hypothesis would look for numbers in the reader's files, and keep them in a folder.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

import numpy as np
import torch
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from torch import Tensor
from torch.nn import functional as F

Draw = Callable[[SearchStrategy], object]


def several(values: Sequence, size: int) -> SearchStrategy:
    """A list of so many of up to 2¹⁶ values; the first one is the simplest."""
    bits = max(1, (len(values) - 1).bit_length())

    def pick(heads: tuple[bool, ...]) -> object:
        number = sum(head << i for i, head in enumerate(reversed(heads)))
        return values[number * len(values) >> bits]

    coins = st.tuples(*[st.booleans()] * (bits * size))
    return coins.map(
        lambda heads: [pick(heads[i : i + bits]) for i in range(0, len(heads), bits)]
    )


def one_of(values: Sequence) -> SearchStrategy:
    """One of the values."""
    return several(values, 1).map(operator.itemgetter(0))


def whole(low: int, high: int) -> SearchStrategy:
    """An integer from low to high."""
    return one_of(range(low, high + 1))


def some(values: SearchStrategy, low: int, high: int) -> SearchStrategy:
    """A list of low to high values."""
    return st.lists(values, min_size=low, max_size=high)


def string(characters: str, low: int, high: int) -> SearchStrategy:
    """A string of low to high of these characters."""
    return some(one_of(characters), low, high).map("".join)


NUMBERS = (0.0, 1.0, 2.0, 0.5, 3.0, -1.0, -0.5, -2.0)
NUMBER = one_of(NUMBERS)
SHARE = one_of([0.5, 1.0, 0.25, 0.75, 0.1, 0.9, 0.2, 0.01])  # none is 0


def tensor(*shape: int, values: Sequence = NUMBERS) -> SearchStrategy:
    """A tensor of this shape."""
    drawn = several(values, math.prod(shape))
    return drawn.map(lambda each: torch.tensor(each).view(shape))


def distributions(*shape: int, lowest: int = 0) -> SearchStrategy:
    """Distributions along the last axis of an array; `lowest` 1 leaves out zeros."""

    def scaled(weights: list[int]) -> np.ndarray:
        weights = np.array(weights, dtype=float).reshape(shape)
        weights[..., 0] += weights.sum(axis=-1) == 0
        return weights / weights.sum(axis=-1, keepdims=True)

    return several(range(lowest, lowest + 4), math.prod(shape)).map(scaled)


def one_hot(*shape: int) -> SearchStrategy:
    """One-hot rows along the last axis."""
    indices = tensor(*shape[:-1], values=range(shape[-1]))
    return indices.map(lambda each: F.one_hot(each, shape[-1]).float())


def tensors(*shapes: tuple[int, ...]) -> SearchStrategy:
    """A list of tensors of these shapes."""
    return st.tuples(*[tensor(*shape) for shape in shapes]).map(list)


def sizes(*highest: int) -> SearchStrategy:
    """A size from 1 to each of these."""
    return st.tuples(*[whole(1, high) for high in highest])


def recurrent(V: int, H: int, gates: int = 1) -> list[tuple[int, ...]]:
    """The shapes of a scratch model's parameters."""
    return [(V, H), (H, H), (H,)] * gates + [(H, V), (V,)]


def as_rows(probabilities: np.ndarray) -> Tensor:
    """The same as a tensor of float32."""
    return torch.from_numpy(probabilities).float()
