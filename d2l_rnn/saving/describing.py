"""What a saved model's file says beside its weights: JSON, and back."""

from __future__ import annotations

import dataclasses
import json
import math
import numbers
import platform
from collections.abc import Iterable

import torch

import d2l_rnn
from d2l_rnn.checks import integer, listed, plain, positive, shown, truth
from d2l_rnn.progress import ROUNDING, History, Progress
from d2l_rnn.rnn import Model
from d2l_rnn.saving.building import cell_of
from d2l_rnn.sweeping import Setting
from d2l_rnn.text import Vocab

# JSON knows no such numbers.
NOT_FINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
DEEPEST = 9  # tuples in tuples, of a token
# What a field of a record is at least and at most, if not 0 and infinity.
AT_LEAST = dict.fromkeys(("perplexity", "held_out_perplexity"), 1 - ROUNDING)
AT_MOST = {"clipped_fraction": 1}


# ---- JSON ----


def dumped(name: str, value: object) -> str:
    """A value as JSON; ValueError if it cannot be."""
    try:
        return json.dumps(_without_nan(value), allow_nan=False)
    except (TypeError, ValueError) as error:  # an integer of many thousand digits, say
        raise ValueError(f"{name} must be what JSON can hold: {error}") from None


def parsed(text: str) -> object:
    """What a text in JSON says; ValueError for NaN, or a name that stands there twice.

    Raises RecursionError for too many lists in lists.
    """
    return json.loads(text, parse_constant=_refused, object_pairs_hook=_distinct)


def _refused(constant: str) -> None:
    raise ValueError(f"it has the number {constant}, which is not JSON")


def _distinct(pairs: list[tuple[str, object]]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError(f"it has a name twice, of {shown([*dict(pairs)])}")
    return found


def _without_nan(value: object) -> object:
    """A number for JSON, or several."""
    if isinstance(value, (tuple, list)):
        return [_without_nan(each) for each in value]
    if isinstance(value, dict):
        return {name: _without_nan(each) for name, each in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value


def _with_nan(value: object) -> object:
    """The same, back."""
    if isinstance(value, list):
        return [_with_nan(each) for each in value]
    if isinstance(value, dict):
        return {name: _with_nan(each) for name, each in value.items()}
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


# ---- the vocabulary ----


def words(vocab: Vocab, net: Model) -> str:
    """The tokens of a model's vocabulary, and how often each occurred.

    Raises ValueError if it is not the model's, or has a token that JSON cannot hold.
    """
    if type(vocab) is not Vocab or len(vocab) != net.vocab_size:
        raise ValueError(
            f"vocab must be the model's, of {net.vocab_size} tokens, got {shown(vocab)}"
        )
    freqs = [
        [_word(token), integer("vocab's count of a token", freq, at_least=0)]
        for token, freq in vocab.token_freqs
    ]
    told = dumped("vocab", {"tokens": [*map(_word, vocab)], "freqs": freqs})
    if vars(vocabulary(parsed(told), len(vocab))) != vars(vocab):
        raise ValueError(
            f"vocab must be one that can be made again, got {shown(vocab)}: it has "
            "been changed, or has half a character in a token"
        )
    return told


def _word(token: object, deepest: int = DEEPEST) -> object:
    """A token for JSON, which has lists instead of tuples."""
    if isinstance(token, tuple) and deepest:
        return [_word(part, deepest - 1) for part in token]
    if isinstance(token, numbers.Integral) and not isinstance(token, bool):
        return int(token)
    if isinstance(token, str):
        return token
    raise ValueError(
        "vocab must have tokens that are text, whole numbers, or tuples of these, at "
        f"most {DEEPEST} in each other, got {shown(token)}"
    )


def vocabulary(words: dict, size: int) -> Vocab:
    """The vocabulary of these words; ValueError if it does not have this size."""
    tokens = [*map(_token, listed("tokens", words["tokens"]))]
    if len(tokens) != size:
        raise ValueError(f"its vocabulary has {len(tokens)} tokens, its model {size}")
    freqs = [(_token(word), integer("freq", freq, 0)) for word, freq in words["freqs"]]
    if len(dict(freqs)) < len(freqs):
        raise ValueError("its vocabulary counts a token twice")
    return Vocab.restored(tokens, freqs)


def _token(word: object) -> object:
    if isinstance(word, list):
        return tuple(map(_token, word))
    if isinstance(word, (str, int)) and not isinstance(word, bool):
        return word
    raise ValueError(f"it has a token that is none, {shown(word)}")


# ---- setting, history, versions ----


def values_of(setting: Setting | None, net: Model) -> str:
    """The values of a setting, or None; ValueError if it is another model's."""
    if setting is not None and type(setting) is not Setting:
        raise ValueError(f"setting must be a Setting or None, got {shown(setting)}")
    values = None if setting is None else vars(setting)
    told = dumped("setting", values)
    setting_of(parsed(told), net)
    return told


def setting_of(values: dict | None, net: Model) -> Setting | None:
    """The setting of these values; ValueError if it is another model's, or none."""
    if values is None:
        return None
    setting, cell = Setting(**_with_nan(values)), cell_of(net)
    if (setting.cell, setting.num_hiddens) != (cell, net.num_hiddens):
        raise ValueError(
            f"setting must be the model's, with num_hiddens={net.num_hiddens} and "
            f"cell={cell!r}, got {setting}"
        )
    return setting


def records(history: Iterable[Progress]) -> str:
    """The records of a run; ValueError if they are none, or are such as none has."""
    history = listed("history", history)
    if not all(type(record) is Progress for record in history):
        raise ValueError(f"history must be records of a run, got {shown(history)}")
    checked = _in_order([_checked(record) for record in history])
    return dumped("history", [vars(record) for record in checked])


def history_of(records: list[dict]) -> History:
    """The history of these records; ValueError if they are none."""
    if not isinstance(records, list):
        raise ValueError(f"its history is {shown(records)}")
    return History(
        _in_order([_checked(Progress(**_with_nan(record))) for record in records])
    )


def _in_order(history: list[Progress]) -> list[Progress]:
    """The history; ValueError unless it has every epoch of the model, in order."""
    for wanted, record in enumerate(history, start=1):
        if record.epoch != wanted:
            raise ValueError(
                "history must have all epochs of the model, from 1 on (join those of a "
                f"run that went on to those before), got {record.epoch} in place of "
                f"{wanted}"
            )
    return history


def _checked(record: Progress) -> Progress:
    """The record in Python's own numbers; ValueError for numbers that none has."""
    return Progress(**{
        field.name: _value(field, getattr(record, field.name))
        for field in dataclasses.fields(Progress)
    })  # fmt: skip


def _value(field: dataclasses.Field, value: object) -> object:
    name = f"history's {field.name}"
    value = plain(value, name)
    if field.type == "bool":
        return truth(name, value)
    if field.type == "int":
        return integer(name, value, at_least=1)
    if field.type.startswith("tuple"):
        return tuple(_number(field.name, each) for each in listed(name, value))
    if field.name == "theta":
        return None if value is None else positive(name, value)
    return _number(field.name, value)


def _number(field: str, value: object) -> float:
    """A number that was measured, as a float; NaN where it could not be."""
    at_least, at_most = AT_LEAST.get(field, 0), AT_MOST.get(field, math.inf)
    is_real = isinstance(value, (float, numbers.Real)) and not isinstance(value, bool)
    try:
        number = float(value) if is_real else -math.inf
    except OverflowError:
        number = -math.inf
    if math.isnan(number) or at_least <= number <= at_most:
        return number
    raise ValueError(
        f"history's {field} must be a number from {at_least:.4g} to {at_most}, or NaN, "
        f"got {shown(value)}"
    )


def versions() -> str:
    """Those of this package, PyTorch and Python."""
    return dumped("versions", {
        "d2l_rnn": d2l_rnn.__version__,
        "torch": str(torch.__version__),
        "python": platform.python_version(),
    })  # fmt: skip


def versions_of(told: dict[str, str]) -> dict[str, str]:
    """The same, back; ValueError if they are none."""
    if not isinstance(told, dict) or not all(isinstance(v, str) for v in told.values()):
        raise ValueError(f"its versions are {shown(told)}")
    return told
