"""Create the environment that the course runs in, or update it.

    python3 tools/install.py [--venv .venv] [--extras lab,book,test]

The environment holds the package with its extras, at the versions in constraints.txt,
and d2l, the book's own package, without the versions that d2l pins. `make lab` and
`make test` call this when there is something to do. It needs only the standard library,
and must run on a Python that is too old for the course, so that it can say so.
"""

import argparse
import glob
import os
import shutil
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BOOK = "d2l==1.0.3"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
PATIENCE = 4  # seconds for the index of CPU builds to answer

# pip's words for a version that an index does not have, for versions that conflict, and
# before its last attempt to reach an index.
UNSATISFIED = ("No matching distribution", "ResolutionImpossible")
OFFLINE = "Retry(total=0"


def print_lines(*lines: str) -> None:
    """Print lines with the project's name in front, to stand out from pip's output."""
    print(*(f"d2l_rnn: {line}" for line in lines), sep="\n", flush=True)


class Environment:
    """A virtual environment: its folder, and whether it is complete.

    It contains the file `.installed` once it is complete, and `.installing` while pip
    is running, so that the next call notices an interrupted installation.
    """

    def __init__(self, folder: "str | Path"):
        self.folder = Path(folder)
        self.old = self.folder.with_name(f"{self.folder.name}.interrupted")
        self.installed = self.folder / ".installed"
        self.installing = self.folder / ".installing"
        self.python = self.folder / (
            "Scripts/python.exe" if os.name == "nt" else "bin/python"
        )

    @property
    def is_sound(self) -> bool:
        """True if its Python runs and has pip, and no installation was interrupted."""
        if self.installing.exists():
            return False
        try:
            return not subprocess.call(
                [str(self.python), "-m", "pip", "--version"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError:
            return False

    def make(self) -> None:
        """Create it; what an interrupted installation has left is moved aside.

        Raises SystemExit if Python's venv fails.
        """
        if self.folder.exists() and not self.is_sound:
            print_lines(
                f"the last installation was interrupted: rebuilding {self.folder}"
            )
            shutil.rmtree(self.old, ignore_errors=True)
            self.folder.rename(self.old)
        if not self.folder.exists():
            print_lines(f"making {self.folder} with Python {sys.version.split()[0]}")
            if subprocess.call([sys.executable, "-m", "venv", str(self.folder)]):
                shutil.rmtree(self.folder, ignore_errors=True)
                raise SystemExit(1)  # venv has said why

    def pip_install(self, *arguments: str) -> "str | None":
        """Run `pip install` in it; if that fails, return what pip wrote to stderr."""
        command = [str(self.python), "-m", "pip", "install", *arguments]
        pip = subprocess.Popen(
            command, cwd=str(ROOT), stderr=subprocess.PIPE, universal_newlines=True
        )
        errors = []
        for line in pip.stderr:
            print(line, end="", file=sys.stderr, flush=True)
            errors.append(line)
        return "".join(errors) if pip.wait() else None


def has_nvidia_gpu() -> bool:
    """True if NVIDIA's driver is here, without which PyTorch cannot use a GPU."""
    return bool(glob.glob("/dev/nvidia*") or shutil.which("nvidia-smi"))


def answers(url: str, patience: float = PATIENCE) -> bool:
    """True if the address answers in time, however long its DNS lookup takes."""
    heard = []

    def ask():
        try:
            with urllib.request.urlopen(url, timeout=patience):
                heard.append(True)
        except (OSError, ValueError):
            pass

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(patience)
    return bool(heard)


def without_cuda(index: str = CPU_INDEX) -> "list[str]":
    """Options that make pip prefer PyTorch's CPU build where CUDA is useless."""
    if not sys.platform.startswith("linux") or has_nvidia_gpu():
        return []
    if not answers(f"{index}/torch/"):
        print_lines(
            f"{index} does not answer, so pip takes PyTorch from your own index;",
            "PyPI's has several gigabytes of CUDA, which this machine does not need",
        )
        return []
    print_lines(f"no NVIDIA GPU here: PyTorch without CUDA, from {index}")
    return ["--extra-index-url", index]


def lacks_a_version(errors: str) -> bool:
    """True if an index answered but did not have the requested version."""
    return OFFLINE not in errors and any(words in errors for words in UNSATISFIED)


def install(environment: Environment, extras: str, index: str) -> "str | None":
    """Install everything into the environment; return None, or pip's errors."""
    package = ["--no-warn-conflicts", *without_cuda(index)]
    package += ["--editable", f".[{extras}]"]
    errors = environment.pip_install("--constraint", "constraints.txt", *package)
    if errors and lacks_a_version(errors):
        print_lines(
            "your package index does not have the versions of constraints.txt:",
            "trying again without them, with the newest that it has",
        )
        errors = environment.pip_install(*package)
    if not errors and "book" in extras.split(","):
        install_book(environment)
    return errors


def install_book(environment: Environment) -> None:
    """Install d2l without its pins, such as NumPy 1.23.5 and others of its age."""
    if environment.pip_install("--quiet", "--no-deps", BOOK):
        print_lines(
            f"{BOOK} could not be installed; only the book's own helpers are missing"
        )
    else:
        print_lines(
            f"{BOOK} works with today's NumPy; `pip check` will say that it should not"
        )


def update(environment: Environment, extras: str, index: str = CPU_INDEX) -> int:
    """Create and fill the environment; return the exit status, 0 if it can be used."""
    environment.make()
    environment.installing.touch()
    if not install(environment, extras, index):
        environment.installed.touch()
        environment.installing.unlink()
        shutil.rmtree(environment.old, ignore_errors=True)
        return 0
    if environment.old.exists():
        shutil.rmtree(environment.folder)
        environment.old.rename(environment.folder)
    else:  # pip finds every package before it changes anything
        environment.installing.unlink()
    if environment.installed.exists():
        print_lines("the environment could not be updated, and is used as it is")
        return 0
    print_lines("the environment could not be made: see what pip says above")
    return 1


def main() -> int:
    """Do what the command line asks for; 0 if there is an environment to use."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", default=str(ROOT / ".venv"))
    parser.add_argument("--extras", default="lab,book,test")
    parser.add_argument("--cpu-index", default=CPU_INDEX, help="PyTorch without CUDA")
    arguments = parser.parse_args()
    if sys.version_info < (3, 10):  # noqa: UP036 (that is what is found out here)
        parser.error(
            f"Python 3.10 or newer is needed, this is {sys.version.split()[0]}; "
            "for example: make PYTHON=python3.11 lab"
        )
    environment = Environment(arguments.venv)
    return update(environment, arguments.extras, arguments.cpu_index)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
