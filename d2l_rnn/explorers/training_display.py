"""The display of the training runs: curves, numbers, and text written by the model."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping

import ipywidgets as widgets

from d2l_rnn import generating
from d2l_rnn.explorers.controls import Control
from d2l_rnn.explorers.text_controls import OWN
from d2l_rnn.explorers.training_picture import Curve, TrainingPicture, trouble
from d2l_rnn.explorers.training_runs import Plan, Run, Runs
from d2l_rnn.explorers.wording import complaint

LENGTH = 80  # characters that the model writes
# How a legend names the controls, before their values.
SHORT = {
    "theta": "theta = ", "num_hiddens": "H = ", "lr": "lr = ", "num_steps": "T = ",
    "batch_size": "B = ", "num_epochs": "epochs = ", "seed": "seed = ", "sampling": "",
    "cell": "", "text": "",
}  # fmt: skip


class Display:
    """The output widgets of the panel.

    `image` is for the picture and `readout` for the last epoch; a progress bar of the
    epochs and a place for the model's text are added.
    """

    def __init__(self, image: widgets.Image, readout: widgets.HTML):
        self.image, self.readout = image, readout
        self.image.format = "jpeg"
        self.epochs = widgets.IntProgress(
            description="epochs", layout={"width": "auto"}
        )
        self.writing = widgets.HTML()
        self.picture: TrainingPicture | None = None

    def show(self, run: Run, curves: Iterable[Curve]) -> None:
        """Draw the current state of a run, over the `curves` of the others."""
        levels, history = run.text.levels, run.history
        if self.picture is None or self.picture.levels != levels:
            self.picture = TrainingPicture(levels)
        of_number = {curve.number: curve for curve in curves}
        current, earlier = of_number.pop(run.number), list(of_number.values())
        words = trouble(history, levels["guessing"])
        self.picture.show(run.plan.num_epochs, current, earlier, words)
        self.image.value = self.picture.jpeg()
        self.show_numbers(run)

    def show_frame(self) -> None:
        """Draw the epochs that the shown run has added since the last frame."""
        self.picture.update()
        self.image.value = self.picture.jpeg()

    def show_numbers(self, run: Run) -> None:
        """Show the last epoch of a run, as a bar and in numbers."""
        self.epochs.max = run.plan.num_epochs
        self.epochs.value = len(run.history)
        self.readout.value = describe(run)

    def show_writing(self, run: Run, prefix: str, temperature: float) -> None:
        """Show what the model writes now: most probable characters, and drawn ones."""
        net, vocab = run.net, run.text.vocab
        try:
            both = (
                generating.predict(prefix, LENGTH, net, vocab),
                generating.sample(prefix, LENGTH, net, vocab, temperature, seed=0),
            )
        except ValueError as error:
            self.writing.value = complaint(error)
        else:
            read = "".join(vocab.to_tokens(vocab[list(prefix)]))
            self.writing.value = two_texts(len(read), *both)

    def clear(self, num_epochs: int) -> None:
        """Show empty axes."""
        if self.picture is not None:
            self.picture = TrainingPicture(self.picture.levels)
            self.picture.show(num_epochs, Curve("no run yet", []))
            self.image.value = self.picture.jpeg()
        self.epochs.value, self.readout.value, self.writing.value = 0, "", ""


def labelled(
    runs: Runs, controls: Mapping[str, Control], named: Iterable[str]
) -> list[Curve]:
    """The curves of all runs, each labelled by the controls that differ between them.

    If there is nothing to tell apart, they are labelled by the controls `named`.
    """
    captions = [_captions(plan, controls) for plan in runs]
    differing = [name for name in SHORT if len({each[name] for each in captions}) > 1]
    names = differing or [name for name in named if name in SHORT]
    return [
        Curve(
            ", ".join(caption[name] for name in names), run.history, run.number,
            run.plan.setting.theta,
        )
        for caption, run in zip(captions, runs.values(), strict=True)
    ]  # fmt: skip


def _captions(plan: Plan, controls: Mapping[str, Control]) -> dict[str, str]:
    """The legend's words for each control, in a run of this plan."""
    values = plan.values
    captions = {
        name: SHORT[name] + controls[name].caption(values[name]) for name in SHORT
    }
    if plan.text == OWN:  # its words may not be in the font
        captions["text"] += f" ({len(plan.own_text):,} characters)"
    return captions


def describe(run: Run) -> str:
    """The last record of a run, as HTML."""
    if not run.history:
        return ""
    last = run.history[-1]
    if last.diverged:
        return str(last)
    return (
        f"epoch <b>{last.epoch}</b> of {run.plan.num_epochs} · "
        f"perplexity <b>{last.perplexity:.3g}</b> · "
        f"{last.tokens_per_second:,.0f} tokens/s · gradient norm "
        f"{last.gradient_norm:.2g} · {last.clipped_fraction:.0%} of the steps clipped"
    )


def two_texts(read: int, greedy: str, drawn: str) -> str:
    """What a model writes, as an HTML table; the first `read` characters are bold."""
    rows = (("most probable", greedy), ("drawn", drawn))
    return (
        "<table>"
        + "".join(
            f"<tr><td style='white-space: nowrap; padding-right: 1em'>{name}</td>"
            f"<td style='font-family: monospace'><b>{html.escape(text[:read])}</b>"
            f"{html.escape(text[read:])}</td></tr>"
            for name, text in rows
        )
        + "</table>"
    )
