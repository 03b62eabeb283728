"""Solutions to the exercises of notebook 08, training."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import clipping, rnn, training


def steps_back(num_minibatches: int, num_steps: int, detached: bool) -> int:
    """Detached, each goes through itself; if not, through all those before it too.

    1 + 2 + … + n is n (n + 1) / 2.
    """
    n = num_minibatches
    return num_steps * (n if detached else n * (n + 1) // 2)


def train_one_epoch(
    net: rnn.RNNModelScratch,
    minibatches: list[tuple[Tensor, Tensor]],
    lr: float,
    theta: float | None,
) -> float:
    """The state goes on from minibatch to minibatch; its history does not."""
    optimizer, state, losses = torch.optim.SGD(net.params, lr), None, []
    for X, Y in minibatches:
        state = net.begin_state(len(X)) if state is None else rnn.detach(state)
        outputs, state = net(X, state)
        loss = F.cross_entropy(outputs, Y.T.reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        clipping.clip_gradients(net, theta)
        optimizer.step()
        losses.append(loss.item())
    return training.perplexity(sum(losses) / len(losses))


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
