"""The exercises of notebook 07, gradient clipping."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import clipping
from d2l_rnn.exercises import slips
from d2l_rnn.exercises.checking import Answer, Exercise, Trial, drawn
from d2l_rnn.exercises.going_back import Part, in_turn, through_time


def _randn(*shape: int, seed: int) -> Tensor:
    return drawn(*shape, seed=seed, dtype=torch.double)


@Exercise
def backward_outputs(answer: Answer) -> Iterator[Trial]:
    """dL/dO of all predictions, and the gradients of the output layer's parameters."""
    zeros, true = torch.zeros(1, 1, 2), torch.tensor([[[1.0, 0.0]]])
    yield from in_turn(
        answer(zeros, true, torch.tensor([[[0.5]], [[0.25]]])),
        Part([[[-0.5, 0.5]]], "dO of one prediction", "softmax less what is true", (
            ([[[0.5, 0.5]]], "that is the softmax: subtract what is true"),
            ([[[0.5, -0.5]]], "the other way round: the softmax less what is true"),
            ([[[0.0, 1.0]]], "the softmax is over the tokens, the last axis"),
        )),
        Part([[-0.125, 0.125]], "its dW_hq", "the state transposed, times dO", (
            ([[-0.25, 0.25]], "one off: H[0] is H_0, and O_1 is made from H_1"),
        )),
        Part([-0.5, 0.5], "its db_q", "dO, added up"),
    )  # fmt: skip
    rnn = through_time(3, 3, 3, 3, seed=0)
    yield from in_turn(answer(rnn.outputs, rnn.Y, rnn.H), *slips.in_outputs(rnn))
    rnn = through_time(4, 3, 2, 5, seed=20)
    yield from in_turn(
        answer(rnn.outputs, rnn.Y, rnn.H),
        Part(rnn.dO, "dO, all sizes different", "it has the shape of the outputs"),
        Part(rnn.dW_hq, "dW_hq, all sizes different", "it has the shape of W_hq"),
        Part(rnn.db_q, "db_q, all sizes different", "it has a number for each token"),
    )


@Exercise
def backward_states(answer: Answer) -> Iterator[Trial]:
    """dL/dH_t and dL/dZ_t of all time steps, from the last to the first."""
    rnn = through_time(1, 3, 3, 3, seed=40)
    H, dH = rnn.H, rnn.dH
    yield from in_turn(
        answer(rnn.dO, H, rnn.W_hq, rnn.W_hh),
        Part(dH, "dH of one time step", "dO, times W_hq transposed", (
            (rnn.dO @ rnn.W_hq, "on the way back W_hq is transposed"),
        )),
        Part(rnn.dZ, "its dZ", "dH, times the slope of tanh, 1 - H**2", (
            (dH, "that is dH: and the slope of tanh?"),
            (dH * (1 - H[1:]), "the slope of tanh is 1 - H**2, not 1 - H"),
            (dH * (1 - H[:-1] ** 2), "one off: H[0] is H_0, and H_1 is in H[1]"),
            (dH * (1 - H[1:].tanh() ** 2), "H is the tanh already"),
        )),
    )  # fmt: skip
    rnn = through_time(3, 3, 3, 3, seed=60)
    result = answer(rnn.dO, rnn.H, rnn.W_hq, rnn.W_hh)
    yield from in_turn(result, *slips.in_states(rnn))
    rnn = through_time(6, 3, 4, 5, seed=80)
    yield from in_turn(
        answer(rnn.dO, rnn.H, rnn.W_hq, rnn.W_hh),
        Part(rnn.dH, "dH of six time steps", "the last step first, then one by one"),
        Part(rnn.dZ, "dZ of six time steps", "each from the dH of its own step"),
    )


@Exercise
def backward_parameters(answer: Answer) -> Iterator[Trial]:
    """The gradients of W_xh, W_hh and b_h: a share from each time step."""
    rnn = through_time(3, 3, 3, 3, seed=100)
    yield from in_turn(answer(rnn.X, rnn.H, rnn.dZ), *slips.in_parameters(rnn))
    one_step = torch.tensor([[[0.0, 1.0]]]), torch.tensor([[[0.5]], [[0.25]]])
    yield from in_turn(
        answer(*one_step, torch.tensor([[[2.0]]])),
        Part([[0.0], [2.0]], "dW_xh of one time step", "X transposed, times dZ"),
        Part([[1.0]], "its dW_hh", "the state before, transposed, times dZ", (
            ([[0.5]], "one off: W_hh was multiplied by the state before, in H[0]"),
        )),
        Part([2.0], "its db_h", "dZ, added up"),
    )  # fmt: skip
    rnn = through_time(4, 3, 2, 5, seed=120)
    yield from in_turn(
        answer(rnn.X, rnn.H, rnn.dZ),
        Part(rnn.dW_xh, "dW_xh, all sizes different", "it has the shape of W_xh"),
        Part(rnn.dW_hh, "dW_hh, all sizes different", "it has the shape of W_hh"),
        Part(rnn.db_h, "db_h, all sizes different", "it has a number for each unit"),
    )


def _relu_rnn(T: int, seed: int, b_h: float = 0.0) -> tuple[list[Tensor], Tensor]:
    """Arguments of `backward_relu` for a random network, and dL/dZ by autograd."""
    H_t, Z, outputs = torch.zeros(3, 4, dtype=torch.double), [], []
    W_hq, W_hh = _randn(4, 5, seed=seed), _randn(4, 4, seed=seed + 1)
    for X_t in _randn(T, 3, 4, seed=seed + 2):
        Z.append((X_t + H_t @ W_hh + b_h).requires_grad_())
        H_t = F.relu(Z[-1])
        outputs.append(H_t @ W_hq)
    dO = _randn(T, 3, 5, seed=seed + 3)
    dZ = torch.autograd.grad(torch.stack(outputs), Z, dO)
    H = F.relu(torch.stack(Z)).detach()
    return [dO, H, W_hq, W_hh], torch.stack(dZ)


@Exercise
def backward_relu(answer: Answer) -> Iterator[Trial]:
    """dL/dZ_t for all time steps of an RNN whose activation is ReLU."""
    given, dZ = _relu_rnn(T=1, seed=0)
    dO, H, W_hq, _ = given
    yield answer(*given).gives(
        dZ, "one time step", "the slope of ReLU is 0 or 1: where is it 1?",
        mistakes=[
            (dO @ W_hq.T, "that is dH: and the slope of ReLU?"),
            (dO @ W_hq.T * (1 - H**2), "1 - H**2 is the slope of tanh"),
        ],
    )  # fmt: skip
    given, dZ = _relu_rnn(T=2, seed=10)
    dO, H, W_hq, W_hh = given
    last = dO[-1] @ W_hq.T * (H[-1] > 0)
    yield answer(*given).gives(
        dZ, "two time steps", "begin at the last step, and go back",
        mistakes=[
            (dO @ W_hq.T * (H > 0), "what comes back from the step after is missing"),
            (
                torch.stack([(dO[0] @ W_hq.T + last @ W_hh) * (H[0] > 0), last]),
                "on the way back, W_hh is transposed",
            ),
        ],
    )  # fmt: skip
    given, dZ = _relu_rnn(T=3, seed=20, b_h=-100.0)
    yield answer(*given).gives(
        dZ, "units that are all 0", "nothing comes back through a unit that is 0"
    )
    given, dZ = _relu_rnn(T=10, seed=30)
    yield answer(*given).gives(
        dZ, "ten time steps", "what comes from the step after is its dZ times W_hh.T"
    )


def _alignment(M: Tensor, x: Tensor, k: int) -> Tensor:
    """By the eigenvectors v_i: M^k x is the sum of c_i (eigenvalue i)^k v_i."""
    eigenvalues, vectors = torch.linalg.eigh(M)
    first = eigenvalues.abs().argmax()
    c = vectors.T @ x * (eigenvalues / eigenvalues[first]) ** k
    return c[first].abs() / c.norm()


@Exercise
def alignment(answer: Answer) -> Iterator[Trial]:
    """The cosine of the angle between M^k x and the first eigenvector, without sign."""
    M, x = torch.tensor([[2.0, 0.0], [0.0, 1.0]]), torch.tensor([1.0, 1.0])
    yield answer(M, x, 0).gives(
        0.5**0.5, "no factor", "x itself, against the eigenvector (1, 0)",
        mistakes=[(1.0, "divide by the lengths: x is longer than 1")],
    )  # fmt: skip
    yield answer(M, x, 3).gives(
        8 / 65**0.5, "three factors", "M M M x, divided by its length",
        mistakes=[
            (8.0, "that is not a cosine yet: divide by the lengths of both"),
            (1 / 65**0.5, "take the eigenvector of the largest eigenvalue"),
            (4 / 17**0.5, "that is one factor too few"),
        ],
    )  # fmt: skip
    M = torch.tensor([[1.0, 0.0], [0.0, -3.0]])
    yield answer(M, x, 1).gives(
        3 / 10**0.5, "a negative eigenvalue, the largest by its absolute value",
        "not the last column of eigh: the one of the largest absolute value",
        mistakes=[(-3 / 10**0.5, "the absolute value of the cosine, please")],
    )  # fmt: skip
    M, x = _randn(6, 6, seed=0), _randn(6, seed=1)
    M = M + M.T
    yield answer(M, x, 5).gives(
        _alignment(M, x, 5), "a random matrix, five factors",
        "the eigenvectors are the columns of what eigh gives, not the rows",
    )  # fmt: skip
    yield answer(M, x, 3000).gives(
        _alignment(M, x, 3000), "three thousand factors",
        "no float holds such a length: divide by it after every product",
    )  # fmt: skip


@Exercise
def project_onto_ball(answer: Answer) -> Iterator[Trial]:
    """Gradients of any shapes, clipped as one long vector to the radius theta."""
    g = [torch.tensor([3.0, 4.0])]
    yield answer(g, 1.0).gives(
        [[0.6, 0.8]], "a gradient outside the ball", "times theta over the norm",
        mistakes=[
            ([[1.0, 1.0]], "not each component by itself: that turns the gradient"),
            ([[0.12, 0.16]], "the norm is a square root"),
        ],
    )  # fmt: skip
    inside = [torch.tensor([0.3, -0.4])]
    yield answer(inside, 1.0).gives(
        inside, "a gradient inside the ball", "the factor is never greater than 1",
        mistakes=[([[0.6, -0.8]], "a short gradient is not made longer")],
    )  # fmt: skip
    yield _two_gradients(answer)
    yield answer([torch.zeros(2, 2)], 1.0).gives(
        [torch.zeros(2, 2)], "a gradient of zeros",
        "do not divide by its norm: it is inside the ball anyway",
    )  # fmt: skip
    shapes = ((5, 4), (4, 4), (4,), (4, 5), (5,))  # those of an RNN
    g = [_randn(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    yield answer(g, 0.7).gives(
        _projected(g, 0.7), "the five gradients of an RNN", "all five are one vector",
        tolerance=1e-5,
    )  # fmt: skip


def _projected(gradients: list[Tensor], theta: float) -> list[Tensor]:
    copies = [gradient.clone() for gradient in gradients]
    clipping.project(copies, theta)
    return copies


@Exercise
def step_length(answer: Answer) -> Iterator[Trial]:
    """How long a step of gradient descent is, with clipping or without."""
    yield answer(5.0, 0.1, 1.0).gives(
        0.1, "a gradient outside the ball", "clipped, the gradient is theta long",
        mistakes=[
            (0.5, "that is the step without clipping"),
            (1.0, "that is the gradient after clipping: how long is the step?"),
        ],
    )  # fmt: skip
    yield answer(0.5, 0.1, 1.0).gives(
        0.05, "a gradient inside the ball", "it stays as it is: the smaller of the two",
        mistakes=[(0.1, "clipping makes no gradient longer")],
    )  # fmt: skip
    yield answer(5.0, 0.1, None).gives(
        0.5, "no clipping", "the learning rate times the norm, however long that is"
    )
    yield answer(0.5, 10.0, 1.0).gives(
        5.0, "a short gradient and a large learning rate",
        "the gradient is clipped, not the step",
        mistakes=[(1.0, "the gradient is clipped, and only then the step is taken")],
    )  # fmt: skip


def _two_gradients(answer: Answer) -> Trial:
    two = [torch.tensor([[3.0, 0.0], [0.0, 0.0]]), torch.tensor([4.0])]
    return answer(two, 2.0).gives(
        _projected(two, 2.0), "two gradients of different shapes",
        "add up the squares of all of them, and take the root once",
        mistakes=[
            ([[[2.0, 0.0], [0.0, 0.0]], [2.0]], "one norm for both, not one for each")
        ],
    )  # fmt: skip
