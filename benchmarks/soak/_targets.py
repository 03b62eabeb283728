"""The functions and classes that the fuzzer calls: all that the package offers."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import types
from collections.abc import Callable, Iterator

import d2l_rnn

# What reaches out of this process, or is a plain record that holds what it is given.
LEFT_OUT = {
    "corpora.download", "corpora.fetched_or_story", "corpora.main", "corpora.TextFile",
    "book.download", "book.download_extract", "book.train_ch8", "progress.Progress",
    "pictures.Picture.set", "pictures.Picture.draw",
    "pictures.Picture.check_while_drawn", "sweeping.Sweep", "runs.Run",
    "progress.EpochTally.timing", "batching.GivenOffset.randint", "saving.SavedModel",
}  # fmt: skip
# These start programs, or only one other module calls them.
NOT_CALLED = ("commands", "web", "doctor", "large_text", "runs")
SPECIAL = ("__call__", "__getitem__", "__iter__", "__len__")


@dataclasses.dataclass(frozen=True)
class Target:
    """A function, a class or a method, by its name: "markov.MarkovChain.sample"."""

    name: str
    parameters: tuple[inspect.Parameter, ...]
    doc: str
    owner: Target | None = None  # the class of which a method needs an object

    @property
    def code(self) -> str:
        """The expression that is called; of a method, after the dot."""
        return self.name.rpartition(".")[2] if self.owner else self.name


def _parameters(function: Callable) -> tuple[inspect.Parameter, ...]:
    each = inspect.signature(function).parameters.values()
    return tuple(p for p in each if p.kind is not p.VAR_KEYWORD and p.name != "self")


def _doc(*things: object) -> str:
    return "\n".join(inspect.getdoc(thing) or "" for thing in things)


def _methods(owner: Target, kind: type) -> Iterator[Target]:
    """Its own public methods; those of the class itself stand for themselves."""
    for name, member in vars(kind).items():
        full = f"{owner.name}.{name}"
        function = inspect.unwrap(getattr(member, "__func__", member))
        if not isinstance(function, types.FunctionType) or full in LEFT_OUT:
            continue
        if name.startswith("_") and name not in SPECIAL:
            continue
        bound = isinstance(member, (classmethod, staticmethod))
        found = _parameters(getattr(kind, name) if bound else function)
        yield Target(full, found, _doc(kind, function), None if bound else owner)


def _of_class(name: str, kind: type) -> Iterator[Target]:
    """The class, as what makes its objects, and its methods."""
    target = Target(name, _parameters(kind), _doc(kind, kind.__init__))
    if name not in LEFT_OUT:
        yield target
    yield from _methods(target, kind)


def _of_module(name: str, module: types.ModuleType) -> Iterator[Target]:
    """What is defined in a module and has no underscore."""
    for attribute, member in vars(module).items():
        full = f"{name}.{attribute}"
        own = getattr(member, "__module__", None) == module.__name__
        if attribute.startswith("_") or not own:
            continue
        if isinstance(inspect.unwrap(member), types.FunctionType):
            if full not in LEFT_OUT:
                yield Target(full, _parameters(member), _doc(member))
        elif inspect.isclass(member):
            yield from _of_class(full, member)


def _exercises() -> Iterator[Target]:
    from d2l_rnn.exercises import check

    for name, exercise in vars(check).items():
        yield Target(f"exercises.check.{name}", _parameters(exercise), _doc(exercise))


def _panels() -> Iterator[Target]:
    """The panels: their parameters are their controls."""
    from d2l_rnn import explorers
    from d2l_rnn.explorers.controls import Control

    for name in explorers.PANELS:
        panel = getattr(explorers, name)
        controls = {
            name: inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=...)
            for parent in panel.__mro__
            for name, control in vars(parent).items()
            if isinstance(control, Control)
        }
        doc = _doc(panel, importlib.import_module(panel.__module__))
        yield Target(f"explorers.{name}", tuple(controls.values()), doc)


def targets() -> list[Target]:
    """All of them, in the order of the modules."""
    found = []
    for name in d2l_rnn.MODULES:
        if name in NOT_CALLED:
            continue
        if name == "exercises":
            found += _exercises()
        elif name == "explorers":
            found += _panels()
        else:
            found += _of_module(name, importlib.import_module(f"d2l_rnn.{name}"))
    return found
