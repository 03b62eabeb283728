"""A sweep against the runs that it stands for, one by one."""

import dataclasses
import math
import random
import types

import numpy as np
import pytest
import torch

from d2l_rnn import batching, rnn, sweeping, training
from d2l_rnn.sweeping import Setting

# As long as an epoch of some offsets has one minibatch more than that of others.
CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20 + [1, 2, 3, 4]
SIZES = {"vocab_size": 11, "batch_size": 4, "num_steps": 5}


def curves(settings, num_epochs=20, corpus=CORPUS, **kwargs):
    """Each setting's records, from a sweep."""
    histories = {setting: training.History() for setting in settings}
    for records in sweeping.sweep(
        settings, corpus, num_epochs=num_epochs, **{**SIZES, **kwargs}
    ):
        for setting, record in records.items():
            histories[setting].append(record)
    return histories


def curve(setting, num_epochs=20, corpus=CORPUS, **kwargs):
    """The same setting's records, from a run of its own."""
    run = sweeping.single(setting, corpus, num_epochs=num_epochs, **{**SIZES, **kwargs})
    return training.History(run)


def assert_same(history, expected):
    """Each record in every field but the speed."""
    assert history.epoch == expected.epoch
    assert history.diverged == expected.diverged
    assert history.perplexity == pytest.approx(expected.perplexity, rel=0, abs=1e-4)
    for ours, theirs in zip(history, expected, strict=True):
        assert ours.tokens_per_second > 0
        if ours.diverged:  # what else can be said of such an epoch is little
            continue
        assert ours.gradient_norm == pytest.approx(theirs.gradient_norm, rel=1e-3)
        assert ours.clipped_fraction == pytest.approx(theirs.clipped_fraction)
        assert ours.clipped_norm == pytest.approx(theirs.clipped_norm, rel=1e-3)
        assert ours.state_gradient_norms == pytest.approx(
            theirs.state_gradient_norms, rel=1e-2
        )


SWEEPS = {
    "theta": [Setting(theta=theta, lr=0.5) for theta in (0.01, 0.03, 0.1, 0.3, None)],
    "lr": [Setting(lr=lr, num_hiddens=8) for lr in (0.01, 0.3, 1.0, 2.0)],
    "seed": [Setting(seed=seed, num_hiddens=8) for seed in (0, 1, 2, 77)],
    "hidden units of one group": [Setting(num_hiddens=n) for n in (1, 5, 17, 32)],
    "hidden units of several groups": [
        Setting(num_hiddens=n) for n in (8, 33, 40, 64, 65)
    ],
    "all at once": [
        Setting(theta=0.05, lr=2.0, seed=3, num_hiddens=7),
        Setting(theta=None, lr=0.5, seed=1, num_hiddens=33),
        Setting(theta=1.0, lr=1.0, seed=3, num_hiddens=20),
        Setting(theta=0.2, lr=0.1, seed=0, num_hiddens=40),
    ],
    "only one": [Setting(theta=0.5, num_hiddens=6)],
}


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("settings", SWEEPS.values(), ids=SWEEPS)
def test_each_curve_is_that_of_its_single_run(settings, use_random_iter):
    histories = curves(settings, use_random_iter=use_random_iter)
    assert list(histories) == settings
    for setting, history in histories.items():
        expected = curve(setting, use_random_iter=use_random_iter)
        assert len(expected) == 20
        assert_same(history, expected)
    different = {tuple(history.perplexity) for history in histories.values()}
    assert len(different) == len(settings)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_epochs_of_different_lengths(use_random_iter):
    """The offset of an epoch depends on the seed, and its length on the offset."""
    seeds = (0, 1, 2)
    lengths = set()
    for seed in seeds:
        loader = batching.SequenceLoader(CORPUS, 4, 5, use_random_iter, seed)
        lengths.add(tuple(len(list(loader)) for _ in range(20)))
    assert len(lengths) == len(seeds) and set.union(*map(set, lengths)) == {9, 10}
    settings = [Setting(seed=seed, num_hiddens=6, lr=0.5) for seed in seeds]
    for setting, history in curves(settings, use_random_iter=use_random_iter).items():
        assert_same(history, curve(setting, use_random_iter=use_random_iter))


def test_a_real_text(time_machine):
    loader, vocab = batching.load_data(32, 35, path=time_machine)
    settings = [Setting(theta=0.1), Setting(theta=None), Setting(seed=1)]
    sizes = {"vocab_size": len(vocab), "batch_size": 32, "num_steps": 35}
    histories = curves(settings, corpus=loader.corpus, **sizes)
    for setting, history in histories.items():
        assert_same(history, curve(setting, corpus=loader.corpus, **sizes))


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_a_diverging_run_ends_and_leaves_the_others_alone(use_random_iter):
    settings = [
        Setting(theta=None, lr=1e30, num_hiddens=6),  # at once
        Setting(theta=1.0, lr=0.5, num_hiddens=6),
        Setting(theta=None, lr=400.0, num_hiddens=8, seed=2),  # later
        Setting(theta=None, lr=0.5, num_hiddens=8, seed=1),
    ]
    histories = curves(settings, use_random_iter=use_random_iter)
    for setting, history in histories.items():
        expected = curve(setting, use_random_iter=use_random_iter)
        if setting.lr == 0.5:
            assert len(history) == 20 and not history[-1].diverged
            assert_same(history, expected)
        else:
            assert (history.epoch, history.diverged) == (
                expected.epoch, expected.diverged
            )  # fmt: skip
            assert history[-1].diverged and history[-1].perplexity == math.inf
    lengths = [len(history) for history in histories.values()]
    assert lengths[0] < lengths[2] < 20


def test_a_sweep_ends_when_all_have_diverged():
    settings = [
        Setting(theta=None, lr=1e30, num_hiddens=6),
        Setting(theta=None, lr=400.0, num_hiddens=8, seed=2),
    ]
    run = list(sweeping.sweep(settings, CORPUS, num_epochs=20, **SIZES))
    assert [list(records) for records in run] == [settings, settings[1:]]


def test_settings_that_have_diverged_cost_nothing_any_more(monkeypatch):
    """While a run of another group goes on."""
    epochs, epoch = [], sweeping._Batch._epoch

    def counted(self, number, threads):
        epochs.append(number)
        return epoch(self, number, threads)

    monkeypatch.setattr(sweeping._Batch, "_epoch", counted)
    settings = [
        Setting(theta=None, lr=1e30, num_hiddens=6),
        Setting(theta=None, lr=400.0, num_hiddens=8, seed=2),
        Setting(num_hiddens=40),
    ]
    run = list(sweeping.sweep(settings, CORPUS, num_epochs=5, **SIZES))
    assert [len(records) for records in run] == [3, 2, 1, 1, 1]
    assert epochs == [1, 2]


@pytest.fixture
def trained(monkeypatch):
    """Which settings are trained together, and which alone, as they begin."""
    notes = {"together": [], "alone": []}
    single, batch = sweeping._Single, sweeping._Batch

    def noted_single(setting, *args):
        notes["alone"].append(setting)
        return single(setting, *args)

    def noted_batch(settings, *args):
        notes["together"].append(settings)
        return batch(settings, *args)

    monkeypatch.setattr(sweeping, "_Single", noted_single)
    monkeypatch.setattr(sweeping, "_Batch", noted_batch)
    return notes


def test_models_are_trained_together_with_those_of_their_size(trained):
    settings = [Setting(num_hiddens=n) for n in (300, 1, 64, 200, 32, 33, 128, 65)]
    sweeping.sweep(settings, CORPUS, num_epochs=1, **SIZES)
    sizes = [[each.num_hiddens for each in group] for group in trained["together"]]
    assert sorted(sizes) == [[1, 32], [64, 33], [128, 65]]
    assert [each.num_hiddens for each in trained["alone"]] == [300, 200]


def test_large_models_are_trained_one_by_one(trained, monkeypatch):
    monkeypatch.setattr(sweeping, "MOST_HIDDENS", 8)
    settings = [Setting(num_hiddens=n, theta=t) for n in (8, 9) for t in (0.1, 1.0)]
    histories = curves(settings)
    assert trained == {"together": [settings[:2]], "alone": settings[2:]}
    monkeypatch.undo()
    for setting, history in histories.items():
        assert_same(history, curve(setting))


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_a_padded_unit_stays_exactly_zero(use_random_iter):
    settings = [Setting(num_hiddens=n, lr=2.0) for n in (3, 9, 6)]
    batch = sweeping._Batch(
        settings, CORPUS, 11, 5, 4, 5, use_random_iter, None, check=lambda: None
    )
    begun = batch.vector.clone()
    assert len(list(batch.epochs())) == 5
    assert not torch.equal(batch.vector, begun)
    W_xh, W_hh, b_h, W_hq, _ = batch.unrolled.params
    for s, setting in enumerate(settings):
        n = setting.num_hiddens
        padded = [W_xh[s, :, n:], W_hh[s, n:], W_hh[s, :, n:], b_h[s, n:], W_hq[s, n:]]
        padded += [batch.unrolled.H[s, n:], batch.unrolled.dZ[s, n:]]
        assert not any(part.any() for part in padded)
        own = [W_xh[s, :, :n], W_hh[s, :n, :n], b_h[s, :n], W_hq[s, :n]]
        assert all(part.all() for part in (*own, batch.unrolled.H[s, :n, 4:]))


def test_the_first_model_is_that_of_the_seed_whatever_the_caller_has_drawn():
    torch.manual_seed(5)
    torch.randn(3)
    net = sweeping.initial_model(Setting(seed=7, num_hiddens=6), 11)
    torch.manual_seed(7)
    expected = rnn.get_params(11, 6)
    for ours, theirs in zip(net.params, expected, strict=True):
        assert torch.equal(ours, theirs) and ours.requires_grad


@pytest.mark.parametrize("settings", [
    [Setting(), Setting(theta=2.0)], [Setting()],
], ids=["together", "alone"])  # fmt: skip
def test_the_caller_s_random_numbers_stay_as_they_were(settings):
    before = torch.get_rng_state(), random.getstate()
    expected = perplexities(sweeping.sweep(settings, CORPUS, num_epochs=3, **SIZES))
    assert torch.equal(torch.get_rng_state(), before[0])
    assert random.getstate() == before[1]
    run = sweeping.sweep(settings, CORPUS, num_epochs=3, **SIZES)
    first = perplexities([next(run)])
    torch.rand(1), random.random()  # nor do the caller's own draws disturb the run
    assert first + perplexities(run) == expected


def perplexities(epochs):
    return [[record.perplexity for record in epoch.values()] for epoch in epochs]


def test_the_same_setting_twice_is_trained_once(trained):
    settings = [Setting(theta=2.0), Setting(), Setting(theta=2)]
    (records,) = sweeping.sweep(settings, CORPUS, num_epochs=1, **SIZES)
    assert list(records) == settings[:2]
    (records,) = sweeping.sweep([Setting()] * 2, CORPUS, num_epochs=1, **SIZES)
    assert list(records) == [Setting()]
    assert trained == {"together": [settings[:2]], "alone": [Setting()]}


def test_records_stand_in_the_order_of_the_settings():
    """Also across groups, which are trained one after another."""
    settings = [Setting(num_hiddens=n, seed=s) for s in (1, 0) for n in (40, 5, 200, 9)]
    for records in sweeping.sweep(settings, CORPUS, num_epochs=2, **SIZES):
        assert list(records) == settings


def test_settings_come_from_any_iterable_and_the_corpus_as_any_sequence():
    thetas = (0.1, 1.0)
    expected = curves([Setting(theta=theta) for theta in thetas], num_epochs=1)
    for corpus in (tuple(CORPUS), np.array(CORPUS), torch.tensor(CORPUS).int()):
        settings = (Setting(theta=theta) for theta in thetas)
        (records,) = sweeping.sweep(settings, corpus, num_epochs=1, **SIZES)
        assert [record.perplexity for record in records.values()] == [
            history[0].perplexity for history in expected.values()
        ]


def test_nothing_is_trained_before_it_is_asked_for(monkeypatch):
    def epoch(*_):
        raise AssertionError("trained")

    monkeypatch.setattr(sweeping._Batch, "_epoch", epoch)
    monkeypatch.setattr(training, "train_epoch", epoch)
    run = sweeping.sweep([Setting(), Setting(seed=1)], CORPUS, num_epochs=3, **SIZES)
    with pytest.raises(AssertionError, match="trained"):
        next(run)


def test_a_sweep_can_wait():
    settings = [Setting(), Setting(seed=1)]
    run = sweeping.sweep(settings, CORPUS, num_epochs=9, **SIZES)
    for epoch in (1, 2):
        assert {record.epoch for record in next(run).values()} == {epoch}
    assert all(len(params) == 5 for params in (run.model(e).params for e in settings))
    assert len(list(run)) == 7


@pytest.mark.parametrize("settings", [[Setting()], [Setting(), Setting(seed=1)]])
def test_no_epochs_no_records(settings):
    assert list(sweeping.sweep(settings, CORPUS, num_epochs=0, **SIZES)) == []


def test_tokens_per_second_are_what_each_setting_learned_from(monkeypatch):
    """Not the minibatches that only fill up the shorter epochs."""
    ticks = iter(range(100, 1000, 2))
    clock = types.SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr(sweeping, "time", clock)
    settings = [Setting(seed=seed, num_hiddens=6) for seed in range(6)]
    (records,) = sweeping.sweep(settings, CORPUS, num_epochs=1, **SIZES)
    tokens = []
    for setting in settings:
        loader = batching.SequenceLoader(CORPUS, 4, 5, seed=setting.seed)
        tokens.append(sum(X.numel() for X, _ in loader))
    assert len(set(tokens)) == 2
    speeds = [record.tokens_per_second for record in records.values()]
    assert speeds == [count / 2 for count in tokens]  # in the 2 seconds of the clock


@pytest.mark.parametrize("settings", [[], [None], [Setting(), {"theta": 1.0}], ["ab"]])
def test_settings_that_are_none_are_told(settings):
    with pytest.raises(ValueError, match="settings must be one Setting or more, got"):
        sweeping.sweep(settings, CORPUS, num_epochs=1, **SIZES)


@pytest.mark.parametrize("kwargs, message", [
    ({"theta": 0}, "theta must be a number greater than 0, got 0"),
    ({"theta": -1.0}, "theta must be a number greater than 0"),
    ({"theta": math.nan}, "theta must be a number greater than 0"),
    ({"theta": "1"}, "theta must be a number greater than 0"),
    ({"lr": 0}, "lr must be a number greater than 0"),
    ({"lr": None}, "lr must be a number greater than 0"),
    ({"lr": 1e40}, "lr must be a number greater than 0 and at most"),
    ({"seed": -1}, "seed must be an integer of at least 0"),
    ({"seed": 1.5}, "seed must be an integer of at least 0"),
    ({"num_hiddens": 0}, "num_hiddens must be an integer of at least 1"),
    ({"num_hiddens": 8.0}, "num_hiddens must be an integer of at least 1"),
])  # fmt: skip
def test_a_setting_that_no_run_can_have_is_told(kwargs, message):
    with pytest.raises(ValueError, match=message):
        Setting(**kwargs)


def test_a_setting_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        Setting().theta = 2.0


@pytest.mark.parametrize("kwargs, message", [
    ({"vocab_size": 10}, r"vocab_size must be .* of at least 11 \(the corpus has "
                         "token 10\\), got 10"),
    ({"vocab_size": 0}, "vocab_size must be an integer of at least"),
    ({"vocab_size": 11.0}, "vocab_size must be an integer of at least"),
    ({"corpus": CORPUS[:20]}, "batch_size=4 and num_steps=5 are too large"),
    ({"corpus": [0.5] * 100}, "corpus must be integers"),
    ({"batch_size": 0}, "batch_size must be an integer of at least 1"),
    ({"num_steps": 0}, "num_steps must be an integer of at least 1"),
    ({"num_epochs": -1}, "num_epochs must be an integer of at least 0"),
    ({"num_epochs": 1.5}, "num_epochs must be an integer of at least 0"),
])  # fmt: skip
@pytest.mark.parametrize("settings", [
    [Setting()], [Setting(), Setting(theta=2.0)],
], ids=["alone", "together"])  # fmt: skip
def test_what_no_run_can_have_is_told_at_once(settings, kwargs, message):
    kwargs = {"corpus": CORPUS, "num_epochs": 1, **SIZES, **kwargs}
    with pytest.raises(ValueError, match=message):
        sweeping.sweep(settings, **kwargs)
    if len(settings) == 1:
        with pytest.raises(ValueError, match=message):
            sweeping.single(*settings, **kwargs)


def test_the_models_of_a_sweep_are_those_of_single_runs():
    corpus = [i * 7 % 11 for i in range(400)]
    settings = [Setting(theta=0.1, num_hiddens=6), Setting(lr=0.5, num_hiddens=9),
                Setting(num_hiddens=200)]  # fmt: skip
    swept = sweeping.sweep(settings, corpus, 11, num_epochs=3, batch_size=4)
    assert len(list(swept)) == 3
    for each in settings:
        net = sweeping.initial_model(each, 11)
        loader = batching.SequenceLoader(corpus, 4, 35, False, each.seed)
        list(training.train(net, loader, each.lr, 3, each.theta))
        assert swept.model(each).num_hiddens == each.num_hiddens
        for mine, theirs in zip(swept.model(each).params, net.params, strict=True):
            torch.testing.assert_close(mine, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("settings", [[Setting()], [Setting(), Setting(seed=1)]])
def test_a_check_before_each_minibatch_may_end_the_sweep(settings):
    calls = []

    def check():
        calls.append(1)
        if len(calls) == 3:
            raise InterruptedError

    threads = torch.get_num_threads()
    with pytest.raises(InterruptedError):
        next(sweeping.sweep(settings, CORPUS, num_epochs=1, **SIZES, check=check))
    assert len(calls) == 3
    assert torch.get_num_threads() == threads
