"""The panels that a notebook shows: they live on, whether or not they have a name.

A cell that is run again lets go of the panels that it has shown. Those that have no
name elsewhere end with that.
"""

from __future__ import annotations

import re
import sys

# By cell; under None, those of cells that cannot be told apart.
_shown: dict[str | None, list] = {}


def hold(panel: object) -> None:
    """Keep a panel alive until the cell that runs now is run again."""
    if (shell := _shell()) is None:
        return
    shell.events.register("pre_run_cell", _let_go_of_cell)  # once, however often asked
    held = _shown.setdefault(_cell(shell), [])
    if not any(each is panel for each in held):
        held.append(panel)


def let_go(panel: object) -> None:
    """Keep a panel alive no longer, wherever it is shown."""
    for cell, held in [*_shown.items()]:
        _shown[cell] = [each for each in held if each is not panel]
    if (shell := _shell()) is not None:
        _forget(shell, panel)


def _let_go_of_cell(_) -> None:
    """Let go of what the cell that is about to run has shown before."""
    shell = _shell()
    if (cell := _cell(shell)) is not None:
        for panel in _shown.pop(cell, ()):
            _forget(shell, panel)


def _shell():
    """IPython's, if this is one."""
    # Not imported for that: outside Jupyter, IPython may not be there.
    module = sys.modules.get("IPython")
    return module.get_ipython() if module else None


def _cell(shell) -> str | None:
    """What identifies the cell that runs now, or None.

    JupyterLab, Notebook 7 and VS Code send `cellId` with the code, Colab its own.
    """
    try:
        metadata = shell.get_parent()["metadata"]
        return metadata.get("cellId") or metadata["colab"]["cell_id"]
    except (AttributeError, KeyError, TypeError):
        return None


def _forget(shell, panel: object) -> None:
    """Remove a panel from what IPython keeps of the results of cells."""
    names = shell.user_ns
    for results in (names, shell.user_ns_hidden, names.get("_oh", {})):
        for name in [name for name, each in [*results.items()] if each is panel]:
            if re.fullmatch(r"_*\d*", str(name)):  # 5, as in Out[5], or _5, _, __
                del results[name]
    for name in ("_", "__", "___"):
        if getattr(shell.displayhook, name, None) is panel:
            setattr(shell.displayhook, name, None)
    last = getattr(shell, "last_execution_result", None)
    if getattr(last, "result", None) is panel:
        last.result = None
