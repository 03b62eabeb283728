"""How the gradient fades, or grows, on its way back through time.

`state_gradient_norms` follows it to the hidden states, `reach` to the tokens that a
prediction is made from.

The notes, "gradient clipping"; Bengio, Simard and Frasconi, "Learning long-term
dependencies with gradient descent is difficult", 1994; Madsen, "Visualizing
memorization in RNNs", Distill, 2019, where the reach is called connectivity.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_rnn import bptt, rnn
from d2l_rnn.checks import shown, truth
from d2l_rnn.checks.layouts import is_dense
from d2l_rnn.checks.tensors import Sizes, check_tokens
from d2l_rnn.gradients import check_differentiable, outputs_of
from d2l_rnn.parameters import all_parameters, own_device
from d2l_rnn.rnn import Model, State
from d2l_rnn.threads import limited_to

# Where a module of torch's keeps what is called before and after it.
HOOKS = (
    "_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks",
)  # fmt: skip


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

    `net` is a model from scratch, or an `RNNModel` of one layer and one direction, with
    no hook of its own. The scratch RNN goes back by hand. Other recurrences, such as
    the GRU and the LSTM, are left to autograd; H_t is the hidden state, which is the
    first part of their state.

    Raises ValueError if `net` is another model, or does not compute its outputs from
    the hidden state that it returns, and if X, Y or the state does not fit.
    """
    last_only = truth("last_only", last_only)
    is_by_hand = bptt.ByHand.can_train(net)
    norms = _norms_by_hand if is_by_hand else _norms_by_autograd
    return norms(net, X, Y, state, last_only)


@torch.inference_mode(False)
@torch.enable_grad()
def reach(net: Model, X: Tensor, Y: Tensor, state: State | None = None) -> Tensor:
    """‖d log P(y | x_1 … x_T) / dx_t‖ for t = 1 … T: how far back a prediction looks.

    X is what the model reads, (B, T), and Y the token that comes after each row, (B,).
    The gradient is that with respect to the one-hot x_t, so that a product of it with a
    small change of x_t is the change of log P(y). Shape (B, T), in float64.

    `net` and `state` are as in `state_gradient_norms`.

    Raises ValueError as it does.
    """
    device = _checked(net)
    check_tokens("X", X, net.vocab_size, device)
    check_tokens("Y", _as_column(Y), net.vocab_size, device, (len(X), 1))
    state, Y = _begun(net, X, state), _as_column(Y).long().clone()  # (B, 1)
    one_hot = F.one_hot(X.T.long(), net.vocab_size).to(_dtype_of(net))  # (T, B, V)
    one_hot.requires_grad_()
    with limited_to(1):
        outputs = _last_outputs(net, X, one_hot, state)  # (B, V)
        log_p = F.log_softmax(outputs, dim=1).gather(1, Y)  # (B, 1)
        (gradient,) = torch.autograd.grad(log_p.sum(), one_hot, materialize_grads=True)
    return bptt.norms(gradient.transpose(0, 1).flatten(0, 1)).view(X.shape)


def _as_column(Y: Tensor):
    """Y (B,) as (B, 1); anything else as it is, which a check will refuse."""
    return Y.unsqueeze(1) if isinstance(Y, Tensor) and Y.dim() == 1 else None


def _last_outputs(net, X: Tensor, one_hot: Tensor, state) -> Tensor:
    """The outputs (B, V) after the last of the tokens X, computed from `one_hot`."""

    def forward(X: Tensor, state: State) -> tuple[Tensor, State]:
        if isinstance(net, rnn.RNNModelScratch):
            return net.forward_fn(one_hot, state, net.params)
        H, state = net.rnn(one_hot, state)
        return net.linear(H.flatten(0, 1)), state

    outputs, _ = outputs_of(net, X, state, forward)  # (T * B, V)
    return outputs[-len(X) :]


def _checked(net) -> torch.device:
    """Where the model is; ValueError unless it can go one time step at a time."""
    if not _can_step(net):
        raise ValueError(
            "net must be a scratch RNN or another scratch model, or an RNNModel of one "
            "layer and one direction, in float32 or float64, with no hook or forward "
            f"of its own, got {shown(net)}"
        )
    check_differentiable(net)
    return own_device(net)


def _norms_by_hand(net, X: Tensor, Y: Tensor, state, last_only: bool) -> Tensor:
    """The same for the scratch RNN."""
    device, sizes = own_device(net), Sizes()
    sizes.check_params(rnn.rnn.names, net.params)
    check_tokens("X", X, sizes["D"], device)
    check_tokens("Y", Y, sizes["Q"], device, X.shape)
    if state is None:
        state = net.begin_state(batch_size=len(X))
    H_0 = bptt.checked(X, state, net.params)
    with limited_to(1), bptt.exactly(X.device):
        H, outputs = bptt.forward(X, H_0, net.params)
        _, dO = bptt.cross_entropy(outputs, Y, last_only)
        _, dH, _ = bptt.backward(X, H, dO, net.params)
        return bptt.norms(dH)


@torch.inference_mode(False)
@torch.enable_grad()
def _norms_by_autograd(net, X: Tensor, Y: Tensor, state, last_only: bool) -> Tensor:
    """The same for any model that can go one time step at a time."""
    device = _checked(net)
    check_tokens("X", X, net.vocab_size, device)
    check_tokens("Y", Y, net.vocab_size, device, X.shape)
    state = _begun(net, X, state)
    X, Y = X.clone(), Y.clone()  # autograd keeps none that are made in inference mode
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
        has_one = isinstance(net.rnn, nn.RNNBase) and net.rnn.num_layers == 1
        if not (has_one and net.num_directions == 1 and _is_called_as_it_is(net)):
            return False
    elif not isinstance(net, rnn.RNNModelScratch):
        return False
    dtypes = {param.dtype for param in all_parameters(net)}
    return len(dtypes) == 1 and dtypes <= {*bptt.DTYPES}


def _is_called_as_it_is(net: rnn.RNNModel) -> bool:
    """True if a call is no more than a call of the two layers, one after the other."""
    forward = getattr(net.forward, "__func__", None)
    is_own = type(net).__call__ is nn.Module.__call__
    return (
        is_own
        and forward is rnn.RNNModel.forward
        and not any(getattr(net, hooks) for hooks in HOOKS)
    )


def _dtype_of(net) -> torch.dtype:
    return all_parameters(net)[0].dtype


def _step(net, X_t: Tensor, state):
    """H_t, the outputs computed from it, (B, V), and the new state.

    X_t: token indices, shape (B,).
    """
    if isinstance(net, rnn.RNNModelScratch):
        outputs, state = outputs_of(net, X_t.unsqueeze(1), state)
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
        (each,) if isinstance(each, Tensor) else each
        for each in (zeros, zeros if state is None else state)
    )
    places = [(tuple(part.shape), str(part.device)) for part in wanted]
    are_floats = isinstance(given, (tuple, list)) and all(map(_is_of_floats, given))
    if not are_floats or places != [
        (tuple(part.shape), str(part.device)) for part in given
    ]:
        raise ValueError(
            f"state must be tensors of floats, with the shapes and devices {places}, "
            f"got {shown(state)}"
        )
    dtype = _dtype_of(net)
    begun = tuple(part.detach().to(dtype, copy=True).requires_grad_() for part in given)
    return begun[0] if isinstance(zeros, Tensor) else begun


def _is_of_floats(part: object) -> bool:
    """True for a dense tensor of floats."""
    return isinstance(part, Tensor) and part.is_floating_point() and is_dense(part)
