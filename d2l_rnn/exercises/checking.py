"""How an answer is checked: it is tried, compared, and the verdict is a few lines.

An exercise is a generator, which gets the reader's answer and yields what it has tried:

    @Exercise
    def mean(answer: Answer) -> Iterator[Trial]:
        yield answer([1, 2, 6]).gives(3, "three values", "divide by how many there are")

What comes back from the reader is never trusted: whatever it is, or raises, becomes a
line of the verdict.
"""

from __future__ import annotations

import copy
import functools
import linecache
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import torch

from d2l_rnn.exercises.comparing import TOLERANCE, brief, difference


class Empty(Exception):
    """The reader has not written anything yet."""


class Failed(Exception):
    """The reader's function has raised an error, which this one describes."""


@dataclass(frozen=True)
class Trial:
    """One thing that was tried: what it was and, if it was wrong, how, and a hint."""

    what: str
    problem: str = ""
    hint: str = ""

    @property
    def is_right(self) -> bool:
        """True if the answer has passed."""
        return not self.problem

    def __str__(self) -> str:
        if self.is_right:
            return f"  ✓ {self.what}"
        lines = [f"  ✗ {self.what}", f"      {self.problem}"]
        return "\n".join(lines + [f"      hint: {self.hint}"] * bool(self.hint))


@dataclass(frozen=True)
class Verdict:
    """What a check has tried, in this order, with the name of the exercise."""

    name: str
    trials: list[Trial] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """True if there is no answer yet."""
        return not self.trials

    @property
    def is_right(self) -> bool:
        """True if there is an answer, and it has passed every trial."""
        return bool(self.trials) and all(each.is_right for each in self.trials)

    def __repr__(self) -> str:
        if self.is_empty:
            return (
                f"{self.name}: no answer yet: nothing came back. "
                "Write yours in place of the dots, and return it."
            )
        right = sum(each.is_right for each in self.trials)
        head = "right" if self.is_right else f"{right} of {len(self.trials)} right"
        return "\n".join([f"{self.name}: {head}", *map(str, self.trials)])


class Result:
    """A value from the reader, and what gave it: the call, as it would be typed."""

    def __init__(self, value: object, source: str):
        self.value, self.source = value, source

    def gives(
        self, expected: object, what: str, hint: str = "",
        mistakes: Sequence[tuple[object, str]] = (), tolerance: float = TOLERANCE,
    ) -> Trial:  # fmt: skip
        """Compare with the expected value, which the verdict does not give away.

        `mistakes` are pairs of a wrong value that is often met and the hint for it.
        """
        problem = difference(self.value, expected, tolerance)
        if not problem:
            return Trial(what)
        for wrong, better_hint in mistakes:
            if not difference(self.value, wrong, tolerance):
                hint = better_hint
        return Trial(what, f"{self._in_words()}{problem}", hint)

    def has(self, what: str, holds: Callable[..., object], hint: str = "") -> Trial:
        """Look whether `holds(value)` is true; an error there counts as False."""
        try:
            ok = bool(holds(self.value))
        except Exception:  # the value is not of a kind that can be looked at
            ok = False
        return Trial(what) if ok else Trial(what, self._in_words(), hint)

    def _in_words(self) -> str:
        return f"{self.source} gave {brief(self.value)}"


class Answer:
    """The reader's answer: a function to call, or a value to look at.

    Raises Empty if there is none.
    """

    def __init__(self, name: str, answer: object):
        self.name, self.answer = name, answer
        if answer is None or answer is ...:
            raise Empty

    def __call__(self, *args: object, **kwargs: object) -> Result:
        """Call the reader's function with copies of the arguments.

        Raises Failed if it is no function or raises an error, Empty if it returns
        nothing.
        """
        call = f"{self.name}({_arguments(args, kwargs)})"
        if not callable(self.answer):
            raise Failed(f"a function is expected, not {brief(self.answer)}")
        try:
            value = self.answer(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        except Exception as error:  # the reader's own: described, not raised
            described = _described(error, self.answer)
            raise Failed(f"{call} raised {described}") from error
        if value is None or value is ...:
            raise Empty
        return Result(value, call)

    @property
    def value(self) -> Result:
        """The answer itself, where no function is asked for."""
        return Result(self.answer, f"your {self.name}")


class Exercise:
    """A check: called with an answer, it returns a verdict.

    It decorates a generator that gets an `Answer` and yields a `Trial` at a time.
    """

    def __init__(self, try_out: Callable[[Answer], Iterator[Trial]]):
        functools.update_wrapper(self, try_out)
        self.try_out = try_out

    def __call__(self, answer: object) -> Verdict:
        name, trials = self.__name__, []
        try:
            for trial in self.try_out(Answer(name, answer)):
                trials.append(trial)
        except Empty:
            if trials:
                trials.append(Trial("always returns something", "once it did not"))
        except Failed as failed:
            trials.append(Trial("runs to its end", str(failed)))
        return Verdict(name, trials)

    def __repr__(self) -> str:
        return f"check.{self.__name__}: {self.__doc__}"


def drawn(*shape: int, seed: int = 0, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Normal random numbers of this shape to try an answer on, the same each time."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def _arguments(args: tuple, kwargs: dict) -> str:
    named = [f"{name}={brief(value)}" for name, value in kwargs.items()]
    return ", ".join([*map(brief, args), *named])


def _described(error: Exception, function: Callable) -> str:
    """An error as the reader needs it: its kind, its message, the line it is from."""
    message = f"{type(error).__name__}: {error}".rstrip(": ")
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [
        linecache.getline(frame.filename, frame.lineno).strip()
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return message + (f", in the line {lines[-1]!r}" if lines and lines[-1] else "")
