"""A trained model in one file, and back.

    saving.save("traveller.safetensors", net, vocab, setting, history)
    saved = saving.load("traveller.safetensors")
    generating.predict("time traveller", 50, saved.net, saved.vocab)

The file is one of the library safetensors: the weights by name, some text about them in
JSON (the kind of model, the vocabulary, the setting, the history, and the versions of
what made it), and a checksum of all that. It holds no code, and none is run when it is
loaded.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from d2l_rnn.checks import shown
from d2l_rnn.checks.tensors import Device, checked_device
from d2l_rnn.progress import History, Progress
from d2l_rnn.rnn import Model
from d2l_rnn.saving import building, describing, storing
from d2l_rnn.sweeping import Setting
from d2l_rnn.text import Vocab

FORMAT = "d2l_rnn model 2"


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

    `net` is a scratch RNN, GRU or LSTM, or an `RNNModel`, in float32 or float64. Its
    training mode comes along, and which parameters are frozen; an optimizer does not.
    `setting` and `history` are what it was trained with, and its records, from epoch 1
    on. The file is written beside its place and then moved there: one that was there
    before is replaced as a whole, or not at all, and hands its permissions on.

    Raises ValueError for what would not come back the same: a model of another kind,
    with hooks or changed otherwise, or whose weights are not finite, as after a
    divergence; a vocabulary, setting or history that is not the model's or was never
    one; a token that is neither text nor a whole number, nor a tuple of them; and if
    the file cannot be written.
    """
    records = describing.records(history)  # first: a run trains while it is read
    about, weights = building.described(net)
    texts = {
        "format": FORMAT,
        "model": describing.dumped("net", about),
        "vocab": describing.words(vocab, net),
        "setting": describing.values_of(setting, net),
        "history": records,
        "versions": describing.versions(),
    }
    return storing.write(path, weights, texts)


def load(path: str | os.PathLike, device: Device = None) -> SavedModel:
    """Load what `save` has saved; the model goes to `device`.

    Raises FileNotFoundError if there is no such file, and ValueError if it is not one
    of `save`, or a bit of it has changed since, and for a device that is not there.
    """
    device = checked_device(device)
    try:
        weights, texts = storing.read(path)
        if texts["format"] != FORMAT:
            raise ValueError(f"its format is {shown(texts['format'])}, not {FORMAT!r}")
        storing.check_whole(weights, texts)
        return _restored(weights, texts, device)
    except (
        ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError,
    ) as error:  # fmt: skip
        raise ValueError(
            f"path must name a model that `save` has saved, got {str(path)!r:.300}: "
            f"{_reason(error)}"
        ) from None


def _restored(
    weights: dict[str, Tensor], texts: dict[str, str], device: torch.device
) -> SavedModel:
    said = {
        name: describing.parsed(texts[name])
        for name in ("model", "vocab", "setting", "history", "versions")
    }
    net = building.model(said["model"], weights, device)
    return SavedModel(
        net,
        describing.vocabulary(said["vocab"], net.vocab_size),
        describing.setting_of(said["setting"], net),
        describing.history_of(said["history"]),
        describing.versions_of(said["versions"]),
    )


def _reason(error: Exception) -> str:
    return f"it has no {error}" if isinstance(error, KeyError) else str(error)
