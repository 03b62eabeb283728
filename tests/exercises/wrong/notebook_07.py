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


WRONG = {
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
