"""The values of the expressions, usual and odd, and the functions that they call."""

from __future__ import annotations

import decimal
import fractions
import functools
import importlib
import inspect
import math
import os
import random
from collections.abc import Callable

import numpy as np
import torch
from soak._expressions import ODD, SCENE, TWISTED, UNUSUAL, USUAL
from torch import nn

import d2l_rnn


class Awkward(Exception):
    """What an object raises that cannot be looked at."""


def raising(method: str) -> object:
    """An object with a length and items, one of whose methods raises `Awkward`."""

    def fail(self, *_):
        raise Awkward(method)

    methods = {"__len__": lambda self: 2, "__iter__": lambda self: iter("ab")}
    return type("Raising", (), {**methods, method: fail})()


def inside_itself() -> list:
    """A list that holds nothing but itself."""
    each = []
    each.append(each)
    return each


def with_one(value: object, number: float) -> object:
    """A copy of an array, tensor or list whose last number is another one."""
    if isinstance(value, torch.Tensor):
        value = value.detach().clone()
        value.view(-1)[-1] = number
    elif isinstance(value, np.ndarray):
        value = value.copy()
        value.flat[-1] = number
    elif isinstance(value[-1], list):
        value = [*value[:-1], with_one(value[-1], number)]
    else:
        value = [*value[:-1], number]
    return value


def scratch_of(cell: str, vocab_size: int) -> object:
    """A GRU or an LSTM from scratch, with 4 hidden units."""
    from d2l_rnn import gated, rnn

    parts = [f"get_{cell}_params", f"init_{cell}_state", cell]
    return rnn.RNNModelScratch(vocab_size, 4, None, *(getattr(gated, p) for p in parts))


def with_gradients(net: object, X: torch.Tensor, Y: torch.Tensor) -> object:
    """The model, after a backward pass."""
    from d2l_rnn import gradients

    gradients.ByAutograd(net)(X, Y, net.begin_state(len(X)))
    return net


def used(learner: Callable, *arguments: object) -> object:
    """The object that learns, after it has been called once."""
    *before, last = arguments
    learner(*before, (last,) if isinstance(last, torch.Tensor) else last)
    return getattr(learner, "__self__", learner)


def log_axis_of(axes: object) -> object:
    """The axis across, logarithmic."""
    axes.set(xscale="log", xlim=(1, 100))
    return axes.xaxis


def plain(params: list[torch.Tensor]) -> list[torch.Tensor]:
    """The parameters without their graph."""
    return [param.detach() for param in params]


NAMES = {
    "torch": torch, "np": np, "nn": nn, "math": math, "random": random,
    "functools": functools, "fractions": fractions, "decimal": decimal,
    "nan": math.nan, "inf": math.inf, "raising": raising, "with_one": with_one,
    "inside_itself": inside_itself, "scratch_of": scratch_of, "plain": plain,
    "with_gradients": with_gradients, "used": used, "log_axis_of": log_axis_of,
}  # fmt: skip


class Scene(dict):
    """The names that the expressions of one call use, each made when it is needed."""

    def __init__(self, rng: random.Random):
        super().__init__(NAMES, text_file=os.environ.get("SOAK_TEXT", ""))
        self.rng = rng

    def __missing__(self, name: str):
        if name in SCENE:
            value = self.value(self.rng.choice(SCENE[name]))
        elif name in d2l_rnn.MODULES:
            value = importlib.import_module(f"d2l_rnn.{name}")
        else:
            raise KeyError(name)  # so that Python looks among its own names
        self[name] = value
        return value

    def value(self, expression: str) -> object:
        """What an expression is here."""
        return eval(expression, {}, self)


def usual(rng: random.Random, target: str, parameter: inspect.Parameter) -> str | None:
    """An expression for a usual value; None to leave the parameter out.

    Raises KeyError for a parameter that has no default, and none is known.
    """
    has_default = parameter.default is not parameter.empty
    choices = USUAL.get(f"{target}:{parameter.name}")
    if choices is None and (not has_default or rng.random() < 0.7):
        choices = USUAL.get(parameter.name)
    if target.startswith("explorers.") or (choices is None and has_default):
        return None
    if choices is None:
        raise KeyError(f"{target}: no value for {parameter.name}: add one to USUAL")
    return choices if isinstance(choices, str) else rng.choice(choices)


def odd(rng: random.Random, scene: Scene, of: str | None) -> tuple[str, object]:
    """An expression for an odd value, and the value; `of` is the usual one."""
    while True:
        pools = (ODD, UNUSUAL, TWISTED) if of else (ODD, ODD, UNUSUAL)
        expression = rng.choice(rng.choice(pools)).replace("{}", f"({of})")
        try:
            return expression, scene.value(expression)
        except Exception:  # that twist is not for this value
            continue
