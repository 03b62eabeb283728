"""What ends a function in the thread of a panel, where there is no cell to show it."""

from __future__ import annotations

from collections.abc import Callable


class Stopped(Exception):
    """Raised inside a job that must make way for the next."""


def error_of(function: Callable[[], object]) -> Exception | None:
    """Call the function; return what it raised, or None.

    A RuntimeError stands for SystemExit and the like, which would end more than a job.
    """
    try:
        function()
    except Exception as error:
        return error
    except BaseException as error:
        ended = RuntimeError(f"the panel's work was ended by {error!r}")
        ended.__cause__ = error
        return ended
    return None


def words_of(error: Exception) -> str:
    """What an error says, or else the name of its type: a MemoryError says nothing."""
    try:
        said = str(error)
    except Exception:
        said = ""
    return said if said.strip() else type(error).__name__


def is_fault(error: Exception | None) -> bool:
    """True of an error that the reader should see."""
    return error is not None and not isinstance(error, Stopped)
