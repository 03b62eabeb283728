"""How the memory of a training run grows with the number of time steps.

    python benchmarks/memory.py

One epoch of *The Time Machine*, all of it, with batch 32, for several numbers of
steps, each in a process of its own: its largest resident memory, and what each token
of a minibatch adds to it. Writes `results/memory.json`. Takes half a minute. Needs the
module `resource`, which Windows does not have.
"""

import argparse
import subprocess
import sys
from collections.abc import Sequence

from _common import arguments, described, markdown, save

from d2l_rnn import batching, rnn, training

BATCH_SIZE = 32
STEPS = (35, 500, 1000, 2000)
SIZES = (32, 512)


def largest_memory(num_hiddens: int, num_steps: int) -> int:
    """Bytes, measured in a process of its own."""
    command = [sys.executable, __file__, "--one", str(num_hiddens), str(num_steps)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout.splitlines()[-1])


def train(num_hiddens: int, num_steps: int) -> int:
    """Train an epoch here; return the largest resident memory so far, in bytes."""
    import resource  # here, so that the table can be made on Windows, too

    minibatches, vocab = batching.load_data(
        BATCH_SIZE, num_steps, max_tokens=-1, seed=0
    )
    net = rnn.make_model("scratch", len(vocab), num_hiddens)
    (record,) = training.train(net, minibatches, lr=1, num_epochs=1)
    assert not record.diverged
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def rows(num_hiddens: int, num_steps: Sequence[int]) -> list[dict]:
    """What is measured at one size, for each number of steps."""
    bytes_used = [largest_memory(num_hiddens, steps) for steps in num_steps]
    return [
        {"num_hiddens": num_hiddens, "num_steps": steps, "bytes": used}
        for steps, used in zip(num_steps, bytes_used, strict=True)
    ]


def bytes_a_token(measured: list[dict]) -> float:
    """What a token adds, from the fewest steps to the most."""
    first, last = measured[0], measured[-1]
    tokens = BATCH_SIZE * (last["num_steps"] - first["num_steps"])
    return (last["bytes"] - first["bytes"]) / tokens


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    columns = ["H", *(f"T = {T}" for T in result["num_steps"]), "bytes a token"]
    rows = []
    for num_hiddens in result["num_hiddens"]:
        measured = [r for r in result["rows"] if r["num_hiddens"] == num_hiddens]
        used = [f"{row['bytes'] / 2**20:,.0f} MiB" for row in measured]
        rows.append([str(num_hiddens), *used, f"{bytes_a_token(measured):,.0f}"])
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def main() -> None:
    """Measure each size and number of steps, or the one that `--one` names."""
    one = {"type": int, "nargs": 2, "help": argparse.SUPPRESS}
    args = arguments(__doc__, one=one)
    if args.one:
        print(train(*args.one))
        return
    measured = [row for H in SIZES for row in rows(H, STEPS)]
    result = {"num_hiddens": SIZES, "num_steps": STEPS, "rows": measured}
    save("memory", args, result, table)


if __name__ == "__main__":
    main()
