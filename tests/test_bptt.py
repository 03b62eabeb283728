"""The backward pass by hand, against autograd's, step by step."""

import math

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional as F

from d2l_rnn import batching, book, bptt, clipping, gated, rnn, training

# time steps, sequences, hidden units, tokens of the vocabulary
sizes = st.tuples(*(st.integers(1, most) for most in (7, 5, 9, 8)))
SMALL = [(1, 1, 1, 1), (1, 1, 3, 4), (1, 3, 2, 4), (5, 1, 3, 2), (4, 3, 1, 5),
         (4, 2, 3, 1), (5, 3, 4, 6)]  # fmt: skip
NAMES = ["H_0", "W_xh", "W_hh", "b_h", "W_hq", "b_q"]


def step_by_step(X, state, params):
    """The recurrence step by step, the gradients left to autograd."""
    one_hot = F.one_hot(X.T, len(params[0])).to(params[0].dtype)
    return rnn.rnn(one_hot, state, params)


def normal(*shape, scale=1.0):
    return torch.randn(shape, dtype=torch.float64) * scale


def parameters(V, H, dtype=torch.float64, scale=0.6):
    shapes = [(V, H), (H, H), (H,), (H, V), (V,)]
    params = [normal(*shape, scale=scale).to(dtype) for shape in shapes]
    return [param.requires_grad_() for param in params]


def minibatch(T, B, V):
    return torch.randint(V, (B, T)), torch.randint(V, (B, T))


def some_model(V, H, dtype=torch.float64, scale=0.6):
    return rnn.RNNModelScratch(
        V, H,
        get_params=lambda V, H, device: parameters(V, H, dtype, scale),
        init_state=lambda B, H, device: (torch.zeros(B, H, dtype=dtype),),
    )  # fmt: skip


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
    """The second pass uses the first one's memory again, and must not overwrite it."""
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
    (None, (torch.zeros(2, 5),), None, r"state must be .*\(2, 4\).*got .*\(2, 5\)"),
    (None, (torch.zeros(3, 4),), None, r"state must be .*\(2, 4\).*got .*\(3, 4\)"),
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
@given(st.integers(1, 9), st.integers(1, 12), st.sampled_from([0, 1, 30, 1e4, 1e300]))
@example(1, 1, 1)
def test_the_cross_entropy_and_its_gradient_are_torch_s(V, N, scale):
    torch.manual_seed(V * N)
    outputs, labels = normal(N, V, scale=scale).requires_grad_(), torch.arange(N) % V
    expected = F.cross_entropy(outputs, labels)
    (gradient,) = torch.autograd.grad(expected, outputs)
    given_outputs = outputs.detach().T.clone()
    loss, dO = bptt.cross_entropy(given_outputs, labels)
    torch.testing.assert_close(loss, expected.detach(), rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(dO.T, gradient, rtol=1e-10, atol=1e-15)
    assert torch.equal(given_outputs, outputs.T)  # left as they were


def test_the_cross_entropy_where_the_exponential_overflows():
    outputs = torch.tensor([[1000.0, -1000.0], [-1000.0, 1000.0], [0.0, 0.0]])
    loss, dO = bptt.cross_entropy(outputs, torch.tensor([0, 0]))  # right, and wrong
    assert loss == 1000  # nats: 0 and 2000
    assert dO.tolist() == [[0, -0.5], [0, 0.5], [0, 0]]


# ---- minibatch after minibatch ----


@pytest.mark.parametrize("dtype", bptt.DTYPES)
def test_each_minibatch_equals_autograd_s(dtype):
    """Of one shape after another, with the state carried as long as there is one."""
    torch.manual_seed(0)
    net = some_model(7, 6, dtype)
    by_hand = bptt.ByHand(net)
    tolerance = {"rtol": 1e-9, "atol": 1e-12} if dtype == torch.float64 else {
        "rtol": 1e-4, "atol": 1e-6}  # fmt: skip
    state = None
    for T, B in [(4, 3), (4, 3), (2, 3), (2, 2), (5, 2), (5, 2), (1, 1)]:
        X, Y = minibatch(T, B, 7)
        if state is None or len(state[0]) != B:
            state = net.begin_state(batch_size=B)
        outputs, (expected_H_T,) = net(X, state)
        expected = F.cross_entropy(outputs, Y.T.reshape(-1))
        gradients = torch.autograd.grad(expected, net.params)
        loss, state, g = by_hand(X, Y, state)
        torch.testing.assert_close(loss, expected.detach(), **tolerance)
        torch.testing.assert_close(state[0], expected_H_T.detach(), **tolerance)
        for param, gradient in zip(net.params, gradients, strict=True):
            torch.testing.assert_close(param.grad, gradient, **tolerance)
        expected_norm = torch.cat([each.reshape(-1) for each in gradients]).norm()
        assert clipping.project(g, None) == pytest.approx(expected_norm.item(), 1e-5)


def test_the_vector_of_the_gradient_and_the_parameters_grad_are_one():
    net = some_model(7, 6)
    _, _, [g] = bptt.ByHand(net)(*minibatch(4, 3, 7), net.begin_state(batch_size=3))
    assert g.shape == (sum(param.numel() for param in net.params),)
    before = [param.grad.clone() for param in net.params]
    g *= 2
    for param, gradient in zip(net.params, before, strict=True):
        assert torch.equal(param.grad, 2 * gradient)


def test_what_an_earlier_minibatch_returned_stays_as_it_was():
    """The memory of the unrolled RNN is used again, the caller's state is not in it."""
    torch.manual_seed(0)
    net = some_model(7, 6)
    by_hand, state, kept = bptt.ByHand(net), net.begin_state(batch_size=3), []
    for _ in range(4):
        loss, state, _ = by_hand(*minibatch(4, 3, 7), state)
        kept.append((loss, loss.clone(), *state, state[0].clone()))
    for loss, loss_then, H_T, H_T_then in kept:
        assert torch.equal(loss, loss_then) and torch.equal(H_T, H_T_then)
    assert len({loss.item() for loss, *_ in kept}) == 4  # there was what to mix up


def test_a_changed_parameter_counts_at_once():
    torch.manual_seed(0)
    net = some_model(7, 6)
    by_hand, (X, Y) = bptt.ByHand(net), minibatch(4, 3, 7)
    state = net.begin_state(batch_size=3)
    for at in range(5):
        with torch.no_grad():
            net.params[at] += 0.1
        outputs, _ = net(X, state)
        expected = F.cross_entropy(outputs, Y.T.reshape(-1)).detach()
        torch.testing.assert_close(by_hand(X, Y, state)[0], expected)


class Louder(rnn.RNNModelScratch):
    def __call__(self, X, state):
        outputs, state = super().__call__(X, state)
        return 2 * outputs, state


def other_rnn(inputs, state, params):
    return rnn.rnn(inputs, state, params)


def frozen(at):
    net = rnn.RNNModelScratch(5, 4)
    net.params[at].requires_grad_(False)
    return net


OTHERS = {
    **{cell: rnn.make_model(cell, 5, 4) for cell in ("rnn", "gru", "lstm")},
    "another forward_fn": rnn.RNNModelScratch(5, 4, forward_fn=other_rnn),
    "a subclass with its own call": Louder(5, 4),
    **{f"frozen {name}": frozen(at) for at, name in enumerate(NAMES[1:])},
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


# ---- the gradient at each time step ----


def states_written_out(net, X, H):
    """H_1 … H_T, each a node of autograd's graph, and the outputs, one a time step."""
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
    norms = bptt.state_gradient_norms(net, X, Y, state, last_only)
    torch.testing.assert_close(norms, torch.stack(expected), rtol=1e-9, atol=1e-15)
    if not last_only:
        by_hand = bptt.ByHand(net)
        by_hand(X, Y, (H_0,))
        assert torch.equal(by_hand.unrolled.state_gradient_norms(), norms)


def test_the_gradient_fades_or_explodes_with_the_recurrent_weights():
    """For W_hh = w I and units near 0, each step back multiplies by w."""
    net, (X, Y) = some_model(3, 2), minibatch(10, 4, 3)
    for w in (0.5, 2.0):
        with torch.no_grad():
            for param in net.params:
                param *= 1e-9
            net.params[1].copy_(w * torch.eye(2))
        norms = bptt.state_gradient_norms(net, X, Y, last_only=True)
        ratios = norms[:-1] / norms[1:]
        torch.testing.assert_close(ratios, torch.full_like(ratios, w))


def test_a_gradient_that_has_all_but_vanished_still_has_a_norm():
    """In single precision the squares of such numbers are 0."""
    net, (X, Y) = some_model(3, 2, torch.float32), minibatch(26, 4, 3)
    with torch.no_grad():
        for param in net.params:
            param *= 1e-9
        net.params[1].copy_(0.1 * torch.eye(2))
    norms = bptt.state_gradient_norms(net, X, Y, last_only=True)
    assert 1e-45 < norms[0] < 1e-30
    ratios = norms[1:] / norms[:-1]
    torch.testing.assert_close(ratios, torch.full_like(ratios, 10), rtol=1e-4, atol=0)


def test_looking_at_the_gradients_leaves_the_parameters_grad_alone():
    net = some_model(5, 4)
    bptt.state_gradient_norms(net, *minibatch(3, 2, 5))
    assert all(param.grad is None for param in net.params)


@pytest.mark.parametrize("X, state, message", [
    (torch.zeros(2, 3), None, "X must be token indices"),
    (torch.zeros(2, 3, dtype=torch.long), (torch.zeros(3, 4),), "state must be one"),
    (torch.zeros(2, 3, dtype=torch.long), torch.zeros(2, 4), "state must be one"),
])  # fmt: skip
def test_a_minibatch_that_does_not_fit_is_told(X, state, message):
    with pytest.raises(ValueError, match=message):
        bptt.state_gradient_norms(some_model(5, 4), X, X.long(), state)


# ---- the same for other recurrences, by autograd ----


def scratch_model(cell, V, H):
    """A model from scratch in double precision, with weights of some size."""
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
    """‖dL/dH_t‖ by moving each hidden unit of each step a little, to either side."""

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
    norms = bptt.state_gradient_norms(net, X, Y, state, last_only)
    with torch.no_grad():
        expected = moved_state_norms(net, X, Y, state, last_only)
    torch.testing.assert_close(norms, expected, rtol=1e-5, atol=1e-9)
    assert all(param.grad is None for param in rnn.parameters_of(net))


@pytest.mark.parametrize("last_only", [False, True])
def test_by_hand_and_by_autograd_the_rnn_has_the_same_norms(last_only):
    """As `rnn.rnn`, under another name, and as a layer of torch's."""
    torch.manual_seed(0)
    net, (X, Y) = some_model(7, 5), minibatch(9, 4, 7)
    expected = bptt.state_gradient_norms(net, X, Y, last_only=last_only)

    left_alone = scratch_model("rnn", 7, 5)
    left_alone.params = net.params
    layer = layer_model("rnn", 7, 5)
    W_xh, W_hh, b_h, W_hq, b_q = net.params
    values = (W_xh.T, W_hh.T, b_h, torch.zeros(5), W_hq.T, b_q)
    with torch.no_grad():
        for param, value in zip(layer.parameters(), values, strict=True):
            param.copy_(value)
    for other in (left_alone, layer):
        norms = bptt.state_gradient_norms(other, X, Y, last_only=last_only)
        torch.testing.assert_close(norms, expected, rtol=1e-9, atol=1e-15)


def test_the_memory_of_an_lstm_fades_by_its_forget_gate():
    """Small weights leave the gates to their biases: each step multiplies by σ(b_f)."""
    net, (X, Y) = scratch_model("lstm", 3, 2), minibatch(20, 4, 3)
    for bias in (-2.0, 0.0, 3.0):
        with torch.no_grad():
            for param in net.params:
                param *= 1e-3
            net.params[5].fill_(bias)
        norms = bptt.state_gradient_norms(net, X, Y, last_only=True)
        ratios = norms[:-2] / norms[1:-1]
        torch.testing.assert_close(
            ratios, torch.full_like(ratios, 1 / (1 + math.exp(-bias))),
            rtol=1e-2, atol=0,
        )  # fmt: skip


def test_a_model_that_asks_for_no_gradients_has_them_on_the_way():
    net, (X, Y) = layer_model("gru", 5, 4), minibatch(3, 2, 5)
    expected = bptt.state_gradient_norms(net, X, Y)
    net.requires_grad_(False)
    with torch.no_grad():
        assert torch.equal(bptt.state_gradient_norms(net, X, Y), expected)


def test_nothing_comes_back_through_a_step_that_forgets():
    def forgetting(inputs, state, params):
        return rnn.rnn(inputs, (torch.zeros_like(state[0]),), params)

    net = rnn.RNNModelScratch(5, 4, forward_fn=forgetting)
    norms = bptt.state_gradient_norms(net, *minibatch(3, 2, 5), last_only=True)
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
        bptt.state_gradient_norms(net, *minibatch(3, 2, 5))


def test_a_model_whose_outputs_come_from_elsewhere_is_refused():
    net = rnn.RNNModelScratch(5, 4, forward_fn=cloned_state)
    with pytest.raises(ValueError, match="net must compute its outputs from"):
        bptt.state_gradient_norms(net, *minibatch(3, 2, 5))


@pytest.mark.parametrize("X, state, message", [
    (torch.zeros(2, 3), None, "X must be token indices"),
    (torch.zeros(2, 3, dtype=torch.long), torch.zeros(1, 3, 4), "state must be"),
    (torch.zeros(2, 3, dtype=torch.long), (torch.zeros(1, 2, 4),) * 2, "state must be"),
])  # fmt: skip
def test_a_minibatch_that_does_not_fit_a_layer_is_told(X, state, message):
    with pytest.raises(ValueError, match=message):
        bptt.state_gradient_norms(layer_model("gru", 5, 4), X, X.long(), state)


# ---- the large products ----

needs_onednn = pytest.mark.skipif(
    bptt._LINEAR is None, reason="the processor or this PyTorch lacks oneDNN's product"
)


@pytest.fixture
def calls(monkeypatch):
    """The shapes that oneDNN's product has been called with."""
    shapes = []

    def linear(A, B, *rest):
        shapes.append((tuple(A.shape), tuple(B.shape)))
        return product(A, B, *rest)

    product = bptt._LINEAR
    monkeypatch.setattr(bptt, "_LINEAR", linear)
    return shapes


@needs_onednn
@pytest.mark.parametrize("m, n, N", [(128, 128, 37), (200, 96, 1), (160, 160, 301)])
@pytest.mark.parametrize("sliced", [False, True])
def test_large_sums_of_products_are_onednn_s(calls, monkeypatch, m, n, N, sliced):
    torch.manual_seed(0)
    A = torch.randn(m, N + 8)[:, :-8] if sliced else torch.randn(m, N)
    B = torch.randn(n, N)
    assert A.is_contiguous() == (not sliced)
    expected = (A.double() @ B.double().T).float()
    out, without = torch.full((2, m, n), torch.nan)
    bptt._sum_of_products(A, B, out=out)
    assert calls == [((m, N), (n, N))]
    torch.testing.assert_close(out, expected, rtol=1e-4, atol=1e-4)
    monkeypatch.setattr(bptt, "_LINEAR", None)
    bptt._sum_of_products(A, B, out=without)
    torch.testing.assert_close(without, expected, rtol=1e-4, atol=1e-4)


@needs_onednn
@pytest.mark.parametrize("A, B", [
    (torch.randn(100, 50), torch.randn(100, 50)),  # small
    (torch.randn(130, 50).double(), torch.randn(130, 50).double()),
    (torch.randn(130, 50), torch.randn(50, 130).T),
    (torch.randn(2, 130, 50), torch.randn(2, 130, 50)),  # a sweep's
], ids=["small", "float64", "transposed", "batched"])  # fmt: skip
def test_other_sums_of_products_are_not_onednn_s(calls, A, B):
    expected = A.double() @ B.double().mT
    out = torch.full(expected.shape, torch.nan, dtype=A.dtype)
    bptt._sum_of_products(A, B, out=out)
    assert calls == []
    torch.testing.assert_close(out.double(), expected, rtol=1e-4, atol=1e-4)


@needs_onednn
def test_a_large_model_has_the_same_gradient_with_and_without_onednn(
    calls, monkeypatch
):
    torch.manual_seed(0)
    net, (X, Y) = some_model(150, 130, torch.float32, 0.05), minibatch(5, 3, 150)
    state = net.begin_state(batch_size=3)
    outputs, _ = net(X, state)
    loss = F.cross_entropy(outputs, Y.T.reshape(-1))
    expected = torch.autograd.grad(loss, net.params)
    by_hand = bptt.ByHand(net)
    for onednn in (bptt._LINEAR, None):
        monkeypatch.setattr(bptt, "_LINEAR", onednn)
        by_hand(X, Y, state)
        for param, gradient in zip(net.params, expected, strict=True):
            torch.testing.assert_close(param.grad, gradient, rtol=1e-3, atol=1e-6)
    assert len(calls) == 2  # of W_hh and of W_hq


# ---- training ----


def curves(num_hiddens, num_epochs, use_random_iter=False, dtype=torch.float32):
    """The perplexities of each epoch: by hand, and by autograd under the book's name.

    Both start from the same parameters, and see the same minibatches of the text.
    """

    def net_and_loader():
        loader, vocab = batching.load_data(32, 35, use_random_iter, seed=0)
        torch.manual_seed(0)
        params = [param.to(dtype) for param in rnn.get_params(len(vocab), num_hiddens)]
        net = rnn.RNNModelScratch(
            len(vocab), num_hiddens,
            get_params=lambda *_: [each.detach().requires_grad_() for each in params],
            init_state=lambda B, H, device: (torch.zeros(B, H, dtype=dtype),),
        )  # fmt: skip
        return net, loader

    net, loader = net_and_loader()
    assert bptt.ByHand.can_train(net)
    history = training.History(training.train(net, loader, 1.0, num_epochs))

    net, loader = net_and_loader()

    def sgd(batch_size):
        with torch.no_grad():
            for param in net.params:
                param -= param.grad / batch_size
                param.grad.zero_()

    theirs = [
        book.train_epoch_ch8(
            net, loader, nn.CrossEntropyLoss(), sgd, torch.device("cpu"),
            use_random_iter,
        )[0]
        for _ in range(num_epochs)
    ]  # fmt: skip
    assert theirs[-1] < 0.9 * theirs[0]  # it learns
    return history.perplexity, theirs


@pytest.mark.parametrize("num_hiddens, use_random_iter", [
    (32, False), (32, True), (256, False),
])  # fmt: skip
def test_the_training_curve_is_that_of_autograd(num_hiddens, use_random_iter):
    ours, theirs = curves(num_hiddens, 20, use_random_iter)
    assert ours == pytest.approx(theirs, rel=0, abs=1e-4)


def test_the_training_curve_of_a_large_model_is_that_of_autograd():
    """In double precision, where 512 hidden units can be compared.

    In single precision such a run is chaotic: another order of summation, or autograd
    in double precision, ends 1e-2 away after 20 epochs.
    """
    ours, theirs = curves(512, 3, dtype=torch.float64)
    assert ours == pytest.approx(theirs, rel=0, abs=1e-6)


# ---- memory ----


def bytes_held(unrolled):
    """By all the tensors of an unrolled RNN, each storage counted once."""
    storages, todo = {}, list(vars(unrolled).values())
    while todo:
        each = todo.pop()
        if isinstance(each, torch.Tensor):
            storage = each.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
        elif isinstance(each, (list, tuple)):
            todo += each
    return sum(storages.values())


@pytest.mark.parametrize("dtype", bptt.DTYPES)
def test_memory_grows_by_3_H_numbers_and_an_index_a_token(dtype):
    T, B, H, V = 50, 3, 16, 11
    held = []
    for num_steps in (T, 2 * T, 4 * T):
        params, (X, _) = parameters(V, H, dtype), minibatch(num_steps, B, V)
        unrolled = bptt.Unrolled(params, num_steps, B)
        outputs = unrolled.forward(X, torch.zeros(B, H, dtype=dtype))
        unrolled.backward(torch.ones_like(outputs))
        held.append(bytes_held(unrolled))
    a_token = 3 * H * dtype.itemsize + torch.long.itemsize
    assert held[1] - held[0] == T * B * a_token
    assert held[2] - held[1] == 2 * T * B * a_token
    numbers = sum(param.numel() for param in params)
    fixed = 4 * (numbers + H * B) * dtype.itemsize  # a few times the parameters
    assert held[0] <= T * B * a_token + fixed


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
