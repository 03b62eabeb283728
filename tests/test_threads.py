"""The number of threads, on a machine whose clock and threads are made up."""

import math

import pytest

from d2l_rnn import _threads, batching, rnn, sweeping, training

MUCH = 2**40  # multiplications: worth all the threads there are


class Machine:
    """Stands for PyTorch's number of threads and for the clock."""

    def __init__(self, num_threads):
        self.num_threads, self.wall = num_threads, 0.0

    def get_num_threads(self):
        return self.num_threads

    def set_num_threads(self, number):
        self.num_threads = number

    def perf_counter(self):
        return self.wall

    def train(self, threads, seconds, num_minibatches=8, work=MUCH):
        """An epoch; returns the numbers of threads of its minibatches.

        `seconds`: of a minibatch, by the number of threads.
        """
        numbers = []
        with threads.suited_to(work) as minibatch_done:
            for _ in range(num_minibatches):
                numbers.append(self.num_threads)
                self.wall += seconds[self.num_threads]
                minibatch_done()
        return numbers


def machine_with(num_threads, monkeypatch):
    machine = Machine(num_threads)
    monkeypatch.setattr(_threads, "torch", machine)
    monkeypatch.setattr(_threads, "time", machine)
    monkeypatch.setattr(_threads, "_PYTORCH_S_OWN", num_threads)
    monkeypatch.setattr(_threads, "_machine", _threads._Pause())
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    machine.wall = 100.0
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
    assert _threads.worth(multiplications, available) == number
    seconds = {many: 1 / many for many in range(1, 9)}
    numbers = machine.train(_threads.Threads(), seconds, work=multiplications)
    assert set(numbers) == {1, number} and numbers[-1] == number
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
    choose(machine, monkeypatch)
    chosen, threads = machine.num_threads, _threads.Threads()
    for _ in range(4):  # even where it is slow
        numbers = machine.train(threads, {1: 1.0, 2: 9.0, 5: 99.0}, work=work)
        assert set(numbers) == {chosen}
        assert machine.num_threads == chosen
    with _threads.one_thread():
        assert machine.num_threads == chosen


def test_a_choice_made_during_the_run_counts_from_the_next_epoch(machine):
    threads = _threads.Threads()
    assert set(machine.train(threads, FASTER_ON_TWO, work=1)) == {1}
    machine.set_num_threads(3)
    assert set(machine.train(threads, {3: 1.0})) == {3}
    machine.set_num_threads(2)
    assert machine.train(threads, FASTER_ON_TWO) == [1, 1, 2, 2, 2, 2, 2, 2]


def test_one_thread_for_what_is_small(machine):
    with pytest.raises(KeyError), _threads.one_thread():
        assert machine.num_threads == 1
        raise KeyError
    assert machine.num_threads == 2


# ---- by what the clock says ----

FASTER_ON_TWO = {1: 1 / 32, 2: 1 / 64}
FASTER_ON_ONE = {1: 1 / 64, 2: 1 / 16}
THE_SAME = {1: 1 / 32, 2: 1.1 / 32}


@pytest.mark.parametrize("seconds", [FASTER_ON_TWO, THE_SAME])
def test_a_run_begins_with_one_thread_and_tries_many(seconds, machine):
    """The first minibatch is not timed, the second is."""
    threads = _threads.Threads()
    assert machine.train(threads, seconds) == [1, 1, 2, 2, 2, 2, 2, 2]
    for _ in range(99):
        assert set(machine.train(threads, seconds)) == {2}


def test_many_that_are_slower_are_left_after_a_minibatch(machine):
    threads = _threads.Threads()
    # Two of 1/64 s are timed: one alone is not long enough.
    assert machine.train(threads, FASTER_ON_ONE, 6) == [1, 1, 1, 2, 1, 1]


def test_a_slow_first_minibatch_does_not_hide_that_many_are_slower(machine):
    threads = _threads.Threads()
    machine.train(threads, {1: 10.0}, 1)
    assert machine.train(threads, FASTER_ON_ONE, 5) == [1, 1, 2, 1, 1]


def test_many_are_tried_again_less_and_less_often(machine):
    threads = _threads.Threads()
    tries, begun = [], machine.wall
    while machine.wall < begun + 200:
        if 2 in machine.train(threads, FASTER_ON_ONE, 1):
            tries.append(machine.wall)
    pauses = [b - a for a, b in zip(tries, tries[1:], strict=False)]
    assert 0.1 < pauses[0] < 0.2
    growth = [b / a for a, b in zip(pauses, pauses[1:], strict=False)]
    assert all(1.4 < factor < 2.1 for factor in growth[:9])
    assert max(pauses) < 1.01 * _threads.LONGEST_PAUSE
    # And when the other one has left:
    while machine.wall < begun + 300:
        numbers = machine.train(threads, FASTER_ON_TWO)
    assert set(numbers) == {2}


def test_the_next_run_knows_that_the_machine_is_busy(machine):
    for _ in range(5):
        machine.train(_threads.Threads(), FASTER_ON_ONE)
        machine.wall = max(machine.wall, _threads._machine.until)
    machine.train(_threads.Threads(), FASTER_ON_ONE)
    assert _threads._machine.until > machine.wall + 1
    assert set(machine.train(_threads.Threads(), FASTER_ON_TWO)) == {1}


def test_a_little_slower_is_not_busy(machine):
    """It may be the size of the model: a larger one still gets its threads."""
    machine.train(_threads.Threads(), {1: 1 / 32, 2: 1.3 / 32})
    assert machine.train(_threads.Threads(), FASTER_ON_TWO)[-1] == 2


def test_short_minibatches_are_timed_together(machine):
    short = _threads.LONG_ENOUGH / 4
    numbers = machine.train(_threads.Threads(), {1: short, 2: short / 2}, 7)
    assert numbers == [1, 1, 1, 1, 1, 1, 2]


def test_short_epochs_are_timed_together(machine):
    short, threads = _threads.LONG_ENOUGH / 4, _threads.Threads()
    numbers = [machine.train(threads, {1: short, 2: short}, 1)[0] for _ in range(7)]
    assert numbers == [1, 1, 1, 1, 1, 1, 2]


def test_time_between_the_epochs_is_nobody_s(machine):
    """A caller that waits, or computes something else, is not taken for a crowd."""
    threads = _threads.Threads()
    machine.train(threads, FASTER_ON_TWO)
    for _ in range(20):
        machine.wall += 5.0
        assert set(machine.train(threads, FASTER_ON_TWO, 1)) == {2}


def test_runs_beside_each_other_give_back_what_the_first_found(machine):
    first, second = _threads.Threads(), _threads.Threads()
    with first.suited_to(1):
        assert machine.num_threads == 1
        assert set(machine.train(second, FASTER_ON_TWO, 1, work=1)) == {1}
        # The number that the first has set is not taken for the user's choice.
        assert machine.train(second, FASTER_ON_TWO)[-1] == 2
    assert machine.num_threads == 2


# ---- in a training run ----

CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20


def watched(compute, machine, numbers, fail_at=None, seconds=FASTER_ON_TWO):
    """`compute`, with a note of the number of threads, and the time it takes."""

    def watch(*args):
        numbers.append(machine.num_threads)
        if len(numbers) == fail_at:
            raise KeyError("in the middle of an epoch")
        machine.wall += seconds[machine.num_threads]
        return compute(*args)

    return watch


def run_of(machine, num_hiddens=8, fail_at=None, seconds=FASTER_ON_TWO):
    """A run of 9 minibatches an epoch, and the numbers of threads that they see."""
    net, numbers = rnn.make_model("scratch", 11, num_hiddens), []
    loader = batching.SequenceLoader(CORPUS, 4, 5, seed=0)
    compute = training.backpropagation(net)
    backpropagate = watched(compute, machine, numbers, fail_at, seconds)
    return training.train(net, loader, 0.5, 3, backpropagate=backpropagate), numbers


def test_a_small_model_is_trained_on_one_thread_which_is_given_back(machine):
    run, numbers = run_of(machine)
    assert machine.num_threads == 2
    for epoch, _ in enumerate(run, start=1):
        assert machine.num_threads == 2  # between the epochs
        assert len(numbers) == 9 * epoch and set(numbers) == {1}
    assert epoch == 3 and machine.num_threads == 2


def test_a_larger_model_is_trained_on_both_unless_that_is_slower(machine):
    num_hiddens = math.isqrt(2 * _threads.WORTH_A_THREAD // 4) + 1  # batch_size is 4
    run, numbers = run_of(machine, num_hiddens - 1)
    assert list(run) and numbers == [1] * 27
    run, numbers = run_of(machine, num_hiddens)
    assert list(run) and numbers == [1] * 2 + [2] * 25
    run, numbers = run_of(machine, num_hiddens, seconds=FASTER_ON_ONE)
    assert list(run) and numbers[:9] == [1] * 3 + [2] + [1] * 5


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
    (8, [1] * 27), (96, [1] * 2 + [2] * 25),
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
