"""`python -m d2l_rnn`: what the package does when called by name."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn

from d2l_rnn import doctor


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the exit status says whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m d2l_rnn")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser(
        "doctor",
        help="look at what the course runs on, and say what to do about it",
        description="Look at what the course runs on, and say what to do about it: "
        "Python, packages, PyTorch, JupyterLab and its widgets, the kernel, pictures, "
        "the text, the browser. It takes some seconds and needs no network.",
        epilog="The exit status is 0 if all is well, and 1 if not.",
    )
    parser.parse_args(arguments)
    return doctor.main()


def run(command: Callable[[], int], name: str) -> NoReturn:
    """Leave Python with the status of a command, or with one line if it fails."""
    signal.signal(signal.SIGTERM, _leave)
    if hasattr(sys.stdout, "reconfigure"):  # a path may have any character
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        status = command()
        if sys.stdout is not None:
            sys.stdout.flush()
        sys.exit(status)
    except KeyboardInterrupt:
        sys.exit(130)
    except OSError as error:
        if not isinstance(error, BrokenPipeError):  # as in `... doctor | head`
            print(f"python -m {name}: {error.strerror or error}", file=sys.stderr)
        if sys.stdout is not None:  # what is left cannot be written either
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _leave(number: int, _) -> None:
    """End by a signal, but not before the processes that have been begun."""
    sys.exit(128 + number)


if __name__ == "__main__":
    run(main, "d2l_rnn")
