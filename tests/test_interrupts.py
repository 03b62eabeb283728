"""Ctrl-C at a random moment: nothing is left behind, nothing is lost."""

import _thread
import random
import signal
import threading
import time

import pytest
import torch

from d2l_rnn import batching, engine, generating, rnn, sweeping, training, vanishing
from d2l_rnn.interrupts import held_back, no_gradients
from d2l_rnn.parameters import all_parameters

CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20
NUM_EPOCHS = 6


@pytest.fixture(autouse=True)
def as_at_first():
    """A test leaves the process as it was."""
    before = signal.getsignal(signal.SIGINT), torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    assert torch.is_grad_enabled() and torch.get_num_threads() == 2
    torch.set_num_threads(before[1])
    assert signal.getsignal(signal.SIGINT) is before[0]


def interrupted(work, seconds):
    """Call `work` and press Ctrl-C so many seconds later; True if that ended it."""
    is_done, timer = False, threading.Timer(seconds, _thread.interrupt_main)
    try:
        timer.start()
        work()
        is_done = True
        for _ in range(10_000):  # a single sleep would not be interrupted
            time.sleep(0.001)
    except KeyboardInterrupt:
        pass
    timer.join()
    return not is_done


def press():
    signal.raise_signal(signal.SIGINT)


# ---- a block that holds Ctrl-C back ----


def test_ctrl_c_waits_for_the_end_of_the_block():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            press()
            done.append("whole")
        done.append("after it")
    assert done == ["whole"]


def test_ctrl_c_is_let_through_where_the_block_says():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with held_back() as let_through:
            for number in range(9):
                if number == 3:
                    press()
                done.append(number)
                let_through()
    assert done == [0, 1, 2, 3]


def test_the_outermost_block_counts():
    done = []
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            with held_back():
                press()
            done.append("inner")
    assert done == ["inner"]


def test_an_inner_block_lets_through_what_the_outer_one_holds():
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            press()
            with held_back() as let_through:
                let_through()
                raise AssertionError


def test_ctrl_c_is_let_through_even_if_the_block_fails():
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            press()
            raise KeyError


def test_several_times_ctrl_c_at_once_count_as_one():
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            for _ in range(5):
                press()


def test_a_later_ctrl_c_is_not_held_back(monkeypatch):
    """The block may hang."""
    monkeypatch.setattr("d2l_rnn.interrupts.GRACE", 0.01)
    with pytest.raises(KeyboardInterrupt):
        with held_back():
            press()
            time.sleep(0.02)
            press()
            raise AssertionError


def test_a_program_s_own_handler_is_called_at_the_end(monkeypatch):
    called = []
    before = signal.signal(signal.SIGINT, lambda number, frame: called.append(number))
    try:
        with held_back():
            press()
            assert called == []
        assert called == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_where_ctrl_c_is_ignored_it_stays_so():
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with held_back() as let_through:
            press()
            let_through()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_is_set_in_the_block_stays():
    called = []

    def handler(*_):
        called.append("new")

    before = signal.getsignal(signal.SIGINT)
    try:
        with held_back():
            signal.signal(signal.SIGINT, handler)
            with held_back():
                press()
        assert signal.getsignal(signal.SIGINT) is handler and called == ["new"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_is_put_back_after_the_block_holds_nothing_back():
    done = []
    before = signal.getsignal(signal.SIGINT)
    try:
        with held_back():
            held = signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGINT, held)
        with pytest.raises(KeyboardInterrupt):
            press()
        with pytest.raises(KeyboardInterrupt):
            with held_back():
                press()
                done.append("whole")
        assert done == ["whole"]
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_handler_that_is_set_between_minibatches_stays(net):
    def handler(*_):
        pass

    def check():
        signal.signal(signal.SIGINT, handler)

    before = signal.getsignal(signal.SIGINT)
    X = torch.zeros(2, 3, dtype=torch.long)
    try:
        next(training.train(net, [(X, X)], 0.5, 1, check=check))
        assert signal.getsignal(signal.SIGINT) is handler
    finally:
        signal.signal(signal.SIGINT, before)


def test_another_thread_holds_nothing_back():
    errors = []

    def work():
        try:
            with held_back() as let_through:
                let_through()
        except KeyboardInterrupt as error:
            errors.append(error)

    with pytest.raises(KeyboardInterrupt):
        with held_back():
            press()
            thread = threading.Thread(target=work)
            thread.start()
            thread.join()
    assert errors == []


def test_gradients_are_on_again_after_a_function_without_them():
    @no_gradients()
    def function():
        press()
        return torch.is_grad_enabled()

    with pytest.raises(KeyboardInterrupt):
        function()
    assert torch.is_grad_enabled()


# ---- a run ----


def some_net(name):
    cell, _, dtype = name.partition(" ")
    net = rnn.make_model(cell, 11, 8, seed=0)
    if dtype:
        net.params = [each.detach().double().requires_grad_() for each in net.params]
    return net


def some_run(name, **kwargs):
    net = some_net(name)
    minibatches = batching.SequenceLoader(CORPUS, 4, 5, True, seed=0)
    held_out = batching.SequenceLoader(CORPUS[:60], 2, 5, seed=0)
    lr = None if kwargs else 0.5
    if kwargs:
        kwargs = {"optimizer": kwargs["optimizer"](all_parameters(net), 0.05)}
    run = training.train(net, minibatches, lr, NUM_EPOCHS, held_out=held_out, **kwargs)
    return net, run


def essence(record):
    return record.epoch, record.perplexity, record.gradient_norm, record.clipped_norm


NAMES = ["scratch", "scratch double", "rnn", "gru", "lstm"]


@pytest.mark.parametrize("kwargs", [{}, {"optimizer": torch.optim.Adam}])
@pytest.mark.parametrize("name", NAMES)
def test_a_run_goes_on_after_ctrl_c_as_if_nothing_had_been(name, kwargs):
    began = time.perf_counter()
    other, run = some_run(name, **kwargs)
    expected = list(run)
    seconds, moments = time.perf_counter() - began, random.Random(0)
    for _ in range(8):
        (net, run), found, times = some_run(name, **kwargs), [], 0

        def work(run=run, found=found):
            for record in run:
                found.append(record)

        while interrupted(work, moments.random() * seconds / 3):
            times += 1
            assert torch.is_grad_enabled() and torch.get_num_threads() == 2
        assert list(map(essence, found)) == list(map(essence, expected))
        held_out = [record.held_out_perplexity for record in found]
        assert held_out == [record.held_out_perplexity for record in expected]
        for ours, theirs in zip(*map(all_parameters, (net, other)), strict=True):
            assert torch.equal(ours, theirs)


@pytest.mark.skipif(engine.library() is None, reason=engine.describe())
@pytest.mark.parametrize("way", ["engine", "bptt", "autograd"])
def test_after_ctrl_c_the_model_is_that_of_a_minibatch_s_end(way, monkeypatch):
    """It has learned from some minibatches, all of them whole, and from no part."""
    monkeypatch.setattr(engine, "PATIENCE", 1e-9)  # a minibatch a call
    minibatches = list(batching.SequenceLoader(CORPUS, 4, 5, seed=0))
    net, states = rnn.make_model("scratch", 11, 8, seed=0), []
    for number in range(len(minibatches) + 1):
        net = rnn.make_model("scratch", 11, 8, seed=0)
        if number:
            training.train_epoch(net, minibatches[:number], 0.5, backpropagate=way)
        states.append(net.params)

    def check():
        press()

    net = rnn.make_model("scratch", 11, 8, seed=0)
    run = training.train(net, minibatches, 0.5, 1, backpropagate=way, check=check)
    for number in range(1, len(minibatches) + 1):
        with pytest.raises(KeyboardInterrupt):
            next(run)
        for ours, theirs in zip(net.params, states[number], strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-9)
    assert next(run).epoch == 1


def test_a_check_may_interrupt_a_run_which_then_goes_on():
    calls = []

    def check():
        calls.append(1)
        if len(calls) % 3 == 2:
            raise InterruptedError

    net, minibatches = some_net("gru"), batching.SequenceLoader(CORPUS, 4, 5, seed=0)
    run, found = training.train(net, minibatches, 0.5, 3, check=check), []
    while len(found) < 3:
        try:
            found.append(next(run))
        except InterruptedError:
            assert torch.get_num_threads() == 2
    expected = training.train(
        some_net("gru"), batching.SequenceLoader(CORPUS, 4, 5, seed=0), 0.5, 3
    )
    assert list(map(essence, found)) == list(map(essence, expected))


def test_an_error_of_the_minibatches_ends_a_run(net):
    class Failing(list):
        def __iter__(self):
            yield from super().__iter__()
            raise OSError("the file has gone")

    X = torch.zeros(2, 3, dtype=torch.long)
    run = training.train(net, Failing([(X, X)]), 0.5, 3)
    with pytest.raises(OSError, match="the file has gone"):
        next(run)
    assert list(run) == []


@pytest.mark.skipif(engine.library() is None, reason=engine.describe())
def test_what_comes_before_an_error_is_learned_from():
    minibatches = list(batching.SequenceLoader(CORPUS, 4, 5, seed=0))

    class Failing(list):
        def __iter__(self):
            yield from super().__iter__()
            raise OSError

    net, other = some_net("scratch"), some_net("scratch")
    with pytest.raises(OSError):
        list(training.train(net, Failing(minibatches), 0.5, 1))
    list(training.train(other, minibatches, 0.5, 1))
    assert all(map(torch.equal, net.params, other.params))


def test_a_sweep_goes_on_after_ctrl_c_as_if_nothing_had_been():
    settings = [
        sweeping.Setting(num_hiddens=8, batch_size=4, num_steps=5, seed=seed)
        for seed in range(3)
    ]

    def essences(records):
        return [essence(record) for record in records.values()]

    began = time.perf_counter()
    expected = list(map(essences, sweeping.sweep(settings, CORPUS, 11, NUM_EPOCHS)))
    seconds, moments = time.perf_counter() - began, random.Random(0)
    for _ in range(12):
        sweep, found = sweeping.sweep(settings, CORPUS, 11, NUM_EPOCHS), []

        def work(sweep=sweep, found=found):
            for records in sweep:
                found.append(essences(records))

        while interrupted(work, moments.random() * seconds / 3):
            pass
        assert found == expected


# ---- what only reads ----


@pytest.mark.parametrize("name", NAMES)
def test_ctrl_c_leaves_nothing_behind_in_what_only_reads(name, vocab):
    net, moments = some_net(name), random.Random(0)
    minibatches = list(batching.SequenceLoader(CORPUS, 4, 5, seed=0))

    def work():
        generating.predict("the time", 10, net, vocab)
        generating.sample("the time", 10, net, vocab)
        training.evaluate(net, minibatches)
        vanishing.state_gradient_norms(net, *minibatches[0])

    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    for _ in range(20):
        interrupted(work, moments.random() * seconds)
        assert torch.is_grad_enabled() and torch.get_num_threads() == 2
        assert getattr(net, "training", True)
