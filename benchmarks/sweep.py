"""How long eight values of theta take at once, beside one run, and one after another.

    python benchmarks/sweep.py

Epochs of the sweep, of a single run, and of eight single runs take turns in one
process; medians. Batch 32, 35 steps, the first 10,000 characters. Writes
`results/sweep.json`. Takes a minute.
"""

import statistics
import sys
import time
from collections.abc import Callable

from _common import arguments, described, markdown, rounds_and_sizes, save

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
    print(f"H = {num_hiddens} …", file=sys.stderr, flush=True)
    for i in range(rounds + 2):
        for name, epoch in epochs.items():
            seconds = timed(epoch)
            if i >= 2:  # the first two warm up
                times[name].append(seconds)
    medians = {name: statistics.median(values) for name, values in times.items()}
    return {"num_hiddens": num_hiddens, "seconds_an_epoch": medians}


def timed(epoch: Callable[[], object], calls: int = 5) -> float:
    """Seconds that an epoch takes, the mean of several calls."""
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
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def main() -> None:
    """Measure each size, and keep the result."""
    args = arguments(__doc__, **rounds_and_sizes(9, SIZES))
    rows = [row(num_hiddens, args.rounds) for num_hiddens in args.sizes]
    save("sweep", args, {"thetas": THETAS, "rows": rows}, table)


if __name__ == "__main__":
    main()
