"""Values and answers that no exercise asks for: they fail, lie, or never end."""

import array
import asyncio
import collections
import decimal
import fractions
import functools
import io
import itertools
import random
import warnings
from unittest import mock

import numpy as np
import torch

from d2l_rnn.exercises import check
from d2l_rnn.exercises.checking import Verdict

LONG = "x" * 10_000_000


def fails(*_, **__):
    raise ValueError("on purpose")


def leaves(*_, **__):
    raise SystemExit("on purpose")


def an_odd(*bases, **methods):
    """An instance of a class of its own with these methods."""
    return type("Odd", bases, methods)()


def quietly(make):
    """Without the warnings that PyTorch has of what is new or to go."""

    def made():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return make()

    return made


class FailingMeta(type):
    __name__ = property(fails)
    __instancecheck__ = __subclasscheck__ = __getattribute__ = fails
    __eq__ = __hash__ = fails


def containing_itself():
    one = []
    one.extend([one, one])
    return one


def dictionary_of_itself():
    one = {}
    one["a"] = one
    return one


def array_of_itself():
    one = np.empty(2, object)
    one[:] = [one, 1]
    return one


def nested(depth=2000):
    one = []
    for _ in range(depth):
        one = [one]
    return one


def half_masked():
    return np.ma.masked_array([1.0, 2.0], mask=[False, True])


class Endless(collections.abc.Sequence):
    """Says that it has two items, and never stops to give one."""

    def __len__(self):
        return 2

    def __getitem__(self, index):
        return index


class KeysFail(collections.abc.Mapping):
    __iter__ = keys = fails
    __getitem__ = __len__ = lambda self, *_: 1


class EndlessMapping(KeysFail):
    def __iter__(self):
        return itertools.count()


class Weight(torch.Tensor):
    __torch_function__ = classmethod(fails)


class Array(np.ndarray):
    tolist = astype = __array_ufunc__ = __array_function__ = __getitem__ = fails
    shape = size = dtype = property(fails)


class Words(str):
    __repr__ = __eq__ = __len__ = __getitem__ = __str__ = __format__ = fails
    __hash__ = str.__hash__


class Whole(int):
    __repr__ = __eq__ = __float__ = __int__ = __abs__ = __index__ = fails
    __hash__ = int.__hash__


class Items(list):
    __repr__ = __iter__ = __len__ = __getitem__ = __eq__ = fails


class Table(dict):
    __repr__ = __iter__ = __len__ = __getitem__ = items = keys = fails


class Measured(fractions.Fraction):
    __float__ = __repr__ = __abs__ = fails


METHODS = (
    "repr", "str", "eq", "len", "iter", "bool", "float", "int", "index", "array",
    "getattr", "getattribute", "getitem", "next", "call", "hash", "instancecheck",
)  # fmt: skip

# What makes each anew: a check may use it up.
VALUES = {
    f"an object whose __{name}__ fails": functools.partial(
        an_odd, **{f"__{name}__": fails}
    )
    for name in METHODS
} | {
    "an object whose every method fails": lambda: an_odd(
        **{f"__{name}__": fails for name in METHODS}
    ),
    "an object whose every method leaves": lambda: an_odd(
        **{f"__{name}__": leaves for name in METHODS}
    ),
    "an object whose __class__ fails": lambda: an_odd(__class__=property(fails)),
    "an object that says it is a number": lambda: an_odd(
        __class__=property(lambda self: float), __float__=fails
    ),
    "an object of a class that fails": lambda: FailingMeta("Odd", (), {})(),
    "a class that fails": lambda: FailingMeta("Odd", (), {}),
    "an object of a long name": lambda: type("x\n" * 10**6, (), {})(),
    "a str that fails": lambda: Words("a"),
    "an int that fails": lambda: Whole(29),
    "a list that fails": lambda: Items([1, 2]),
    "a dict that fails": lambda: Table({"a": 2}),
    "a Fraction that fails": lambda: Measured(1, 7),
    "a mapping whose keys fail": KeysFail,
    "a mapping without end": EndlessMapping,
    "a sequence without end": Endless,
    "a generator without end": lambda: (i for i in itertools.count()),
    "an iterator without end": itertools.count,
    "pairs without end": lambda: zip(itertools.count(), itertools.count()),
    "two iterators without end": lambda: (map(str, itertools.count()), iter(int, 1)),
    "a generator that fails": lambda: (fails() for _ in "ab"),
    "a generator that leaves": lambda: (leaves() for _ in "ab"),
    "a file": lambda: io.StringIO("1\n2\n"),
    "a list of itself": containing_itself,
    "a dict of itself": dictionary_of_itself,
    "an array of itself": array_of_itself,
    "a deep list": nested,
    "a deep tuple": lambda: (nested(),),
    "a long string": lambda: LONG,
    "many long strings": lambda: [LONG] * 1000,
    "a string that cannot be printed": lambda: "\ud800\x1b[2J",
    "a list without end, almost": lambda: [0] * 10**6,
    "a range without end, almost": lambda: range(10**15),
    "a huge int": lambda: 10**400,
    "a huger int": lambda: -(10**10_000),
    "a list of huge ints": lambda: [10**10_000, 2],
    "a dict of a huge int": lambda: {10**10_000: 1},
    "a Decimal": lambda: decimal.Decimal("7.25"),
    "a signalling NaN": lambda: decimal.Decimal("sNaN"),
    "a huge Fraction": lambda: fractions.Fraction(10**400, 3),
    "a Fraction": lambda: fractions.Fraction(29, 4),
    "a complex number": lambda: 1 + 2j,
    "bytes": lambda: b"ab",
    "a bytearray": lambda: bytearray(b"ab"),
    "a set": lambda: {1, 2},
    "a set of objects": lambda: {object(), Words("a")},
    "an array of bytes": lambda: array.array("d", [1.5, 2.5]),
    "a deque": lambda: collections.deque([7.25, 2]),
    "a Counter": lambda: collections.Counter("abc"),
    "a module": lambda: random,
    "a mock": mock.MagicMock,
    "a Verdict": lambda: Verdict("mine"),
    "NotImplemented": lambda: NotImplemented,
    "a NumPy int": lambda: np.int64(29),
    "a long double": lambda: np.longdouble("1e4000"),
    "a 0-d array": lambda: np.array(7.25),
    "a 0-d array of an object": lambda: np.array(object()),
    "an array of objects": lambda: np.array([object(), Words("a"), 1]),
    "an array of complex numbers": lambda: np.ones(2) * 1j,
    "a structured array": lambda: np.zeros(2, [("a", float), ("b", int)]),
    "a record": lambda: np.zeros(2, [("a", float), ("b", int)])[0],
    "dates": lambda: np.array(["2026-01-01"] * 2, "datetime64[ns]"),
    "a date": lambda: np.datetime64("2026-01-01"),
    "a span of time": lambda: np.timedelta64(1, "ns"),
    "a masked array": half_masked,
    "a masked number": lambda: np.ma.masked,
    "an array that fails": lambda: np.zeros(3).view(Array),
    "a huge array": lambda: np.broadcast_to(1.0, (10**9, 10**8)),
    "an empty array": lambda: np.zeros((0, 3)),
    "huge arrays": lambda: [np.zeros(10**5)] * 10**5,
    "a meta tensor": lambda: torch.ones(2, device="meta"),
    "meta tensors": lambda: [torch.ones(2, device="meta")] * 2,
    "a sparse tensor": lambda: torch.eye(2).to_sparse(),
    "a compressed tensor": quietly(lambda: torch.eye(2).to_sparse_csc()),
    "a quantized tensor": quietly(
        lambda: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8)
    ),
    "a nested tensor": quietly(
        lambda: torch.nested.nested_tensor([torch.ones(2), torch.ones(3)])
    ),
    "a complex tensor": lambda: torch.ones(2, dtype=torch.complex64).conj(),
    "a negated tensor": lambda: torch.ones(2, dtype=torch.complex64).conj().imag,
    "a bfloat16 tensor": lambda: torch.full((2,), 7.25, dtype=torch.bfloat16),
    "a float8 tensor": lambda: torch.ones(2).to(torch.float8_e4m3fn),
    "a tensor with a gradient": lambda: torch.full((2,), 7.25, requires_grad=True) * 2,
    "a parameter": lambda: torch.nn.Parameter(torch.full((3,), 7.25)),
    "a parameter without numbers": torch.nn.UninitializedParameter,
    "a tensor that fails": lambda: torch.ones(2).as_subclass(Weight),
    "a huge tensor": lambda: torch.ones(1).expand(10**9, 10**8),
    "an empty tensor": lambda: torch.ones(0, 3),
}  # fmt: skip


class Unsayable(Exception):
    __str__ = __repr__ = fails


class Untraceable(Exception):
    __traceback__ = property(fails)
    __class__ = property(fails)


class Own(BaseException):
    """Not an Exception."""


def raising(error):
    def answer(*_, **__):
        raise error

    return answer


def endless(*args, **kwargs):
    return endless(*args, **kwargs)


async def later(*_, **__):
    return 1


async def again_and_again(*_, **__):
    yield 1


def one_by_one(*_, **__):
    yield 1


def misnamed():
    def answer(*_, **__):
        return answer

    answer.__name__ = Words("x\n" * 1000)
    return answer


ANSWERS = {
    "leaves": lambda: leaves,
    "leaves the generator": lambda: raising(GeneratorExit()),
    "ends the iteration": lambda: raising(StopIteration(7)),
    "raises no Exception": lambda: raising(Own("own")),
    "raises what cannot be said": lambda: raising(Unsayable()),
    "raises what contains that": lambda: raising(ValueError(Unsayable())),
    "raises what cannot be traced": lambda: raising(Untraceable()),
    "raises a long error": lambda: raising(ValueError(LONG)),
    "raises an error of many lines": lambda: raising(ValueError("a\n\x1b[2J\ud800b")),
    "raises several errors": lambda: raising(asyncio.CancelledError("a", "b")),
    "never ends": lambda: endless,
    "a class": lambda: type("Mine", (), {"__init__": lambda self, *_, **__: None}),
    "a built-in class": lambda: dict,
    "a lambda": lambda: lambda *_, **__: object(),
    "a partial": lambda: functools.partial(lambda *_, **__: object()),
    "a partial that fails": lambda: functools.partial(fails, 1),
    "a bound method": lambda: an_odd(fails=fails).fails,
    "a built-in function": lambda: len,
    "print": lambda: print,
    "a module of torch": torch.nn.ReLU,
    "a module without forward": torch.nn.Module,
    "a coroutine function": lambda: later,
    "an asynchronous generator": lambda: again_and_again,
    "a generator function": lambda: one_by_one,
    "an exercise": lambda: check.put_back,
    "a function of a bad name": misnamed,
    "gives its first argument": lambda: lambda first, *_, **__: [first, first],
}
