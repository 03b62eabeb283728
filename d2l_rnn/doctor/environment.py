"""This environment: commands for it, ready to paste, and the versions in it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shlex
import sys
from pathlib import Path


def python(*words: str) -> str:
    """A command line for this environment's Python, by a relative path if possible."""
    program = sys.executable
    with contextlib.suppress(ValueError, OSError):  # not inside this folder
        program = str(Path(program).relative_to(Path.cwd()))
    return command_line(program, *words)


def command_line(*words: str) -> str:
    """The words, quoted as this system's shell requires."""
    if os.name == "nt":
        return " ".join(f'"{w}"' if set(w) & set(" <>&|") else w for w in words)
    return " ".join(map(shlex.quote, words))


def pip_install(*words: str) -> str:
    """The command `pip install …` for this environment."""
    return python("-m", "pip", "install", *words)


def reinstall(name: str) -> str:
    """The command that reinstalls a package; empty if it is not installed."""
    return pip_install("--force-reinstall", name) if version_of(name) else ""


def version_of(name: str) -> str | None:
    """The installed version of a package, or None."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def is_here(prefix: str | os.PathLike[str]) -> bool:
    """True if this Python's environment is the one in the folder `prefix`."""
    return os.path.realpath(prefix) == os.path.realpath(sys.prefix)
