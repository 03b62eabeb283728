"""What helps one on with an exercise: up to three hints, and the solution.

They are in `hints` and `solutions`, one module a notebook, loaded when asked for.
"""

from __future__ import annotations

import importlib
import types


class Said(str):
    """Words that a notebook shows as they are, without quotes."""

    __repr__ = str.__str__


def beside(kind: str, notebook: str) -> types.ModuleType:
    """The hints, solutions or inputs of a notebook: a module in the folder `kind`.

    Raises ModuleNotFoundError if there is none.
    """
    return importlib.import_module(f"{__package__}.{kind}.notebook_{notebook}")


def hint(name: str, notebook: str, number: int) -> Said:
    """The hint of this number, from 1; beyond the last one, all of them."""
    hints = beside("hints", notebook).HINTS.get(name, ()) if notebook else ()
    if not hints:
        return Said(f"There are no hints for {name}.")
    if number <= len(hints):
        return Said(_numbered(hints, number))
    every = "\n".join(_numbered(hints, i + 1) for i in range(len(hints)))
    return Said(f"{every}\nThat is all. The solution: check.{name}.solution()")


def solution(name: str, notebook: str) -> Said:
    """The solution: its idea, and the code as one would type it, with its imports."""
    if not notebook:
        return Said(f"There is no solution to {name} here.")
    from d2l_rnn.exercises import solutions

    function = getattr(beside("solutions", notebook), name)
    idea = " ".join(function.__doc__.split())
    parts = (idea, solutions.imports(function), solutions.code(function))
    return Said("\n\n".join(filter(None, parts)))


def not_yet(name: str) -> Said:
    """What the first who asks for a solution is told, before anything was tried."""
    return Said(
        f"Try it first: write an answer and check it, or ask check.{name}.hint(). "
        "To see the solution all the same, ask once more."
    )


def _numbered(hints: tuple[str, ...], number: int) -> str:
    return f"Hint {number} of {len(hints)}: {hints[number - 1]}"
