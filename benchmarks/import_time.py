"""How long `import d2l_rnn` takes, beside `import torch`.

    python benchmarks/import_time.py

Each import is timed in a Python of its own, the two alternating; medians of 7.
The second row imports every module that the package has but `figures` and `book`,
which bring matplotlib and d2l and are loaded when they are first used.
"""

import argparse
import statistics
import subprocess
import sys

TORCH = "import torch"
IMPORTS = {
    "import d2l_rnn": "import d2l_rnn",
    "all its modules": "from d2l_rnn import corpora, text, series, markov, batching, "
    "rnn, bptt, clipping, training, sweeping, generating",
}


def seconds(statement: str) -> float:
    """The time that one statement takes in a fresh Python."""
    program = (
        "import time; start = time.perf_counter()\n"
        f"{statement}\n"
        "print(time.perf_counter() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def ratios(rounds: int) -> dict[str, float]:
    """Median time of each import over the median time of `import torch`."""
    times = {statement: [] for statement in (TORCH, *IMPORTS.values())}
    for _ in range(rounds):
        for statement, measured in times.items():
            measured.append(seconds(statement))
    medians = {statement: statistics.median(t) for statement, t in times.items()}
    return {name: medians[code] / medians[TORCH] for name, code in IMPORTS.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    print("| | time, as a multiple of `import torch` |\n|---|---|")
    for name, ratio in ratios(args.rounds).items():
        print(f"| {name} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
