"""All the numbers of one step of training, on a minibatch small enough to be read.

A single sequence of a few letters: forward, the loss, backward, the clipped gradient,
and the parameters one step later, computed by the functions that train. The notes,
"recurrent neural networks" and "gradient clipping"; `bptt` has the formulas.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import bptt, checks, clipping, rnn
from d2l_rnn.explorers.caching import cached
from d2l_rnn.optimizers import SGD

MOST_HIDDENS, MOST_STEPS = 8, 6
# The notes' standard deviation, 0.01, makes all of these numbers much alike.
WIDER = 50


@dataclass(frozen=True, eq=False)
class Minibatch:
    """One step of training on T tokens of a vocabulary of V, with a row for each step.

    letters      the vocabulary: the different letters, in the order of the text
    X, Y         the letters read, and those that follow, as indices, shape (T,) each
    params       W_xh (V, H), W_hh (H, H), b_h (H,), W_hq (H, V), b_q (V,)
    one_hot      X_t, (T, V)
    from_input   X_t W_xh, (T, H)
    from_state   H_{t-1} W_hh, (T, H)
    Z            the sum of both and b_h, (T, H)
    H            H_0 = 0 and then tanh(Z_t), (T + 1, H)
    O            H_t W_hq + b_q, (T, V)
    p            the softmax of O_t, (T, V)
    losses       -log of the probability of each letter that follows, (T,)
    loss         their mean L
    dO, dH, dZ   dL/dO_t (T, V), dL/dH_t and dL/dZ_t (T, H)
    from_later   dL/dZ_{t+1} W_hhᵀ, which dL/dH_t contains, (T, H); 0 in the last step
    gradients    those of params, in their order and shapes
    norms        the length of each of them, (5,)
    norm         the length of all five together, ‖g‖
    theta, lr    the radius of clipping, None for none, and the learning rate
    clipped      the gradients that the step follows
    stepped      the parameters after it
    new_p, new_losses, new_loss     the same as p, losses, loss, with these
    """

    letters: tuple[str, ...]
    X: Tensor
    Y: Tensor
    params: list[Tensor]
    one_hot: Tensor
    from_input: Tensor
    from_state: Tensor
    Z: Tensor
    H: Tensor
    O: Tensor  # noqa: E741
    p: Tensor
    losses: Tensor
    loss: float
    dO: Tensor
    from_later: Tensor
    dH: Tensor
    dZ: Tensor
    gradients: list[Tensor]
    norms: Tensor
    norm: float
    theta: float | None
    lr: float
    clipped: list[Tensor]
    stepped: list[Tensor]
    new_p: Tensor
    new_losses: Tensor
    new_loss: float

    @property
    def num_steps(self) -> int:
        """T."""
        return len(self.X)

    @property
    def factor(self) -> float:
        """What the gradients are multiplied by, min(1, theta / ‖g‖)."""
        if self.theta is None or self.norm <= self.theta:
            return 1.0
        return self.theta / self.norm


def num_read(text: str, num_steps: int) -> int:
    """How many letters are read: `num_steps`, or all of the text but its last one.

    Raises ValueError for a text of fewer than two letters, and unless `num_steps` is
    from 1 to 6.
    """
    checks.string("text", text)
    num_steps = checks.integer("num_steps", num_steps, 1, MOST_STEPS)
    if len(text) < 2:
        raise ValueError(
            f"text must have two letters or more, one to read and one to predict, got "
            f"{checks.shown(text)}"
        )
    return min(num_steps, len(text) - 1)


@cached(maxsize=32, copies=False)
def trained(
    text: str, num_hiddens: int = 3, num_steps: int = 4, theta: float | None = 0.5,
    lr: float = 1.0, seed: int = 0, num_taken: int = 0,
) -> tuple[Minibatch, tuple[float, ...]]:  # fmt: skip
    """The step that follows after `num_taken` others, and the losses before each.

    The parameters begin as `rnn.get_params` draws them with this seed, 50 times as
    large, in double precision. Whoever asks twice gets the same tensors: do not change
    them.

    Raises ValueError as `num_read` does, unless `num_hiddens` is from 1 to 8, theta is
    None or over 0, lr and `num_taken` are at least 0, and for a seed below 0.
    """
    T = num_read(text, num_steps)
    num_hiddens = checks.integer("num_hiddens", num_hiddens, 1, MOST_HIDDENS)
    num_taken = checks.integer("num_taken", num_taken, 0)
    seed = checks.integer("seed", seed, 0, 2**64 - 1)
    letters = tuple(dict.fromkeys(text[: T + 1]))
    indices = torch.tensor([letters.index(letter) for letter in text[: T + 1]])
    params, losses = begin(len(letters), num_hiddens, seed), []
    for _ in range(num_taken + 1):
        done = step(letters, indices[:-1], indices[1:], params, theta, lr)
        params = done.stepped
        losses.append(done.loss)
    return done, tuple(losses)


def begin(vocab_size: int, num_hiddens: int, seed: int) -> list[Tensor]:
    """The five parameters before the first step.

    Raises ValueError as `rnn.get_params` does.
    """
    generator = torch.Generator().manual_seed(seed)
    params = rnn.get_params(vocab_size, num_hiddens, generator=generator)
    return [WIDER * param.detach().double() for param in params]


@torch.no_grad()
def step(
    letters: tuple[str, ...], X: Tensor, Y: Tensor, params: list[Tensor],
    theta: float | None, lr: float,
) -> Minibatch:  # fmt: skip
    """One step of training with these parameters, which stay as they are.

    X and Y are the indices of `letters` that are read, and that follow, shape (T,).

    Raises ValueError as `bptt.forward`, `clipping.project` and `optimizers.SGD` do.
    """
    H_0 = torch.zeros(1, len(params[1]), dtype=params[1].dtype)
    H, O = bptt.forward(X[None], H_0, params)  # noqa: E741
    loss, dO = bptt.cross_entropy(O, Y[None])
    gradients, dH, dZ = bptt.backward(X[None], H, dO, params)
    clipped = [gradient.clone() for gradient in gradients]
    norm = clipping.project(clipped, theta)
    stepped = [param.clone() for param in params]
    descend(stepped, clipped, lr)
    new_O = bptt.forward(X[None], H_0, stepped)[1][:, 0]
    one_hot = F.one_hot(X, len(letters)).to(H_0.dtype)
    from_input, from_state = one_hot @ params[0], H[:-1, 0] @ params[1]
    later = dZ[:, 0] @ params[1].T
    return Minibatch(
        letters, X, Y, params, one_hot, from_input, from_state,
        from_input + from_state + params[2], H[:, 0], O[:, 0],
        *chances(O[:, 0], Y), loss.item(), dO[:, 0],
        torch.cat([later[1:], torch.zeros_like(later[:1])]), dH[:, 0], dZ[:, 0],
        gradients, torch.stack([*map(torch.linalg.vector_norm, gradients)]),
        norm, theta, lr, clipped, stepped, *chances(new_O, Y),
        bptt.cross_entropy(new_O[:, None], Y[None])[0].item(),
    )  # fmt: skip


def descend(params: list[Tensor], gradients: list[Tensor], lr: float) -> None:
    """Change the parameters by a step of `optimizers.SGD` along these gradients.

    Raises ValueError as it does.
    """
    for param, gradient in zip(params, gradients, strict=True):
        param.requires_grad_()
        param.grad = gradient
    SGD(params, lr).step()
    for param in params:
        param.grad = None
        param.requires_grad_(False)


def chances(O: Tensor, Y: Tensor) -> tuple[Tensor, Tensor]:  # noqa: E741
    """The softmax of the outputs, (T, V), and -log of those of the labels, (T,)."""
    log_p = torch.log_softmax(O, 1)
    return log_p.exp(), -log_p[torch.arange(len(Y)), Y]
