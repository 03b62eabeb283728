"""The controls that a class of panels declares, and the names that they may have."""

from __future__ import annotations

from d2l_rnn.explorers.controls import Control

# What a panel gets when it is made, and what no call can name.
TAKEN = {
    "controls", "widgets", "view", "live", "panel", "is_watched", "is_by_hand", "self",
    "_lock", "_is_setting", "_kept", "_kept_state", "_keeping", "_end", "_is_made",
}  # fmt: skip


def controls_of(panel: type) -> dict[str, Control]:
    """The controls of a class and of those that it is derived from, by name."""
    return {
        name: control
        for parent in reversed(panel.__mro__)
        for name, control in vars(parent).items()
        if isinstance(control, Control)
    }


def check_names(panel: type) -> None:
    """Raises ValueError for a control with the name of anything else in a panel."""
    for name in controls_of(panel):
        above = [vars(each)[name] for each in panel.__mro__[1:] if name in vars(each)]
        if name in TAKEN or not all(isinstance(each, Control) for each in above):
            raise ValueError(
                f"the control {name!r} of {panel.__name__} must have another name: "
                f"a panel has a {name!r} already"
            )
