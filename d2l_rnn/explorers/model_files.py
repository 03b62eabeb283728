"""The runs of the training panel as files, and back: no widgets.

A file says what its model was trained with, but not on which text: the text is found
among those of the panel by the file's vocabulary.
"""

from __future__ import annotations

import contextlib
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from torch import nn

from d2l_rnn import saving
from d2l_rnn.checks.files import reason
from d2l_rnn.explorers.controls import Control
from d2l_rnn.explorers.text_controls import CHOICES, STORY, in_use
from d2l_rnn.explorers.training_runs import Plan, Run, Runs, load
from d2l_rnn.progress import History
from d2l_rnn.rnn import Model
from d2l_rnn.sweeping import Setting
from d2l_rnn.text import Vocab

CELLS = {"scratch": "rnn", "rnn": "nn-rnn", "gru": "gru", "lstm": "lstm"}
NAME = "model.safetensors"  # of a file that is only on its way


def save(run: Run, path: str | os.PathLike) -> Path:
    """Save the model of a run, as it was after its last whole epoch.

    Raises ValueError if it has none yet, or if the file cannot be written.
    """
    net, history = _copied(run)
    return saving.save(path, net, run.text.vocab, run.plan.setting, history)


def contents(run: Run) -> tuple[str, bytes]:
    """A name for the file of a run's model, and what is in it.

    Raises ValueError as `save` does, and OSError as `on_its_way` does.
    """
    net, history = _copied(run)
    setting = run.plan.setting
    with on_its_way("save") as path:
        saving.save(path, net, run.text.vocab, setting, history)
        return _name(setting, len(history)), path.read_bytes()


@contextlib.contextmanager
def on_its_way(act: str) -> Iterator[Path]:
    """The path of a file that is there in the block, to and from the browser.

    Raises OSError where no such file can be, with what to do instead: `act` from code.
    """
    try:
        folder = tempfile.TemporaryDirectory()
    except OSError as error:
        raise OSError(
            f"this machine has no temporary folder ({reason(error)}): use the method "
            f"{act}(path) instead"
        ) from None
    with folder as name:
        yield Path(name) / NAME


def _copied(run: Run) -> tuple[Model, History]:
    """Copies of model and history; the model may be writing a text in this moment."""
    net, history = run.copied()
    if isinstance(net, nn.Module):
        net.train()
    return net, history


def _name(setting: Setting, epoch: int) -> str:
    theta = "-off" if setting.theta is None else f"{setting.theta:g}"
    return (
        f"{CELLS[setting.cell]}-H{setting.num_hiddens}-theta{theta}-epoch{epoch}"
        ".safetensors"
    )


# ---- From a file ----


def opened(
    path: str | os.PathLike, values: Mapping, controls: Mapping[str, Control]
) -> Run:
    """The run whose model a file holds; `values` are those of the panel's `controls`.

    Its text is the one with the file's vocabulary: the one that is chosen, *The Time
    Machine*, the story, or the reader's own.

    Raises FileNotFoundError if there is no such file, and ValueError if it is not one
    of `saving.save`, if no panel can train its model, or if that has learned a text
    that the panel does not have.
    """
    saved = saving.load(path)
    try:
        _check_setting(saved.setting, controls)
        _check_model(saved.net, saved.setting)
        _check_history(saved.history)
        held_out = not all(map(math.isnan, saved.history.held_out_perplexity))
        text, own_text = _text_of(saved.vocab, held_out, values)
        return _run(Plan(saved.setting, text, own_text, held_out), saved)
    except ValueError as error:
        raise ValueError(
            "path must name a model that this panel can train, got "
            f"{str(path)!r}: {error}"
        ) from None


def _check_setting(setting: Setting | None, controls: Mapping[str, Control]) -> None:
    """Raise ValueError unless the controls can show the setting."""
    if setting is None:
        raise ValueError("it was saved without its setting")
    for name, value in Plan(setting, STORY).values.items():
        controls[name].checked(value)


def _check_model(net: Model, setting: Setting) -> None:
    """Raise ValueError unless the panel itself makes such models."""
    if _kind(net) != _kind(setting.model(net.vocab_size)):
        raise ValueError(
            f"its model is not what its setting makes, cell={setting.cell!r} with "
            f"num_hiddens={setting.num_hiddens}, one layer, float32"
        )


def _kind(net: Model) -> tuple:
    """What two models have in common that differ only in their numbers."""
    weights = net.state_dict().items()
    layer = net.rnn.mode if isinstance(net, nn.Module) else None
    return layer, {name: (each.shape, each.dtype) for name, each in weights}


def _check_history(history: History) -> None:
    """Raise ValueError unless a run can go on after it."""
    if not history:  # else it has every epoch: `saving.load` sees to it
        raise ValueError("its history must have every epoch from the first, got none")


def _text_of(vocab: Vocab, held_out: bool, values: Mapping) -> tuple[str, str]:
    """Which text has this vocabulary, and the reader's own text if it is that."""
    for which in dict.fromkeys((values["text"], *CHOICES.values())):
        own_text = in_use(which, values["own_text"])
        with contextlib.suppress(ValueError):  # there is no such text here
            if _is_same(load(which, own_text, held_out).vocab, vocab):
                return which, own_text
    raise ValueError(
        f"it has learned a text with a vocabulary of {len(vocab)} tokens that is none "
        'of the panel\'s; to open it, paste that text as "my own" first'
    )


def _is_same(one: Vocab, other: Vocab) -> bool:
    """True if tokens and frequencies agree: other words would have others."""
    return [*one] == [*other] and dict(one.token_freqs) == dict(other.token_freqs)


def _run(plan: Plan, saved: saving.SavedModel) -> Run:
    run = Run.of(plan)
    for record in saved.history:
        run.add(record)
        if record.tokens_per_second > 0:
            run.seconds += len(run.text.corpus) / record.tokens_per_second
    run.net = saved.net
    return run


def join(opened: Run, runs: Runs) -> Run:
    """The run to be shown once one from a file has been opened.

    If there is a run with this plan and curve, that is the longer of the two. A run
    whose curve is another, as on other machines, stays under a plan of its own.
    """
    known = runs.find(opened.plan)
    if known is None:
        return opened
    both = min(len(known.history), len(opened.history))
    if known.history.perplexity[:both] == opened.history.perplexity[:both]:
        return max(known, opened, key=lambda run: len(run.history))
    if runs.pop(known.plan, None) is not None:
        known.plan = replace(known.plan, earlier=_next_earlier(known.plan, runs))
        runs[known.plan] = known
    return opened


def _next_earlier(plan: Plan, runs: Runs) -> int:
    alike = [each.earlier for each in runs if replace(each, earlier=0) == plan]
    return 1 + max(alike, default=0)
