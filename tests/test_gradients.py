"""How the gradients of a model are computed, and how to choose another way."""

import pytest
import torch
from torch import nn

from d2l_rnn import bptt, engine, gradients, rnn

needs_engine = pytest.mark.skipif(engine.library() is None, reason=engine.describe())


def in_double():
    net = rnn.make_model("scratch", 11, 6)
    net.params = [each.detach().double().requires_grad_() for each in net.params]
    return net


def no_engine(monkeypatch):
    monkeypatch.setattr(engine, "library", lambda: None)


@needs_engine
def test_the_first_way_that_can_train_the_model(net, monkeypatch):
    """By hand only for the notes' own model with the cross-entropy."""
    scratch = isinstance(net, rnn.RNNModelScratch)
    loss = nn.CrossEntropyLoss()
    assert gradients.way_of(net) == ("engine" if scratch else "autograd")
    assert gradients.way_of(net, loss) == ("bptt" if scratch else "autograd")
    no_engine(monkeypatch)
    assert gradients.way_of(net) == ("bptt" if scratch else "autograd")


@needs_engine
def test_the_engine_is_for_single_precision_on_the_cpu():
    for net in (in_double(), rnn.make_model("scratch", 11, 6, device="meta")):
        assert gradients.way_of(net) == "bptt"


WAYS = {
    "engine": engine.Engine, "bptt": bptt.ByHand, "autograd": gradients.ByAutograd
}  # fmt: skip


@needs_engine
@pytest.mark.parametrize("way", WAYS)
def test_a_way_can_be_asked_for_by_name(way):
    net = rnn.make_model("scratch", 11, 6, seed=0)
    backpropagate = gradients.backpropagation(net, backpropagate=way)
    assert type(backpropagate) is WAYS[way]
    X, Y = torch.randint(11, (2, 3, 4), generator=torch.Generator().manual_seed(0))
    loss, (H,), g = backpropagate(X, Y, net.begin_state(3))
    outputs, (expected,) = net(X, net.begin_state(3))
    true = nn.functional.cross_entropy(outputs, Y.T.reshape(-1))
    torch.testing.assert_close(loss, true.detach())
    torch.testing.assert_close(H.detach(), expected.detach())
    whole = torch.cat([each.flatten() for each in g])
    for_each = torch.autograd.grad(true, net.params)
    torch.testing.assert_close(whole, torch.cat([each.flatten() for each in for_each]))


def test_one_that_is_made_already_is_taken_as_it_is():
    net = rnn.make_model("gru", 11, 6)
    mine = gradients.ByAutograd(net)
    assert gradients.backpropagation(net, backpropagate=mine) is mine


@pytest.mark.parametrize("make, loss, way, allowed", [
    (lambda: rnn.make_model("gru", 11, 6), None, "engine", "'autograd'"),
    (lambda: rnn.make_model("gru", 11, 6), None, "bptt", "'autograd'"),
    (in_double, None, "engine", "'bptt' or 'autograd'"),
    (lambda: rnn.make_model("scratch", 11, 6), nn.CrossEntropyLoss(), "engine",
     "'bptt' or 'autograd'"),
    (in_double, None, "by hand", "one of 'engine', 'bptt', 'autograd'"),
])  # fmt: skip
def test_a_way_that_cannot_train_the_model_is_told(make, loss, way, allowed):
    with pytest.raises(ValueError, match=f"backpropagate must be {allowed}.*{way}"):
        gradients.backpropagation(make(), loss, way)


def test_an_engine_that_is_not_there_is_told(monkeypatch):
    no_engine(monkeypatch)
    with pytest.raises(ValueError, match="there is no engine"):
        gradients.backpropagation(rnn.make_model("scratch", 11, 6), None, "engine")


@pytest.mark.parametrize("loss", [3.0, "cross-entropy", nn.CrossEntropyLoss])
def test_a_loss_that_is_no_function_is_refused(net, loss):
    with pytest.raises(ValueError, match="loss must be a function or None, such as"):
        gradients.ByAutograd(net, loss)
