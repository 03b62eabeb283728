"""The line of the package that computes something, read from its source as it is."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class SourceLine:
    """A line of code: where it stands, and which `part` of it is meant."""

    name: str  # of the function, as in "bptt.backward"
    number: int  # in its file
    code: str
    part: str

    def for_browser(self) -> list:
        """The line as sheet.js has it."""
        before, part, after = self.code.partition(self.part)
        return [f"{self.name}, line {self.number}", before, part, after]


@functools.cache
def line_of(function: Callable, part: str) -> SourceLine:
    """The only line of a function that contains `part`.

    Raises ValueError if no line contains it, or more than one, and OSError if Python
    cannot find the source.
    """
    function = inspect.unwrap(function)
    lines, first = inspect.getsourcelines(function)
    found = [(first + i, line) for i, line in enumerate(lines) if part in line]
    name = f"{function.__module__}.{function.__qualname__}".removeprefix("d2l_rnn.")
    if len(found) != 1:
        raise ValueError(f"part must be in one line of {name}, got {part!r}: {found}")
    ((number, line),) = found
    return SourceLine(name, number, line.strip(), part)
