"""Runs under odd conditions: other defaults, models that change, what is no optimizer.

Never a wrong answer in silence: the numbers that there should be, or an error.
"""

import copy
import functools
import gc
import math
import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from d2l_rnn import (
    batching,
    bptt,
    engine,
    generating,
    gradients,
    rnn,
    sweeping,
    text,
    training,
    vanishing,
)
from d2l_rnn.parameters import all_parameters, changeable

V, H, B, T = 7, 5, 2, 5
X, Y = (torch.arange(B * T).reshape(B, T) % V for _ in range(2))
WAYS = ["engine", "bptt", "autograd"]
needs_engine = pytest.mark.skipif(engine.library() is None, reason=engine.describe())


@pytest.fixture(params=["scratch", "gru"])
def net(request):
    return rnn.make_model(request.param, V, H, seed=0)


@pytest.fixture
def loader():
    return batching.SequenceLoader([1, 2, 3, 4, 5, 6] * 40, B, T, seed=0)


def another():
    return rnn.make_model("scratch", V, H, seed=1)


def numbers(net):
    return [param.detach().clone() for param in all_parameters(net)]


def is_as_it_was(net, before):
    return all(map(torch.equal, all_parameters(net), before))


def refused(message):
    return pytest.raises(ValueError, match=message)


# ---- PyTorch's defaults ----


@pytest.fixture(params=[torch.float16, torch.bfloat16, torch.float64], ids=str)
def default_dtype(request):
    yield request.param
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("way", WAYS)
def test_a_run_is_the_same_whatever_the_default_dtype(default_dtype, loader, way):
    if way == "engine" and engine.library() is None:
        pytest.skip(engine.describe())
    expected = another()
    list(training.train(expected, [*loader], 0.5, 1, backpropagate=way))
    loader = batching.SequenceLoader([1, 2, 3, 4, 5, 6] * 40, B, T, seed=0)
    net = another()
    torch.set_default_dtype(default_dtype)
    list(training.train(net, [*loader], 0.5, 1, backpropagate=way))
    measured = training.evaluate(net, loader)
    torch.set_default_dtype(torch.float32)
    assert is_as_it_was(net, numbers(expected))
    assert measured == training.evaluate(expected, loader)


def test_a_run_is_the_same_whatever_the_default_device(net, loader):
    minibatches, expected = [*loader], rnn.make_model("scratch", V, H, seed=0)
    list(training.train(expected, minibatches, 0.5, 1))
    net = rnn.make_model("scratch", V, H, seed=0)
    with torch.device("meta"):
        list(training.train(net, minibatches, 0.5, 1))
    assert is_as_it_was(net, numbers(expected))


def test_gradients_need_not_be_switched_on(net, loader):
    with torch.no_grad():
        (record,) = training.train(net, loader, 0.5, 1)
    assert math.isfinite(record.perplexity)


def test_no_gradient_is_known_in_inference_mode(loader):
    net = rnn.make_model("gru", V, H, seed=0)
    with torch.inference_mode():
        with refused(r"not in torch.inference_mode\(\)"):
            next(training.train(net, loader, 0.5, 1))
        made_here = rnn.make_model("gru", V, H, seed=0)
    with refused(r"net must not be made in torch.inference_mode\(\)"):
        training.train(made_here, loader, 0.5, 1)


@pytest.mark.parametrize("way", WAYS)
def test_autocast_leaves_a_scratch_run_alone(way, loader):
    if way == "engine" and engine.library() is None:
        pytest.skip(engine.describe())
    net = another()
    with torch.autocast("cpu", torch.bfloat16):
        records = [*training.train(net, loader, 0.5, 2, backpropagate=way)]
    assert all(param.grad.dtype == torch.float32 for param in net.params)
    assert math.isfinite(records[-1].perplexity)


@pytest.mark.parametrize("wrong", [None, [[1, 2]], np.ones((B, T), int)])
def test_what_are_no_tokens_is_told_by_name(wrong):
    with refused("^X must be a tensor"):
        bptt.ByHand(another())(wrong, Y, (torch.zeros(B, H),))


def test_a_vocabulary_is_no_held_out_text(net, loader):
    before = numbers(net)
    with refused(r"held_out must be minibatches \(X, Y\)"):
        next(training.train(net, loader, 0.5, 1, held_out=text.Vocab("abc")))
    assert is_as_it_was(net, before)


@pytest.mark.parametrize(
    "dH_T", [-(10**30), 10**400, math.nan], ids=["1e30", "1e400", "NaN"]
)
def test_a_gradient_of_the_last_state_is_a_number(dH_T):
    net, state = another(), torch.zeros(B, H)
    states, outputs = bptt.forward(X, state, net.params)
    given = X, states, torch.ones_like(outputs), net.params
    if dH_T != -(10**30):
        with refused("^dH_T must"):
            bptt.backward(*given, dH_T)
    else:
        _, dH, _ = bptt.backward(*given, dH_T)
        assert dH.isfinite().all()


@pytest.mark.parametrize("name", ["outputs", "labels"])
def test_a_mean_loss_is_that_of_tensors(name):
    given = {"outputs": torch.zeros(3, V), "labels": torch.zeros(3, dtype=torch.int64)}
    with refused(f"{name} must be of the type Tensor"):
        gradients.mean_of(nn.CrossEntropyLoss(), **given | {name: [1.0]})


@pytest.mark.parametrize("cell", rnn.LAYERS)
def test_autocast_leaves_layers_of_torch_alone(cell):
    corpus = [1, 2, 3, 4, 5, 6] * 40

    def curves():
        loader, held_out = (
            batching.SequenceLoader(part, B, T, seed=0)
            for part in (corpus, corpus[:31])
        )
        net = rnn.make_model(cell, V, H, seed=0)
        records = [*training.train(net, loader, 0.5, 2, held_out=held_out)]
        records.append(training.train_epoch(net, loader, 0.5))
        return [str((each.perplexity, each.held_out_perplexity)) for each in records]

    expected = curves()
    with torch.autocast("cpu", torch.bfloat16):
        assert curves() == expected


# ---- a model that changes while its run waits ----


def freeze(net):
    all_parameters(net)[1].requires_grad_(False)


def to_double(net):
    if isinstance(net, nn.Module):
        net.double()
    else:
        net.params = [param.detach().double().requires_grad_() for param in net.params]


def replace(net):
    if isinstance(net, nn.Module):
        net.linear = nn.Linear(H, V)
    else:
        net.params = [param.detach().clone().requires_grad_() for param in net.params]


@pytest.mark.parametrize("change", [freeze, to_double, replace])
def test_a_run_does_not_go_on_with_another_model(change, net, loader):
    run = training.train(net, loader, 0.5, 3)
    next(run)
    change(net)
    before = numbers(net)
    with refused("net must keep its parameters, frozen or not"):
        next(run)
    assert is_as_it_was(net, before)


@pytest.mark.parametrize("change", [freeze, to_double, replace])
def test_nor_after_a_check_that_changes_it(change, net, loader):
    run = training.train(net, [*loader], 0.5, 1, check=lambda: change(net))
    with refused("net must keep its parameters, frozen or not"):
        next(run)


def test_a_run_goes_on_with_a_model_that_is_itself_again(net, loader):
    run = training.train(net, loader, 0.5, 2)
    next(run)
    param = all_parameters(net)[1].requires_grad_(False)
    with refused("net must keep"):
        next(run)
    param.requires_grad_(True)
    assert next(run).epoch == 2


def test_another_recurrence_needs_another_run(loader):
    net = another()
    run = training.train(net, loader, 0.5, 2)
    next(run)
    net.forward_fn = lambda *args: rnn.rnn(*args)
    with refused("net must keep"):
        next(run)


@pytest.mark.parametrize("kind", [torch.optim.Adam, torch.optim.SGD])
def test_a_frozen_parameter_stays_though_it_had_a_gradient(kind, net, loader):
    optimizer = kind(all_parameters(net), 0.1)
    list(training.train(net, loader, None, 1, optimizer=optimizer))
    frozen = all_parameters(net)[1].requires_grad_(False)
    before = frozen.clone()
    list(training.train(net, loader, None, 1, optimizer=optimizer))
    assert torch.equal(frozen, before)


@pytest.mark.parametrize("register", [
    "register_hook",
    "register_post_accumulate_grad_hook",
])  # fmt: skip
def test_hooks_of_parameters_are_called(register, loader):
    net, seen = another(), []
    getattr(net.params[1], register)(lambda _: seen.append("called"))
    list(training.train(net, loader, 0.5, 1))
    assert seen and gradients.way_of(net) == "autograd"


# ---- what trains ----


@pytest.mark.parametrize("make", [
    lambda net: bptt.ByHand(net),
    lambda net: gradients.ByAutograd(net),
    pytest.param(lambda net: engine.Engine(net.params), marks=needs_engine),
])  # fmt: skip
def test_the_gradients_of_another_model_are_refused(make, loader):
    with refused("backpropagate must be of this model's parameters"):
        training.train(another(), loader, 0.5, 1, backpropagate=make(another()))
    net = another()
    list(training.train(net, loader, 0.5, 1, backpropagate=make(net)))


def test_a_class_computes_no_gradients(net, loader):
    with refused("backpropagate must be a function, .*got the class ByHand"):
        training.train(net, loader, 0.5, 1, backpropagate=bptt.ByHand)


def schedule(params):
    return torch.optim.lr_scheduler.StepLR(torch.optim.SGD(params, 0.5), 1)


@pytest.mark.parametrize("make", [
    schedule,
    lambda params: torch.optim.lr_scheduler.ReduceLROnPlateau(
        torch.optim.SGD(params, 0.5)
    ),
    lambda params: torch.optim.SparseAdam(params, 0.5),
    lambda params: rnn.make_model("gru", V, H),
], ids=["StepLR", "ReduceLROnPlateau", "SparseAdam", "a model"])  # fmt: skip
def test_what_cannot_step_along_a_gradient_is_no_optimizer(make, net, loader):
    with refused("optimizer must be one that steps along a gradient"):
        optimizer = make(all_parameters(net))
        training.train(net, loader, None, 1, optimizer=optimizer)


@pytest.mark.parametrize("kind", [
    torch.optim.Optimizer,
    torch.optim.lr_scheduler.StepLR,
    torch.optim.SparseAdam,
    nn.Linear,
])  # fmt: skip
def test_nor_is_its_class(kind, net, loader):
    with refused("optimizer must be one that steps along a gradient"):
        training.train(net, loader, 0.5, 1, optimizer=kind)


def test_a_step_that_needs_more_than_a_gradient_is_refused(net, loader):
    class Needy(torch.optim.SGD):
        def step(self, loss):
            super().step()

    with refused("optimizer must take its step from the gradients alone"):
        training.train(net, loader, 0.5, 1, optimizer=Needy)


def test_a_function_may_not_make_an_optimizer_of_another_model(net, loader):
    with refused("optimizer must be one of this model's parameters"):
        training.train(
            net, loader, 0.5, 1,
            optimizer=lambda params, lr: torch.optim.SGD(another().params, lr),
        )  # fmt: skip


def test_a_learning_rate_that_is_0_in_single_precision_is_refused(net, loader):
    with refused("lr must be at least 1.2e-38, got 1e-60"):
        training.train(net, loader, 1e-60, 1)


@pytest.mark.parametrize("lr", [-0.1, math.nan, math.inf, "0.1", None])
def test_a_learning_rate_that_is_changed_is_looked_at_at_once(lr, net, loader):
    optimizer = training.SGD(all_parameters(net), 0.5)
    run = training.train(net, loader, None, 2, optimizer=optimizer)
    next(run)
    with refused("lr must be a finite number of at least 0"):
        optimizer.lr = lr
    assert optimizer.lr == 0.5
    optimizer.lr = np.float32(0.25)
    assert next(run).epoch == 2 and optimizer.lr == 0.25


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.Adam, training.SGD])
def test_an_optimizer_of_two_models_would_move_the_other_one(kind, net, loader):
    other = another()
    next(training.train(other, loader, 0.5, 1))
    before = numbers(other)
    optimizer = kind([*all_parameters(net), *other.params], 0.5)
    with refused("optimizer must be one of this model's parameters alone, .* 5 others"):
        training.train(net, loader, None, 1, optimizer=optimizer)
    assert is_as_it_was(other, before)


def test_an_optimizer_may_have_some_of_the_parameters_and_frozen_ones(net, loader):
    params = all_parameters(net)[1:]
    params[0].requires_grad_(False)
    optimizer = torch.optim.SGD(params, 0.5)
    assert next(training.train(net, loader, None, 1, optimizer=optimizer)).epoch == 1


@pytest.mark.parametrize("kind", [
    torch.optim.Adam, lambda params, lr: torch.optim.SGD(params, lr, momentum=0.9),
])  # fmt: skip
def test_an_optimizer_does_not_remember_another_dtype(kind, loader):
    net = rnn.make_model("gru", V, H, seed=0)
    optimizer = kind(net.parameters(), 0.1)
    for _ in range(2):  # what it remembers of this dtype does no harm
        list(training.train(net, loader, None, 1, optimizer=optimizer))
    before = numbers(net.double())
    with refused("optimizer must be made anew for parameters .* torch.float64 on cpu"):
        training.train(net, loader, None, 1, optimizer=optimizer)
    assert is_as_it_was(net, before)


def test_an_optimizer_without_a_step_is_refused(net, loader):
    class Stepless(torch.optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

    made = Stepless(all_parameters(net), 0.5)
    for lr, optimizer in ((0.5, Stepless), (None, made)):
        with refused("optimizer must be a class of torch.optim or an existing"):
            training.train(net, loader, lr, 1, optimizer=optimizer)


@pytest.mark.parametrize("name, given, arguments", [
    ("optimizer", torch.optim.Adam([torch.ones(1)]).zero_grad, r"\(params, lr\)"),
    ("optimizer", lambda params: torch.optim.SGD(params, 1.0), r"\(params, lr\)"),
    ("check", lambda record: None, r"\(\)"),
    ("loss", lambda outputs: outputs.mean(), r"\(outputs, labels\)"),
    ("backpropagate", lambda X, Y: None, r"\(X, Y, state\)"),
])  # fmt: skip
def test_functions_take_what_they_are_called_with(name, given, arguments, net, loader):
    before = numbers(net)
    with refused(f"{name} must be a function that is called with {arguments}, got"):
        training.train(net, loader, 0.5, 1, **{name: given})
    assert is_as_it_was(net, before)


# ---- parameters that share memory ----


def same_memory(params):
    params[1].data = params[0].data


def overlapping(params):
    whole = torch.linspace(-0.1, 0.1, V * V + V)
    for param, start in zip(params[:2], (0, V), strict=True):
        param.data = whole[start : start + V * V].view(V, V)


def side_by_side(params):
    whole = torch.cat([param.data.flatten() for param in params])
    parts = whole.split([param.numel() for param in params])
    for param, part in zip(params, parts, strict=True):
        param.data = part.view_as(param)


@pytest.mark.parametrize("share", [same_memory, overlapping, side_by_side])
def test_parameters_that_share_memory_learn_alike_in_all_ways(share, loader):
    nets, curves = [], []
    for way in (None, "bptt", "autograd"):
        nets.append(rnn.make_model("scratch", V, V, seed=0))
        share(nets[-1].params)
        run = training.train(nets[-1], [*loader][:4] * 5, 0.5, 3, backpropagate=way)
        curves.append([record.perplexity for record in run])
        loader = batching.SequenceLoader([1, 2, 3, 4, 5, 6] * 40, B, T, seed=0)
    assert curves[1:] == [pytest.approx(curves[0])] * 2


@needs_engine
def test_the_engine_trains_no_parameters_that_share_memory():
    for share, can in (
        (same_memory, False),
        (overlapping, False),
        (side_by_side, True),
    ):
        params = rnn.make_model("scratch", V, V, seed=0).params
        share(params)
        assert engine.can_train(params) == can
        if not can:
            with refused("in memory of its own"):
                engine.Engine(params)


# ---- models that return something else ----


class Own(nn.Module):
    """A reader's own model around a layer of torch's; `returned` is what it returns."""

    def __init__(self, returned):
        super().__init__()
        self.model, self.returned = rnn.make_model("gru", V, H, seed=0), returned

    def begin_state(self, batch_size, device=None):
        return self.model.begin_state(batch_size, device)

    def forward(self, X, state):
        return self.returned(*self.model(X, state))


RETURNED = {
    "time apart": lambda outputs, state: (outputs.view(T, B, V), state),
    "the last step": lambda outputs, state: (outputs[-B:], state),
    "no state": lambda outputs, state: outputs,
    "nothing": lambda outputs, state: None,
    "too much": lambda outputs, state: (outputs, state, state),
    "no tensor": lambda outputs, state: (outputs.tolist(), state),
    "complex": lambda outputs, state: (outputs + 0j, state),
}


@pytest.mark.parametrize("returned", RETURNED.values(), ids=RETURNED)
def test_a_model_returns_outputs_and_a_state(returned):
    net = Own(returned)
    before = numbers(net)
    message = r"net must return its outputs, floats of shape \(10, vocab_size\) .* got"
    with refused(message):
        training.train_epoch(net, [(X, Y)], 0.5)
    with refused(message):
        training.evaluate(net, [(X, Y)])
    assert is_as_it_was(net, before)


@pytest.mark.parametrize("name", ["no state", "nothing", "complex"])
def test_so_it_does_when_it_writes(name):
    with refused(r"net must return its outputs, floats of shape \(2, vocab_size\)"):
        generating.predict("ab", 3, Own(RETURNED[name]), text.Vocab("ab"))


def test_a_model_of_one_s_own_trains_though_it_does_not_say_how_many_tokens():
    net = Own(lambda outputs, state: (outputs, state))
    records = list(training.train(net, [(X, Y)] * 3, 0.5, 5, backpropagate="autograd"))
    assert records[-1].perplexity < records[0].perplexity


def test_outputs_are_as_many_as_there_are_tokens():
    net = Own(lambda outputs, state: (outputs[:, 1:], state))
    net.vocab_size = V
    with refused(r"net must return its outputs, floats of shape \(10, 7\)"):
        training.train_epoch(net, [(X, Y)], 0.5)


@pytest.mark.parametrize("loss", [None, nn.CrossEntropyLoss()])
def test_a_scratch_model_has_no_more_outputs_than_tokens(loss):
    net = another()
    net.params[3:] = rnn.get_params(V + 2, H)[3:]
    for function in (
        lambda: training.train_epoch(net, [(X, Y)], 0.5, loss=loss),
        lambda: training.evaluate(net, [(X, Y)], loss=loss),
        lambda: vanishing.state_gradient_norms(net, X, Y),
    ):
        with refused(r"net must return its outputs, floats of shape \(\d+, 7\) .* got"):
            function()


LAYERS = {
    "batches first": ("rnn", nn.GRU(V, H, batch_first=True)),
    "more units": ("rnn", nn.GRU(V, H + 1)),
    "two directions": ("rnn", nn.GRU(V, H, bidirectional=True)),
    "no recurrence": ("rnn", nn.Linear(V, H)),
    "no layer": ("linear", nn.Identity()),
    "more tokens": ("linear", nn.Linear(H, V + 2)),
    "more inputs": ("linear", nn.Linear(H + 1, V)),
    "another dtype": ("linear", nn.Linear(H, V).double()),
}


@pytest.mark.parametrize("name, layer", LAYERS.values(), ids=LAYERS)
def test_a_model_whose_layers_no_longer_fit_is_told(name, layer):
    net = rnn.make_model("gru", V, H, seed=0)
    setattr(net, name, layer)
    before, square = numbers(net), (X[:, :B], Y[:, :B])  # as many steps as sequences
    for function in (
        lambda: training.train_epoch(net, [square], 0.5),
        lambda: training.evaluate(net, [square]),
        lambda: net.begin_state(batch_size=B),
    ):
        with refused(rf"net(\.{name}(\.\w+)?)? must be"):
            function()
    assert is_as_it_was(net, before)


def test_a_layer_that_takes_batches_first_from_now_on_is_told(loader):
    net = rnn.make_model("gru", V, H, seed=0)
    run = training.train(net, [(X[:, :B], Y[:, :B])], 0.5, 2)
    next(run)
    net.rnn.batch_first = True
    with refused("net.rnn.batch_first must be False, as in .*, got GRU"):
        next(run)


@pytest.mark.filterwarnings("ignore:Complex modules are a new feature")
def test_a_model_of_complex_numbers_is_told():
    net = rnn.make_model("gru", V, H, seed=0).to(torch.complex64)
    with refused("net must have parameters of .*torch.float64, got torch.complex64"):
        training.train(net, [(X, Y)], 0.5, 1)
    with refused("net must return its outputs, floats .*got .*complex64"):
        training.evaluate(net, [(X, Y)])


def test_what_is_going_on_cannot_be_copied(capfd):
    net = rnn.make_model("scratch", V, H, seed=0)
    corpus = torch.arange(200) % V
    setting = sweeping.Setting(num_hiddens=4, batch_size=2, num_steps=5)
    sweep = sweeping.sweep([setting], corpus, V, 2)
    run = training.train(net, [(X, Y)], 0.5, 3)
    next(run)
    own = [engine.Engine(net.params)] if engine.library() else []
    for each in (run, sweep, *own):
        for duplicate in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="cannot be copied or pickled: copy or"):
                duplicate(each)
    assert [record.epoch for record in run] == [2, 3] and len([*sweep]) == 2
    gc.collect()
    assert capfd.readouterr().err == ""


# ---- losses ----


@pytest.mark.parametrize("given", [None, 0.5, 1, (torch.ones(()),), torch.ones(0)])
def test_a_loss_is_a_tensor_of_floats(given, net):
    for function in (training.evaluate, training.train_epoch):
        with refused("loss must return a tensor of floats, got"):
            lr = {} if function is training.evaluate else {"lr": 0.5}
            function(net, [(X, Y)], loss=lambda *_: given, **lr)


def test_a_loss_that_has_no_gradient_is_refused(net):
    def without(outputs, labels):
        return outputs.detach().mean()

    with refused("loss must be computed from the outputs, .* got tensor"):
        training.train_epoch(net, [(X, Y)], 0.5, loss=without)


def test_what_a_loss_cannot_take_is_told(net):
    def loss(outputs, labels):
        return outputs + labels

    for function in (training.evaluate, training.train_epoch):
        with refused(r"loss must take the outputs, \(10, 7\), and the labels, \(10,\)"):
            lr = {} if function is training.evaluate else {"lr": 0.5}
            function(net, [(X, Y)], loss=loss, **lr)


@pytest.mark.parametrize("loss", [nn.NLLLoss(), nn.NLLLoss(reduction="none")])
def test_a_negative_loss_is_told_before_any_step(loss, net):
    all_parameters(net)[-1].data.fill_(1.0)  # outputs that are no log-probabilities
    before = numbers(net)
    for function in (training.evaluate, training.train_epoch):
        with refused("loss must be a number of at least 0, got -.* from NLLLoss"):
            lr = {} if function is training.evaluate else {"lr": 0.5}
            function(net, [(X, Y)], loss=loss, **lr)
    assert is_as_it_was(net, before)


@pytest.mark.parametrize("loss, message", [
    (nn.CrossEntropyLoss, "such as nn.CrossEntropyLoss"),
    (nn.CrossEntropyLoss(reduction="sum"), "must be a mean"),
    (functools.partial(F.cross_entropy, reduction="sum"), "must be a mean"),
    ("ce", "must be a function"),
])  # fmt: skip
def test_a_loss_is_a_function_and_a_mean(loss, message, net):
    for function in (training.evaluate, training.train_epoch):
        with refused(f"loss.*{message}"):
            lr = {} if function is training.evaluate else {"lr": 0.5}
            function(net, [(X, Y)], loss=loss, **lr)


# ---- the end of a run ----


def test_a_check_cannot_end_a_run_in_silence(net, loader):
    def check():
        raise StopIteration

    with refused("check must not raise StopIteration"):
        list(training.train(net, loader, 0.5, 3, check=check))


@pytest.mark.parametrize("check", [None, 5, "stop"])
def test_a_check_is_a_function(check, net, loader):
    before = numbers(net)
    with refused("check must be a function"):
        training.train(net, loader, 0.5, 3, check=check)
    assert is_as_it_was(net, before)


def test_a_check_may_close_the_run_and_say_why(net, loader):
    def check():
        run.close()
        raise KeyError("enough")

    run = training.train(net, loader, 0.5, 3, check=check)
    with pytest.raises(KeyError, match="enough"):
        next(run)
    assert list(run) == []


@pytest.mark.parametrize("tokens", [[0, V] * 20, [(X, Y), (X, Y + V)]])
@pytest.mark.parametrize("name", ["minibatches", "held_out"])
def test_tokens_of_another_vocabulary_are_told_before_the_first_step(name, tokens, net):
    if isinstance(tokens[0], int):
        tokens = batching.SequenceLoader(tokens, B, T)
    before = numbers(net)
    with refused(f"{name} must be tokens from 0 to 6, got"):
        training.train(
            net, **{"minibatches": [(X, Y)], name: tokens}, lr=1, num_epochs=1
        )
    assert is_as_it_was(net, before)


def test_a_text_held_out_that_fails_ends_the_run(net, loader):
    class Failing:
        def __iter__(self):
            raise OSError("the file has gone")

    run = training.train(net, loader, 0.5, 3, held_out=Failing())
    with pytest.raises(OSError, match="the file has gone"):
        next(run)
    assert list(run) == []


@pytest.mark.parametrize("params", [[torch.zeros(2), 0.5], [None], 3, "W_xh"])
def test_only_tensors_can_be_trained(params):
    with refused("params must be a list of parameters"):
        changeable(params)


def test_a_record_is_found_by_its_number(loader):
    history = training.History(training.train(another(), loader, 0.5, 2))
    assert history[torch.tensor(1)] is history[np.int64(1)] is history[-1]
    with refused("index must be an integer"):
        history[torch.tensor(0, device="meta")]


def test_what_is_no_record_has_no_column():
    history = training.History([5.0])
    for column in ("perplexity", "best"):
        with refused("a history must hold records of the type Progress, got 5.0"):
            getattr(history, column)
