"""A trained model in one file, and back.

    saving.save("traveller.safetensors", net, vocab, setting, history)
    saved = saving.load("traveller.safetensors")
    generating.predict("time traveller", 50, saved.net, saved.vocab)

The file is one of the library safetensors: the weights by name, and some text about
them in JSON: the kind of model, the vocabulary, the setting, the history, and the
versions of what made it. It holds no code, and none is run when it is loaded.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from d2l_rnn import gated, rnn
from d2l_rnn.bptt import DTYPES
from d2l_rnn.checks import files, integer, one_of, shown
from d2l_rnn.checks.tensors import Device, Sizes, checked_device
from d2l_rnn.checks.weights import check_state_dict
from d2l_rnn.progress import History, Progress
from d2l_rnn.rnn import LAYERS, Model, RNNModel, RNNModelScratch
from d2l_rnn.saving import describing
from d2l_rnn.sweeping import Setting
from d2l_rnn.text import Vocab

FORMAT = "d2l_rnn model 1"
# The models from scratch: how a state begins, and the recurrence.
SCRATCH = {
    "rnn": (rnn.init_rnn_state, rnn.rnn),
    "gru": (gated.init_gru_state, gated.gru),
    "lstm": (gated.init_lstm_state, gated.lstm),
}
# What torch's layers are made with, apart from the sizes.
OPTIONS = ("num_layers", "bias", "dropout", "bidirectional")
OPTIONS_OF = {"rnn": (*OPTIONS, "nonlinearity"), "gru": OPTIONS, "lstm": OPTIONS}


@dataclass(frozen=True)
class SavedModel:
    """What a file holds: a model, its vocabulary, and how it came to be.

    `setting` is None, and `history` empty, if none was saved; the length of the history
    is the number of epochs that the model has learned. `versions` are those of the
    packages that it was saved with.
    """

    net: Model
    vocab: Vocab
    setting: Setting | None
    history: History
    versions: dict[str, str]


def save(
    path: str | os.PathLike,
    net: Model,
    vocab: Vocab,
    setting: Setting | None = None,
    history: Iterable[Progress] = (),
) -> Path:
    """Save a model with its vocabulary, and return the path of the file.

    `net` is a scratch RNN, GRU or LSTM, or an `RNNModel`, in float32 or float64.
    `setting` and `history` are what it was trained with, and its records. An optimizer
    is not saved. The file is written beside its place and then moved there: one that
    was there before is replaced as a whole, or not at all.

    Raises ValueError if the model is another, if vocabulary or setting are not its own,
    for a token that is neither text nor a whole number, and if the file cannot be
    written.
    """
    about = {
        "format": FORMAT,
        "model": json.dumps(_described(net)),
        "vocab": json.dumps(describing.words(vocab, net)),
        "setting": json.dumps(describing.values_of(setting, net)),
        "history": json.dumps(describing.records(history), allow_nan=False),
        "versions": json.dumps(describing.versions()),
    }
    weights = {
        name: values.cpu().contiguous().clone()
        for name, values in net.state_dict().items()
    }
    _dtype_of(weights)
    return _write(path, safetensors.torch.save(weights, about))


def load(path: str | os.PathLike, device: Device = None) -> SavedModel:
    """Load what `save` has saved; the model goes to `device`.

    Raises FileNotFoundError if there is no such file, and ValueError if it is not one
    of `save`, or is damaged, and for a device that is not there.
    """
    device = checked_device(device)
    weights, about = _read(path)
    try:
        if about["format"] != FORMAT:
            raise ValueError(f"its format is {about['format']!r}, not {FORMAT!r}")
        net = _model(json.loads(about["model"]), weights, device)
        vocab = describing.vocabulary(json.loads(about["vocab"]), net.vocab_size)
        setting = json.loads(about["setting"])
        setting = setting if setting is None else Setting(**setting)
        history = describing.history(json.loads(about["history"]))
        versions = dict(json.loads(about["versions"]))
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"path must name a model that `save` has saved, got {str(path)!r}: "
            f"{_reason(error)}"
        ) from None
    return SavedModel(net, vocab, setting, history, versions)


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)


# ---- the model ----


def _described(net: Model) -> dict:
    """What the model is; ValueError if it is none that can be built again."""
    if type(net) is RNNModelScratch:
        for kind, (init_state, recurrence) in SCRATCH.items():
            if (net.init_state, net.forward_fn) == (init_state, recurrence):
                return {"made": "scratch", "kind": kind}
    if isinstance(net, RNNModel) and type(net).forward is RNNModel.forward:
        for kind, layer in LAYERS.items():
            if type(net.rnn) is layer:
                options = {name: getattr(net.rnn, name) for name in OPTIONS_OF[kind]}
                return {"made": "torch", "kind": kind, **options}
    raise ValueError(
        f"net must be a scratch RNN, GRU or LSTM, or an RNNModel, got {shown(net)}"
    )


def _model(described: dict, weights: dict[str, Tensor], device: torch.device) -> Model:
    """The model with these weights; ValueError if they do not fit."""
    options = dict(described)
    made = one_of("made", options.pop("made"), ("scratch", "torch"))
    kind = one_of("kind", options.pop("kind"), LAYERS)
    _dtype_of(weights)
    build = _scratch if made == "scratch" else _of_torch
    return build(kind, weights, device, **options)


def _scratch(kind: str, weights: dict[str, Tensor], device) -> RNNModelScratch:
    init_state, recurrence = SCRATCH[kind]
    if sorted(weights) != sorted(recurrence.names):
        raise ValueError(f"its weights are {sorted(weights)}")
    params = [weights[name].to(device).requires_grad_() for name in recurrence.names]
    sizes = Sizes()
    sizes.check_params(recurrence.names, params)
    if sizes["D"] != sizes["Q"]:  # a language model reads and writes the same tokens
        raise ValueError(f"it reads {sizes['D']} tokens, and writes {sizes['Q']}")
    return RNNModelScratch(
        sizes["D"], sizes["H"], device, lambda *_: params, init_state, recurrence
    )


def _of_torch(kind: str, weights: dict[str, Tensor], device, **options) -> RNNModel:
    if sorted(options) != sorted(OPTIONS_OF[kind]):
        raise ValueError(f"its layer has {sorted(options)}")
    integer("num_layers", options["num_layers"], 1, len(weights))
    V, H = len(weights["linear.bias"]), weights["rnn.weight_hh_l0"].shape[1]
    with torch.device("meta"):  # no memory yet: a file may name any size
        net = RNNModel(LAYERS[kind](V, H, **options), V)
    check_state_dict(weights, net.state_dict())
    net.to(_dtype_of(weights)).to_empty(device=device).load_state_dict(weights)
    return net


def _dtype_of(weights: dict[str, Tensor]) -> torch.dtype:
    dtypes = {values.dtype for values in weights.values()}
    if len(dtypes) != 1 or not dtypes <= {*DTYPES}:
        names = ", ".join(sorted(map(str, dtypes)))
        raise ValueError(f"net must be all float32 or all float64, got {names}")
    return dtypes.pop()


# ---- the file ----


def _write(path: str | os.PathLike, contents: bytes) -> Path:
    """Write a file beside its place, and then move it there."""
    try:
        path = Path(path).expanduser().resolve()
        beside = path.with_name(f".{secrets.token_hex(8)}.part")
        try:
            with beside.open("wb") as file:
                file.write(contents)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        finally:
            with contextlib.suppress(OSError):
                beside.unlink()
    except (*files.PATH_ERRORS, TypeError) as error:
        raise ValueError(
            f"path must name a file that can be written, got {str(path)!r:.300}: "
            f"{error}"
        ) from None
    return path


def _read(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The weights of a file, in memory of their own, and the text about them."""
    why_not = files.obstacle(path)
    if why_not == os.strerror(errno.ENOENT):
        raise FileNotFoundError(f"path must name a file, got {str(path)!r}: {why_not}")
    try:
        if why_not is not None:
            raise OSError(why_not)
        with safetensors.safe_open(Path(path).expanduser(), framework="pt") as opened:
            about = opened.metadata() or {}
            weights = {name: opened.get_tensor(name).clone() for name in opened.keys()}
    except (OSError, ValueError, safetensors.SafetensorError) as error:
        raise ValueError(
            f"path must name a model that `save` has saved, got {str(path)!r:.300}: "
            f"{error}"
        ) from None
    return weights, about
