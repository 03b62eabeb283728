"""The browser's part of a panel: what it shows, and what a reader does there.

Everything that is seen is a trait, so that a second view, or one that is opened later,
shows the same, and so does a saved widget state without Python. What is drawn from
numbers is drawn by `d2l_rnn.web`.
"""

from __future__ import annotations

from collections.abc import Callable

import anywidget
import traitlets

from d2l_rnn import web


class View(anywidget.AnyWidget):
    """What a panel shows beside its controls.

    kind        which part of `d2l_rnn.web` draws it
    picture     a PNG, of twice as many pixels as it is wide and high on the screen
    width       of the picture on the screen, in pixels
    alt         what the picture shows, in words
    readout     the line of HTML below it
    is_running  True while the readout changes by itself: it is not read out then

    The browser sends events, {"event": name, …}: `on(name, act)` says what is done. An
    event may bring bytes along, as `buffers`. "left" follows the last "closed".
    """

    # As text: anywidget watches a file for changes, and keeps each view for that.
    _esm = traitlets.Unicode(web.WIDGET_JS.read_text("utf-8")).tag(sync=True)
    _css = traitlets.Unicode(web.WIDGET_CSS.read_text("utf-8")).tag(sync=True)
    kind = traitlets.Unicode("picture").tag(sync=True)
    picture = traitlets.Bytes(b"").tag(sync=True)
    width = traitlets.Int(640).tag(sync=True)
    alt = traitlets.Unicode("").tag(sync=True)
    readout = traitlets.Unicode("").tag(sync=True)
    is_running = traitlets.Bool(False).tag(sync=True)

    def __init__(self, **traits):
        super().__init__(**traits)
        self._acts: dict[str, Callable[..., None]] = {}
        self._open: set[str] = set()
        self.was_seen = False  # True once a browser has drawn it
        self.on_msg(self._heard)

    def on(self, event: str, act: Callable[..., None]) -> None:
        """Call `act(**what)` when the browser sends {"event": event, **what}.

        A method of the panel has to be passed `lifetime.weakly`.
        """
        self._acts[event] = act

    def _heard(self, _, content: dict, buffers: list) -> None:
        event, what = content.pop("event", None), content
        if buffers:
            what["buffers"] = buffers
        if event == "opened":
            self._open.add(what["view"])
            self.was_seen = True
        if event in self._acts:
            self._acts[event](**what)
        if event == "closed":
            self._open.discard(what["view"])
            if not self._open and "left" in self._acts:
                self._acts["left"]()
