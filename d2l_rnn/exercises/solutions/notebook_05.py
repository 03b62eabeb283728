"""Solutions to the exercises of notebook 05, recurrent networks."""

from __future__ import annotations

import math
from collections import Counter

import torch
from torch import Tensor

from d2l_rnn import text


def states_of(
    inputs: Tensor, H_0: Tensor, W_xh: Tensor, W_hh: Tensor, b_h: Tensor
) -> Tensor:
    """Overwrite the state at each time step, and keep a list of what it was."""
    H, states = H_0, []
    for X_t in inputs:
        H = torch.tanh(X_t @ W_xh + H @ W_hh + b_h)
        states.append(H)
    return torch.stack(states)


def split_weight(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Transposed, the last H rows belong to the state, and those above to the input."""
    num_hiddens = len(weight)
    return weight.T[:-num_hiddens], weight.T[-num_hiddens:]


def outputs_needed(string: str) -> int:
    """One score for each token of the vocabulary, and `<unk>` is one of them."""
    return len(text.Vocab(list(string)))


def parameters_of_layers(vocab_size: int, num_hiddens: int, num_layers: int) -> int:
    """The first layer reads V numbers, each other one h, and one output layer is left.

    A layer that reads n numbers has n h + h² + h parameters.
    """
    V, h = vocab_size, num_hiddens
    first, other = V * h + h * h + h, h * h + h * h + h
    return first + (num_layers - 1) * other + h * V + V


def perplexity_without_state(words: list[str]) -> float:
    """The best such network knows the shares of what follows each character."""
    pairs = Counter(word[t : t + 2] for word in words for t in range(len(word) - 1))
    before = Counter(character for word in words for character in word[:-1])
    surprise = -sum(
        count * math.log(count / before[pair[0]]) for pair, count in pairs.items()
    )
    return math.exp(surprise / pairs.total())
