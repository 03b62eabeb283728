"""The engine's C, compiled here, against autograd in float64.

It is not what trains yet: `training` will call it once it is built for each platform.
"""

import ctypes
import math
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

SOURCE = Path(__file__).parents[2] / "d2l_rnn" / "engine" / "rnn.c"
PARAMETERS = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")
ARRAYS = ("X", "Y", *PARAMETERS, "state", "losses", "norms", "flow", "workspace")
LR = 2.0**20  # steps so long that rounding param - lr g does not blur g


class Run(ctypes.Structure):
    _fields_ = [
        *((name, ctypes.c_int) for name in ("T", "B", "H", "V")),
        *((name, ctypes.c_int) for name in ("minibatches", "fresh")),
        *((name, ctypes.c_float) for name in ("theta", "lr")),
        *((name, ctypes.c_void_p) for name in ARRAYS),
        *((name, ctypes.c_int) for name in ("trained", "diverged")),
    ]


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler on this machine")
    built = tmp_path_factory.mktemp("engine") / "rnn.so"
    options = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, SOURCE, "-o", built], check=True)
    library = ctypes.CDLL(str(built))
    library.rnn_workspace.restype = ctypes.c_long
    return library


def run(library, params, X, Y, state, lr, theta=math.inf, fresh=0):
    """Train in place; X and Y of shape (minibatches, B, T). The run, and its arrays."""
    n, B, T = X.shape
    V, H = params[0].shape
    arrays = dict(zip(PARAMETERS, params, strict=True))
    arrays |= {"X": X.int(), "Y": Y.int(), "state": state}
    for name, size in (("losses", n), ("norms", n), ("flow", T)):
        arrays[name] = torch.full((size,), math.nan, dtype=torch.double)
    run = Run(T, B, H, V, n, fresh, theta, lr)
    size = library.rnn_workspace(ctypes.byref(run))
    room = torch.full((size + 16,), math.nan)
    arrays["workspace"] = room[-room.data_ptr() // 4 % 16 :]
    for name in ARRAYS:
        setattr(run, name, arrays[name].data_ptr())
    library.rnn_train(ctypes.byref(run))
    return run, arrays


def by_autograd(params, X, Y, state):
    """The loss, the gradients, |dL/dH_t| and H_T of one minibatch (B, T)."""
    params = [param.double().requires_grad_() for param in params]
    W_xh, W_hh, b_h, W_hq, b_q = params
    H, states, outputs = state.double(), [], []
    for X_t in X.T:
        H = torch.tanh(W_xh[X_t] + H @ W_hh + b_h)
        H.retain_grad()
        states.append(H)
        outputs.append(H @ W_hq + b_q)
    loss = F.cross_entropy(torch.cat(outputs), Y.T.reshape(-1))
    loss.backward()
    flow = torch.stack([H.grad.norm() for H in states])
    return loss.item(), [param.grad for param in params], flow, H.detach()


def problem(B, T, H, V, scale, minibatches=1):
    generator = torch.Generator().manual_seed(B * T * H * V)
    shapes = (V, H), (H, H), (H,), (H, V), (V,)
    params = [scale * torch.randn(shape, generator=generator) for shape in shapes]
    size = (minibatches, B, T)
    X, Y = (torch.randint(V, size, generator=generator) for _ in range(2))
    return params, X, Y, torch.rand(B, H, generator=generator) - 0.5


SIZES = [  # B, T, H, V, scale of the parameters
    (1, 1, 1, 2, 0.1), (1, 3, 5, 2, 0.1), (3, 2, 4, 3, 1.0), (5, 7, 17, 11, 0.01),
    (33, 9, 100, 28, 0.1), (2, 1, 16, 16, 1.0), (32, 35, 33, 28, 0.01),
]  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_loss_gradients_and_states(library, size):
    params, X, Y, state = problem(*size)
    loss, gradients, flow, H_T = by_autograd(params, X[0], Y[0], state)
    before = [param.clone() for param in params]
    _, arrays = run(library, params, X, Y, state, LR)
    assert arrays["losses"].item() == pytest.approx(loss, rel=1e-6)
    assert torch.allclose(arrays["flow"], flow, rtol=1e-5, atol=0)
    assert torch.allclose(state.double(), H_T, rtol=0, atol=1e-6)
    for name, old, new, g in zip(PARAMETERS, before, params, gradients, strict=True):
        came = (old.double() - new.double()) / LR
        assert (came - g).norm() <= 1e-5 * g.norm(), name
    norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
    assert arrays["norms"].item() == pytest.approx(norm, rel=1e-5)


@pytest.mark.parametrize("fresh", [0, 1])
def test_a_step_is_clipped_and_the_state_goes_on_unless_it_is_fresh(library, fresh):
    params, X, Y, state = problem(4, 6, 9, 7, 0.3, minibatches=3)
    mine, theta, lr = [param.clone() for param in params], 0.05, 0.5
    H = torch.zeros_like(state) if fresh else state.clone()
    done, arrays = run(library, params, X, Y, state, lr, theta, fresh)
    assert (done.trained, done.diverged) == (3, 0)
    for i in range(3):
        loss, gradients, _, H_T = by_autograd(mine, X[i], Y[i], H)
        norm = math.sqrt(sum(float((g**2).sum()) for g in gradients))
        assert norm > theta
        assert arrays["losses"][i].item() == pytest.approx(loss, rel=1e-5)
        mine = [
            (param - lr * theta / norm * g).float()
            for param, g in zip(mine, gradients, strict=True)
        ]
        H = torch.zeros_like(state) if fresh else H_T
    for came, wanted in zip(params, mine, strict=True):
        assert torch.allclose(came, wanted, atol=1e-6)


@pytest.mark.parametrize("poison", [math.nan, math.inf])
def test_what_is_not_finite_ends_the_run_and_leaves_the_parameters(library, poison):
    params, X, Y, state = problem(3, 4, 5, 6, 0.1, minibatches=2)
    params[1][2, 3] = poison
    before = [param.clone() for param in params]
    done, _ = run(library, params, X, Y, state, 1.0)
    assert (done.trained, done.diverged) == (0, 1)
    for old, new in zip(before, params, strict=True):
        assert torch.equal(old.nan_to_num(), new.nan_to_num())
