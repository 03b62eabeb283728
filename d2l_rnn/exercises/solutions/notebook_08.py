"""Solutions to the exercises of notebook 08, training."""

from __future__ import annotations

import torch
from torch import Tensor


def steps_back(num_minibatches: int, num_steps: int, detached: bool) -> int:
    """Detached, each goes through itself; if not, through all those before it too.

    1 + 2 + … + n is n (n + 1) / 2.
    """
    n = num_minibatches
    return num_steps * (n if detached else n * (n + 1) // 2)


def epoch_to_keep(perplexities: list[float], patience: int) -> int:
    """Remember the best epoch, and stop when it is `patience` epochs ago."""
    best = 1
    for epoch, perplexity in enumerate(perplexities, start=1):
        if perplexity < perplexities[best - 1]:
            best = epoch
        if epoch - best == patience:
            break
    return best


def sharpened(p: Tensor, alpha: float) -> Tensor:
    """A power is a product of logarithms, and the softmax divides by the sum."""
    return torch.softmax(alpha * p.log(), dim=0)


def mixed_perplexity(p: Tensor, labels: Tensor, share: float) -> Tensor:
    """Mix the probabilities of what came, and only then take the logarithm."""
    N, V = p.shape
    mixed = (1 - share) * p[range(N), labels] + share / V
    return mixed.log().mean().neg().exp()


def num_parameters_of_stack(vocab_size: int, num_hiddens: int, num_layers: int) -> int:
    """The first layer reads V numbers, each other one H, and all have two biases."""
    V, H = vocab_size, num_hiddens
    first, other = V * H + H * H + 2 * H, H * H + H * H + 2 * H
    return first + (num_layers - 1) * other + H * V + V
