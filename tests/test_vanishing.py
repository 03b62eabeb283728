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


# ---- how far back a prediction looks ----


def moved_log_p(net, X, Y, state, epsilon=1e-6):
    """The norms of reach by finite differences of each number of each one-hot token."""
    B, T = X.shape
    one_hot = F.one_hot(X.T, net.vocab_size).double()  # (T, B, V)

    def log_p(b, at, by):
        moved = one_hot.clone()
        moved[at] += by
        if isinstance(net, nn.Module):
            H, _ = net.rnn(moved, state)
            outputs = net.linear(H[-1])
        else:
            outputs = net.forward_fn(moved, state, net.params)[0][-B:]
        return F.log_softmax(outputs, 1)[b, Y[b]]

    norms = torch.zeros(B, T, dtype=torch.float64)
    for b in range(B):
        for t in range(T):
            slopes = []
            for v in range(net.vocab_size):
                by = torch.zeros(B, net.vocab_size, dtype=torch.float64)
                by[b, v] = epsilon
                slopes.append((log_p(b, t, by) - log_p(b, t, -by)) / (2 * epsilon))
            norms[b, t] = torch.stack(slopes).norm()
    return norms


@pytest.mark.parametrize("carried", [False, True])
@pytest.mark.parametrize("make", [scratch_model, layer_model])
@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_reach_is_what_finite_differences_give(cell, make, carried):
    torch.manual_seed(0)
    net, (X, Y) = make(cell, 5, 3), minibatch(6, 2, 5)
    state = net.begin_state(batch_size=2)
    if carried:
        is_one = isinstance(state, torch.Tensor)
        parts = [normal(*part.shape) for part in ([state] if is_one else state)]
        state = parts[0] if is_one else tuple(parts)
    norms = vanishing.reach(net, X, Y[:, -1], state if carried else None)
    with torch.no_grad():
        expected = moved_log_p(net, X, Y[:, -1], state)
    torch.testing.assert_close(norms, expected, rtol=1e-5, atol=1e-9)
    assert all(param.grad is None for param in parameters_of(net))


def test_reach_of_a_chain_of_numbers_fades_by_its_weight():
    """For units near 0, each step back multiplies by w."""
    net, (X, Y) = some_model(3, 2), minibatch(10, 4, 3)
    for w in (0.1, 0.5, 2.0):
        with torch.no_grad():
            for param in net.params:
                param.copy_(normal(*param.shape, scale=1e-9))
            net.params[0].copy_(1e-9 * torch.ones(3, 2))
            net.params[1].copy_(w * torch.eye(2))
        norms = vanishing.reach(net, X, Y[:, -1])
        ratios = norms[:, :-1] / norms[:, 1:]
        torch.testing.assert_close(ratios, torch.full_like(ratios, w))


def test_rows_do_not_know_of_each_other():
    net, (X, Y) = layer_model("lstm", 5, 4), minibatch(7, 3, 5)
    together = vanishing.reach(net, X, Y[:, -1])
    for b in range(3):
        alone = vanishing.reach(net, X[b : b + 1], Y[b : b + 1, -1])
        torch.testing.assert_close(together[b : b + 1], alone)


def test_reach_is_0_where_nothing_is_read_or_remembered():
    def forgetting(inputs, state, params):
        return rnn.rnn(inputs[-1:].expand(inputs.shape), state, params)

    def deaf(inputs, state, params):
        return rnn.rnn(torch.zeros_like(inputs), state, params)

    X, Y = minibatch(3, 2, 5)
    net = rnn.RNNModelScratch(5, 4, forward_fn=forgetting)
    assert (vanishing.reach(net, X, Y[:, -1])[:, :-1] == 0).all()
    net = rnn.RNNModelScratch(5, 4, forward_fn=deaf)
    assert (vanishing.reach(net, X, Y[:, -1]) == 0).all()


def test_reach_needs_no_mode_of_gradients():
    net = some_model(5, 4)
    with torch.inference_mode():
        X, Y = minibatch(3, 2, 5)
        assert (vanishing.reach(net, X, Y[:, -1]) > 0).all()


@pytest.mark.parametrize("net", UNKNOWN.values(), ids=UNKNOWN)
def test_reach_refuses_the_same_models(net):
    X, Y = minibatch(3, 2, 5)
    with pytest.raises(ValueError, match="net must be a scratch RNN"):
        vanishing.reach(net, X, Y[:, -1])


@pytest.mark.parametrize("Y", [
    torch.zeros(2, 3).long(), torch.zeros(3).long(), torch.zeros(2), [0, 0], None,
    torch.tensor([0, 5]), torch.tensor(0),
])  # fmt: skip
def test_reach_takes_one_following_token_for_each_row(Y):
    with pytest.raises(ValueError, match="Y must be"):
        vanishing.reach(some_model(5, 4), torch.zeros(2, 3).long(), Y)
