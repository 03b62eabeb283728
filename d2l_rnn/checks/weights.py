"""The checks at the door for what a model is made of: a layer, parameters, weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn

from d2l_rnn.checks import shown
from d2l_rnn.checks.tensors import LETTERS, LISTS, Sizes, contents


def check_layer(rnn_layer: nn.RNNBase, vocab_size: int) -> None:
    """Raises ValueError unless it is a layer of torch that reads one-hot tokens.

    It must take time first, give its hidden state as it is, and be all of one dtype.
    """
    fits = (
        isinstance(rnn_layer, (nn.RNN, nn.GRU, nn.LSTM))
        and rnn_layer.input_size == vocab_size
        and not rnn_layer.batch_first
        and not rnn_layer.proj_size
        and len({(each.dtype, each.device) for each in rnn_layer.parameters()}) == 1
    )
    if not fits:
        raise ValueError(
            f"rnn_layer must be an nn.RNN, nn.GRU or nn.LSTM with "
            f"input_size={vocab_size} (vocab_size), batch_first=False, no proj_size "
            f"and one dtype, got {shown(rnn_layer)}"
        )


def check_net(net: nn.Module) -> None:
    """Raises ValueError unless an `RNNModel` has layers like those it was made with.

    They may have been replaced, or changed, since.
    """
    layer, width = net.rnn, net.num_directions * net.num_hiddens
    own = {
        "input_size": net.vocab_size, "hidden_size": net.num_hiddens,
        "bidirectional": net.num_directions == 2, "batch_first": False, "proj_size": 0,
    }  # fmt: skip
    for name, value in own.items():
        if getattr(layer, name, None) != value:
            raise ValueError(
                f"net.rnn.{name} must be {value}, as in the layer that the model was "
                f"made with, got {shown(layer)}"
            )
    weight = getattr(net.linear, "weight", None)
    if getattr(weight, "shape", None) != (net.vocab_size, width):
        raise ValueError(
            f"net.linear must be an nn.Linear({width}, {net.vocab_size}), got "
            f"{shown(net.linear)}"
        )
    dtypes = weight.dtype, getattr(layer, "weight_hh_l0", weight).dtype
    if len({*dtypes}) > 1:
        raise ValueError(f"net must be of one dtype, got {dtypes[1]} and {dtypes[0]}")


def check_params_of(
    forward_fn: Callable, params: Sequence[Tensor], vocab_size: int, num_hiddens: int
) -> None:
    """Raises ValueError unless a model of these sizes can compute with these params.

    Those of a recurrence without `names`, or with other names than `Sizes.check_params`
    knows, may have any shapes.
    """
    names = getattr(forward_fn, "names", None)
    if names and all(name in LETTERS or name[:-1] in LETTERS for name in names):
        try:
            sizes = Sizes(D=vocab_size, H=num_hiddens, Q=vocab_size)
            return sizes.check_params(names, params)
        except ValueError as error:
            raise ValueError(
                "get_params must return the parameters of forward_fn, for vocab_size="
                f"{vocab_size} and num_hiddens={num_hiddens}: {error}"
            ) from None
    are_tensors = isinstance(params, LISTS) and all(
        isinstance(each, Tensor) for each in params
    )
    if not are_tensors or len(params) != len(names or params) or not len(params):
        wanted = f"the tensors {', '.join(names)}" if names else "a list of tensors"
        raise ValueError(f"get_params must return {wanted}, got {contents(params)}")


def check_state_dict(given: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> None:
    """Raises ValueError unless the tensors have the names and shapes of the model's.

    They must be dense, and have numbers.
    """
    wanted = {name: tuple(values.shape) for name, values in own.items()}
    got = contents(given)
    if isinstance(given, Mapping):
        got = {name: _shape(values) for name, values in given.items()}
    if got != wanted:
        raise ValueError(
            f"state_dict must have tensors of floats, {shown(wanted)}, got {shown(got)}"
        )


def _shape(values: object) -> object:
    fits = has_numbers(values) and values.is_floating_point()
    return tuple(values.shape) if fits else contents(values)


def has_numbers(values: object) -> bool:
    """True for a dense tensor with numbers, which it has not on the meta device."""
    return (
        isinstance(values, Tensor)
        and values.layout is torch.strided
        and not (values.is_nested or values.is_quantized or values.is_meta)
    )


def copied_like(
    given: Mapping[str, Tensor], own: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Copies of the tensors, in the dtypes and on the devices of the model's.

    Raises ValueError as `check_state_dict` does, and for a number that is too large for
    its dtype.
    """
    check_state_dict(given, own)
    copies = {}
    for name, values in given.items():
        copies[name] = values.detach().to(own[name], copy=True)
        if not own[name].is_meta and _is_less_finite(copies[name], values):
            raise ValueError(
                f"state_dict must have numbers that {own[name].dtype} can hold, got "
                f"larger ones in {name}"
            )
    return copies


def _is_less_finite(copy: Tensor, values: Tensor) -> bool:
    is_finite = copy.isfinite()
    return not is_finite.all() and bool(is_finite.sum() < values.isfinite().sum())
