"""Training runs for the engine's tests, and what autograd makes of them in float64."""

import math
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import build_engine
import torch
from torch import Tensor
from torch.nn import functional as F

from d2l_rnn import bptt, rnn

HERE = Path(__file__).parent
# Those for which the vectors are so wide: LANES, ROWS and COLUMNS in matrix.h.
BUILDS = {"avx512": (16, 8, 2), "avx2": (8, 6, 2), "arm": (4, 6, 4)}
NAMES = ("W_xh", "W_hh", "b_h", "W_hq", "b_q")


@dataclass
class Run:
    """What a run begins with: X and Y of shape (n, B, T), H_0 of shape (B, H)."""

    params: list[Tensor]
    X: Tensor
    Y: Tensor
    H_0: Tensor

    @property
    def sizes(self) -> tuple[int, ...]:
        """T, B, H, V and the number of minibatches."""
        n, B, T = self.X.shape
        V, H = self.params[0].shape
        return T, B, H, V, n


def some_run(T, B, H, V, scale=1.0, n=1, seed=0) -> Run:
    """Parameters `scale` times as large as those that a model begins with."""
    generator = torch.Generator().manual_seed(seed)
    params = rnn.get_params(V, H, generator=generator)
    params = [scale * param.detach() for param in params]
    for bias in (params[2], params[4]):
        bias.copy_(0.01 * scale * torch.randn(bias.shape, generator=generator))
    X, Y = (torch.randint(V, (n, B, T), generator=generator) for _ in "XY")
    return Run(params, X, Y, torch.rand(B, H, generator=generator) - 0.5)


def by_autograd(params, X, Y, H_0, dtype=torch.float64):
    """The loss of one minibatch (B, T), its gradients, ‖dL/dH_t‖, (T,), and H_T."""
    params = [param.detach().to(dtype, copy=True).requires_grad_() for param in params]
    W_xh, W_hh, b_h, W_hq, b_q = params
    H, states, outputs = H_0.to(dtype), [], []
    for X_t in X.T:
        H = torch.tanh(W_xh[X_t] + H @ W_hh + b_h)
        H.retain_grad()
        states.append(H)
        outputs.append(H @ W_hq + b_q)
    loss = F.cross_entropy(torch.cat(outputs), Y.T.reshape(-1))
    loss.backward()
    flow = torch.stack([H.grad.norm() for H in states])
    return loss.item(), [param.grad for param in params], flow, H.detach()


def norm_of(gradients) -> float:
    return math.sqrt(sum(float((g.double() ** 2).sum()) for g in gradients))


def sizes_added_up(run: Run) -> tuple[list[Tensor], Tensor]:
    """The gradients of the first minibatch, and ‖dL/dH_t‖, were no number negative.

    Where terms cancel, a sum is as precise as its terms are large, not as it is.
    """
    params = [param.double() for param in run.params]
    H, outputs = bptt.forward(run.X[0], run.H_0.double(), params)
    _, dO = bptt.cross_entropy(outputs, run.Y[0])
    params = [param.abs() for param in params]
    gradients, dH, _ = bptt.backward(run.X[0], H.abs(), dO.abs(), params)
    return gradients, bptt.norms(dH)


def assert_close(gradients, expected, at_most=1e-5, added_up=None) -> None:
    """Each parameter's relative error, in the norm."""
    for i, (mine, g) in enumerate(zip(gradients, expected, strict=True)):
        bound = at_most * g.norm()
        if added_up:
            bound = max(bound, at_most / 10 * added_up[i].norm())
        assert (mine.double() - g).norm() <= bound, NAMES[i]


@dataclass
class Result:
    """What a run in another process came to, see harness.c."""

    params: list[Tensor]
    gradients: list[Tensor]
    state: Tensor
    losses: Tensor
    norms: Tensor
    flow: Tensor  # (T, B)
    trained: int
    diverged: int


def harness(folder: Path, *command: str) -> list[str]:
    """The harness, compiled by a command that ends with its sources."""
    program = str(folder / "harness")
    subprocess.run([*command, str(HERE / "harness.c"), "-o", program], check=True)
    return [program]


def compiler() -> str | None:
    """The C compiler of this machine, if it has one."""
    return shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")


def sanitized(folder: Path, build: str) -> list[str]:
    """Each step beyond an array ends it, and each overflow: `make sanitize`.

    Vectors of other sizes than the processor's are made of those.
    """
    folder.mkdir(exist_ok=True)
    lanes, rows, columns = BUILDS[build]
    return harness(
        folder,
        compiler(), *build_engine.OPTIONS, "-g", "-O1", "-march=native",
        "-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-Wno-psabi",
        f"-DLANES={lanes}", f"-DROWS={rows}", f"-DCOLUMNS={columns}",
        str(build_engine.ENGINE / "rnn.c"),
    )  # fmt: skip


READ = 0  # workers: then the run only reads


def elsewhere(command, run: Run, lr, theta=math.inf, fresh=0, workers=1) -> Result:
    """The run in another process, which reads it and writes what came out."""
    T, B, H, V, n = run.sizes
    head = torch.tensor([T, B, H, V, n, fresh, workers], dtype=torch.int32)
    parts = [head, torch.tensor([theta, lr]), run.X.int(), run.Y.int()]
    given = b"".join(
        part.contiguous().numpy().tobytes() for part in [*parts, *run.params, run.H_0]
    )
    done = subprocess.run(command, input=given, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    out = memoryview(bytearray(done.stdout))

    def take(shape, dtype=torch.float32):
        nonlocal out
        count = math.prod(shape)
        size = count * dtype.itemsize
        part, out = torch.frombuffer(out[:size], dtype=dtype), out[size:]
        return part.view(shape)

    params, gradients = ([take(p.shape) for p in run.params] for _ in range(2))
    state = take((B, H))
    losses, norms, flow = (take(s, torch.double) for s in ((n,), (n,), (T, B)))
    return Result(
        params, gradients, state, losses, norms, flow, *take((2,), torch.int32).tolist()
    )
