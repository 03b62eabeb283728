"""The lines and branches of the package that its unit tests reach.

    python benchmarks/soak/covered.py [--tests tests/test_text.py …]

Runs the tests one after another, and measures the processes that they start too. Left
out are those that run whole notebooks, panels and chapters, and the benchmarks: they
pass through many lines of which they ask nothing. Writes `results/soak_covered.json`,
and fails if less is reached than pyproject.toml asks for. Needs coverage.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

if __name__ == "__main__":  # not this folder, whose modules have other modules' names
    sys.path[0] = str(Path(__file__).resolve().parents[1])
ROOT = Path(__file__).resolve().parents[2]

from _common import arguments, described, markdown, save  # noqa: E402

import d2l_rnn  # noqa: E402

PACKAGE = Path(d2l_rnn.__file__).resolve().parent

LEFT_OUT = (
    "browser", "notebooks", "book", "parity", "tools",
    "test_benchmarks.py", "test_environment.py", "test_soak.py",
)  # fmt: skip
LEAST = 5  # files in the table: those with the least covered


def run_tests(tests: list[str], data: Path) -> None:
    """Run them under coverage.py, which writes files whose names begin like `data`.

    Raises CalledProcessError if a test fails.
    """
    cover = [sys.executable, "-m", "coverage", "run", f"--data-file={data}"]
    left_out = [f"--ignore=tests/{name}" for name in LEFT_OUT]
    pytest = ["-m", "pytest", "-q", "-p", "no:cacheprovider", *left_out, *tests]
    subprocess.run([*cover, *pytest], cwd=ROOT, check=True)


def counted(data: Path) -> dict:
    """How many lines and branches there are and were reached, in all and by file."""
    import coverage

    cover = coverage.Coverage(data_file=data, config_file=ROOT / "pyproject.toml")
    cover.combine([str(data.parent)])
    written = data.with_name("report.json")
    cover.json_report(outfile=str(written))
    report = json.loads(written.read_text(encoding="utf-8"))
    files = {
        Path(path).resolve().relative_to(PACKAGE).as_posix(): counts(file["summary"])
        for path, file in report["files"].items()
    }
    least = cover.get_option("report:fail_under")
    return {"asked for": least, "in all": counts(report["totals"]), "files": files}


def counts(summary: dict) -> dict[str, int]:
    """The four numbers that matter of those that coverage.py gives."""
    return {
        "lines": summary["num_statements"],
        "lines reached": summary["covered_lines"],
        "branches": summary["num_branches"],
        "branches reached": summary["covered_branches"],
    }


def share(count: dict[str, int], *kinds: str) -> float:
    """The share that was reached, of `lines`, of `branches` or of both, in percent."""
    there = sum(count[kind] for kind in kinds)
    reached = sum(count[f"{kind} reached"] for kind in kinds)
    return 100 * reached / there if there else 100.0


def table(result: dict) -> str:
    """The result as a Markdown table: in all, and the files with the least covered."""
    files = result["files"]
    by_share = sorted(files, key=lambda name: share(files[name], "lines", "branches"))
    named = [("all of `d2l_rnn`", result["in all"])]
    named += [(f"`{name}`", files[name]) for name in by_share[:LEAST]]
    rows = [
        [name, *(f"{share(count, kind):.1f}%" for kind in ("lines", "branches"))]
        for name, count in named
    ]
    return f"{markdown(['', 'lines', 'branches'], rows)}\n\n{described(result)}"


def main() -> None:
    """Run the tests, keep what they reach, and fail if that is too little."""
    args = arguments(
        __doc__, needs_text=False,
        tests={"nargs": "+", "default": ["tests"], "help": "files and folders"},
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / ".coverage"
        run_tests(args.tests, data)
        result = counted(data)
    save("soak_covered", args, result, table)
    for kind in ("lines", "branches"):
        if share(result["in all"], kind) < result["asked for"]:
            sys.exit(f"less than {result['asked for']}% of the {kind} were reached")


if __name__ == "__main__":
    main()
