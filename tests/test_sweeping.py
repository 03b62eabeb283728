"""A sweep gives the same results as single runs, to the last bit."""

import dataclasses
import functools
import gc
import math
import random
import threading
import types
from dataclasses import replace

import numpy as np
import pytest
import torch

from d2l_rnn import (
    batching,
    engine,
    progress,
    rnn,
    sweeping,
    threads,
    training,
)
from d2l_rnn.parameters import parameters_of
from d2l_rnn.sweeping import Setting

# As long as an epoch of some offsets has one minibatch more than that of others.
CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20 + [1, 2, 3, 4]
small = functools.partial(Setting, batch_size=4, num_steps=5)


def curves(settings, num_epochs=20, corpus=CORPUS, vocab_size=11, **kwargs):
    """Each setting's records, from a sweep."""
    histories = {setting: training.History() for setting in settings}
    for records in sweeping.sweep(settings, corpus, vocab_size, num_epochs, **kwargs):
        for setting, record in records.items():
            histories[setting].append(record)
    return histories


def curve(setting, num_epochs=20, corpus=CORPUS, vocab_size=11, **kwargs):
    """The same setting's records, from a single run."""
    run = sweeping.single(setting, corpus, vocab_size, num_epochs, **kwargs)
    return training.History(run)


def sampled(settings, use_random_iter):
    return [replace(each, use_random_iter=use_random_iter) for each in settings]


def assert_same(history, expected):
    """Compare every field of each record but the speed. In a repr, NaN equals NaN."""
    ours, theirs = (
        [repr(dataclasses.replace(record, tokens_per_second=0)) for record in records]
        for records in (history, expected)
    )
    assert ours == theirs
    assert all(record.tokens_per_second > 0 for record in history)


@pytest.fixture(params=[1, 2, 3])
def number_of_threads(request, monkeypatch):
    """As on a machine with this number of cores."""
    monkeypatch.setattr(threads, "available", lambda: request.param)
    return request.param


@pytest.fixture
def no_engine(monkeypatch):
    monkeypatch.setattr(engine, "library", lambda: None)


SWEEPS = {
    "theta": [small(theta=theta, lr=0.5) for theta in (0.01, 0.03, 0.1, 0.3, None)],
    "lr": [small(lr=lr, num_hiddens=8) for lr in (0.01, 0.3, 1.0, 2.0)],
    "seed": [small(seed=seed, num_hiddens=8) for seed in (0, 1, 2, 77)],
    "hidden units": [small(num_hiddens=n) for n in (1, 5, 17, 32, 33, 65, 200)],
    "all at once": [
        small(theta=0.05, lr=2.0, seed=3, num_hiddens=7),
        small(theta=None, lr=0.5, seed=1, num_hiddens=33),
        small(theta=1.0, lr=1.0, seed=3, num_hiddens=20),
        small(theta=0.2, lr=0.1, seed=0, num_hiddens=40),
    ],
    "only one": [small(theta=0.5, num_hiddens=6)],
}


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("settings", SWEEPS.values(), ids=SWEEPS)
def test_each_curve_is_that_of_its_single_run(
    settings, use_random_iter, number_of_threads
):
    settings = sampled(settings, use_random_iter)
    histories = curves(settings)
    assert list(histories) == settings
    for setting, history in histories.items():
        expected = curve(setting)
        assert len(expected) == 20
        assert_same(history, expected)
    different = {tuple(history.perplexity) for history in histories.values()}
    assert len(different) == len(settings)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_each_curve_is_that_of_its_single_run_without_the_engine(
    use_random_iter, number_of_threads, no_engine
):
    histories = curves(sampled(SWEEPS["all at once"], use_random_iter), 5)
    for setting, history in histories.items():
        assert_same(history, curve(setting, 5))


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_epochs_of_different_lengths(use_random_iter):
    """The offset of an epoch depends on the seed, and its length on the offset."""
    seeds = (0, 1, 2)
    lengths = set()
    for seed in seeds:
        loader = batching.SequenceLoader(CORPUS, 4, 5, use_random_iter, seed)
        lengths.add(tuple(len(list(loader)) for _ in range(20)))
    assert len(lengths) == len(seeds) and set.union(*map(set, lengths)) == {9, 10}
    settings = [small(seed=seed, num_hiddens=6, lr=0.5) for seed in seeds]
    for setting, history in curves(sampled(settings, use_random_iter)).items():
        assert_same(history, curve(setting))


def test_a_real_text(time_machine, number_of_threads):
    loader, vocab = batching.load_data(32, 35, path=time_machine)
    settings = [Setting(theta=0.1), Setting(theta=None), Setting(seed=1)]
    text = {"corpus": loader.corpus, "vocab_size": len(vocab)}
    for setting, history in curves(settings, **text).items():
        assert_same(history, curve(setting, **text))


DIVERGING = [
    small(theta=None, lr=1e30, num_hiddens=6),  # at once
    small(theta=1.0, lr=0.5, num_hiddens=6),
    small(theta=None, lr=400.0, num_hiddens=8, seed=2),  # later
    small(theta=None, lr=0.5, num_hiddens=8, seed=1),
]


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_a_diverging_run_ends_and_leaves_the_others_alone(
    use_random_iter, number_of_threads
):
    histories = curves(sampled(DIVERGING, use_random_iter))
    for setting, history in histories.items():
        assert_same(history, curve(setting))
        if setting.lr == 0.5:
            assert len(history) == 20 and not history[-1].diverged
        else:
            assert history[-1].diverged and history[-1].perplexity == math.inf
    lengths = [len(history) for history in histories.values()]
    assert lengths[0] < lengths[2] < 20


def test_a_sweep_ends_when_all_have_diverged():
    settings = [
        small(theta=None, lr=1e30, num_hiddens=6),
        small(theta=None, lr=400.0, num_hiddens=8, seed=2),
    ]
    run = list(sweeping.sweep(settings, CORPUS, 11, num_epochs=20))
    assert [list(records) for records in run] == [settings, settings[1:]]


@pytest.fixture
def epochs(monkeypatch):
    """The setting of each epoch that begins, and a function to call with it then."""
    begun = types.SimpleNamespace(settings=[], call=lambda setting: None)

    class Watched(batching.SequenceLoader):
        def __iter__(self):
            begun.settings.append(self.setting)
            begun.call(self.setting)
            return super().__iter__()

    def minibatches(setting, corpus):
        names = ("batch_size", "num_steps", "use_random_iter", "seed")
        loader = Watched(corpus, *(getattr(setting, name) for name in names))
        loader.setting = setting
        return loader

    monkeypatch.setattr(Setting, "minibatches", minibatches)
    return begun


def test_settings_that_have_diverged_cost_nothing_any_more(epochs):
    settings = [DIVERGING[0], DIVERGING[2], small(num_hiddens=40)]
    run = sweeping.sweep(settings, CORPUS, 11, num_epochs=5)
    assert [len(records) for records in run] == [3, 2, 1, 1, 1]
    assert [epochs.settings.count(each) for each in settings] == [1, 2, 5]


def test_the_first_model_is_that_of_the_seed_whatever_the_caller_has_drawn():
    torch.manual_seed(5)
    torch.randn(3)
    net = small(seed=7, num_hiddens=6).model(11)
    torch.manual_seed(7)
    expected = rnn.get_params(11, 6)
    for ours, theirs in zip(net.params, expected, strict=True):
        assert torch.equal(ours, theirs) and ours.requires_grad


@pytest.mark.parametrize("settings", [
    [small(), small(theta=2.0)], [small()],
], ids=["several", "one"])  # fmt: skip
def test_the_caller_s_random_numbers_stay_as_they_were(settings):
    before = torch.get_rng_state(), random.getstate()
    expected = perplexities(sweeping.sweep(settings, CORPUS, 11, num_epochs=3))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    run = sweeping.sweep(settings, CORPUS, 11, num_epochs=3)
    first = perplexities([next(run)])
    torch.rand(1), random.random()  # nor do the caller's own draws disturb the run
    assert first + perplexities(run) == expected


def perplexities(epochs):
    return [[record.perplexity for record in epoch.values()] for epoch in epochs]


def test_the_same_setting_twice_is_trained_once(epochs):
    settings = [small(theta=2.0), small(), small(theta=2)]
    (records,) = sweeping.sweep(settings, CORPUS, 11, num_epochs=1)
    assert list(records) == settings[:2] and len(epochs.settings) == 2
    (records,) = sweeping.sweep([small()] * 2, CORPUS, 11, num_epochs=1)
    assert list(records) == [small()] and len(epochs.settings) == 3


def test_records_stand_in_the_order_of_the_settings(number_of_threads):
    """Whatever the order of training."""
    settings = [small(num_hiddens=n, seed=s) for s in (1, 0) for n in (40, 5, 200, 9)]
    for records in sweeping.sweep(settings, CORPUS, 11, num_epochs=2):
        assert list(records) == settings


def test_settings_come_from_any_iterable_and_the_corpus_as_any_sequence():
    thetas = (0.1, 1.0)
    expected = curves([small(theta=theta) for theta in thetas], num_epochs=1)
    for corpus in (tuple(CORPUS), np.array(CORPUS), torch.tensor(CORPUS).int()):
        settings = (small(theta=theta) for theta in thetas)
        (records,) = sweeping.sweep(settings, corpus, 11, num_epochs=1)
        assert [record.perplexity for record in records.values()] == [
            history[0].perplexity for history in expected.values()
        ]


def test_nothing_is_trained_before_it_is_asked_for(epochs):
    run = sweeping.sweep([small(), small(seed=1)], CORPUS, 11, num_epochs=3)
    assert epochs.settings == []
    next(run)
    assert len(epochs.settings) == 2


def test_a_sweep_can_wait():
    settings = [small(), small(seed=1)]
    run = sweeping.sweep(settings, CORPUS, 11, num_epochs=9)
    for epoch in (1, 2):
        assert {record.epoch for record in next(run).values()} == {epoch}
    assert all(len(params) == 5 for params in (run.model(e).params for e in settings))
    assert len(list(run)) == 7


@pytest.mark.parametrize("settings", [[small()], [small(), small(seed=1)]])
def test_no_epochs_no_records(settings):
    assert list(sweeping.sweep(settings, CORPUS, 11, num_epochs=0)) == []


def test_tokens_per_second_are_what_each_setting_learned_from(epochs, monkeypatch):
    clock = types.SimpleNamespace(now=100.0, perf_counter=lambda: clock.now)

    def wait(setting):
        clock.now += 2

    epochs.call = wait
    monkeypatch.setattr(progress, "time", clock)
    monkeypatch.setattr(threads, "available", lambda: 1)  # one run after another
    settings = [small(seed=seed, num_hiddens=6) for seed in range(6)]
    (records,) = sweeping.sweep(settings, CORPUS, 11, num_epochs=1)
    tokens = []
    for setting in settings:
        loader = batching.SequenceLoader(CORPUS, 4, 5, seed=setting.seed)
        tokens.append(sum(X.numel() for X, _ in loader))
    assert len(set(tokens)) == 2
    speeds = [record.tokens_per_second for record in records.values()]
    assert speeds == [count / 2 for count in tokens]  # in the 2 seconds of the clock


@pytest.mark.parametrize("settings", [[], [None], [small(), {"theta": 1.0}], ["ab"]])
def test_settings_that_are_none_are_told(settings):
    with pytest.raises(ValueError, match="settings must be one Setting or more, got"):
        sweeping.sweep(settings, CORPUS, 11, num_epochs=1)


@pytest.mark.parametrize("kwargs, message", [
    ({"theta": 0}, "theta must be a number greater than 0, got 0"),
    ({"theta": -1.0}, "theta must be a number greater than 0"),
    ({"theta": math.nan}, "theta must be a number greater than 0"),
    ({"theta": "1"}, "theta must be a number greater than 0"),
    ({"lr": 0}, "lr must be a number greater than 0"),
    ({"lr": None}, "lr must be a number greater than 0"),
    ({"lr": 1e40}, "lr must be a number greater than 0 and at most"),
    ({"seed": -1}, "seed must be an integer from 0 to"),
    ({"seed": 1.5}, "seed must be an integer from 0 to"),
    ({"num_hiddens": 0}, "num_hiddens must be an integer of at least 1"),
    ({"num_hiddens": 8.0}, "num_hiddens must be an integer of at least 1"),
    ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
    ({"num_steps": 0}, "num_steps must be an integer of at least 1"),
    ({"use_random_iter": "sequential"}, "use_random_iter must be True or False"),
    ({"cell": "elman"}, "cell must be one of 'scratch', 'rnn', 'gru', 'lstm'"),
])  # fmt: skip
def test_a_setting_that_no_run_can_have_is_told(kwargs, message):
    with pytest.raises(ValueError, match=message):
        small(**kwargs)


def test_a_setting_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        small().theta = 2.0


@pytest.mark.parametrize("kwargs, message", [
    ({"vocab_size": 10}, r"vocab_size must be .* of at least 11 \(the corpus has "
                         "token 10\\), got 10"),
    ({"vocab_size": 0}, "vocab_size must be an integer of at least"),
    ({"vocab_size": 11.0}, "vocab_size must be an integer of at least"),
    ({"corpus": CORPUS[:20]}, "batch_size=4 and num_steps=5 are too large"),
    ({"corpus": [0.5] * 100}, "corpus must be integers"),
    ({"num_epochs": -1}, "num_epochs must be an integer of at least 0"),
    ({"num_epochs": 1.5}, "num_epochs must be an integer of at least 0"),
])  # fmt: skip
@pytest.mark.parametrize("settings", [
    [small()], [small(), small(theta=2.0)],
], ids=["one", "several"])  # fmt: skip
def test_what_no_run_can_have_is_told_at_once(settings, kwargs, message):
    kwargs = {"corpus": CORPUS, "vocab_size": 11, "num_epochs": 1, **kwargs}
    with pytest.raises(ValueError, match=message):
        sweeping.sweep(settings, **kwargs)
    if len(settings) == 1:
        with pytest.raises(ValueError, match=message):
            sweeping.single(*settings, **kwargs)


def test_the_models_of_a_sweep_are_those_of_single_runs(number_of_threads):
    corpus = [i * 7 % 11 for i in range(400)]
    settings = [
        small(theta=0.1, num_hiddens=6), small(lr=0.5, num_hiddens=9),
        small(num_hiddens=200), small(cell="gru", num_hiddens=7),
    ]  # fmt: skip
    swept = sweeping.sweep(settings, corpus, 11, num_epochs=3)
    assert len(list(swept)) == 3
    for each in settings:
        net = each.model(11)
        begun = [param.clone() for param in parameters_of(net)]
        loader = batching.SequenceLoader(corpus, 4, 5, False, each.seed)
        list(training.train(net, loader, each.lr, 3, each.theta))
        assert swept.model(each).num_hiddens == each.num_hiddens
        for mine, theirs, before in zip(
            *map(parameters_of, (swept.model(each), net)), begun, strict=True
        ):
            assert torch.equal(mine, theirs) and not torch.equal(mine, before)


@pytest.mark.parametrize("cell", rnn.CELLS)
def test_the_held_out_perplexities_are_those_of_single_runs(cell, number_of_threads):
    text, held_out = batching.split(CORPUS * 2)
    held_out = batching.SequenceLoader(held_out, 2, 5)
    settings = [small(cell=cell, num_hiddens=n) for n in (6, 9)]
    for setting, history in curves(settings, 3, text, held_out=held_out).items():
        assert_same(history, curve(setting, 3, text, held_out=held_out))
        assert all(map(math.isfinite, history.held_out_perplexity))


def test_held_out_text_that_one_run_would_use_up_is_told():
    once = batching.sequential_partitioning(CORPUS, 2, 5)
    with pytest.raises(ValueError, match="held_out must be iterable once a run and"):
        sweeping.sweep([small(), small(seed=1)], CORPUS, 11, 1, held_out=once)


def test_a_setting_by_itself_is_a_sweep_of_one():
    (records,) = sweeping.sweep(small(), CORPUS, 11, 1)
    assert list(records) == [small()]


# ---- side by side ----


def workers():
    """The threads of sweeps that are alive."""
    return [
        each for each in threading.enumerate() if each.name.startswith("d2l_rnn sweep")
    ]


@pytest.mark.parametrize("number", [2, 3])
def test_runs_are_trained_at_the_same_time(number, epochs, monkeypatch):
    """Each epoch begins at a barrier, where all runs have to arrive."""
    meeting = threading.Barrier(number)
    epochs.call = lambda setting: meeting.wait(60)
    monkeypatch.setattr(threads, "available", lambda: number)
    settings = [small(seed=seed) for seed in range(number)]
    run = list(sweeping.sweep(settings, CORPUS, 11, num_epochs=3))
    assert [len(records) for records in run] == [number] * 3


def test_a_check_is_called_by_the_caller_s_thread_once_an_epoch_at_least(
    number_of_threads,
):
    callers, after = [], []

    def check():
        callers.append(threading.get_ident())

    settings = [small(seed=seed) for seed in range(3)]
    for _ in sweeping.sweep(settings, CORPUS, 11, num_epochs=4, check=check):
        after.append(len(callers))
    assert set(callers) == {threading.get_ident()}
    assert len(after) == 4 and all(map(int.__lt__, [0, *after], after))


@pytest.mark.parametrize("settings", [[small()], [small(), small(seed=1)]])
def test_a_check_may_interrupt_the_sweep_which_then_goes_on(
    settings, number_of_threads
):
    calls = []

    def check():
        calls.append(1)
        if len(calls) in (3, 5):
            raise InterruptedError

    expected = perplexities(sweeping.sweep(settings, CORPUS, 11, num_epochs=9))
    run, found = sweeping.sweep(settings, CORPUS, 11, num_epochs=9, check=check), []
    while len(calls) < 5:
        with pytest.raises(InterruptedError):
            for records in run:
                found.append(records)
        assert workers() == []
    assert perplexities([*found, *run]) == expected


@pytest.fixture
def taken(monkeypatch):
    """The minibatches taken in a sweep's runs, by their seed."""
    counts, loader = {}, sweeping.SequenceLoader

    class Counted(loader):
        def __init__(self, corpus, batch_size, num_steps, use_random_iter, seed):
            super().__init__(corpus, batch_size, num_steps, use_random_iter, seed)
            self.seed = seed

        def __iter__(self):
            for minibatch in super().__iter__():
                counts[self.seed] = counts.get(self.seed, 0) + 1
                yield minibatch

    monkeypatch.setattr(sweeping, "SequenceLoader", Counted)
    return counts


LONG = torch.arange(400_000) % 11  # an epoch of 357 minibatches, a second or more


@pytest.mark.parametrize("without", [False, True], ids=["engine", "no engine"])
def test_a_check_that_raises_stops_all_runs_within_an_epoch(
    without, taken, monkeypatch
):
    def check():
        if len(taken) == 2:  # both have begun
            raise InterruptedError

    if without:
        monkeypatch.setattr(engine, "library", lambda: None)
    monkeypatch.setattr(threads, "available", lambda: 2)
    settings = [Setting(seed=seed, num_hiddens=256) for seed in range(4)]
    with pytest.raises(InterruptedError):
        next(sweeping.sweep(settings, LONG, 11, num_epochs=2, check=check))
    assert workers() == []
    assert sum(taken.values()) < 300  # all four together


def test_an_error_in_one_run_ends_the_sweep(epochs, monkeypatch):
    def fail(setting):
        if setting.num_hiddens == 9 and epochs.settings.count(setting) == 2:
            raise KeyError("in the middle of a run")

    epochs.call = fail
    monkeypatch.setattr(threads, "available", lambda: 2)
    settings = [small(num_hiddens=n) for n in (8, 9, 10)]
    run = sweeping.sweep(settings, CORPUS, 11, num_epochs=4)
    assert len(next(run)) == 3
    with pytest.raises(KeyError, match="in the middle of a run"):
        next(run)
    assert list(run) == [] and workers() == []


def test_a_sweep_that_is_closed_leaves_no_thread_behind(number_of_threads):
    run = sweeping.sweep([small(), small(seed=1)], CORPUS, 11, num_epochs=9)
    next(run)
    run.close()
    assert workers() == [] and list(run) == []
    sweeping.sweep([small()], CORPUS, 11, num_epochs=9).close()  # never begun


def test_a_sweep_that_nobody_goes_on_with_leaves_no_thread_behind(number_of_threads):
    run = sweeping.sweep([small(), small(seed=1)], CORPUS, 11, num_epochs=9)
    next(run)
    assert workers() != []
    del run
    gc.collect()
    assert workers() == []
