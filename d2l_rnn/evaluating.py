"""The perplexity of a model on text that it does not learn from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set

import numpy as np
from torch import Tensor

from d2l_rnn.batching import SequenceLoader
from d2l_rnn.checks import integer, shown, truth
from d2l_rnn.checks.tensors import Device, check_range, pairs
from d2l_rnn.engine import Engine
from d2l_rnn.gradients import checked_loss, labels_of, mean_of, outputs_of, way_of
from d2l_rnn.parameters import own_device, reading
from d2l_rnn.progress import perplexity
from d2l_rnn.rnn import Model
from d2l_rnn.text import Vocab

NOT_PAIRS = (Tensor, np.ndarray, np.generic, str, bytes, Mapping, Set, Vocab)


def evaluate(
    net: Model,
    minibatches: Iterable,
    device: Device = None,
    use_random_iter: bool | None = None,
    loss: Callable | None = None,
) -> float:
    """The perplexity of a model on minibatches (X, Y), of which it learns nothing.

    A `SequenceLoader` is read in order from its first token on and the state carried,
    so that the same text is measured each time and no random number is drawn. With
    other minibatches the state is carried or begins anew as in `training.train_epoch`.
    No gradient is computed, and dropout is off.

    Raises ValueError if there is no minibatch, for one that is no pair of tokens and
    labels, for another device than the model's, and for a model without numbers.
    """
    device = own_device(net, device)
    check_source("minibatches", minibatches, num_epochs=1, net=net)
    is_random = samples_at_random(minibatches, use_random_iter)
    if isinstance(minibatches, SequenceLoader):
        minibatches, is_random = minibatches.in_order(), False
    total, num_tokens = 0.0, 0
    with reading(net) as let_through:
        for mean_loss, size in _losses(net, minibatches, is_random, device, loss):
            total, num_tokens = total + mean_loss * size, num_tokens + size
            let_through()
    if not num_tokens:
        raise ValueError("minibatches must yield at least one minibatch, got none")
    return perplexity(total / num_tokens)


def _losses(net, minibatches, is_random, device, loss) -> Iterator[tuple[float, int]]:
    """The mean loss of each minibatch, and its size."""
    if way_of(net, loss) == "engine":
        yield from Engine(net.params).measure(minibatches, net.begin_state, is_random)
        return
    loss = checked_loss(loss)
    state = None  # no need to detach it: `reading` keeps no graph
    for X, Y in pairs(minibatches, carries_state=not is_random):
        if state is None or is_random:
            state = net.begin_state(batch_size=X.shape[0], device=device)
        X, Y = X.to(device), Y.to(device)
        outputs, state = outputs_of(net, X, state)  # (T * B, V)
        labels = labels_of(X, Y, outputs.shape[-1])
        yield mean_of(loss, outputs, labels).item(), Y.numel()


def samples_at_random(minibatches: Iterable, use_random_iter: bool | None) -> bool:
    """`use_random_iter`, or if that is None the minibatches' own.

    Raises ValueError if it is neither True nor False.
    """
    if use_random_iter is None:
        use_random_iter = getattr(minibatches, "use_random_iter", False)
    return truth("use_random_iter", use_random_iter)


def check_source(
    name: str, minibatches: Iterable, num_epochs: int, net: Model | None = None
) -> None:
    """Raises ValueError if these cannot be iterated once an epoch, or are none.

    All tokens of a list, or of a loader's corpus, must be in the vocabulary of `net`.
    That is known before the first minibatch is learned from.
    """
    is_dataset = hasattr(type(minibatches), "__getitem__")  # which has no __iter__
    can_be_iterated = isinstance(minibatches, Iterable) or is_dataset
    if not can_be_iterated or isinstance(minibatches, NOT_PAIRS):
        raise ValueError(
            f"{name} must be minibatches (X, Y), such as a SequenceLoader, got "
            f"{shown(minibatches)}"
        )
    if integer("num_epochs", num_epochs, 0) > 1 and isinstance(minibatches, Iterator):
        raise ValueError(
            f"{name} must be iterable once an epoch, like a SequenceLoader or a "
            f"list; a {type(minibatches).__name__} can be iterated only once"
        )
    tokens = []
    if type(minibatches) in (list, tuple):
        for pair in pairs(minibatches, carries_state=False, name=name):
            tokens += pair
        if not tokens:
            raise ValueError(f"{name} must yield at least one minibatch, got none")
    elif isinstance(minibatches, SequenceLoader):
        tokens = [minibatches.corpus]
    if vocab_size := getattr(net, "vocab_size", None):
        for each in tokens:
            check_range(name, each, vocab_size)
