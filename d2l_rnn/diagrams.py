"""Pictures of ideas: the unrolled network, clipping, how a corpus is cut.

`figures` draws measurements. The diagrams, too, are `pictures.Picture`s, and `alt`
replaces the alt text that they have.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Circle, FancyBboxPatch
from numpy.typing import ArrayLike

from d2l_rnn import alt_text
from d2l_rnn.checks import positive, truth
from d2l_rnn.pictures import ANY_SIZE, COLOURS, GREY, Picture, blank, drawable, style

LARGEST = 1e150  # the square of a larger number overflows


@ANY_SIZE
def minibatch_map(
    minibatches: Iterable[ArrayLike], title: str = "", alt: str = ""
) -> Picture:
    """Which tokens of the corpus go into which minibatch.

    `minibatches` are the X of one epoch, each of shape (batch_size, num_steps), over
    the corpus 0, 1, 2, …, in which each token is its own position. A subsequence is
    drawn as a bar from its first to its last token, numbered by its row.

    Raises ValueError if there is no minibatch, if one is not such positions, or if they
    have more than 1,000 subsequences in all.
    """
    minibatches = drawable.positions(minibatches)
    figure, axes = blank("position in the corpus (tokens)", "minibatch", title)
    figure.describe(alt, alt_text.minibatch_map(minibatches, title))
    for number, X in enumerate(minibatches):
        for row, positions in enumerate(X.tolist()):
            axes.barh(
                number, len(positions), left=positions[0], height=0.8,
                color=COLOURS[row % len(COLOURS)], edgecolor="white",
            )  # fmt: skip
            middle = positions[0] + len(positions) / 2
            axes.text(middle, number, str(row), color="white", ha="center", va="center")
    axes.set_yticks(range(len(minibatches)))
    axes.set_xlim(left=0)  # what the offset passed over shows as a gap
    axes.invert_yaxis()
    return figure


@ANY_SIZE
def clipping_ball(vectors: ArrayLike, theta: float, alt: str = "") -> Picture:
    """Gradients of two components, (N, 2), before and after clipping.

    The dashed arrows are the gradients, the solid ones their projections onto the ball
    of radius theta.

    Raises ValueError if theta is not greater than 0, or if `vectors` are not finite
    numbers of this shape. All must be at most 1e150 in size.
    """
    theta = positive("theta", theta, LARGEST)
    vectors = drawable.vectors("vectors", vectors, LARGEST)  # (N, 2)
    figure, axes = blank("first component", "second component", width=4.4, height=4.4)
    axes.add_patch(Circle((0, 0), theta, color=COLOURS[5], alpha=0.25))
    lengths = np.hypot(*vectors.T)[:, None]  # (N, 1)
    clipped = vectors * (theta / np.maximum(lengths, theta))
    figure.describe(alt, alt_text.clipping_ball(vectors, clipped, theta))
    for i, (before, after) in enumerate(zip(vectors, clipped, strict=True)):
        for end, look in ((before, "--"), (after, "-")):
            axes.annotate(
                "", end, (0, 0),
                arrowprops={"arrowstyle": "->", "linestyle": look, "linewidth": 2,
                            "color": style(i)["color"], "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip
    reach = 1.15 * max(theta, np.abs(vectors).max())
    axes.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal")
    axes.set_title(f"theta = {theta:g}")
    return figure


def unrolled_rnn(num_steps: int = 3, recurrent: bool = True, alt: str = "") -> Picture:
    """The RNN unrolled over time: the same weights at every step.

    X_t enters below, O_t leaves above, and H_t passes to the right. With
    `recurrent=False` it does not, as in a network without hidden state.

    Raises ValueError if `num_steps` is not an integer from 1 to 200, or `recurrent` is
    not True or False.
    """
    truth("recurrent", recurrent)
    arrows = ("W_{xh}", "W_{hh}" if recurrent else None, "W_{hq}")
    figure = _unrolled("X", "H", "O", arrows, 0, num_steps)
    figure.describe(alt, alt_text.unrolled_rnn(num_steps, recurrent))
    return figure


def latent_autoregression(num_steps: int = 3, alt: str = "") -> Picture:
    """The latent autoregressive model: h_t summarises the past and predicts x̂_t.

    The series begins with x_1, so h_1 is the summary of nothing.

    Raises ValueError as `unrolled_rnn` does.
    """
    figure = _unrolled("x", "h", r"\hat{x}", ("", "g", ""), 1, num_steps)
    figure.describe(alt, alt_text.latent_autoregression(num_steps))
    return figure


def _unrolled(
    given: str, state: str, output: str, arrows: tuple, lag: int, num_steps: int
) -> Picture:
    """A row of states, each with its input below it and its output above.

    The inputs begin with `given` 1, and input t goes into state t + lag; the state
    before them is number `lag`. `arrows` are the labels of the arrows from the input,
    to the next state (None: no such arrow), and to the output.
    """
    num_steps = drawable.steps(num_steps)
    into, along, out = arrows
    figure = Picture(1.5 * (num_steps + 1), 3.2)
    axes = figure.add_subplot()
    axes.set(xlim=(-0.35, num_steps + 0.35), ylim=(-0.45, 2.45))
    axes.axis("off")
    if along is not None:
        _node(axes, 0, 1, rf"${state}_{{{lag}}}$", COLOURS[0], dotted=True)
    for t in range(1, num_steps + 1):
        _node(axes, t, 0, rf"${given}_{{{t}}}$", COLOURS[2])
        _node(axes, t, 1, rf"${state}_{{{t + lag}}}$", COLOURS[0])
        _node(axes, t, 2, rf"${output}_{{{t + lag}}}$", COLOURS[1])
        _arrow(axes, (t, 0.25), (t, 0.75), into)
        _arrow(axes, (t, 1.25), (t, 1.75), out)
        if along is not None:
            _arrow(axes, (t - 0.75, 1), (t - 0.25, 1), along)
    return figure


def _node(
    axes: Axes, x: float, y: float, label: str, colour: str, dotted: bool = False
) -> None:
    axes.add_patch(
        FancyBboxPatch(
            (x - 0.2, y - 0.2),
            width=0.4,
            height=0.4,
            boxstyle="round,pad=0.04",
            facecolor="white",
            edgecolor=colour,
            linewidth=2,
            linestyle=":" if dotted else "-",
        )
    )
    axes.text(x, y, label, ha="center", va="center", fontsize=13)


def _arrow(axes: Axes, start: tuple, end: tuple, label: str) -> None:
    axes.annotate("", end, start, arrowprops={"arrowstyle": "->", "linewidth": 1.5})
    middle = (np.add(start, end) / 2).tolist()
    shift = (6, 0) if start[0] == end[0] else (0, 5)
    axes.annotate(
        f"${label}$" if label else "", middle,
        xytext=shift, textcoords="offset points", fontsize=10, color=GREY,
        ha="left" if shift[0] else "center", va="center" if shift[0] else "bottom",
    )  # fmt: skip
