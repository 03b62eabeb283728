"""What a check reports, and how a finding is printed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

COLUMNS = 100


@dataclass(frozen=True)
class Finding:
    """What a check has found: whether it is well, in words, and what to type."""

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


# What a check yields: what it finds and, as a string, what it is doing next.
Report = Iterator["Finding | str"]


def well(text: str, command: str = "") -> Finding:
    """Nothing to do; a command, if there is one, is only an offer."""
    return Finding(True, text, command)


def trouble(text: str, command: str = "") -> Finding:
    """Something that `command` puts right; where there is none, nor is the colon."""
    return Finding(False, text if command else text.rstrip(":"), command)


def reason(error: BaseException) -> str:
    """The kind and the message of an error, shortened to one line."""
    return shorten(f"{type(error).__name__}: {error}")


def shorten(text: str) -> str:
    """The text in one line of at most 160 characters."""
    return textwrap.shorten(text, 160, placeholder=" ...")
