"""The norms of dL/dH_t, against autograd and finite differences."""

import math

import pytest
import torch
from small_models import minibatch, normal, other_rnn, some_model
from torch import nn
from torch.nn import functional as F

from d2l_rnn import bptt, gated, rnn, vanishing
from d2l_rnn.parameters import parameters_of

# ---- the scratch RNN, by hand ----


def states_written_out(net, X, H):
    """H_1 … H_T, each a node of autograd's graph, and the outputs of all time steps."""
    W_xh, W_hh, b_h, W_hq, b_q = net.params
    states, outputs = [], []
    for t in range(X.shape[1]):
        H = torch.tanh(W_xh[X[:, t]] + H @ W_hh + b_h)
        states.append(H)
        outputs.append(H @ W_hq + b_q)
    return states, outputs


@pytest.mark.parametrize("last_only", [False, True])
@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("T, B, H, V", [(1, 1, 1, 2), (1, 3, 4, 5), (9, 1, 4, 5),
                                        (6, 3, 1, 5), (12, 4, 8, 7)])  # fmt: skip
def test_the_norm_at_each_time_step_is_autograd_s(T, B, H, V, carried, last_only):
    torch.manual_seed(0)
    net, (X, Y) = some_model(V, H), minibatch(T, B, V)
    H_0 = normal(B, H) if carried else torch.zeros(B, H, dtype=torch.float64)
    states, outputs = states_written_out(net, X, H_0)
    losses = torch.stack([F.cross_entropy(outputs[t], Y[:, t]) for t in range(T)])
    loss = losses[-1] if last_only else losses.mean()
    expected = [g.norm() for g in torch.autograd.grad(loss, states)]
    state = (H_0,) if carried else None
    norms = vanishing.state_gradient_norms(net, X, Y, state, last_only)
    torch.testing.assert_close(norms, torch.stack(expected), rtol=1e-9, atol=1e-15)
    if not last_only:
        by_hand = bptt.ByHand(net)
        by_hand(X, Y, (H_0,))
        assert torch.equal(by_hand.state_gradient_norms(), norms)


def test_the_gradient_fades_or_explodes_with_the_recurrent_weights():
    """For W_hh = w I and units near 0, each step back multiplies by w."""
    net, (X, Y) = some_model(3, 2), minibatch(10, 4, 3)
    for w in (0.5, 2.0):
        with torch.no_grad():
            for param in net.params:
                param *= 1e-9
            net.params[1].copy_(w * torch.eye(2))
        norms = vanishing.state_gradient_norms(net, X, Y, last_only=True)
        ratios = norms[:-1] / norms[1:]
        torch.testing.assert_close(ratios, torch.full_like(ratios, w))


def test_a_gradient_that_has_all_but_vanished_still_has_a_norm():
    """In single precision the squares of such numbers are 0."""
    net, (X, Y) = some_model(3, 2, torch.float32), minibatch(26, 4, 3)
    with torch.no_grad():
        for param in net.params:
            param *= 1e-9
        net.params[1].copy_(0.1 * torch.eye(2))
    norms = vanishing.state_gradient_norms(net, X, Y, last_only=True)
    assert 1e-45 < norms[0] < 1e-30
    ratios = norms[1:] / norms[:-1]
    torch.testing.assert_close(ratios, torch.full_like(ratios, 10), rtol=1e-4, atol=0)


def test_looking_at_the_gradients_leaves_the_parameters_grad_alone():
    net = some_model(5, 4)
    vanishing.state_gradient_norms(net, *minibatch(3, 2, 5))
    assert all(param.grad is None for param in net.params)


@pytest.mark.parametrize("X, state, message", [
    (torch.zeros(2, 3), None, "X must be token indices"),
    (torch.zeros(2, 3, dtype=torch.long), (torch.zeros(3, 4),), "state must be"),
    (torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 4), "state must be"),
])  # fmt: skip
def test_a_minibatch_that_does_not_fit_is_told(X, state, message):
    with pytest.raises(ValueError, match=message):
        vanishing.state_gradient_norms(some_model(5, 4), X, X.long(), state)


# ---- the same for other recurrences, by autograd ----


def scratch_model(cell, V, H):
    """A model from scratch in double precision, with weights that are not small."""
    functions = {
        "rnn": (rnn.get_params, rnn.init_rnn_state, other_rnn),
        "gru": (gated.get_gru_params, gated.init_gru_state, gated.gru),
        "lstm": (gated.get_lstm_params, gated.init_lstm_state, gated.lstm),
    }
    net = rnn.RNNModelScratch(V, H, None, *functions[cell])
    net.params = [normal(*p.shape, scale=0.6).requires_grad_() for p in net.params]
    return net


def layer_model(cell, V, H):
    return rnn.make_model(cell, V, H).double()


def moved_state_norms(net, X, Y, state, last_only, epsilon=1e-6):
    """‖dL/dH_t‖ by finite differences of each hidden unit at each step."""

    def loss(at=None, b=0, h=0, by=0.0):
        now, losses = state, []
        for t in range(X.shape[1]):
            _, now = net(X[:, t : t + 1], now)
            parts = [now] if isinstance(now, torch.Tensor) else list(now)
            if t == at:
                parts[0] = parts[0].clone()
                parts[0][..., b, h] += by
            now = parts[0] if isinstance(now, torch.Tensor) else tuple(parts)
            H_t = parts[0].reshape(X.shape[0], -1)
            outputs = net.linear(H_t) if isinstance(net, nn.Module) else (
                H_t @ net.params[-2] + net.params[-1]
            )  # fmt: skip
            losses.append(F.cross_entropy(outputs, Y[:, t]))
        return losses[-1] if last_only else sum(losses) / len(losses)

    B, T = X.shape
    norms = []
    for t in range(T):
        slopes = [
            (loss(t, b, h, epsilon) - loss(t, b, h, -epsilon)) / (2 * epsilon)
            for b in range(B)
            for h in range(net.num_hiddens)
        ]
        norms.append(torch.stack(slopes).norm())
    return torch.stack(norms)


@pytest.mark.parametrize("last_only", [False, True])
@pytest.mark.parametrize("make", [scratch_model, layer_model])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_other_recurrences_have_the_norms_of_finite_differences(cell, make, last_only):
    torch.manual_seed(0)
    net, (X, Y) = make(cell, 5, 3), minibatch(6, 2, 5)
    state = net.begin_state(batch_size=2)
    state = (
        torch.randn_like(state, dtype=torch.float64)
        if isinstance(state, torch.Tensor)
        else tuple(torch.randn_like(part, dtype=torch.float64) for part in state)
    )
    norms = vanishing.state_gradient_norms(net, X, Y, state, last_only)
    with torch.no_grad():
        expected = moved_state_norms(net, X, Y, state, last_only)
    torch.testing.assert_close(norms, expected, rtol=1e-5, atol=1e-9)
    assert all(param.grad is None for param in parameters_of(net))


@pytest.mark.parametrize("last_only", [False, True])
def test_by_hand_and_by_autograd_the_rnn_has_the_same_norms(last_only):
    """As `rnn.rnn`, under another name, and as a layer of torch's."""
    torch.manual_seed(0)
    net, (X, Y) = some_model(7, 5), minibatch(9, 4, 7)
    expected = vanishing.state_gradient_norms(net, X, Y, last_only=last_only)

    left_alone = scratch_model("rnn", 7, 5)
    left_alone.params = net.params
    layer = layer_model("rnn", 7, 5)
    W_xh, W_hh, b_h, W_hq, b_q = net.params
    values = (W_xh.T, W_hh.T, b_h, torch.zeros(5), W_hq.T, b_q)
    with torch.no_grad():
        for param, value in zip(layer.parameters(), values, strict=True):
            param.copy_(value)
    for other in (left_alone, layer):
        norms = vanishing.state_gradient_norms(other, X, Y, last_only=last_only)
        torch.testing.assert_close(norms, expected, rtol=1e-9, atol=1e-15)


def test_the_memory_of_an_lstm_fades_by_its_forget_gate():
    """Small weights leave the gates to their biases: each step multiplies by σ(b_f)."""
    net, (X, Y) = scratch_model("lstm", 3, 2), minibatch(20, 4, 3)
    for bias in (-2.0, 0.0, 3.0):
        with torch.no_grad():
            for param in net.params:
                param *= 1e-3
            net.params[5].fill_(bias)
        norms = vanishing.state_gradient_norms(net, X, Y, last_only=True)
        ratios = norms[:-2] / norms[1:-1]
        torch.testing.assert_close(
            ratios, torch.full_like(ratios, 1 / (1 + math.exp(-bias))),
            rtol=1e-2, atol=0,
        )  # fmt: skip


def test_a_model_that_asks_for_no_gradients_has_them_on_the_way():
    net, (X, Y) = layer_model("gru", 5, 4), minibatch(3, 2, 5)
    expected = vanishing.state_gradient_norms(net, X, Y)
    net.requires_grad_(False)
    with torch.no_grad():
        assert torch.equal(vanishing.state_gradient_norms(net, X, Y), expected)


def test_nothing_comes_back_through_a_step_that_forgets():
    def forgetting(inputs, state, params):
        return rnn.rnn(inputs, (torch.zeros_like(state[0]),), params)

    net = rnn.RNNModelScratch(5, 4, forward_fn=forgetting)
    norms = vanishing.state_gradient_norms(net, *minibatch(3, 2, 5), last_only=True)
    assert norms[:2].tolist() == [0, 0] and norms[2] > 0


def cloned_state(inputs, state, params):
    outputs, (H,) = rnn.rnn(inputs, state, params)
    return outputs, (H.clone(),)


class Backwards(rnn.RNNModel):
    def forward(self, inputs, state):
        return super().forward(inputs.flip(1), state)


UNKNOWN = {
    "two layers": rnn.RNNModel(nn.GRU(5, 4, num_layers=2), 5),
    "two directions": rnn.RNNModel(nn.LSTM(5, 4, bidirectional=True), 5),
    "a layer with its own forward": Backwards(nn.RNN(5, 4), 5),
    "float16": some_model(5, 4, torch.float16),
    "a layer in float16": rnn.make_model("gru", 5, 4).half(),
    "parameters": rnn.get_params(5, 4),
    "another module": nn.Linear(5, 4),
    "none": None,
}


@pytest.mark.parametrize("net", UNKNOWN.values(), ids=UNKNOWN)
def test_a_model_without_one_hidden_state_is_refused(net):
    with pytest.raises(ValueError, match="net must be a scratch RNN"):
        vanishing.state_gradient_norms(net, *minibatch(3, 2, 5))


def test_a_model_whose_outputs_come_from_elsewhere_is_refused():
    net = rnn.RNNModelScratch(5, 4, forward_fn=cloned_state)
    with pytest.raises(ValueError, match="net must compute its outputs from"):
        vanishing.state_gradient_norms(net, *minibatch(3, 2, 5))


@pytest.mark.parametrize("X, state, message", [
    (torch.zeros(2, 3), None, "X must be token indices"),
    (torch.zeros(2, 3, dtype=torch.long), torch.zeros(1, 3, 4), "state must be"),
    (torch.zeros(2, 3, dtype=torch.long), (torch.zeros(1, 2, 4),) * 2, "state must be"),
])  # fmt: skip
def test_a_minibatch_that_does_not_fit_a_layer_is_told(X, state, message):
    with pytest.raises(ValueError, match=message):
        vanishing.state_gradient_norms(layer_model("gru", 5, 4), X, X.long(), state)
