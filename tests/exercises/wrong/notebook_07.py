"""Answers to the exercises of notebook 07 that are wrong, and words of the verdict."""

import torch

from d2l_rnn import clipping


def clipped_step(norm, lr, theta):
    return lr * norm if theta is None else min(lr * norm, theta)


def each_by_itself(gradients, theta):
    for gradient in gradients:
        clipping.project([gradient], theta)
    return gradients


def always_to_the_edge(gradients, theta):
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    return [theta / norm * gradient for gradient in gradients]


def divided_by_zero(gradients, theta):
    norm = sum((gradient**2).sum() for gradient in gradients) ** 0.5
    return [min(1, theta / float(norm)) * gradient for gradient in gradients]


def squared_norm(gradients, theta):
    norm = sum((gradient**2).sum() for gradient in gradients)
    return [theta / max(norm, theta) * gradient for gradient in gradients]


def backward(dO, H, W_hq, W_hh, slope):
    dZ, later = torch.zeros_like(H), torch.zeros_like(H[0])
    for t in reversed(range(len(H))):
        later = dZ[t] = (dO[t] @ W_hq.T + later @ W_hh.T) * slope(H[t])
    return dZ


def slope_of_tanh(dO, H, W_hq, W_hh):
    return backward(dO, H, W_hq, W_hh, lambda H_t: 1 - H_t**2)


def slope_of_one(dO, H, W_hq, W_hh):
    return backward(dO, H, W_hq, W_hh, lambda H_t: 1)


def not_through_time(dO, H, W_hq, W_hh):
    return dO @ W_hq.T * (H > 0)


def not_transposed(dO, H, W_hq, W_hh):
    return backward(dO, H, W_hq, W_hh.T, lambda H_t: H_t > 0)


def forwards(dO, H, W_hq, W_hh):
    return backward(dO.flip(0), H.flip(0), W_hq, W_hh, lambda H_t: H_t > 0).flip(0)


def powers(M, x, k, which=-1):
    _, vectors = torch.linalg.eigh(M)
    y = torch.linalg.matrix_power(M, k) @ x
    return (vectors[:, which] @ y / y.norm()).abs()


def one_factor_less(M, x, k):
    eigenvalues, vectors = torch.linalg.eigh(M)
    for _ in range(k - 1):
        x = M @ x / (M @ x).norm()
    return (vectors[:, eigenvalues.abs().argmax()] @ x / x.norm()).abs()


def rows_of_eigh(M, x, k):
    eigenvalues, vectors = torch.linalg.eigh(M)
    for _ in range(k):
        x = M @ x / (M @ x).norm()
    return (vectors[eigenvalues.abs().argmax()] @ x / x.norm()).abs()


def overflowing(M, x, k):
    eigenvalues, _ = torch.linalg.eigh(M)
    return powers(M, x, k, eigenvalues.abs().argmax())


def outputs_back(outputs, Y, H, number=None, dim=2, share=None, bias=(0, 1)):
    """Of `backward_outputs`, with a slip or two."""
    T, B, _ = outputs.shape
    dO = (torch.softmax(outputs, dim) - Y) / (T * B if number is None else number)
    dW_hq = (H[1:].mT @ dO).sum(0) if share is None else share(H, dO)
    return dO, dW_hq, dO.sum(bias)


def with_slip(function, **slip):
    return lambda *given: function(*given, **slip)


def states_back(dO, H, W_hq, W_hh, slope=None, late=True, forwards=False, back="dZ"):
    """Of `backward_states`, with a slip or two."""
    dH, dZ, later = torch.zeros_like(H[1:]), torch.zeros_like(H[1:]), 0
    slopes = 1 - H[1:] ** 2 if slope is None else slope(H)
    for t in range(len(dO)) if forwards else reversed(range(len(dO))):
        dH[t] = dO[t] @ W_hq.T + later
        dZ[t] = dH[t] * slopes[t]
        later = (dZ if back == "dZ" else dH)[t] @ W_hh.T if late else 0
    return dH, dZ


def W_hh_as_it_is(dO, H, W_hq, W_hh):
    return states_back(dO, H, W_hq, W_hh.T)


def W_hq_as_it_is(dO, H, W_hq, W_hh):
    return states_back(dO, H, W_hq.T, W_hh)


def parameters_back(X, H, dZ, before=slice(None, -1), bias=(0, 1), share=None):
    """Of `backward_parameters`, with a slip or two."""
    dW_xh = (X.mT @ dZ).sum(0) if share is None else share(X, dZ)
    return dW_xh, (H[before].mT @ dZ).sum(0), dZ.sum(bias)


WRONG = {
    "backward_outputs": [
        (with_slip(outputs_back, number=1), "hint: the loss is the mean of T * B"),
        (lambda *given: outputs_back(*given, number=len(given[0])), "over B: divide"),
        (with_slip(outputs_back, dim=0), "hint: the softmax is over the tokens"),
        (
            with_slip(outputs_back, share=lambda H, dO: (H[:-1].mT @ dO).sum(0)),
            "hint: one off: O_1 is made from H_1",
        ),
        (
            with_slip(outputs_back, share=lambda H, dO: (H[1:] @ dO).sum(0)),
            "hint: on the way back the state is transposed",
        ),
        (
            with_slip(outputs_back, share=lambda H, dO: (dO.mT @ H[1:]).sum(0)),
            "hint: that is its transpose",
        ),
        (
            with_slip(outputs_back, share=lambda H, dO: H[-1].T @ dO[-1]),
            "hint: that is the last time step",
        ),
        (with_slip(outputs_back, bias=0), "add up over the sequences, too"),
        (with_slip(outputs_back, bias=1), "add up over the time steps, too"),
        (lambda outputs, Y, H: Y - outputs_back(outputs, Y, H)[0], "hint: return 3"),
        (lambda outputs, Y, H: 3 * (outputs_back(outputs, Y, H)[0],), "its dW_hq"),
    ],
    "backward_states": [
        (W_hq_as_it_is, "hint: on the way back W_hq is transposed"),
        (W_hh_as_it_is, "hint: on the way back W_hh is transposed"),
        (with_slip(states_back, slope=lambda H: 1 - H[1:]), "1 - H**2, not 1 - H"),
        (with_slip(states_back, slope=lambda H: 1 - H[:-1] ** 2), "hint: one off"),
        (with_slip(states_back, slope=lambda H: 1 - H[1:].tanh() ** 2), "already"),
        (with_slip(states_back, slope=torch.ones_like), "hint: that is dH"),
        (with_slip(states_back, late=False), "hint: what comes back from the step"),
        (with_slip(states_back, back="dH"), "comes its dZ, not its dH"),
        (with_slip(states_back, forwards=True), "hint: begin at the last step"),
        (lambda *given: states_back(*given)[0], "hint: return 2 tensors"),
    ],
    "backward_parameters": [
        (with_slip(parameters_back, before=slice(1, None)), "hint: one off: Z_1 is"),
        (with_slip(parameters_back, bias=0), "add up over the sequences, too"),
        (with_slip(parameters_back, bias=1), "add up over the time steps, too"),
        (
            with_slip(parameters_back, share=lambda X, dZ: X[-1].T @ dZ[-1]),
            "hint: that is the last time step",
        ),
        (
            with_slip(parameters_back, share=lambda X, dZ: (X.mT @ dZ).sum(0) / 9),
            "hint: a sum, not a mean",
        ),
        (
            with_slip(parameters_back, share=lambda X, dZ: (X @ dZ).sum(0)),
            "hint: on the way back X is transposed",
        ),
        (
            with_slip(parameters_back, share=lambda X, dZ: (dZ.mT @ X).sum(0)),
            "hint: that is its transpose: X stands first",
        ),
    ],
    "step_length": [
        (lambda norm, lr, theta: lr * norm, "hint: that is the step without clipping"),
        (clipped_step, "hint: the gradient is clipped, and only then"),
        (lambda norm, lr, theta: lr * theta, "hint: clipping makes no gradient longer"),
        (lambda norm, lr, theta: lr * min(norm, theta), "raised TypeError"),
    ],
    "project_onto_ball": [
        (each_by_itself, "hint: one norm for both"),
        (always_to_the_edge, "hint: a short gradient is not made longer"),
        (divided_by_zero, "raised ZeroDivisionError"),
        (squared_norm, "hint: the norm is a square root"),
        (lambda g, theta: [each.clamp(-theta, theta) for each in g], "that turns"),
    ],
    "backward_relu": [
        (slope_of_tanh, "hint: 1 - H**2 is the slope of tanh"),
        (slope_of_one, "hint: that is dH"),
        (not_through_time, "hint: what comes back from the step after is missing"),
        (not_transposed, "hint: on the way back, W_hh is transposed"),
        (forwards, "hint: begin at the last step"),
    ],
    "alignment": [
        (powers, "✗ a negative eigenvalue"),
        (lambda M, x, k: powers(M, x, k, 0), "hint: take the eigenvector of the"),
        (one_factor_less, "hint: that is one factor too few"),
        (rows_of_eigh, "hint: the eigenvectors are the columns"),
        (overflowing, "✗ three thousand factors"),
    ],
}
