"""How an answer is checked: it is tried and compared, and the verdict is a few lines.

An exercise is a generator that takes the reader's answer and yields its trials:

    @Exercise
    def mean(answer: Answer) -> Iterator[Trial]:
        yield answer([1, 2, 6]).gives(3, "three values", "divide by how many there are")

The reader's code is never trusted: whatever it is, returns or raises becomes a line of
the verdict, and the `settings` of PyTorch and NumPy that it changes are set back. Only
a KeyboardInterrupt ends the check: it is the user's Ctrl-C.
"""

from __future__ import annotations

import copy
import functools
import linecache
import re
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from d2l_rnn.exercises import helping, record
from d2l_rnn.exercises.comparing import TOLERANCE, brief, difference
from d2l_rnn.exercises.plain import attempt, in_one_line, plain, type_name
from d2l_rnn.exercises.settings import own_random_numbers, usual_settings

LONGEST_ERROR = 200  # characters of an error's message, or of a line of code
OTHER_INPUTS = "other inputs: this is the simplest that fails"
OMITTED = re.compile(r"\.\.\.|of shape \(")  # in a problem that is not shown in full


class Empty(Exception):
    """Raised if the reader has not written an answer yet."""


class Failed(Exception):
    """Raised if the reader's function fails; the message describes the error."""


@dataclass(frozen=True)
class Trial:
    """One trial: what was tried and, if it failed, the problem and a hint."""

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

    def shows_call(self, name: str) -> bool:
        """True if it has failed, and the reader can try the same call."""
        return f"{name}(" in self.problem and not OMITTED.search(self.problem)


@dataclass(frozen=True)
class Verdict:
    """The name of an exercise and the trials of its check, in order."""

    name: str
    trials: list[Trial] = field(default_factory=list)
    more_help: str = ""  # the last line, if the answer is wrong

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
        lines = [f"{self.name}: {head}", *map(str, self.trials)]
        return "\n".join(lines + [self.more_help] * bool(self.more_help))


class Result:
    """A copy of the reader's value, and its source: the call, as it would be typed."""

    def __init__(self, value: object, source: str):
        self._raw, self.source = value, source
        with usual_settings():
            self.value = plain(value)

    def gives(
        self, expected: object, what: str, hint: str = "",
        mistakes: Sequence[tuple[object, str]] = (), tolerance: float = TOLERANCE,
    ) -> Trial:  # fmt: skip
        """Compare with the expected value, which the verdict does not give away.

        `mistakes` are pairs of a common wrong value and the hint for it.
        """
        problem = difference(self.value, expected, tolerance)
        if not problem:
            return Trial(what)
        for wrong, better_hint in mistakes:
            if not difference(self.value, wrong, tolerance):
                hint = better_hint
        return Trial(what, f"{self._in_words()}{problem}", hint)

    def has(self, what: str, holds: Callable[..., object], hint: str = "") -> Trial:
        """Check whether `holds(value)` is true; an error in it counts as False."""
        try:
            with np.errstate(all="ignore"):
                ok = bool(holds(self._opened))
        except Exception:  # a value of the wrong kind
            ok = False
        return Trial(what) if ok else Trial(what, self._in_words(), hint)

    @functools.cached_property
    def _opened(self) -> object:
        """The value with its generators opened, which is done only once."""
        with usual_settings():
            return plain(self._raw, opens_iterators=True)

    def _in_words(self) -> str:
        return f"{self.source} gave {brief(self.value)}"


class Answer:
    """The reader's answer: a function to call, or a value.

    Raises Empty if there is none.
    """

    write = staticmethod(brief)  # how an argument is shown

    def __init__(self, name: str, answer: object):
        self.name, self.answer = name, answer
        if answer is None or answer is ...:
            raise Empty

    def __call__(self, *args: object, **kwargs: object) -> Result:
        """Call the reader's function with copies of the arguments.

        Raises Failed if it is not a function or raises an error, Empty if it returns
        nothing.
        """
        call = self.call(*args, **kwargs)
        if not callable(self.answer):
            raise Failed(f"a function is expected, not {brief(self.answer)}")
        args, kwargs = copy.deepcopy(args), copy.deepcopy(kwargs)
        try:
            with usual_settings():
                value = self.answer(*args, **kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the reader's own error: described, not raised
            described = _described(error, self.answer)
            raise Failed(f"{call} raised {described}") from error
        if value is None or value is ...:
            raise Empty
        return Result(value, call)

    def call(self, *args: object, **kwargs: object) -> str:
        """The call with these arguments, as it would be typed."""
        named = [f"{name}={self.write(value)}" for name, value in kwargs.items()]
        return f"{self.name}({', '.join([*map(self.write, args), *named])})"

    @property
    def value(self) -> Result:
        """The answer itself, if it is not a function."""
        return Result(self.answer, f"your {self.name}")


class Exercise:
    """A check: called with an answer, it returns a verdict.

    It decorates a generator that takes an `Answer` and yields `Trial`s. An exercise of
    the course also has hints, a solution and inputs to try, in modules of their own.
    """

    def __init__(self, try_out: Callable[[Answer], Iterator[Trial]]):
        functools.update_wrapper(self, try_out)
        self.try_out = try_out
        self._hints_given, self._times_asked, self._is_tried = 0, 0, False

    def __call__(self, answer: object) -> Verdict:
        with usual_settings(), own_random_numbers():
            trials = self._trials(answer)
            if not any(trial.shows_call(self.__name__) for trial in trials):
                trials += self._counterexample(answer) if trials else []
        verdict = Verdict(self.__name__, trials, self._more_help(trials))
        self._is_tried = self._is_tried or not verdict.is_empty
        if verdict.is_right and self.notebook:
            record.RECORD.add(self.__name__)
        return verdict

    @property
    def notebook(self) -> str:
        """The two digits of the notebook that has the exercise; "" if none has."""
        package, _, module = self.__module__.rpartition(".notebook_")
        return module if package == __package__ else ""

    def hint(self) -> helping.Said:
        """The next hint, from gentle to nearly the answer; then all of them again."""
        self._hints_given += 1
        return helping.hint(self.__name__, self.notebook, self._hints_given)

    def solution(self) -> helping.Said:
        """The solution, after an answer was checked, or if it is asked for twice."""
        self._times_asked += 1
        if self._is_tried or self._times_asked > 1:
            return helping.solution(self.__name__, self.notebook)
        return helping.not_yet(self.__name__)

    def _more_help(self, trials: list[Trial]) -> str:
        if not self.notebook or all(trial.is_right for trial in trials):
            return ""
        return f"  more help: check.{self.__name__}.hint()"

    def _trials(self, answer: object) -> list[Trial]:
        trials = []
        try:
            for trial in self.try_out(Answer(self.__name__, answer)):
                trials.append(trial)
        except Empty:
            if trials:
                trials.append(Trial("always returns something", "once it did not"))
        except Failed as failed:
            trials.append(Trial("runs to its end", str(failed)))
        return trials

    def _counterexample(self, answer: object) -> list[Trial]:
        """A trial that fails, with an input that no other shows; or none."""
        if not callable(answer) or not self.notebook:
            return []
        from d2l_rnn.exercises import counterexamples

        problem = counterexamples.find(self.__name__, self.notebook, answer)
        return [Trial(OTHER_INPUTS, problem)] if problem else []

    def __repr__(self) -> str:
        return f"check.{self.__name__}: {self.__doc__}"


def drawn(*shape: int, seed: int = 0, dtype: torch.dtype | None = None) -> torch.Tensor:
    """Normal random numbers of this shape to try an answer on; fixed by `seed`."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=dtype)


def _described(error: BaseException, function: Callable) -> str:
    """An error described for the reader: its type, its message, and the line."""
    message = attempt(lambda: str.__str__(str(error)), "")
    line = attempt(lambda: _line_of(error, function), "")
    described = f"{type_name(type(error))}: {message}".rstrip(": ")
    described = in_one_line(described, LONGEST_ERROR)
    return described + (f", in the line {line!r}" if line else "")


def _line_of(error: BaseException, function: Callable) -> str:
    """The last line of the function's file on the way to the error, if any."""
    file = function.__code__.co_filename
    lines = [
        linecache.getline(frame.filename, frame.lineno)
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == file
    ]
    return in_one_line(lines[-1], LONGEST_ERROR) if lines else ""
