"""The MLP against plain Adam, the latent model against nn.RNN and naive loops."""

import math

import pytest
import torch
from small_series import N_TRAIN, TAU
from torch import nn

from d2l_rnn import neural_ar, series


@pytest.fixture(scope="module")
def latent(sine):
    return neural_ar.train_latent_ar(sine[:N_TRAIN])


# --- MLP ------------------------------------------------------------------------


def test_make_mlp_is_the_books_network():
    net = neural_ar.make_mlp(TAU)
    assert [type(layer) for layer in net] == [nn.Linear, nn.ReLU, nn.Linear]
    assert [tuple(p.shape) for p in net.parameters()] == [(10, 4), (10,), (1, 10), (1,)]
    xavier = math.sqrt(6 / (4 + 10))
    assert 0.8 * xavier < net[0].weight.abs().max() <= xavier


def test_train_mlp_lowers_the_loss_and_is_reproducible(examples, mlp):
    net, losses = mlp
    untrained = nn.functional.mse_loss(
        neural_ar.make_mlp(TAU)(examples[0]), examples[1]
    )
    assert len(losses) == 5 and losses[-1] < losses[0] < untrained.item()
    assert losses[-1] == pytest.approx(
        nn.functional.mse_loss(net(examples[0]), examples[1]).item()
    )
    assert neural_ar.train_mlp(*examples)[1] == losses
    assert neural_ar.train_mlp(*examples, seed=1)[1] != losses


def test_train_mlp_steps_as_adam_does_on_the_whole_batch(examples):
    features, labels = examples
    net, _ = neural_ar.train_mlp(
        features, labels, num_epochs=1, batch_size=len(features)
    )
    expected = neural_ar.make_mlp(TAU)
    trainer = torch.optim.Adam(expected.parameters(), lr=0.01)
    nn.MSELoss()(expected(features), labels).backward()
    trainer.step()
    for ours, theirs in zip(net.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_train_mlp_keeps_float64(sine):
    x = sine[:100].double()
    net, _ = neural_ar.train_mlp(*series.lag_matrix(x, 3), num_epochs=1)
    assert series.forecast(net, x, 3, 2).dtype == torch.float64


# --- Latent autoregression ------------------------------------------------------


def rnn_with_weights_of(model):
    rnn = nn.RNN(1, model.num_hiddens, batch_first=True)
    with torch.no_grad():
        rnn.weight_ih_l0.copy_(model.W_xh.T)
        rnn.weight_hh_l0.copy_(model.W_hh.T)
        rnn.bias_ih_l0.copy_(model.b_h)
        rnn.bias_hh_l0.zero_()
    return rnn


def test_latent_ar_is_nn_rnn_in_values_and_gradients():
    model = neural_ar.LatentAR(num_hiddens=5, seed=1)
    rnn = rnn_with_weights_of(model)
    x = torch.sin(torch.arange(21.0)).reshape(3, 7)
    h = torch.cos(torch.arange(15.0)).reshape(3, 5)
    for start in (None, h):
        predictions, summaries = model(x, start)
        outputs, _ = rnn(x[:, :, None], None if start is None else start[None])
        torch.testing.assert_close(summaries, outputs)
        torch.testing.assert_close(
            predictions, (outputs @ model.W_hq + model.b_q)[:, :, 0]
        )
        model.zero_grad()
        rnn.zero_grad()
        summaries.square().sum().backward()
        outputs.square().sum().backward()
        torch.testing.assert_close(model.W_xh.grad.T, rnn.weight_ih_l0.grad)
        torch.testing.assert_close(model.W_hh.grad.T, rnn.weight_hh_l0.grad)
        torch.testing.assert_close(model.b_h.grad, rnn.bias_ih_l0.grad)


def test_latent_ar_beats_the_previous_value_on_unseen_data(sine, latent):
    model, losses = latent
    assert losses[-1] < 0.3 * losses[0]
    unseen = sine[N_TRAIN + 1 :]
    error = series.rmse(model.k_step_forecasts(sine)[N_TRAIN:], unseen)
    previous = series.rmse(sine[N_TRAIN:-1], unseen)
    assert 0.2 < error < 0.9 * previous
    assert error < series.rmse(
        model.k_step_forecasts(sine, 64)[N_TRAIN:], sine[N_TRAIN + 64 :]
    )


def test_training_the_latent_ar_again_gives_the_same(sine):
    first, again, other = (
        neural_ar.train_latent_ar(sine[:99], num_epochs=3, seed=seed)[1]
        for seed in (4, 4, 5)
    )
    assert first == again != other


@pytest.mark.parametrize("k", [1, 2, 6])
def test_latent_forecasts_are_a_naive_loop(latent, k):
    model, x = latent[0], series.noisy_sine(30, seed=8)[1]

    def continued(values):
        h = torch.zeros(1, model.num_hiddens)
        for value in values:
            h = model.g(h, value.reshape(1, 1))
        predictions = [model.output(h)]
        for _ in range(k - 1):
            h = model.g(h, predictions[-1])
            predictions.append(model.output(h))
        return torch.cat(predictions).flatten().detach()

    expected = torch.stack([continued(x[: t - k + 1])[-1] for t in range(k, len(x))])
    torch.testing.assert_close(model.k_step_forecasts(x, k), expected)
    torch.testing.assert_close(model.forecast(x, k), continued(x))


def test_training_leaves_the_global_random_state_alone(examples):
    before = torch.random.get_rng_state()
    neural_ar.train_mlp(*examples, num_epochs=1)
    neural_ar.train_latent_ar(examples[1][:, 0], num_epochs=1)
    assert torch.equal(torch.random.get_rng_state(), before)


X = torch.arange(10.0)


@pytest.mark.parametrize(
    "call, message",
    [
        (
            lambda: neural_ar.train_mlp(X[:, None], X[:, None] / 0),
            "labels must be finite",
        ),
        (
            lambda: neural_ar.train_mlp(X[:, None], X[:, None], num_epochs=0),
            "num_epochs must",
        ),
        (
            lambda: neural_ar.train_mlp(X[:, None], X[:, None], batch_size=0),
            "batch_size must",
        ),
        (lambda: neural_ar.train_mlp(X[:, None], X[:, None], lr=math.nan), "lr must"),
        (lambda: neural_ar.make_mlp(0), "tau must"),
        (lambda: neural_ar.LatentAR(0), "num_hiddens must"),
        (lambda: neural_ar.LatentAR()(X), r"x must have the shape \(B, T\)"),
        (lambda: neural_ar.LatentAR().forecast(X, 0), "num_steps must"),
        (
            lambda: neural_ar.LatentAR().forecast([], 1),
            "x must have a length of at least 1",
        ),
        (
            lambda: neural_ar.LatentAR().k_step_forecasts(X, 10),
            "k must be an integer from 1",
        ),
        (lambda: neural_ar.train_latent_ar(X, num_steps=10), "num_steps must"),
        (
            lambda: neural_ar.train_latent_ar(X, num_steps=2, num_epochs=0),
            "num_epochs must",
        ),
    ],
)
def test_bad_arguments_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("h, x", [
    (torch.zeros(3, 16), torch.zeros(2, 1)),
    (torch.zeros(2, 15), torch.zeros(2, 1)),
    (torch.zeros(2, 16), torch.zeros(2)),
    (torch.zeros(2, 16).double(), torch.zeros(2, 1)),
    (None, torch.zeros(2, 1)),
])  # fmt: skip
def test_a_summary_and_a_value_have_their_shapes(h, x):
    with pytest.raises(ValueError, match="[hx] must be"):
        neural_ar.LatentAR(16).g(h, x)


@pytest.mark.parametrize("h", [torch.tensor(0.5), torch.zeros(2, 15), None, 3])
def test_a_prediction_needs_a_summary(h):
    with pytest.raises(ValueError, match="h must be .* of shape"):
        neural_ar.LatentAR(16).output(h)


def test_a_batch_larger_than_the_rows_is_all_of_them(examples):
    losses = neural_ar.train_mlp(*examples, 2, batch_size=len(examples[0]))[1]
    assert neural_ar.train_mlp(*examples, 2, batch_size=10**30)[1] == losses
