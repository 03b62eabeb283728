"""The book's own names: `from d2l_rnn import book as d2l` runs the chapter's code.

Each name that the RNN chapter of *Dive into Deep Learning* 0.17 defines is here, a
thin name on the real implementation. Every other name (`Timer`, `Animator`, `try_gpu`,
…) comes from the `d2l` package, if that is installed; d2l 1.0.3 still has those, but
no longer has the chapter's.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import sys
import types
import warnings

import torch
from torch import nn

from d2l_rnn import batching, clipping, generating, text, training
from d2l_rnn.batching import random_sampling as seq_data_iter_random
from d2l_rnn.batching import sequential_partitioning as seq_data_iter_sequential
from d2l_rnn.rnn import RNNModel, RNNModelScratch, parameters_of
from d2l_rnn.text import Vocab, count_corpus, tokenize

__all__ = [
    "RNNModel", "RNNModelScratch", "SeqDataLoader", "Vocab", "count_corpus",
    "grad_clipping", "load_corpus_time_machine", "load_data_time_machine",
    "predict_ch8", "read_time_machine", "seq_data_iter_random",
    "seq_data_iter_sequential", "tokenize", "train_ch8", "train_epoch_ch8",
]  # fmt: skip


def read_time_machine() -> list[str]:
    """The text's cleaned lines: `text.load_lines`."""
    return text.load_lines()


def load_corpus_time_machine(max_tokens: int = -1):
    """The text's characters as indices, and their vocabulary: `text.load_corpus`."""
    return text.load_corpus(max_tokens=max_tokens)


class SeqDataLoader(batching.SequenceLoader):
    """The loader over the text, with its vocabulary: `batching.SequenceLoader`."""

    def __init__(self, batch_size, num_steps, use_random_iter, max_tokens):
        corpus, self.vocab = load_corpus_time_machine(max_tokens)
        super().__init__(corpus, batch_size, num_steps, use_random_iter)


def load_data_time_machine(
    batch_size, num_steps, use_random_iter=False, max_tokens=10000
):
    """The loader and its vocabulary: `batching.load_data`."""
    data_iter = SeqDataLoader(batch_size, num_steps, use_random_iter, max_tokens)
    return data_iter, data_iter.vocab


def predict_ch8(prefix, num_preds, net, vocab, device):
    """Greedy prediction: `generating.predict`."""
    return generating.predict(prefix, num_preds, net, vocab, device)


def grad_clipping(net, theta):
    """Clip the gradients in place: `clipping.clip_gradients`."""
    clipping.clip_gradients(net, theta)


class _Updater:
    """The book's `updater(batch_size)`, a function, as an optimizer: it steps.

    Zeroing the gradients is the function's own business, as `d2l.sgd` does it.
    """

    def __init__(self, updater):
        self.updater = updater

    def zero_grad(self):
        pass

    def step(self):
        self.updater(batch_size=1)  # the loss is a mean already


def train_epoch_ch8(net, train_iter, loss, updater, device, use_random_iter):
    """One epoch with theta = 1; perplexity and tokens/s: `training.train_epoch`."""
    if not isinstance(updater, torch.optim.Optimizer):
        updater = _Updater(updater)
    progress = training.train_epoch(
        net, train_iter, updater, 1.0, device, use_random_iter, loss
    )
    return progress.perplexity, progress.tokens_per_second


def train_ch8(net, train_iter, vocab, lr, num_epochs, device, use_random_iter=False):
    """Train with theta = 1, print and draw on the way: `training.train`."""
    history = training.History()
    drawing = _Drawing(num_epochs)
    for progress in training.train(
        net, train_iter, lr, num_epochs, 1.0, device, use_random_iter
    ):
        history.append(progress)
        if progress.epoch % 10 == 0:
            print(predict_ch8("time traveller", 50, net, vocab, device))
            drawing.update(history)
    print(
        f"perplexity {progress.perplexity:.1f}, "
        f"{progress.tokens_per_second:.1f} tokens/sec on {device}"
    )
    if progress.diverged:
        print(progress)
        return
    print(predict_ch8("time traveller", 50, net, vocab, device))
    print(predict_ch8("traveller", 50, net, vocab, device))
