"""One call of the fuzzer: a function and its arguments, some of them odd."""

from __future__ import annotations

import contextlib
import inspect
import itertools
import os
import random
from dataclasses import dataclass, field
from pathlib import Path

from soak._expressions import OBJECTS
from soak._targets import Target
from soak._values import Scene, odd, usual

import d2l_rnn

PACKAGE = str(Path(d2l_rnn.__file__).parent)
STEPS = 3  # of an iterator that was returned
# Of those who wrote the package: the words of a message, and what it allows.
LABELS = ("name", "why")
BOUNDS = {"at_least", "at_most", "allowed", "vocab_size", "like", "kind"}


@dataclass
class Call:
    """A target and its arguments: expressions, values, and which of them are odd."""

    target: Target
    code: str
    function: object
    arguments: dict[str, object] = field(default_factory=dict)
    expressions: dict[str, str] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    usual: dict[str, object] = field(default_factory=dict)  # in place of the odd ones

    def __str__(self) -> str:
        given = ", ".join(f"{name}={code}" for name, code in self.expressions.items())
        return f"{self.code}({given})"

    def run(self) -> object:
        """The result; arguments without a keyword are given by position."""
        positional, named = [], dict(self.arguments)
        for parameter in self.target.parameters:
            if parameter.name not in named:
                continue
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(named.pop(parameter.name))
        return self.function(*positional, **named)


def made(target: Target, rng: random.Random, scene: Scene, odd_share: float) -> Call:
    """A call with usual arguments, of which one or some are replaced by odd ones."""
    code, function = target.code, None
    if target.owner:
        owner, instance = _object(target.owner, rng, scene)
        code, function = f"{owner}.{code}", getattr(instance, code)
    else:
        function = scene.value(code)
    call = Call(target, code, function)
    wrong = _odd_ones(target, rng) if rng.random() < odd_share else set()
    for parameter in target.parameters:
        expression = usual(rng, target.name, parameter)
        if parameter.name in wrong:
            call.usual[parameter.name] = expression and scene.value(expression)
            expression, value = odd(rng, scene, expression)
            call.odd[parameter.name] = expression
        elif expression is None:
            continue
        else:
            value = scene.value(expression)
        call.expressions[parameter.name] = expression
        call.arguments[parameter.name] = value
    return call


def _object(owner: Target, rng: random.Random, scene: Scene) -> tuple[str, object]:
    """An object of a class: the expression, and its value."""
    if owner.name in OBJECTS:
        return OBJECTS[owner.name], scene.value(OBJECTS[owner.name])
    call = made(owner, rng, scene, odd_share=0)
    return str(call), call.run()


def _odd_ones(target: Target, rng: random.Random) -> set[str]:
    """The names of the parameters that get odd values: one, or about half of them."""
    steady = {*LABELS, *(BOUNDS if target.name.startswith("checks.") else ())}
    names = [p.name for p in target.parameters if p.name not in steady]
    if not names:
        return set()
    if rng.random() < 0.75:
        return {rng.choice(names)}
    return {name for name in names if rng.random() < 0.5}


def exercised(result: object) -> object:
    """The result, used a little: an iterator advanced, a picture drawn, and so on."""
    if isinstance(result, contextlib.AbstractContextManager):
        if not isinstance(result, os.PathLike):  # once, a path was one
            with result:
                return result
    if hasattr(result, "wait") and hasattr(result, "close"):  # a panel
        try:
            result.wait(1)
        finally:
            result.close()
    elif hasattr(result, "png"):
        result.png()
    elif hasattr(result, "close") and hasattr(result, "__next__"):
        with contextlib.closing(result):
            return list(itertools.islice(result, STEPS))
    elif hasattr(type(result), "__iter__") and PACKAGE in _file_of(type(result)):
        list(itertools.islice(result, STEPS))
    return result


def _file_of(kind: type) -> str:
    try:
        return inspect.getfile(kind)
    except (TypeError, OSError):
        return ""
