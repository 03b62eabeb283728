"""How long `import d2l_rnn` takes, beside `import torch`.

    python benchmarks/import_time.py

Each import is timed in a Python of its own, one kind after the other; medians of 7.
`import d2l_rnn` by itself loads none of the modules, which are loaded when they are
first used. Writes `results/import_time.json`. Takes a minute.
"""

import statistics
import subprocess
import sys

from _common import arguments, described, markdown, save

import d2l_rnn

TORCH = "import torch"
PICTURES = ("pictures", "figures", "diagrams")  # they bring matplotlib


def imports() -> dict[str, str]:
    """What is timed beside `import torch`: {its name in the table: the statement}."""
    modules = d2l_rnn.MODULES
    others = [name for name in modules if name not in PICTURES]
    return {
        "import_d2l_rnn": "import d2l_rnn",
        "without_pictures": f"from d2l_rnn import {', '.join(others)}",
        "all_modules": f"from d2l_rnn import {', '.join(modules)}",
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


def medians(statements: dict[str, str], rounds: int) -> dict[str, float]:
    """Median seconds of each statement; in each round all are timed once."""
    times = {name: [] for name in statements}
    for _ in range(rounds):
        for name, statement in statements.items():
            times[name].append(seconds(statement))
    return {name: statistics.median(each) for name, each in times.items()}


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    times = result["seconds"]
    rows = [
        [label, f"{times[name]:.2f} s", f"{times[name] / times['torch']:.2f}×"]
        for name, label in {
            "torch": "`import torch`",
            "import_d2l_rnn": "`import d2l_rnn`",
            "without_pictures": "all its modules but those that draw",
            "all_modules": "all its modules",
        }.items()
    ]
    columns = ["", "time", "over `import torch`"]
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def main() -> None:
    """Time the imports, and keep the result."""
    rounds = {"type": int, "default": 7}
    args = arguments(__doc__, needs_text=False, rounds=rounds)
    measured = medians({"torch": TORCH, **imports()}, args.rounds)
    save("import_time", args, {"seconds": measured}, table)


if __name__ == "__main__":
    main()
