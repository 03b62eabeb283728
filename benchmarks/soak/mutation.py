"""Small faults put into the package on purpose, and how many of them the tests find.

    python benchmarks/soak/mutation.py [--modules text markov] [--processes 2]

mutmut makes the mutants, of a copy: each has one small change, which should make a test
of its module fail. In the copy a decorator is called below its function, because mutmut
leaves decorated functions alone, and the words of error messages are not to be changed.
`_survivors.py` has the reasons why some mutants survive. Writes
`results/soak_mutation.json`, module by module, which take 5 to 30
minutes each. Needs mutmut (the extra `soak`) and `fork`, which Windows does not have.
"""

from __future__ import annotations

import ast
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tokenize
from collections.abc import Iterator
from pathlib import Path

if __name__ == "__main__":  # not this folder, whose modules have other modules' names
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from _common import arguments, described, markdown, save  # noqa: E402
from soak._survivors import reason  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
BESIDE = ("tests", "benchmarks", "tools")  # what the tests import
# The files of a module, and those of its tests.
MODULES = {
    "text": (
        ["text", "large_text", "checks/tokens"],
        ["text", "odd_text", "large_text", "ngrams"],
    ),
    "batching": (
        ["batching", "checks/indices"],
        ["batching", "odd_text", "odd_devices"],
    ),
    "clipping": (["clipping"], ["clipping", "odd_models"]),
    "bptt": (["bptt"], ["bptt", "odd_models", "odd_devices"]),
    "markov": (
        ["markov", "stationary", "checks/distributions"],
        ["markov", "odd_numbers"],
    ),
    "saving": (
        ["saving/__init__", "saving/building", "saving/describing", "saving/storing"],
        ["saving", "odd_models"],
    ),
}
METHODS = {"staticmethod", "classmethod"}  # decorators that mutmut knows
KEPT = "  # pragma: no mutate"  # at the end of a line that it is to leave alone
# After the tests' own settings. A mutant takes a second instead of twenty if what is
# found need not be made simple, and if what a failure imports is there before. That a
# machine is slow is no failure.
QUICK = """

import libcst.codemod
import libcst.matchers

hypothesis.settings.register_profile(
    "mutation", deadline=None, database=None, max_examples=30,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("mutation")
torch.testing.assert_close(torch.ones(1), torch.ones(1))
"""
# These tests take longer than all others together, and find what the others find.
LONG = "training_curve or two_thousand or changed_byte or cut_off"
PYTEST = (
    "--hypothesis-seed=0", "--tb=no", "-p", "no:cacheprovider",
    "-p", "no:unraisableexception", # which collects garbage at each end, for seconds
)  # fmt: skip
SURVIVED = (0, 5, 33)  # tests passed, or there were none
UNKNOWN = (2, None)  # interrupted, or not reached


def prepared(source: str) -> str:
    """A module's source, with more for mutmut to change, and no words of messages."""
    lines = source.splitlines()
    tree = ast.parse(source)
    for i in _lines_of_words(source, tree):
        lines[i - 1] += KEPT
    # From the end on, so that lines which are put in move none that is still to come.
    for function in sorted(_decorated(tree), key=lambda f: f.lineno, reverse=True):
        indent = " " * function.col_offset
        called = function.name
        for decorator in reversed(function.decorator_list):
            called = f"{ast.unparse(decorator)}({called})"
            lines[decorator.lineno - 1] = ""
        lines.insert(function.end_lineno, f"{indent}{function.name} = {called}")
    return "\n".join(lines) + "\n"


def _decorated(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """The functions and methods with a decorator that mutmut does not know."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in (node for owner in [tree, *classes] for node in owner.body):
        if isinstance(node, ast.FunctionDef):
            if not {*map(ast.unparse, node.decorator_list)} <= METHODS:
                yield node


def _lines_of_words(source: str, tree: ast.Module) -> set[int]:
    """The lines within a `raise` that have a string without numbers to fill in."""
    raising = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise):
            raising.update(range(node.lineno, node.end_lineno + 1))
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    plain = {
        each.start[0]
        for each in tokens
        if each.type == tokenize.STRING and each.string[0] in "\"'"
    }
    return raising & plain


def copied(module: str, folder: Path) -> None:
    """Write the project into a folder, prepared for mutants of one module."""
    ignored = shutil.ignore_patterns("__pycache__", "results", "node_modules")
    for name in ("d2l_rnn", *BESIDE):
        shutil.copytree(ROOT / name, folder / name, ignore=ignored)
    for name in MODULES[module][0]:
        path = folder / "d2l_rnn" / f"{name}.py"
        path.write_text(prepared(path.read_text(encoding="utf-8")), encoding="utf-8")
    _append(folder / "tests" / "conftest.py", QUICK)
    shutil.copy(ROOT / "pyproject.toml", folder)
    settings = [f"{name} = {json.dumps(value)}" for name, value in _settings(module)]
    _append(folder / "pyproject.toml", "\n".join(["\n[tool.mutmut]", *settings]))


def _append(path: Path, more: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")


def _settings(module: str) -> Iterator[tuple[str, object]]:
    """mutmut's settings for a module."""
    sources, tests = MODULES[module]
    yield "source_paths", ["d2l_rnn"]
    yield "only_mutate", [f"d2l_rnn/{name}.py" for name in sources]
    yield "also_copy", BESIDE
    files = [f"tests/test_{name}.py" for name in tests]
    yield "pytest_add_cli_args_test_selection", [*files, "-k", f"not ({LONG})"]
    yield "pytest_add_cli_args", PYTEST
    yield "process_isolation", "forkserver"  # no test has run where mutants begin
    yield "track_dependencies", False
    yield "timeout_multiplier", 5.0


def mutmut(folder: Path, *args: str) -> str:
    """What mutmut prints, run in a folder; RuntimeError if it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *args],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": ""},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", check=False,
    )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(f"mutmut {' '.join(args)}: {done.stdout[-4000:]}")
    return done.stdout


def tested(module: str, folder: Path, processes: int) -> dict:
    """Make the mutants of a module in a folder, and test them."""
    copied(module, folder)
    mutmut(folder, "run", "--max-children", str(processes))
    return found(module, folder)


def found(module: str, folder: Path) -> dict:
    """How many mutants there are in a folder, how many the tests found, and the others.

    Raises RuntimeError if not all were tested.
    """
    ended = {}
    for name in MODULES[module][0]:
        kept = folder / "mutants" / "d2l_rnn" / f"{name}.py.meta"
        ended |= json.loads(kept.read_text(encoding="utf-8"))["exit_code_by_key"]
    if {*ended.values()} & {*UNKNOWN}:
        raise RuntimeError(f"the run of {module} was interrupted")
    survivors = [name for name, code in ended.items() if code in SURVIVED]
    return {
        "module": module,
        "mutants": len(ended),
        "found": len(ended) - len(survivors),
        "survivors": [
            {"mutant": name, **explained(mutmut(folder, "show", name))}
            for name in survivors
        ],
    }


def explained(difference: str) -> dict[str, str | None]:
    """The lines that a mutant changes, before and after, and why no test finds it."""
    sides = {"-": [], "+": []}
    for line in difference.splitlines():
        if line[:1] in sides and line[:3] not in ("---", "+++"):
            sides[line[0]].append(line[1:].strip())
    before, after = ("\n".join(side) for side in sides.values())
    return {"before": before, "after": after, "reason": reason(after)}


def table(result: dict) -> str:
    """The result as a Markdown table, with the machine below it."""
    rows = []
    for row in result["rows"]:
        reasons = [each["reason"] for each in row["survivors"]]
        rows.append([
            f"`{row['module']}`", f"{row['mutants']:,}", f"{row['found']:,}",
            f"{row['found'] / row['mutants']:.1%}",
            f"{len(reasons) - reasons.count(None)}", f"{reasons.count(None)}",
        ])  # fmt: skip
    columns = ["module", "mutants", "found", "share", "not, for a reason", "not"]
    return f"{markdown(columns, rows)}\n\n{described(result)}"


def earlier(path: Path) -> dict[str, dict]:
    """The results that are there, by module, with the reasons known by now.

    Those of other modules than asked for stay.
    """
    if not path.exists():
        return {}
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    for each in (survivor for row in rows for survivor in row["survivors"]):
        each["reason"] = reason(each["after"])
    return {row["module"]: row for row in rows}


def main() -> None:
    """Make the mutants of each module, and test them."""
    args = arguments(
        __doc__, needs_text=False,
        modules={"nargs": "+", "choices": MODULES, "default": [*MODULES]},
        processes={"type": int, "default": os.cpu_count(), "help": "at a time"},
    )  # fmt: skip
    rows = earlier(args.results / "soak_mutation.json")
    for module in args.modules:
        with tempfile.TemporaryDirectory() as folder:
            rows[module] = tested(module, Path(folder), args.processes)
        in_order = [rows[name] for name in MODULES if name in rows]
        save("soak_mutation", args, {"rows": in_order}, table)


if __name__ == "__main__":
    main()
