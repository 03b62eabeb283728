"""The exercises of notebook 09, beyond."""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from d2l_rnn import gated, rnn
from d2l_rnn.exercises.checking import Answer, Exercise, Trial

V, H, B = 5, 3, 2  # tokens, hidden units, sequences


@Exercise
def gru_step(answer: Answer) -> Iterator[Trial]:
    """One time step of the GRU: H_t from X_t, H_{t-1} and the eleven parameters."""
    X, H_before, params = _step_of(gated.get_gru_params)
    half_open = [torch.zeros_like(param) for param in params]
    yield answer(X, H_before, half_open).gives(
        H_before / 2, "all parameters 0",
        "the gates are 1/2 then, and the candidate is 0",
        mistakes=[(H_before, "H_t is a mixture: Z_t of the old, 1 - Z_t of the new")],
    )  # fmt: skip
    keeping = [*params[:2], torch.full((H,), 100.0), *params[3:]]
    yield answer(X, H_before, keeping).gives(
        H_before, "an update gate that is open", "Z_t = 1 keeps H_{t-1} as it is",
        mistakes=[(_candidate(X, H_before, params), "which of the two has 1 - Z_t?")],
    )  # fmt: skip
    _, (right,) = gated.gru(X[None], (H_before,), params)
    yield answer(X, H_before, params).gives(
        right, "any gates", "Z_t, R_t, the candidate and H_t, in this order",
        mistakes=[
            (_reset_after(X, H_before, params),
             "R_t times H_{t-1} first, and only then the product with W_hh"),
            (_without_reset(X, H_before, params),
             "the candidate sees R_t times H_{t-1}, not H_{t-1}"),
        ],
    )  # fmt: skip


@Exercise
def best_gates(answer: Answer) -> Iterator[Trial]:
    """The gates of a GRU that ends with what it saw at one time step, and no other."""
    cases = (
        (4, 4, "the last of four", "at that step the candidate is to come in, all of "
         "it, and without a look at the state before"),
        (5, 1, "the first of five", "after it, nothing new may come in"),
        (10, 4, "the fourth of ten", "nothing from before it may stay: not kept by "
         "Z_t, nor seen through R_t; and nothing may come in after it"),
    )  # fmt: skip
    generator = torch.Generator().manual_seed(0)
    for num_steps, step, what, hint in cases:
        x, H_0 = torch.randn(num_steps, generator=generator), 0.9
        yield answer(num_steps, step).has(
            what,
            lambda gates, x=x, H_0=H_0, step=step: _ends_with(gates, x, H_0, step),
            hint,
        )


@Exercise
def lstm_step(answer: Answer) -> Iterator[Trial]:
    """One time step of the LSTM: H_t and C_t from X_t, the state and the parameters."""
    X, H_before, params = _step_of(gated.get_lstm_params)
    C_before = torch.randn(B, H, generator=torch.Generator().manual_seed(2))
    state = (H_before, C_before)
    half_open = [torch.zeros_like(param) for param in params]
    C = C_before / 2
    yield answer(X, state, half_open).gives(
        (C.tanh() / 2, C), "all parameters 0",
        "the three gates are 1/2 then, and the candidate is 0",
        mistakes=[
            ((C / 2, C), "H_t shows the tanh of C_t"),
            ((C, C.tanh() / 2), "H_t first, then C_t"),
            (C.tanh() / 2, "return both, H_t and C_t"),
        ],
    )  # fmt: skip
    _, right = gated.lstm(X[None], state, params)
    yield answer(X, state, params).gives(
        right, "any gates", "are the parameters taken in the order i, f, o, c?",
        mistakes=[
            (_with_c_before_o(X, state, params),
             "the order is i, f, o, c; torch's own, i, f, c, o, is another"),
            (tuple(reversed(right)), "H_t first, then C_t"),
        ],
    )  # fmt: skip


@Exercise
def parameters_of_cell(answer: Answer) -> Iterator[Trial]:
    """How many numbers a model from scratch has in all, with each of the cells."""
    drawn = {
        "rnn": rnn.get_params, "gru": gated.get_gru_params,
        "lstm": gated.get_lstm_params,
    }  # fmt: skip
    for cell, v, h in (("rnn", 28, 64), ("gru", 28, 64), ("lstm", 11, 7)):
        layers = {"rnn": 1, "gru": 3, "lstm": 4}[cell]
        layer, output = v * h + h * h + h, h * v + v
        yield answer(cell, v, h).gives(
            sum(param.numel() for param in drawn[cell](v, h)),
            f"{cell}, {v} tokens, {h} hidden units",
            "count the shapes that its get_…_params returns",
            mistakes=[
                (layers * layer, "and the output layer, W_hq and b_q?"),
                ((layers - 1) * layer + output, "the candidate is a layer as well"),
                (layers * (layer + output), "there is one output layer"),
                (layers * (layer + h) + output, "our layers have one bias, not two"),
                (layers * (layer - h) + output, "and the biases of the gates?"),
            ],
        )  # fmt: skip


@Exercise
def forget_gate_bias(answer: Answer) -> Iterator[Trial]:
    """The bias with which a memory cell has `share` left after `num_steps` steps."""
    for share, num_steps, what in (
        (0.5, 1, "a half after one step"), (0.5, 50, "a half after fifty"),
        (0.01, 98, "a hundredth after 98"), (0.9, 1000, "nine tenths after a thousand"),
    ):  # fmt: skip
        gate = share ** (1 / num_steps)
        yield answer(share, num_steps).gives(
            math.log(gate / (1 - gate)), what,
            "first the gate, whose num_steps-th power is the share; then the bias, "
            "whose sigmoid is the gate",
            mistakes=[
                (gate, "that is the gate; which bias has it for its sigmoid?"),
                (math.log((1 - gate) / gate), "the sign: an open gate has a positive "
                 "bias"),
                (math.log(share / (1 - share)), "each step multiplies by the gate"),
            ],
        )  # fmt: skip


def _step_of(get_params) -> tuple[Tensor, Tensor, list[Tensor]]:
    """X_t, H_{t-1} and parameters large enough for every mistake to show."""
    generator = torch.Generator().manual_seed(1)
    params = [
        torch.randn(param.shape, generator=generator)
        for param in get_params(V, H, generator=generator)
    ]
    X = torch.eye(V)[torch.randint(V, (B,), generator=generator)]
    return X, torch.randn(B, H, generator=generator), params


def _gates(X: Tensor, H: Tensor, params: list[Tensor]) -> tuple[Tensor, Tensor]:
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, *_ = params
    Z = torch.sigmoid(X @ W_xz + H @ W_hz + b_z)
    return Z, torch.sigmoid(X @ W_xr + H @ W_hr + b_r)


def _candidate(X: Tensor, H: Tensor, params: list[Tensor]) -> Tensor:
    _, R = _gates(X, H, params)
    W_xh, W_hh, b_h = params[6:9]
    return torch.tanh(X @ W_xh + (R * H) @ W_hh + b_h)


def _reset_after(X: Tensor, H: Tensor, params: list[Tensor]) -> Tensor:
    """H_t as torch.nn.GRU computes it."""
    Z, R = _gates(X, H, params)
    W_xh, W_hh, b_h = params[6:9]
    return Z * H + (1 - Z) * torch.tanh(X @ W_xh + R * (H @ W_hh) + b_h)


def _without_reset(X: Tensor, H: Tensor, params: list[Tensor]) -> Tensor:
    Z, _ = _gates(X, H, params)
    W_xh, W_hh, b_h = params[6:9]
    return Z * H + (1 - Z) * torch.tanh(X @ W_xh + H @ W_hh + b_h)


def _with_c_before_o(X: Tensor, state, params: list[Tensor]) -> tuple[Tensor, Tensor]:
    swapped = [*params[:6], *params[9:12], *params[6:9], *params[12:]]
    return gated.lstm(X[None], state, swapped)[1]


def _ends_with(gates, x: Tensor, H: float, step: int) -> bool:
    """True if a GRU of one unit with these gates ends with the candidate of `step`.

    Its weights are 1, so that its candidates are tanh(x_t + R_t H_{t-1}).
    """
    Z, R = ([float(each) for each in part] for part in gates)
    for x_t, z, r in zip(x.tolist(), Z, R, strict=True):
        if not (0 <= z <= 1 and 0 <= r <= 1):
            return False
        H = z * H + (1 - z) * math.tanh(x_t + r * H)
    return abs(H - math.tanh(x[step - 1])) < 1e-6
