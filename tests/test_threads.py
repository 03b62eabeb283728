"""The number of threads, on a machine whose clocks and threads are made up."""

import math

import pytest

from d2l_rnn import _threads, batching, rnn, sweeping, training

MUCH = 2**40  # multiplications: worth all the threads there are


class Machine:
    """Stands for PyTorch's number of threads and for the clocks."""

    def __init__(self, num_threads):
        self.num_threads, self.wall, self.cpu = num_threads, 0.0, 0.0

    def get_num_threads(self):
        return self.num_threads

    def set_num_threads(self, number):
        self.num_threads = number

    def perf_counter(self):
        return self.wall

    def process_time(self):
        return self.cpu

    def train(self, threads, seconds, busy, num_minibatches=8, work=MUCH):
        """An epoch; returns the number of threads it ran on.

        `seconds`: of a minibatch, `busy`: how many threads compute rather than wait,
        both by the number of threads.
        """
        with threads.suited_to(work) as done:
            number = self.num_threads
            for _ in range(num_minibatches):
                self.wall += seconds[number]
                self.cpu += seconds[number] * busy[number]
                done.append(None)
        return number


def machine_with(num_threads, monkeypatch):
    machine = Machine(num_threads)
    monkeypatch.setattr(_threads, "torch", machine)
    monkeypatch.setattr(_threads, "time", machine)
    monkeypatch.setattr(_threads, "_PYTORCH_S_OWN", num_threads)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    return machine


@pytest.fixture
def machine(monkeypatch):
    """Of two cores."""
    return machine_with(2, monkeypatch)


# ---- by the size of the work ----


@pytest.mark.parametrize("available, multiplications, number", [
    (1, 0, 1), (1, MUCH, 1),
    (2, 0, 1), (2, 2**16, 1), (2, 2**17 - 1, 1), (2, 2**17, 2), (2, MUCH, 2),
    (8, 2**16, 1), (8, 3 * 2**16, 3), (8, 2**19 - 1, 7), (8, 2**19, 8), (8, MUCH, 8),
])  # fmt: skip
def test_each_thread_has_enough_to_do(available, multiplications, number, monkeypatch):
    machine = machine_with(available, monkeypatch)
    assert _threads.worth(multiplications) == number
    with _threads.Threads().suited_to(multiplications):
        assert machine.num_threads == number
    assert machine.num_threads == available


def chosen_in(variable):
    return lambda machine, monkeypatch: monkeypatch.setenv(variable, "2")


CHOICES = {
    "OMP_NUM_THREADS": chosen_in("OMP_NUM_THREADS"),
    "MKL_NUM_THREADS": chosen_in("MKL_NUM_THREADS"),
    "fewer": lambda machine, monkeypatch: machine.set_num_threads(1),
    "more": lambda machine, monkeypatch: machine.set_num_threads(5),
}


@pytest.mark.parametrize("choose", CHOICES.values(), ids=CHOICES)
@pytest.mark.parametrize("work", [1, MUCH])
def test_a_number_that_the_user_has_chosen_is_used_as_it_is(
    choose, work, machine, monkeypatch
):
    assert not _threads.chosen_by_user()
    choose(machine, monkeypatch)
    assert _threads.chosen_by_user()
    chosen, threads = machine.num_threads, _threads.Threads()
    seconds, busy = dict.fromkeys(range(9), 1.0), dict.fromkeys(range(9), 0.1)
    for _ in range(4):  # even where the threads wait for each other
        assert machine.train(threads, seconds, busy, work=work) == chosen
        assert machine.num_threads == chosen


def test_a_choice_made_during_the_run_counts_from_the_next_epoch(machine):
    threads = _threads.Threads()
    seconds, busy = {1: 1.0, 2: 1.0, 3: 1.0}, {1: 1.0, 2: 2.0, 3: 3.0}
    assert machine.train(threads, seconds, busy, work=1) == 1
    machine.set_num_threads(3)
    assert machine.train(threads, seconds, busy, work=1) == 3


# ---- by what the clocks say ----

ALONE = {1: 1.0, 2: 2.0}  # each thread has a core
CROWDED = {1: 1.0, 2: 1.2}  # the second core is somebody else's
FASTER_ON_TWO = {1: 1 / 32, 2: 1 / 64}
FASTER_ON_ONE = {1: 1 / 64, 2: 1 / 32}


@pytest.mark.parametrize("seconds", [FASTER_ON_TWO, FASTER_ON_ONE])
def test_threads_with_a_core_each_are_kept(seconds, machine):
    """How fast one thread would be is not tried without a reason."""
    threads = _threads.Threads()
    assert {machine.train(threads, seconds, ALONE) for _ in range(99)} == {2}


@pytest.mark.parametrize("busy, crowded", [
    (0.5, True), (1.0, True), (1.6, True), (1.8, False), (2.0, False), (2.2, False),
])  # fmt: skip
def test_threads_are_crowded_if_they_wait_for_more_than_a_seventh_of_the_time(
    busy, crowded, machine
):
    threads = _threads.Threads()
    assert machine.train(threads, FASTER_ON_ONE, {2: busy}) == 2
    assert machine.train(threads, FASTER_ON_ONE, ALONE) == (1 if crowded else 2)


@pytest.mark.parametrize("busy, number", [(3.5, 4), (2.5, 1)])
def test_more_cores_than_two(busy, number, monkeypatch):
    machine, threads = machine_with(4, monkeypatch), _threads.Threads()
    seconds = {1: 1 / 64, 4: 1 / 32}
    assert machine.train(threads, seconds, {4: busy}) == 4
    assert machine.train(threads, seconds, {1: 1.0, 4: busy}) == number


def test_on_a_crowded_machine_a_run_goes_on_with_one_thread_and_looks_again(machine):
    threads = _threads.Threads()
    for _ in range(3):
        begun = machine.wall
        assert machine.train(threads, FASTER_ON_ONE, CROWDED) == 2
        judged_over = machine.wall - begun
        until = machine.wall + _threads.PATIENCE * judged_over
        while machine.wall <= until:
            assert machine.train(threads, FASTER_ON_ONE, CROWDED) == 1
    # And now the other one has left.
    assert {machine.train(threads, FASTER_ON_TWO, ALONE) for _ in range(50)} == {2}


def test_where_one_thread_is_slower_all_the_same_the_run_goes_back_to_many(machine):
    threads = _threads.Threads()
    for _ in range(3):
        assert machine.train(threads, FASTER_ON_TWO, CROWDED) == 2
        begun = machine.wall
        assert machine.train(threads, FASTER_ON_TWO, CROWDED) == 1  # a try
        judged_over = machine.wall - begun
        # Until this verdict expires, that the threads wait is no news.
        until = machine.wall + _threads.PATIENCE * judged_over
        epoch = FASTER_ON_TWO[2] * 8
        while machine.wall + epoch <= until:
            assert machine.train(threads, FASTER_ON_TWO, CROWDED) == 2


def test_one_thread_that_becomes_slower_is_left_at_once(machine):
    threads = _threads.Threads()
    assert machine.train(threads, FASTER_ON_ONE, CROWDED) == 2
    assert machine.train(threads, FASTER_ON_ONE, CROWDED) == 1
    assert machine.train(threads, {1: 1.0, 2: 1 / 32}, CROWDED) == 1
    assert machine.train(threads, FASTER_ON_TWO, CROWDED) == 2


def test_short_epochs_are_judged_together(machine):
    """The clock of the processor time is too coarse for a few milliseconds."""
    epoch = _threads.LONG_ENOUGH / 2.5
    seconds = {1: epoch / 16, 2: epoch / 8}
    threads = _threads.Threads()
    numbers = [machine.train(threads, seconds, CROWDED) for _ in range(5)]
    assert numbers == [2, 2, 2, 1, 1]


def test_time_between_the_epochs_is_nobody_s(machine):
    """A caller that waits, or computes something else, is not taken for a crowd."""
    threads = _threads.Threads()
    for _ in range(20):
        assert machine.train(threads, FASTER_ON_TWO, ALONE) == 2
        machine.wall += 5.0


def test_a_verdict_does_not_expire_while_the_run_waits(machine):
    threads = _threads.Threads()
    assert machine.train(threads, FASTER_ON_ONE, CROWDED) == 2
    for _ in range(5):
        machine.wall += 1000.0
        assert machine.train(threads, FASTER_ON_ONE, CROWDED) == 1


def test_an_epoch_without_minibatches_is_no_evidence(machine):
    threads = _threads.Threads()
    for _ in range(3):
        with threads.suited_to(MUCH):
            machine.wall += 1.0
    assert machine.train(threads, FASTER_ON_TWO, ALONE) == 2


def test_small_work_is_not_judged(machine):
    threads = _threads.Threads()
    for _ in range(5):
        assert machine.train(threads, FASTER_ON_ONE, {1: 0.1}, work=1) == 1
    assert machine.train(threads, FASTER_ON_TWO, ALONE) == 2


# ---- in a training run ----

CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20


def watched(compute, machine, numbers, fail_at=None):
    """`compute`, with a note of the number of threads, on a crowded machine."""

    def watch(*args):
        numbers.append(machine.num_threads)
        if len(numbers) == fail_at:
            raise KeyError("in the middle of an epoch")
        machine.wall += FASTER_ON_ONE[machine.num_threads]
        machine.cpu += FASTER_ON_ONE[machine.num_threads] * CROWDED[machine.num_threads]
        return compute(*args)

    return watch


def run_of(machine, num_hiddens=8, fail_at=None):
    """A run of 9 minibatches an epoch, and the numbers of threads that they see."""
    net, numbers = rnn.make_model("scratch", 11, num_hiddens), []
    loader = batching.SequenceLoader(CORPUS, 4, 5, seed=0)
    backpropagate = watched(training.backpropagation(net), machine, numbers, fail_at)
    return training.train(net, loader, 0.5, 3, backpropagate=backpropagate), numbers


def test_a_small_model_is_trained_on_one_thread_which_is_given_back(machine):
    run, numbers = run_of(machine)
    assert machine.num_threads == 2
    for epoch, _ in enumerate(run, start=1):
        assert machine.num_threads == 2  # between the epochs
        assert len(numbers) == 9 * epoch and set(numbers) == {1}
    assert epoch == 3 and machine.num_threads == 2


def test_a_larger_model_is_trained_on_both_unless_the_machine_is_crowded(machine):
    """What the first epoch has shown is known in the second."""
    num_hiddens = math.isqrt(2 * _threads.WORTH_A_THREAD // 4) + 1  # batch_size is 4
    run, numbers = run_of(machine, num_hiddens - 1)
    assert list(run) and numbers == [1] * 27
    run, numbers = run_of(machine, num_hiddens)
    assert list(run) and numbers == [2] * 9 + [1] * 18


def test_threads_are_given_back_after_an_error(machine):
    run, numbers = run_of(machine, fail_at=12)
    with pytest.raises(KeyError):
        list(run)
    assert numbers == [1] * 12 and machine.num_threads == 2


def test_threads_are_given_back_after_a_divergence(machine):
    net = rnn.make_model("scratch", 11, 8)
    loader = batching.SequenceLoader(CORPUS, 4, 5, seed=0)
    *_, last = training.train(net, loader, 1e30, 9, theta=None)
    assert last.diverged and machine.num_threads == 2


@pytest.mark.parametrize("num_hiddens, numbers_seen", [
    (8, [1] * 27), (96, [2] * 9 + [1] * 18),
])  # fmt: skip
def test_a_sweep_is_as_large_as_all_its_settings(
    num_hiddens, numbers_seen, machine, monkeypatch
):
    numbers, step = [], sweeping._Batch._step
    monkeypatch.setattr(sweeping._Batch, "_step", watched(step, machine, numbers))
    settings = [sweeping.Setting(theta, 0.5, 0, num_hiddens) for theta in (1, 2, 3, 4)]
    for _ in sweeping.sweep(settings, CORPUS, 11, 3, batch_size=4, num_steps=5):
        assert machine.num_threads == 2  # between the epochs
    assert numbers == numbers_seen


def test_a_sweep_gives_the_threads_back_after_an_error(machine, monkeypatch):
    numbers, step = [], sweeping._Batch._step
    monkeypatch.setattr(sweeping._Batch, "_step", watched(step, machine, numbers, 3))
    settings = [sweeping.Setting(num_hiddens=4, seed=seed) for seed in (0, 1)]
    run = sweeping.sweep(settings, CORPUS, 11, 3, batch_size=4, num_steps=5)
    with pytest.raises(KeyError):
        next(run)
    assert numbers == [1] * 3 and machine.num_threads == 2
