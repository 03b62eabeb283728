"""Backpropagation through time, written out.

`rnn.rnn` leaves its gradients to autograd, which records each operation of each time
step and goes back through all of them. Here the way back is written by hand. With

    Z_t = X_t W_xh + H_{t-1} W_hh + b_h,   H_t = tanh(Z_t),   O_t = H_t W_hq + b_q

the chain rule gives, from the last time step to the first,

    dL/dH_t = dL/dO_t W_hqᵀ + dL/dZ_{t+1} W_hhᵀ                                 (1)
    dL/dZ_t = dL/dH_t ∘ (1 - H_t²)                                              (2)

and then, summed over all time steps,

    dL/dW_hh = Σ H_{t-1}ᵀ dL/dZ_t   dL/dW_xh = Σ X_tᵀ dL/dZ_t   dL/db_h = Σ dL/dZ_t
    dL/dW_hq = Σ H_tᵀ dL/dO_t       dL/db_q = Σ dL/dO_t                         (3)

`engine` computes the same in C, many times as fast; it is held to this module. A name
dH is dL/dH.

Sources: the notes, "recurrent neural networks" (the model) and "gradient clipping"
(why a chain of T products is trouble); Werbos, "Backpropagation through time: what it
does and how to do it", Proceedings of the IEEE, 1990.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor

from d2l_rnn import rnn as scratch
from d2l_rnn.checks import finite, shown, truth
from d2l_rnn.checks.layouts import is_dense
from d2l_rnn.checks.tensors import (
    Device,
    Sizes,
    check_tokens,
    checked_device,
    only_part,
)
from d2l_rnn.interrupts import no_gradients

DTYPES = (torch.float32, torch.float64)


@no_gradients()
def forward(X: Tensor, H_0: Tensor, params: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """All hidden states, (T + 1, B, H), and all outputs, (T, B, V).

    X: tokens, shape (B, T). H_0: the state before the first, shape (B, H).

    Raises ValueError if these, or the parameters, have other shapes, or there are other
    tokens than those of the vocabulary.
    """
    _sizes(X, params).check("BH", H_0=H_0)
    W_xh, W_hh, b_h, W_hq, b_q = params
    H = [H_0.to(W_hh.dtype)]
    for X_t in X.T.long():  # a one-hot row times W_xh is a row of W_xh: look it up
        H.append(torch.tanh(W_xh[X_t] + H[-1] @ W_hh + b_h))  # (B, H)
    H = torch.stack(H)  # (T + 1, B, H)
    return H, H[1:] @ W_hq + b_q  # (T, B, V)


@no_gradients()
def backward(
    X: Tensor,
    H: Tensor,
    dO: Tensor,
    params: Sequence[Tensor],
    dH_T: Tensor | float = 0.0,
) -> tuple[list[Tensor], Tensor, Tensor]:
    """The gradients of the parameters, and dH and dZ, shape (T, B, H).

    H: what `forward` returned for X. dO: the gradient of the outputs, (T, B, V).
    dH_T: what the last state receives from later on, (B, H).

    Raises ValueError if one of these has another shape, or is not of the parameters'
    dtype.
    """
    sizes, dtype = _sizes(X, params), params[0].dtype
    sizes.check("SBH", dtype, H=H)
    sizes.check("TBQ", dtype, dO=dO)
    if sizes["S"] != sizes["T"] + 1:
        raise ValueError(f"H must hold T + 1 states, for T={sizes['T']}, got {len(H)}")
    if isinstance(dH_T, (int, float)):
        dH_T = finite("dH_T", dH_T)
    else:
        sizes.check("BH", dtype, dH_T=dH_T)
    W_xh, W_hh, _, W_hq, _ = params
    from_later, dH, dZ = dH_T, [], []
    for H_t, dO_t in zip(reversed(H[1:]), reversed(dO), strict=True):
        dH_t = dO_t @ W_hq.T + from_later  # (1), (B, H)
        dZ_t = dH_t * (1 - H_t**2)  # (2), (B, H)
        from_later = dZ_t @ W_hh.T  # (B, H)
        dH.append(dH_t)
        dZ.append(dZ_t)
    dH, dZ = torch.stack(dH[::-1]), torch.stack(dZ[::-1])  # (T, B, H)
    tokens = X.T.flatten().long()  # (T * B,)
    gradients = [  # (3)
        torch.zeros_like(W_xh).index_add_(0, tokens, dZ.flatten(0, 1)),  # (V, H)
        torch.einsum("tbi,tbj->ij", H[:-1], dZ),  # (H, H)
        dZ.sum((0, 1)),  # (H,)
        torch.einsum("tbi,tbj->ij", H[1:], dO),  # (H, V)
        dO.sum((0, 1)),  # (V,)
    ]
    return gradients, dH, dZ


@no_gradients()
def cross_entropy(
    outputs: Tensor, labels: Tensor, last_only: bool = False
) -> tuple[Tensor, Tensor]:
    """The mean cross-entropy in nats per token, and its gradient dO.

    `outputs`: (T, B, V); `labels`: (B, T). The gradient is the softmax of the outputs
    less the one-hot labels, over the number of tokens. With `last_only` these are the
    tokens of the last time step.

    Raises ValueError if the outputs have another shape, or the labels are not tokens of
    this shape.
    """
    Sizes().check("TBQ", outputs=outputs)
    T, B, V = outputs.shape
    check_tokens("labels", labels, V, outputs.device, (B, T))
    last_only = truth("last_only", last_only)
    labels = labels.T.long().unsqueeze(-1)  # (T, B, 1)
    counts = slice(-1 if last_only else 0, None)  # the time steps that count
    log_p = torch.log_softmax(outputs, -1)  # (T, B, V)
    dO = torch.zeros_like(outputs)
    dO[counts] = log_p[counts].exp()
    dO[counts].scatter_add_(-1, labels[counts], -torch.ones_like(dO[counts, :, :1]))
    dO /= labels[counts].numel()
    return -log_p[counts].gather(-1, labels[counts]).mean(), dO


def exactly(device: Device) -> AbstractContextManager:
    """A context without autocast, which rounds products and keeps rounded weights.

    Raises ValueError for a device that is not there.
    """
    device = checked_device(device)
    has_autocast = device.type in ("cpu", "cuda")
    return torch.autocast(device.type, enabled=False) if has_autocast else nullcontext()


class ByHand:
    """The loss of a scratch RNN and its gradients, as `gradients.backpropagation` says.

    It trains where the engine cannot: without a compiled one, in float64, on a GPU.

    Raises ValueError if it cannot train the model.
    """

    def __init__(self, net: scratch.RNNModelScratch):
        if not self.can_train(net):
            raise ValueError(
                f"net must be a scratch RNN, nothing replaced, got {shown(net)}"
            )
        self.params, self._dH = net.params, None

    def __call__(
        self, X: Tensor, Y: Tensor, state: tuple[Tensor]
    ) -> tuple[Tensor, tuple[Tensor], list[Tensor]]:
        with exactly(self.params[0].device):
            H, outputs = forward(X, only_part(state), self.params)
            loss, dO = cross_entropy(outputs, Y)
            gradients, self._dH, _ = backward(X, H, dO, self.params)
        for param, gradient in zip(self.params, gradients, strict=True):
            param.grad = gradient
        return loss, (H[-1],), gradients

    def state_gradient_norms(self) -> Tensor:
        """‖dL/dH_t‖ in the latest minibatch, for t = 1 … T, shape (T,).

        Raises ValueError if there was none.
        """
        if self._dH is None:
            raise ValueError("there must be a minibatch before its gradients are known")
        return norms(self._dH)

    @staticmethod
    def can_train(net: object) -> bool:
        """True for the RNN that this module knows: scratch, and nothing replaced."""
        return (
            isinstance(net, scratch.RNNModelScratch)
            and isinstance(net.params, (list, tuple))
            and all(isinstance(param, Tensor) for param in net.params)
            and type(net).__call__ is scratch.RNNModelScratch.__call__
            and net.forward_fn is scratch.rnn
            and all(param.requires_grad for param in net.params)
            and not any(map(_has_hooks, net.params))
            and len({*map(id, net.params)}) == 5  # none is tied to another
            and net.params[-1].shape == (net.vocab_size,)
            and net.params[0].dtype in DTYPES
        )


def _has_hooks(param: Tensor) -> bool:
    """True if somebody wants to see, or change, what only autograd passes on."""
    return bool(param._backward_hooks or param._post_accumulate_grad_hooks)


def norms(each: Tensor) -> Tensor:
    """The Euclidean norms of each[0], each[1] …, shape (T,), however small they are.

    Of dH_1 … dH_T that is over sequences and hidden units. The numbers are divided by
    the largest of them before they are squared: even in double precision, in which all
    is computed, the square of 1e-200 is 0.

    Raises ValueError if `each` is no dense tensor of floats, or empty.
    """
    is_float = isinstance(each, Tensor) and each.is_floating_point() and is_dense(each)
    if not is_float or each.dim() == 0 or each.numel() == 0 or each.is_meta:
        raise ValueError(
            f"each must be a tensor of floats, not empty, got {shown(each)}"
        )
    each = each.cpu().double()  # not every device has float64
    rows = each.reshape(len(each), -1)  # (T, B * H)
    largest = rows.abs().amax(1)  # (T,)
    unit = torch.where((largest > 0) & largest.isfinite(), largest, 1.0)
    return torch.linalg.vector_norm(rows / unit.unsqueeze(1), dim=1) * unit


def rnn(
    X: Tensor, state: tuple[Tensor], params: list[Tensor]
) -> tuple[Tensor, tuple[Tensor]]:
    """`rnn.rnn` with the backward pass of this module, for the tokens themselves.

    X: integers, shape (B, T), batch first; `rnn.rnn` takes them one-hot and time first,
    (T, B, V). Returns the outputs, shape (T * B, V), and the last
    state, shape (B, H) in a tuple of one. Gradients flow to the parameters and to the
    state, for a loss of any kind.

    Raises ValueError if X or the state is not of such a shape, X does not hold
    integers, or the parameters are neither float32 nor float64; and RuntimeError when a
    second derivative is asked for.
    """
    outputs, H_T = _Recurrence.apply(X, checked(X, state, params), *params)
    return outputs.flatten(0, 1), (H_T,)


class _Recurrence(torch.autograd.Function):
    """`forward` and `backward` as a single autograd operation."""

    @staticmethod
    def forward(ctx, X, H_0, *params):
        H, outputs = forward(X, H_0, params)
        ctx.save_for_backward(X.clone(), H, *params)
        return outputs, H[-1].clone()

    @staticmethod
    def backward(ctx, dO, dH_T):
        if torch.is_grad_enabled():  # by create_graph=True
            raise RuntimeError(
                "bptt.rnn has no second derivative: use rnn.rnn, which leaves the "
                "gradients to autograd, or do without create_graph=True"
            )
        X, H, *params = ctx.saved_tensors
        gradients, _, dZ = backward(X, H, dO, params, dH_T)
        return None, dZ[0] @ params[1].T, *gradients


def checked(X: Tensor, state: tuple[Tensor], params: Sequence[Tensor]) -> Tensor:
    """The state's one tensor H_0, if all have the shapes and types that they need.

    Raises ValueError if they have not.
    """
    sizes = _sizes(X, params)
    if params[0].dtype not in DTYPES:
        raise ValueError(f"params must be float32 or float64, got {params[0].dtype}")
    H_0 = only_part(state)
    sizes.check("BH", state=H_0)
    return H_0


def _sizes(X: Tensor, params: Sequence[Tensor]) -> Sizes:
    """T, B, D, H and Q of a minibatch and parameters; ValueError if they do not fit."""
    sizes = Sizes()
    sizes.check_params(scratch.rnn.names, params)
    check_tokens("X", X, sizes["D"], params[0].device)
    sizes["B"], sizes["T"] = X.shape
    return sizes
