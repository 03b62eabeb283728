"""The browser's part of the training panel: curves, as numbers, and words.

`web/src/training.js` draws it, and says what its state is.
"""

from __future__ import annotations

from collections.abc import Sequence

import traitlets

from d2l_rnn.explorers.training_runs import Run
from d2l_rnn.explorers.view import View


class TrainingView(View):
    """The curves of all runs, and what is said of the one in view.

    A run's curve is a trait of its own, so that only the one that grows is sent.
    """

    kind = traitlets.Unicode("training").tag(sync=True)
    runs = traitlets.List().tag(sync=True)
    current = traitlets.Int(-1).tag(sync=True)
    hidden = traitlets.List(traitlets.Int()).tag(sync=True)
    pinned = traitlets.List(traitlets.Int()).tag(sync=True)
    levels = traitlets.Dict().tag(sync=True)
    num_epochs = traitlets.Int(1).tag(sync=True)
    trouble = traitlets.Unicode("").tag(sync=True)
    refused = traitlets.Unicode("").tag(sync=True)
    has_model = traitlets.Bool(False).tag(sync=True)
    texts = traitlets.List().tag(sync=True)
    code = traitlets.Unicode("").tag(sync=True)

    def show_runs(self, labelled: Sequence[tuple[str, Run]]) -> None:
        """Show the curves of these runs, each under its label."""
        for _, run in labelled:
            self.show_curve(run)
        self.runs = [
            {
                "id": run.number,
                "label": label,
                "number": run.number,
                "theta": run.plan.setting.theta,
                "left": run.was_left,
            }
            for label, run in labelled
        ]
        numbers = {run.number for _, run in labelled}
        left = {run.number for _, run in labelled if run.was_left}
        self.hidden = sorted((left | {*self.hidden}) & numbers)
        self.pinned = [each for each in self.pinned if each in numbers]

    def show_curve(self, run: Run) -> None:
        """Show the epochs of a run so far."""
        name = f"curve_{run.number}"
        if not self.has_trait(name):  # Widget.add_traits would send it at once, empty
            traitlets.HasTraits.add_traits(
                self, **{name: traitlets.Bytes().tag(sync=True)}
            )
            self.keys = [*self.keys, name]
        self.set_trait(name, run.curve())

    def unhide(self, run: Run) -> None:
        """Show the curve of a run that a reader, or a drag, has hidden."""
        self.hidden = [each for each in self.hidden if each != run.number]
