"""How the gradient fades, or grows, on its way back through time.

The notes, "gradient clipping"; Bengio, Simard and Frasconi, "Learning long-term
dependencies with gradient descent is difficult", 1994.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import bptt, rnn
from d2l_rnn.checks import shown, truth
from d2l_rnn.checks.tensors import check_tokens
from d2l_rnn.parameters import device_of
from d2l_rnn.rnn import Model, State
from d2l_rnn.threads import limited_to


def state_gradient_norms(
    net: Model,
    X: Tensor,
    Y: Tensor,
    state: State | None = None,
    last_only: bool = False,
) -> Tensor:
    """‖dL/dH_t‖ for t = 1 … T, shape (T,): how the gradient grows or fades over time.

    X and Y are a minibatch, shape (B, T). L is the mean cross-entropy of all time
    steps; with `last_only`, that of the last one, so that in an RNN what arrives at
    time step t has gone through T - t products with W_hhᵀ. `state` comes before the
    first token; zeros, unless it is given.

    `net` is a model from scratch, or an `RNNModel` of one layer and one direction. The
    scratch RNN goes back by hand. Other recurrences, such as the GRU and the LSTM, are
    left to autograd; H_t is the hidden state, which is the first part of their state.

    Raises ValueError if `net` is another model, or does not compute its outputs from
    the hidden state that it returns, and if X or the state does not fit.
    """
    last_only = truth("last_only", last_only)
    if not bptt.ByHand.can_train(net):
        return _norms_by_autograd(net, X, Y, state, last_only)
    if state is None:
        state = net.begin_state(batch_size=len(X))
    H_0 = bptt.checked(X, state, net.params)
    with limited_to(1):
        H, outputs = bptt.forward(X, H_0, net.params)
        _, dO = bptt.cross_entropy(outputs, Y, last_only)
        _, dH, _ = bptt.backward(X, H, dO, net.params)
        return bptt.norms(dH)


@torch.enable_grad()
def _norms_by_autograd(net, X: Tensor, Y: Tensor, state, last_only: bool) -> Tensor:
    """The same for any model that can go one time step at a time."""
    if not _can_step(net):
        raise ValueError(
            "net must be a scratch RNN or another scratch model, or an RNNModel of one "
            f"layer and one direction, in float32 or float64, got {shown(net)}"
        )
    device = device_of(net)
    check_tokens("X", X, net.vocab_size, device)
    check_tokens("Y", Y, net.vocab_size, device, X.shape)
    state = _begun(net, X, state)
    states, losses = [], []
    with limited_to(1):
        for X_t, Y_t in zip(X.T, Y.T.long(), strict=True):
            H_t, outputs, state = _step(net, X_t, state)
            states.append(H_t)
            losses.append(F.cross_entropy(outputs, Y_t))
        loss = losses[-1] if last_only else torch.stack(losses).mean()
        gradients = torch.autograd.grad(loss, states, allow_unused=True)
    if gradients[-1] is None:
        raise ValueError(
            "net must compute its outputs from the hidden state that it returns, got "
            f"{shown(net)}"
        )
    zeros = torch.zeros_like(gradients[-1])  # from a step that forgets all
    return bptt.norms(torch.stack([zeros if g is None else g for g in gradients]))


def _can_step(net) -> bool:
    """True for the models that `_step` knows, in a dtype that gradients are fit for."""
    if isinstance(net, rnn.RNNModel):
        if type(net).forward is not rnn.RNNModel.forward:
            return False
        if not net.rnn.num_layers == net.num_directions == 1:
            return False
    elif not isinstance(net, rnn.RNNModelScratch):
        return False
    return _dtype_of(net) in bptt.DTYPES


def _dtype_of(net) -> torch.dtype:
    params = net.params if hasattr(net, "params") else list(net.parameters())
    return params[0].dtype


def _step(net, X_t: Tensor, state):
    """H_t, the outputs computed from it, (B, V), and the new state.

    X_t: token indices, shape (B,).
    """
    if isinstance(net, rnn.RNNModelScratch):
        outputs, state = net(X_t.unsqueeze(1), state)
        return state[0], outputs, state
    # The layer gives H_t twice, and the model's outputs are computed from the other.
    one_hot = F.one_hot(X_t.long(), net.vocab_size).to(_dtype_of(net))
    _, state = net.rnn(one_hot.unsqueeze(0), state)
    H_t = state[0] if isinstance(state, tuple) else state  # (1, B, H)
    return H_t, net.linear(H_t[0]), state


def _begun(net, X: Tensor, state):
    """The state before the first token, where the gradients end."""
    zeros = net.begin_state(batch_size=len(X))
    wanted, given = (
        (each,) if isinstance(each, Tensor) else tuple(each)
        for each in (zeros, zeros if state is None else state)
    )  # fmt: skip
    shapes = [tuple(part.shape) for part in wanted]
    if [getattr(part, "shape", None) for part in given] != shapes:
        raise ValueError(
            f"state must be tensors of the shapes {shapes}, got {shown(state)}"
        )
    begun = tuple(part.detach().to(_dtype_of(net)).requires_grad_() for part in given)
    return begun[0] if isinstance(zeros, Tensor) else begun
