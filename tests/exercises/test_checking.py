"""The checks of the exercises, on answers of every kind."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn.exercises import check
from d2l_rnn.exercises.checking import Exercise, Trial


@Exercise
def mean(answer):
    """The mean of some numbers."""
    numbers = [1.0, 2.0, 6.0]
    yield answer(numbers).gives(
        3, "three numbers", "divide by how many there are",
        mistakes=[(9, "that is their sum")],
    )  # fmt: skip
    yield answer(numbers * 2).gives(3, "six numbers")


@Exercise
def how_many(answer):
    """A number, not a function."""
    yield answer.value.gives(5, "counted", "count once more")


def right(numbers):
    return sum(numbers) / len(numbers)


def test_a_right_answer():
    verdict = mean(right)
    assert verdict.is_right and not verdict.is_empty
    assert repr(verdict) == "mean: right\n  ✓ three numbers\n  ✓ six numbers"


@pytest.mark.parametrize(
    "nothing", [None, ..., lambda numbers: None, lambda numbers: ...]
)
def test_no_answer_yet(nothing):
    verdict = mean(nothing)
    assert verdict.is_empty and not verdict.is_right
    assert repr(verdict) == (
        "mean: no answer yet: nothing came back. "
        "Write yours in place of the dots, and return it."
    )


def test_a_wrong_answer_gets_what_came_and_a_hint_but_not_the_value():
    verdict = mean(lambda numbers: numbers[0])
    assert not verdict.is_right
    assert repr(verdict).splitlines() == [
        "mean: 0 of 2 right",
        "  ✗ three numbers",
        "      mean([1.0, 2.0, 6.0]) gave 1.0, too small",
        "      hint: divide by how many there are",
        "  ✗ six numbers",
        "      mean([1.0, 2.0, 6.0, 1.0, 2.0, 6.0]) gave 1.0, too small",
    ]


def test_a_mistake_that_is_often_met_has_its_own_hint():
    verdict = mean(lambda numbers: sum(numbers[:3]))
    assert verdict.trials[0].hint == "that is their sum"


def test_half_right():
    verdict = mean(lambda numbers: sum(numbers) / 3)
    assert repr(verdict).startswith("mean: 1 of 2 right\n  ✓ three")
    assert not verdict.is_right


def test_an_error_is_described_and_not_raised():
    def broken(numbers):
        return sum(numbers) / 0

    verdict = mean(broken)
    assert "mean([1.0, 2.0, 6.0]) raised ZeroDivisionError" in repr(verdict)
    assert "in the line 'return sum(numbers) / 0'" in repr(verdict)
    assert not verdict.is_right


def test_the_wrong_number_of_arguments_is_described():
    assert "raised TypeError" in repr(mean(lambda: 3))


def test_an_answer_that_sometimes_returns_nothing_is_not_right():
    verdict = mean(lambda numbers: right(numbers) if len(numbers) == 3 else None)
    assert not verdict.is_right and not verdict.is_empty
    assert "returns something" in repr(verdict)


def test_what_is_no_function_is_described():
    assert "a function is expected, not 3" in repr(mean(3))


def test_the_arguments_are_copies():
    def careless(numbers):
        total, count = 0, len(numbers)
        while numbers:
            total += numbers.pop()
        return total / count

    assert mean(careless).is_right


def test_a_value():
    assert how_many(5).is_right
    assert how_many(torch.tensor(5)).is_right
    assert "your how_many gave 6, too large" in repr(how_many(6))
    assert how_many(...).is_empty
    assert not how_many("5").is_right
    assert not how_many(len).is_right


def test_something_that_holds():
    @Exercise
    def distribution(answer):
        """Sums to one."""
        yield answer(3).has("sums to one", lambda p: abs(sum(p) - 1) < 1e-9, "divide")

    assert distribution(lambda n: [1 / n] * n).is_right
    assert "hint: divide" in repr(distribution(lambda n: [1] * n))
    assert not distribution(lambda n: "no numbers").is_right


JUNK = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)


@given(JUNK)
def test_no_answer_whatever_it_is_breaks_a_check(junk):
    for verdict in (mean(junk), mean(lambda numbers: junk), how_many(junk)):
        assert repr(verdict)


def test_a_trial_without_a_problem_is_right():
    assert Trial("so").is_right and str(Trial("so")) == "  ✓ so"


def test_every_exercise_says_what_is_asked():
    for name, exercise in vars(check).items():
        assert exercise.__doc__ and name in repr(exercise)
