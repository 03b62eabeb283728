"""What the doctor's tests have in common: stand-ins for programs, and conditions."""

import os
import sys
from pathlib import Path

import pytest

from d2l_rnn.doctor import environment
from d2l_rnn.doctor.findings import Finding

needs_posix = pytest.mark.skipif(os.name == "nt", reason="runs a shell script")
needs_lab = pytest.mark.skipif(
    environment.version_of("jupyterlab") is None, reason="JupyterLab is not installed"
)


def findings(report):
    """What a check finds, without the strings that tell what it is doing."""
    return [each for each in report if isinstance(each, Finding)]


def only(report):
    """The one finding of a check."""
    (finding,) = findings(report)
    return finding


def script(file: Path, *lines: str) -> Path:
    """A program that the shell runs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)
    return file


def python_of(folder: Path) -> str:
    """The Python of the environment in a folder."""
    return str(folder / Path(sys.executable).relative_to(sys.prefix).parent / "python")
