"""How a value is compared with the expected one, and put into words."""

import math
from statistics import mean

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import rnn
from d2l_rnn.exercises.comparing import brief, difference

SAME = [
    (3, 3.0), (3.0, 3.00001), (np.float32(0.1), 0.1), (torch.tensor(2), 2),
    ([1, 2], (1.0, 2.0)), (torch.ones(2, 3), np.ones((2, 3))), (True, True),
    ([[torch.tensor(1.0)], [2]], [[1], [2]]), ("a", "a"), (["a", "b"], ["a", "b"]),
    (("a", "b"), ["a", "b"]), ({"a": 1}, {"a": 1.0}), ([[1], [2, 3]], [[1], [2, 3]]),
    (math.inf, math.inf), (math.nan, math.nan),
    (torch.ones(2, requires_grad=True), [1, 1]),
    ([], []), ([torch.ones(2), torch.ones(1)], [[1, 1], [1]]), (1, True + 0),
    (10**20, 10**20),
]  # fmt: skip
OTHER = [
    (3, 4), ("3", 3), (None, 3), ([1, 2], [2, 1]), ([1, 2], [1, 2, 3]), ([3], 3),
    (math.nan, 3), (torch.ones(2, 3), np.ones((3, 2))), (1, True), ("True", True),
    ("ab", ["a", "b"]), ({"a": 1}, {"b": 1}), ({"a": 1}, {"a": 2}), ([1], {"a": 1}),
    ([[1], [2, 3]], [[1], [2, 4]]), (["a", "c"], ["a", "b"]), (3, "3"), (len, 3),
    ({1, 2}, [1, 2]), (object(), [1.0]), (1j, 1), ([1, "a"], [1, 2]),
    ([], [1]), ([1], []), (10**400, 1), (10**20, 1), (1, 10**400),
]  # fmt: skip


@pytest.mark.parametrize(("came", "expected"), SAME)
def test_the_same(came, expected):
    assert difference(came, expected) == ""


@pytest.mark.parametrize(("came", "expected"), OTHER)
def test_another(came, expected):
    assert difference(came, expected).startswith(",")


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(JUNK, JUNK.filter(lambda value: value is not None))
def test_whatever_comes_can_be_compared_and_described(came, expected):
    assert isinstance(difference(came, expected), str)
    assert len(brief(came)) <= 70


def test_two_tensors_are_not_taken_for_one():
    pair = (torch.ones(2, 3), torch.zeros(2, 3))
    assert difference(pair, pair) == difference(torch.stack(pair), pair) == ""
    assert difference(pair[:1], pair) == ", where 2 items are expected and 1 came"
    assert difference((pair[0], pair[0]), pair) == ", which is wrong at index 1"


def test_what_is_long_is_shown_in_brief():
    assert brief(torch.zeros(3, 4)) == "a tensor of shape (3, 4)"
    assert brief(np.zeros(99)) == "an array of shape (99,)"
    assert brief(1 / 3) == "0.3333" and brief([1 / 3, "a"]) == "[0.3333, 'a']"
    assert brief((torch.zeros(3, 4), [torch.ones(2)])) == (
        "(a tensor of shape (3, 4), [[1.0, 1.0]])"
    )
    assert brief(rnn.RNNModelScratch(3, 2)) == "RNNModelScratch"
    assert brief("x" * 100).endswith("...") and brief(mean) == "the function mean"
