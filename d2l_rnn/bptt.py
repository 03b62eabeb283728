"""Backpropagation through time, written out: what the scratch RNN trains with.

`rnn.rnn` leaves its gradients to autograd, which records each small operation of each
time step and goes back through all of them. Here both ways are written by hand. With

    Z_t = X_t W_xh + H_{t-1} W_hh + b_h,   H_t = tanh(Z_t),   O_t = H_t W_hq + b_q

the chain rule gives, from the last time step to the first,

    dL/dH_t = dL/dO_t W_hqᵀ + dL/dZ_{t+1} W_hhᵀ                                 (1)
    dL/dZ_t = dL/dH_t ∘ (1 - H_t²)                                              (2)

and then, summed over all time steps,

    dL/dW_hh = Σ H_{t-1}ᵀ dL/dZ_t   dL/dW_xh = Σ X_tᵀ dL/dZ_t   dL/db_h = Σ dL/dZ_t
    dL/dW_hq = Σ H_tᵀ dL/dO_t       dL/db_q = Σ dL/dO_t                         (3)

Only the recurrence has to go step by step: one product and one tanh forward, one
product and one factor backward. All else is done once for all time steps.

Sources: the notes, "recurrent neural networks" (the model) and "gradient clipping"
(why a chain of T products is trouble); Werbos, "Backpropagation through time: what it
does and how to do it", Proceedings of the IEEE, 1990.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import rnn as scratch
from d2l_rnn._threads import one_thread

DTYPES = (torch.float32, torch.float64)


class Unrolled:
    """The RNN unrolled over T time steps for B sequences: forward, then backward.

    Inside, everything is transposed: each token is a column (first those of the first
    time step), each hidden unit or output a row. The products over all time steps then
    find their numbers side by side, and the small ones are faster in this order. What
    the two methods fill:

    H           the hidden states H_0, H_1 … H_T, shape (H, (T + 1) * B)
    dH, dZ      dL/dH_1 … dL/dH_T, and the same for Z, each of shape (H, T * B)
    gradients   of W_xh, W_hh, b_h, W_hq and b_q, shaped like them
    gradient    the same numbers as one long vector

    The memory is taken once and used again by each call: 3 H numbers and an index for
    each token. While they work, the methods and the loss need up to 2 H + 2 V more.
    """

    def __init__(self, params: Sequence[Tensor], num_steps: int, batch_size: int):
        W_xh, W_hh, _, _, _ = self.params = params
        *settings, V, H = W_xh.shape  # there are settings only in a sweep
        B, T = self.size = batch_size, num_steps
        # The tokens of time step 0, where H_0 stands, mean nothing.
        self.X = W_hh.new_zeros(*settings, 1, (T + 1) * B, dtype=torch.long)
        self.X_rows = self.X.expand(*settings, H, -1)  # the same for each hidden unit
        self.H = W_hh.new_empty(*settings, H, (T + 1) * B)
        self.dH, self.dZ = W_hh.new_empty(2, *settings, H, T * B)
        self.H_t, self.dH_t, self.dZ_t = (
            columns.split(B, -1) for columns in (self.H, self.dH, self.dZ)
        )
        self.rows = W_hh.new_empty(*settings, H, V)
        self.W_hh_T = W_hh.new_empty(*settings, H, H)
        self.one, self.minus_one = W_hh.new_tensor([1.0, -1.0])

        self.gradient = W_hh.new_empty(*settings, num_parameters(V, H))
        self.gradients = parameter_views(self.gradient, V, H)

    @torch.no_grad()
    def forward(self, X: Tensor, H_0: Tensor) -> Tensor:
        """Return the outputs, shape (V, T * B), for token indices X, shape (B, T)."""
        B, T = self.size
        W_xh, W_hh, b_h, W_hq, b_q = self.params
        self.X[..., 0, B:].unflatten(-1, (T, B)).copy_(X.mT)
        # tanh(Z) = 2 sigmoid(2 Z) - 1, and PyTorch's sigmoid is faster than its tanh.
        W_hh_T = self.W_hh_T.copy_(W_hh.mT).mul_(2)
        rows = torch.add(W_xh.mT, b_h.unsqueeze(-1), out=self.rows).mul_(2)
        # A one-hot row times W_xh is a row of W_xh: look it up.
        torch.gather(rows, -1, self.X_rows, out=self.H)
        H_t, *steps = self.H_t
        H_t.copy_(H_0.mT)
        for step in steps:
            self._add_product(step, W_hh_T, H_t).sigmoid_()
            H_t = torch.add(self.minus_one, step, alpha=2, out=step)
        return torch.matmul(W_hq.mT, self.H[..., B:]).add_(b_q.unsqueeze(-1))

    @torch.no_grad()
    def backward(self, dO: Tensor, dH_T: Tensor | None = None) -> None:
        """Fill dH, dZ and the gradients from dL/dO, shape (V, T * B).

        `dH_T`, shape (B, H), is what the last state receives from later on.
        """
        B, T = self.size
        _, W_hh, _, W_hq, _ = self.params
        H, dH_t, dZ_t = self.H[..., B:], self.dH_t, self.dZ_t
        torch.matmul(W_hq, dO, out=self.dH)  # (1), through the outputs
        if dH_T is not None:
            dH_t[-1].add_(dH_T.mT)
        torch.addcmul(self.one, H, H, value=-1, out=self.dZ)  # 1 - H_t²
        for t in range(T - 1, 0, -1):
            dZ = dZ_t[t].mul_(dH_t[t])  # (2)
            self._add_product(dH_t[t - 1], W_hh, dZ)  # (1), through time
        dZ_t[0].mul_(dH_t[0])

        dW_xh, dW_hh, db_h, dW_hq, db_q = self.gradients  # (3)
        _sum_of_products(self.H[..., :-B], self.dZ, out=dW_hh)
        dW_xh.mT.zero_().scatter_add_(-1, self.X_rows[..., B:], self.dZ)
        torch.sum(self.dZ, -1, out=db_h)
        _sum_of_products(H, dO, out=dW_hq)
        torch.sum(dO, -1, out=db_q)

    def last_state(self) -> Tensor:
        """H_T, shape (B, H), a copy."""
        return self.H_t[-1].mT.clone()

    @torch.no_grad()
    def gradient_of_first_state(self) -> Tensor:
        """dL/dH_0, shape (B, H): (1) once more."""
        _, W_hh, _, _, _ = self.params
        return torch.matmul(W_hh, self.dZ_t[0]).mT

    def state_gradient_norms(self) -> Tensor:
        """‖dL/dH_t‖ over all sequences and hidden units, for t = 1 … T, shape (T,)."""
        B, T = self.size
        dH = self.dH.cpu().unflatten(-1, (T, B))
        # The squares of what has vanished are too small for float32, and not every
        # device has float64.
        norms = torch.linalg.vector_norm(dH, dim=-1, dtype=torch.float64)
        return torch.linalg.vector_norm(norms, dim=-2)

    def _add_product(self, columns: Tensor, W: Tensor, H_t: Tensor) -> Tensor:
        return columns.addmm_(W, H_t)


def num_parameters(vocab_size: int, num_hiddens: int) -> int:
    """How many numbers the five parameters hold together."""
    return sum(math.prod(shape) for shape in _shapes(vocab_size, num_hiddens))


def parameter_views(vector: Tensor, vocab_size: int, num_hiddens: int) -> list[Tensor]:
    """W_xh, W_hh, b_h, W_hq, b_q as views of one vector, along its last dimension."""
    shapes = _shapes(vocab_size, num_hiddens)
    parts = vector.split([math.prod(shape) for shape in shapes], -1)
    W_xh_T, *others = (
        part.unflatten(-1, shape) for part, shape in zip(parts, shapes, strict=True)
    )
    return [W_xh_T.mT, *others]


def _shapes(V: int, H: int) -> list[tuple[int, ...]]:
    """Of W_xh, which lies transposed (look-ups of columns), W_hh, b_h, W_hq and b_q."""
    return [(H, V), (H, H), (H,), (H, V), (V,)]


def cross_entropy(outputs: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """The mean cross-entropy in nats per token, and its gradient dL/dO.

    `outputs`: (V, N), a column for each token; `labels`: (N,). The gradient is the
    softmax of the outputs less the one-hot labels, over N.
    """
    labels = labels.unsqueeze(-2)
    log_p = torch.log_softmax(outputs, -2)
    loss = log_p.gather(-2, labels).mean((-2, -1)).neg()
    dO = torch.exp(log_p, out=log_p)
    dO.scatter_add_(-2, labels, -torch.ones_like(labels, dtype=dO.dtype))
    return loss, dO.mul_(1 / labels.shape[-1])


class ByHand:
    """The loss of a scratch RNN and its gradients, one minibatch after another.

    Called with X and Y, shape (B, T), and the state, it returns the mean cross-entropy,
    the new state and the gradient as one vector in a list; the parameters' `grad` are
    views of it. `unrolled` keeps what else there is to see of the latest minibatch.
    """

    def __init__(self, net: scratch.RNNModelScratch):
        self.params, self.unrolled = net.params, None

    @staticmethod
    def can_train(net) -> bool:
        """True for the RNN that this module knows: scratch, and nothing replaced."""
        return (
            isinstance(net, scratch.RNNModelScratch)
            and type(net).__call__ is scratch.RNNModelScratch.__call__
            and net.forward_fn is scratch.rnn
            and all(param.requires_grad for param in net.params)
            and net.params[0].dtype in DTYPES
        )

    def __call__(self, X: Tensor, Y: Tensor, state):
        if self.unrolled is None or self.unrolled.size != X.shape:
            batch_size, num_steps = X.shape
            self.unrolled = Unrolled(self.params, num_steps, batch_size)
        unrolled, (H_0,) = self.unrolled, state
        with torch.inference_mode():  # a little faster than no_grad
            outputs = unrolled.forward(X, H_0)
            loss, dO = cross_entropy(outputs, Y.T.reshape(-1).long())
            unrolled.backward(dO)
        for param, gradient in zip(self.params, unrolled.gradients, strict=True):
            param.grad = gradient
        return loss, (unrolled.last_state(),), [unrolled.gradient]


def rnn(X: Tensor, state: tuple[Tensor], params: list[Tensor]):
    """`rnn.rnn` for token indices, with the backward pass of this module.

    X: integers, shape (B, T). Returns the outputs, shape (T * B, V), and the last
    state, shape (B, H) in a tuple of one. Gradients flow to the parameters and to the
    state, for a loss of any kind.

    Raises ValueError if X or the state is not of such a shape, X does not hold
    integers, or the parameters are neither float32 nor float64; and RuntimeError when a
    second derivative is asked for.
    """
    outputs, H_T = _Recurrence.apply(X, _checked(X, state, params), *params)
    return outputs.mT, (H_T,)


class _Recurrence(torch.autograd.Function):
    """`Unrolled` as one operation of autograd's."""

    @staticmethod
    def forward(ctx, X, H_0, *params):
        batch_size, num_steps = X.shape
        unrolled = ctx.unrolled = Unrolled(params, num_steps, batch_size)
        outputs = unrolled.forward(X, H_0)
        ctx.save_for_backward(*params)
        unrolled.params = None  # autograd keeps them, and sees when they change
        return outputs, unrolled.last_state()

    @staticmethod
    def backward(ctx, dO, dH_T):
        if torch.is_grad_enabled():  # by create_graph=True
            raise RuntimeError(
                "bptt.rnn has no second derivative: use rnn.rnn, which leaves the "
                "gradients to autograd, or do without create_graph=True"
            )
        unrolled = ctx.unrolled
        unrolled.params = ctx.saved_tensors
        unrolled.backward(dO, dH_T)
        gradients = [gradient.clone() for gradient in unrolled.gradients]
        return None, unrolled.gradient_of_first_state(), *gradients


def state_gradient_norms(net, X: Tensor, Y: Tensor, state=None, last_only=False):
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
    if not ByHand.can_train(net):
        return _norms_by_autograd(net, X, Y, state, last_only)
    if state is None:
        state = net.begin_state(batch_size=len(X), device=X.device)
    H_0 = _checked(X, state, net.params)
    batch_size, num_steps = X.shape
    with one_thread():
        unrolled = Unrolled(net.params, num_steps, batch_size)
        _, dO = cross_entropy(unrolled.forward(X, H_0), Y.T.reshape(-1).long())
        if last_only:
            dO[:, :-batch_size] = 0
            dO *= num_steps  # a mean over the last step's tokens alone
        unrolled.backward(dO)
        return unrolled.state_gradient_norms()


@torch.enable_grad()
def _norms_by_autograd(net, X: Tensor, Y: Tensor, state, last_only: bool) -> Tensor:
    """The same for any model that can go one time step at a time."""
    if not _can_step(net):
        raise ValueError(
            "net must be a scratch RNN or another scratch model, or an RNNModel of one "
            f"layer and one direction, in float32 or float64, got {net!r}"
        )
    _check_tokens(X)
    state = _begun(net, X, state)
    states, losses = [], []
    with one_thread():
        for X_t, Y_t in zip(X.T, Y.T.long(), strict=True):
            H_t, outputs, state = _step(net, X_t, state)
            states.append(H_t)
            losses.append(F.cross_entropy(outputs, Y_t))
        loss = losses[-1] if last_only else torch.stack(losses).mean()
        gradients = torch.autograd.grad(loss, states, allow_unused=True)
    if gradients[-1] is None:
        raise ValueError(
            "net must compute its outputs from the hidden state that it returns, got "
            f"{net!r}"
        )
    norms = [  # nothing comes back through a step that forgets all
        0.0 if each is None else float(torch.linalg.vector_norm(each.cpu().double()))
        for each in gradients
    ]
    return torch.tensor(norms, dtype=torch.float64)


def _can_step(net) -> bool:
    """True for the models that `_step` knows, in a dtype that gradients are fit for."""
    if isinstance(net, scratch.RNNModel):
        if type(net).forward is not scratch.RNNModel.forward:
            return False
        if not net.rnn.num_layers == net.num_directions == 1:
            return False
    elif not isinstance(net, scratch.RNNModelScratch):
        return False
    return _dtype_of(net) in DTYPES


def _dtype_of(net) -> torch.dtype:
    params = net.params if hasattr(net, "params") else list(net.parameters())
    return params[0].dtype


def _step(net, X_t: Tensor, state):
    """H_t, the outputs computed from it, (B, V), and the new state.

    X_t: token indices, shape (B,).
    """
    if isinstance(net, scratch.RNNModelScratch):
        outputs, state = net(X_t.unsqueeze(1), state)
        return state[0], outputs, state
    # The layer gives H_t twice, and the model's outputs are computed from the other.
    one_hot = F.one_hot(X_t.long(), net.vocab_size).to(_dtype_of(net))
    _, state = net.rnn(one_hot.unsqueeze(0), state)
    H_t = state[0] if isinstance(state, tuple) else state  # (1, B, H)
    return H_t, net.linear(H_t[0]), state


def _begun(net, X: Tensor, state):
    """The state before the first token, where the gradients end."""
    zeros = net.begin_state(batch_size=len(X), device=X.device)
    wanted, given = (
        (each,) if isinstance(each, Tensor) else tuple(each)
        for each in (zeros, zeros if state is None else state)
    )  # fmt: skip
    shapes, got = ([tuple(part.shape) for part in each] for each in (wanted, given))
    if got != shapes:
        raise ValueError(f"state must be tensors of the shapes {shapes}, got {got}")
    begun = tuple(part.detach().to(_dtype_of(net)).requires_grad_() for part in given)
    return begun[0] if isinstance(zeros, Tensor) else begun


def _checked(X: Tensor, state, params: Sequence[Tensor]) -> Tensor:
    """The state's one tensor H_0, if all have the shapes and types that they need."""
    _check_tokens(X)
    W_hh = params[1]
    if W_hh.dtype not in DTYPES:
        raise ValueError(f"params must be float32 or float64, got {W_hh.dtype}")
    shape = (len(X), len(W_hh))
    if not isinstance(state, Tensor) and [part.shape for part in state] == [shape]:
        return state[0]
    got = [tuple(part.shape) for part in state]
    raise ValueError(
        f"state must be one tensor of shape {shape}, (batch_size, num_hiddens), in a "
        f"tuple, got a {type(state).__name__} of {got}"
    )


def _check_tokens(X: Tensor) -> None:
    integers = not (X.is_floating_point() or X.is_complex() or X.dtype == torch.bool)
    if X.dim() != 2 or X.numel() == 0 or not integers:
        raise ValueError(
            "X must be token indices, shape (batch_size, num_steps) and not empty, got "
            f"{X.dtype} of shape {tuple(X.shape)}"
        )


def _sum_of_products(A: Tensor, B: Tensor, out: Tensor) -> None:
    """out = A Bᵀ for A of shape (m, N) and B of shape (n, N): a sum over N tokens."""
    if _LINEAR and out.dim() == 2 and _suits_onednn(A, B):
        out.copy_(_LINEAR(A, B, None, "none", [], ""))
    elif B.shape[-2] < A.shape[-2]:  # the smaller one first is faster
        out.copy_(torch.matmul(B, A.mT).mT)
    else:  # with out=, a batch would be computed piece by piece
        out.copy_(torch.matmul(A, B.mT))


def _onednn_linear():
    """oneDNN's product A Bᵀ, as PyTorch's compiler calls it, or None.

    `torch.mm` is MKL's, which keeps to AVX2 on processors that are not Intel's; where
    they have AVX-512, oneDNN takes half the time.
    """
    if torch.backends.cpu.get_cpu_capability() == "AVX512":
        if torch.backends.mkldnn.is_available():
            return getattr(torch.ops.mkldnn, "_linear_pointwise", None)
    return None


def _suits_onednn(A: Tensor, B: Tensor) -> bool:
    """True for what oneDNN is faster at: large, and with B in one piece."""
    on_cpu = A.device.type == "cpu" and A.dtype == torch.float32
    large = len(A) >= 128
    return on_cpu and large and B.is_contiguous() and torch.backends.mkldnn.enabled


_LINEAR = _onednn_linear()
