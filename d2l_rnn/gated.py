"""The GRU and the LSTM from scratch: recurrences with gates.

A gate is a layer like that of an RNN, with the sigmoid σ for its activation, so that
its outputs are between 0 (shut) and 1 (open). The hidden state is multiplied by them,
unit by unit (∘): so the network learns when to keep it and when to let new things in.

The functions come in threes, as those of `rnn` do, and are put in their place:

    RNNModelScratch(V, H, device, get_gru_params, init_gru_state, gru)
    RNNModelScratch(V, H, device, get_lstm_params, init_lstm_state, lstm)

Sources: the book, 9.1 "Gated Recurrent Units (GRU)" and 9.2 "Long Short-Term Memory
(LSTM)"; Cho et al., "Learning phrase representations using RNN encoder-decoder for
statistical machine translation", 2014; Hochreiter and Schmidhuber, "Long short-term
memory", 1997; the forget gate is of Gers, Schmidhuber and Cummins, 2000.
"""

from __future__ import annotations

import torch
from torch import Tensor

from d2l_rnn.checks import integer
from d2l_rnn.checks.tensors import (
    Device,
    check_recurrence,
    checked_device,
    checked_generator,
)
from d2l_rnn.rnn import init_rnn_state

# ---- GRU ----


def get_gru_params(
    vocab_size: int,
    num_hiddens: int,
    device: Device = None,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """The eleven parameters of the GRU, ready for gradients.

    [W_xz, W_hz, b_z] of the update gate, [W_xr, W_hr, b_r] of the reset gate and
    [W_xh, W_hh, b_h] of the candidate have the shapes (V, H), (H, H), (H,); the output
    layer's [W_hq, b_q] follow, (H, V), (V,). Drawn as by `rnn.get_params`.

    Raises ValueError as it does.
    """
    return _params(3, vocab_size, num_hiddens, device, generator)


def init_gru_state(
    batch_size: int, num_hiddens: int, device: Device = None
) -> tuple[Tensor]:
    """H_0, all zeros, shape (batch_size, num_hiddens), in a tuple of one.

    Raises ValueError as `rnn.init_rnn_state` does.
    """
    return init_rnn_state(batch_size, num_hiddens, device)


def gru(
    inputs: Tensor, state: tuple[Tensor], params: list[Tensor]
) -> tuple[Tensor, tuple[Tensor]]:
    """The recurrence of the GRU over the time steps.

    Z_t = σ(X_t W_xz + H_{t-1} W_hz + b_z)               update gate
    R_t = σ(X_t W_xr + H_{t-1} W_hr + b_r)               reset gate
    H̃_t = tanh(X_t W_xh + (R_t ∘ H_{t-1}) W_hh + b_h)    candidate
    H_t = Z_t ∘ H_{t-1} + (1 - Z_t) ∘ H̃_t,  O_t = H_t W_hq + b_q

    `inputs`: (T, B, V), one-hot. Returns the outputs, shape (T * B, V), and the last
    state. `nn.GRU` applies R_t later, R_t ∘ (H_{t-1} W_hh + a second bias), which is
    done for speed; the two are equal only in special cases.

    Raises ValueError if the shapes do not fit together.
    """
    check_recurrence(inputs, state, params, gru.names)
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, W_hq, b_q = params
    (H,) = state
    outputs = []
    for X_t in inputs:  # (B, V)
        Z_t = torch.sigmoid(X_t @ W_xz + H @ W_hz + b_z)  # (B, H)
        R_t = torch.sigmoid(X_t @ W_xr + H @ W_hr + b_r)
        H_tilde = torch.tanh(X_t @ W_xh + (R_t * H) @ W_hh + b_h)
        H = Z_t * H + (1 - Z_t) * H_tilde
        outputs.append(H @ W_hq + b_q)  # (B, V)
    return torch.cat(outputs), (H,)  # (T * B, V), (B, H)


gru.names = (
    "W_xz", "W_hz", "b_z", "W_xr", "W_hr", "b_r", "W_xh", "W_hh", "b_h", "W_hq", "b_q",
)  # fmt: skip


# ---- LSTM ----


def get_lstm_params(
    vocab_size: int,
    num_hiddens: int,
    device: Device = None,
    generator: torch.Generator | None = None,
) -> list[Tensor]:
    """The fourteen parameters of the LSTM, ready for gradients.

    [W_xi, W_hi, b_i] of the input gate, [W_xf, W_hf, b_f] of the forget gate,
    [W_xo, W_ho, b_o] of the output gate and [W_xc, W_hc, b_c] of the candidate, then
    [W_hq, b_q]; shapes and values as in `get_gru_params`.

    Raises ValueError as `rnn.get_params` does.
    """
    return _params(4, vocab_size, num_hiddens, device, generator)


def init_lstm_state(
    batch_size: int, num_hiddens: int, device: Device = None
) -> tuple[Tensor, Tensor]:
    """The hidden state H_0 and the memory cell C_0, all zeros, (B, H) each.

    Raises ValueError as `rnn.init_rnn_state` does.
    """
    H, C = (init_rnn_state(batch_size, num_hiddens, device) for _ in range(2))
    return (*H, *C)


def lstm(
    inputs: Tensor, state: tuple[Tensor, Tensor], params: list[Tensor]
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """The recurrence of the LSTM over the time steps.

    I_t = σ(X_t W_xi + H_{t-1} W_hi + b_i)        input gate
    F_t = σ(X_t W_xf + H_{t-1} W_hf + b_f)        forget gate
    O_t = σ(X_t W_xo + H_{t-1} W_ho + b_o)        output gate
    C̃_t = tanh(X_t W_xc + H_{t-1} W_hc + b_c)     candidate
    C_t = F_t ∘ C_{t-1} + I_t ∘ C̃_t               memory cell
    H_t = O_t ∘ tanh(C_t),  Y_t = H_t W_hq + b_q

    (O_t is a gate here, so the outputs are called Y_t.) `inputs`: (T, B, V), one-hot.
    Returns the outputs, shape (T * B, V), and the last state. It is `nn.LSTM`, which
    only has a second bias in each line.

    Raises ValueError if the shapes do not fit together.
    """
    check_recurrence(inputs, state, params, lstm.names, num_states=2)
    W_xi, W_hi, b_i, W_xf, W_hf, b_f, *others = params
    W_xo, W_ho, b_o, W_xc, W_hc, b_c, W_hq, b_q = others
    H, C = state
    outputs = []
    for X_t in inputs:  # (B, V)
        I_t = torch.sigmoid(X_t @ W_xi + H @ W_hi + b_i)  # (B, H)
        F_t = torch.sigmoid(X_t @ W_xf + H @ W_hf + b_f)
        O_t = torch.sigmoid(X_t @ W_xo + H @ W_ho + b_o)
        C_tilde = torch.tanh(X_t @ W_xc + H @ W_hc + b_c)
        C = F_t * C + I_t * C_tilde
        H = O_t * torch.tanh(C)
        outputs.append(H @ W_hq + b_q)  # (B, V)
    return torch.cat(outputs), (H, C)  # (T * B, V), (B, H) each


lstm.names = (
    "W_xi", "W_hi", "b_i", "W_xf", "W_hf", "b_f", "W_xo", "W_ho", "b_o",
    "W_xc", "W_hc", "b_c", "W_hq", "b_q",
)  # fmt: skip


def _params(
    num_layers: int, vocab_size: int, num_hiddens: int, device, generator
) -> list[Tensor]:
    """[W_x, W_h, b] for each of the layers into the hidden units, then [W_hq, b_q]."""
    V = integer("vocab_size", vocab_size, at_least=1)
    H = integer("num_hiddens", num_hiddens, at_least=1)
    device, generator = checked_device(device), checked_generator(generator)

    def normal(*shape):
        return torch.randn(size=shape, generator=generator, device=device) * 0.01

    def three():
        return normal(V, H), normal(H, H), torch.zeros(H, device=device)

    params = [param for _ in range(num_layers) for param in three()]
    params += [normal(H, V), torch.zeros(V, device=device)]
    return [param.requires_grad_(True) for param in params]
