"""The backward passes of `bptt` and the engine, compared with autograd's."""

import functools

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from small_models import (
    NAMES,
    minibatch,
    normal,
    other_rnn,
    parameters,
    some_model,
    step_by_step,
)
from torch import nn
from torch.nn import functional as F

from d2l_rnn import batching, book, bptt, clipping, engine, gradients, rnn, training

# time steps, sequences, hidden units, tokens of the vocabulary
sizes = st.tuples(*(st.integers(1, most) for most in (7, 5, 9, 8)))
needs_engine = pytest.mark.skipif(engine.library() is None, reason=engine.describe())
SMALL = [(1, 1, 1, 1), (1, 1, 3, 4), (1, 3, 2, 4), (5, 1, 3, 2), (4, 3, 1, 5),
         (4, 2, 3, 1), (5, 3, 4, 6)]  # fmt: skip


def assert_equal_gradients(ours, theirs, names=NAMES):
    """To 1e-6 of their norm, as one vector, and each by itself to almost all digits."""
    for name, one, other in zip(names, ours, theirs, strict=True):
        difference = (one - other).norm()
        assert difference <= 1e-6 * other.norm() + 1e-13, name
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-10, msg=name)


# ---- the recurrence as one operation of autograd's ----


@settings(max_examples=40)
@given(sizes, st.booleans(), st.integers(0, 99))
@example((1, 1, 1, 1), True, 0)
@example((1, 4, 5, 6), True, 0)
@example((6, 1, 5, 6), True, 0)
@example((6, 4, 1, 6), False, 0)
def test_values_and_gradients_are_those_of_autograd_step_by_step(TBHV, carried, seed):
    T, B, H, V = TBHV
    torch.manual_seed(seed)
    params, (X, Y) = parameters(V, H), minibatch(T, B, V)
    # What the loss makes of the outputs and of the last state is anything.
    weights, last_weights = normal(T * B, V), normal(B, H)
    H_0 = normal(B, H) if carried else torch.zeros(B, H, dtype=torch.float64)
    H_0.requires_grad_(carried)

    def run(forward):
        outputs, (H_T,) = forward(X, (H_0,), params)
        loss = F.cross_entropy(outputs, Y.T.reshape(-1)) + (weights * outputs).sum()
        loss = loss + (last_weights * H_T).sum()
        wanted = [H_0, *params] if carried else params
        return outputs, H_T, torch.autograd.grad(loss, wanted)

    outputs, H_T, gradients = run(bptt.rnn)
    their_outputs, their_H_T, their_gradients = run(step_by_step)
    torch.testing.assert_close(outputs, their_outputs, rtol=1e-10, atol=1e-12)
    torch.testing.assert_close(H_T, their_H_T, rtol=1e-10, atol=1e-12)
    names = NAMES if carried else NAMES[1:]
    assert_equal_gradients(gradients, their_gradients, names)


@settings(max_examples=20)
@given(sizes, st.integers(1, 7), st.integers(0, 99))
@example((1, 1, 1, 2), 1, 0)
def test_the_gradient_flows_through_a_carried_state(TBHV, then, seed):
    """Two minibatches, the second with another number of time steps."""
    T, B, H, V = TBHV
    torch.manual_seed(seed)
    params, H_0 = parameters(V, H), normal(B, H).requires_grad_()
    (X_1, _), (X_2, _) = minibatch(T, B, V), minibatch(then, B, V)
    weights_1, weights_2 = normal(T * B, V), normal(then * B, V)

    def run(forward):
        outputs_1, state = forward(X_1, (H_0,), params)
        outputs_2, _ = forward(X_2, state, params)
        loss = (weights_1 * outputs_1).sum() + (weights_2 * outputs_2).sum()
        return torch.autograd.grad(loss, [H_0, *params])

    assert_equal_gradients(run(bptt.rnn), run(step_by_step))


@pytest.mark.parametrize("of", ["outputs", "last state"])
def test_a_loss_of_one_of_the_two_results_alone(of):
    torch.manual_seed(0)
    params, H_0 = parameters(6, 5), normal(3, 5).requires_grad_()
    X, _ = minibatch(4, 3, 6)

    def run(forward):
        outputs, (H_T,) = forward(X, (H_0,), params)
        loss = (outputs**2).sum() if of == "outputs" else (H_T**2).sum()
        gradients = torch.autograd.grad(loss, [H_0, *params], allow_unused=True)
        return [
            torch.zeros_like(part) if gradient is None else gradient
            for gradient, part in zip(gradients, [H_0, *params], strict=True)
        ]

    assert_equal_gradients(run(bptt.rnn), run(step_by_step))


@pytest.mark.parametrize("T, B, H, V", SMALL)
def test_gradients_are_the_difference_quotients(T, B, H, V):
    torch.manual_seed(0)
    params, (X, _) = parameters(V, H), minibatch(T, B, V)

    def forward(H_0, *params):
        outputs, (H_T,) = bptt.rnn(X, (H_0,), list(params))
        return outputs, H_T

    assert torch.autograd.gradcheck(forward, (normal(B, H).requires_grad_(), *params))


@pytest.mark.parametrize("frozen", range(5))
def test_a_frozen_parameter_gets_no_gradient_and_disturbs_none(frozen):
    torch.manual_seed(0)
    params, (X, _) = parameters(6, 5), minibatch(4, 3, 6)
    params[frozen].requires_grad_(False)
    H_0 = normal(3, 5)
    rest = [param for param in params if param.requires_grad]

    def run(forward):
        outputs, _ = forward(X, (H_0,), params)
        return torch.autograd.grad((outputs**2).sum(), rest)

    names = [name for at, name in enumerate(NAMES[1:]) if at != frozen]
    assert_equal_gradients(run(bptt.rnn), run(step_by_step), names)


def test_gradients_asked_for_twice_are_each_right():
    torch.manual_seed(0)
    params, H_0 = parameters(6, 5), normal(3, 5).requires_grad_()
    X, _ = minibatch(4, 3, 6)
    wanted, cotangents = [H_0, *params], [normal(12, 6), normal(12, 6)]

    def run(forward):
        outputs, _ = forward(X, (H_0,), params)
        return [
            torch.autograd.grad(outputs, wanted, each, retain_graph=True)
            for each in cotangents
        ]

    for ours, theirs in zip(run(bptt.rnn), run(step_by_step), strict=True):
        assert_equal_gradients(ours, theirs)


def test_what_the_caller_holds_may_change_before_the_backward_pass():
    torch.manual_seed(0)
    params, H_0 = parameters(6, 5), normal(3, 5)
    (X, _), weights = minibatch(4, 3, 6), normal(12, 6)
    outputs, _ = step_by_step(X, (H_0,), params)
    expected = torch.autograd.grad(outputs, params, weights)
    outputs, (H_T,) = bptt.rnn(X, (H_0,), params)
    for part in (X, H_0, H_T.detach()):
        part.zero_()
    gradients = torch.autograd.grad(outputs, params, weights)
    assert_equal_gradients(gradients, expected, NAMES[1:])


def test_a_loss_may_change_the_results_in_place():
    torch.manual_seed(0)
    params, X, H_0 = parameters(6, 5), minibatch(4, 3, 6)[0], normal(3, 5)

    def run(forward):
        outputs, (H_T,) = forward(X, (H_0,), params)
        outputs *= 3
        return torch.autograd.grad((outputs**2).sum() + H_T.sum(), params)

    assert_equal_gradients(run(bptt.rnn), run(step_by_step), NAMES[1:])


LOSSES = {
    "curved": lambda outputs: (outputs**2).sum(),
    "linear": lambda outputs: outputs.sum(),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_second_derivative_is_refused(loss):
    """Also for a loss whose own gradient is constant: the RNN's is not."""
    torch.manual_seed(0)
    params, (X, _) = parameters(6, 5), minibatch(4, 3, 6)
    outputs, _ = bptt.rnn(X, (normal(3, 5),), params)
    with pytest.raises(RuntimeError, match="twice|second|once_differentiable"):
        (gradient,) = torch.autograd.grad(
            LOSSES[loss](outputs), params[1], create_graph=True
        )
        (gradient.norm() + params[1].sum()).backward()


@pytest.mark.parametrize("changed", range(5))
def test_parameters_changed_before_the_backward_pass_are_noticed(changed):
    torch.manual_seed(0)
    params, (X, _) = parameters(6, 5), minibatch(4, 3, 6)
    outputs, _ = bptt.rnn(X, (normal(3, 5),), params)
    with torch.no_grad():
        params[changed] += 1
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()


def test_a_graph_is_gone_after_the_backward_pass():
    torch.manual_seed(0)
    params, (X, _) = parameters(6, 5), minibatch(4, 3, 6)
    outputs, _ = bptt.rnn(X, (normal(3, 5),), params)
    outputs.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        outputs.sum().backward()


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int16, torch.int32, torch.int64])
def test_tokens_of_any_integer_type(dtype):
    torch.manual_seed(0)
    params, (X, _), H_0 = parameters(6, 5), minibatch(4, 3, 6), normal(3, 5)
    outputs, (H_T,) = bptt.rnn(X.to(dtype), (H_0,), params)
    their_outputs, (their_H_T,) = step_by_step(X, (H_0,), params)
    torch.testing.assert_close(outputs, their_outputs)
    torch.testing.assert_close(H_T, their_H_T)


def test_a_state_in_single_precision_before_a_model_in_double():
    torch.manual_seed(0)
    params, H_0 = parameters(6, 5), normal(3, 5).float().requires_grad_()
    X, _ = minibatch(4, 3, 6)

    def run(forward, state):
        outputs, (H_T,) = forward(X, (state,), params)
        loss = (outputs**2).sum() + H_T.sum()
        return torch.autograd.grad(loss, [H_0, *params])

    gradients = run(bptt.rnn, H_0)
    assert gradients[0].dtype == torch.float32
    assert_equal_gradients(gradients, run(step_by_step, H_0.double()))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 10.0])
def test_single_precision(scale):
    """Against double precision, from units that hardly move to saturated ones."""
    torch.manual_seed(0)
    doubles = parameters(9, 16, scale=scale)
    singles = [param.detach().float().requires_grad_() for param in doubles]
    X, Y = minibatch(20, 4, 9)
    results = []
    for forward, params in ((bptt.rnn, singles), (step_by_step, doubles)):
        outputs, _ = forward(X, (torch.zeros(4, 16).to(params[0]),), params)
        loss = F.cross_entropy(outputs, Y.T.reshape(-1))
        results.append([outputs, *torch.autograd.grad(loss, params)])
    for ours, theirs in zip(*results, strict=True):
        assert ours.dtype == torch.float32
        # Saturated units double each rounding error at each time step, and forget it.
        assert (ours - theirs).norm() <= 1e-3 * theirs.norm()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_a_gpu_computes_the_same():
    torch.manual_seed(0)
    params, H_0 = parameters(6, 5), normal(3, 5).requires_grad_()
    (X, _), weights = minibatch(4, 3, 6), normal(12, 6)
    outputs, _ = step_by_step(X, (H_0,), params)
    expected = torch.autograd.grad((weights * outputs).sum(), [H_0, *params])
    there = [part.detach().cuda().requires_grad_() for part in (H_0, *params)]
    outputs, _ = bptt.rnn(X.cuda(), (there[0],), there[1:])
    gradients = torch.autograd.grad((weights.cuda() * outputs).sum(), there)
    assert_equal_gradients([gradient.cpu() for gradient in gradients], expected)


STATE = (torch.zeros(2, 4),)


@pytest.mark.parametrize("X, state, dtype, message", [
    (torch.zeros(2, 3), STATE, None, r"X must be token indices.*got torch.float32"),
    (torch.zeros(2, 3, dtype=torch.bool), STATE, None, "X must be .*got torch.bool"),
    (torch.zeros(2, dtype=torch.long), STATE, None, r"X must be .*of shape \(2,\)"),
    (torch.zeros(2, 3, 5, dtype=torch.long), STATE, None, r"X must .*\(2, 3, 5\)"),
    (torch.zeros(2, 0, dtype=torch.long), STATE, None, r"X must be .*not empty"),
    (torch.zeros(0, 3, dtype=torch.long), STATE, None, r"X must be .*not empty"),
    (None, (torch.zeros(2, 5),), None, r"state must be .*\(B=2, H=4\).*got .*\(2, 5\)"),
    (None, (torch.zeros(3, 4),), None, r"state must be .*\(B=2, H=4\).*got .*\(3, 4\)"),
    (None, (torch.zeros(1, 2, 4),), None, r"state must be .*got .*\(1, 2, 4\)"),
    (None, STATE * 2, None, "state must be one tensor"),  # an LSTM's
    (None, STATE[0], None, "state must be one tensor"),  # torch's own layers'
    (None, STATE, torch.float16, "params must be float32 or float64.*float16"),
    (None, STATE, torch.bfloat16, "params must be float32 or float64.*bfloat16"),
])  # fmt: skip
def test_what_does_not_fit_is_told(X, state, dtype, message):
    X = torch.zeros(2, 3, dtype=torch.long) if X is None else X
    params = parameters(6, 4, dtype or torch.float32)
    with pytest.raises(ValueError, match=message):
        bptt.rnn(X, state, params)


# ---- the loss ----


@settings(max_examples=40)
@given(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 5), st.booleans(),
    st.sampled_from([0, 1, 30, 1e4, 1e300]),
)  # fmt: skip
@example(1, 1, 1, False, 1)
@example(1, 1, 1, True, 1)
def test_the_cross_entropy_and_its_gradient_are_torch_s(V, T, B, last_only, scale):
    torch.manual_seed(V * T * B)
    outputs, (_, Y) = normal(T, B, V, scale=scale).requires_grad_(), minibatch(T, B, V)
    if last_only:
        expected = F.cross_entropy(outputs[-1], Y[:, -1])
    else:
        expected = F.cross_entropy(outputs.flatten(0, 1), Y.T.reshape(-1))
    (gradient,) = torch.autograd.grad(expected, outputs)
    given_outputs = outputs.detach().clone()
    loss, dO = bptt.cross_entropy(given_outputs, Y, last_only)
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(dO, gradient, rtol=1e-10, atol=1e-15)
    assert torch.equal(given_outputs, outputs)  # left as they were


def test_the_cross_entropy_where_the_exponential_overflows():
    outputs = torch.tensor([[[1000.0, -1000.0, 0.0], [-1000.0, 1000.0, 0.0]]])
    loss, dO = bptt.cross_entropy(outputs, torch.tensor([[0], [0]]))  # right, and wrong
    assert loss == 1000  # nats: 0 and 2000
    assert dO.tolist() == [[[0, 0, 0], [-0.5, 0.5, 0]]]


# ---- minibatch after minibatch ----

WAYS = [
    pytest.param(
        lambda net: engine.Engine(net.params), torch.float32,
        id="engine", marks=needs_engine,
    ),
    pytest.param(bptt.ByHand, torch.float32, id="by hand in float32"),
    pytest.param(bptt.ByHand, torch.float64, id="by hand in float64"),
]  # fmt: skip
TOLERANCES = {
    torch.float32: {"rtol": 1e-4, "atol": 1e-6},
    torch.float64: {"rtol": 1e-9, "atol": 1e-12},
}


@pytest.mark.parametrize("way, dtype", WAYS)
def test_each_minibatch_equals_autograd_s(way, dtype):
    """For minibatches of different shapes; the state is carried while it fits."""
    torch.manual_seed(0)
    net = some_model(7, 6, dtype)
    backpropagate, tolerance = way(net), TOLERANCES[dtype]
    state = None
    for T, B in [(4, 3), (4, 3), (2, 3), (2, 2), (5, 2), (5, 2), (1, 1)]:
        X, Y = minibatch(T, B, 7)
        if state is None or len(state[0]) != B:
            state = net.begin_state(batch_size=B)
        outputs, (expected_H_T,) = net(X, state)
        expected = F.cross_entropy(outputs, Y.T.reshape(-1))
        gradients = torch.autograd.grad(expected, net.params)
        loss, state, g = backpropagate(X, Y, state)
        assert state[0].dtype == dtype and g[0].dtype == dtype
        torch.testing.assert_close(loss.to(dtype), expected.detach(), **tolerance)
        torch.testing.assert_close(state[0], expected_H_T.detach(), **tolerance)
        for param, gradient in zip(net.params, gradients, strict=True):
            torch.testing.assert_close(param.grad, gradient, **tolerance)
        expected_norm = torch.cat([each.reshape(-1) for each in gradients]).norm()
        assert clipping.project(g, None) == pytest.approx(expected_norm.item(), 1e-5)


@pytest.mark.parametrize("way, dtype", WAYS)
def test_the_gradients_and_the_parameters_grad_are_one(way, dtype):
    """So that clipping the one clips the other."""
    net = some_model(7, 6, dtype)
    _, _, g = way(net)(*minibatch(4, 3, 7), net.begin_state(batch_size=3))
    assert sum(part.numel() for part in g) == sum(p.numel() for p in net.params)
    before = [param.grad.clone() for param in net.params]
    for part in g:
        part *= 2
    for param, gradient in zip(net.params, before, strict=True):
        assert gradient.any() and torch.equal(param.grad, 2 * gradient)


@pytest.mark.parametrize("way, dtype", WAYS)
def test_what_an_earlier_minibatch_returned_stays_as_it_was(way, dtype):
    """Memory may be reused, but not while the caller holds it."""
    torch.manual_seed(0)
    net = some_model(7, 6, dtype)
    backpropagate, state, kept = way(net), net.begin_state(batch_size=3), []
    for _ in range(4):
        loss, state, _ = backpropagate(*minibatch(4, 3, 7), state)
        kept.append((loss, loss.clone(), *state, state[0].clone()))
    for loss, loss_then, H_T, H_T_then in kept:
        assert torch.equal(loss, loss_then) and torch.equal(H_T, H_T_then)
    assert len({loss.item() for loss, *_ in kept}) == 4  # there was what to mix up


@pytest.mark.parametrize("way, dtype", WAYS)
def test_a_changed_parameter_counts_at_once(way, dtype):
    torch.manual_seed(0)
    net = some_model(7, 6, dtype)
    backpropagate, (X, Y) = way(net), minibatch(4, 3, 7)
    state = net.begin_state(batch_size=3)
    for at in range(5):
        with torch.no_grad():
            net.params[at] += 0.1
        outputs, _ = net(X, state)
        expected = F.cross_entropy(outputs, Y.T.reshape(-1)).item()
        loss, _, _ = backpropagate(X, Y, state)
        assert loss.item() == pytest.approx(expected, rel=1e-6)


class Louder(rnn.RNNModelScratch):
    def __call__(self, X, state):
        outputs, state = super().__call__(X, state)
        return 2 * outputs, state


def frozen(at):
    net = rnn.RNNModelScratch(5, 4)
    net.params[at].requires_grad_(False)
    return net


def tied():
    """A model whose two parameters are one."""
    net = rnn.RNNModelScratch(5, 5)
    net.params[3] = net.params[0]
    return net


OTHERS = {
    **{cell: rnn.make_model(cell, 5, 4) for cell in ("rnn", "gru", "lstm")},
    "another forward_fn": rnn.RNNModelScratch(5, 4, forward_fn=other_rnn),
    "a subclass with its own call": Louder(5, 4),
    **{f"frozen {name}": frozen(at) for at, name in enumerate(NAMES[1:])},
    "tied parameters": tied(),
    "float16": some_model(5, 4, torch.float16),
    "no model": rnn.get_params(5, 4),
}


@pytest.mark.parametrize("net", OTHERS.values(), ids=OTHERS)
def test_models_that_are_not_our_own_rnn_are_left_to_autograd(net):
    assert not bptt.ByHand.can_train(net)


class Named(rnn.RNNModelScratch):
    """A subclass that leaves the computation alone."""


def test_our_own_rnn_is_trained_by_hand():
    for net in (rnn.RNNModelScratch(5, 4), Named(5, 4), some_model(5, 4)):
        assert bptt.ByHand.can_train(net)


# ---- training ----


def net_and_loader(num_hiddens, use_random_iter, dtype):
    """The same parameters, and the same minibatches of the text, each time."""
    loader, vocab = batching.load_data(32, 35, use_random_iter, seed=0)
    net = rnn.make_model("scratch", len(vocab), num_hiddens, seed=0)
    if dtype == torch.float64:
        net.params = [param.detach().double().requires_grad_() for param in net.params]
        net.init_state = lambda B, H, device: (torch.zeros(B, H, dtype=dtype),)
    return net, loader


@functools.cache
def curve_of_autograd(num_hiddens, num_epochs, use_random_iter, dtype=torch.float32):
    """The perplexities of each epoch, under the book's name."""
    net, loader = net_and_loader(num_hiddens, use_random_iter, dtype)

    def sgd(batch_size):
        with torch.no_grad():
            for param in net.params:
                param -= param.grad / batch_size
                param.grad.zero_()

    perplexities = [
        book.train_epoch_ch8(
            net, loader, nn.CrossEntropyLoss(), sgd, torch.device("cpu"),
            use_random_iter,
        )[0]
        for _ in range(num_epochs)
    ]  # fmt: skip
    assert perplexities[-1] < 0.9 * perplexities[0]  # it learns
    return perplexities


@pytest.mark.parametrize("way", [
    pytest.param(engine.Engine, id="engine", marks=needs_engine),
    pytest.param(bptt.ByHand, id="by hand"),
])  # fmt: skip
@pytest.mark.parametrize("num_hiddens, use_random_iter", [
    (32, False), (32, True), (256, False),
])  # fmt: skip
def test_the_training_curve_is_that_of_autograd(way, num_hiddens, use_random_iter):
    net, loader = net_and_loader(num_hiddens, use_random_iter, torch.float32)
    backpropagate = bptt.ByHand(net) if way is bptt.ByHand else None
    assert isinstance(backpropagate or gradients.backpropagation(net), way)
    run = training.train(net, loader, 1.0, 20, backpropagate=backpropagate)
    expected = curve_of_autograd(num_hiddens, 20, use_random_iter)
    perplexities = training.History(run).perplexity
    assert perplexities == pytest.approx(expected, rel=0, abs=1e-3)


def test_the_training_curve_of_a_large_model_is_that_of_autograd():
    """In double precision, where 512 hidden units can be compared.

    In single precision such a run is chaotic: another order of summation, or autograd
    in double precision, ends 1e-2 away after 20 epochs.
    """
    net, loader = net_and_loader(512, False, torch.float64)
    assert isinstance(gradients.backpropagation(net), bptt.ByHand)
    run = training.train(net, loader, 1.0, 3)
    expected = curve_of_autograd(512, 3, False, torch.float64)
    assert training.History(run).perplexity == pytest.approx(expected, rel=0, abs=1e-6)


# ---- memory ----


def bytes_held(*tensors):
    """The size of all memory that holds tensors, each piece counted once."""
    storages = {each.untyped_storage().data_ptr(): each for each in tensors}
    return sum(each.untyped_storage().nbytes() for each in storages.values())


@pytest.mark.parametrize("dtype", bptt.DTYPES)
def test_what_is_kept_for_the_way_back_is_H_numbers_and_an_index_a_token(dtype):
    T, B, H, V = 50, 3, 16, 11
    held = []
    for num_steps in (T, 2 * T, 4 * T):
        params, (X, _) = parameters(V, H, dtype), minibatch(num_steps, B, V)
        kept = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda tensor, kept=kept: kept.append(tensor) or tensor, lambda same: same
        ):
            outputs, _ = bptt.rnn(X, (torch.zeros(B, H, dtype=dtype),), params)
        outputs.sum().backward()
        assert all(param.grad.isfinite().all() for param in params)
        held.append(bytes_held(*kept))
    a_token = H * dtype.itemsize + torch.long.itemsize
    assert held[1] - held[0] == T * B * a_token
    assert held[2] - held[1] == 2 * T * B * a_token
    fixed = sum(param.numel() for param in params) + B * H  # the parameters, and H_0
    assert held[0] == T * B * a_token + fixed * dtype.itemsize


@needs_engine
@pytest.mark.parametrize("H, V", [(16, 32), (32, 28), (33, 28), (1, 2)])
def test_the_engine_s_memory_grows_by_2_H_plus_V_numbers_a_token(H, V):
    """H and V rounded up to panels, and one double for ‖dL/dH_t‖.

    A panel has 8, 16 or 32 numbers: two of the processor's vectors.
    """
    T, B, held = 50, 4, []
    for num_steps in (T, 2 * T, 4 * T):
        net = rnn.make_model("scratch", V, H, seed=0)
        mine = engine.Engine(net.params)
        mine(*minibatch(num_steps, B, V), net.begin_state(batch_size=B))
        tensors = (each for each in vars(mine).values() if torch.is_tensor(each))
        held.append(bytes_held(*tensors))
    a_token = (held[1] - held[0]) / (T * B)
    panels = [[-(-size // panel) * panel for size in (H, V)] for panel in (8, 16, 32)]
    fits = [(h, v) for h, v in panels if a_token == 4 * (2 * h + v) + 8]
    assert fits and held[2] - held[1] == 2 * (held[1] - held[0])
    rounded_H, rounded_V = fits[-1]
    rounded = rnn.num_parameters(rounded_V, rounded_H)
    assert held[0] <= T * B * a_token + 4 * 5 * rounded  # a few times the parameters


# ---- long sequences ----


def test_two_thousand_time_steps():
    torch.manual_seed(0)
    T, B, H, V = 2000, 2, 16, 11
    params, (X, Y) = parameters(V, H, scale=0.2), minibatch(T, B, V)
    H_0 = normal(B, H).requires_grad_()

    def run(forward):
        outputs, (H_T,) = forward(X, (H_0,), params)
        loss = F.cross_entropy(outputs, Y.T.reshape(-1)) + (H_T**2).sum()
        return torch.autograd.grad(loss, [H_0, *params])

    ours, theirs = run(bptt.rnn), run(step_by_step)
    assert all(gradient.isfinite().all() for gradient in ours)
    assert_equal_gradients(ours, theirs)


@pytest.mark.parametrize("way, dtype", WAYS)
def test_a_minibatch_of_two_thousand_time_steps(way, dtype):
    torch.manual_seed(0)
    T, B, H, V = 2000, 2, 16, 11
    net, (X, Y) = some_model(V, H, dtype, scale=0.2), minibatch(T, B, V)
    state = net.begin_state(batch_size=B)
    outputs, _ = net(X, state)
    loss = F.cross_entropy(outputs, Y.T.reshape(-1))
    expected = torch.autograd.grad(loss, net.params)
    way(net)(X, Y, state)
    for param, gradient in zip(net.params, expected, strict=True):
        torch.testing.assert_close(param.grad, gradient, **TOLERANCES[dtype])


def test_dH_and_dZ_are_the_gradients_of_each_state_in_the_order_of_time():
    torch.manual_seed(0)
    params, (X, _), H_0 = parameters(6, 5), minibatch(4, 3, 6), normal(3, 5)
    W_xh, W_hh, b_h, W_hq, b_q = params
    H, Z = [H_0], []
    for X_t in X.T:
        Z.append(W_xh[X_t] + H[-1] @ W_hh + b_h)
        H.append(torch.tanh(Z[-1]))
    outputs = torch.stack(H[1:]) @ W_hq + b_q
    dO = normal(*outputs.shape)
    expected = torch.autograd.grad((dO * outputs).sum(), [*H[1:], *Z])
    states, ours = bptt.forward(X, H_0, params)
    _, dH, dZ = bptt.backward(X, states, dO, params)
    torch.testing.assert_close(ours, outputs.detach())
    torch.testing.assert_close(torch.cat([dH, dZ]), torch.stack(expected))


# ---- norms ----


def test_norms_are_those_of_each_time_step():
    torch.manual_seed(0)
    each = torch.randn(5, 3, 4)
    expected = torch.stack([step.double().norm() for step in each])
    torch.testing.assert_close(bptt.norms(each), expected)
    assert bptt.norms(torch.tensor([3.0, -4.0])).tolist() == [3, 4]


def test_norms_are_right_however_small_and_say_what_is_not_finite():
    each = torch.tensor([[3e-200, -4e-200], [0, 0], [3e200, 4e200], [1, torch.inf]],
                        dtype=torch.float64)  # fmt: skip
    small, zero, large, infinite = bptt.norms(each).tolist()
    assert small == pytest.approx(5e-200, rel=1e-12, abs=0)
    assert large == pytest.approx(5e200, rel=1e-12)
    assert zero == 0 and infinite == torch.inf
    assert bptt.norms(torch.tensor([[1, torch.nan]])).isnan().all()


def test_the_norms_of_the_latest_minibatch_by_hand_are_those_of_dH():
    torch.manual_seed(0)
    net, (X, Y) = some_model(7, 6), minibatch(4, 3, 7)
    by_hand, (H_0,) = bptt.ByHand(net), net.begin_state(batch_size=3)
    by_hand(*minibatch(2, 3, 7), (H_0,))
    by_hand(X, Y, (H_0,))
    H, outputs = bptt.forward(X, H_0, net.params)
    _, dO = bptt.cross_entropy(outputs, Y)
    _, dH, _ = bptt.backward(X, H, dO, net.params)
    expected = dH.flatten(1).norm(dim=1)
    torch.testing.assert_close(by_hand.state_gradient_norms(), expected)
