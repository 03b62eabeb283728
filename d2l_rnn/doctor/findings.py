"""What a check reports, and how a finding is printed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS = 100


@dataclass(frozen=True)
class Finding:
    """One result of a check: whether all is well, a description, and a command."""

    is_well: bool
    text: str
    command: str = ""

    def __str__(self) -> str:
        mark = "ok    " if self.is_well else "FIX   "
        margin = " " * len(mark)
        lines = textwrap.wrap(
            self.text,
            COLUMNS,
            initial_indent=mark,
            subsequent_indent=margin,
            break_long_words=False,
            break_on_hyphens=False,
        )
        if self.command:  # in one piece, so that it can be copied
            lines.append(f"{margin}  {self.command}")
        return "\n".join(lines)


# What a check yields: findings and, as strings, what it does next.
Report = Iterator["Finding | str"]


def well(text: str, command: str = "") -> Finding:
    """A finding with nothing to fix; the command, if any, is optional."""
    return Finding(True, text, command)


def trouble(text: str, command: str = "") -> Finding:
    """A problem that `command` fixes; without a command, a final colon is dropped."""
    return Finding(False, text if command else text.rstrip(":"), command)


def reason(error: BaseException) -> str:
    """The kind and the message of an error, shortened to one line."""
    return shorten(f"{type(error).__name__}: {error}")


def shorten(text: str) -> str:
    """The text as one line of at most 160 characters."""
    return textwrap.shorten(text, 160, placeholder=" ...")
