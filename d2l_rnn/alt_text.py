"""What a picture shows, in words, for readers who do not see it.

Each function makes the alt text of one kind of picture from the numbers in it: what is
measured, how each curve runs, how high the bars are. Long lists are cut.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from d2l_rnn.checks import positive, truth
from d2l_rnn.pictures import drawable, lettering
from d2l_rnn.pictures.courses import (
    correlation,
    counted,
    course,
    ends,
    finite,
    first_gap,
    number,
    span,
    summary,
)

LONGEST = 580  # characters of an alt text
LONGEST_LABEL = 40
PARTS = 6  # of a list, before it is cut
FEW = 24  # values: so many are all named
NO_MARKUP = str.maketrans("", "", "\\{}")

Line = tuple[Sequence[float], Sequence[float]]


def curves(
    lines: Mapping[str, Line],
    xlabel: str,
    ylabel: str,
    title: str = "",
    points: Mapping[str, Line] | None = None,
    levels: Mapping[str, float] | None = None,
    log: str = "",
) -> str:
    """The alt text of `figures.curves`, whose arguments these are.

    Raises ValueError as it does.
    """
    lines = drawable.pairs("lines", lines, log)
    points = drawable.pairs("points", points, log)
    levels = drawable.levels("levels", levels, log)
    scale = {axis: " (logarithmic)" if axis in log else "" for axis in "xy"}
    everywhere = [x for x, _ in (*lines.values(), *points.values())]
    across = span(np.concatenate([[], *map(finite, everywhere)]))
    x, y = plain(xlabel) or "x", plain(ylabel) or "y"
    what = f"{y}{scale['y']} against {x}{scale['x']}, {across}"
    parts = [f"{plain(name) or 'It'} {course(y)}" for name, (_, y) in lines.items()]
    for name, (x, y) in points.items():
        related = "" if lines else correlation(x, y)
        seen = finite(y)
        cloud = f"{counted(len(seen), 'point')}, {span(seen)}{related}"
        parts.append(f"{plain(name) or 'Points'}: {cloud}")
    marked = [
        f"{plain(name)} {number(level)}".strip() for name, level in levels.items()
    ]
    plural = "s" if len(marked) > 1 else ""
    at = f"Level line{plural}: {_listed(marked)}" if marked else ""
    return _text(_headed(title, what), _listed(parts), at)


def perplexity_curves(
    lines: Mapping[str, Line],
    levels: Mapping[str, float] | None = None,
    diverged: Mapping[str, int] | None = None,
) -> str:
    """The alt text of `figures.perplexity_curves`.

    `lines` {label: (epochs, perplexities)} are as they are drawn; `diverged` has the
    last epoch of each run that diverged.
    """
    diverged = drawable.levels("diverged", diverged)
    ends = [f"{plain(name)} at epoch {number(end)}" for name, end in diverged.items()]
    # Before the curves, which may be many.
    diverging = f"Diverged: {_listed(ends)}" if ends else ""
    shown = curves(lines, "epoch", "perplexity", levels=levels, log="y")
    return _text(diverging, shown)


def gradient_norms(
    epochs: Sequence[int],
    norms: Mapping[str, Sequence[float]],
    clipped: Sequence[float],
    theta: float | None = None,
) -> str:
    """The alt text of `figures.gradient_norms`: `clipped` is in per cent.

    Raises ValueError if `norms` does not have those before clipping, for other than one
    number for each epoch, or if theta is not greater than 0.
    """
    epochs = drawable.series("epochs", epochs)
    norms = drawable.numbers_by_name("norms", norms, len(epochs), "epoch")
    clipped = drawable.as_many("clipped", clipped, len(epochs), "epoch")
    if "before" not in norms:
        raise ValueError(f"norms must have those before clipping, got {list(norms)}")
    parts = [f"{name} clipping {course(values)}" for name, values in norms.items()]
    limit = "" if theta is None else f"; theta = {number(positive('theta', theta))}"
    end = first_gap(epochs, norms["before"])
    return _text(
        "" if end is None else f"Diverged at epoch {number(end)}",
        f"Two charts against epoch, {span(finite(epochs))}",
        f"The norm of the gradient: {_listed(parts)}{limit}",
        f"The share of clipped steps, in %, {course(clipped)}",
    )


def heatmap(
    matrix: np.ndarray,
    xlabel: str,
    ylabel: str,
    title: str = "",
    xticks: Sequence[str] | None = None,
    yticks: Sequence[str] | None = None,
    label: str = "",
) -> str:
    """The alt text of `figures.heatmap`, whose arguments these are.

    Raises ValueError if `matrix` is not a matrix of real numbers, and for other than
    one tick for each row or column.
    """
    matrix = drawable.matrix("matrix", matrix)
    rows, columns = matrix.shape
    yticks = drawable.names("yticks", yticks, rows, "row")
    xticks = drawable.names("xticks", xticks, columns, "column")
    y, x, shade = plain(ylabel), plain(xlabel), plain(label)
    what = (
        f"heat map of {shade and f'{shade}: '}"
        f"{counted(rows, 'row')}{y and f', {y},'} "
        f"and {counted(columns, 'column')}{x and f', {x}'}"
    )
    row_names = [f"row {each}" for each in map(plain, yticks or range(rows))]
    column_names = [*map(plain, xticks or range(columns))]
    if matrix.size > FEW:
        extremes = summary(matrix, row_names, column_names)
        return _text(_headed(title, what), extremes)
    if xticks is not None:
        what = f"{what}: {', '.join(column_names)}"
    pairs = zip(row_names, matrix, strict=False)
    each = [f"{name}: {', '.join(map(number, values))}" for name, values in pairs]
    return _text(_headed(title, what), _listed(each, FEW))


def bars(
    labels: Sequence[str],
    groups: Mapping[str, Sequence[float]],
    xlabel: str,
    ylabel: str,
    title: str = "",
) -> str:
    """The alt text of `figures.bars`, whose arguments these are.

    Raises ValueError as it does.
    """
    labels = drawable.labels("labels", labels)
    groups = drawable.numbers_by_name("groups", groups, len(labels))
    names = [plain(each) or f"bar {i}" for i, each in enumerate(labels, start=1)]
    parts = []
    for group, values in groups.items():
        pairs = [*zip(values.tolist(), names, strict=True)]
        if len(groups) * len(names) <= FEW:
            each = ", ".join(f"{name} {number(value)}" for value, name in pairs)
        else:
            each = ends(pairs)
        parts.append(f"{plain(group)}: {each}" if plain(group) else each)
    x, y = plain(xlabel) or "x", plain(ylabel) or "y"
    what = f"{counted(len(names), 'bar')}, {y} against {x}"
    return _text(_headed(title, what), _listed(parts))


def minibatch_map(minibatches: Sequence[ArrayLike], title: str = "") -> str:
    """The alt text of `diagrams.minibatch_map`, whose arguments these are.

    Raises ValueError as it does.
    """
    parts = []
    for i, X in enumerate(drawable.positions(minibatches)):
        rows = [f"{row[0]:,} to {row[-1]:,}" for row in X.tolist()]
        parts.append(f"minibatch {i}: {_listed(rows, separator=', ')}")
    what = f"the positions in the corpus of {counted(len(parts), 'minibatch', 'es')}"
    return _text(_headed(title, f"{what}, row by row"), _listed(parts))


def clipping_ball(vectors: np.ndarray, kept: np.ndarray, theta: float) -> str:
    """The alt text of `diagrams.clipping_ball`: `kept` (N, 2) is what clipping left.

    Raises ValueError if these are not as many vectors of two components, or if theta is
    not greater than 0.
    """
    theta = positive("theta", theta)
    vectors = drawable.vectors("vectors", vectors, drawable.MOST)
    kept = drawable.vectors("kept", kept, drawable.MOST)
    if len(kept) != len(vectors):
        raise ValueError(f"kept must have {len(vectors)} vectors, got {len(kept)}")
    parts = []
    for before, after in zip(vectors, kept, strict=True):
        length = number(np.hypot(*before))
        is_cut = (before != after).any()
        end = f"is cut to {_vector(after)}" if is_cut else "stays as it is"
        parts.append(f"{_vector(before)}, of length {length}, {end}")
    what = f"Gradients as arrows, and the ball of radius theta = {number(theta)}"
    return _text(what, _listed(parts))


def unrolled_rnn(num_steps: int, recurrent: bool) -> str:
    """The alt text of `diagrams.unrolled_rnn`, whose arguments these are.

    Raises ValueError as it does.
    """
    recurrent, num_steps = truth("recurrent", recurrent), drawable.steps(num_steps)
    return _text(
        f"A network unrolled over {counted(num_steps, 'time step')}",
        "At each, an arrow goes up from X_t through W_xh to H_t, and one from H_t "
        "through W_hq to O_t",
        "From each H_t, beginning with H_0, an arrow goes through W_hh to the next"
        if recurrent
        else "No arrow goes from one step to the next",
    )


def latent_autoregression(num_steps: int) -> str:
    """The alt text of `diagrams.latent_autoregression`, whose argument this is.

    Raises ValueError as it does.
    """
    num_steps = drawable.steps(num_steps)
    return _text(
        f"A latent autoregressive model over {counted(num_steps, 'time step')}",
        "At each, an arrow goes up from x_t-1 to h_t, and one from h_t to the estimate "
        "of x_t",
        "From each h_t, beginning with h_1, an arrow goes through g to the next",
    )


def plain(label: object) -> str:
    """A label without the marks of a formula, and with a name for the space."""
    words = "".join(
        piece.translate(NO_MARKUP) if is_formula else piece.replace("\\$", "$")
        for piece, is_formula in lettering.pieces(label)
    )
    words = "␣" if words == " " else words
    words = " ".join(words.replace("␣", " space ").split()).replace("( ", "(")
    return words if len(words) <= LONGEST_LABEL else f"{words[: LONGEST_LABEL - 1]}…"


def _vector(components: np.ndarray) -> str:
    return f"({', '.join(map(number, components))})"


def _headed(title: str, what: str) -> str:
    """The first sentence: the title, if there is one, and what is measured."""
    words = f"{plain(title)}: {what}" if lettering.text_of(title) else what
    is_word = words[:2].isalpha() and words[:2].islower()  # not so x, a variable
    return words[0].upper() + words[1:] if is_word else words


def _listed(parts: Iterable[str], at_most: int = PARTS, separator: str = "; ") -> str:
    """The parts as one text, or the first of them and how many more there are."""
    parts = list(parts)
    more = [f"and {len(parts) - at_most:,} more"] if len(parts) > at_most else []
    return separator.join([*parts[:at_most], *more])


def _text(*sentences: str) -> str:
    """Sentences with full stops, cut at a word if they are long."""
    said = [
        each if each.endswith((".", "…")) else f"{each}." for each in sentences if each
    ]
    words = " ".join(said)
    return words if len(words) <= LONGEST else f"{words[:LONGEST].rsplit(' ', 1)[0]} …"
