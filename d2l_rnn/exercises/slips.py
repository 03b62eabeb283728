"""The usual slips on the way back through an RNN, and what is said of each.

They are looked for in a network and a minibatch whose sizes T, B, h and V are all
alike: there, even a wrong product has the right shape.
"""

from __future__ import annotations

from d2l_rnn.exercises.going_back import Part, Passes

EACH = "each has used the bias"
NO_MEAN = "a sum, not a mean: dO is divided by T * B already"


def in_outputs(rnn: Passes) -> tuple[Part, ...]:
    """dO, dW_hq and db_q."""
    outputs, H, dO = rnn.outputs, rnn.H, rnn.dO
    T, B, _ = outputs.shape
    return (
        Part(dO, "dO of all predictions", "(softmax - Y) / (T * B)", (
            (dO * T * B, "the loss is the mean of T * B predictions: divide by that"),
            (dO * T, "the mean is over T and over B: divide by both"),
            ((outputs.softmax(0) - rnn.Y) / (T * B), "the softmax is over the tokens"),
            ((outputs.softmax(1) - rnn.Y) / (T * B), "the softmax is over the tokens"),
        )),
        Part(rnn.dW_hq, "dW_hq of all predictions", "a sum of H[t].T @ dO", (
            ((H[:-1].mT @ dO).sum(0), "one off: O_1 is made from H_1, in H[1]"),
            ((H[1:] @ dO).sum(0), "on the way back the state is transposed"),
            ((dO.mT @ H[1:]).sum(0), "that is its transpose: the state stands first"),
            (H[-1].T @ dO[-1], "that is the last time step: add up all of them"),
        )),
        Part(rnn.db_q, "db_q of all predictions", "a sum over T and over B", (
            (dO.sum(0), f"add up over the sequences, too: {EACH}"),
            (dO.sum(1), f"add up over the time steps, too: {EACH}"),
            (dO.mean((0, 1)), NO_MEAN),
        )),
    )  # fmt: skip


def in_states(rnn: Passes) -> tuple[Part, ...]:
    """dH and dZ."""
    W_hh, H = rnn.W_hh, rnn.H
    return (
        Part(rnn.dH, "dH of all time steps", "its own dO, and the dZ after it", (
            (rnn.states(slope=0), "what comes back from the step after is missing"),
            (rnn.states(rnn.slope, W_hh), "on the way back W_hh is transposed"),
            (rnn.states(1 - H[1:]), "the slope of tanh is 1 - H**2, not 1 - H"),
            (rnn.states(1 - H[:-1] ** 2), "one off: dZ_1 is made with H_1, in H[1]"),
            (rnn.states(slope=1), "from the step after comes its dZ, not its dH"),
            (rnn.from_before(), "begin at the last step: each needs the one after it"),
        )),
        Part(rnn.dZ, "dZ of all time steps", "dH times 1 - H**2, step by step", (
            (rnn.dH * (1 - H[:-1] ** 2), "one off: dZ_1 is made with H_1, in H[1]"),
        )),
    )  # fmt: skip


def in_parameters(rnn: Passes) -> tuple[Part, ...]:
    """dW_xh, dW_hh and db_h."""
    X, H, dZ = rnn.X, rnn.H, rnn.dZ
    return (
        Part(rnn.dW_xh, "dW_xh of all time steps", "a sum of X[t].T @ dZ[t]", (
            (X[-1].T @ dZ[-1], "that is the last time step: add up all of them"),
            ((X @ dZ).sum(0), "on the way back X is transposed"),
            ((dZ.mT @ X).sum(0), "that is its transpose: X stands first"),
            ((X.mT @ dZ).sum(0) / dZ[..., 0].numel(), NO_MEAN),
        )),
        Part(rnn.dW_hh, "dW_hh of all time steps", "a sum of H.T @ dZ[t]", (
            ((H[1:].mT @ dZ).sum(0), "one off: Z_1 is made from H_0, in H[0]"),
            ((H[:-1] @ dZ).sum(0), "on the way back the state is transposed"),
            ((dZ.mT @ H[:-1]).sum(0), "that is its transpose: the state stands first"),
        )),
        Part(rnn.db_h, "db_h of all time steps", "a sum over T and over B", (
            (dZ.sum(0), f"add up over the sequences, too: {EACH}"),
            (dZ.sum(1), f"add up over the time steps, too: {EACH}"),
            (dZ.mean((0, 1)), NO_MEAN),
        )),
    )  # fmt: skip
