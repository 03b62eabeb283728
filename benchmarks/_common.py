"""What the benchmarks share: their arguments, the machine, and how results are kept."""

import argparse
import json
import platform
from pathlib import Path

import torch

from d2l_rnn import corpora

RESULTS = Path(__file__).with_name("results")


def arguments(description: str, **options) -> argparse.Namespace:
    """The command line's: `--results`, and options {name: what add_argument takes}.

    Ends the program where *The Time Machine* is missing, whose figures these are.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    for name, option in options.items():
        parser.add_argument(f"--{name}", **option)
    args = parser.parse_args()
    if not corpora.find_text().is_time_machine:
        parser.error("the figures are those of The Time Machine, which was not found")
    args.results.mkdir(parents=True, exist_ok=True)
    return args


def save(name: str, result: dict, table: str, folder: Path) -> None:
    """Write a result as JSON and its table as Markdown, and print the table."""
    text = json.dumps(result, indent=1)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    (folder / f"{name}.md").write_text(table, encoding="utf-8")
    print(table)


def markdown(columns: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    rule = ["---"] * len(columns)
    lines = [f"| {' | '.join(columns)} |", f"|{'|'.join(rule)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def machine() -> dict:
    """The processor, PyTorch's own number of threads, and versions."""
    return {
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
    }


def processor() -> str:
    """The name of the processor, as far as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def described(where: dict) -> str:
    """The machine in one line."""
    return (
        f"{where['processor']}, {where['threads']} threads, "
        f"Python {where['python']}, PyTorch {where['torch']}"
    )
