"""The smallest input on which an answer differs from the solution, found by Hypothesis.

The search takes about a second at most, is the same each time, and leaves no file. It
needs `inputs`, which says what an exercise may be given; without Hypothesis, nothing
is found.
"""

from __future__ import annotations

import contextlib
import copy
import io
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterator

from d2l_rnn.exercises import helping
from d2l_rnn.exercises.checking import Answer, Empty, Failed
from d2l_rnn.exercises.comparing import difference, in_full

LIMIT = 1.0  # seconds; then the best found so far has to do. Also of a single call
MOST = 60  # examples


class _Over(BaseException):
    """Raised when the time is over: no Exception, which Hypothesis would look into."""


class _Answer(Answer):
    """The reader's answer; its calls are shown in full."""

    write = staticmethod(in_full)


def find(name: str, notebook: str, answer: Callable) -> str:
    """A call, what it gave and what is right, in words; "" if no call was wrong."""
    try:
        inputs = helping.beside("inputs", notebook)
    except ImportError:  # Hypothesis is not installed, or nobody has written any
        return ""
    if name not in inputs.INPUTS:
        return ""
    right = getattr(helping.beside("solutions", notebook), name)
    judged = getattr(inputs, "JUDGED", {}).get(name)
    search = _Search(_Answer(name, answer), right, judged)
    with _unheard(), contextlib.suppress(Exception, _Over):
        _minimal(inputs.INPUTS[name], search.finds)
    return search.found


class _Search:
    """Tries inputs; `found` is about the last that failed, which is the smallest."""

    def __init__(
        self, answer: _Answer, right: Callable, judged: Callable[..., object] | None
    ):
        self.answer, self.right, self.judged = answer, right, judged
        self.end = time.monotonic() + LIMIT
        self.found = ""

    def finds(self, args: tuple) -> bool:
        """True if the answer is wrong for these arguments."""
        problem = self._problem(args)
        self.found = problem or self.found
        return bool(problem)

    def _problem(self, args: tuple) -> str:
        right = self.right(*copy.deepcopy(args))
        came = self._what_came(args, right)
        if time.monotonic() > self.end:  # what came may be that it was interrupted
            raise _Over
        return f"{came}; right is {in_full(right)}" if came else ""

    def _what_came(self, args: tuple, right: object) -> str:
        try:
            with _ended_in(LIMIT, getattr(self.answer.answer, "__globals__", None)):
                result = self.answer(*args)
        except Failed as failed:
            return str(failed)
        except Empty:
            return f"{self.answer.call(*args)} gave nothing"
        came, expected = result.value, right
        if self.judged:
            came, expected = self._judgement(came, args), self.judged(right, *args)
        problem = difference(came, expected)
        return f"{result.source} gave {in_full(result.value)}{problem}" * bool(problem)

    def _judgement(self, came: object, args: tuple) -> object:
        try:
            return self.judged(came, *args)
        except Exception:  # a value of the wrong kind
            return False


def _minimal(strategy: object, finds: Callable[[tuple], bool]) -> None:
    """Have Hypothesis look for arguments with `finds(arguments)`, and for smaller ones.

    Raises NoSuchExample if it has found none.
    """
    import hypothesis
    from hypothesis import HealthCheck, Phase, Verbosity

    settings = hypothesis.settings(
        max_examples=MOST, derandomize=True, database=None, deadline=None,
        phases=(Phase.generate, Phase.shrink), verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck), print_blob=False,
    )  # fmt: skip
    hypothesis.find(strategy, finds, settings=settings)


@contextlib.contextmanager
def _unheard() -> Iterator[None]:
    """Without what a hundred calls would print or warn of."""
    nowhere = io.StringIO()
    with warnings.catch_warnings(), contextlib.redirect_stdout(nowhere):
        warnings.simplefilter("ignore")
        with contextlib.redirect_stderr(nowhere):
            yield


@contextlib.contextmanager
def _ended_in(seconds: float, scope: dict | None) -> Iterator[None]:
    """Raise _Over after so many seconds in the block, in a line of the reader's code.

    `scope` has the globals of that code. This is for what may never end: like Ctrl-C,
    it can keep a `with` from putting things back. Elsewhere it might be raised where
    nobody catches it. A debugger, which has the same place in Python, keeps it.
    """
    end = time.monotonic() + seconds

    def watch(frame: types.FrameType, event: str, value: object) -> Callable | None:
        if frame.f_globals is not scope:
            return None
        if time.monotonic() > end:
            raise _Over
        return watch

    if sys.gettrace() is not None:
        yield
        return
    sys.settrace(watch)
    try:
        yield
    finally:
        sys.settrace(None)
