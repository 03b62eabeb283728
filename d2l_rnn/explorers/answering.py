"""Panels that answer each setting of their sliders with one picture.

A computed answer is always shown, even if the slider has moved on meanwhile; the newest
setting comes next. So the picture keeps up with a slider that never stops.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING

from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.panel import Panel
from d2l_rnn.explorers.saved import plain
from d2l_rnn.pictures import Picture
from d2l_rnn.threads import limited_to

if TYPE_CHECKING:
    from d2l_rnn.explorers.chart import Chart
    from d2l_rnn.explorers.sheet import Sheet


class Answering(Panel):
    """Sliders, and an answer to each of their settings, computed by `answer`.

    A subclass shows it in `_draw`, which is called in the panel's thread.
    """

    @abstractmethod
    def answer(self, **values) -> tuple[object, str]:
        """What is drawn for these values of the controls, and HTML below it.

        It is called in the panel's thread. If it raises a ValueError, the reader sees
        the message.
        """

    def answer_to(self, *names: str) -> None:
        """Redraw, because these controls have changed."""
        draw, rest, values = weakly(self._draw_alone), self._rest(), self.values

        def job():
            draw(values)
            rest(values)

        self.live.start(job)

    def _rest(self) -> Callable[[dict], None]:
        """What is done after the answer to some values; it may last.

        So it must not hold the panel, which would then live as long.
        """
        return lambda values: None

    def _draw_alone(self, values: dict) -> None:
        """On one thread: the browser needs a core too, and a second thread without one
        of its own would keep the first waiting."""
        with limited_to(1):
            self._draw(values)

    @abstractmethod
    def _draw(self, values: dict) -> None: ...

    def _answered(self, values: dict, kind: type) -> tuple[object, str]:
        """What `answer` returns; ValueError unless it is one of this kind and words."""
        found = self.answer(**values)
        is_pair = isinstance(found, (tuple, list)) and len(found) == 2
        if is_pair and isinstance(found[0], kind) and isinstance(found[1], str):
            return tuple(found)
        got = type(found).__name__
        if is_pair:
            got = f"({', '.join(type(each).__name__ for each in found)})"
        raise ValueError(f"answer must return ({kind.__name__}, words), got {got}")


class Redrawn(Answering):
    """An answer that the browser draws from its numbers.

    What the notebook keeps is drawn by matplotlib, from the same numbers.
    """

    @property
    @abstractmethod
    def _last(self) -> Chart | Sheet | None:
        """The last answer, which has a `picture`; None before the first."""

    def finished(
        self, check: Callable[[], None] = lambda: None
    ) -> tuple[bytes, str] | None:
        """The last answer as a picture, and the words about it."""
        if (picture := self.picture) is None:
            return None
        picture.check_while_drawn(check)
        return picture.png(), self.view.readout

    @property
    def picture(self) -> Picture | None:
        """The last answer, drawn by matplotlib; None before the first."""
        if self._last is None:
            return None
        picture = self._last.picture()
        picture.describe(self.view.alt, otherwise=picture.alt)
        return picture


class Explorer(Answering):
    """Sliders, and a picture by matplotlib that is redrawn when one of them moves.

    A subclass declares its controls, and computes the `Picture` for them in `answer`.
    """

    picture: Picture | None = None

    def finished(
        self, check: Callable[[], None] = lambda: None
    ) -> tuple[bytes, str] | None:
        """The last picture, and the line below it."""
        png = self.view.picture
        return (png, self.view.readout) if png else None

    def _draw(self, values: dict) -> None:
        picture, words = self._answered(values, Picture)
        png = picture.png(compress_level=1)
        self.picture = picture
        with self.view.hold_sync():
            self.view.picture, self.view.readout = png, words
            self.view.alt = plain(words)
