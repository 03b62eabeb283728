"""How a command of the package ends: with its status, or with one line if it fails."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import NoReturn


def run(command: Callable[[], int], name: str) -> NoReturn:
    """Leave Python with the status of a command, which `python -m name` begins."""
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
