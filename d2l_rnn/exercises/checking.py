"""How an answer is checked: it is tried, compared, and told about in a few lines.

An exercise is a generator, which gets the reader's answer and yields what it finds:

    @Exercise
    def mean(answer):
        yield answer([1, 2, 6]).gives(3, "three values", "divide by how many there are")

What comes back from the reader is never trusted: whatever it is, or raises, becomes a
line of the verdict.
"""

from __future__ import annotations

import copy
import functools
import linecache
import math
import numbers
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FunctionType

import numpy as np
import torch

LONGEST = 70  # characters of a value in a line
SMALL = 8  # numbers of an array that is shown and not only told about
TOLERANCE = 1e-4  # relative, or absolute for numbers below 1


class Empty(Exception):
    """The reader has not written anything yet."""


class Failed(Exception):
    """The reader's function has raised an error, which this one tells about."""


@dataclass(frozen=True)
class Finding:
    """One thing that was tried: what it was, and if it was wrong, how, and a hint."""

    what: str
    problem: str = ""
    hint: str = ""

    @property
    def is_right(self) -> bool:
        return not self.problem

    def __str__(self) -> str:
        if self.is_right:
            return f"  ✓ {self.what}"
        lines = [f"  ✗ {self.what}", f"      {self.problem}"]
        return "\n".join(lines + [f"      hint: {self.hint}"] * bool(self.hint))


@dataclass(frozen=True)
class Verdict:
    """What a check has found, in the order in which it was tried."""

    name: str
    findings: list[Finding] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """True if there is no answer yet."""
        return not self.findings

    @property
    def is_right(self) -> bool:
        return bool(self.findings) and all(each.is_right for each in self.findings)

    def __repr__(self) -> str:
        if self.is_empty:
            return (
                f"{self.name}: no answer yet: nothing came back. "
                "Write yours in place of the dots, and return it."
            )
        right = sum(each.is_right for each in self.findings)
        head = "right" if self.is_right else f"{right} of {len(self.findings)} right"
        return "\n".join([f"{self.name}: {head}", *map(str, self.findings)])


class Result:
    """What the reader's answer has given, and how that is said."""

    def __init__(self, value, said: str):
        self.value, self.said = value, said

    def gives(
        self, expected, what: str, hint: str = "", mistakes: Sequence = (),
        tolerance: float = TOLERANCE,
    ) -> Finding:  # fmt: skip
        """Compare with what is expected, which is not told.

        `mistakes` are pairs, a wrong value that is often met and the hint for it.
        """
        problem = difference(self.value, expected, tolerance)
        if not problem:
            return Finding(what)
        for wrong, better_hint in mistakes:
            if not difference(self.value, wrong, tolerance):
                hint = better_hint
        return Finding(what, f"{self.said} gave {brief(self.value)}{problem}", hint)

    def has(self, what: str, holds: Callable[[object], bool], hint="") -> Finding:
        """Look if something holds for the result; False if it cannot be looked at."""
        try:
            ok = bool(holds(self.value))
        except Exception:  # the value is not of a kind that has it
            ok = False
        said = f"{self.said} gave {brief(self.value)}"
        return Finding(what) if ok else Finding(what, said, hint)


class Answer:
    """The reader's answer: a function to call, or a value to look at."""

    def __init__(self, name: str, answer):
        self.name, self.answer = name, answer
        if answer is None or answer is ...:
            raise Empty

    def __call__(self, *args, **kwargs) -> Result:
        """Call the reader's function with copies of the arguments."""
        said = f"{self.name}({_arguments(args, kwargs)})"
        if not callable(self.answer):
            raise Failed(f"a function is wanted, not {brief(self.answer)}")
        try:
            value = self.answer(*copy.deepcopy(args), **copy.deepcopy(kwargs))
        except Exception as error:  # the reader's own: told, not raised
            raise Failed(f"{said} raised {_told(error, self.answer)}") from error
        if value is None or value is ...:
            raise Empty
        return Result(value, said)

    @property
    def value(self) -> Result:
        """The answer itself, where no function is asked for."""
        return Result(self.answer, f"your {self.name}")


class Exercise:
    """A check: called with an answer, it returns a verdict.

    It decorates a generator that gets an `Answer` and yields what it finds.
    """

    def __init__(self, try_out: Callable[[Answer], Iterator[Finding]]):
        functools.update_wrapper(self, try_out)
        self.try_out = try_out

    def __call__(self, answer) -> Verdict:
        name, findings = self.__name__, []
        try:
            for finding in self.try_out(Answer(name, answer)):
                findings.append(finding)
        except Empty:
            if findings:
                findings.append(Finding("always returns something", "once it did not"))
        except Failed as failed:
            findings.append(Finding("runs to its end", str(failed)))
        return Verdict(name, findings)

    def __repr__(self) -> str:
        return f"check.{self.__name__}: {self.__doc__}"


def drawn(*shape: int, seed: int = 0, dtype=None) -> torch.Tensor:
    """Normal random numbers to try an answer on, the same each time."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def difference(came, expected, tolerance: float = TOLERANCE) -> str:
    """How a value differs from the expected one, as the end of a sentence; else ''."""
    if isinstance(expected, str | bool):
        return _difference_of_words(came, expected)
    if isinstance(expected, Mapping):
        return _difference_of_mappings(came, expected, tolerance)
    if isinstance(expected, list | tuple) and not _is_array(expected):
        return _difference_of_sequences(came, expected, tolerance)
    return _difference_of_numbers(came, expected, tolerance)


def _difference_of_words(came, expected: str | bool) -> str:
    if isinstance(came, np.generic | torch.Tensor) and math.prod(came.shape) == 1:
        came = came.item()
    if not isinstance(came, type(expected)):
        kind = "a string" if isinstance(expected, str) else "True or False"
        return f", where {kind} is wanted"
    return "" if came == expected else ", which is not it"


def _difference_of_mappings(came, expected: Mapping, tolerance: float) -> str:
    if not isinstance(came, Mapping):
        return ", where a dictionary is wanted"
    if set(came) != set(expected):
        return ", which has other keys than are wanted"
    for key, value in expected.items():
        if difference(came[key], value, tolerance):
            return f", which is wrong at {brief(key)}"
    return ""


def _difference_of_sequences(came, expected: Sequence, tolerance: float) -> str:
    if isinstance(came, np.ndarray | torch.Tensor):
        came = came.tolist()
    if isinstance(came, str) or not isinstance(came, Sequence):
        return ", where a list is wanted"
    if len(came) != len(expected):
        return f", where {len(expected)} items are wanted and {len(came)} came"
    for i, (mine, other) in enumerate(zip(came, expected, strict=True)):
        if difference(mine, other, tolerance):
            return f", which is wrong at index {i}"
    return ""


def _difference_of_numbers(came, expected, tolerance: float) -> str:
    try:
        mine, other = _array(came), _array(expected)
    except ValueError:
        return ", where rows of equal length are wanted"
    except (TypeError, OverflowError):
        return ", where numbers are wanted"
    if mine.shape != other.shape:
        return f", where {_shape(other.shape)} is wanted"
    if np.isnan(mine).any() and not np.isnan(other).any():
        return ", which is not a number"
    close = np.isclose(mine, other, rtol=tolerance, atol=tolerance, equal_nan=True)
    if close.all():
        return ""
    wrong = np.size(close) - int(close.sum())
    return (
        f", {wrong} of {close.size} values wrong"
        if close.size > 1
        else ", too " + ("large" if mine.item() > other.item() else "small")
    )


def _is_array(value: Sequence) -> bool:
    """True for numbers in rows of equal length, however nested; not for tensors."""
    if any(isinstance(each, np.ndarray | torch.Tensor) for each in value):
        return False
    try:
        return _array(value).size > 0
    except (TypeError, ValueError, OverflowError):
        return False


def _array(value) -> np.ndarray:
    """Numbers as an array; ValueError or TypeError if there are others among them."""
    if isinstance(value, list | tuple):
        rows = [_array(each) for each in value]
        return np.stack(rows) if rows else np.zeros(0)
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, numbers.Real):
        value = np.float64(value)  # of a large integer, too
    if not isinstance(value, np.ndarray | np.generic):
        raise TypeError
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise TypeError
    return array.astype(float)


def _shape(shape: tuple[int, ...]) -> str:
    return f"the shape {shape}" if shape else "one number"


def brief(value) -> str:
    """A value in a few characters; of a large array, its shape."""
    said = repr(_simplified(value))
    return said if len(said) <= LONGEST else f"{said[: LONGEST - 3]}..."


class _Said(str):
    """Words that stand for a value: their repr is without quotation marks."""

    __repr__ = str.__str__


def _simplified(value):
    """The same with four digits of each number, and words for what is long."""
    if isinstance(value, np.ndarray | torch.Tensor):
        if math.prod(value.shape) > SMALL:
            kind = "a tensor" if isinstance(value, torch.Tensor) else "an array"
            return _Said(f"{kind} of shape {tuple(value.shape)}")
        value = value.tolist()
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and math.isfinite(value):
        return float(f"{value:.4g}")
    if type(value) in (list, tuple):
        return type(value)(_simplified(each) for each in value)
    if isinstance(value, FunctionType):
        return _Said(f"the function {value.__name__}")
    if callable(value) or type(value).__module__.startswith("d2l_rnn"):
        return _Said(type(value).__name__)
    return value


def _arguments(args: tuple, kwargs: dict) -> str:
    named = [f"{name}={brief(value)}" for name, value in kwargs.items()]
    return ", ".join([*map(brief, args), *named])


def _told(error: Exception, function: Callable) -> str:
    """An error as the reader needs it: its kind, its words, and the line it is from."""
    words = f"{type(error).__name__}: {error}".rstrip(": ")
    file = getattr(getattr(function, "__code__", None), "co_filename", None)
    lines = [
        linecache.getline(frame.filename, frame.lineno).strip()
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return words + (f", in the line {lines[-1]!r}" if lines and lines[-1] else "")
