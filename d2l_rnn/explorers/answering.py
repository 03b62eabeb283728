"""Panels that answer each setting of their sliders with one picture.

What has been computed is always shown, even if the slider has moved on meanwhile; then
the newest setting is next. So the picture follows a hand that does not rest.
"""

from __future__ import annotations

import functools

from d2l_rnn.explorers.panel import Panel
from d2l_rnn.explorers.saved import plain
from d2l_rnn.pictures import Picture


class Explorer(Panel):
    """Sliders, and a picture that is redrawn when one of them moves.

    A subclass declares its controls, and computes the picture for them in `answer`.
    """

    def __init__(self, **values):
        self.picture: Picture | None = None
        super().__init__(**values)

    def answer(self, **values) -> tuple[Picture, str]:
        """The picture for these values of the controls, and a line of HTML below it.

        It is called in the explorer's thread. If it raises a ValueError, the reader
        sees the message.
        """
        raise NotImplementedError

    def answer_to(self, *names: str) -> None:
        """Redraw the picture, because these controls have changed."""
        self.live.start(functools.partial(self._draw, self.values))

    def finished(self) -> tuple[Picture, str] | None:
        """The last picture, and the line below it."""
        return None if self.picture is None else (self.picture, self.view.readout)

    def _draw(self, values: dict) -> None:
        self.picture, words = self.answer(**values)
        with self.view.hold_sync():
            self.view.picture, self.view.readout = self.picture.png(), words
            self.view.alt = plain(words)
