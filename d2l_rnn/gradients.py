"""Which way the gradients of a model are computed: the engine, `bptt` or autograd.

    engine     the formulas of `bptt` in C: the scratch RNN in float32 on the CPU
    bptt       the same line by line in PyTorch: the scratch RNN, float64 or a GPU too
    autograd   any model at all, and the slowest

All compute the same. A run takes the first that can train its model, unless
another is requested by name, `training.train(…, backpropagate="autograd")`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from d2l_rnn import bptt
from d2l_rnn.checks import integer, of_type, one_of, shown
from d2l_rnn.checks.reals import FLOATING
from d2l_rnn.checks.signatures import called_with
from d2l_rnn.checks.tensors import State, check_tokens, contents
from d2l_rnn.engine import Engine, can_train, describe
from d2l_rnn.parameters import all_parameters, check_model, parameters_of
from d2l_rnn.progress import ROUNDING
from d2l_rnn.rnn import Model

WAYS = ("engine", "bptt", "autograd")


def way_of(net: Model, loss: Callable | None = None) -> str:
    """The way that a model is trained unless another is asked for: one of `WAYS`.

    With a `loss` of its own, which the engine does not know, autograd takes care of the
    loss and `bptt` of the scratch RNN.

    Raises ValueError if `net` is no model.
    """
    check_model(net)
    if not bptt.ByHand.can_train(net):
        return "autograd"
    return "engine" if loss is None and can_train(net.params) else "bptt"


def backpropagation(
    net: Model,
    loss: Callable | None = None,
    backpropagate: Callable | str | None = None,
) -> Callable:
    """What computes the gradients of a model: the way of this name, or the best.

    Called with X and Y, shape (B, T), and the state, it returns the mean loss, the new
    state and a list of tensors that hold the gradient together. They share their memory
    with the parameters' `grad`, and the next call may overwrite them. `loss` gives the
    mean, or one value a token, in nats; the default is the cross-entropy. A
    `backpropagate` that is such a function is returned as it is.

    Raises ValueError if there is no such way, or it cannot train this model with this
    loss.
    """
    if callable(backpropagate):
        if loss is None:
            return _own(net, backpropagate)
        raise ValueError(
            f"loss must be None for a backpropagate that has its own, got {shown(loss)}"
        )
    best = way_of(net, loss)
    way = (
        best if backpropagate is None else one_of("backpropagate", backpropagate, WAYS)
    )
    if WAYS.index(way) < WAYS.index(best):
        allowed = " or ".join(map(repr, WAYS[WAYS.index(best) :]))
        reason = f" ({describe()})" if way == "engine" else ""
        raise ValueError(
            f"backpropagate must be {allowed} for this model and loss, got "
            f"{shown(way)}{reason}"
        )
    if way == "autograd":
        return ByAutograd(net, loss)
    if loss is not None:
        return ByAutograd(net, loss, lambda X, state: bptt.rnn(X, state, net.params))
    return Engine(net.params) if way == "engine" else bptt.ByHand(net)


def _own(net: Model, backpropagate: Callable) -> Callable:
    """It; ValueError for a class, or for what was made for another model."""
    if isinstance(backpropagate, type):
        raise ValueError(
            "backpropagate must be a function, or the name of a way, got the class "
            f"{backpropagate.__name__}"
        )
    called_with("X", "Y", "state", backpropagate=backpropagate)
    if isinstance(backpropagate, (ByAutograd, bptt.ByHand, Engine)):
        its = parameters_of(getattr(backpropagate, "net", backpropagate))
        if [*map(id, its)] != [*map(id, parameters_of(net))]:
            raise ValueError(
                "backpropagate must be of this model's parameters, got a "
                f"{type(backpropagate).__name__} of others"
            )
    return backpropagate


class ByAutograd:
    """The loss of any model and its gradients, by autograd: `backpropagation`.

    `forward(X, state)` replaces the model's own forward pass, if it is given.

    Raises ValueError if `net` is no model, made in `torch.inference_mode` or not one of
    real numbers, and if the loss is no function, or gives no mean of the outputs.
    """

    def __init__(
        self, net: Model, loss: Callable | None = None, forward: Callable | None = None
    ):
        check_model(net)
        check_differentiable(net)
        if forward is not None:
            called_with("X", "state", forward=forward)
        self.net = net
        self.forward = functools.partial(outputs_of, net, forward=forward)
        self.loss = checked_loss(loss)

    def __call__(
        self, X: Tensor, Y: Tensor, state: State
    ) -> tuple[Tensor, State, list[Tensor]]:
        with torch.enable_grad():
            outputs, state = self.forward(X, state)  # (T * B, V)
            labels = labels_of(X, Y, outputs.shape[-1])
            mean_loss = mean_of(self.loss, outputs, labels)
        for param in all_parameters(self.net):  # an optimizer steps along any `grad`
            param.grad = None
        mean_loss.backward()
        params = parameters_of(self.net)
        gradients = [param.grad for param in params if param.grad is not None]
        return mean_loss.detach(), state, gradients


def check_differentiable(net: Model) -> None:
    """Raises ValueError if autograd cannot go back through these parameters."""
    for param in all_parameters(net):
        if param.is_inference():
            raise ValueError("net must not be made in torch.inference_mode()")
        if param.requires_grad and param.dtype not in FLOATING:
            allowed = ", ".join(map(str, FLOATING))
            raise ValueError(
                f"net must have parameters of {allowed}, got {param.dtype}"
            )


def outputs_of(
    net: Model, X: Tensor, state: State, forward: Callable | None = None
) -> tuple[Tensor, State]:
    """What a model returns for X, shape (B, T): its outputs, (T * B, V), and state.

    `forward(X, state)` replaces its own forward pass, if it is given.

    Raises ValueError if it returns anything else.
    """
    returned = (net if forward is None else forward)(X, state)
    vocab_size = getattr(net, "vocab_size", None)
    is_pair = isinstance(returned, (tuple, list)) and len(returned) == 2
    outputs = returned[0] if is_pair else None
    if (
        isinstance(outputs, Tensor)
        and outputs.is_floating_point()
        and outputs.dim() == 2
        and len(outputs) == X.numel()
        and vocab_size in (None, outputs.shape[1])
    ):
        return returned
    size = "vocab_size" if vocab_size is None else vocab_size
    raise ValueError(
        f"net must return its outputs, floats of shape ({X.numel()}, {size}) for "
        f"num_steps * batch_size tokens, and its state, got {contents(returned)}"
    )


def checked_loss(loss: Callable | None) -> Callable:
    """The loss; cross-entropy for None.

    Raises ValueError unless it can be called with outputs and labels, and for a sum,
    of which the mean over all tokens can no longer be taken.
    """
    if loss is None:
        return nn.CrossEntropyLoss()
    if isinstance(loss, type) or not callable(loss):
        raise ValueError(
            "loss must be a function or None, such as nn.CrossEntropyLoss(), got "
            f"{shown(loss)}"
        )
    called_with("outputs", "labels", loss=loss)
    keywords = getattr(loss, "keywords", {})  # of a functools.partial
    if "sum" in (getattr(loss, "reduction", None), keywords.get("reduction")):
        raise ValueError(
            f"loss must be a mean, or one for each token, got {shown(loss)}"
        )
    return loss


def mean_of(loss: Callable, outputs: Tensor, labels: Tensor) -> Tensor:
    """The mean of a loss of the outputs (T * B, V) and the labels (T * B,).

    Raises ValueError if they are no tensors, if the loss does not take them, gives no
    tensor of floats, a mean below 0, or one without a gradient where there should be
    one.
    """
    of_type(Tensor, outputs=outputs, labels=labels)
    try:
        values = loss(outputs, labels)
    except (RuntimeError, IndexError, TypeError, ValueError) as error:
        raise ValueError(
            f"loss must take the outputs, {tuple(outputs.shape)}, and the labels, "
            f"{tuple(labels.shape)}, as nn.CrossEntropyLoss() does: {error}"
        ) from error
    is_float = isinstance(values, Tensor) and values.is_floating_point()
    if not is_float or not values.numel():
        raise ValueError(f"loss must return a tensor of floats, got {shown(values)}")
    if torch.is_grad_enabled() and not values.requires_grad:
        raise ValueError(
            "loss must be computed from the outputs, with a gradient to them (not in "
            f"torch.inference_mode()), got {shown(values)} without one"
        )
    mean = values.mean()
    is_default = type(loss) is nn.CrossEntropyLoss  # which is never negative
    if not is_default and mean.item() < -ROUNDING:
        raise ValueError(
            f"loss must be a number of at least 0, got {mean.item():.4g} from "
            f"{shown(loss)}: does it take outputs as they are, before a softmax?"
        )
    return mean


def labels_of(X: Tensor, Y: Tensor, vocab_size: int) -> Tensor:
    """The labels Y, shape (B, T), in the order of the outputs, shape (T * B,).

    Raises ValueError if Y are not tokens, or not shaped like X and on its device.
    """
    vocab_size = integer("vocab_size", vocab_size, 1)
    if not isinstance(X, Tensor):
        raise ValueError(f"X must be a tensor of token indices, got {shown(X)}")
    check_tokens("Y", Y, vocab_size, X.device, X.shape)
    return Y.T.reshape(-1).long()
