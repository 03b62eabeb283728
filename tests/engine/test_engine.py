"""The engine against autograd in float64, on whatever this processor can load."""

import math
import os
import signal
import threading
import time

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from runs import (
    assert_close,
    by_autograd,
    norm_of,
    sizes_added_up,
    some_run,
)

from d2l_rnn import batching, bptt, clipping, engine, rnn, threads, training
from d2l_rnn.engine.compiled import loaded

pytestmark = pytest.mark.skipif(
    engine.library() is None, reason=f"no engine: {engine.describe()}"
)
ODD = dict(  # sizes around, and no multiples of, what is computed at once
    T=st.integers(1, 7),
    B=st.integers(1, 19),
    H=st.integers(1, 70),
    V=st.integers(2, 40),
)


def levels():
    """The files for this system that its processor can run."""
    best = torch.backends.cpu.get_cpu_capability()
    known = {"DEFAULT": 1, "AVX2": 2, "AVX512": 3}.get(best, 1)
    name = engine.file().name.rsplit("-", 1)
    if "x86_64" not in engine.file().name:
        return [engine.file()]
    suffix = engine.file().suffix
    return [
        engine.file().with_name(f"{name[0]}-{level}{suffix}")
        for level in ("sse2", "avx2", "avx512")[:known]
    ]


@pytest.fixture(params=levels(), ids=lambda path: path.stem)
def level(request, monkeypatch):
    """Each of them in turn stands for the engine."""
    library = loaded(request.param)
    assert library is not None
    monkeypatch.setattr(engine, "library", lambda: library)


# ---- one minibatch: values and gradients ----


def assert_right(run, **kwargs):
    loss, gradients, flow, H_T = by_autograd(run.params, run.X[0], run.Y[0], run.H_0)
    mine = engine.Engine(run.params)
    before = [param.clone() for param in run.params]
    state = mine.train(run.X, run.Y, run.H_0, lr=0.0, **kwargs)
    assert mine.losses == pytest.approx([loss], rel=1e-6)
    added_up, flow_added_up = sizes_added_up(run)
    rounding = 1e-6 * norm_of(added_up)
    assert mine.norms == pytest.approx([norm_of(gradients)], rel=1e-5, abs=rounding)
    assert_close(mine.gradients, gradients, added_up=added_up)
    error = (mine.state_gradient_norms() - flow).abs()
    assert (error <= 1e-5 * flow.maximum(flow_added_up / 10)).all()
    torch.testing.assert_close(state.double(), H_T, rtol=0, atol=1e-5)
    assert all(map(torch.equal, run.params, before))


@settings(max_examples=60, deadline=None)
@given(scale=st.sampled_from([1.0, 10.0]), seed=st.integers(0, 2**20), **ODD)
def test_gradients_at_the_initial_parameters_and_at_ten_times_these(
    T, B, H, V, scale, seed
):
    assert_right(some_run(T, B, H, V, scale, seed=seed))


SIZES = [  # T, B, H, V
    (1, 1, 1, 2), (3, 1, 5, 2), (2, 3, 4, 3), (7, 5, 17, 11), (9, 33, 100, 28),
    (1, 2, 16, 16), (35, 32, 33, 28), (2, 4, 3, 4580), (5, 8, 520, 28),
]  # fmt: skip


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_gradients_at_each_level(size, scale, level):
    assert_right(some_run(*size, scale=scale))


@pytest.mark.parametrize("size, scale", [
    ((20, 8, 520, 28), 10.0), ((35, 32, 33, 28), 100.0), ((7, 5, 17, 11), 100.0),
], ids=str)  # fmt: skip
def test_where_rounding_grows_over_time_it_is_as_good_as_pytorch(size, scale, level):
    """W_hh is so large that in float32 nobody has the gradient to 1e-5."""
    run = some_run(*size, scale=scale)
    minibatch = run.params, run.X[0], run.Y[0], run.H_0
    _, gradients, _, _ = by_autograd(*minibatch)
    _, in_float32, _, _ = by_autograd(*minibatch, dtype=torch.float32)
    mine = engine.Engine(run.params)
    mine.train(run.X, run.Y, run.H_0, lr=0.0)
    error, usual = (
        norm_of([a - b for a, b in zip(each, gradients, strict=True)])
        for each in (mine.gradients, in_float32)
    )
    assert error <= max(3 * usual, 1e-5 * norm_of(gradients))


def test_gradients_in_a_trained_net(level, time_machine):
    loader, vocab = batching.load_data(32, 35, path=time_machine, seed=0)
    net = rnn.make_model("scratch", len(vocab), 50, seed=0)
    list(training.train(net, loader, lr=1, num_epochs=60))
    X, Y = next(iter(loader))
    run = some_run(35, 32, 50, len(vocab))
    run.params = [param.detach() for param in net.params]
    run.X, run.Y = X[None], Y[None]
    assert_right(run)


def test_the_engine_is_bptt():
    """The same minibatch by the readable module, in float32 as well."""
    run = some_run(35, 32, 64, 28, scale=3.0)
    H, outputs = bptt.forward(run.X[0], run.H_0, run.params)
    _, dO = bptt.cross_entropy(outputs, run.Y[0])
    gradients, _, _ = bptt.backward(run.X[0], H, dO, run.params)
    mine = engine.Engine(run.params)
    mine.train(run.X, run.Y, run.H_0, lr=0.0)
    assert_close(mine.gradients, [gradient.double() for gradient in gradients])


# ---- many minibatches: clipping, steps, states ----


def by_hand(run, lr, theta, fresh):
    """The same steps in float64: parameters, losses, norms, and the last gradient."""
    params, H = [param.double() for param in run.params], run.H_0
    losses, norms = [], []
    for X, Y in zip(run.X, run.Y, strict=True):
        H = torch.zeros_like(H) if fresh else H
        loss, gradients, _, H = by_autograd(params, X, Y, H)
        norm = norm_of(gradients)
        clipped = [min(1, theta / norm) * gradient for gradient in gradients]
        params = [p - lr * g for p, g in zip(params, clipped, strict=True)]
        losses.append(loss)
        norms.append(norm)
    return params, losses, norms, clipped, H


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("theta", [0.05, 1e9])
def test_steps_are_clipped_and_the_state_goes_on_unless_it_is_fresh(
    theta, fresh, level
):
    run = some_run(6, 4, 9, 7, scale=30.0, n=5)
    params, losses, norms, clipped, H = by_hand(run, 0.5, theta, fresh)
    assert min(norms) > 0.05
    mine = engine.Engine(run.params)
    state = mine.train(run.X, run.Y, run.H_0, 0.5, theta, fresh)
    assert mine.losses == pytest.approx(losses, rel=1e-5)
    assert mine.norms == pytest.approx(norms, rel=1e-4)
    assert not mine.diverged
    assert_close(run.params, params)
    assert_close(mine.gradients, clipped, 1e-4)
    torch.testing.assert_close(state.double(), H, rtol=0, atol=1e-5)


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("size", [(1, 1, 1, 1), (6, 4, 9, 7), (35, 32, 64, 28)])
def test_to_read_is_to_go_forward_and_learn_nothing(size, fresh, level):
    run = some_run(*size, scale=10.0, n=4)
    before = [param.clone() for param in run.params]
    mine = engine.Engine(run.params)
    state = mine.read(run.X, run.Y, run.H_0, fresh)
    H = run.H_0
    for X, Y, loss in zip(run.X, run.Y, mine.losses, strict=True):
        H = torch.zeros_like(H) if fresh else H
        states, outputs = bptt.forward(X, H, run.params)
        expected, _ = bptt.cross_entropy(outputs, Y)
        assert loss == pytest.approx(expected.item(), rel=1e-5, abs=1e-7)
        H = states[-1]
    torch.testing.assert_close(state, H, rtol=0, atol=1e-4)
    assert all(map(torch.equal, run.params, before))
    assert all(param.grad is None for param in run.params)


def test_reading_in_between_does_not_change_what_is_learned():
    alone, disturbed = some_run(5, 4, 20, 9, n=6), some_run(5, 4, 20, 9, n=6)
    longer = some_run(9, 3, 20, 9, n=2)
    first, second = engine.Engine(alone.params), engine.Engine(disturbed.params)
    for _ in range(3):
        first.train(alone.X, alone.Y, alone.H_0, 1.0, 0.1)
        second.train(disturbed.X, disturbed.Y, disturbed.H_0, 1.0, 0.1)
        second.read(longer.X, longer.Y, longer.H_0)
        assert all(map(torch.equal, alone.params, disturbed.params))
        flows = first.state_gradient_norms(), second.state_gradient_norms()
        assert torch.equal(*flows)


def test_no_theta_is_no_clipping():
    run, same = some_run(4, 3, 5, 6, n=3), some_run(4, 3, 5, 6, n=3)
    engine.Engine(run.params).train(run.X, run.Y, run.H_0, 1.0)
    engine.Engine(same.params).train(run.X, run.Y, run.H_0, 1.0, theta=1e30)
    assert all(map(torch.equal, run.params, same.params))


def test_one_call_or_several_are_the_same():
    whole, parts = some_run(5, 4, 20, 9, n=6), some_run(5, 4, 20, 9, n=6)
    state = engine.Engine(whole.params).train(whole.X, whole.Y, whole.H_0, 1.0, 0.1)
    mine, H = engine.Engine(parts.params), parts.H_0
    for some in (slice(0, 1), slice(1, 4), slice(4, 6)):
        H = mine.train(parts.X[some], parts.Y[some], H, 1.0, 0.1)
    assert torch.equal(H, state)
    assert all(map(torch.equal, whole.params, parts.params))


@pytest.mark.parametrize("num_threads", [2, 3, 4, 7, 64])
def test_any_number_of_threads_computes_the_same_to_the_last_bit(num_threads, level):
    for size in [(5, 32, 100, 28), (3, 1, 33, 5), (4, 5, 16, 40)]:
        one, many = some_run(*size, n=4), some_run(*size, n=4)
        engines = [engine.Engine(run.params) for run in (one, many)]
        states = [
            each.train(one.X, one.Y, one.H_0, 1.0, 0.5, num_threads=number)
            for each, number in zip(engines, (1, num_threads), strict=True)
        ]
        assert torch.equal(*states)
        assert engines[0].losses == engines[1].losses
        assert engines[0].norms == engines[1].norms
        for a, b in zip(one.params, many.params, strict=True):
            assert torch.equal(a, b)
        flows = [each.state_gradient_norms() for each in engines]
        assert torch.equal(*flows)


def test_a_workspace_used_again_makes_no_difference():
    """Nor does what a run that diverged has left in it."""
    run, same = some_run(4, 3, 40, 6, n=2), some_run(4, 3, 40, 6, n=2)
    mine = engine.Engine(run.params)
    run.params[1][0, 0] = math.nan
    mine.train(run.X, run.Y, run.H_0, 1.0)
    assert mine.diverged
    run.params[1][0, 0] = same.params[1][0, 0]
    mine.train(run.X, run.Y, run.H_0, 1.0)
    engine.Engine(same.params).train(same.X, same.Y, same.H_0, 1.0)
    assert all(map(torch.equal, run.params, same.params))


# ---- what is not finite ----


@pytest.mark.parametrize("poison", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("param", range(5))
def test_what_is_not_finite_ends_the_run_and_leaves_the_parameters(
    poison, param, level
):
    run = some_run(4, 3, 5, 6, n=3)
    run.params[param].view(-1)[-1] = poison
    run.Y[:] = 5  # the token of the last column, which -inf makes impossible
    before = [each.clone() for each in run.params]
    mine = engine.Engine(run.params)
    mine.train(run.X, run.Y, run.H_0, lr=0.0)
    if math.isinf(poison) and not mine.diverged:  # tanh of it is 1, or the loss is inf
        assert param < 3 or not any(map(math.isfinite, mine.losses))
        return
    assert mine.diverged
    assert len(mine.losses) == len(mine.norms) == 1
    assert not math.isfinite(mine.norms[0])
    assert not mine.gradient.isfinite().any()
    for old, new in zip(before, run.params, strict=True):
        assert torch.equal(old.nan_to_num(), new.nan_to_num())


def test_a_run_that_explodes_says_when_and_keeps_the_last_finite_parameters():
    run = some_run(30, 4, 20, 6, scale=30.0, n=40)
    copies = [param.clone() for param in run.params]
    mine = engine.Engine(run.params)
    mine.train(run.X, run.Y, run.H_0, lr=3e38)
    assert mine.diverged and 1 < len(mine.norms) < 40
    finite = mine.norms[:-1]
    assert all(map(math.isfinite, finite)) and not math.isfinite(mine.norms[-1])
    again = engine.Engine(copies)
    n = len(finite)
    again.train(run.X[:n], run.Y[:n], run.H_0, lr=3e38)
    assert not again.diverged
    assert all(map(torch.equal, run.params, copies))


# ---- as what `training` calls ----


def test_a_minibatch_by_itself_is_what_backpropagation_promises():
    net = rnn.make_model("scratch", 6, 11, seed=0)
    run = some_run(5, 3, 11, 6)
    run.params = [param.detach() for param in net.params]
    loss, gradients, _, H_T = by_autograd(run.params, run.X[0], run.Y[0], run.H_0)
    mine = engine.Engine(net.params)
    mean_loss, (state,), [g] = mine(run.X[0], run.Y[0], (run.H_0,))
    assert mean_loss.item() == pytest.approx(loss, rel=1e-6)
    torch.testing.assert_close(state.double(), H_T, rtol=0, atol=1e-6)
    assert_close([param.grad for param in net.params], gradients)
    assert (
        clipping.project([g], 1e-3) > 1e-3
    )  # one vector, which the grads are parts of
    assert clipping.global_norm(net) == pytest.approx(1e-3, rel=1e-5)


def test_a_minibatch_that_is_not_finite_has_no_finite_gradient():
    net = rnn.make_model("scratch", 6, 11, seed=0)
    with torch.no_grad():
        net.params[4][2] = math.nan
    run = some_run(5, 3, 11, 6)
    _, _, g = engine.Engine(net.params)(run.X[0], run.Y[0], (run.H_0,))
    assert not math.isfinite(clipping.project(g, 1.0))


def test_autograd_notices_that_the_parameters_have_changed():
    net = rnn.make_model("scratch", 6, 11, seed=0)
    run = some_run(5, 3, 11, 6)
    outputs, _ = net(run.X[0], (run.H_0,))
    engine.Engine(net.params).train(run.X, run.Y, run.H_0, 1.0)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        outputs.sum().backward()


def test_tokens_of_any_integer_type_and_any_layout():
    run, same = some_run(5, 4, 8, 9, n=2), some_run(5, 4, 8, 9, n=2)
    engine.Engine(run.params).train(run.X, run.Y, run.H_0, 1.0)
    X = run.X.to(torch.uint8).permute(2, 0, 1).contiguous().permute(1, 2, 0)
    H_0 = run.H_0.double().T.contiguous().T
    engine.Engine(same.params).train(X, run.Y.short(), H_0, 1.0)
    assert all(map(torch.equal, run.params, same.params))


def test_what_the_caller_holds_stays_as_it_was():
    run = some_run(5, 4, 8, 9, n=2)
    held = [each.clone() for each in (run.X, run.Y, run.H_0)]
    engine.Engine(run.params).train(run.X.int(), run.Y.int(), run.H_0, 1.0)
    assert all(map(torch.equal, held, (run.X, run.Y, run.H_0)))


@pytest.mark.parametrize("change, message", [
    (dict(X=torch.full((2, 4, 5), 9)), "X must be tokens from 0 to 8, got 9"),
    (dict(Y=torch.full((2, 4, 5), -1)), "Y must be tokens from 0 to 8, got -1"),
    (dict(X=torch.zeros(2, 4, 5)), "X must be integers, shape"),
    (dict(X=torch.zeros(4, 5, dtype=int)), "X must be integers, shape"),
    (dict(X=torch.zeros(0, 4, 5, dtype=int)), "and not empty"),
    (dict(X=torch.zeros(2, 4, 5, dtype=torch.bool)), "X must be integers"),
    (dict(Y=torch.zeros(2, 4, 6, dtype=int)), "Y must be shaped like X"),
    (dict(H_0=torch.zeros(3, 8)), r"H_0 must be .*\(4, 8\), got"),
    (dict(H_0=torch.zeros(8, 4)), r"H_0 must be .*\(4, 8\), got"),
    (dict(num_threads=0), "num_threads must be an integer from 1 to 1024, got 0"),
    (dict(num_threads=1.5), "num_threads must be an integer"),
])  # fmt: skip
def test_what_does_not_fit_is_told(change, message):
    run = some_run(5, 4, 8, 9, n=2)
    kwargs = {"X": run.X, "Y": run.Y, "H_0": run.H_0, "lr": 1.0, **change}
    with pytest.raises(ValueError, match=message):
        engine.Engine(run.params).train(**kwargs)


@pytest.mark.parametrize("spoil", [
    lambda params: params[:4],
    lambda params: [*params[:4], params[4].double()],
    lambda params: [params[0], params[1][:, :7], *params[2:]],
    lambda params: [params[0].T.contiguous().T, *params[1:]],
    lambda params: [params[0], params[1].to("meta"), *params[2:]],
    lambda params: [params[0][None], *params[1:]],
], ids=range(6))  # fmt: skip
def test_parameters_that_it_cannot_have_are_refused(spoil):
    params = spoil(some_run(5, 4, 8, 9).params)
    assert not engine.can_train(params)
    with pytest.raises(ValueError, match="params must be the five parameters"):
        engine.Engine(params)


def test_parameters_replaced_after_a_call_are_looked_at_again():
    run = some_run(5, 4, 8, 9)
    mine = engine.Engine(run.params)
    mine.train(run.X, run.Y, run.H_0, 1.0)
    run.params[1] = run.params[1].double()
    with pytest.raises(ValueError, match="params must be"):
        mine.train(run.X, run.Y, run.H_0, 1.0)
    run.params[:] = some_run(5, 4, 9, 9).params
    with pytest.raises(ValueError, match="of the shapes"):
        mine.train(run.X, run.Y, torch.zeros(4, 9), 1.0)


# ---- slices, threads, interruptions ----


def test_calls_are_of_one_size_each_and_no_longer_than_patience(monkeypatch):
    sizes = [(4, 5)] * 7 + [(4, 3)] * 2 + [(4, 5)] * 3
    minibatches = [
        (torch.full(s, i), torch.full(s, i + 1)) for i, s in enumerate(sizes)
    ]
    calls, train = [], engine.Engine.train

    def counted(self, X, Y, *args):
        state = train(self, X, Y, *args)
        calls.append((X.clone(), Y.clone()))
        self._seconds = seconds
        return state

    monkeypatch.setattr(engine.Engine, "train", counted)
    longest, curves = [], []
    for seconds in (1e-9, engine.PATIENCE / 4, 1.0):
        calls.clear()
        net = rnn.make_model("scratch", 20, 8, seed=0)
        mine = engine.Engine(net.params)
        mine._seconds = seconds
        learned = mine.learn(minibatches, net.begin_state, 1.0, 0.1)
        curves.append([minibatch for call in learned for minibatch in call])
        longest.append(max(len(X) for X, _ in calls))
        parts = [part for X, Y in calls for part in zip(X, Y, strict=True)]
        for (X, Y), (X_i, Y_i) in zip(minibatches, parts, strict=True):
            assert torch.equal(X, X_i) and torch.equal(Y, Y_i)
    assert longest == [7, 4, 1]
    assert curves[0] == curves[1] == curves[2]
    assert [size for _, size, _ in curves[0]] == [B * T for B, T in sizes]


def test_minibatches_are_taken_when_they_are_trained_on():
    """So that a loader may wait, or end a run, between them."""
    taken, net = [], rnn.make_model("scratch", 20, 8, seed=0)

    def minibatches():
        for i in range(6):
            taken.append(i)
            yield torch.zeros(4, 5, dtype=int), torch.zeros(4, 5, dtype=int)

    mine = engine.Engine(net.params)
    mine._seconds = engine.PATIENCE / 2
    run = mine.learn(minibatches(), net.begin_state, 1.0)
    assert taken == []
    next(run)
    assert taken == [0, 1]


def test_never_more_threads_than_pytorch_has(monkeypatch):
    seen = []
    monkeypatch.setattr(engine, "_call", lambda _, run: seen.append(run.workers))
    monkeypatch.setattr(threads, "cores", lambda: 8)
    monkeypatch.setattr(engine, "_alone_until", 0.0)
    run = some_run(35, 32, 512, 28)
    before = torch.get_num_threads()
    try:
        for number in (1, 2, 3):
            torch.set_num_threads(number)
            engine.Engine(run.params).train(run.X, run.Y, run.H_0, 1.0)
    finally:
        torch.set_num_threads(before)
    assert seen == [1, 2, 3]


def test_nor_more_than_cores_nor_for_what_is_small(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 64)
    monkeypatch.setattr(threads, "cores", lambda: 4)
    monkeypatch.setattr(engine, "_alone_until", 0.0)
    assert threads.available() == 4
    seen = []
    monkeypatch.setattr(engine, "_call", lambda _, run: seen.append(run.workers))
    for H in (512, 8):
        run = some_run(35, 32, H, 28)
        engine.Engine(run.params).train(run.X, run.Y, run.H_0, 1.0)
    assert seen == [4, 1]


def test_a_run_that_had_to_wait_is_followed_by_runs_that_do_not(monkeypatch):
    """While other processes keep the other cores busy, help is only waited for."""
    seen = []

    class Run:
        alone = 1

        def rnn_train(self, run):
            seen.append(run._obj.workers)
            run._obj.alone = self.alone

        def rnn_help(self, run):
            pass

    monkeypatch.setattr(threads, "available", lambda: 2)
    monkeypatch.setattr(engine, "_alone_until", 0.0)
    run = some_run(35, 32, 256, 28)
    mine = engine.Engine(run.params)
    workspace = mine._library.rnn_workspace
    mine._library = Run()
    mine._library.rnn_workspace = workspace
    for _ in range(3):
        mine.train(run.X, run.Y, run.H_0, 1.0)
    mine.train(run.X, run.Y, run.H_0, 1.0, num_threads=2)  # asked for by name
    assert seen == [2, 1, 1, 2]
    engine._alone_until, Run.alone = time.perf_counter() - 1, 0
    for _ in range(2):
        mine.train(run.X, run.Y, run.H_0, 1.0)
    assert seen[4:] == [2, 2]


def test_the_cores_of_a_container(monkeypatch, tmp_path):
    for text, most in (("150000 100000", 2), ("50000 100000", 1), ("max 100000", 1e9)):
        quota = tmp_path / "cpu.max"
        quota.write_text(text)
        monkeypatch.setattr(threads, "Path", lambda _, quota=quota: quota)
        threads._quota.cache_clear()
        assert threads.cores() == min(most, len(os.sched_getaffinity(0)))
    threads._quota.cache_clear()


def test_helpers_that_never_come_are_not_waited_for(monkeypatch):
    """As after a fork, where other threads are gone."""

    class Nobody:
        def submit(self, *_):
            pass

    run, same = some_run(5, 8, 40, 9, n=3), some_run(5, 8, 40, 9, n=3)
    engine.Engine(same.params).train(run.X, run.Y, run.H_0, 1.0, num_threads=1)
    monkeypatch.setattr(engine, "_helpers", Nobody)
    engine.Engine(run.params).train(run.X, run.Y, run.H_0, 1.0, num_threads=4)
    assert all(map(torch.equal, run.params, same.params))


def test_helpers_that_come_too_late_find_nothing_to_do(monkeypatch):
    late = []

    class Late:
        def submit(self, train, run):
            late.append((train, run))

    run = some_run(5, 8, 40, 9, n=3)
    monkeypatch.setattr(engine, "_helpers", Late)
    engine.Engine(run.params).train(run.X, run.Y, run.H_0, 1.0, num_threads=3)
    before = [param.clone() for param in run.params]
    for train, given_run in late:
        train(given_run)
    assert len(late) == 2
    assert all(map(torch.equal, run.params, before))


def test_other_python_threads_go_on_meanwhile():
    run = some_run(35, 32, 512, 28, n=8)
    mine, ticks, over = engine.Engine(run.params), [], threading.Event()

    def tick():
        while not over.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    mine.train(run.X, run.Y, run.H_0, 1.0, num_threads=1)
    over.set()
    thread.join()
    assert len(ticks) > 20  # of some 200 in the third of a second that this takes


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timer on this system")
@pytest.mark.parametrize("num_hiddens", [32, 256])
def test_ctrl_c_leaves_the_parameters_as_some_minibatch_has(num_hiddens):
    loader, vocab = batching.load_data(32, 35, max_tokens=-1, seed=0)
    minibatches, rung = list(loader), []
    net, same = (
        rnn.make_model("scratch", len(vocab), num_hiddens, seed=0) for _ in range(2)
    )

    def interrupt(*_):
        rung.append(time.perf_counter())
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.15)
    began = time.perf_counter()
    try:
        with pytest.raises(KeyboardInterrupt):
            list(training.train(net, minibatches, lr=1, num_epochs=1000))
        seconds = time.perf_counter() - began
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert rung and seconds < 0.15 + 0.1
    one_by_one = engine.Engine(same.params)
    for _ in range(1000):
        state = torch.zeros(32, num_hiddens)
        for X, Y in minibatches:
            state = one_by_one.train(X[None], Y[None], state, lr=1, theta=1)
            if all(map(torch.equal, net.params, same.params)):
                return
            assert time.perf_counter() - began < 60, "no such minibatch"
