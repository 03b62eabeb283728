"""Answers to the exercises of notebook 09 that are wrong, and words that the verdict
has for each."""

import math

from torch import sigmoid, tanh

from d2l_rnn import gated


def gru_the_wrong_way_round(X, H, params):
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, *_ = params
    Z = sigmoid(X @ W_xz + H @ W_hz + b_z)
    R = sigmoid(X @ W_xr + H @ W_hr + b_r)
    return (1 - Z) * H + Z * tanh(X @ W_xh + (R * H) @ W_hh + b_h)


def gru_reset_after(X, H, params):
    W_xz, W_hz, b_z, W_xr, W_hr, b_r, W_xh, W_hh, b_h, *_ = params
    Z = sigmoid(X @ W_xz + H @ W_hz + b_z)
    R = sigmoid(X @ W_xr + H @ W_hr + b_r)
    return Z * H + (1 - Z) * tanh(X @ W_xh + R * (H @ W_hh) + b_h)


def gru_without_reset(X, H, params):
    W_xz, W_hz, b_z, _, _, _, W_xh, W_hh, b_h, *_ = params
    Z = sigmoid(X @ W_xz + H @ W_hz + b_z)
    return Z * H + (1 - Z) * tanh(X @ W_xh + H @ W_hh + b_h)


def lstm_of(params, X, state, in_order="ifoc"):
    H, _ = state
    blocks = dict(zip(in_order, range(0, 12, 3), strict=True))

    def layer(name):
        W_x, W_h, b = params[blocks[name] : blocks[name] + 3]
        return X @ W_x + H @ W_h + b

    return *(sigmoid(layer(name)) for name in "ifo"), tanh(layer("c"))


def lstm_without_tanh(X, state, params):
    I, F, O, new = lstm_of(params, X, state)  # noqa: E741
    C = F * state[1] + I * new
    return O * C, C


def lstm_swapped(X, state, params):
    I, F, O, new = lstm_of(params, X, state)  # noqa: E741
    C = F * state[1] + I * new
    return C, O * tanh(C)


def lstm_in_torch_s_order(X, state, params):
    I, F, O, new = lstm_of(params, X, state, "ifco")  # noqa: E741
    C = F * state[1] + I * new
    return O * tanh(C), C


def layer(V, H):
    return V * H + H * H + H


LAYERS = {"rnn": 1, "gru": 3, "lstm": 4}

WRONG = {
    "gru_step": [
        (gru_the_wrong_way_round, "hint: which of the two has 1 - Z_t?"),
        (gru_reset_after, "hint: R_t times H_{t-1} first"),
        (gru_without_reset, "hint: the candidate sees R_t times H_{t-1}"),
        (lambda X, H, params: H, "hint: H_t is a mixture"),
        (lambda X, H, params: gated.gru(X[None], (H,), params)[1], "is expected"),
    ],
    "lstm_step": [
        (lstm_without_tanh, "hint: H_t shows the tanh of C_t"),
        (lstm_swapped, "hint: H_t first, then C_t"),
        (lstm_in_torch_s_order, "hint: the order is i, f, o, c"),
        (lambda X, state, params: lstm_swapped(X, state, params)[1], "return both"),
    ],
    "parameters_of_cell": [
        (lambda cell, V, H: LAYERS[cell] * layer(V, H), "hint: and the output layer"),
        (
            lambda cell, V, H: (LAYERS[cell] - 1) * layer(V, H) + H * V + V,
            "hint: the candidate is a layer",
        ),
        (
            lambda cell, V, H: LAYERS[cell] * (layer(V, H) + H) + H * V + V,
            "hint: our layers have one bias",
        ),
        (lambda cell, V, H: layer(V, H) + H * V + V, "✗ gru, 28 tokens"),
    ],
    "best_gates": [
        (  # the other way round
            lambda T, step: (
                [float(t == step) for t in range(1, T + 1)], [0.0] * T,
            ),
            "✗ the last of four",
        ),
        (  # keeps nothing
            lambda T, step: ([0.0] * T, [0.0] * T),
            "hint: after it, nothing new may come in",
        ),
        (  # sees what was before
            lambda T, step: (
                [float(t != step) for t in range(1, T + 1)], [1.0] * T,
            ),
            "hint: at that step the candidate",
        ),
        (  # right at the end, but no sigmoid gives a 7
            lambda T, step: (
                [7.0 if t < step else float(t > step) for t in range(1, T + 1)],
                [0.0] * T,
            ),
            "✗ the last of four",
        ),
        (lambda T, step: [0.0] * T, "✗ the last of four"),
    ],
    "forget_gate_bias": [
        (lambda share, T: share ** (1 / T), "hint: that is the gate"),
        (lambda share, T: math.log(share ** (-1 / T) - 1), "hint: the sign"),
        (lambda share, T: math.log(share / (1 - share)), "hint: each step multiplies"),
        (lambda share, T: math.log(share) / T, "✗ a half after fifty"),
    ],
}  # fmt: skip
