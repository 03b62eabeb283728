"""How a panel responds while a cell runs: what ipykernel 7.4 makes of its messages."""

from __future__ import annotations

import ipywidgets as widgets

# The versions that `answer_meanwhile` is needed for, and has been tried with.
FIRST, LAST = (7, 4), (8,)


def answer_meanwhile(widget: widgets.Widget) -> None:
    """Let a widget, and all its children, respond while a cell runs.

    JupyterLab asks for that by sending their messages to a subshell of the kernel. But
    ipykernel 7.4 routes a message to the shell that last sent one in the other
    direction, which is the cell's if code has moved a slider. This makes it use the
    subshell that was asked for. Other versions of ipykernel are left alone.
    """
    if is_needed():
        _answer_meanwhile(widget)


def is_needed() -> bool:
    """True for a version of ipykernel that routes messages so."""
    try:
        from ipykernel import version_info
    except ImportError:  # another kernel, or none
        return False
    return FIRST <= tuple(version_info[:2]) < LAST


def _answer_meanwhile(widget: widgets.Widget) -> None:
    if hasattr(widget.comm, "_reply_subshell_for"):
        widget.comm._reply_subshell_for = lambda data, asked_for: asked_for
    for child in getattr(widget, "children", ()):
        _answer_meanwhile(child)
