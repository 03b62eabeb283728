"""How long eight values of theta take at once, beside one run, and one after another.

    python benchmarks/sweep.py

Epochs of the sweep, of a single run, and of eight single runs take turns in one
process; medians. Batch 32, 35 steps, the first 10,000 characters. Writes
`results/sweep.json` and `results/sweep.md`. Takes a minute.
"""

import statistics
import sys
import time
from collections.abc import Callable

from _common import arguments, described, machine, markdown, save
from tqdm import tqdm

from d2l_rnn import batching, sweeping

THETAS = (0.1, 0.2, 0.35, 0.5, 0.8, 1.0, 2.0, 5.0)
SIZES = (32, 64, 128, 256)


def row(num_hiddens: int, rounds: int) -> dict:
    """Seconds an epoch: of a run, of the sweep, and of its runs one after another."""
    settings = [sweeping.Setting(theta, num_hiddens=num_hiddens) for theta in THETAS]
    minibatches, vocab = batching.load_data(32, 35)
    rest = (minibatches.corpus, len(vocab), sys.maxsize)
    together = sweeping.sweep(settings, *rest)
    alone = sweeping.single(settings[0], *rest)
    each = [sweeping.single(setting, *rest) for setting in settings]
    epochs = {
        "run": lambda: next(alone),
        "sweep": lambda: next(together),
        "one_after_another": lambda: [next(run) for run in each],
    }
    times = {name: [] for name in epochs}
    for i in tqdm(range(rounds + 2), desc=f"H = {num_hiddens}", leave=False):
        for name, epoch in epochs.items():
            seconds = timed(epoch)
            if i >= 2:  # the first two warm up
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {"num_hiddens": num_hiddens, "seconds_an_epoch": medians}


def timed(epoch: Callable[[], object], calls: int = 5) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        epoch()
    return (time.perf_counter() - start) / calls


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    columns = ["H", "one run", "8 runs at once", "8 runs one after another"]
    rows = []
    for row in result["rows"]:
        times = row["seconds_an_epoch"]
        rows.append([
            str(row["num_hiddens"]),
            f"{1000 * times['run']:.1f} ms an epoch",
            f"{times['sweep'] / times['run']:.2f}×",
            f"{times['one_after_another'] / times['run']:.2f}×",
        ])  # fmt: skip
    return f"{markdown(columns, rows)}\n\n{described(result['machine'])}.\n"


def main() -> None:
    args = arguments(
        __doc__,
        rounds={"type": int, "default": 9},
        sizes={"type": int, "nargs": "+", "default": SIZES},
    )
    # To show where it stops to pay, larger models are batched here as well.
    sweeping.MOST_HIDDENS = max(args.sizes)
    rows = [row(num_hiddens, args.rounds) for num_hiddens in args.sizes]
    result = {"machine": machine(), "thetas": THETAS, "rows": rows}
    save("sweep", result, table(result), args.results)


if __name__ == "__main__":
    main()
