"""What the benchmarks share: their arguments, the machine, and how results are kept."""

import argparse
import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

import d2l_rnn
from d2l_rnn import corpora

RESULTS = Path(__file__).with_name("results")


def arguments(
    description: str, needs_text: bool = True, **options: dict
) -> argparse.Namespace:
    """Read the command line: `--results`, and {option: keywords of `add_argument`}.

    Ends the program if *The Time Machine*, on which everything is measured, is missing.
    """
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS, help="a folder")
    for name, keywords in options.items():
        parser.add_argument(f"--{name}", **keywords)
    args = parser.parse_args()
    if needs_text and not corpora.find_text().is_time_machine:
        parser.error("this is measured on The Time Machine, which was not found")
    args.results.mkdir(parents=True, exist_ok=True)
    return args


def rounds_and_sizes(rounds: int, sizes: Sequence[int]) -> dict[str, dict]:
    """The options `--rounds` and `--sizes` of most benchmarks, with their defaults."""
    return {
        "rounds": {"type": int, "default": rounds, "help": "medians are over these"},
        "sizes": {
            "type": int, "nargs": "+", "default": list(sizes), "help": "hidden units"
        },
    }  # fmt: skip


def save(
    name: str,
    args: argparse.Namespace,
    measured: dict,
    *tables: Callable[[dict], str],
) -> None:
    """Keep what was measured in NAME.json, and print the tables made from it.

    Beside it stand the machine, the versions and the command line's arguments.
    """
    chosen = {
        key: value
        for key, value in vars(args).items()
        if key != "results" and value is not None
    }
    where = machine(getattr(args, "device", "cpu"))
    result = {"machine": where, "arguments": chosen, **measured}
    text = json.dumps(result, indent=1)
    (args.results / f"{name}.json").write_text(text + "\n", encoding="utf-8")
    # From the text, as the tables in benchmarks/README.md are made.
    print(*(table(json.loads(text)) for table in tables), sep="\n\n")


def markdown(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    rule = ["---"] * len(columns)
    lines = [f"| {' | '.join(columns)} |", f"|{'|'.join(rule)}|"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def machine(device: str = "cpu") -> dict:
    """The processor, PyTorch's own number of threads, the GPU if any, and versions."""
    gpu = {"gpu": torch.cuda.get_device_name()} if device == "cuda" else {}
    return {
        "processor": processor(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "threads": torch.get_num_threads(),
        **gpu,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "d2l_rnn": d2l_rnn.__version__,
    }


def processor() -> str:
    """The name of the processor, as far as the operating system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def described(result: dict, *more: str) -> str:
    """The machine of a result in one line, and `more` that the reader has to know."""
    where = result["machine"]
    parts = [
        *([where["gpu"]] if "gpu" in where else []),
        where["processor"],
        f"{where['threads']} thread{'s' if where['threads'] > 1 else ''}",
        f"Python {where['python']}",
        f"PyTorch {where['torch']}",
        *more,
    ]
    return f"{', '.join(parts)}."
