"""The training panel's model in a file: from code, or by two buttons in the browser.

By a button, the file is the reader's, and comes and goes through the browser: the
kernel may be on another machine. `web/src/keeping.js` has the buttons.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

from d2l_rnn.explorers import model_files
from d2l_rnn.explorers.faults import error_of, words_of
from d2l_rnn.explorers.lifetime import weakly
from d2l_rnn.explorers.training_controls import TrainingControls
from d2l_rnn.explorers.training_runs import Run


class Keeping(TrainingControls):
    """A training panel that saves its model, and opens one."""

    def __init__(self, **values):
        self._pieces: dict[str, bytearray] = {}  # of files that arrive, by view
        super().__init__(**values)

    def save(self, path: str | os.PathLike) -> Path:
        """Save the model of the run with the current setting; returns the file's path.

        That is the model after the last epoch in `history`, even while it trains, with
        its vocabulary, setting and history: see `d2l_rnn.saving`.

        Raises ValueError if there is no model yet, or if the file cannot be written.
        """
        return model_files.save(_existing(self.runs.get(self.plan)), path)

    def open(self, path: str | os.PathLike) -> None:
        """Open a model that has been saved: the controls take its setting.

        Its curve is shown beside the others, and goes on if `num_epochs` is larger than
        its history, just as it would have without the file. The text that it learns is
        the one with its vocabulary, among those of the control `text`.

        Raises FileNotFoundError if there is no such file, and ValueError if it is not
        one of `saving.save`, or is of a model that this panel cannot train, or of
        another text, and if the panel is closed. Nothing is changed then.
        """
        self.check_open()
        run = model_files.opened(path, self.values, self.controls)
        values = run.plan.values
        del values["own_text"]  # what has been pasted stays
        self.trainer.arrived.append(run)
        self.set(**values)

    def __reduce__(self):
        raise TypeError("a panel cannot be copied: save(path) keeps its model")

    # What the browser sends.

    def _connect(self) -> None:
        super()._connect()
        self.view.on("save", weakly(self._hand_over))
        self.view.on("piece", weakly(self._take_piece))
        self.view.on("closed", weakly(self._drop_pieces))

    def _hand_over(self, view: str) -> None:
        """Send the model of the run that is shown to the view that asks for it."""

        def send():
            name, content = model_files.contents(_existing(self.current))
            self.view.send({"event": "file", "view": view, "name": name}, [content])

        self._try(send)

    def _take_piece(
        self, view: str, name: str, at: int, size: int, buffers: Sequence[bytes] = ()
    ) -> None:
        """Take a piece of a file of this size, and open the file after the last one."""
        if at == 0:
            self._pieces[view] = bytearray()
        content = self._pieces.get(view, bytearray())
        content += b"".join(buffers)
        if len(content) >= size:
            self._pieces.pop(view, None)
            self._try(lambda: self._open_content(name, content))

    def _drop_pieces(self, view: str) -> None:
        """Drop what has come of a file, as its page is gone."""
        self._pieces.pop(view, None)

    def _open_content(self, name: str, content: bytes) -> None:
        """Open a file of the reader's; errors name it as the reader does."""
        with model_files.on_its_way("open") as path:
            path.write_bytes(content)
            try:
                self.open(path)
            except ValueError as error:
                told = str(error).replace(repr(str(path)), repr(name))
                raise ValueError(told) from None

    def _try(self, act: Callable[[], None]) -> None:
        """Do what a button asks for; an error is shown, and changes nothing."""
        error = error_of(act)
        self.view.refused = "" if error is None else words_of(error)


def _existing(run: Run | None) -> Run:
    """Return the run, or raise ValueError if there is none."""
    if run is None:
        raise ValueError("there is no model yet: no run has begun with this setting")
    return run
