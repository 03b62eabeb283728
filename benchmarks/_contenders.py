"""Who takes part in the benchmarks: ways to train a language model for an epoch.

Each maker takes the number of hidden units and returns a `Contender`. All learn from
the same minibatches, 32 sequences of 35 of the first 10,000 tokens, by SGD with
learning rate 1 and theta 1.
"""

import functools
import importlib.util
import math
import os
import shutil
import statistics
import sys
import types
from collections.abc import Callable, Iterable
from typing import NamedTuple

import _originals
import torch
from _race import Contender, Maker
from torch import nn
from torch.nn import functional as F

from d2l_rnn import batching, gated, rnn, training
from d2l_rnn.parameters import device_of, parameters_of

BATCH_SIZE, NUM_STEPS = 32, 35
ORIGINALS = "the notes' code as it stands, and the book's RNNModel in the notes' loop"
# The threes of `gated`, which take the place of the scratch RNN's.
GATED = {
    "scratch_gru": (gated.get_gru_params, gated.init_gru_state, gated.gru),
    "scratch_lstm": (gated.get_lstm_params, gated.init_lstm_state, gated.lstm),
}


class Data(NamedTuple):
    """What all learn from: minibatches, the vocabulary's size, tokens in an epoch."""

    minibatches: Iterable
    vocab_size: int
    tokens: int


def data(token: str = "char") -> Data:
    """The minibatches of the book's setting, in characters or in words."""
    minibatches, vocab = batching.load_data(BATCH_SIZE, NUM_STEPS, token=token, seed=0)
    return Data(minibatches, len(vocab), sum(X.numel() for X, _ in minibatches))


def model(cell: str, vocab_size: int, num_hiddens: int, device: str = "cpu"):
    """A model of `rnn.make_model`, or a scratch RNN with the recurrence of `gated`."""
    if cell in GATED:
        functions = GATED[cell]
        return rnn.RNNModelScratch(vocab_size, num_hiddens, device, *functions)
    return rnn.make_model(cell, vocab_size, num_hiddens, device)


# ---- This package ----


def our_run(
    num_hiddens: int,
    cell: str = "scratch",
    token: str = "char",
    device: str = "cpu",
    **how: int | str,
) -> Contender:
    """A run of `training.train`; `how` are more of its arguments."""
    minibatches, vocab_size, tokens = data(token)
    net = model(cell, vocab_size, num_hiddens, device)
    run = training.train(net, minibatches, lr=1, num_epochs=sys.maxsize, **how)
    return Contender(lambda: next(run), tokens, device)


# ---- The notes and the book ----


def others(device: str = "cpu") -> tuple[str, dict[str, Maker]]:
    """Whom we race with, in words, and their makers, the scratch RNN's first.

    They are the originals, or plain loops of our own where those are not available.
    """
    try:
        text, d2l = _originals.read_notes(), _originals.book()
    except _originals.Unavailable as missing:
        return f"our own plain loop over autograd ({missing})", {
            "plain_loop": functools.partial(plain_loop, cell="scratch", device=device),
            "plain_nn_rnn": functools.partial(plain_loop, cell="rnn", device=device),
        }
    code = _originals.notes_code(text, d2l)
    return ORIGINALS, {
        "notes": functools.partial(notes, code=code, device=device),
        "nn_rnn": functools.partial(nn_rnn, code=code, device=device),
    }


def notes(
    num_hiddens: int, code: types.SimpleNamespace, device: str = "cpu"
) -> Contender:
    """The notes' `train_epoch_ch8` with the notes' model."""
    minibatches, vocab_size, tokens = data()
    net = code.RNNModelScratch(
        vocab_size, num_hiddens, torch.device(device), code.get_params,
        code.init_rnn_state, code.rnn,
    )  # fmt: skip

    def updater(batch_size):
        code.d2l.sgd(net.params, 1, batch_size)

    epoch = _epoch_of_the_notes(code, net, minibatches, updater, device)
    return Contender(epoch, tokens, device)


def nn_rnn(
    num_hiddens: int, code: types.SimpleNamespace, device: str = "cpu"
) -> Contender:
    """The same loop with the book's `RNNModel`."""
    minibatches, vocab_size, tokens = data()
    net = code.d2l.RNNModel(nn.RNN(vocab_size, num_hiddens), vocab_size).to(device)
    updater = torch.optim.SGD(net.parameters(), lr=1)
    epoch = _epoch_of_the_notes(code, net, minibatches, updater, device)
    return Contender(epoch, tokens, device)


def _epoch_of_the_notes(code, net, minibatches, updater, device) -> Callable:
    args = net, minibatches, nn.CrossEntropyLoss(), updater, torch.device(device), False
    return lambda: code.train_epoch_ch8(*args)


# ---- PyTorch alone ----


def plain_loop(num_hiddens: int, cell: str, device: str = "cpu") -> Contender:
    """A model of ours, trained as one would write it with PyTorch alone."""
    minibatches, vocab_size, tokens = data()
    net = rnn.make_model(cell, vocab_size, num_hiddens, device)
    optimizer = torch.optim.SGD(parameters_of(net), lr=1)
    return Contender(lambda: plain_epoch(net, minibatches, optimizer), tokens, device)


def compiled_loop(num_hiddens: int, device: str = "cpu") -> Contender:
    """The plain loop, its forward pass and loss under `torch.compile`."""
    minibatches, vocab_size, tokens = data()
    net = rnn.make_model("scratch", vocab_size, num_hiddens, device)
    optimizer = torch.optim.SGD(net.params, lr=1)
    compiled = torch.compile(net.__call__)
    compiled.begin_state, compiled.params = net.begin_state, net.params
    return Contender(
        lambda: plain_epoch(compiled, minibatches, optimizer), tokens, device
    )


def plain_epoch(
    net: Callable, minibatches: Iterable, optimizer: torch.optim.Optimizer
) -> float:
    """An epoch by autograd, step by step through time, and its perplexity."""
    device = device_of(net)
    state = net.begin_state(batch_size=BATCH_SIZE, device=device)
    losses = []
    for X, Y in minibatches:
        outputs, state = net(X.to(device), rnn.detach(state))
        mean_loss = F.cross_entropy(outputs, Y.to(device).T.flatten())
        optimizer.zero_grad()
        mean_loss.backward()
        nn.utils.clip_grad_norm_(parameters_of(net), max_norm=1)
        optimizer.step()
        losses.append(mean_loss.item())
    return math.exp(statistics.mean(losses))


# ---- Packages that the course does without ----


def installed(device: str = "cpu") -> dict[str, Maker]:
    """JAX and `torch.compile`, where they are installed and can run on the device."""
    found = {}
    if importlib.util.find_spec("jax") and device == "cpu":
        found["jax"] = jax_scan
    if any(map(shutil.which, ("g++", "c++", "clang++"))) and not os.name == "nt":
        found["torch_compile"] = functools.partial(compiled_loop, device=device)
    return found


def jax_scan(num_hiddens: int) -> Contender:
    """A jitted scan in JAX, which takes the minibatches as two arrays, once."""
    import _jax

    minibatches, vocab_size, tokens = data()
    X, Y = (torch.stack(part).numpy() for part in zip(*minibatches, strict=True))
    params = rnn.get_params(vocab_size, num_hiddens)
    params = [param.detach().numpy() for param in params]
    return Contender(_jax.epoch_of(params, X, Y), tokens)
