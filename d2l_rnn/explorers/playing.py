"""A button that plays a panel: it takes one step after another, until the end."""

from __future__ import annotations

import threading
from collections.abc import Callable

import ipywidgets as widgets

from d2l_rnn.explorers import lifetime

APART = 0.5  # seconds between two steps


class Player:
    """A button, "play" and then "pause", and the walk that it begins and ends.

    `advance` takes a step, and returns True if there is another one; `on_change` is
    called when the walk has begun or ended. A timer waits between steps; once the walk
    has ended, no thread is left.
    """

    def __init__(self, advance: Callable[[], bool], on_change: Callable[[], None]):
        self.advance, self.on_change = advance, on_change
        self.button = widgets.ToggleButton(layout={"width": "auto"})
        self._timer: threading.Timer | None = None
        self._describe()
        self.button.observe(lambda _: self._pressed(), "value")

    @property
    def is_playing(self) -> bool:
        """True from the first step to the last."""
        return self.button.value

    def stop(self) -> None:
        """End the walk, as a second press does."""
        self.button.value = False

    def _pressed(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._describe()
        self.on_change()
        if self.is_playing:
            self._wait(0)

    def _wait(self, seconds: float) -> None:
        self._timer = timer = threading.Timer(seconds, lambda: self._step(timer))
        timer.daemon = True
        lifetime.begin(timer)

    def _step(self, timer: threading.Timer) -> None:
        """Take a step when a timer ends, unless a later press has replaced it."""
        if timer is not self._timer:
            return
        goes_on = self.advance()
        if timer is not self._timer:
            return
        if goes_on:
            self._wait(APART)
        else:
            self.stop()

    def _describe(self) -> None:
        name = "pause" if self.is_playing else "play"
        hint = "stop here" if self.is_playing else "go on to the end, step by step"
        self.button.description, self.button.icon = name, name
        self.button.tooltip = hint


class Played:
    """What a panel with a `Player` has: the slider `played` is moved, step by step.

    It stands before the panel's other base. Any move of the reader's own ends the walk.
    """

    played: str

    def stop(self) -> None:
        """Stop playing, and drop what is being computed."""
        self.player.stop()
        super().stop()

    def _player(self) -> Player:
        return Player(lifetime.weakly(self._advance), lifetime.weakly(self._played))

    def _advance(self) -> bool:
        """Take the player's next step; False if it is the last."""
        with self._lock:
            last = self.widgets[self.played].max
            if self.player.is_playing:  # the reader may have stopped it meanwhile
                # At the end, it begins anew.
                now = getattr(self, self.played)
                self.set(**{self.played: now + 1 if now < last else 1})
            return getattr(self, self.played) < last

    def _played(self) -> None:
        self.view.is_running = self.player.is_playing

    def _moved(self, name: str) -> None:
        with self._lock:
            if not self._is_setting:
                self.player.stop()
            super()._moved(name)
