"""The RNN from scratch, and the same language model on the layers of `torch.nn`.

Both are called alike: `net(X, state)` takes a minibatch X of token indices, shape
(batch_size, num_steps), and the hidden state; it returns the outputs O_t of all time
steps, one below the other, shape (num_steps * batch_size, vocab_size), and the new
state. `net.begin_state(batch_size=…, device=…)` is the state before the first token.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from d2l_rnn.checks import functions, integer, one_of
from d2l_rnn.checks.tensors import (
    Device,
    State,
    check_recurrence,
    check_state,
    check_tokens,
    checked_device,
    checked_generator,
    parts_of,
)
from d2l_rnn.checks.weights import check_layer, check_net, check_params_of, copied_like

LAYERS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
CELLS = ("scratch", *LAYERS)


def get_params(
    vocab_size: int,
    num_hiddens: int,
    device: Device = None,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """The five parameters [W_xh, W_hh, b_h, W_hq, b_q] of the RNN, ready for gradients.

    Shapes (V, H), (H, H), (H,), (H, V), (V,) for vocab_size V and num_hiddens H.
    Weights are drawn from N(0, 0.01²), by PyTorch's global generator unless another
    `torch.Generator` is given; biases are 0 (the notes, "RNN from scratch").

    Raises ValueError if a size is smaller than 1, for a device that is not there, or if
    `generator` is none.
    """
    V = integer("vocab_size", vocab_size, at_least=1)
    H = integer("num_hiddens", num_hiddens, at_least=1)
    device, generator = checked_device(device), checked_generator(generator)
    draw = functools.partial(torch.randn, generator=generator, device=device)
    zeros = functools.partial(torch.zeros, device=device)
    params = [
        0.01 * draw(V, H),  # W_xh, (V, H)
        0.01 * draw(H, H),  # W_hh, (H, H)
        zeros(H),  # b_h, (H,)
        0.01 * draw(H, V),  # W_hq, (H, V)
        zeros(V),  # b_q, (V,)
    ]
    return [param.requires_grad_() for param in params]


def num_parameters(vocab_size: int, num_hiddens: int) -> int:
    """How many numbers the five parameters hold together.

    Raises ValueError if a size is smaller than 1.
    """
    V = integer("vocab_size", vocab_size, at_least=1)
    H = integer("num_hiddens", num_hiddens, at_least=1)
    return V * H + H * H + H + H * V + V


def init_rnn_state(
    batch_size: int, num_hiddens: int, device: Device = None
) -> tuple[Tensor]:
    """H_0, all zeros, shape (batch_size, num_hiddens), in a tuple of one.

    Raises ValueError if a size is smaller than 1, or for a device that is not there.
    """
    batch_size = integer("batch_size", batch_size, at_least=1)
    num_hiddens = integer("num_hiddens", num_hiddens, at_least=1)
    device = checked_device(device)
    return (torch.zeros((batch_size, num_hiddens), device=device),)  # (B, H)


def rnn(
    inputs: Tensor, state: tuple[Tensor], params: list[Tensor]
) -> tuple[Tensor, tuple[Tensor]]:
    """The recurrence over the time steps, one after another.

    H_t = tanh(X_t W_xh + H_{t-1} W_hh + b_h),  O_t = H_t W_hq + b_q

    (the notes, "recurrent neural networks"). `inputs`: (T, B, V), one-hot and time
    first, where `bptt.rnn` takes the tokens themselves, (B, T). Returns the outputs,
    shape (T * B, V), and the last state.

    Raises ValueError if the shapes do not fit together.
    """
    check_recurrence(inputs, state, params, rnn.names)
    W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    outputs = []
    for X_t in inputs:  # (B, V)
        H = torch.tanh(X_t @ W_xh + H @ W_hh + b_h)  # (B, H)
        outputs.append(H @ W_hq + b_q)  # (B, V)
    return torch.cat(outputs), (H,)  # (T * B, V), (B, H)


rnn.names = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")  # of its parameters, in order


class RNNModelScratch:
    """A character RNN from scratch: parameters, initial state and recurrence together.

    `get_params`, `init_state` and `forward_fn` are functions like the three above, so
    that another recurrence can be put in their place. If it has `names`, like `rnn`,
    they are the keys of `state_dict`.

    Raises ValueError if a size is smaller than 1, for a device that is not there, and
    unless `get_params` returns the parameters of `forward_fn`, in these sizes.
    """

    def __init__(
        self,
        vocab_size: int,
        num_hiddens: int,
        device: Device = None,
        get_params: Callable = get_params,
        init_state: Callable = init_rnn_state,
        forward_fn: Callable = rnn,
    ):
        self.vocab_size = integer("vocab_size", vocab_size, at_least=1)
        self.num_hiddens = integer("num_hiddens", num_hiddens, at_least=1)
        functions(get_params=get_params, init_state=init_state, forward_fn=forward_fn)
        self.params = get_params(vocab_size, num_hiddens, device)
        self.init_state, self.forward_fn = init_state, forward_fn
        check_params_of(forward_fn, self.params, vocab_size, num_hiddens)

    def __call__(self, X: Tensor, state: State) -> tuple[Tensor, State]:
        own = self.params[0]
        check_tokens("X", X, self.vocab_size, own.device)
        check_state(state, (len(X), self.num_hiddens), own)
        one_hot = F.one_hot(X.T.long(), self.vocab_size)  # (T, B, V)
        return self.forward_fn(one_hot.to(own.dtype), state, self.params)

    def begin_state(self, batch_size: int, device: Device = None) -> State:
        """The state before the first token, in the parameters' dtype, on their device.

        What `init_state` returns: a tuple of tensors of the shape (B, H), one of them
        in an RNN. Another `device` may be given.

        Raises ValueError if `batch_size` is smaller than 1.
        """
        own = self.params[0]
        device = own.device if device is None else device
        state = self.init_state(batch_size, self.num_hiddens, device)
        return _each(state, lambda part: part.to(own.dtype))

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names in the formulas, or else their numbers."""
        numbers = map(str, range(len(self.params)))
        return getattr(self.forward_fn, "names", tuple(numbers))

    def state_dict(self) -> dict[str, Tensor]:
        """The parameters by name, detached: what is written into them, the model has.

        Raises ValueError if there are more or fewer than names.
        """
        values, names = [param.detach() for param in self.params], self.names
        if len(values) != len(names):
            raise ValueError(f"net must have {', '.join(names)}, got {len(values)}")
        return dict(zip(names, values, strict=True))

    def load_state_dict(self, state_dict: Mapping[str, Tensor]) -> None:
        """Copy values into the parameters, which remain an optimizer's own.

        Raises ValueError, and changes nothing, unless names and shapes fit, and for a
        number that is too large for the parameters' dtype.
        """
        own = self.state_dict()
        for name, values in copied_like(state_dict, own).items():
            own[name].copy_(values)


class RNNModel(nn.Module):
    """The same language model around `nn.RNN`, `nn.GRU` or `nn.LSTM`.

    Unlike `RNNModelScratch` it has the layer's own two biases and initial values, as
    many layers and directions as `rnn_layer` has, and a state that is a tensor (RNN,
    GRU) or a pair of tensors (LSTM), each of shape
    (num_directions * num_layers, batch_size, num_hiddens). The layer takes time first
    (`batch_first=False`) and one-hot tokens (`input_size == vocab_size`), and gives its
    hidden state as it is (no `proj_size`).

    Raises ValueError if `rnn_layer` is made otherwise.
    """

    def __init__(self, rnn_layer: nn.RNNBase, vocab_size: int):
        super().__init__()
        self.vocab_size = integer("vocab_size", vocab_size, at_least=1)
        check_layer(rnn_layer, self.vocab_size)
        self.rnn = rnn_layer
        self.num_hiddens = rnn_layer.hidden_size
        self.num_directions = 2 if rnn_layer.bidirectional else 1
        own = next(rnn_layer.parameters())
        like = {"device": own.device, "dtype": own.dtype}
        self.linear = nn.Linear(
            self.num_directions * self.num_hiddens, vocab_size, **like
        )

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Return the outputs (T * B, V) and the new state for `inputs` (B, T)."""
        own = self.linear.weight
        check_tokens("inputs", inputs, self.vocab_size, own.device)
        if state is not None:  # zeros, as in torch's layers
            form = "pair" if isinstance(self.rnn, nn.LSTM) else "tensor"
            check_state(state, self._state_shape(len(inputs)), own, form)
        one_hot = F.one_hot(inputs.T.long(), self.vocab_size)  # (T, B, V)
        H, state = self.rnn(one_hot.to(own.dtype), state)
        return self.linear(H.reshape(-1, H.shape[-1])), state  # (T * B, V)

    def begin_state(self, batch_size: int, device: Device = None) -> State:
        """Zeros: one tensor, or for an LSTM two (hidden state and memory cell).

        They are on the model's device, unless another is given.

        Raises ValueError if `batch_size` is smaller than 1, for a device that is not
        there, and if the layers are no longer like those that the model was made with.
        """
        check_net(self)
        shape = self._state_shape(integer("batch_size", batch_size, at_least=1))
        own = self.linear.weight
        device = own.device if device is None else checked_device(device)
        zeros = torch.zeros(shape, device=device, dtype=own.dtype)
        return (zeros, zeros.clone()) if isinstance(self.rnn, nn.LSTM) else zeros

    def _state_shape(self, batch_size: int) -> tuple[int, int, int]:
        layers = self.num_directions * self.rnn.num_layers
        return layers, batch_size, self.num_hiddens


Model = RNNModelScratch | RNNModel


def make_model(
    cell: str,
    vocab_size: int,
    num_hiddens: int,
    device: Device = None,
    seed: int | None = None,
) -> Model:
    """A language model by the name of its cell: "scratch", "rnn", "gru" or "lstm".

    The initial parameters come from PyTorch's global generator. With a `seed` they are
    those that `torch.manual_seed(seed)` would give, and the global generator is left
    alone, which another thread may be drawing from.

    Raises ValueError for an unknown cell, a size smaller than 1, a device that is not
    there, or a negative seed.
    """
    device = checked_device(device)
    one_of("cell", cell, CELLS)
    num_hiddens = integer("num_hiddens", num_hiddens, at_least=1)
    vocab_size = integer("vocab_size", vocab_size, at_least=1)
    generator = None
    if seed is not None:
        seed = integer("seed", seed, 0, 2**64 - 1)
        on = "cpu" if device.type == "meta" else device  # where nothing is drawn
        generator = torch.Generator(on).manual_seed(seed)
    if cell == "scratch":
        draw = functools.partial(get_params, generator=generator)
        return RNNModelScratch(vocab_size, num_hiddens, device, draw)
    if seed is None:
        return RNNModel(LAYERS[cell](vocab_size, num_hiddens), vocab_size).to(device)
    with torch.device("meta"):  # shapes alone: nothing is drawn
        net = RNNModel(LAYERS[cell](vocab_size, num_hiddens), vocab_size)
    return _drawn(net.to_empty(device=device), generator)


def _drawn(net: RNNModel, generator: torch.Generator) -> RNNModel:
    """The model with PyTorch's initial parameters, U(-1 / √H, 1 / √H), in its order."""
    bound = net.num_hiddens**-0.5
    with torch.no_grad():
        for param in net.parameters():
            param.uniform_(-bound, bound, generator=generator)
    return net


def detach(state: State) -> State:
    """The same state, cut off from the graph that computed it.

    Sequential partitioning carries the state's values from one minibatch to the next;
    the gradient stops here, or it would flow back to the first token of the epoch.
    """
    return _each(state, Tensor.detach)


def _each(state: State, change: Callable[[Tensor], Tensor]) -> State:
    """The state with each of its tensors changed."""
    if isinstance(state, Tensor):
        return change(state)
    return tuple(change(part) for part in parts_of(state))
