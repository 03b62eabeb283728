"""How fast the scratch RNN trains, beside others that do the same.

    python benchmarks/speed.py

Tokens per second at several hidden sizes, with batch 32, 35 steps and the first 10,000
characters. The contenders take turns in one process, and medians over the rounds are
compared: `d2l_rnn`, on as many threads as PyTorch has, on one, and by `bptt`, which is
what trains without the engine; the notes' code as it stands; the book's concise version
around `nn.RNN`; and, where they are installed, a jitted scan in JAX and the plain loop
under `torch.compile`. Then the first again while other processes keep all cores but one
busy. "Of the best product" is the share of the multiplications a second that PyTorch's
fastest product of two matrices makes, on as many threads.

Writes `results/speed.json`. Takes about four minutes, and needs a machine that has
nothing else to do.

Two contenders need the notes and the d2l 0.17.6 wheel. Where either is missing, a plain
loop of our own stands in for both. The tables say so, and the result is
`results/speed_plain_loop.json`: the course quotes the other one.

With `--device cuda` all that can run on a GPU runs there, and the result is
`results/speed_cuda.json`. The engine is for the CPU; on a GPU `bptt` trains.
"""

import contextlib
import functools
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from importlib import metadata

import torch
from _common import arguments, described, markdown, rounds_and_sizes, save
from _contenders import BATCH_SIZE, NUM_STEPS, data, installed, others, our_run
from _race import Contender, Maker, race, ratios, synchronise

from d2l_rnn.threads import limited_to

SIZES = (32, 64, 128, 256, 512, 1024)
COLUMNS = {
    "bptt": "over `bptt`",
    "notes": "over the notes' code",
    "nn_rnn": "over `nn.RNN`",
    "plain_loop": "over a plain loop",
    "plain_nn_rnn": "over `nn.RNN` in a plain loop",
    "jax": "over JAX",
    "torch_compile": "over `torch.compile`",
    "notes_on_one_thread": "over it on one thread",
    "plain_loop_on_one_thread": "over it on one thread",
}
NOT_ON_A_GPU = """\
Left out on a GPU: the engine, on one thread and on several (it is for the CPU, and
`bptt` trains here), JAX, which chooses its own device, and the race on busy cores."""


# ---- Who races ----


def on_a_quiet_machine(
    makers: dict[str, Maker], device: str, without: Sequence[str]
) -> dict[str, Maker]:
    """All contenders for the device, in the order of the table's columns."""
    if device == "cpu":
        ours = {
            "d2l_rnn": our_run,
            "one_thread": functools.partial(our_run, num_threads=1),
            "bptt": functools.partial(our_run, backpropagate="bptt"),
        }
    else:
        ours = {"d2l_rnn": functools.partial(our_run, device=device)}
    more = {n: make for n, make in installed(device).items() if n not in without}
    return ours | makers | more


def on_a_busy_machine(makers: dict[str, Maker]) -> dict[str, Maker]:
    """This package and the scratch RNN that it races with, each on one thread as well.

    `makers`: those of `others`, the scratch RNN's first.
    """
    scratch, make = next(iter(makers.items()))
    return {
        "d2l_rnn": our_run,
        "one_thread": functools.partial(our_run, num_threads=1),
        scratch: make,
        f"{scratch}_on_one_thread": functools.partial(on_one_thread, make=make),
    }


def on_one_thread(num_hiddens: int, make: Maker) -> Contender:
    """What `make` makes, on one of PyTorch's threads."""
    contender = make(num_hiddens)
    work = contender.work

    def work_on_one_thread() -> None:
        with limited_to(1):
            work()

    contender.work = work_on_one_thread
    return contender


@contextlib.contextmanager
def busy_cores(number: int) -> Iterator[None]:
    """Keep this number of cores busy inside the block, with a process for each."""
    processes = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"])
        for _ in range(number)
    ]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


# ---- What is measured ----


def work(num_hiddens: int, vocab_size: int) -> int:
    """The multiplications of a token: three products with W_hh, three with W_hq."""
    return 3 * num_hiddens * (num_hiddens + vocab_size)


def best_product(device: str = "cpu") -> float:
    """Multiplications a second in PyTorch's fastest product of two matrices."""
    best = 0.0
    for size in (256, 512, 1024) if device == "cpu" else (1024, 4096):
        A, B, out = torch.randn(3, size, size, device=device)
        for _ in range(5):
            synchronise(device)
            start = time.perf_counter()
            torch.mm(A, B, out=out)
            synchronise(device)
            best = max(best, size**3 / (time.perf_counter() - start))
    return best


def row(
    makers: dict[str, Maker], num_hiddens: int, rounds: int, device: str = "cpu"
) -> dict:
    """Median speeds at one size, and ours as shares of the best product."""
    best = dict.fromkeys(
        ("d2l_rnn", "one_thread") if device == "cpu" else ["d2l_rnn"], 0
    )

    def measure_products() -> None:
        best["d2l_rnn"] = max(best["d2l_rnn"], best_product(device))
        if "one_thread" in best:
            with limited_to(1):
                best["one_thread"] = max(best["one_thread"], best_product())

    speeds = race(makers, num_hiddens, rounds, measure_products)
    of_a_token = work(num_hiddens, data().vocab_size)
    return {
        "num_hiddens": num_hiddens,
        "tokens_per_second": speeds,
        "of_best_product": {n: speeds[n] * of_a_token / best[n] for n in best},
    }


# ---- The tables ----


def table(result: dict) -> str:
    """The race on a quiet machine, as a Markdown table with the machine below it.

    Where our own loop stood in for the originals, a sentence below says so.
    """
    versions = [f"JAX {result['jax']}"] if "jax" in result else []
    where = described(result, *versions)
    text = f"{markdown(*_cells('H', result['rows']))}\n\n{where}"
    if "plain_loop" in result["rows"][0]["tokens_per_second"]:
        text += f"\n\nCompared with {result['compared_with']}."
    return text


def busy_table(result: dict) -> str:
    """The race beside busy cores, as a Markdown table."""
    return markdown(*_cells("H, other cores busy", result["busy"]))


def _cells(first: str, rows: list[dict]) -> tuple[list[str], list[list[str]]]:
    """Columns, and a row for each H: our speeds, and how many times each other one."""
    ours = list(rows[0]["of_best_product"])
    others = [name for name in rows[0]["tokens_per_second"] if name not in ours]
    columns = [first]
    for name in ours:
        where = ", one thread" if name == "one_thread" else ""
        columns += [f"tokens/s{where}", "of the best product"]
    columns += [COLUMNS[name] for name in others]
    table = []
    for row in rows:
        speeds, shares = row["tokens_per_second"], row["of_best_product"]
        cells = [str(row["num_hiddens"])]
        for name in ours:
            cells += [f"{speeds[name]:,.0f}", f"{shares[name]:.0%}"]
        table.append([*cells, *ratios(speeds, "d2l_rnn", others)])
    return columns, table


# ---- The program ----


def check(device: str) -> None:
    """End the program with a message where PyTorch has no such device."""
    if device == "cuda" and not torch.cuda.is_available():
        sys.exit("--device cuda: PyTorch finds no GPU here")


def main() -> None:
    """Race on the device that the command line names, and keep the result."""
    args = arguments(
        __doc__,
        **rounds_and_sizes(9, SIZES),
        without={"nargs": "*", "default": [], "choices": ["jax", "torch_compile"]},
        device={"choices": ["cpu", "cuda"], "default": "cpu"},
    )
    check(args.device)
    compared_with, makers = others(args.device)
    result = {
        "compared_with": compared_with,
        "batch_size": BATCH_SIZE,
        "num_steps": NUM_STEPS,
    }
    quiet = on_a_quiet_machine(makers, args.device, args.without)
    if "jax" in quiet:
        result["jax"] = metadata.version("jax")
    result["rows"] = [row(quiet, H, args.rounds, args.device) for H in args.sizes]
    name = "speed" if "notes" in makers else "speed_plain_loop"
    if args.device == "cuda":
        print(NOT_ON_A_GPU, end="\n\n")
        save(f"{name}_cuda", args, result, table)
        return
    busy = on_a_busy_machine(makers)
    with busy_cores(max(1, (os.cpu_count() or 2) - 1)):
        result["busy"] = [row(busy, H, args.rounds) for H in args.sizes]
    save(name, args, result, table, busy_table)


if __name__ == "__main__":
    main()
