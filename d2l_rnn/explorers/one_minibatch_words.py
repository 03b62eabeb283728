"""What happens in each stage of one minibatch, in a sentence or two of HTML."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Callable, Sequence

from d2l_rnn import checks
from d2l_rnn.explorers.one_minibatch import Minibatch
from d2l_rnn.explorers.one_minibatch_stages import GRADIENTS, TITLES, stages
from d2l_rnn.explorers.wording import short, visible

SHOWN = 6  # losses of a long row that are told


def describe(
    done: Minibatch, stage: int, losses: Sequence[float], remarks: str = ""
) -> str:
    """A stage of the minibatch; `losses` are those before each step, this one's last.

    Raises ValueError if `done` is no Minibatch, and for another stage.
    """
    checks.of_type(Minibatch, done=done)
    order = stages(done.num_steps)
    stage = checks.integer("stage", stage, 1, len(order))
    kind, t = order[stage - 1]
    title = re.sub("_([a-z]+)", r"<sub>\1</sub>", TITLES[kind])
    where = f"t = {t}, {title}" if t else title
    return (
        f"Stage <b>{stage}</b> of {len(order)}: <b>{where}</b>. {_said(done, kind, t)}"
        f"<br>{_history(losses)}{remarks}"
    )


def _said(done: Minibatch, kind: str, t: int) -> str:
    if kind in GRADIENTS:
        return _gradient(done, kind.removeprefix("d"))
    return SENTENCES[kind](done, t)


def _history(losses: Sequence[float]) -> str:
    """The losses so far."""
    taken = len(losses) - 1
    if not taken:
        return f"No step taken yet; the loss is {losses[0]:.3f}."
    numbers = [f"{loss:.3f}" for loss in losses]
    if len(numbers) > SHOWN:
        numbers = [numbers[0], "…", *numbers[1 - SHOWN :]]
    count = "1 step" if taken == 1 else f"{taken} steps"
    return f"{count} taken; the loss so far: {' → '.join(numbers)}."


def _letter(done: Minibatch, index: int) -> str:
    return f"<b>{html.escape(visible(done.letters[index]))}</b>"


def _read(done: Minibatch, t: int) -> str:
    letter = _letter(done, int(done.X[t - 1]))
    return f"The network reads {letter}: a row of zeros, and a 1 at {letter}."


def _products(done: Minibatch, t: int) -> str:
    letter = _letter(done, int(done.X[t - 1]))
    past = (
        "Before the first letter there is no past: H<sub>0</sub> is 0, and so is its "
        "product." if t == 1
        else f"The last state, H<sub>{t - 1}</sub>, times W<sub>hh</sub> is what it "
        "remembers."
    )  # fmt: skip
    return f"The one-hot row picks row {letter} of W<sub>xh</sub>. {past}"


def _chances(done: Minibatch, t: int) -> str:
    y = int(done.Y[t - 1])
    return (
        "The exponentials of the scores, divided by their sum. The text goes on with "
        f"{_letter(done, y)}, which gets {done.p[t - 1, y]:.1%}."
    )


def _loss(done: Minibatch, t: int) -> str:
    y = int(done.Y[t - 1])
    return (
        f"The less probable {_letter(done, y)} was, the larger the loss: "
        f"−log {done.p[t - 1, y]:.3f} = {done.losses[t - 1]:.3f}."
    )


def _mean(done: Minibatch, t: int) -> str:
    return (
        f"The mean over the {done.num_steps} letters is {done.loss:.3f}, so the "
        f"perplexity is {math.exp(min(done.loss, 700)):,.2f}. Guessing has "
        f"{len(done.letters)}."
    )


def _back_to_scores(done: Minibatch, t: int) -> str:
    y = _letter(done, int(done.Y[t - 1]))
    return (
        f"The probabilities, less 1 at {y}, over T = {done.num_steps}. A step against "
        f"it raises the score of {y} and lowers the others."
    )


def _back_to_state(done: Minibatch, t: int) -> str:
    if t == done.num_steps:
        return "The last state acts on its own scores alone: nothing comes from later."
    return (
        f"H<sub>{t}</sub> acts on its scores and, through W<sub>hh</sub>, on step "
        f"{t + 1}. So two gradients arrive, and are added."
    )


def _gradient(done: Minibatch, name: str) -> str:
    shown = f"{name[0]}<sub>{name[2:]}</sub>"
    return (
        f"All {done.num_steps} time steps used the same {shown}, so what they say is "
        "summed."
    )


def _norm(done: Minibatch, t: int) -> str:
    return (
        f"All five gradients are one long vector g. Its length is "
        f"<b>{short(done.norm)}</b>."
    )


def _clip(done: Minibatch, t: int) -> str:
    if done.theta is None:
        return "Theta is off, so the gradient stays as it is, however long."
    if done.norm <= done.theta:
        return (
            f"{short(done.norm)} is not longer than theta = {done.theta:g}: the "
            "gradient stays as it is. Choose a smaller theta."
        )
    return (
        f"{short(done.norm)} is longer than theta = {done.theta:g}, so every gradient "
        f"is multiplied by <b>{done.factor:.3f}</b>. The direction stays."
    )


def _again(done: Minibatch, t: int) -> str:
    change = done.new_loss - done.loss
    verb = "falls" if change < 0 else "rises" if change > 0 else "stays, "
    return (
        f"Forward once more on the same letters: the loss {verb} from {done.loss:.3f} "
        f"to <b>{done.new_loss:.3f}</b>. “take the step” goes on with these parameters."
    )


SENTENCES: dict[str, Callable[[Minibatch, int], str]] = {
    "read": _read,
    "products": _products,
    "sum": lambda done, t: "Both products and the bias are added, unit by unit.",
    "state": lambda done, t: (
        "tanh squeezes each sum into −1 to 1. That is the new hidden state."
    ),
    "scores": lambda done, t: (
        "The state, times W<sub>hq</sub>: a score for each letter."
    ),
    "chances": _chances,
    "loss": _loss,
    "mean": _mean,
    "dO": _back_to_scores,
    "dH": _back_to_state,
    "dZ": lambda done, t: (
        "Times the slope of tanh, 1 − H², which is at most 1, and near 0 where a unit "
        "is near −1 or 1."
    ),
    "norm": _norm,
    "clip": _clip,
    "step": lambda done, t: (
        f"Each number goes against its gradient, lr = {done.lr:g} times as far."
    ),
    "again": _again,
}
