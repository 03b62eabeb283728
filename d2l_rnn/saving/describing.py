"""What a saved model's file says of it: JSON, and back."""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Iterable
from dataclasses import asdict

import torch

import d2l_rnn
from d2l_rnn.checks import integer, one_of, shown
from d2l_rnn.progress import History, Progress
from d2l_rnn.rnn import Model
from d2l_rnn.sweeping import Setting
from d2l_rnn.text import Vocab

# JSON knows no such numbers.
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


# ---- the vocabulary ----


def words(vocab: Vocab, net: Model) -> dict:
    """The tokens of a model's vocabulary, and how often each occurred.

    Raises ValueError if it is not the model's, or has a token that JSON cannot hold.
    """
    if not isinstance(vocab, Vocab) or len(vocab) != net.vocab_size:
        raise ValueError(
            f"vocab must be the model's, of {net.vocab_size} tokens, got {shown(vocab)}"
        )
    return {
        "tokens": [_word(token) for token in vocab],
        "freqs": [[_word(token), freq] for token, freq in vocab.token_freqs],
    }


def _word(token: object) -> object:
    """A token for JSON, which has lists instead of tuples."""
    if isinstance(token, tuple):
        return [_word(part) for part in token]
    if isinstance(token, (str, int)) and not isinstance(token, bool):
        return token
    raise ValueError(
        "vocab must have tokens that are text, whole numbers, or tuples of these, got "
        f"{shown(token)}"
    )


def vocabulary(words: dict, size: int) -> Vocab:
    """The vocabulary of these words; ValueError if it does not have this size."""
    freqs = [(_token(word), integer("freq", freq, 1)) for word, freq in words["freqs"]]
    vocab = Vocab.restored(map(_token, words["tokens"]), freqs)
    if len(vocab) != size:
        raise ValueError(f"its vocabulary has {len(vocab)} tokens, its model {size}")
    return vocab


def _token(word: object) -> object:
    return tuple(map(_token, word)) if isinstance(word, list) else word


# ---- setting, history, versions ----


def values_of(setting: Setting | None, net: Model) -> dict | None:
    """The values of a setting, or None; ValueError if it is another model's."""
    if setting is None:
        return None
    if not isinstance(setting, Setting):
        raise ValueError(f"setting must be a Setting or None, got {shown(setting)}")
    if setting.num_hiddens != net.num_hiddens:
        raise ValueError(
            f"setting must be the model's, with num_hiddens={net.num_hiddens}, got "
            f"{setting}"
        )
    return asdict(setting)


def records(history: Iterable[Progress]) -> list[dict]:
    """The records of a run, for JSON; ValueError if they are none."""
    history = list(history)
    if not all(isinstance(record, Progress) for record in history):
        raise ValueError(f"history must be records of a run, got {shown(history)}")
    return [
        {name: _number(value) for name, value in asdict(record).items()}
        for record in history
    ]


def _number(value: object) -> object:
    """A number for JSON, or several."""
    if isinstance(value, (tuple, list)):
        return [_number(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value


def history(records: list[dict]) -> History:
    """The history of these records; ValueError if they are none."""
    if not isinstance(records, list):
        raise ValueError(f"its history is {records!r}")
    return History(map(_progress, records))


def _progress(record: dict) -> Progress:
    kinds = {field.name: field.type for field in dataclasses.fields(Progress)}
    values = {name: _value(each, kinds[name]) for name, each in record.items()}
    return Progress(**values)


def _value(value: object, kind: str) -> object:
    if value is None and "None" in kind:
        return None
    if kind.startswith("tuple"):
        return tuple(_value(each, "float") for each in value)
    if kind == "bool":
        return one_of("diverged", value, (True, False))
    if kind == "int":
        return integer("epoch", value, at_least=1)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return NOT_FINITE[value]


def versions() -> dict[str, str]:
    """Those of this package, PyTorch and Python."""
    return {
        "d2l_rnn": d2l_rnn.__version__,
        "torch": torch.__version__,
        "python": platform.python_version(),
    }
