import math
import types
from dataclasses import astuple

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from d2l_rnn import batching, bptt, rnn, training

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
    progress = training.train_epoch(
        net, loader(use_random_iter), optimizer, 0.3, use_random_iter=use_random_iter
    )

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
        self.net, self.params, self.states = net, rnn.parameters_of(net), []

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


def test_how_the_loader_samples_can_be_overruled(vocab, net):
    watched = Watched(net)
    list(training.train(watched, loader(), 0.1, 1, use_random_iter=True))
    state = watched.states[-1]
    assert not (state[0] if isinstance(state, tuple) else state).any()


def test_a_run_is_a_plain_iterator_that_can_wait_and_stop(net):
    before = [param.clone() for param in rnn.parameters_of(net)]
    run = training.train(net, loader(), 0.5, num_epochs=10)
    assert all(
        torch.equal(a, b) for a, b in zip(before, rnn.parameters_of(net), strict=True)
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
        self.backpropagate, self.norms = training.backpropagation(net), []

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
        rnn.parameters_of(net)[0].fill_(math.nan)
    (record,) = training.train(net, loader(), 0.5, 9)
    assert record.diverged
    assert math.isnan(record.gradient_norm) and math.isnan(record.clipped_norm)


def test_the_gradient_at_each_time_step_of_the_last_minibatch(net, seed):
    minibatches = list(loader())
    (record,) = training.train(net, minibatches[:1], 0.5, 1)
    if not isinstance(net, rnn.RNNModelScratch):
        assert record.state_gradient_norms == ()
        return
    seed()
    again = rnn.make_model("scratch", 11, 8)
    expected = bptt.state_gradient_norms(again, *minibatches[0])
    assert record.state_gradient_norms == pytest.approx(expected.tolist())
    (longer,) = training.train(again, minibatches, 0.5, 1)
    assert len(longer.state_gradient_norms) == 5  # time steps
    assert longer.state_gradient_norms != pytest.approx(expected.tolist())


def test_a_run_by_hand_is_the_run_by_autograd(seed):
    histories = []
    for backpropagation in (training.ByAutograd, bptt.ByHand):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        assert isinstance(training.backpropagation(net), bptt.ByHand)
        run = training.train(
            net, loader(), 0.5, 10, theta=0.1, backpropagate=backpropagation(net)
        )
        histories.append(training.History(run))
    autograd, by_hand = histories
    assert by_hand.perplexity == pytest.approx(autograd.perplexity, rel=1e-5)
    assert by_hand.gradient_norm == pytest.approx(autograd.gradient_norm, rel=1e-4)
    assert by_hand.clipped_norm == pytest.approx(autograd.clipped_norm, rel=1e-4)
    assert by_hand.clipped_fraction == autograd.clipped_fraction
    assert set(autograd.state_gradient_norms) == {()}


def test_what_computes_the_gradients(net):
    """By hand only where the cross-entropy and the notes' own model meet."""
    scratch = isinstance(net, rnn.RNNModelScratch)
    assert isinstance(training.backpropagation(net), bptt.ByHand) == scratch
    autograd = training.backpropagation(net, nn.CrossEntropyLoss())
    assert isinstance(autograd, training.ByAutograd)
    assert (autograd.forward is net) == (not scratch)


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
    progress = training.train_epoch(net, loader(), optimizer, loss=loss)
    assert len(calls) == len(outputs_seen) == 9

    seed()
    net = rnn.make_model("scratch", 11, 6)
    by_autograd = training.ByAutograd(
        net, lambda outputs, y: F.cross_entropy(outputs, y, label_smoothing=0.1)
    )
    theirs = training.train_epoch(
        net, loader(), torch.optim.SGD(net.params, 0.5), backpropagate=by_autograd
    )
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


@pytest.mark.parametrize("optimizer", [
    torch.optim.Adam, torch.optim.RMSprop, torch.optim.Adagrad, torch.optim.SGD,
])  # fmt: skip
def test_optimizers_find_the_gradients_made_by_hand(optimizer, seed):
    histories = []
    for backpropagation in (training.ByAutograd, bptt.ByHand):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        run = training.train(
            net, loader(), 0.01, 5, optimizer=optimizer,
            backpropagate=backpropagation(net),
        )  # fmt: skip
        histories.append(training.History(run).perplexity)
    assert histories[0] == pytest.approx(histories[1], rel=1e-4)
    assert histories[0][-1] < histories[0][0]


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
    progress = training.train_epoch(net, loader(), optimizer, loss=loss)
    assert progress.diverged and progress.perplexity == math.inf


def test_a_loss_for_each_token_is_averaged(seed):
    results = []
    for reduction in ("mean", "none"):
        seed()
        net = rnn.make_model("scratch", 11, 6)
        loss = nn.CrossEntropyLoss(reduction=reduction)
        optimizer = torch.optim.SGD(net.params, 0.5)
        results.append(training.train_epoch(net, loader(), optimizer, loss=loss))
    assert results[0].perplexity == pytest.approx(results[1].perplexity, rel=1e-6)


def test_any_optimizer(seed):
    net = rnn.make_model("gru", 11, 8)
    run = training.train(net, loader(), 0.05, 20, optimizer=torch.optim.Adam)
    history = training.History(run)
    assert history[-1].perplexity < 1.5


def test_tokens_per_second_are_what_was_trained_on(net, monkeypatch):
    clock = types.SimpleNamespace(perf_counter=iter([100.0, 102.0]).__next__)
    monkeypatch.setattr(training, "time", clock)
    tokens = sum(X.numel() for X, _ in loader())
    record = next(training.train(net, loader(), 0.1, 1))
    assert record.tokens_per_second == tokens / 2


def test_perplexity_of_guessing_is_the_size_of_the_vocabulary():
    outputs, labels = torch.zeros(50, 28), torch.arange(50) % 28
    cross_entropy = F.cross_entropy(outputs, labels).item()
    assert training.perplexity(cross_entropy) == pytest.approx(28)
    assert training.perplexity(0) == 1


@given(st.floats())
def test_perplexity_never_fails(cross_entropy):
    value = training.perplexity(cross_entropy)
    assert value >= 0
    if not cross_entropy <= 709:
        assert value == math.inf


def test_history_has_the_columns_of_its_records(net):
    history = training.History(training.train(net, loader(), 0.1, 3))
    rows = [astuple(record) for record in history]
    names = ["epoch", "perplexity", "tokens_per_second", "gradient_norm",
             "clipped_fraction", "diverged", "clipped_norm",
             "state_gradient_norms"]  # fmt: skip
    assert [list(row) for row in zip(*rows, strict=True)] == [
        getattr(history, name) for name in names
    ]
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
    ({"lr": 1e40}, "lr must be a number greater than 0 and at most 3.4e[+]38"),
    ({"lr": 1, "num_epochs": -1}, "num_epochs must be an integer of at least 0"),
    ({"lr": 1, "theta": 0}, "theta must be a number greater than 0"),
    ({"lr": 1, "theta": math.nan}, "theta must be a number greater than 0"),
])  # fmt: skip
def test_bad_settings_are_told_at_once(net, kwargs, message):
    with pytest.raises(ValueError, match=message):
        training.train(net, loader(), **{"num_epochs": 1, **kwargs})


def test_minibatches_for_one_epoch_only_are_told_at_once(net):
    once = batching.sequential_partitioning(CORPUS, 4, 5)
    with pytest.raises(ValueError, match="a generator can be iterated only once"):
        training.train(net, once, 1, 2)
    assert len(list(training.train(net, once, 0.1, 1))) == 1


def test_no_minibatch_at_all_is_told(net):
    with pytest.raises(ValueError, match="minibatches must yield at least one"):
        next(training.train(net, [], 1, 1))
