"""A value from the reader, copied into types that can be trusted.

Comparing a value, or showing it, calls its methods, and those of the reader's own
types may raise, lie or never end. So a value is copied once, at the door, and all else
works on the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from numbers import Real
from types import BuiltinFunctionType, CoroutineType, FunctionType, GeneratorType

import numpy as np
import torch

MOST = 10_000  # items of a value; in its arrays, NUMBERS count as much as one
NUMBERS = 100
DEEPEST = 20  # lists within lists
LONGEST = 70  # characters of a name


class Other:
    """What is neither numbers nor words nor a list of them: its name is all it has."""

    def __init__(self, name: str):
        self.name = in_one_line(name, LONGEST)

    def __repr__(self) -> str:
        return self.name


TRUSTED = {type(None), bool, int, float, complex, str, bytes, Other}


class _TooMuch(Exception):
    """Raised if a value has more than `MOST` items."""


def plain(value: object, opens_iterators: bool = False) -> object:
    """Copy a value: numbers, words, arrays, tensors, and lists or dictionaries of them.

    Real numbers become Python's, tensors ordinary ones on the CPU without gradient;
    whatever else there is becomes an `Other`. With `opens_iterators`, generators become
    lists. Nothing that the value does is raised, except for the user's
    KeyboardInterrupt.
    """
    try:
        return _Copying(opens_iterators).of(value)
    except _TooMuch:
        return Other(f"more than {MOST:,} items")


def attempt(function: Callable[[], object], otherwise: object) -> object:
    """What the function returns; `otherwise` if it raises, even SystemExit.

    A KeyboardInterrupt is the user's, and passes.
    """
    try:
        return function()
    except KeyboardInterrupt:
        raise
    except BaseException:
        return otherwise


def in_one_line(text: str, longest: int) -> str:
    """Text without line breaks and control characters, cut where it is too long."""
    line = "".join(each if each.isprintable() else " " for each in text[:longest])
    return " ".join(line.split()) + "..." * (len(text) > longest)


def name_of(value: object) -> str:
    """A function's or a class's own name; of anything else, the name of its type."""
    kind = type(value)
    if kind is FunctionType or kind is BuiltinFunctionType:
        return f"the function {str.__str__(value.__name__)}"
    is_class = issubclass(kind, type)
    return "the class " * is_class + type_name(value if is_class else kind)


def type_name(kind: type) -> str:
    """The name of a type, even of one whose metaclass hides it."""
    return str.__str__(type.__dict__["__name__"].__get__(kind))


_DEEPER = Other("...")


class _Copying:
    """The copying of one value, which ends when there is no more room."""

    def __init__(self, opens_iterators: bool):
        self.opens_iterators = opens_iterators
        self.room, self.depth = MOST, 0

    def of(self, value: object) -> object:
        """The copy of a value, or of an item in it; an `Other` if it cannot be made."""
        if self.room <= 0:
            raise _TooMuch
        if self.depth > DEEPEST:
            return _DEEPER
        self.room -= 1
        self.depth += 1
        try:
            return self._copy(value)
        except (KeyboardInterrupt, _TooMuch):
            raise
        except BaseException:  # the reader's own code
            return Other(name_of(value))
        finally:
            self.depth -= 1

    def _copy(self, value: object) -> object:
        # The type says what a value is: isinstance also asks its __class__.
        kind = type(value)
        if kind in TRUSTED:
            return value
        for known in (list, tuple, set, frozenset):
            if issubclass(kind, known):
                return known(self._items(known.__iter__(value)))
        for known, same in (
            (int, int.__pos__), (float, float.__pos__), (str, str.__str__),
            (torch.Tensor, self._tensor), (np.ndarray | np.generic, self._array),
            ((Real, Decimal), float), (Mapping, self._mapping),
        ):  # fmt: skip
            if issubclass(kind, known):
                return same(value)
        return self._sequence(value)

    def _mapping(self, value: Mapping) -> dict:
        is_dict = issubclass(type(value), dict)
        pairs = dict.items(value) if is_dict else ((key, value[key]) for key in value)
        return {self.of(key): self.of(each) for key, each in pairs}

    def _sequence(self, value: object) -> object:
        kind = type(value)
        is_bytes = issubclass(kind, bytes | bytearray | memoryview)
        is_opened = self.opens_iterators and kind in (GeneratorType, map, zip)
        if is_opened or (issubclass(kind, Sequence) and not is_bytes):
            return self._items(value)
        if issubclass(kind, CoroutineType):
            value.close()  # else Python warns that nobody has awaited it
        return Other(name_of(value))

    def _items(self, values: Iterable[object]) -> list[object]:
        return [self.of(each) for each in values]

    def _has_room_for(self, numbers: int) -> bool:
        cost = numbers // NUMBERS
        has_room = cost <= self.room
        self.room -= cost * has_room
        return has_room

    def _tensor(self, value: torch.Tensor) -> object:
        with torch._C.DisableTorchFunctionSubclass():  # a subclass has no say
            value = torch.Tensor.detach(value)
        for what, is_so in (
            ("nested", value.is_nested), ("sparse", value.layout != torch.strided),
            ("quantized", value.is_quantized), ("meta", value.is_meta),
        ):  # fmt: skip
            if is_so:
                return Other(f"a {what} tensor")
        if not self._has_room_for(value.numel()):
            return Other(f"a tensor of shape {tuple(value.shape)}")
        value = value.cpu().resolve_conj().resolve_neg()
        value = value.double() if value.is_floating_point() else value
        return torch.from_numpy(value.numpy())  # an error for types unknown to NumPy

    def _array(self, value: np.ndarray | np.generic) -> object:
        if issubclass(type(value), np.ma.MaskedArray) and np.ma.is_masked(value):
            return Other("a masked array")
        array, is_number = np.asarray(value), issubclass(type(value), np.generic)
        if not self._has_room_for(array.size):
            return Other(f"an array of shape {array.shape}")
        if array.dtype.kind in "UO":
            return self.of(array.tolist())
        if array.dtype.kind not in "biufc":
            name = array.dtype.name
            return Other(name if is_number else f"an array of {name} values")
        if array.dtype.kind == "f":
            with np.errstate(over="ignore"):
                array = array.astype(float)  # also from longer ones
        return array.item() if is_number else array
