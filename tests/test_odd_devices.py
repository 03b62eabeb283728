"""Tensors that do not go together: on two devices, of two dtypes, of other shapes.

The device `meta` stands for a GPU: what is there has a shape, and no numbers here.
"""

import pytest
import torch

from d2l_rnn import bptt, engine, gradients, rnn, series, vanishing
from d2l_rnn.explorers import gradient_flow

V, H, B, T = 7, 5, 2, 4
X, Y = (torch.arange(B * T).reshape(B, T) % V for _ in range(2))
CELLS = ["scratch", "gru", "lstm"]
needs_engine = pytest.mark.skipif(engine.library() is None, reason=engine.describe())


def net_of(cell):
    return rnn.make_model(cell, V, H, seed=0)


def far(tensor):
    return tensor.to("meta")


def refused(message):
    return pytest.raises(ValueError, match=message)


@pytest.mark.parametrize("cell", CELLS)
def test_a_model_reads_what_is_on_its_device(cell):
    net = net_of(cell)
    with refused("(X|inputs) must be on cpu, got meta"):
        net(far(X), net.begin_state(B))
    with refused("state must be .* on cpu in shapes that end in .* on meta"):
        net(X, net.begin_state(B, "meta"))


@pytest.mark.parametrize("cell, state", [
    ("gru", (torch.zeros(1, B, H),)),
    ("gru", [torch.zeros(1, B, H)]),
    ("gru", torch.zeros(B, H)),
    ("gru", torch.zeros(1, 1, B, H)),
    ("gru", torch.zeros(2, B, H)),
    ("lstm", torch.zeros(1, B, H)),
    ("lstm", (torch.zeros(1, B, H),)),
    ("lstm", (torch.zeros(1, B, H),) * 3),
    ("lstm", (torch.zeros(1, B, H), torch.zeros(B, H))),
])  # fmt: skip
def test_a_layer_takes_its_own_kind_of_state(cell, state):
    with refused(
        r"state must be torch.float32 on cpu in shapes that end in \(1, 2, 5\)"
    ):
        net_of(cell)(X, state)


@pytest.mark.parametrize("cell", CELLS)
def test_the_norms_over_time_need_one_device(cell):
    net = net_of(cell)
    with refused("X must be on cpu, got meta"):
        vanishing.state_gradient_norms(net, far(X), Y)
    with refused("(Y|labels) must be on cpu, got meta"):
        vanishing.state_gradient_norms(net, X, far(Y))
    with refused("last_only must be True or False"):
        vanishing.state_gradient_norms(net, X, Y, last_only=torch.zeros(2))


def test_labels_are_where_the_tokens_are():
    with refused("Y must be on cpu, got meta"):
        gradients.labels_of(X, far(Y), V)
    with refused("X must be a tensor"):
        gradients.labels_of(X.tolist(), Y, V)
    for size in (torch.tensor(V + 0j), torch.tensor(V, device="meta"), 0):
        with refused("vocab_size must be an integer of at least 1"):
            gradients.labels_of(X, Y, size)


@pytest.mark.parametrize("change", [far, torch.Tensor.double, torch.Tensor.bfloat16])
@pytest.mark.parametrize("name", ["H", "dO", "dH_T"])
def test_the_way_back_needs_one_device_and_one_dtype(name, change):
    params = net_of("scratch").params
    states, outputs = bptt.forward(X, torch.zeros(B, H), params)
    given = {"H": states, "dO": torch.ones_like(outputs), "dH_T": torch.zeros(B, H)}
    given[name] = change(given[name])
    with refused(f"{name} must be "):
        bptt.backward(X, params=params, **given)


def test_the_loss_by_hand_needs_one_device():
    outputs = torch.zeros(T, B, V)
    with refused("labels must be on cpu, got meta"):
        bptt.cross_entropy(outputs, far(Y))
    with refused("last_only must be True or False"):
        bptt.cross_entropy(outputs, Y, torch.zeros(3))
    with refused("each must be a tensor of floats"):
        bptt.norms(far(outputs))


@needs_engine
def test_the_engine_needs_what_is_in_memory_here():
    net = net_of("scratch")
    one = engine.Engine(net.params)
    minibatch, H_0 = (X[None], Y[None]), torch.zeros(B, H)
    for function in (one.read, lambda *given: one.train(*given, lr=0.1)):
        with refused("X must be integers, .* on meta"):
            function(far(X[None]), Y[None], H_0)
        with refused("Y must be integers, .* on meta"):
            function(X[None], far(Y[None]), H_0)
        with refused("H_0 must be a tensor"):
            function(*minibatch, far(H_0))
    with refused("fresh must be True or False"):
        one.read(*minibatch, H_0, fresh=torch.zeros(2))


@needs_engine
@pytest.mark.parametrize("odd, message", [
    ({"begin_state": 3}, "begin_state must be a function"),
    ({"lr": -1.0}, "lr must be a finite number of at least 0"),
    ({"theta": 0}, "theta must be a number greater than 0"),
    ({"num_threads": 0}, "num_threads must be an integer from 1"),
    ({"fresh": 2}, "fresh must be True or False"),
])  # fmt: skip
def test_the_engine_draws_no_minibatch_for_what_it_cannot_do(odd, message):
    net, drawn = net_of("scratch"), []
    minibatches = (drawn.append(i) or (X, Y) for i in range(3))
    usual = {"begin_state": net.begin_state, "lr": 0.1}
    with refused(message):
        next(engine.Engine(net.params).learn(minibatches, **{**usual, **odd}))
    assert drawn == []


def test_the_panel_of_the_gradient_needs_one_device():
    with refused("X must be on cpu, got meta"):
        gradient_flow.flow(net_of("scratch"), far(X), Y)


@pytest.mark.parametrize("features, targets, message", [
    ([], [[1.0]], "features must have the shape"),
    ([[1.0]], [], "targets must have the shape"),
    ([[1.0], [2.0]], [[1.0]], "targets must have 2 rows"),
    (torch.ones(2, 2, 2), [[1.0], [2.0]], "features must have the shape"),
    (torch.full((2, 1), torch.nan), [[1.0], [2.0]], "features must be finite"),
    (torch.ones(2, 1, device="meta"), [[1.0], [2.0]], "features must hold real"),
])  # fmt: skip
def test_what_has_no_least_squares_is_told(features, targets, message):
    with refused(message):
        series.least_squares(features, targets)
