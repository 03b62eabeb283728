"""The code that `d2l_rnn` is compared with, taken from where it stands.

The book's comes from the d2l 0.17.6 wheel, the last that has this chapter, and the
notes' from the blocks of code in their Markdown. Neither is part of this project, and
where one is not available, `Unavailable` says why.
"""

import ast
import importlib.util
import math
import os
import re
import subprocess
import sys
import tempfile
import types
import warnings
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

WHEEL = "d2l==0.17.6"
IMPORTED = ("IPython", "PIL", "matplotlib", "matplotlib_inline", "pandas", "requests")


class Unavailable(Exception):
    """Which of the originals is missing, and why."""


def read_notes() -> str:
    """The notes: the file that D2L_RNN_NOTES names, or the one beside the repository.

    Raises Unavailable if there is no such file.
    """
    beside = Path(__file__).parents[2] / "shared" / "seed" / "rnn-notes.zh.md"
    path = Path(os.environ.get("D2L_RNN_NOTES") or beside)
    if not path.is_file():
        raise Unavailable(
            "the notes are neither beside the repository, in shared/seed, "
            "nor where D2L_RNN_NOTES says"
        )
    return path.read_text(encoding="utf-8")


def code_blocks(notes: str) -> list[str]:
    """The blocks of Python in the notes, programs and printed values alike."""
    return re.findall(r"```py\n(.*?)```", notes, re.DOTALL)


def notes_code(notes: str, d2l: types.ModuleType) -> types.SimpleNamespace:
    """The functions and classes that the notes define, on the names of `d2l`.

    The statements between them are left out: one loads the text, and one uses an `X`
    that is not there yet.
    """
    names = {"math": math, "torch": torch, "nn": nn, "F": F, "d2l": d2l}
    for block in code_blocks(notes):
        tree = ast.parse(block)
        kept = (ast.FunctionDef, ast.ClassDef)
        tree.body = [part for part in tree.body if isinstance(part, kept)]
        exec(compile(tree, "the notes", "exec"), names)
    return types.SimpleNamespace(**names)


def download_wheel(folder: Path) -> Path:
    """Download the d2l 0.17.6 wheel, without what it depends on, and say where it is.

    Raises Unavailable if pip cannot get it, or if a package that it imports is missing.
    """
    for module in IMPORTED:
        if importlib.util.find_spec(module) is None:
            raise Unavailable(f"{WHEEL} imports {module}, which is missing")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    command = [*pip, "download", "--no-deps", "-d", folder, WHEEL]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise Unavailable(f"pip cannot download {WHEEL}: {last}")
    (found,) = Path(folder).glob("d2l-*.whl")
    return found


def import_wheel(wheel: str | Path) -> types.ModuleType:
    """The wheel's `d2l.torch`, as it is, in a Python that has no other d2l loaded.

    It imports torchvision for the chapters on vision. An empty module stands in for it.
    """
    torchvision = types.ModuleType("torchvision")
    torchvision.transforms = types.ModuleType("torchvision.transforms")
    sys.modules["torchvision"] = torchvision
    sys.modules["torchvision.transforms"] = torchvision.transforms
    sys.path.insert(0, str(wheel))
    from d2l import torch as d2l

    assert d2l.__file__.startswith(str(wheel)), d2l.__file__
    # Its Accumulator takes float() of a loss that still has its graph.
    warnings.filterwarnings("ignore", "Converting a tensor with requires_grad")
    return d2l


def book() -> types.ModuleType:
    """The book's `d2l.torch`, from a wheel that is downloaded for it alone."""
    with tempfile.TemporaryDirectory() as folder:
        return import_wheel(download_wheel(Path(folder)))
