"""The engine under sanitizers, with sizes, numbers and tokens drawn at random.

    python benchmarks/soak/engine.py [--seconds 600] [--seed 0]

Each run is made by rnn.c, compiled under the address and the undefined sanitizer for
vectors of one of three sizes. What comes out must fit together; where the numbers are
not extreme, the losses and norms must be those of `bptt` in float64. The engine that is
installed makes the same run on one thread and on several, to the same last bit. Writes
`results/soak_engine.json`. Needs a C compiler.
"""

from __future__ import annotations

import math
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

if __name__ == "__main__":  # not this folder, whose modules have other modules' names
    sys.path[0] = str(Path(__file__).resolve().parents[1])
ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tools"), str(ROOT / "tests" / "engine")]

import torch  # noqa: E402
from _common import arguments, described, markdown, save  # noqa: E402
from runs import (  # noqa: E402
    BUILDS,
    READ,
    Result,
    Run,
    elsewhere,
    norm_of,
    sanitized,
    sizes_added_up,
    some_run,
)
from torch import Tensor  # noqa: E402

from d2l_rnn import bptt  # noqa: E402
from d2l_rnn import engine as installed  # noqa: E402

SIZES = {  # about the widths of vectors and panels; the last ones seldom
    "T": (1, 1, 2, 3, 5, 8, 13),
    "B": (1, 2, 3, 7, 8, 9, 16, 17, 33),
    "H": (1, 2, 3, 5, 8, 15, 16, 17, 31, 32, 33, 48, 65, 257),
    "V": (1, 2, 3, 5, 15, 16, 17, 28, 33, 130),
    "n": (1, 1, 2, 3, 5),
}
LR = (0.0, 1e-38, 1e-3, 0.5, 1.0, 1.0, 1e10, 3e38)
THETA = (1e-45, 1e-30, 0.01, 1.0, 1.0, 1e10, 3e38, math.inf)
SCALES = (0.0, 1e-30, 1.0, 1.0, 10.0, 10.0, 1e3, 1e20, 1e38)
SPOILS = (math.nan, math.inf, -math.inf, 3.4e38, -3.4e38, 1e-45)
TAME_SCALE, TAME_LR = 10.0, 1.0  # up to these a run is compared with `bptt`


@dataclass(frozen=True)
class Case:
    """What a run is drawn from. `spoil` replaces one number, of a parameter or H_0."""

    T: int
    B: int
    H: int
    V: int
    n: int
    scale: float
    lr: float
    theta: float
    fresh: int
    workers: int
    spoil: float | None
    ends: bool
    seed: int
    build: str

    @property
    def is_tame(self) -> bool:
        """True if float32 is precise enough for a comparison."""
        return (
            self.spoil is None and self.scale <= TAME_SCALE and self.lr <= TAME_LR
        )  # fmt: skip


def some_case(rng: random.Random, builds: Sequence[str] = tuple(BUILDS)) -> Case:
    """Sizes about those at which rnn.c takes other ways, and numbers at all ends."""
    return Case(
        **{name: rng.choice(sizes) for name, sizes in SIZES.items()},
        scale=rng.choice(SCALES), lr=rng.choice(LR), theta=rng.choice(THETA),
        fresh=rng.randrange(2), workers=rng.choice((READ, 1, 1, 2, 3, 7, 40)),
        spoil=rng.choice(SPOILS) if rng.random() < 0.3 else None,
        ends=rng.random() < 0.3, seed=rng.randrange(2**31),
        build=rng.choice(builds),
    )  # fmt: skip


def run_of(case: Case) -> Run:
    """The parameters, tokens and state of a case."""
    run = some_run(
        case.T, case.B, case.H, case.V, scale=case.scale, n=case.n, seed=case.seed
    )
    rng = random.Random(case.seed)
    if case.ends:  # no other tokens than the first and the last
        for tokens in (run.X, run.Y):
            tokens.copy_((tokens > tokens.double().mean()) * (case.V - 1))
    if case.spoil is not None:
        numbers = rng.choice([*run.params, run.H_0]).view(-1)
        numbers[rng.randrange(len(numbers))] = case.spoil
    return run


def same_bits(these: list[Tensor], those: list[Tensor]) -> bool:
    """True if all numbers are the same, NaN too."""
    pairs = zip(these, those, strict=True)
    return all(torch.equal(a.view(torch.int32), b.view(torch.int32)) for a, b in pairs)


def wrong_with(case: Case, run: Run, result: Result) -> Iterator[str]:
    """What does not fit together in what came out."""
    if case.workers == READ:
        if not same_bits(result.params, run.params):
            yield "reading changed a parameter"
        if any(gradient.any() for gradient in result.gradients):
            yield "reading left a gradient"
        return
    trained = result.trained
    norms, losses = result.norms[:trained], result.losses[:trained]
    if trained + bool(result.diverged) != min(
        case.n, trained + 1 - (trained == case.n)
    ):
        yield f"{trained} of {case.n} trained, diverged is {result.diverged}"
    if not norms.isfinite().all() or losses.isnan().any():  # a loss may be infinite
        yield "a minibatch was learned from whose norm is not finite, or whose loss NaN"
    if result.diverged and result.norms[trained].isfinite():
        yield "it diverged at a gradient that is finite"
    if trained == 0 and not same_bits(result.params, run.params):
        yield "nothing was learned, and a parameter changed"
    if trained == case.n:
        yield from _wrong_with_last_step(case, result)
        if case.is_tame:
            yield from _unlike_bptt(case, run, result)


def _wrong_with_last_step(case: Case, result: Result) -> Iterator[str]:
    """Of the gradient that was kept, which is clipped.

    The squares of numbers below 1e-19 are 0 in float32, to PyTorch as well.
    """
    kept, most = norm_of(result.gradients), min(case.theta, result.norms[-1].item())
    if not kept <= most * (1 + 1e-4) + 1e-18:
        yield f"the gradient is {kept} long after clipping, and {most} is allowed"


def by_hand(case: Case, run: Run) -> Iterator[tuple[float, float]]:
    """The loss and the norm of each minibatch, by `bptt` in float64."""
    params, H_0 = [param.double() for param in run.params], run.H_0.double()
    for X, Y in zip(run.X, run.Y, strict=True):
        if case.fresh:
            H_0 = torch.zeros_like(H_0)
        H, outputs = bptt.forward(X, H_0, params)
        loss, dO = bptt.cross_entropy(outputs, Y)
        gradients, _, _ = bptt.backward(X, H, dO, params)
        norm, H_0 = norm_of(gradients), H[-1]
        yield loss.item(), norm
        step = case.lr * min(1.0, case.theta / norm if norm else 1.0)
        params = [p - step * g for p, g in zip(params, gradients, strict=True)]


def _unlike_bptt(case: Case, run: Run, result: Result) -> Iterator[str]:
    rounding = 1e-5 * norm_of(sizes_added_up(run)[0])
    for i, (loss, norm) in enumerate(by_hand(case, run)):
        mine, my_norm = result.losses[i].item(), result.norms[i].item()
        if not abs(mine - loss) <= 1e-4 * max(1.0, loss):
            yield f"minibatch {i}: the loss is {mine}, by bptt {loss}"
        if not abs(my_norm - norm) <= 1e-3 * norm + rounding:
            yield f"minibatch {i}: the norm is {my_norm}, by bptt {norm}"


def wrong_with_threads(case: Case, run: Run) -> Iterator[str]:
    """What the installed engine does otherwise on several threads than on one."""

    def trained(num_threads: int) -> tuple[list[Tensor], list[float]]:
        params = [param.clone() for param in run.params]
        mine = installed.Engine(params)
        theta = None if math.isinf(case.theta) else case.theta
        state = mine.train(
            run.X, run.Y, run.H_0, case.lr, theta, bool(case.fresh), num_threads
        )
        return [*params, state], [repr(each) for each in mine.losses + mine.norms]

    (alone, told), (together, told_too) = trained(1), trained(max(2, case.workers))
    if not same_bits(alone, together) or told != told_too:
        yield "several threads come to another result than one"


def soak(seconds: float, seed: int, programs: dict[str, list[str]]) -> dict:
    """Draw one case after another; count them, and keep those that went wrong."""
    tally, wrong = Counter(), []
    rng, until = random.Random(seed), time.monotonic() + seconds
    while time.monotonic() < until:
        case = some_case(rng, [*programs])
        run = run_of(case)
        for what in tried(case, run, programs[case.build], tally.update):
            wrong.append({"what": what, **asdict(case)})
    return {"tally": dict(sorted(tally.items())), "wrong": wrong}


def tried(case: Case, run: Run, program: list[str], count: Callable) -> list[str]:
    """All that is wrong with a run; `count` is told what kinds of run it was."""
    count(["runs", case.build])
    found = []
    if installed.library() is not None and case.workers != READ:
        count(["on several threads"])
        found += wrong_with_threads(case, run)
    try:
        result = elsewhere(
            program, run, case.lr, case.theta, case.fresh, case.workers
        )  # fmt: skip
    except AssertionError as complaint:  # of a sanitizer
        return [*found, str(complaint)]
    compared = case.is_tame and case.workers != READ and not result.diverged
    kinds = {"read": case.workers == READ, "diverged": result.diverged}
    count([kind for kind, is_so in {**kinds, "compared": compared}.items() if is_so])
    return [*found, *wrong_with(case, run, result)]


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    tally, wrong = result["tally"], result["wrong"]
    rows = [
        ["runs under sanitizers", f"{tally['runs']:,}"],
        ["compared with `bptt`", f"{tally.get('compared', 0):,}"],
        ["diverged, as they should", f"{tally.get('diverged', 0):,}"],
        ["on one thread and on several", f"{tally.get('on several threads', 0):,}"],
        ["wrong", f"{len(wrong)}"],
    ]
    return f"{markdown(['', 'found'], rows)}\n\n{described(result)}"


def main() -> None:
    """Compile the engine under sanitizers, and soak it for a while."""
    args = arguments(
        __doc__, needs_text=False,
        seconds={"type": float, "default": 600, "help": "how long"},
        seed={"type": int, "default": 0, "help": "of all that is drawn"},
        builds={"nargs": "+", "choices": BUILDS, "default": [*BUILDS], "help": "which"},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        programs = {name: sanitized(Path(folder) / name, name) for name in args.builds}
        save("soak_engine", args, soak(args.seconds, args.seed, programs), table)


if __name__ == "__main__":
    main()
