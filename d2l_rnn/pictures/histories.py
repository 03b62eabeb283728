"""Runs of training, checked before they are drawn: the records of their epochs."""

from __future__ import annotations

import math
import reprlib
from collections.abc import Iterable, Mapping
from types import SimpleNamespace

import numpy as np

from d2l_rnn.checks import real_array, shown
from d2l_rnn.pictures.drawable import MOST, mapping, series

HELD_OUT = "held_out_perplexity"  # the field that a record may lack, or have as None


def records(name: str, run: Iterable, *fields: str) -> list[SimpleNamespace]:
    """The records of a run, with their epochs and these fields as Python's numbers.

    HELD_OUT is NaN where it was not measured. Raises ValueError unless the records have
    real numbers in the fields, and rising epochs.
    """
    needed = ["epoch", *(field for field in fields if field != HELD_OUT)]
    try:
        found = list(run)
    except TypeError:
        found = [run]
    for record in found:
        if not all(hasattr(record, field) for field in needed):
            raise ValueError(
                f"{name} must be a sequence of records with {', '.join(needed)}, "
                f"got {reprlib.repr(record)} in it"
            )
    columns = {field: _numbers(name, found, field) for field in fields}
    epochs = series(f"epoch of {name}", [record.epoch for record in found]).tolist()
    if not np.isfinite(epochs).all() or (np.diff(epochs) <= 0).any():
        raise ValueError(
            f"the epochs of {name} must rise from record to record, "
            f"got {reprlib.repr(epochs)}"
        )
    columns["epoch"] = [int(each) if each.is_integer() else each for each in epochs]
    rows = zip(*columns.values(), strict=True)
    return [SimpleNamespace(**dict(zip(columns, row, strict=True))) for row in rows]


def _numbers(name: str, run: list, field: str) -> list[float]:
    """A field of all records, as floats."""
    values = [getattr(record, field, None) for record in run]
    lacks_one = field != HELD_OUT and any(value is None for value in values)
    found = real_array(f"{field} of {name}", values)
    if lacks_one or found.ndim != 1:
        raise ValueError(
            f"{field} of {name} must be a number in each record, got {shown(values)}"
        )
    return found.tolist()


def checked(runs: Mapping[str, Iterable]) -> dict[str, list[SimpleNamespace]]:
    """Runs {label: history} as lists of records.

    Raises ValueError if there is none, as `records` does, and for a perplexity that is
    not positive.
    """
    form = "{label: history}, such as {'RNN': history}"
    found = {}
    for label, run in mapping("runs", runs, form).items():
        name = f"runs[{shown(label)}]"
        found[label] = records(name, run, "perplexity", HELD_OUT)
        for field in ("perplexity", HELD_OUT):
            for record in found[label]:
                if (value := getattr(record, field)) <= 0:
                    raise ValueError(
                        f"{field} of {name} must be greater than 0, got {value:g}"
                    )
    if not found:
        raise ValueError(f"runs must have at least one run {form}, got none")
    return found


def course(run: list[SimpleNamespace], field: str) -> tuple[list, list[float]]:
    """The epochs in which a field was measured, and its values, up to the last finite.

    Before that, NaN stands for one that is not finite.
    """
    values = {record.epoch: getattr(record, field) for record in run}
    if field == HELD_OUT:  # NaN: it was not measured
        values = {epoch: each for epoch, each in values.items() if not math.isnan(each)}
    drawn = [each if each < MOST else math.nan for each in values.values()]
    while drawn and math.isnan(drawn[-1]):
        drawn.pop()
    return list(values)[: len(drawn)], drawn


def highest(run: list[SimpleNamespace]) -> float:
    """The highest perplexity of a run that can be drawn; 0 if there is none."""
    return max((each.perplexity for each in run if each.perplexity <= MOST), default=0)


def norms(name: str, run: list[SimpleNamespace], field: str) -> list[float]:
    """A field of all records, with NaN for what is not finite, or far too large.

    Raises ValueError if one is negative.
    """
    values = [getattr(record, field) for record in run]
    for value in values:
        if value < 0:
            raise ValueError(f"{field} of {name} must be at least 0, got {value:g}")
    return [each if each <= MOST else math.nan for each in values]


def percentages(name: str, run: list[SimpleNamespace], field: str) -> list[float]:
    """A field of all records, in per cent.

    Raises ValueError if one is not from 0 to 1; NaN may stand for none.
    """
    values = [getattr(record, field) for record in run]
    for value in values:
        if value < 0 or value > 1:
            raise ValueError(f"{field} of {name} must be from 0 to 1, got {value:g}")
    return [100 * value for value in values]
