"""The text that a panel reads: *The Time Machine*, the story, or the reader's own.

Its controls, and the rules for which text is available and how its lines are cleaned.
"""

from __future__ import annotations

from pathlib import Path

import ipywidgets as widgets

from d2l_rnn import checks, corpora, text
from d2l_rnn.explorers.caching import cached
from d2l_rnn.explorers.controls import Choice, Words

TIME_MACHINE, STORY, OWN = "time machine", "story", "own"
CHOICES = {"The Time Machine": TIME_MACHINE, "the story": STORY, "my own": OWN}


class TextChoice(Choice[str]):
    """Which text to read; the default is `at_hand()`."""

    def __init__(self, hint: str = ""):
        super().__init__("text", CHOICES, TIME_MACHINE, hint)

    def widget(self) -> widgets.ToggleButtons:
        """A button for each text, with that of the default pressed."""
        widget = super().widget()
        widget.value = at_hand()
        return widget


class OwnText(Words):
    """A box for the reader's own text."""

    def __init__(self, placeholder: str):
        super().__init__("my own text", rows=3, placeholder=placeholder)


def at_hand() -> str:
    """The default text: *The Time Machine* if it can be found, else the story."""
    return TIME_MACHINE if corpora.find_text().is_time_machine else STORY


def in_use(which: str, own_text: str) -> str:
    """The reader's own text if it is chosen, else an empty one."""
    return own_text if which == OWN else ""


@cached(maxsize=8)
def lines_of(which: str, own_text: str = "", clean: bool | None = None) -> list[str]:
    """The lines of a text; with `clean=True`, only their letters from a to z.

    By default the reader's own text stays as it is, in any script, and the others are
    cleaned.

    Raises ValueError if there is no such text, if *The Time Machine* was not found, if
    the reader's text is empty, or if cleaning leaves nothing of it.
    """
    checks.one_of("which", which, list(CHOICES.values()))
    checks.string("own_text", own_text)
    clean = which != OWN if clean is None else checks.truth("clean", clean)
    if which != OWN:
        return text.load_lines(_path(which), clean)
    if not own_text.strip():
        raise ValueError("own_text must be a text with words in it: paste one")
    lines = own_text.splitlines()
    if not clean:
        return lines
    lines = [text.clean_line(line) for line in lines]
    if not any(lines):
        raise ValueError(
            'clean must be False ("as it is") for a text without letters from a to z: '
            "cleaning it leaves nothing"
        )
    return lines


def _path(which: str) -> Path:
    if which == STORY:
        return corpora.STORY_PATH
    found = corpora.find_text()
    if not found.is_time_machine:
        raise ValueError(
            "text must be the story or your own: offline, and The Time Machine has not "
            "been fetched yet"
        )
    return found.path
