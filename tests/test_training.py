import copy
import math
import operator
import random
import subprocess
import sys
from dataclasses import astuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from d2l_rnn import (
    batching,
    bptt,
    engine,
    gradients,
    progress,
    rnn,
    training,
    vanishing,
)  # fmt: skip
from d2l_rnn.parameters import parameters_of

needs_engine = pytest.mark.skipif(engine.library() is None, reason=engine.describe())
CORPUS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] * 20  # what comes next is certain


def loader(use_random_iter=False, batch_size=4, num_steps=5, corpus=CORPUS):
    return batching.SequenceLoader(
        corpus, batch_size, num_steps, use_random_iter, seed=0
    )


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_every_kind_of_model_learns_what_is_certain(net, use_random_iter):
    lr = 1.0 if isinstance(net, rnn.RNNModelScratch) else 2.0
    run = training.train(net, loader(use_random_iter), lr, num_epochs=120)
    history = training.History(run)
    assert history.epoch == list(range(1, 121))
    assert 4 < history[0].perplexity < 13  # it begins by guessing, 1 in 11
    assert history[-1].perplexity < 1.5
    assert history.best.perplexity == min(history.perplexity)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_an_epoch_against_the_steps_written_out(seed, use_random_iter):
    """Plain autograd and torch's clipping, with the state as the notes treat it."""
    seed()
    net = rnn.make_model("scratch", 11, 6)
    seed()
    params = rnn.get_params(11, 6)
    optimizer = torch.optim.SGD(net.params, 0.5)
    minibatches = loader(use_random_iter)
    progress = training.train_epoch(net, minibatches, None, 0.3, optimizer=optimizer)

    losses, norms, H = [], [], torch.zeros(4, 6)
    for X, Y in loader(use_random_iter):
        H = torch.zeros(4, 6) if use_random_iter else H.detach()
        outputs, (H,) = rnn.rnn(F.one_hot(X.T, 11).float(), (H,), params)
        loss = F.cross_entropy(outputs, Y.T.reshape(-1))
        gradients = torch.autograd.grad(loss, params)
        norm = torch.cat([g.reshape(-1) for g in gradients]).norm()
        with torch.no_grad():
            for param, gradient in zip(params, gradients, strict=True):
                param -= 0.5 * min(1, 0.3 / norm) * gradient
        losses.append(loss.item())
        norms.append(norm.item())

    for ours, theirs in zip(net.params, params, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-6)
    mean = sum(losses) / len(losses)
    assert progress.perplexity == pytest.approx(math.exp(mean), rel=1e-5)
    assert progress.gradient_norm == pytest.approx(sum(norms) / len(norms), rel=1e-4)
    share = sum(norm > 0.3 for norm in norms) / len(norms)
    assert progress.clipped_fraction == pytest.approx(share)


class Watched:
    """A model that notes the states it is given."""

    def __init__(self, net):
        self.net, self.params, self.states = net, parameters_of(net), []

    def __call__(self, X, state):
        self.states.append(state)
        return self.net(X, state)

    def begin_state(self, **kwargs):
        return self.net.begin_state(**kwargs)


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_the_state_begins_anew_or_is_carried_detached(net, use_random_iter):
    watched = Watched(net)
    list(training.train(watched, loader(use_random_iter), 0.1, 1))
    assert len(watched.states) > 3
    for number, state in enumerate(watched.states):
        for part in state if isinstance(state, tuple) else (state,):
            assert not part.requires_grad
            begins = number == 0 or use_random_iter
            assert (part == 0).all() == begins


def by_train(*args, **kwargs):
    list(training.train(*args, num_epochs=1, **kwargs))


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
def test_a_random_loader_is_asked_how_it_samples(train, net):
    """Both by a single epoch and by a whole run."""
    watched = Watched(net)
    train(watched, loader(use_random_iter=True), 0.1)
    assert len(watched.states) > 3
    for state in watched.states:
        assert not (state[0] if isinstance(state, tuple) else state).any()


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
def test_how_the_loader_samples_can_be_overruled(train, net):
    watched = Watched(net)
    train(watched, loader(), 0.1, use_random_iter=True)
    state = watched.states[-1]
    assert not (state[0] if isinstance(state, tuple) else state).any()


def test_a_run_is_a_plain_iterator_that_can_wait_and_stop(net):
    before = [param.clone() for param in parameters_of(net)]
    run = training.train(net, loader(), 0.5, num_epochs=10)
    assert all(
        torch.equal(a, b) for a, b in zip(before, parameters_of(net), strict=True)
    )  # nothing is done before it is asked for
    assert [next(run).epoch, next(run).epoch] == [1, 2]
    run.close()
    assert list(run) == []


def test_clipped_fraction_and_theta(vocab, seed):
    def record(theta):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        return next(training.train(net, loader(), 0.1, 1, theta=theta))

    assert record(1e-6).clipped_fraction == 1
    assert record(1e6).clipped_fraction == record(None).clipped_fraction == 0
    assert record(1e6).perplexity == record(None).perplexity


class Noted:
    """Backpropagation that notes the norm of each minibatch's gradient."""

    def __init__(self, net):
        self.backpropagate, self.norms = gradients.backpropagation(net), []

    def __call__(self, *minibatch):
        loss, state, gradients = self.backpropagate(*minibatch)
        g = torch.cat([gradient.reshape(-1).double() for gradient in gradients])
        self.norms.append(g.norm().item())
        return loss, state, gradients


def test_the_norm_before_and_after_clipping(net):
    noted = Noted(net)
    list(training.train(net, loader(), 0.5, 1, theta=None, backpropagate=noted))
    theta = sorted(noted.norms)[len(noted.norms) // 2]  # some are longer, some not
    noted.norms.clear()
    (record,) = training.train(net, loader(), 0.5, 1, theta, backpropagate=noted)
    norms = noted.norms
    after = [min(norm, theta) for norm in norms]
    assert sum(after) < sum(norms)
    assert record.gradient_norm == pytest.approx(sum(norms) / len(norms), rel=1e-5)
    assert record.clipped_norm == pytest.approx(sum(after) / len(after), rel=1e-5)


def test_without_clipping_the_norm_stays(net):
    (record,) = training.train(net, loader(), 0.5, 1, theta=None)
    assert record.clipped_norm == record.gradient_norm > 0


def test_a_run_that_diverges_at_once_has_no_norm(net):
    with torch.no_grad():
        parameters_of(net)[0].fill_(math.nan)
    (record,) = training.train(net, loader(), 0.5, 9)
    assert record.diverged
    assert math.isnan(record.gradient_norm) and math.isnan(record.clipped_norm)
    assert record.state_gradient_norms == ()


def test_the_gradient_at_each_time_step_of_the_last_minibatch(net, seed):
    minibatches = list(loader())
    (record,) = training.train(net, minibatches[:1], 0.5, 1)
    if not isinstance(net, rnn.RNNModelScratch):
        assert record.state_gradient_norms == ()
        return
    seed()
    again = rnn.make_model("scratch", 11, 8)
    expected = vanishing.state_gradient_norms(again, *minibatches[0])
    assert record.state_gradient_norms == pytest.approx(expected.tolist())
    (longer,) = training.train(again, minibatches, 0.5, 1)
    assert len(longer.state_gradient_norms) == 5  # time steps
    assert longer.state_gradient_norms != pytest.approx(expected.tolist())


WAYS = {
    "autograd": gradients.ByAutograd,
    "by hand": bptt.ByHand,
    "engine": lambda net: engine.Engine(net.params),
}


@pytest.mark.parametrize("way", ["by hand", pytest.param("engine", marks=needs_engine)])
def test_a_run_is_the_run_by_autograd(way, seed):
    histories = []
    for backpropagation in (WAYS["autograd"], WAYS[way]):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        run = training.train(
            net, loader(), 0.5, 10, theta=0.1, backpropagate=backpropagation(net)
        )
        histories.append(training.History(run))
    autograd, ours = histories
    assert ours.perplexity == pytest.approx(autograd.perplexity, rel=1e-5)
    assert ours.gradient_norm == pytest.approx(autograd.gradient_norm, rel=1e-4)
    assert ours.clipped_norm == pytest.approx(autograd.clipped_norm, rel=1e-4)
    assert ours.clipped_fraction == autograd.clipped_fraction
    assert set(map(len, ours.state_gradient_norms)) == {5}  # time steps
    assert set(autograd.state_gradient_norms) == {()}


def no_engine(monkeypatch):
    monkeypatch.setattr(engine, "library", lambda: None)


def test_a_model_in_double_precision_begins_with_zeros_of_any_kind(seed):
    """As `begin_state` gives them, in single precision."""
    net = rnn.make_model("scratch", 11, 6)
    net.params = [each.detach().double().requires_grad_() for each in net.params]
    double = [record.perplexity for record in training.train(net, loader(), 0.5, 5)]
    seed()
    net = rnn.make_model("scratch", 11, 6)
    single = [record.perplexity for record in training.train(net, loader(), 0.5, 5)]
    assert double == pytest.approx(single, rel=1e-4)


@pytest.mark.parametrize("use_random_iter", [False, True])
@pytest.mark.parametrize("num_hiddens", [16, 64])
def test_without_the_engine_the_curve_is_the_same(
    num_hiddens, use_random_iter, monkeypatch
):
    curves = []
    for with_engine in (True, False):
        if not with_engine:
            no_engine(monkeypatch)
        minibatches, vocab = batching.load_data(32, 35, use_random_iter, seed=0)
        net = rnn.make_model("scratch", len(vocab), num_hiddens, seed=0)
        run = training.train(net, minibatches, 1.0, 20)
        curves.append(training.History(run).perplexity)
    assert len(curves[0]) == 20 and curves[0][-1] < 0.9 * curves[0][0]
    assert curves[1] == pytest.approx(curves[0], rel=0, abs=1e-3)


def one_by_one(net, minibatches, lr=0.5, theta=1.0, fresh=False):
    """The loss of each minibatch, when they are trained on in order by autograd."""
    losses, state = [], None
    for X, Y in minibatches:
        if state is None or fresh:
            state = net.begin_state(batch_size=len(X))
        outputs, state = net(X, rnn.detach(state))
        loss = F.cross_entropy(outputs, Y.T.reshape(-1))
        gradients = torch.autograd.grad(loss, net.params)
        norm = torch.cat([gradient.reshape(-1) for gradient in gradients]).norm()
        with torch.no_grad():
            for param, gradient in zip(net.params, gradients, strict=True):
                param -= lr * min(1, theta / norm) * gradient
        losses.append(loss.item())
    return losses


def minibatches_of(sizes):
    generator = torch.Generator().manual_seed(0)
    return [torch.randint(11, (2, *size), generator=generator) for size in sizes]


SIZES = {  # (B, T); where the state is carried, B has to stay
    True: [(4, 5)] * 9 + [(3, 5)] * 2 + [(4, 5)] * 4 + [(1, 1), (4, 7), (2, 7)],
    False: [(4, 5)] * 9 + [(4, 2)] * 2 + [(4, 5)] * 4 + [(4, 1), (4, 7), (4, 3)],
}


@pytest.mark.parametrize("with_engine", [True, False])
@pytest.mark.parametrize("fresh", [False, True])
def test_minibatches_of_different_sizes_are_trained_on_in_order(
    fresh, with_engine, monkeypatch
):
    if not with_engine:
        no_engine(monkeypatch)
    minibatches = minibatches_of(SIZES[fresh])
    ours, theirs = (rnn.make_model("scratch", 11, 6, seed=0) for _ in range(2))
    run = training.train(ours, minibatches, 0.5, 3, use_random_iter=fresh)
    for record in run:  # later epochs take more minibatches at a time
        losses = one_by_one(theirs, minibatches, fresh=fresh)
        tokens = [Y.numel() for _, Y in minibatches]
        mean = sum(map(operator.mul, losses, tokens)) / sum(tokens)
        assert record.perplexity == pytest.approx(math.exp(mean), rel=1e-4)
        assert len(record.state_gradient_norms) == SIZES[fresh][-1][1]
    assert record.epoch == 3
    for mine, other in zip(ours.params, theirs.params, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-3, atol=1e-5)


def halves(batch_size, num_hiddens, device=None):
    return (torch.full((batch_size, num_hiddens), 0.5, device=device),)


class Halves(rnn.RNNModelScratch):
    """The same gradients, computed in another way."""

    def begin_state(self, batch_size, device=None):
        return halves(batch_size, self.num_hiddens, device)


@pytest.mark.parametrize("with_engine", [True, False])
@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("way", ["init_state", "begin_state"])
def test_a_state_of_the_model_s_own_to_begin_with(way, fresh, with_engine, monkeypatch):
    if not with_engine:
        no_engine(monkeypatch)

    def make():
        torch.manual_seed(0)
        if way == "init_state":
            return rnn.RNNModelScratch(11, 6, init_state=halves)
        return Halves(11, 6)

    ours, theirs, zeros = make(), make(), rnn.make_model("scratch", 11, 6, seed=0)
    minibatches = minibatches_of([(4, 5)] * 6)
    (progress,) = training.train(ours, minibatches, 0.5, 1, use_random_iter=fresh)
    losses = one_by_one(theirs, minibatches, fresh=fresh)
    mean = sum(losses) / len(losses)
    assert progress.perplexity == pytest.approx(math.exp(mean), rel=1e-5)
    for mine, other in zip(ours.params, theirs.params, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)
    one_by_one(zeros, minibatches, fresh=fresh)
    # Another state to begin with makes a difference.
    assert not torch.allclose(ours.params[1], zeros.params[1], rtol=1e-3, atol=1e-5)


def test_an_optimizer_of_some_parameters_alone_leaves_the_others():
    net = rnn.make_model("scratch", 11, 6, seed=0)
    before = [param.clone() for param in net.params]
    some = training.SGD(net.params[:3], 0.5)
    training.train_epoch(net, loader(), optimizer=some)
    changed = [
        not torch.equal(param, old)
        for param, old in zip(net.params, before, strict=True)
    ]
    assert changed == [True, True, True, False, False]


@needs_engine
def test_any_number_of_threads_trains_the_same():
    models = []
    for num_threads in (None, 1, 2, 5):
        net = rnn.make_model("scratch", 11, 20, seed=0)
        run = training.train(net, loader(), 0.5, 3, num_threads=num_threads)
        assert len(list(run)) == 3
        models.append(net)
    for net in models[1:]:
        assert all(map(torch.equal, net.params, models[0].params))


def test_a_loss_of_the_user_s_own_goes_through_the_recurrence_by_hand(
    seed, monkeypatch
):
    net = rnn.make_model("scratch", 11, 6)
    calls, outputs_seen, inner = [], [], bptt.rnn

    def forward(X, state, params):
        calls.append((X, state))
        return inner(X, state, params)

    def loss(outputs, labels):
        X, state = calls[-1]
        expected, _ = net(X, state)
        torch.testing.assert_close(outputs, expected, rtol=1e-4, atol=1e-6)
        outputs_seen.append(outputs)
        return F.cross_entropy(outputs, labels, label_smoothing=0.1)

    monkeypatch.setattr(bptt, "rnn", forward)
    optimizer = torch.optim.SGD(net.params, 0.5)
    progress = training.train_epoch(net, loader(), optimizer=optimizer, loss=loss)
    assert len(calls) == len(outputs_seen) == 9

    seed()
    net = rnn.make_model("scratch", 11, 6)
    by_autograd = gradients.ByAutograd(
        net, lambda outputs, y: F.cross_entropy(outputs, y, label_smoothing=0.1)
    )
    theirs = training.train_epoch(net, loader(), 0.5, backpropagate=by_autograd)
    assert len(calls) == 9  # not that one
    assert progress.perplexity == pytest.approx(theirs.perplexity, rel=1e-5)
    assert progress.gradient_norm == pytest.approx(theirs.gradient_norm, rel=1e-4)


def test_sgd_is_torch_s():
    torch.manual_seed(0)
    ours = [torch.randn(shape, requires_grad=True) for shape in [(3, 4), (5,), (2,)]]
    theirs = [param.detach().clone().requires_grad_() for param in ours]
    steppers = training.SGD(iter(ours), 0.3), torch.optim.SGD(theirs, 0.3)
    for _ in range(3):
        for one, other in zip(ours[:2], theirs[:2], strict=True):  # the third has none
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        for stepper in steppers:
            stepper.step()
    for one, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(one, other)
        assert one.requires_grad and one.is_leaf


@pytest.mark.parametrize("way", ["by hand", pytest.param("engine", marks=needs_engine)])
@pytest.mark.parametrize("optimizer", [
    torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.SGD,
])  # fmt: skip
def test_optimizers_find_the_gradients_that_autograd_has_not_made(optimizer, way, seed):
    histories = []
    for backpropagation in (WAYS["autograd"], WAYS[way]):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        run = training.train(
            net, loader(), 0.01, 5, optimizer=optimizer,
            backpropagate=backpropagation(net),
        )  # fmt: skip
        histories.append(training.History(run).perplexity)
    assert histories[0] == pytest.approx(histories[1], rel=1e-4)
    assert histories[0][-1] < histories[0][0]


@pytest.fixture
def calls(monkeypatch):
    """Of the engine, with one minibatch each."""
    minibatches, call = [], engine.Engine.__call__

    def noted(self, X, Y, state):
        minibatches.append(X)
        return call(self, X, Y, state)

    monkeypatch.setattr(engine.Engine, "__call__", noted)
    return minibatches


@needs_engine
def test_the_engine_computes_the_gradients_for_any_optimizer(calls):
    net = rnn.make_model("scratch", 11, 6, seed=0)
    run = training.train(net, loader(), 0.01, 20, optimizer=torch.optim.Adam)
    history = training.History(run)
    assert history[-1].perplexity < 0.5 * history[0].perplexity
    assert len(calls) == 20 * len(list(loader()))


class BooksUpdater:
    """The book's `updater(batch_size)`, as an optimizer."""

    def __init__(self, params, lr):
        self.params, self.lr = params, lr

    def step(self):
        with torch.no_grad():
            for param in self.params:
                param -= self.lr * param.grad
                param.grad.zero_()


@needs_engine
def test_the_engine_computes_the_gradients_for_the_book_s_updater(calls):
    """It sets them to zero, which does not affect the next minibatch."""
    histories = []
    for optimizer in (BooksUpdater, training.SGD):
        net = rnn.make_model("scratch", 11, 6, seed=0)
        run = training.train(net, loader(), 0.5, 5, theta=0.1, optimizer=optimizer)
        histories.append(training.History(run).perplexity)
        if optimizer is BooksUpdater:
            assert len(calls) == 5 * len(list(loader()))
    assert histories[0] == pytest.approx(histories[1], rel=1e-5)


@pytest.mark.parametrize("cell", rnn.CELLS)
def test_a_diverging_run_ends_and_says_when(cell, seed):
    net = rnn.make_model(cell, 11, 6)
    history = training.History(training.train(net, loader(), 1e30, 50, theta=None))
    assert len(history) < 50
    assert history[-1].diverged and history[-1].perplexity == math.inf
    assert f"diverged at epoch {history[-1].epoch}" in str(history[-1])
    assert not any(record.diverged for record in history[:-1])


def test_a_loss_too_large_for_exp_is_a_divergence(vocab):
    def loss(y_hat, y):
        return F.cross_entropy(y_hat, y) * 1000

    net = rnn.make_model("scratch", 11, 6)
    optimizer = torch.optim.SGD(net.params, 0.01)
    progress = training.train_epoch(net, loader(), optimizer=optimizer, loss=loss)
    assert progress.diverged and progress.perplexity == math.inf


def test_a_loss_for_each_token_is_averaged(seed):
    results = []
    for reduction in ("mean", "none"):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        loss = nn.CrossEntropyLoss(reduction=reduction)
        optimizer = torch.optim.SGD(net.params, 0.5)
        results.append(
            training.train_epoch(net, loader(), optimizer=optimizer, loss=loss)
        )
    assert results[0].perplexity == pytest.approx(results[1].perplexity, rel=1e-6)


def test_any_optimizer(seed):
    net = rnn.make_model("gru", 11, 8)
    run = training.train(net, loader(), 0.05, 20, optimizer=torch.optim.Adam)
    history = training.History(run)
    assert history[-1].perplexity < 1.5


class Clock:
    """The time, which only passes when the test says so."""

    def __init__(self, monkeypatch):
        self.now = 100.0
        monkeypatch.setattr(progress, "time", self)

    def perf_counter(self):
        return self.now

    def wait(self, seconds):
        self.now += seconds


def test_tokens_per_second_are_what_was_trained_on_without_the_pauses(net, monkeypatch):
    clock, minibatches = Clock(monkeypatch), list(loader())

    class Slow(list):
        def __iter__(self):
            for minibatch in super().__iter__():
                clock.wait(0.5)
                yield minibatch

    def pause():
        clock.wait(1000)

    (record,) = training.train(net, Slow(minibatches), 0.1, 1, check=pause)
    tokens = sum(X.numel() for X, _ in minibatches)
    assert record.tokens_per_second == tokens / (0.5 * len(minibatches))


def test_perplexity_of_guessing_is_the_size_of_the_vocabulary():
    outputs, labels = torch.zeros(50, 28), torch.arange(50) % 28
    cross_entropy = F.cross_entropy(outputs, labels).item()
    assert training.perplexity(cross_entropy) == pytest.approx(28)
    assert training.perplexity(0) == 1


@given(st.floats(min_value=0) | st.just(math.nan))
def test_perplexity_never_fails(cross_entropy):
    value = training.perplexity(cross_entropy)
    assert value >= 0
    if not cross_entropy <= 709:
        assert value == math.inf


def test_part_of_a_history_is_a_history():
    record = training.Progress(1, 9.0, 1e5, 0.5, 0.0)
    history = training.History([record] * 9)
    for part in (history[:5], history[2:], history[::-2], history + history[:1]):
        assert isinstance(part, training.History)
        assert part.perplexity == [9.0] * len(part)
    assert history[-1] is record


def test_history_has_the_columns_of_its_records(net):
    history = training.History(training.train(net, loader(), 0.1, 3))
    rows = [astuple(record) for record in history]
    names = ["epoch", "perplexity", "tokens_per_second", "gradient_norm",
             "clipped_fraction", "diverged", "clipped_norm",
             "state_gradient_norms"]  # fmt: skip
    *columns, held_out, theta = (list(row) for row in zip(*rows, strict=True))
    assert columns == [getattr(history, name) for name in names]
    assert theta == history.theta == [1.0] * 3
    assert all(map(math.isnan, held_out + history.held_out_perplexity))
    with pytest.raises(AttributeError, match="Progress has no field 'loss'"):
        history.loss  # noqa: B018


def test_a_record_reads_well():
    record = training.Progress(3, 12.344, 54321.0, 0.678, 0.25)
    assert str(record) == (
        "epoch 3: perplexity 12.34, 54,321 tokens/s, gradient norm 0.68, clipped 25%"
    )
    lost = training.Progress(3, 5.2e13, 54321.0, 1e9, 1.0)
    assert "perplexity 5.2e+13" in str(lost)


@pytest.mark.parametrize("kwargs, message", [
    ({"lr": 0}, "lr must be a number greater than 0"),
    ({"lr": math.nan}, "lr must be a number greater than 0"),
    ({"lr": 1e40}, "lr must be a number greater than 0 and at most 3.40282e[+]38"),
    ({"lr": 1, "num_epochs": -1}, "num_epochs must be an integer of at least 0"),
    ({"lr": 1, "theta": 0}, "theta must be a number greater than 0"),
    ({"lr": 1, "theta": math.nan}, "theta must be a number greater than 0"),
    ({"lr": 1, "num_threads": 0}, "num_threads must be an integer from 1 to 1024"),
    ({"lr": 1, "num_threads": 1.5}, "num_threads must be an integer from 1 to 1024"),
    ({"lr": None}, "lr must be a number greater than 0"),
])  # fmt: skip
def test_bad_settings_are_told_at_once(net, kwargs, message):
    with pytest.raises(ValueError, match=message):
        training.train(net, loader(), **{"num_epochs": 1, **kwargs})


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
@pytest.mark.parametrize("device", ["meta", "cuda:7", "nonsense", 1.5])
def test_another_device_than_the_model_s_is_told(device, train, net):
    with pytest.raises(ValueError, match="device must be the model's, 'cpu', got"):
        train(net, loader(), 1, device=device)
    with pytest.raises(ValueError, match="device must be the model's, 'cpu', got"):
        training.evaluate(net, loader(), device)


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
@pytest.mark.parametrize("optimizer", ["sgd", [], False, 0.5])
def test_what_is_no_optimizer_is_told(optimizer, train, net):
    with pytest.raises(ValueError, match="optimizer must be a class of torch.optim or"):
        train(net, loader(), 1, optimizer=optimizer)


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
def test_a_bad_theta_is_told_before_anything_is_computed(train, net):
    with pytest.raises(ValueError, match="theta must be a number greater than 0"):
        train(net, loader(), 1, theta=-1)
    assert all(param.grad is None for param in parameters_of(net))


@pytest.mark.parametrize("number", [2**31, 2**32, 5000])
def test_more_threads_than_any_run_has_a_use_for_are_told(number, net):
    with pytest.raises(ValueError, match="num_threads must be an integer from 1 to"):
        training.train(net, loader(), 1, 1, num_threads=number)


@pytest.mark.parametrize("way", ["bptt", "engine", "autograd"])
def test_a_loader_may_use_its_memory_again(way):
    if way == "engine" and engine.library() is None:
        pytest.skip(engine.describe())
    minibatches, curves = minibatches_of([(4, 5)] * 9), []

    class Again:
        def __iter__(self):
            X, Y = (part.clone() for part in minibatches[0])
            for new_X, new_Y in minibatches:
                yield X.copy_(new_X), Y.copy_(new_Y)

    for each in (minibatches, Again()):
        net = rnn.make_model("scratch", 11, 6, seed=0)
        run = training.train(net, each, 0.5, 4, backpropagate=way)
        curves.append(training.History(run).perplexity)
    assert curves[0] == curves[1]


@pytest.mark.parametrize("way", ["bptt", "engine", "autograd"])
def test_labels_of_another_shape_are_told(way):
    if way == "engine" and engine.library() is None:
        pytest.skip(engine.describe())
    net = rnn.make_model("scratch", 11, 6)
    ((X, Y),) = minibatches_of([(4, 5)])
    for labels in (Y[:, :3], Y[:2], Y.T):
        with pytest.raises(ValueError):
            list(training.train(net, [(X, labels)], 0.5, 1, backpropagate=way))


def test_parameters_that_are_tied_are_left_to_autograd():
    curves = []
    for way in (None, "autograd"):
        net = rnn.make_model("scratch", 11, 11, seed=0)
        net.params[3] = net.params[0]
        run = training.train(net, loader(), 0.5, 3, backpropagate=way)
        curves.append(training.History(run).perplexity)
    assert curves[0] == curves[1]


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
def test_two_losses_are_told(train, net):
    with pytest.raises(ValueError, match="loss must be None for a backpropagate that"):
        train(net, loader(), 1, loss=nn.CrossEntropyLoss(), backpropagate=Noted(net))


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
def test_an_optimizer_is_a_class_or_made_already(train, seed):
    models = []
    for lr, made in ((0.01, False), (None, True)):
        seed()
        net = rnn.make_model("gru", 11, 6)
        adam = torch.optim.Adam(net.parameters(), 0.01) if made else torch.optim.Adam
        train(net, loader(), lr, optimizer=adam)
        models.append(parameters_of(net))
    assert all(map(torch.equal, *models))
    with pytest.raises(ValueError, match="lr must be None for an existing optimizer"):
        train(net, loader(), 0.01, optimizer=adam)


@pytest.mark.parametrize("train", [by_train, training.train_epoch])
def test_the_gradients_by_the_name_of_their_way(train, seed):
    models = []
    for way in ("bptt", "autograd"):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        train(net, loader(), 0.5, backpropagate=way)
        models.append(net)
    for mine, other in zip(models[0].params, models[1].params, strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-4, atol=1e-6)


def test_minibatches_for_one_epoch_only_are_told_at_once(net):
    once = batching.sequential_partitioning(CORPUS, 4, 5)
    with pytest.raises(ValueError, match="a generator can be iterated only once"):
        training.train(net, once, 1, 2)
    assert len(list(training.train(net, once, 0.1, 1))) == 1


def test_no_minibatch_at_all_is_told(net):
    with pytest.raises(ValueError, match="minibatches must yield at least one"):
        next(training.train(net, [], 1, 1))


# ---- text that is held out ----


def by_definition(net, minibatches, is_random=False):
    """exp of the mean `F.cross_entropy` of all tokens."""
    losses, state = [], None
    for X, Y in minibatches:
        if state is None or is_random:
            state = net.begin_state(batch_size=len(X))
        outputs, state = net(X, state)
        losses.append(F.cross_entropy(outputs, Y.T.reshape(-1), reduction="none"))
    return torch.cat(losses).double().mean().exp().item()


HELD_OUT = [1, 2, 3, 9, 5, 6, 4, 8, 9, 10] * 9


@pytest.mark.parametrize("use_random_iter", [False, True])
def test_the_perplexity_of_held_out_text_is_that_of_a_forward_pass(
    net, use_random_iter
):
    held_out = loader(use_random_iter, 3, 4, HELD_OUT)
    run = training.train(net, loader(use_random_iter), 0.5, 4, held_out=held_out)
    for record in run:
        expected = by_definition(net, held_out.in_order())
        assert record.held_out_perplexity == pytest.approx(expected, rel=1e-5)
        assert training.evaluate(net, held_out) == record.held_out_perplexity
        assert f"(held out: {expected:.4g})" in str(record)
    assert record.epoch == 4 and record.perplexity != record.held_out_perplexity


@pytest.mark.parametrize("with_engine", [True, False])
@pytest.mark.parametrize("seeded", [True, False])
@pytest.mark.parametrize("use_random_iter", [False, True])
def test_what_is_learned_does_not_change_by_measuring(
    net, use_random_iter, seeded, with_engine, seed, monkeypatch
):
    """To the last bit, even if everything draws from the global generators."""
    if not with_engine:
        no_engine(monkeypatch)
    begun = copy.deepcopy(net)
    numbers = {"seed": 0 if seeded else None}
    histories, after = [], []
    for held_out in (None, batching.SequenceLoader(HELD_OUT, 3, 4, **numbers)):
        seed()
        minibatches = batching.SequenceLoader(CORPUS, 4, 5, use_random_iter, **numbers)
        run = training.train(
            copy.deepcopy(begun), minibatches, 0.5, 5, held_out=held_out
        )
        histories.append(training.History(run))
        after.append((random.getstate(), torch.get_rng_state().tolist()))
    without, measured = histories
    for name in ("perplexity", "gradient_norm", "state_gradient_norms"):
        assert getattr(measured, name) == getattr(without, name)
    assert after[0] == after[1]
    assert all(map(math.isfinite, measured.held_out_perplexity))


def test_minibatches_of_any_kind_are_measured_as_they_say(net):
    minibatches = minibatches_of([(3, 5)] * 4)
    carried, begun = (
        training.evaluate(net, minibatches, use_random_iter=is_random)
        for is_random in (False, True)
    )
    assert training.evaluate(net, minibatches) == carried
    assert carried == pytest.approx(by_definition(net, minibatches), rel=1e-5)
    assert begun == pytest.approx(by_definition(net, minibatches, True), rel=1e-5)


READ_ONLY = """
import numpy as np, torch
from d2l_rnn import batching, rnn, training
net = rnn.make_model("scratch", 11, 6, seed=0)
for i, param in enumerate(net.params):
    np.save("param.npy", param.detach().numpy())
    mapped = np.load("param.npy", mmap_mode="r")
    net.params[i] = torch.from_numpy(mapped).requires_grad_()
print(training.evaluate(net, batching.SequenceLoader([1, 2, 3, 4] * 50, 4, 5)))
"""


@needs_engine
def test_measuring_writes_no_parameter(tmp_path):
    """Not even what it read, which a run in another thread may since have changed.

    Here it could not: the parameters lie in memory that nobody may write to.
    """
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ_ONLY],
        cwd=tmp_path, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert 1 < float(done.stdout) < 13


def test_measuring_leaves_dropout_off_and_the_mode_as_it_was():
    torch.manual_seed(0)
    net = rnn.RNNModel(nn.GRU(11, 6, num_layers=2, dropout=0.5), 11)
    net.train()
    measured = {training.evaluate(net, loader()) for _ in range(3)}
    assert len(measured) == 1 and net.training
    assert all(param.grad is None for param in net.parameters())


def test_a_held_out_text_of_another_loss():
    net = rnn.make_model("scratch", 11, 6, seed=0)
    loss = nn.CrossEntropyLoss(label_smoothing=0.3, reduction="none")
    minibatches = list(loader())
    (record,) = training.train(
        net, minibatches, 0.1, 1, loss=loss, held_out=minibatches
    )
    assert record.held_out_perplexity == training.evaluate(net, minibatches, loss=loss)
    assert record.held_out_perplexity > training.evaluate(net, minibatches)


def test_a_run_that_has_diverged_measures_nothing_any_more(net):
    *_, last = training.train(net, loader(), 1e30, 9, theta=None, held_out=loader())
    assert last.diverged and math.isnan(last.held_out_perplexity)


def test_held_out_minibatches_that_can_be_read_only_once_are_told(net):
    once = batching.sequential_partitioning(HELD_OUT, 3, 4)
    with pytest.raises(ValueError, match="held_out must be iterable once an epoch"):
        training.train(net, loader(), 1, 2, held_out=once)
    with pytest.raises(ValueError, match="minibatches must yield at least one"):
        training.evaluate(net, [])
