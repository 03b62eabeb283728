"""The text that a panel reads: *The Time Machine*, the story, or the reader's own."""

from __future__ import annotations

import functools

from d2l_rnn import corpora, text
from d2l_rnn.explorers.controls import Choice, Words

TIME_MACHINE, STORY, OWN = "time machine", "story", "own"
CHOICES = {"The Time Machine": TIME_MACHINE, "the story": STORY, "my own": OWN}


class TextChoice(Choice):
    """Which text: *The Time Machine* where it is to be had, else the story."""

    def __init__(self, hint: str = ""):
        super().__init__("text", CHOICES, TIME_MACHINE, hint)

    def widget(self):
        widget = super().widget()
        if not corpora.find_text().is_time_machine:
            widget.value = STORY
        return widget


class OwnText(Words):
    """A box for a text of the reader's own."""

    def __init__(self, placeholder: str):
        super().__init__("my own text", rows=3, placeholder=placeholder)


@functools.lru_cache(maxsize=8)
def lines_of(which: str, own_text: str = "", clean: bool = True) -> list[str]:
    """The lines of a text; with `clean`, only their letters from a to z.

    Raises ValueError if *The Time Machine* is neither here nor to be had, if there is
    no text, or if cleaning leaves nothing of it.
    """
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


def _path(which: str):
    if which == STORY:
        return corpora.STORY_PATH
    found = corpora.find_text()
    if not found.is_time_machine:
        raise ValueError(
            "text must be the story or your own: offline, and The Time Machine has not "
            "been fetched yet"
        )
    return found.path
