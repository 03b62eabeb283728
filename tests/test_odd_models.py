"""Odd arguments to models and their training: an error at the door, or a right answer.

Never a wrong one in silence, and nothing is changed by a call that fails.
"""

import enum
import math
import types
from fractions import Fraction

import numpy as np
import pytest
import torch
from torch import nn

from d2l_rnn import (
    batching,
    bptt,
    clipping,
    engine,
    gated,
    generating,
    gradients,
    optimizers,
    progress,
    rnn,
    sweeping,
    text,
    threads,
    training,
    vanishing,
)
from d2l_rnn.parameters import all_parameters, device_of, own_device, parameters_of

V, H, B, T = 11, 8, 4, 6  # as the fixture `net` has them
X, Y = (torch.arange(B * T).reshape(B, T) % V for _ in range(2))
NET = rnn.make_model("scratch", V, H, seed=0)
needs_engine = pytest.mark.skipif(engine.library() is None, reason=engine.describe())


def raises(message, error=ValueError):
    return pytest.raises(error, match=message)


# ---- minibatches ----

MINIBATCHES = {
    "labels a step shorter": [(X, Y[:, :-1])],
    "labels with time first": [(X, Y.T)],
    "a single sequence": [(X[0], Y[0])],
    "tokens that are floats": [(X + 0.5, Y)],
    "labels that are floats": [(X, Y + 0.5)],
    "labels that are probabilities": [(X, torch.rand(B, T, V))],
    "truth values": [(X > 3, Y)],
    "complex numbers": [(X + 0j, Y)],
    "arrays of NumPy": [(X.numpy(), Y.numpy())],
    "lists": [(X.tolist(), Y.tolist())],
    "three tensors": [(X, Y, X)],
    "one tensor": [X],
    "no sequence": [(X[:0], Y[:0])],
    "nothing at all": [None],
    "words": ["time"],
    "the loader and the vocabulary": (
        batching.SequenceLoader(range(99), 2, 5),
        "vocab",
    ),
}
LEARNERS = [training.train_epoch, lambda *args: list(training.train(*args, 2))]


@pytest.mark.parametrize("learn", LEARNERS, ids=["an epoch", "a run"])
@pytest.mark.parametrize("name", MINIBATCHES)
def test_what_is_no_minibatch_is_told_and_not_learned_from(name, learn, net):
    before = [param.clone() for param in parameters_of(net)]
    with raises(r"minibatches must yield pairs \(X, Y\) of token indices"):
        learn(net, MINIBATCHES[name], 1.0)
    assert all(map(torch.equal, before, parameters_of(net)))


@pytest.mark.parametrize("name", MINIBATCHES)
def test_nor_is_it_measured(name, net):
    with raises(r"minibatches must yield pairs \(X, Y\) of token indices"):
        training.evaluate(net, MINIBATCHES[name])


def test_what_load_data_returns_has_to_be_unpacked(net):
    with raises("load_data returns them and the vocabulary"):
        training.train_epoch(net, MINIBATCHES["the loader and the vocabulary"], 1.0)


@pytest.mark.parametrize("learn", LEARNERS, ids=["an epoch", "a run"])
@pytest.mark.parametrize("minibatches, message", [
    ([(X + 1, Y)], "must be tokens from 0 to 10, got 11"),
    ([(X, Y + 1)], "must be tokens from 0 to 10, got 11"),
    ([(X - 1, Y)], "must be tokens from 0 to 10, got -1"),
    ([(X, Y - 1)], "must be tokens from 0 to 10, got -1"),
])  # fmt: skip
def test_tokens_beyond_the_vocabulary_are_told(minibatches, message, learn, net):
    with raises(message):
        learn(net, minibatches, 1.0)
    with raises(message):
        training.evaluate(net, minibatches)


def test_a_smaller_last_minibatch_cannot_take_the_state_over(net):
    minibatches = [(X, Y), (X[:2], Y[:2])]
    for function in (training.evaluate, lambda *args: training.train_epoch(*args, 1.0)):
        with raises("minibatches must all have one batch size if the state is carried"):
            function(net, minibatches)
    record = training.train_epoch(net, minibatches, 1.0, use_random_iter=True)
    assert math.isfinite(record.perplexity)


@pytest.mark.parametrize("name", ["minibatches", "held_out"])
@pytest.mark.parametrize("given, message", [
    ([], "must yield at least one minibatch, got none"),
    (0.1, r"must be minibatches \(X, Y\), such as a SequenceLoader, got 0.1"),
    (X, r"must be minibatches \(X, Y\), .*got tensor"),
    ("time", r"must be minibatches \(X, Y\), .*got 'time'"),
    (np.int64(2), r"must be minibatches \(X, Y\), .*got (np.int64\()?2"),
    (np.ones((2, 2, 2)), r"must be minibatches \(X, Y\), .*got array"),
    ({0: (X, Y)}, r"must be minibatches \(X, Y\), .*got {0: "),
    ([(X, Y), (X, Y[:, :-1])], r"must yield pairs \(X, Y\)"),
    (iter([(X, Y)]), "must be iterable once an epoch"),
])  # fmt: skip
def test_minibatches_that_no_run_can_have_are_told_at_once(name, given, message, net):
    minibatches = {"minibatches": [(X, Y)], name: given}
    with raises(f"{name} {message}"):
        training.train(net, lr=1.0, num_epochs=2, **minibatches)


@pytest.mark.parametrize("given", ["sequential", "random", 2, math.nan])
def test_how_the_minibatches_are_sampled_is_yes_or_no(given, net):
    for function in (training.train_epoch, lambda *args, **kw: training.evaluate(
        args[0], args[1], **kw
    )):  # fmt: skip
        with raises("use_random_iter must be True or False, got"):
            function(net, [(X, Y)], 1.0, use_random_iter=given)


# ---- models ----

TOKENS = {
    "one sequence": X[0],
    "three dimensions": torch.zeros(2, 3, 4, dtype=torch.long),
    "floats": X.float(),
    "truth values": X > 3,
    "beyond the vocabulary": X + 1,
    "negative": X - 1,
    "none": X[:0],
    "a list": X.tolist(),
}


@pytest.mark.parametrize("name", TOKENS)
def test_a_model_takes_tokens_alone(name, net):
    with raises("must be .*token"):
        net(TOKENS[name], net.begin_state(batch_size=B))


def test_a_state_of_one_sequence_is_not_that_of_many(net):
    with raises(r"state must be .* in shapes that end in \(.*4, 8\)"):
        net(X, net.begin_state(batch_size=1))


@pytest.mark.parametrize("state", [3, "state", (None,), [1.5]])
def test_what_is_no_state_is_told(state, net):
    with raises("state must be"):
        net(X, state)


def test_a_state_of_another_dtype_is_told(net):
    state = net.begin_state(batch_size=B)
    double = state.double() if isinstance(state, torch.Tensor) else [
        part.double() for part in state
    ]  # fmt: skip
    with raises("state must be torch.float32"):
        net(X, double)


def test_a_scratch_model_begins_with_a_state():
    with raises("state must be torch.float32"):
        NET(X, None)


RECURRENCES = {
    "rnn": (rnn.rnn, rnn.get_params, 1),
    "gru": (gated.gru, gated.get_gru_params, 1),
    "lstm": (gated.lstm, gated.get_lstm_params, 2),
}


@pytest.mark.parametrize("name", RECURRENCES)
def test_a_recurrence_says_which_shape_does_not_fit(name):
    recurrence, get_params, num_states = RECURRENCES[name]
    params, inputs = get_params(V, H), torch.zeros(T, B, V)
    state = (torch.zeros(B, H),) * num_states
    recurrence(inputs, state, params)
    for wrong in ("inputs", [], inputs[0], inputs[..., 1:], inputs.long(), inputs[:0]):
        with raises("inputs must be a tensor of floats, shape"):
            recurrence(wrong, state, params)
    with raises("inputs must be torch.float32, got torch.float64"):
        recurrence(inputs.double(), state, params)
    for wrong in ((), state[0], None, state * 2):
        with raises("state must be a tuple of"):
            recurrence(inputs, wrong, params)
    for wrong in (torch.zeros(1, H), torch.zeros(B, H + 1), torch.zeros(H)):
        with raises(r"state must be a tensor of floats, shape \(B=4, H=8\), got"):
            recurrence(inputs, (wrong,) * num_states, params)
    for wrong in (params[1:], params[0], None, "params"):
        with raises(f"params must be the {len(params)} tensors W_x"):
            recurrence(inputs, state, wrong)
    for number, name in enumerate(recurrence.names):
        wrong = list(params)
        wrong[number] = torch.zeros(1, 1, 1)
        with raises(f"{name} must be a tensor of floats, shape"):
            recurrence(inputs, state, wrong)


@pytest.mark.parametrize("device", ["cuda:99", "gpu", 1.5, "\ud800"])
def test_a_device_that_is_not_there_is_told(device, net):
    for function in (
        lambda: rnn.make_model("gru", V, H, device),
        lambda: rnn.make_model("scratch", V, H, device),
        lambda: rnn.get_params(V, H, device),
        lambda: gated.get_lstm_params(V, H, device),
        lambda: rnn.init_rnn_state(B, H, device),
        lambda: net.begin_state(batch_size=B, device=device),
        lambda: sweeping.Setting().model(V, device),
    ):
        with raises("device must be one that this machine has, such as 'cpu', got"):
            function()
    with raises("device must be the model's, 'cpu', got"):
        own_device(net, device)


def test_a_state_begins_where_the_model_lives():
    for cell in rnn.CELLS:
        with torch.device("meta"):
            net = rnn.make_model(cell, V, H, "meta")
        state = net.begin_state(batch_size=B)
        parts = [state] if isinstance(state, torch.Tensor) else state
        assert all(part.is_meta for part in parts)


@pytest.mark.parametrize("net", [3, None, "net", [1, 2], [None], {"W": torch.ones(2)}])
def test_what_is_no_model_is_told(net):
    for function in (
        all_parameters, parameters_of, device_of, clipping.global_norm,
        gradients.way_of, lambda net: training.train(net, [(X, Y)], 1.0, 1),
        lambda net: clipping.clip_gradients(net, 1.0), gradients.backpropagation,
    ):  # fmt: skip
        with raises("net must be a model"):
            function(net)


def test_a_model_without_parameters_lives_nowhere():
    with raises("net must have parameters, got"):
        device_of([])


def test_a_model_whose_parameters_are_all_frozen_cannot_be_trained(net):
    for param in all_parameters(net):
        param.requires_grad_(False)
    for learn in LEARNERS:
        with raises("net must have parameters that can be trained, got none"):
            learn(net, [(X, Y)], 1.0)


def test_parameters_computed_from_others_cannot_be_trained():
    net = rnn.make_model("scratch", V, H)
    net.params = [2 * param for param in net.params]
    with raises("net must have parameters of its own"):
        training.train_epoch(net, [(X, Y)], 1.0)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_a_model_of_another_dtype_learns_and_predicts(dtype, net, vocab):
    if isinstance(net, nn.Module):
        net.to(dtype)
    else:
        net.params = [each.detach().to(dtype).requires_grad_() for each in net.params]
    minibatches = batching.SequenceLoader(vocab[list("the time " * 9)], 2, 4, seed=0)
    history = training.History(training.train(net, minibatches, 1.0, 15))
    assert history[-1].perplexity < history[0].perplexity
    assert len(generating.predict("the", 5, net, vocab)) == 8


# ---- weights by name ----


@pytest.mark.parametrize("name", RECURRENCES)
def test_weights_have_the_names_of_the_formulas(name):
    recurrence, get_params, _ = RECURRENCES[name]
    init_state = {"rnn": rnn.init_rnn_state, "gru": gated.init_gru_state,
                  "lstm": gated.init_lstm_state}[name]  # fmt: skip
    net, other = (
        rnn.RNNModelScratch(V, H, None, get_params, init_state, recurrence)
        for _ in range(2)
    )
    weights = net.state_dict()
    assert list(weights) == list(recurrence.names)
    assert weights["W_hq"].data_ptr() == net.params[-2].data_ptr()
    assert not any(values.requires_grad for values in weights.values())
    kept = list(other.params)
    other.load_state_dict(weights)
    assert all(a is b for a, b in zip(kept, other.params, strict=True))
    assert all(map(torch.equal, net.params, other.params))
    assert all(param.requires_grad for param in other.params)


def test_weights_of_a_recurrence_without_names_are_numbered():
    net = rnn.RNNModelScratch(V, H, forward_fn=lambda *given: rnn.rnn(*given))
    assert list(net.state_dict()) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("change", [
    lambda weights: weights | {"W_hh": torch.zeros(1)},
    lambda weights: weights | {"more": torch.zeros(1)},
    lambda weights: {name: each for name, each in weights.items() if name != "b_q"},
    lambda weights: weights | {"W_hh": weights["W_hh"].tolist()},
    lambda weights: weights | {"W_hh": weights["W_hh"] + 0j},
    lambda weights: {name: each.int() for name, each in weights.items()},
    lambda weights: [*weights.values()], lambda weights: None,
])  # fmt: skip
def test_weights_that_do_not_fit_are_told_and_change_nothing(change):
    net, other = (rnn.make_model("scratch", V, H) for _ in range(2))
    before = [param.clone() for param in net.params]
    with raises("state_dict must have tensors of floats, .*'W_xh'"):
        net.load_state_dict(change(other.state_dict()))
    assert all(map(torch.equal, before, net.params))


# ---- optimizers, clipping ----


@pytest.mark.parametrize("lr", [-1, math.nan, math.inf, None, "fast", True, 1e39])
def test_a_learning_rate_that_no_step_can_have_is_told(lr):
    with raises("lr must be a finite number of at least 0"):
        optimizers.SGD(NET.params, lr)


@pytest.mark.parametrize("optimizer", [
    lambda params: torch.optim.SGD(params, 1.0), torch.optim.Adam,
    lambda params: optimizers.SGD(params, 1.0),
], ids=["torch's SGD", "Adam", "SGD"])  # fmt: skip
def test_an_optimizer_of_another_model_would_train_nothing(optimizer, net):
    other = optimizer(rnn.make_model("scratch", V, H).params)
    for learn in (training.train_epoch, training.train):
        args = (net, [(X, Y)], None) + (1,) * (learn is training.train)
        with raises("optimizer must be one of this model's parameters, got a"):
            learn(*args, optimizer=other)


@pytest.mark.parametrize("optimizer", [3, "SGD", int, lambda params, lr: None])
def test_what_is_no_optimizer_is_told(optimizer, net):
    with pytest.raises((ValueError, TypeError)):
        training.train_epoch(net, [(X, Y)], 1.0, optimizer=optimizer)


def test_an_optimizer_that_computes_the_loss_itself_is_told(net):
    with raises("optimizer must take its step from the gradients alone, which a LBFGS"):
        training.train_epoch(net, [(X, Y)], 1.0, optimizer=torch.optim.LBFGS)


def test_the_gradient_of_a_single_parameter_is_clipped():
    W = torch.zeros(3, 4, requires_grad=True)
    W.grad = torch.full((3, 4), 2.0)
    assert clipping.clip_gradients(W, 1.0) == pytest.approx(48**0.5)
    assert clipping.global_norm(W) == pytest.approx(1)


# ---- the backward pass by hand, the engine ----


@pytest.mark.parametrize("outputs, labels", [
    (torch.zeros(T * B, V), Y), (torch.zeros(T, B, V).long(), Y),
    (torch.zeros(T, B, V), Y[:, 1:]), (torch.zeros(T, B, V), Y.T),
    (torch.zeros(T, B, V), Y.float()), (torch.zeros(T, B, V), Y + 1),
    (torch.zeros(T, B, V), Y.tolist()), (None, Y),
])  # fmt: skip
def test_outputs_and_labels_have_to_fit(outputs, labels):
    with raises("(outputs|labels) must be"):
        bptt.cross_entropy(outputs, labels)


def test_the_passes_by_hand_say_what_does_not_fit():
    params, H_0 = NET.params, torch.zeros(B, H)
    states, outputs = bptt.forward(X, H_0, params)
    for wrong, message in [
        ((X - 1, H_0, params), "X must be tokens from 0 to 10, got -1"),
        ((X, H_0[:1], params), r"H_0 must be a tensor of floats, shape \(B=4, H=8\)"),
        ((X, H_0, params[1:]), "params must be the 5 tensors W_xh, W_hh, b_h, W_hq, b"),
    ]:
        with raises(message):
            bptt.forward(*wrong)
    for wrong, message in [
        ((X + 1, states, outputs, params), "X must be tokens from 0 to 10, got 11"),
        (
            (X, states[1:], outputs, params),
            "H must hold T \\+ 1 states, for T=6, got 6",
        ),
        ((X, states, outputs[1:], params), r"dO must be .* shape \(T=6, B=4, Q=11\)"),
        ((X, states, outputs, params, H_0[1:]), "dH_T must be a tensor of floats"),
    ]:
        with raises(message):
            bptt.backward(*wrong)


@pytest.mark.parametrize("each", [torch.zeros(3, 2) * 1j, torch.zeros(0), X, [1.0]])
def test_norms_are_those_of_floats(each):
    with raises("each must be a tensor of floats, not empty, got"):
        bptt.norms(each)


def test_there_are_no_gradients_before_the_first_minibatch():
    learners = [bptt.ByHand(NET)]
    if engine.library():
        learners.append(engine.Engine(NET.params))
    for learner in learners:
        with raises("there must be a minibatch before its gradients are known"):
            learner.state_gradient_norms()


@needs_engine
@pytest.mark.parametrize("kwargs, message", [
    ({"lr": -1.0}, "lr must be a finite number of at least 0"),
    ({"lr": math.nan}, "lr must be a finite number of at least 0"),
    ({"lr": math.inf}, "lr must be a finite number of at least 0"),
    ({"lr": 1.0, "theta": -1.0}, "theta must be a number greater than 0"),
    ({"lr": 1.0, "theta": 0.0}, "theta must be a number greater than 0"),
    ({"lr": 1.0, "theta": math.nan}, "theta must be a number greater than 0"),
    ({"lr": 1.0, "H_0": torch.zeros(1, H)}, r"H_0 must be a tensor, shape \(4, 8\)"),
    ({"lr": 1.0, "H_0": None}, r"H_0 must be a tensor, shape \(4, 8\)"),
    ({"lr": 1.0, "X": X}, "X must be integers"),
    ({"lr": 1.0, "X": X.tolist()}, "X must be a tensor, got a list"),
    ({"lr": 1.0, "Y": Y[None, :, 1:]}, "Y must be shaped like X"),
])  # fmt: skip
def test_the_engine_refuses_what_it_cannot_compute(kwargs, message):
    net = rnn.make_model("scratch", V, H, seed=0)
    given = {"X": X[None], "Y": Y[None], "H_0": torch.zeros(B, H), **kwargs}
    with raises(message):
        engine.Engine(net.params).train(**given)
    assert all(map(torch.equal, net.params, NET.params))


@needs_engine
@pytest.mark.parametrize("given, got", [
    (NET, "got a RNNModelScratch"),
    ([param.double() for param in NET.params], r"got \(torch.float64 of shape"),
    ([*NET.params[:4], NET.params[4].to("meta")], r"of shape \(11,\) on meta\)"),
    (NET.params * 2, r", … 10 in all\)"),
], ids=["a model", "float64", "the last on meta", "too many"])  # fmt: skip
def test_the_engine_says_what_came_instead_of_parameters(given, got):
    with raises(f"params must be the five parameters of a scratch RNN, .*{got}"):
        engine.Engine(given)


def test_a_message_says_how_many_tensors_came():
    net = rnn.make_model("scratch", V, H)
    net.params += net.params[:1]
    with raises(r"params must be the 5 tensors .*, … 6 in all\)"):
        net(X, net.begin_state(batch_size=B))
    del net.params[4:]
    with raises(r"params must be the 5 tensors .*, got \((torch.float32[^.]*){4}\)$"):
        net(X, net.begin_state(batch_size=B))


def test_gradients_of_states_are_known_in_inference_mode_and_under_autocast(net):
    state = net.begin_state(batch_size=B)
    expected = vanishing.state_gradient_norms(net, X, Y)
    with torch.inference_mode():
        for given in (None, rnn.detach(net(X, state)[1]), state):
            found = vanishing.state_gradient_norms(net, X.clone(), Y.clone(), given)
    assert torch.equal(found, expected)
    if isinstance(net, rnn.RNNModelScratch):
        with torch.autocast("cpu", torch.bfloat16):
            found = vanishing.state_gradient_norms(net, X, Y)
        assert torch.equal(found, expected)


def test_a_model_made_in_inference_mode_has_no_gradients_of_states():
    with torch.inference_mode():
        net = rnn.make_model("lstm", V, H)
    with raises(r"net must not be made in torch.inference_mode\(\)"):
        vanishing.state_gradient_norms(net, X, Y)


def test_gradients_of_states_have_labels_of_the_same_shape(net):
    for wrong in (Y[:, :-1], Y.T, Y.float(), Y + 1):
        with raises("(Y|labels) must be"):
            vanishing.state_gradient_norms(net, X, wrong)


# ---- text from a model ----


def broken(net):
    with torch.no_grad():
        parameters_of(net)[0].fill_(math.nan)
    return net


@pytest.mark.parametrize("write", [generating.predict, generating.sample])
def test_a_model_of_nan_writes_nothing(write, net, vocab):
    with raises("net must have finite outputs"):
        write("the", 5, broken(net), vocab)


@pytest.mark.parametrize("other", [
    28, None, list("the"), text.Vocab(list("abc")), text.Vocab(range(99)),
])  # fmt: skip
def test_the_vocabulary_has_to_be_the_model_s(other, net):
    for function in (generating.predict, generating.sample):
        with raises("vocab must be"):
            function("the", 5, net, other)
    with raises("vocab must be"):
        generating.warm_up("the", net, other)


@pytest.mark.parametrize("output, message", [
    (torch.full((3,), math.nan), "net must have finite outputs"),
    (torch.zeros(2, 3), "output must be a tensor of floats"),
    ([1.0, 2.0], "output must be a tensor of floats"),
])  # fmt: skip
def test_the_most_probable_is_one_of_finite_outputs(output, message):
    with raises(message):
        generating.most_probable(output)


# ---- models that are read ----


def reads(net, vocab=None):
    """What reads a model: each a function without arguments."""
    vocab = text.Vocab(list("the time traveller")) if vocab is None else vocab
    return {
        "evaluate": lambda: training.evaluate(net, [(X, Y)] * 2),
        "predict": lambda: generating.predict("the", 5, net, vocab),
        "sample": lambda: generating.sample("the", 5, net, vocab, seed=1),
        "warm_up": lambda: generating.warm_up("the", net, vocab)[0].tolist(),
        "state_gradient_norms": lambda: vanishing.state_gradient_norms(
            net, X, Y
        ).tolist(),
    }  # fmt: skip


def deep_lstm():
    torch.manual_seed(0)
    return rnn.RNNModel(nn.LSTM(V, H, 2, dropout=0.5), V)


@pytest.mark.parametrize("name", ["evaluate", "predict", "sample", "warm_up"])
@pytest.mark.parametrize("modes", [(True, False, True), (False, True, False)])
def test_each_part_of_a_model_that_was_read_trains_or_not_as_before(modes, name):
    net = deep_lstm()
    for part, mode in zip(net.modules(), modes, strict=True):
        part.training = mode
    first = reads(net)[name]()
    assert reads(net)[name]() == first  # dropout was off
    assert tuple(part.training for part in net.modules()) == modes


def test_held_out_text_leaves_the_modes_of_a_model_alone():
    net = deep_lstm()
    net.rnn.eval()
    next(training.train(net, [(X, Y)], 0.1, 1, held_out=[(X, Y)]))
    assert [part.training for part in net.modules()] == [True, False, True]


@pytest.mark.parametrize("cell", rnn.CELLS)
@pytest.mark.parametrize("name", reads(NET))
def test_a_model_without_numbers_is_told(name, cell):
    net = rnn.make_model(cell, V, H, "meta")
    with raises("net must have parameters with numbers in them, got one on 'meta'"):
        reads(net)[name]()


@pytest.mark.parametrize("name", reads(NET))
def test_pytorch_s_defaults_change_nothing_that_is_read(name, net):
    read = reads(net)[name]
    expected = read()
    with torch.device("meta"):
        assert read() == expected
    before = torch.get_default_dtype()
    try:
        for dtype in (torch.float64, torch.bfloat16):
            torch.set_default_dtype(dtype)
            assert read() == expected
    finally:
        torch.set_default_dtype(before)


@pytest.mark.parametrize("given", [None, 5, batching.SequenceLoader, NET, {0: (X, Y)}])
def test_what_is_no_source_of_minibatches_is_not_measured(given, net):
    with raises(r"minibatches must be minibatches \(X, Y\), .*got"):
        training.evaluate(net, given)


def test_a_dataset_of_minibatches_can_be_measured(net):
    dataset = torch.utils.data.TensorDataset(X.expand(3, B, T), Y.expand(3, B, T))
    expected = training.evaluate(net, [(X, Y)] * 3)
    assert training.evaluate(net, dataset) == pytest.approx(expected)


LAYOUTS = {
    "sparse": X.to_sparse(),
    "nested": torch.nested.nested_tensor([*X], layout=torch.jagged),
    "four bits": torch.empty(B, T, dtype=torch.uint4),
}


@pytest.mark.parametrize("wrong", LAYOUTS.values(), ids=LAYOUTS)
def test_tokens_of_another_layout_are_told(wrong, net):
    for pair in ((wrong, Y), (X, wrong)):
        with raises("must yield pairs"):
            training.evaluate(net, [pair])
        with raises("(X|Y) must be token indices, shape .* got"):
            vanishing.state_gradient_norms(net, *pair)
    with raises("must be token indices, shape .* got"):
        net(wrong, net.begin_state(batch_size=B))


@pytest.mark.parametrize(
    "dtype", [torch.uint8, torch.uint16, torch.uint32, torch.uint64]
)
def test_tokens_may_be_unsigned(dtype, net):
    tokens = X.to(dtype)
    assert training.evaluate(net, [(tokens, tokens)]) == training.evaluate(
        net, [(X, X)]
    )
    norms = [vanishing.state_gradient_norms(net, *[each] * 2) for each in (tokens, X)]
    assert torch.equal(*norms)
    most = torch.iinfo(dtype).max
    with raises(f"must be tokens from 0 to 10, got {most}"):
        net(torch.full((B, T), most, dtype=dtype), net.begin_state(batch_size=B))


@pytest.mark.parametrize("wrong", [None, X.tolist(), X[:0], X[0], X + 1, X.to("meta")])
def test_the_gradients_of_states_are_those_of_a_minibatch(wrong, net):
    for given, name in (((wrong, Y), "X"), ((X, wrong), "Y")):
        with raises(f"{name} must be"):
            vanishing.state_gradient_norms(net, *given)


STATES = {
    "a number": 5,
    "a word": "state",
    "complex": lambda part: part + 1j,
    "sparse": lambda part: part.to_sparse(),
    "integers": lambda part: part.long(),
    "elsewhere": lambda part: part.to("meta"),
    "of fewer sequences": lambda part: part[..., 1:, :],
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_the_gradients_of_states_begin_with_a_state_of_floats(state, net):
    if callable(state):
        zeros = net.begin_state(batch_size=B)
        is_one = isinstance(zeros, torch.Tensor)
        state = state(zeros) if is_one else tuple(map(state, zeros))
    with raises("state must be"):
        vanishing.state_gradient_norms(net, X, Y, state)


HOOKS = {
    "a hook": lambda net: net.register_forward_hook(lambda *_: None),
    "a hook before": lambda net: net.register_forward_pre_hook(lambda *_: None),
    "a hook on the way back": lambda net: net.register_full_backward_hook(
        lambda *_: None
    ),
    "a forward of its own": lambda net: setattr(net, "forward", lambda *_: None),
    "another layer": lambda net: setattr(net, "rnn", nn.Linear(V, H)),
    "two dtypes": lambda net: net.linear.double(),
}  # fmt: skip


@pytest.mark.parametrize("change", HOOKS.values(), ids=HOOKS)
def test_the_gradients_of_states_are_not_those_of_a_changed_model(change):
    net = rnn.make_model("gru", V, H)
    change(net)
    with raises("net must be a scratch RNN or .* with no hook or forward of its own"):
        vanishing.state_gradient_norms(net, X, Y)


@pytest.mark.parametrize("params", [None, 5, [], [1, 2], [torch.zeros(())] * 5])
def test_the_gradients_of_states_need_parameters(params):
    net = rnn.make_model("scratch", V, H)
    net.params = params
    with raises("must be"):
        vanishing.state_gradient_norms(net, X, Y)


def test_norms_of_a_sparse_tensor_are_refused():
    with raises("each must be a tensor of floats, not empty, got"):
        bptt.norms(torch.eye(3).to_sparse())


# ---- parameters that are tied, gradients that are none ----


def with_gradient(*numbers):
    param = torch.zeros(len(numbers), requires_grad=True)
    param.grad = torch.tensor(numbers)
    return param


def test_a_tied_parameter_counts_once():
    param = with_gradient(3.0, 4.0)
    assert all_parameters([param, param]) == [param]
    assert clipping.global_norm([param, param]) == 5
    assert clipping.clip_gradients([param, param], 1) == 5
    assert param.grad.tolist() == pytest.approx([0.6, 0.8])
    optimizers.SGD([param, param], 1).step()
    assert param.tolist() == pytest.approx([-0.6, -0.8])


def test_a_model_of_tied_parameters_learns_as_torch_s_optimizer_has_it():
    nets = [rnn.make_model("scratch", V, V, seed=0) for _ in range(2)]
    for net in nets:
        net.params[1] = net.params[0]
    ours = training.train_epoch(nets[0], [(X, Y)] * 3, 1.0, theta=0.1)
    other = torch.optim.SGD([nets[1].params[0], *nets[1].params[2:]], 1.0)
    theirs = training.train_epoch(nets[1], [(X, Y)] * 3, theta=0.1, optimizer=other)
    assert ours.gradient_norm == pytest.approx(theirs.gradient_norm)
    for one, another in zip(nets[0].params, nets[1].params, strict=True):
        torch.testing.assert_close(one, another)


@pytest.mark.parametrize("given", [iter, tuple, lambda gradients: gradients])
def test_gradients_of_any_iterable_are_projected(given):
    gradients = [torch.tensor([3.0]), torch.tensor([4.0])]
    assert clipping.project(given(gradients), 1.0) == 5
    assert torch.cat(gradients).tolist() == pytest.approx([0.6, 0.8])


def test_a_parameter_in_place_of_its_gradient_is_told():
    with raises("can be changed in place, got a parameter$"):
        clipping.project([torch.ones(2, requires_grad=True)], 1.0)


def test_a_gradient_that_is_there_twice_is_told_and_left_alone():
    gradient = torch.tensor([3.0, 4.0])
    with raises("gradients must be tensors that share no memory, each once"):
        clipping.project([gradient] * 2, 1.0)
    assert gradient.tolist() == [3, 4]


@pytest.mark.parametrize("given", [
    [1.0, 2.0], None, 5.0, "g", {"g": torch.ones(2)}, [torch.ones(2), None],
    [torch.tensor([3, 4])], [torch.ones(2, device="meta")], [torch.eye(2).to_sparse()],
    [torch.ones(2), torch.ones(1).expand(2)], [torch.ones(2, requires_grad=True)],
])  # fmt: skip
def test_what_cannot_be_projected_is_told(given):
    with raises("gradients must be"):
        clipping.project(given, 1.0)


@pytest.mark.parametrize("function", [
    clipping.global_norm, lambda net: clipping.clip_gradients(net, 1.0)
])  # fmt: skip
@pytest.mark.parametrize("given", [
    lambda: [with_gradient(3.0, 4.0).grad], list, lambda: iter(()),
    lambda: rnn.make_model("gru", V, H).requires_grad_(False),
], ids=["gradients", "nothing", "a spent generator", "a frozen model"])  # fmt: skip
def test_where_nothing_can_be_trained_no_gradient_is_measured(function, given):
    with raises("net must have parameters that can be trained, got none"):
        function(given())


def test_before_the_first_backward_pass_there_is_no_gradient(net):
    assert clipping.global_norm(net) == clipping.clip_gradients(net, 1.0) == 0


def test_a_sparse_or_expanded_gradient_is_told():
    table = nn.Embedding(5, 3, sparse=True)
    table(torch.tensor([1, 2])).sum().backward()
    for function in (clipping.global_norm, lambda net: clipping.clip_gradients(net, 1)):
        with raises("gradients must be dense tensors of floats"):
            function(table)
    param = with_gradient(1.0, 1.0)
    param.grad = torch.ones(1).expand(2)
    assert clipping.global_norm(param) == pytest.approx(2**0.5)
    with raises("gradients must be .* got one that is expanded: clone it"):
        clipping.clip_gradients(param, 1.0)


@pytest.mark.parametrize("params, message", [
    (lambda: [], "params must be at least one tensor, got none"),
    (lambda: [2 * with_gradient(1.0)], "net must have parameters of its own"),
    (lambda: [torch.zeros(1).expand(3).requires_grad_()], "be changed in place"),
])  # fmt: skip
def test_parameters_that_no_step_can_change_are_told(params, message):
    with raises(message):
        optimizers.SGD(params(), 1.0)
    net = rnn.make_model("scratch", V, H)
    net.params += params()
    if len(net.params) > 5:
        with raises(message):
            optimizers.optimizer_of(net, 1.0, None)


def test_an_optimizer_with_a_scheduler_can_train(net):
    optimizer = torch.optim.Adam(parameters_of(net), 0.1)
    torch.optim.lr_scheduler.StepLR(optimizer, 5)
    assert optimizers.optimizer_of(net, None, optimizer) is optimizer


def test_an_optimizer_s_own_iterator_is_not_read():
    class Once:
        def __init__(self, params):
            self.params = params

        def step(self, *anything, **more):
            for param in self.params:
                param.data.sub_(param.grad)

    net = rnn.make_model("gru", V, H, seed=0)
    before = [param.clone() for param in net.parameters()]
    training.train_epoch(net, [(X, Y)], None, optimizer=Once(net.parameters()))
    assert not any(map(torch.equal, before, net.parameters()))


@pytest.mark.parametrize("get_params", [
    rnn.get_params, gated.get_gru_params, gated.get_lstm_params,
])  # fmt: skip
def test_a_seed_is_no_generator(get_params):
    with raises("generator must be a torch.Generator or None, got 0"):
        get_params(V, H, generator=0)


# ---- numbers without end, tokens of any kind ----


def test_a_number_too_large_for_a_float_is_infinite():
    assert progress.perplexity(10**400) == math.inf
    tally = progress.EpochTally(1, 1.0)
    tally.add(10**400, 3, 1.0)
    tally.add(1.0, 3, 10**400)
    assert tally.perplexity == math.inf and tally.diverged
    with raises("num_tokens must be an integer from 1 to"):
        tally.add(1.0, 10**400, 1.0)


@pytest.mark.parametrize("wrong", [float, np.float64, torch.ones(1, device="meta")])
def test_what_is_no_measurement_is_told(wrong):
    with raises("cross_entropy must be a number of at least 0, got"):
        progress.perplexity(wrong)


@pytest.mark.parametrize("tokens", [range(1, 11), [("a", n) for n in range(10)]])
def test_tokens_that_are_no_strings_are_written_as_python_does(tokens, net):
    vocab = text.Vocab(tokens)
    written = generating.predict([tokens[0], tokens[1]], 3, net, vocab)
    assert written.startswith(f"{tokens[0]} {tokens[1]} ")


def test_a_temperature_may_be_a_fraction(net, vocab):
    texts = {
        generating.sample("t", 9, net, vocab, each, seed=0)
        for each in (Fraction(1, 2), 0.5)
    }
    assert len(texts) == 1


# ---- settings, threads ----


def test_a_sweep_has_models_of_its_own_settings_alone():
    corpus = [*range(V)] * 20
    sweep = sweeping.sweep(sweeping.Setting(batch_size=4, num_steps=6), corpus, V, 1)
    with raises("setting must be one of"):
        sweep.model(sweeping.Setting(theta=2.0))
    sweep.close()


@pytest.mark.parametrize("number", [0, -1, 10**6, 1.5, None, True])
def test_a_number_of_threads_is_one_that_a_run_has_a_use_for(number):
    with raises("num_threads must be an integer from 1 to 1024"):
        with threads.limited_to(number):
            pass


@pytest.mark.parametrize("sizes", [(11.5, 4), (-11, 4), (11, 0), ("11", 4)])
def test_parameters_are_counted_for_sizes_that_there_are(sizes):
    with raises("must be an integer of at least 1"):
        rnn.num_parameters(*sizes)


@pytest.mark.parametrize("num_hiddens", [None, "64", (64, 64)])
def test_a_model_without_a_number_of_hidden_units_counts_as_small(num_hiddens):
    net = types.SimpleNamespace(num_hiddens=num_hiddens)
    with threads.suited_to(net):
        assert torch.get_num_threads() == 1


# ---- parameters, layers, weights and settings that do not fit ----


def model_of(get_params, forward_fn=rnn.rnn):
    return lambda: rnn.RNNModelScratch(V, H, None, get_params, forward_fn=forward_fn)


@pytest.mark.parametrize("make, message", [
    (model_of(lambda V, H, device: rnn.get_params(V + 3, H)), r"shape \(D=11, H=8\)"),
    (model_of(lambda V, H, device: rnn.get_params(V, H + 1)), r"shape \(D=11, H=8\)"),
    (model_of(rnn.get_params, gated.gru), "the 11 tensors W_xz, W_hz"),
    (model_of(gated.get_gru_params), "the 5 tensors W_xh, W_hh"),
    (model_of(lambda *_: None), "the 5 tensors W_xh, W_hh"),
    (model_of(lambda *_: None, lambda *_: None), "a list of tensors, got a NoneType"),
    (model_of(lambda *_: [], lambda *_: None), r"a list of tensors, got \(\)"),
    (model_of(lambda *_: [1, 2], lambda *_: None), "a list of tensors, got"),
])  # fmt: skip
def test_a_scratch_model_has_the_parameters_of_its_recurrence(make, message):
    with raises(f"get_params must return .*{message}"):
        make()


def test_a_recurrence_with_names_of_its_own_has_as_many_parameters():
    def cell(inputs, state, params):
        return rnn.rnn(inputs, state, params)

    cell.names = ("U", "V", "W", "X", "Y")
    assert list(model_of(rnn.get_params, cell)().state_dict()) == list(cell.names)
    with raises("get_params must return the tensors U, V, W, X, Y, got"):
        model_of(gated.get_gru_params, cell)()


@pytest.mark.parametrize("name", RECURRENCES)
@pytest.mark.parametrize("other", RECURRENCES)
def test_a_recurrence_tells_the_parameters_of_another(name, other):
    recurrence, get_params, num_states = RECURRENCES[name]
    state = (torch.zeros(B, H),) * num_states
    if name != other:
        with raises(f"params must be the {len(get_params(V, H))} tensors W_x"):
            recurrence(torch.zeros(T, B, V), state, RECURRENCES[other][1](V, H))


@pytest.mark.parametrize("layer", [nn.RNN, nn.GRU, nn.LSTM])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_model_has_the_dtype_of_its_layer(layer, dtype):
    net = rnn.RNNModel(layer(V, H, dtype=dtype, device="cpu"), V)
    outputs, _ = net(X, net.begin_state(batch_size=B))
    assert outputs.dtype == dtype
    meta = rnn.RNNModel(layer(V, H, device="meta"), V)
    assert all(param.is_meta for param in meta.parameters())


def test_a_layer_of_two_dtypes_or_of_no_kind_is_told():
    mixed = nn.RNN(V, H)
    mixed.weight_hh_l0 = nn.Parameter(mixed.weight_hh_l0.detach().double())
    for layer in (nn.RNNBase("GRU", V, H), mixed):
        with raises("rnn_layer must be an nn.RNN, nn.GRU or nn.LSTM with input_size"):
            rnn.RNNModel(layer, V)


@pytest.mark.parametrize("cell", rnn.CELLS)
def test_a_seeded_model_of_shapes_alone_draws_nothing(cell):
    before = torch.get_rng_state()
    net = rnn.make_model(cell, V, H, device="meta", seed=0)
    assert device_of(net).type == "meta"
    assert torch.equal(torch.get_rng_state(), before)


def test_weights_that_change_places_are_not_mixed_up():
    net = rnn.make_model("scratch", H, H, seed=0)
    weights = net.state_dict()
    W_xh, W_hh = weights["W_xh"].clone(), weights["W_hh"].clone()
    net.load_state_dict(weights | {"W_xh": weights["W_hh"], "W_hh": weights["W_xh"]})
    assert torch.equal(net.params[0], W_hh) and torch.equal(net.params[1], W_xh)


@pytest.mark.parametrize("W_hq, message", [
    (torch.full((H, V), 1e300, dtype=torch.float64), "numbers that torch.float32 can"),
    (torch.zeros(H, V, device="meta"), r"W_hq.*shape \(8, 11\) on meta"),
    (torch.zeros(H, V).to_sparse(), r"W_hq.*shape \(8, 11\), torch.sparse_coo"),
], ids=["too large", "meta", "sparse"])  # fmt: skip
def test_weights_that_cannot_be_copied_change_nothing(W_hq, message):
    net, other = (rnn.make_model("scratch", V, H, seed=seed) for seed in (0, 1))
    before = [param.clone() for param in net.params]
    with raises(f"state_dict must have .*{message}"):
        net.load_state_dict(other.state_dict() | {"W_hq": W_hq})
    assert all(map(torch.equal, before, net.params))


def test_weights_of_a_run_that_has_diverged_can_be_copied():
    net = rnn.make_model("scratch", V, H, seed=0)
    b_q = torch.full((V,), math.inf, dtype=torch.float64)
    net.load_state_dict(net.state_dict() | {"b_q": b_q})
    assert net.params[-1].isinf().all()


@pytest.mark.parametrize("state", [None, 3, (None,), "state", [1.5]])
def test_only_a_state_can_be_detached(state):
    with raises("state must be a tensor, or tensors in a tuple, got"):
        rnn.detach(state)


@pytest.mark.parametrize("name, given", [
    ("theta", Fraction(1, 2)), ("theta", np.float32(0.5)), ("theta", 2),
    ("lr", np.float64(0.25)), ("lr", 1), ("seed", np.int64(3)),
    ("num_hiddens", np.uint8(9)), ("batch_size", np.int32(2)),
    ("num_steps", np.int16(7)), ("use_random_iter", np.True_), ("cell", np.str_("gru")),
    ("cell", enum.Enum("Cell", {"GRU": "gru"}, type=str).GRU),
])  # fmt: skip
def test_a_setting_has_numbers_of_python(name, given):
    setting = sweeping.Setting(**{name: given})
    own = getattr(setting, name)
    assert own == given and type(own).__module__ == "builtins"
    assert setting == sweeping.Setting(**{name: own})


@pytest.mark.parametrize("given", [1, 0, 0.0, None, "yes", [True]])
def test_a_setting_samples_at_random_or_not(given):
    with raises("use_random_iter must be True or False, got"):
        sweeping.Setting(use_random_iter=given)


@pytest.mark.parametrize("settings", [
    None, sweeping.Setting, 5, torch.tensor(1), "gru", [sweeping.Setting],
])  # fmt: skip
def test_a_sweep_is_one_of_settings(settings):
    with raises("settings must be one Setting or more, got"):
        sweeping.sweep(settings, [*range(V)] * 20, V, 1)


@pytest.mark.parametrize("check", [5, lambda record: None])
def test_a_check_of_a_sweep_is_a_function(check):
    with raises("check must be a function.*, got"):
        sweeping.sweep(sweeping.Setting(), [*range(V)] * 200, V, 1, check=check)


def test_a_check_cannot_end_a_sweep_in_silence():
    def check():
        raise StopIteration

    setting = sweeping.Setting(batch_size=4, num_steps=6)
    sweep = sweeping.sweep(setting, [*range(V)] * 20, V, 3, check=check)
    with raises("check must not raise StopIteration"):
        list(sweep)
    sweep.close()
