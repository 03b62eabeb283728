"""What comes of a call: whether it returned, or why not, and what it left behind."""

from __future__ import annotations

import contextlib
import dis
import math
import re
import reprlib
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from soak import _surroundings
from soak._calling import PACKAGE, Call, exercised
from soak._expressions import UNUSUAL
from soak._values import Awkward

ALLOWED = (ValueError, TypeError, FileNotFoundError, FloatingPointError)
PATIENCE = 5  # seconds of the processor that a call may take; in all four times as many
# These arguments may be changed by these modules, if the call comes to its end.
TRAINED = {
    "net", "params", "gradients", "optimizer", "updater", "minibatches", "train_iter",
    "history",
}  # fmt: skip
DRAWN = ("axes", "axis", "figure")  # these are there to be changed
TRAINING = {
    "training", "engine", "clipping", "optimizers", "sweeping", "book", "gradients",
    "bptt", "vanishing",
}  # fmt: skip


class Hang(BaseException):
    """Raised in a call that takes too long."""


@dataclass
class Finding:
    """Something to read: of what kind it is, where, and the call that shows it."""

    kind: str
    where: str
    what: str
    call: str
    number: int = 0
    alike: str = ""  # others of which this is the same are the same finding

    @property
    def key(self) -> tuple[str, str, str]:
        """Findings with the same key are told once."""
        return self.kind, self.where, self.alike or self.what


def judged(call: Call) -> Iterator[Finding]:
    """Run a call, and find what is wrong with it."""
    name, text = call.target.name, str(call)
    before, draws = _surroundings.settings(), _surroundings.generators()
    others = _surroundings.threads()
    kept = {
        given: _surroundings.fingerprint(value)
        for given, value in call.arguments.items()
        if given not in call.odd and given not in DRAWN
    }
    with warnings.catch_warnings(record=True) as warned, _dead_threads() as dead:
        warnings.simplefilter("always")
        result, error = _outcome(call)
    yield from _of_outcome(call, result, error)
    for left in _surroundings.left_threads(others):
        yield Finding("left behind", name, f"the thread {left}", text)
    for what in _surroundings.changed(before, _surroundings.settings()):
        yield Finding("left behind", name, what, text)
    for what in dead:
        yield Finding("unexpected", name, f"in a thread: {what}", text)
    for each in {f"{w.category.__name__}: {w.message}"[:120]: w for w in warned}:
        yield Finding("warning", name, each, text)
    for what in _surroundings.changed(draws, _surroundings.generators()):
        yield Finding("draws", name, what.partition(":")[0], text)
    yield from _of_arguments(call, kept, finished=error is None)
    _surroundings.mend(before)


@contextlib.contextmanager
def _dead_threads() -> Iterator[list[str]]:
    """The errors that end threads inside the block."""
    dead, before = [], threading.excepthook
    threading.excepthook = lambda args: dead.append(_brief_error(args.exc_value))
    try:
        yield dead
    finally:
        threading.excepthook = before


def _outcome(call: Call) -> tuple[object, BaseException | None]:
    """The result, or the error; `Hang` if it takes too long."""

    began, used = time.monotonic(), time.process_time()

    def too_long(*_):
        waited = time.monotonic() - began
        if waited > 4 * PATIENCE or time.process_time() - used > PATIENCE:
            raise Hang

    signal.signal(signal.SIGALRM, too_long)
    # Every second: the machine may be busy with others, or the error be swallowed.
    signal.setitimer(signal.ITIMER_REAL, PATIENCE, 1)
    try:
        return exercised(call.run()), None
    except BaseException as error:
        return None, error
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def _of_outcome(call: Call, result, error) -> Iterator[Finding]:
    name, text = call.target.name, str(call)
    if error is None:
        for given, expression in call.odd.items():
            if not _is_usual(call, given):
                what = f"{given}={expression} → {brief(result)}"
                kind, annotation = _silence(call, given), _annotation(call, given)
                one_of_many = annotation in ("bool", "str")  # all come to the same
                alike = given if one_of_many else f"{given}={expression}"
                yield Finding(kind, name, what, text, alike=alike)
        return
    kind, place = _kind(call, error), _place(error)
    odd_ones = ", ".join(f"{given}={code}" for given, code in call.odd.items())
    what = f"{_brief_error(error)} in {place}, for {odd_ones}"
    alike = f"{type(error).__name__} in {place}"
    if kind == "unnamed":
        alike += f", for {list(call.odd)}"
        what += "" if _is_raised(error) else " (from inside)"
    yield Finding(kind, name, what, text, alike=alike)


def _kind(call: Call, error: BaseException) -> str:
    """Of what kind a finding an error is."""
    words = _brief_error(error, at_most=None)
    if isinstance(error, Awkward):
        return "passed on"
    if isinstance(error, (Hang, MemoryError)) or "t allocate memory" in words:
        large = any(_is_large(call.arguments[given]) for given in call.odd)
        return "too much" if large else "hang"
    if not call.odd:
        return "refused"
    if not _is_allowed(call, error):
        return "unexpected"
    named = any(re.search(rf"\b{given}\b", words) for given in call.odd)
    return "named" if named else "unnamed"


def _is_large(value: object) -> bool:
    """True for what takes long, or much memory, because much is asked for."""
    is_number = isinstance(value, int)
    return value >= 1000 if is_number else isinstance(value, list) and len(value) > 1000


def _is_allowed(call: Call, error: BaseException) -> bool:
    names = {kind.__name__ for kind in type(error).__mro__[:-3]}
    if call.target.name.endswith(".__getitem__") and "LookupError" in names:
        return True  # as Python wants it
    return isinstance(error, ALLOWED) or any(n in call.target.doc for n in names)


def _annotation(call: Call, given: str) -> str:
    (parameter,) = (p for p in call.target.parameters if p.name == given)
    return str(parameter.annotation)


def _is_usual(call: Call, given: str) -> bool:
    """True if the odd value is one that the annotation allows after all."""
    annotation, value = _annotation(call, given), call.arguments[given]
    return (
        annotation in ("object", str(object))
        or (value is None and "None" in annotation)
        or (isinstance(value, bool) and "bool" in annotation)
        or (isinstance(value, str) and annotation in ("str", "Hashable"))
        or (callable(value) and "Callable" in annotation)
        or _is_alike(value, call.usual[given])
    )


def _is_alike(value: object, usual_value: object) -> bool:
    """True for the usual value itself, and for another that is as good."""
    if value is usual_value or type(value) is not type(usual_value):
        return value is usual_value
    if isinstance(value, (float, int)):
        return math.isfinite(value) and (value > 0) == (usual_value > 0)
    if isinstance(value, list):
        known = [*map(repr, usual_value)]
        return bool(value) and all(repr(each) in known for each in value)
    if isinstance(value, np.ndarray):
        if "O" in (value.dtype.kind, usual_value.dtype.kind):
            return False
        value, usual_value = torch.as_tensor(value), torch.as_tensor(usual_value)
    if isinstance(value, torch.Tensor):
        return _is_alike_tensor(value, usual_value)
    fingerprint = _surroundings.fingerprint
    return fingerprint(value) == fingerprint(usual_value)


def _is_alike_tensor(value: torch.Tensor, usual_value: torch.Tensor) -> bool:
    """True for finite floats of the same shape, and for a part of the same tokens."""
    if value.dtype != usual_value.dtype or value.is_meta or not value.numel():
        return False
    if value.is_floating_point():
        return value.shape == usual_value.shape and bool(value.isfinite().all())
    is_known = torch.isin(value, usual_value).all()
    return value.dim() == usual_value.dim() and bool(is_known)


def _silence(call: Call, given: str) -> str:
    """Of an odd value that was accepted, how odd it is."""
    patterns = (re.escape(each).replace(r"\{\}", r"\(.*\)") for each in UNUSUAL)
    if any(re.fullmatch(pattern, call.odd[given]) for pattern in patterns):
        return "accepted, unusual"
    return "accepted" if len(call.odd) == 1 else "accepted, one of many"


def _of_arguments(call: Call, kept: dict, finished: bool) -> Iterator[Finding]:
    is_training = call.target.name.partition(".")[0] in TRAINING
    has_begun = finished or any(_shows_in_use(call, odd) for odd in call.odd)
    may_change = TRAINED if is_training and has_begun else set()
    others = [
        call.arguments[given] for given in {*may_change, *call.odd} & {*call.arguments}
    ]
    for given, before in kept.items():
        if any(call.arguments[given] is other for other in others):
            continue
        if _surroundings.fingerprint(call.arguments[given]) != before:
            when = "" if finished else " by a call that failed"
            what = f"{given} was changed{when}"
            yield Finding("changed", call.target.name, what, str(call))


def _shows_in_use(call: Call, odd: str) -> bool:
    """True for a value whose fault shows only when it is used."""
    is_raising = call.odd[odd].startswith("raising(")
    return is_raising or callable(call.arguments[odd]) or _is_large(call.arguments[odd])


def _place(error: BaseException) -> str:
    """The innermost line of the package that an error came through."""
    frames = traceback.extract_tb(error.__traceback__)
    inside = [frame for frame in frames if frame.filename.startswith(PACKAGE)]
    if not inside:
        return "the call itself"
    last = inside[-1]
    return f"{Path(last.filename).relative_to(PACKAGE)}:{last.lineno} {last.name}"


def _is_raised(error: BaseException) -> bool:
    """True if a line of the package raises the error, rather than what it calls."""
    tb = error.__traceback__
    while tb.tb_next:
        tb = tb.tb_next
    code = tb.tb_frame.f_code
    return (
        code.co_filename.startswith(PACKAGE)
        and dis.opname[code.co_code[tb.tb_lasti]] == "RAISE_VARARGS"
    )


def _brief_error(error: BaseException, at_most: int | None = 160) -> str:
    try:
        words = " ".join(str(error).split())
    except Exception as worse:
        words = f"(no words: {type(worse).__name__})"
    return f"{type(error).__name__}: {words[:at_most]}"


def brief(value: object) -> str:
    """A value in a few words, and whether a number in it is not finite."""
    try:
        strange = " NOT FINITE" if _not_finite(value) else ""
        if isinstance(value, torch.Tensor):
            return f"{value.dtype} {tuple(value.shape)}{strange}"
        return f"{' '.join(reprlib.repr(value).split())[:90]}{strange}"
    except Exception as error:
        return f"a {type(value).__name__} whose repr fails: {_brief_error(error)}"


def _not_finite(value: object, depth: int = 3) -> bool:
    if isinstance(value, torch.Tensor):
        return value.is_floating_point() and not value.isfinite().all()
    if isinstance(value, np.ndarray):
        return value.dtype.kind == "f" and not np.isfinite(value).all()
    if isinstance(value, float):
        return value - value != 0
    if isinstance(value, (list, tuple)) and depth:
        return any(_not_finite(each, depth - 1) for each in value)
    return False
