"""No answer, however odd, breaks a check, ends it too soon or changes what is set."""

import collections
import contextlib
import decimal
import fractions
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from odd_answers import (
    ANSWERS,
    VALUES,
    Endless,
    Items,
    Weight,
    an_odd,
    fails,
    half_masked,
    raising,
)

from d2l_rnn.exercises import check, plain
from d2l_rnn.exercises.checking import Exercise, Verdict
from d2l_rnn.exercises.comparing import brief, difference

EXPECTED = [3, 3.5, True, "b", ["a", "b"], [1, 3], [[1], [2, 3]], {"a": 1}]


def what_is_set():
    return (
        torch.is_grad_enabled(), torch.is_inference_mode_enabled(),
        torch.get_default_dtype(), torch.get_num_threads(), torch.empty(0).device,
        torch.get_rng_state().tolist(), random.getstate(),
        np.random.get_state()[1].tolist(), torch.is_anomaly_enabled(),
        torch.is_anomaly_check_nan_enabled(), torch.get_deterministic_debug_mode(),
        torch.get_float32_matmul_precision(), str(torch.tensor([1e-9, 1 / 3])),
        1e-310 * torch.get_num_threads() == 0, torch.backends.mkldnn.enabled,
        np.geterr(), np.get_printoptions(),
    )  # fmt: skip


def assert_refused(verdict):
    """The answer is not right, and the verdict can be read."""
    assert type(verdict) is Verdict and not verdict.is_right
    text = repr(verdict)
    assert len(text) < 3000 and text.replace("\n", "").isprintable()


def assert_all_refused(verdict):
    """Nor is it right in any trial."""
    assert_refused(verdict)
    assert verdict.trials and not any(trial.is_right for trial in verdict.trials)


@pytest.fixture
def same_settings():
    """Whatever the test does, the settings are the same after it."""
    before = what_is_set()
    yield
    assert what_is_set() == before


@pytest.fixture
def soon_too_much(monkeypatch):
    """What never ends is given up sooner, so that many exercises can be tried."""
    monkeypatch.setattr(plain, "MOST", 200)


@Exercise
def some_of_each(answer):
    """An answer that is compared with values of every kind."""
    for call in (answer, lambda: answer.value):
        for expected in EXPECTED:
            yield call().gives(expected, "compared", mistakes=[(0, "0"), ([0], "[0]")])
        yield call().has("holds", lambda value: sum(map(float, value)) == -1)


@pytest.mark.parametrize("name", VALUES)
def test_every_odd_value_is_refused(name, same_settings):
    make = VALUES[name]
    assert_all_refused(some_of_each(make()))
    assert_all_refused(some_of_each(lambda: make()))
    for expected in EXPECTED:
        assert difference(make(), expected).startswith(",")
    assert len(brief(make())) <= 70


@pytest.mark.parametrize("name", ANSWERS)
def test_every_odd_answer_is_refused(name, same_settings):
    assert_refused(some_of_each(ANSWERS[name]()))


# Each exercise takes a third of what is odd.
THIRDS = [(name, number % 3) for number, name in enumerate(vars(check))]


@pytest.mark.parametrize(("name", "first"), THIRDS)
def test_every_exercise_refuses_odd_values(name, first, same_settings, soon_too_much):
    left = list(VALUES.values())[first::3]

    def answer(*_, **__):  # at each call another value
        return left.pop()() if left else fails()

    while left:
        assert_all_refused(getattr(check, name)(answer))


@pytest.mark.parametrize(("name", "first"), THIRDS)
def test_every_exercise_refuses_odd_answers(name, first, same_settings, soon_too_much):
    for make in list(ANSWERS.values())[first::3]:
        assert_refused(getattr(check, name)(make()))


def made(names):
    """The values of names that stand in lists, tuples and dictionaries."""
    if isinstance(names, str):
        return VALUES[names]()
    if isinstance(names, dict):
        return {key: made(each) for key, each in names.items()}
    return type(names)(map(made, names))


@settings(max_examples=30)
@given(
    st.recursive(
        st.sampled_from(list(VALUES)),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.tuples(inner, inner)
            | st.dictionaries(st.text(max_size=2), inner, max_size=2)
        ),
        max_leaves=4,
    )
)
def test_odd_values_within_each_other_are_refused(names):
    assert_refused(some_of_each(lambda: made(names)))


NUMBERS = [7.25, 2.0]
SAME = {
    "Fractions": lambda: [fractions.Fraction(29, 4), fractions.Fraction(2)],
    "Decimals": lambda: [decimal.Decimal("7.25"), decimal.Decimal(2)],
    "NumPy's numbers": lambda: [np.float32(7.25), np.int64(2)],
    "long doubles": lambda: np.array(NUMBERS, np.longdouble),
    "a deque": lambda: collections.deque(NUMBERS),
    "a named tuple": lambda: collections.namedtuple("Pair", "a b")(*NUMBERS),
    "an array of objects": lambda: np.array(NUMBERS, object),
    "a masked array, without a mask": lambda: np.ma.masked_array(NUMBERS),
    "0-d tensors": lambda: [torch.tensor(7.25), torch.tensor(2)],
    "a parameter": lambda: torch.nn.Parameter(torch.tensor(NUMBERS)),
    "a result of gradients": lambda: torch.tensor(NUMBERS, requires_grad=True) * 1,
    "bfloat16": lambda: torch.tensor(NUMBERS, dtype=torch.bfloat16),
    "a negated view": lambda: torch.tensor([1 - 7.25j, 1 - 2j]).conj().imag,
    "a tensor of another kind": lambda: torch.tensor(NUMBERS).as_subclass(Weight),
    "a list that fails": lambda: Items(NUMBERS),
}


@pytest.mark.parametrize("name", SAME)
def test_right_numbers_of_every_kind_are_right(name):
    assert difference(SAME[name](), NUMBERS) == ""
    assert brief(SAME[name]()).endswith(("[7.25, 2.0]", "[7.25, 2]", "(7.25, 2.0)"))


def test_a_range_and_an_iterator():
    assert difference(range(1, 4), [1, 2, 3]) == ""
    assert difference(iter([1, 2]), [1, 2]) == ", where numbers are expected"
    assert difference(iter("ab"), ["a", "b"]) == ", where a list is expected"


@Exercise
def adds_up(answer):
    """Numbers that are looked at twice."""
    result = answer()
    yield result.has("three", lambda numbers: len(numbers) == 3)
    yield result.has("adds up to 6", lambda numbers: sum(numbers) == 6)


def test_what_has_to_hold_may_hold_for_an_iterator():
    assert adds_up(lambda: (i for i in (1, 2, 3))).is_right
    assert adds_up(lambda: map(int, "123")).is_right
    assert not adds_up(lambda: (i for i in (1, 2))).is_right


def test_what_is_masked_is_no_number():
    assert difference(half_masked(), [1, 2]) == ", where numbers are expected"


SAID = [
    (VALUES["a meta tensor"], "a meta tensor, where numbers are expected"),
    (VALUES["a sparse tensor"], "a sparse tensor, where numbers are expected"),
    (VALUES["a nested tensor"], "a nested tensor, where numbers are expected"),
    (VALUES["dates"], "an array of datetime64[ns] values, where numbers are expected"),
    (VALUES["a huge int"], "about 1e400, which has more digits than a float can hold"),
    (VALUES["a huger int"], "about -1e10000, which has more digits than"),
    (VALUES["a complex number"], "(1+2j), which is complex, where real numbers are"),
    (VALUES["a sequence without end"], "more than 10,000 items, where numbers are"),
    (VALUES["a huge tensor"], "a tensor of shape (1000000000, 100000000), where"),
    (lambda: len, "the function len, where"),
    (lambda: Endless, "the class Endless, where"),
    (object, "object, where numbers are expected"),
]


@pytest.mark.parametrize(("make", "words"), SAID)
def test_what_came_is_named(make, words):
    assert f"gave {words}" in repr(some_of_each(lambda: make()))


ERRORS = [
    ("leaves", "raised SystemExit: on purpose, in the line 'raise SystemExit"),
    ("leaves the generator", "raised GeneratorExit, in the line 'raise error'"),
    ("raises no Exception", "raised Own: own, in"),
    ("raises what cannot be said", "raised Unsayable, in the line 'raise error'"),
    ("raises an error of many lines", "raised ValueError: a [2J b, in"),
    ("raises a long error", "xxx..., in the line"),
    ("never ends", "raised RecursionError: maximum recursion depth exceeded"),
]


@pytest.mark.parametrize(("name", "words"), ERRORS)
def test_an_error_of_any_kind_is_described(name, words):
    assert words in repr(some_of_each(ANSWERS[name]()))


def interrupts(*_, **__):
    raise KeyboardInterrupt


class Interrupting(Exception):
    __str__ = interrupts


@pytest.mark.parametrize(
    "answer",
    [
        interrupts,
        lambda: (interrupts() for _ in "a"),
        lambda: an_odd(Endless, __iter__=interrupts),
        raising(Interrupting()),
    ],
)
def test_ctrl_c_ends_the_check(answer, same_settings):
    with pytest.raises(KeyboardInterrupt):
        some_of_each(answer)


@Exercise
def doubled(answer):
    """Numbers, doubled; the check needs PyTorch's usual settings at each call."""
    for _ in range(2):
        x = torch.ones(2, requires_grad=True)
        (2 * x).sum().backward()
        result = answer(torch.ones(2))
        yield result.gives(x.grad, "doubled")
        yield result.has("float32", lambda _: torch.ones(1).dtype == torch.float32)


KEPT = []


def leave_inference_mode_on():
    KEPT.append(torch.inference_mode())
    KEPT[-1].__enter__()


CHANGES = {
    "gradients": lambda: torch.set_grad_enabled(False),
    "inference mode": leave_inference_mode_on,
    "the type of numbers": lambda: torch.set_default_dtype(torch.float64),
    "threads": lambda: torch.set_num_threads(torch.get_num_threads() + 1),
    "the device": lambda: torch.set_default_device("meta"),
    "the seeds": lambda: [
        seed(1) for seed in (torch.manual_seed, random.seed, np.random.seed)
    ],
    "a search for anomalies": lambda: torch.autograd.set_detect_anomaly(True, False),
    "determinism": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "precision": lambda: torch.set_float32_matmul_precision("medium"),
    "printing": lambda: torch.set_printoptions(precision=2, sci_mode=True),
    "small numbers": lambda: torch.set_flush_denormal(True),
    "a library": lambda: setattr(torch.backends.mkldnn, "enabled", False),
    "NumPy's errors": lambda: np.seterr(all="raise"),
    "NumPy's printing": lambda: np.set_printoptions(precision=2),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_an_answer_sets_is_set_back(name, same_settings):
    def careless(x):
        x *= 2
        CHANGES[name]()
        return x.view(2)

    assert doubled(careless).is_right

    def failing(x):
        CHANGES[name]()
        raise ValueError

    assert_refused(doubled(failing))


def test_checks_in_two_threads_set_back_what_was_set_before():
    second_began, first_ended = threading.Event(), threading.Event()

    def first(x):
        x *= 2
        second_began.wait(0.2)
        return x.view(2)

    def second(x):
        second_began.set()
        first_ended.wait(0.2)
        return first(x)

    torch.set_default_dtype(torch.float64)
    try:
        with ThreadPoolExecutor(2) as pool:
            verdicts = [pool.submit(doubled, each) for each in (first, second)]
            assert verdicts[0].result().is_right
            first_ended.set()
            assert verdicts[1].result().is_right
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@contextlib.contextmanager
def unusual_settings():
    """As a reader may have left them: another type, another device, no gradients."""
    torch.set_default_dtype(torch.float64)
    torch.set_default_device("meta")
    try:
        with torch.inference_mode():
            yield
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", vars(check))
def test_a_verdict_does_not_depend_on_what_the_reader_has_set(
    name, same_settings, patient
):
    exercise = getattr(check, name)
    usual = repr(exercise(lambda *_, **__: 29))
    with unusual_settings():
        before = what_is_set()
        assert repr(exercise(lambda *_, **__: 29)) == usual
        assert what_is_set() == before
