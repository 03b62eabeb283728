"""PyTorch's number of threads: how a run sets it, and that it restores it."""

import subprocess
import sys
import threading
import time
import types
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from d2l_rnn import (
    batching,
    engine,
    gradients,
    rnn,
    sweeping,
    threads,
    training,
    vanishing,
)

CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20
OTHERS = ["gru", "by hand"]  # models that the engine does not train
SMALL, LARGE = threads.WORTH_THREADS - 1, threads.WORTH_THREADS


@pytest.fixture
def three():
    """PyTorch as it starts on a machine of three cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield
    torch.set_num_threads(before)


def a_model_of(num_hiddens):
    return types.SimpleNamespace(num_hiddens=num_hiddens)


def in_a_thread(call):
    """The result of a function in another Python thread, which has its own number."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


# ---- a block of code ----


def test_one_thread_which_is_given_back_after_an_error(three):
    with pytest.raises(KeyError), threads.limited_to(1):
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == 3


def test_a_block_within_another_gives_its_number_back(three):
    with threads.limited_to(2):
        with threads.limited_to(1):
            pass
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("num_hiddens, number", [(1, 1), (SMALL, 1), (LARGE, 3)])
def test_what_is_large_has_the_user_s_number(num_hiddens, number, three):
    with threads.suited_to(a_model_of(num_hiddens)):
        assert torch.get_num_threads() == number
    assert torch.get_num_threads() == 3


@pytest.mark.parametrize("chosen", [1, 2, 5])
def test_no_more_than_the_user_has_chosen(chosen, three):
    torch.set_num_threads(chosen)
    for num_hiddens, number in ((SMALL, 1), (LARGE, chosen)):
        with threads.suited_to(a_model_of(num_hiddens)):
            assert torch.get_num_threads() == number
        assert torch.get_num_threads() == chosen


@pytest.mark.parametrize("num_hiddens", [1, LARGE])
def test_a_number_that_is_asked_for_counts(num_hiddens, three):
    with threads.suited_to(a_model_of(num_hiddens), 2):
        assert torch.get_num_threads() == 2
    assert torch.get_num_threads() == 3


def test_a_choice_made_between_two_blocks_counts(three):
    with threads.limited_to(1):
        assert torch.get_num_threads() == 1
    torch.set_num_threads(2)
    with threads.limited_to(1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_a_choice_made_while_another_thread_has_a_block_counts(three):
    begun, may_leave = threading.Event(), threading.Event()

    def block():
        with threads.limited_to(1):
            begun.set()
            may_leave.wait(30)

    with ThreadPoolExecutor(1) as pool:
        pool.submit(block)
        assert begun.wait(30)
        torch.set_num_threads(2)
        with threads.limited_to(1):
            pass
        assert torch.get_num_threads() == 2
        may_leave.set()


def test_a_block_of_a_thread_with_an_older_number_changes_no_other(three):
    with ThreadPoolExecutor(1) as pool:

        def block():
            with threads.limited_to(1):
                pass

        pool.submit(block).result()  # this thread has the number 3 from now on
        torch.set_num_threads(5)
        with threads.limited_to(1):
            pool.submit(block).result()
        assert torch.get_num_threads() == 5


@pytest.mark.parametrize("leaves_first", ["first", "second"])
def test_blocks_that_overlap_in_several_python_threads(leaves_first, three):
    """The number that the first has set is not mistaken for the user's."""
    begun = {name: threading.Event() for name in ("first", "second")}
    may_leave = {name: threading.Event() for name in ("first", "second")}

    def block(name):
        with threads.limited_to(1):
            begun[name].set()
            inside = torch.get_num_threads()
            assert may_leave[name].wait(60)
        return inside, torch.get_num_threads()

    leaves_last = {"first": "second", "second": "first"}[leaves_first]
    with ThreadPoolExecutor(2) as pool:
        blocks = {}
        for name in ("first", "second"):
            blocks[name] = pool.submit(block, name)
            assert begun[name].wait(60)
        for name in (leaves_first, leaves_last):
            may_leave[name].set()
            assert blocks[name].result() == (1, 3)
    assert torch.get_num_threads() == in_a_thread(torch.get_num_threads) == 3


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 4)), max_size=12))
def test_blocks_end_in_any_order(doings):
    """The latest of those that are open counts, and after all of them the user's."""
    before = torch.get_num_threads()
    numbers = []
    torch.set_num_threads(5)
    try:
        for place, number in doings:
            if place < len(numbers):
                numbers.pop(place)[1].__exit__(None, None, None)
            else:
                block = threads.limited_to(number)
                block.__enter__()
                numbers.append((number, block))
            expected = numbers[-1][0] if numbers else 5
            assert torch.get_num_threads() == expected
    finally:
        for _, block in numbers:
            block.__exit__(None, None, None)
        assert torch.get_num_threads() == 5
        torch.set_num_threads(before)


def test_blocks_within_each_other(three):
    with threads.limited_to(1):
        with threads.limited_to(1):
            assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 3


# ---- a training run ----


def run_of(which, num_hiddens=8, fail_at=None, **kwargs):
    """A run of 9 minibatches per epoch, and the number of threads during each."""
    net, numbers = rnn.make_model("scratch", 11, num_hiddens), []
    if which == "gru":
        net = rnn.make_model("gru", 11, num_hiddens)
    loader = batching.SequenceLoader(CORPUS, 4, 5, seed=0)
    backpropagate = gradients.backpropagation(net)
    if which == "engine":
        assert isinstance(backpropagate, engine.Engine)
        watched = None
    else:

        def watched(*minibatch):
            numbers.append(torch.get_num_threads())
            if len(numbers) == fail_at:
                raise KeyError("in the middle of an epoch")
            return backpropagate(*minibatch)

    kwargs = {"lr": 0.1, "num_epochs": 3, "backpropagate": watched, **kwargs}
    return training.train(net, loader, **kwargs), numbers


@pytest.fixture(params=OTHERS)
def which(request, monkeypatch):
    if request.param == "by hand":
        monkeypatch.setattr(engine, "library", lambda: None)
    return request.param


@pytest.mark.parametrize("num_hiddens, number", [(8, 1), (SMALL, 1), (LARGE, 3)])
def test_a_small_model_is_trained_on_one_thread_and_a_large_on_all(
    num_hiddens, number, which, three
):
    run, numbers = run_of(which, num_hiddens)
    for epoch, _ in enumerate(run, start=1):
        assert torch.get_num_threads() == 3  # between the epochs
        assert numbers == [number] * 9 * epoch
    assert epoch == 3 and torch.get_num_threads() == 3


@pytest.mark.parametrize("num_hiddens", [8, LARGE])
def test_a_run_has_no_more_than_the_user_has_chosen(num_hiddens, which, three):
    torch.set_num_threads(2)
    run, numbers = run_of(which, num_hiddens)
    assert len(list(run)) == 3
    assert numbers == [1 if num_hiddens == 8 else 2] * 27
    assert torch.get_num_threads() == 2


def test_a_choice_made_during_the_run_counts_from_the_next_epoch(which, three):
    run, numbers = run_of(which, LARGE)
    next(run)
    torch.set_num_threads(2)
    next(run)
    assert numbers == [3] * 9 + [2] * 9
    assert torch.get_num_threads() == 2


@pytest.mark.parametrize("num_hiddens", [8, LARGE])
def test_a_run_has_the_number_that_is_asked_for(num_hiddens, which, three):
    run, numbers = run_of(which, num_hiddens, num_threads=2)
    for _ in run:
        assert torch.get_num_threads() == 3
    assert numbers == [2] * 27


def test_threads_are_given_back_after_an_error(which, three):
    run, numbers = run_of(which, fail_at=12)
    with pytest.raises(KeyError):
        list(run)
    assert numbers == [1] * 12 and torch.get_num_threads() == 3


def test_threads_are_given_back_after_a_divergence(which, three):
    run, _ = run_of(which, lr=1e30, num_epochs=9, theta=None)
    *_, last = run
    assert last.diverged and torch.get_num_threads() == 3


@pytest.mark.skipif(engine.library() is None, reason=engine.describe())
@pytest.mark.parametrize("num_hiddens", [8, LARGE])
def test_the_engine_leaves_pytorch_s_number_alone(num_hiddens, three):
    for kwargs in ({}, {"num_threads": 2}, {"lr": 1e30, "theta": None}):
        run, _ = run_of("engine", num_hiddens, **kwargs)
        for _ in run:
            assert torch.get_num_threads() == 3
    assert torch.get_num_threads() == 3


def test_looking_at_the_gradients_gives_the_threads_back(three):
    X, Y = torch.randint(11, (2, 4, 5))
    for cell in ("scratch", "gru"):
        vanishing.state_gradient_norms(rnn.make_model(cell, 11, 8), X, Y)
        assert torch.get_num_threads() == 3


# ---- a sweep ----


@pytest.fixture(params=["engine", "by hand"])
def with_or_without_engine(request, monkeypatch):
    if request.param == "by hand":
        monkeypatch.setattr(engine, "library", lambda: None)


SETTINGS = [
    sweeping.Setting(lr=0.5, seed=seed, num_hiddens=8, batch_size=4, num_steps=5)
    for seed in range(3)
]


def test_a_sweep_leaves_the_user_s_number_alone(with_or_without_engine, three):
    run = sweeping.sweep(SETTINGS, CORPUS, 11, 3)
    for _ in run:
        assert torch.get_num_threads() == 3  # between the epochs
    assert torch.get_num_threads() == in_a_thread(torch.get_num_threads) == 3


def test_a_sweep_gives_the_threads_back_after_an_error(with_or_without_engine, three):
    def check():
        raise KeyError

    run = sweeping.sweep(SETTINGS, CORPUS, 11, 3, check=check)
    with pytest.raises(KeyError):
        next(run)
    assert torch.get_num_threads() == in_a_thread(torch.get_num_threads) == 3


@pytest.mark.skipif(engine.library() is None, reason=engine.describe())
@pytest.mark.parametrize("number, num_settings", [(3, 1), (3, 2), (3, 3), (2, 3)])
def test_all_runs_of_a_sweep_together_have_the_user_s_number(
    number, num_settings, three, monkeypatch
):
    lock, call, busy, seen = threading.Lock(), engine._call, [0], []

    def watched(*args):
        run = args[-1]
        with lock:
            busy[0] += run.workers
            seen.append(busy[0])
        time.sleep(0.005)  # the others have time to come, too
        call(*args)
        with lock:
            busy[0] -= run.workers

    monkeypatch.setattr(threads, "cores", lambda: 8)
    monkeypatch.setattr(engine, "_call", watched)
    torch.set_num_threads(number)
    list(sweeping.sweep(SETTINGS[:num_settings], CORPUS, 11, 2))
    assert max(seen) <= number


# ---- orders of import, each in a process of its own ----

IMPORT = "from d2l_rnn import batching, rnn, training"
CHOOSE = "torch.set_num_threads(3)"
MODEL = """
net = rnn.make_model("gru", 11, 128)
seen = []

def backpropagate(*minibatch):
    seen.append(torch.get_num_threads())
    return training.backpropagation(net)(*minibatch)
"""
TRAIN = """
minibatches = batching.SequenceLoader([1, 2, 3, 4] * 50, 4, 5, seed=0)
for _ in training.train(net, minibatches, 0.1, 1, backpropagate=backpropagate):
    pass
print(*sorted({*seen, torch.get_num_threads()}))
"""


@pytest.mark.parametrize("lines", [
    [CHOOSE, IMPORT, MODEL, TRAIN],
    [IMPORT, CHOOSE, MODEL, TRAIN],
    ["import d2l_rnn", CHOOSE, IMPORT, MODEL, TRAIN],
    [IMPORT, MODEL, CHOOSE, TRAIN],
    ["torch.set_num_threads(2)", IMPORT, MODEL, CHOOSE, TRAIN],
], ids=["first", "after import", "between", "after the model", "twice"])  # fmt: skip
def test_the_user_s_number_counts_whenever_it_is_chosen(lines):
    """Modules are loaded on first use, which must make no difference."""
    code = "\n".join(["import torch", *lines])
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["3"]
