"""A short part of the tests on each other Python that this machine has.

    python3 .ci/other_pythons.py

Looks for Python 3.10 to 3.14 on the PATH and among pyenv's. Where pip can get a PyTorch
for one without downloading gigabytes, it makes the environment in `.venv-3.x`, as `make
lab` would, and runs the unit tests and the first notebook there. It says what it tried,
and why it did not try the others.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools"))

import install  # noqa: E402

MINORS = range(10, 15)
LARGEST = 1e9  # bytes to download for PyTorch and what it needs
TESTS = [
    "tests",
    "--ignore=tests/browser",
    "--ignore=tests/notebooks",
    "--ignore=tests/tools",
]
NOTEBOOK = "tests/notebooks/test_notebooks.py"


def pythons() -> dict[str, str]:
    """The other Pythons of this machine: {"3.12": its executable}."""
    found = {}
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for minor in MINORS:
        name = f"3.{minor}"
        places = [shutil.which(f"python{name}"), *pyenv.glob(f"{name}.*/bin/python")]
        for place in filter(None, places):
            if minor != sys.version_info.minor and runs(place, minor):
                found.setdefault(name, str(place))
    return found


def runs(python: str | Path, minor: int) -> bool:
    """True if it is that Python: pyenv's stand-ins on the PATH may start nothing."""
    ask = f"import sys, venv, ensurepip; sys.exit(sys.version_info[1] != {minor})"
    return not subprocess.call([python, "-c", ask], stderr=subprocess.DEVNULL)


def size_of_torch(python: str) -> int | None:
    """Bytes that pip would download for PyTorch there; None if it finds none.

    Raises CalledProcessError if that Python cannot make an environment.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        venv = install.Environment(Path(folder) / "venv")
        subprocess.check_call([python, "-m", "venv", str(venv.folder)])
        # An older pip downloads what it only has to know the requirements of.
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        pip = [venv.python, "-m", "pip", "install"]
        subprocess.call([*pip, "--upgrade", "pip"], **quiet)
        with contextlib.redirect_stdout(None):
            asked = [
                "--constraint",
                "constraints.txt",
                "torch",
                *install.without_cuda(),
            ]
        dry_run = [*pip, "--dry-run", "--report", str(report), *asked]
        if subprocess.call(dry_run, cwd=ROOT, **quiet):
            return None
        packages = json.loads(report.read_text(encoding="utf-8"))["install"]
    return sum(size(package["download_info"]["url"]) for package in packages)


def size(url: str) -> int:
    """Bytes behind an address, a file's or a server's."""
    if url.startswith("file:"):
        return os.path.getsize(urllib.request.url2pathname(url[len("file://") :]))
    request = urllib.request.Request(url, method="HEAD")
    with urllib.request.urlopen(request, timeout=30) as answer:
        return int(answer.headers["Content-Length"])


def try_out(name: str, python: str) -> None:
    """Install and test; raises CalledProcessError if that fails."""
    venv = f".venv-{name}"
    command = [python, "tools/install.py", "--venv", venv, "--extras", "lab,book,test"]
    subprocess.check_call(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    own = {n: v for n, v in os.environ.items() if not n.startswith("D2L_RNN_REQUIRE")}
    pytest = [str(ROOT / venv / "bin" / "python"), "-m", "pytest", "-q", "-n", "2"]
    pytest += ["--dist", "loadgroup", "--no-loadscope-reorder"]
    subprocess.check_call([*pytest, *TESTS], cwd=ROOT, env=own)
    subprocess.check_call([*pytest, NOTEBOOK, "-k", "00-start"], cwd=ROOT, env=own)


def main() -> None:
    """Try each Python that PyTorch is small enough for, and say why not the others."""
    for name, python in pythons().items():
        torch = size_of_torch(python)
        if torch is None:
            print(f"Python {name}: not tried, pip finds no PyTorch for it", flush=True)
        elif torch > LARGEST:
            gigabytes = f"{torch / 1e9:.1f} GB"
            print(f"Python {name}: not tried, PyTorch is {gigabytes} here", flush=True)
        else:
            print(f"Python {name}: trying it", flush=True)
            try_out(name, python)


if __name__ == "__main__":
    main()
