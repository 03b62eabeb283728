"""This environment: commands for it, to type as they stand, and what it holds."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shlex
import sys
from pathlib import Path


def python(*words: str) -> str:
    """A command line for this environment's Python, by the shorter of its paths."""
    program = sys.executable
    with contextlib.suppress(ValueError, OSError):  # it is not below this folder
        program = str(Path(program).relative_to(Path.cwd()))
    return command_line(program, *words)


def command_line(*words: str) -> str:
    """The words with the quotation marks that this system's shell needs."""
    if os.name == "nt":
        return " ".join(f'"{w}"' if set(w) & set(" <>&|") else w for w in words)
    return " ".join(map(shlex.quote, words))


def pip_install(*words: str) -> str:
    """The command `pip install …` for this environment."""
    return python("-m", "pip", "install", *words)


def reinstall(name: str) -> str:
    """The command that reinstalls a package; none if it is not installed at all."""
    return pip_install("--force-reinstall", name) if version_of(name) else ""


def version_of(name: str) -> str | None:
    """The version of a package that is installed here, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def is_here(prefix: str | os.PathLike[str]) -> bool:
    """True if this Python's environment is the one in the folder `prefix`."""
    return os.path.realpath(prefix) == os.path.realpath(sys.prefix)
