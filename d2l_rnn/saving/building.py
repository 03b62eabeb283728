"""A model as what a file says of it and its weights, and the same model from these."""

from __future__ import annotations

import functools
import numbers
import warnings
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from d2l_rnn import gated, rnn
from d2l_rnn.bptt import DTYPES
from d2l_rnn.checks import integer, listed, one_of, probability, shown, truth
from d2l_rnn.checks.tensors import Sizes, contents
from d2l_rnn.checks.weights import check_state_dict, has_numbers
from d2l_rnn.parameters import all_parameters
from d2l_rnn.rnn import LAYERS, Model, RNNModel, RNNModelScratch

# The models from scratch: how a state begins, and the recurrence.
SCRATCH = {
    "rnn": (rnn.init_rnn_state, rnn.rnn),
    "gru": (gated.init_gru_state, gated.gru),
    "lstm": (gated.init_lstm_state, gated.lstm),
}
MOST_LAYERS = 1000  # torch takes minutes to stack some thousands
# What torch's layers are made with, apart from the sizes.
OPTIONS = {
    "num_layers": functools.partial(integer, at_least=1, at_most=MOST_LAYERS),
    "bias": truth,
    "dropout": probability,
    "bidirectional": truth,
}
ACTIVATION = {"nonlinearity": functools.partial(one_of, allowed=("tanh", "relu"))}
OPTIONS_OF = {"rnn": OPTIONS | ACTIVATION, "gru": OPTIONS, "lstm": OPTIONS}
# Of a module of torch: what says nothing of what it computes.
INERT = ("_flat_weight_refs", "_is_full_backward_hook")
PLAIN = (numbers.Number, str, set, type(None))


# ---- a model, and what is said of it ----


def described(net: Model) -> tuple[dict, dict[str, Tensor]]:
    """What a file says of a model, and its weights: of them `model` makes the same.

    Raises ValueError if it would be another: for a model that is none of ours, with
    hooks, or changed otherwise, and for weights that `check_numbers` refuses.
    """
    about, weights = _said_of(net), _weights_of(net)
    try:
        again = model(about, weights, torch.device("cpu"))
        where = _difference(_parts(net), _parts(again), "net")
        if where is not None:
            raise ValueError(f"{where.replace('._modules', '')} would be another")
    except ValueError as error:
        raise ValueError(
            f"net must be one that can be made again, got {shown(net)}: {error}"
        ) from None
    return _said_of(again), weights


def cell_of(net: Model) -> str:
    """The cell that `rnn.make_model` would be asked for: "scratch", "rnn" …"""
    if isinstance(net, RNNModelScratch):
        return "scratch"
    return next(kind for kind in OPTIONS_OF if type(net.rnn) is LAYERS[kind])


def _said_of(net: Model) -> dict:
    """What kind of model it is; ValueError if it is none of ours."""
    if type(net) is RNNModelScratch:
        for kind, (init_state, recurrence) in SCRATCH.items():
            if net.init_state is init_state and net.forward_fn is recurrence:
                return {"made": "scratch", "kind": kind, "frozen": _frozen(net)}
    if isinstance(net, RNNModel) and _computes_as_ours(type(net)):
        for kind, options in OPTIONS_OF.items():
            if type(net.rnn) is LAYERS[kind]:
                said = {"made": "torch", "kind": kind, "frozen": _frozen(net)}
                said |= {name: getattr(net.rnn, name) for name in options}
                return said | {"training": net.training}
    raise ValueError(
        f"net must be a scratch RNN, GRU or LSTM, or an RNNModel, got {shown(net)}"
    )


def _computes_as_ours(kind: type) -> bool:
    return kind.forward is RNNModel.forward and kind.__call__ is nn.Module.__call__


def _named_parameters(net: Model) -> dict[str, Tensor]:
    if isinstance(net, nn.Module):
        return dict(net.named_parameters())
    params = all_parameters(net)
    if len(params) != len(net.names):
        raise ValueError(
            f"net must have the parameters {', '.join(net.names)}, got {len(params)}"
        )
    return dict(zip(net.names, params, strict=True))


def _frozen(net: Model) -> list[str]:
    named = _named_parameters(net)
    return [name for name, param in named.items() if not param.requires_grad]


def _weights_of(net: Model) -> dict[str, Tensor]:
    """Copies of a model's weights by name; ValueError for those that no file holds."""
    weights = net.state_dict()
    for name, values in weights.items():
        if not has_numbers(values):
            raise ValueError(
                "net must have dense weights, with numbers, got "
                f"{contents(values)} for {name}"
            )
    if len({values.data_ptr() for values in weights.values()}) < len(weights):
        raise ValueError("net must have weights of their own, got some for two names")
    copies = {
        name: values.detach().cpu().contiguous().clone()
        for name, values in weights.items()
    }
    check_numbers(copies)
    return copies


def check_numbers(weights: Mapping[str, Tensor]) -> None:
    """Raises ValueError unless they are finite, all of float32 or all of float64."""
    dtypes = {values.dtype for values in weights.values()}
    if len(dtypes) != 1 or not dtypes <= {*DTYPES}:
        names = ", ".join(sorted(map(str, dtypes)))
        raise ValueError(f"net must be all float32 or all float64, got {names}")
    for name, values in weights.items():
        if not values.isfinite().all():
            raise ValueError(
                f"net must have finite weights, got NaN or infinity in {name}"
            )


# ---- where two models differ ----


def _parts(net: Model) -> dict:
    """All that a model holds, and the state that it begins with."""
    parts = dict(vars(net))
    if isinstance(net, RNNModelScratch):
        parts["params"] = [*net.params]
    try:
        parts["begin_state()"] = net.begin_state(batch_size=2)
    except Exception as error:  # of a reader's own class
        raise ValueError(f"it begins with no state: {error}") from None
    return parts


def _difference(mine: object, theirs: object, name: str) -> str | None:
    """Where two models differ, by name, or None if they are one and the same."""
    if isinstance(mine, Tensor) and isinstance(theirs, Tensor):
        return None if _is_same(mine, theirs) else name
    if isinstance(mine, nn.Module) and type(mine) is type(theirs):
        mine, theirs = vars(mine), vars(theirs)
    if isinstance(mine, (list, tuple)) and isinstance(theirs, (list, tuple)):
        mine, theirs = dict(enumerate(mine)), dict(enumerate(theirs))
    if isinstance(mine, dict) and isinstance(theirs, dict):
        differences = (
            _difference(mine.get(key, _MISSING), theirs.get(key, _MISSING),
                        f"{name}.{key}")
            for key in {**mine, **theirs} if key not in INERT
        )  # fmt: skip
        return next(filter(None, differences), None)
    is_equal = isinstance(mine, PLAIN) and mine == theirs
    return None if mine is theirs or is_equal else name


_MISSING = object()


def _is_same(mine: Tensor, theirs: Tensor) -> bool:
    has_hooks = mine._backward_hooks or mine._post_accumulate_grad_hooks
    return (
        type(mine) in (Tensor, nn.Parameter)
        and not has_hooks
        and mine.requires_grad == theirs.requires_grad
        and mine.dtype == theirs.dtype
        and torch.equal(mine.detach().cpu(), theirs.detach())
    )


# ---- the model from what is said of it ----


def model(about: dict, weights: dict[str, Tensor], device: torch.device) -> Model:
    """The model with these weights; ValueError if they do not fit."""
    options = dict(about)
    made = one_of("made", options.pop("made"), ("scratch", "torch"))
    kind = one_of("kind", options.pop("kind"), OPTIONS_OF)
    frozen = listed("frozen", options.pop("frozen"))
    check_numbers(weights)
    build = _scratch if made == "scratch" else _of_torch
    net = build(kind, weights, device, **options)
    named = _named_parameters(net)
    for name in frozen:
        named[one_of("frozen", name, named)].requires_grad_(False)
    return net


def _scratch(kind: str, weights: dict[str, Tensor], device) -> RNNModelScratch:
    init_state, recurrence = SCRATCH[kind]
    if sorted(weights) != sorted(recurrence.names):
        raise ValueError(f"its weights are {shown(sorted(weights))}")
    params = [
        weights[name].detach().to(device).requires_grad_() for name in recurrence.names
    ]
    sizes = Sizes()
    sizes.check_params(recurrence.names, params)
    if sizes["D"] != sizes["Q"]:  # a language model reads and writes the same tokens
        raise ValueError(f"it reads {sizes['D']} tokens, and writes {sizes['Q']}")
    return RNNModelScratch(
        sizes["D"], sizes["H"], device, lambda *_: params, init_state, recurrence
    )


def _of_torch(
    kind: str, weights: dict[str, Tensor], device, training: bool, **options
) -> RNNModel:
    checks = OPTIONS_OF[kind]
    if sorted(options) != sorted(checks):
        raise ValueError(f"its layer has {sorted(options)}")
    options = {name: checks[name](name, value) for name, value in options.items()}
    V, H = _sizes_of_torch(weights)
    with torch.device("meta"), warnings.catch_warnings():  # no memory yet, for any size
        warnings.simplefilter("ignore")  # of a dropout that drops nothing
        net = RNNModel(LAYERS[kind](V, H, **options), V)
    check_state_dict(weights, net.state_dict())
    (dtype,) = {values.dtype for values in weights.values()}
    net.to(dtype).to_empty(device="cpu").load_state_dict(weights)
    return net.to(device).train(truth("training", training))


def _sizes_of_torch(weights: dict[str, Tensor]) -> tuple[int, int]:
    """The sizes V and H; ValueError if they cannot be told from the weights."""
    sizes, told_by = Sizes(), {"linear.bias": "V", "rnn.weight_hh_l0": "GH"}
    if not told_by.keys() <= weights.keys():
        raise ValueError(f"its weights are {shown(sorted(weights))}")
    for name, letters in told_by.items():
        sizes.check(letters, **{name: weights[name]})
    return sizes["V"], sizes["H"]
