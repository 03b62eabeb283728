"""What a picture shows, in words, for readers who do not see it.

Each function makes the alt text of one kind of picture from the numbers in it: what is
measured, how each curve runs, how high the bars are. Long lists are cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

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
    """The alt text of `figures.curves`, whose arguments these are."""
    points, levels = points or {}, levels or {}
    scale = {axis: " (logarithmic)" if axis in log else "" for axis in "xy"}
    everywhere = [x for x, _ in (*lines.values(), *points.values())]
    across = _range(np.concatenate([[], *map(_finite, everywhere)]))
    what = f"{plain(ylabel)}{scale['y']} against {plain(xlabel)}{scale['x']}, {across}"
    parts = [f"{plain(name) or 'It'} {_course(y)}" for name, (_, y) in lines.items()]
    for name, (x, y) in points.items():
        related = "" if lines else _correlation(x, y)
        cloud = f"{_counted(len(y), 'point')}, {_range(_finite(y))}{related}"
        parts.append(f"{plain(name)}: {cloud}")
    marked = [f"{plain(name)} {number(level)}" for name, level in levels.items()]
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
    ends = [f"{plain(name)} at epoch {end}" for name, end in (diverged or {}).items()]
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
    """The alt text of `figures.gradient_norms`: `clipped` is in per cent."""
    parts = [f"{name} clipping {_course(values)}" for name, values in norms.items()]
    limit = "" if theta is None else f"; theta = {number(theta)}"
    return _text(
        f"Two charts against epoch, {_range(_finite(epochs))}",
        f"The norm of the gradient: {_listed(parts)}{limit}",
        f"The share of clipped steps, in %, {_course(clipped)}",
    )


def heatmap(
    matrix: np.ndarray,
    xlabel: str,
    ylabel: str,
    title: str = "",
    xticks: Sequence[str] | None = None,
    yticks: Sequence[str] | None = None,
) -> str:
    """The alt text of `figures.heatmap`, whose arguments these are."""
    rows, columns = matrix.shape
    what = (
        f"heat map of {_counted(rows, 'row')}, {plain(ylabel)}, "
        f"and {_counted(columns, 'column')}, {plain(xlabel)}"
    )
    row_names = [f"row {each}" for each in _names(yticks, rows)]
    column_names = _names(xticks, columns)
    if matrix.size > FEW:
        summary = _summary(matrix, row_names, column_names)
        return _text(_headed(title, what), summary)
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
    """The alt text of `figures.bars`, whose arguments these are."""
    names = [plain(each) or f"bar {i}" for i, each in enumerate(labels, start=1)]
    parts = []
    for group, values in groups.items():
        pairs = [*zip(map(float, values), names, strict=False)]
        if len(groups) * len(names) <= FEW:
            each = ", ".join(f"{name} {number(value)}" for value, name in pairs)
        else:
            (low, lowest), (high, highest) = min(pairs), max(pairs)
            each = f"from {number(low)} at {lowest} to {number(high)} at {highest}"
        parts.append(f"{plain(group)}: {each}" if plain(group) else each)
    what = f"{_counted(len(names), 'bar')}, {plain(ylabel)} against {plain(xlabel)}"
    return _text(_headed(title, what), _listed(parts))


def minibatch_map(minibatches: Sequence[ArrayLike], title: str = "") -> str:
    """The alt text of `diagrams.minibatch_map`, whose arguments these are."""
    parts = []
    for i, X in enumerate(minibatches):
        rows = [f"{row[0]:,} to {row[-1]:,}" for row in np.asarray(X).tolist()]
        parts.append(f"minibatch {i}: {_listed(rows, separator=', ')}")
    what = f"the positions in the corpus of {_counted(len(parts), 'minibatch', 'es')}"
    return _text(_headed(title, f"{what}, row by row"), _listed(parts))


def clipping_ball(vectors: np.ndarray, kept: np.ndarray, theta: float) -> str:
    """The alt text of `diagrams.clipping_ball`: `kept` (N, 2) is what clipping left."""
    parts = []
    for before, after in zip(vectors, kept, strict=True):
        length = number(np.linalg.norm(before))
        is_cut = (before != after).any()
        end = f"is cut to {_vector(after)}" if is_cut else "stays as it is"
        parts.append(f"{_vector(before)}, of length {length}, {end}")
    what = f"Gradients as arrows, and the ball of radius theta = {number(theta)}"
    return _text(what, _listed(parts))


def unrolled_rnn(num_steps: int, recurrent: bool) -> str:
    """The alt text of `diagrams.unrolled_rnn`, whose arguments these are."""
    return _text(
        f"A network unrolled over {_counted(num_steps, 'time step')}",
        "At each, an arrow goes up from X_t through W_xh to H_t, and one from H_t "
        "through W_hq to O_t",
        "From each H_t, beginning with H_0, an arrow goes through W_hh to the next"
        if recurrent
        else "No arrow goes from one step to the next",
    )


def latent_autoregression(num_steps: int) -> str:
    """The alt text of `diagrams.latent_autoregression`, whose argument this is."""
    return _text(
        f"A latent autoregressive model over {_counted(num_steps, 'time step')}",
        "At each, an arrow goes up from x_t-1 to h_t, and one from h_t to the estimate "
        "of x_t",
        "From each h_t, beginning with h_0, an arrow goes through g to the next",
    )


def number(value: float) -> str:
    """A number as it is read: whole, or with 3 digits."""
    value = float(value)
    if not np.isfinite(value):
        return "undefined" if np.isnan(value) else "infinite"
    if value.is_integer() and abs(value) < 1e9:
        return f"{int(value):,}"
    rounded = float(f"{value:.3g}")
    return f"{rounded:,.10g}" if 1e-4 <= abs(rounded) < 1e9 else f"{rounded:g}"


def plain(label: object) -> str:
    """A label without the marks of a formula, and with a name for the space."""
    words = re.sub(
        r"\$(.+?)\$", lambda found: found[1].translate(NO_MARKUP), str(label)
    )
    words = "␣" if words == " " else words
    words = " ".join(words.replace("␣", " space ").split()).replace("( ", "(")
    return words if len(words) <= LONGEST_LABEL else f"{words[: LONGEST_LABEL - 1]}…"


def _names(ticks: Sequence[str] | None, count: int) -> list[str]:
    """The names of rows or columns: their ticks, and numbers where there are none."""
    given = [] if ticks is None else [*map(plain, ticks)]
    return [*given, *map(str, range(len(given), count))]


def _summary(matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str]) -> str:
    """The lowest and the highest value of a matrix, and where they are."""
    values = _finite(matrix)
    if not len(values):
        return "No value is finite"
    low, high = values.min(), values.max()
    num_high = int((matrix == high).sum())
    if num_high + (matrix == low).sum() == matrix.size:
        return f"{num_high:,} values are {number(high)}, the others {number(low)}"

    def place(value: float) -> str:
        row, column = np.argwhere(matrix == value)[0]
        return f"{number(value)} at {rows[row]}, column {columns[column]}"

    return f"From {place(low)} to {place(high)}"


def _course(values: Sequence[float]) -> str:
    """How a curve runs: "falls from 17.5 to 1.3"."""
    values = _finite(values)
    if not len(values):
        return "has no finite value"
    low, high, first, last = (
        float(each) for each in (values.min(), values.max(), values[0], values[-1])
    )
    if number(low) == number(high):
        return (
            f"is {number(first)}" if len(values) == 1 else f"stays at {number(first)}"
        )
    tolerance = 0.05 * (high - low)
    if min(first, last) - low > tolerance or high - max(first, last) > tolerance:
        return (
            f"goes from {number(first)} to {number(last)}, "
            f"between {number(low)} and {number(high)}"
        )
    verb = "rises" if last > first else "falls"
    return f"{verb} from {number(first)} to {number(last)}"


def _correlation(x: Sequence[float], y: Sequence[float]) -> str:
    pairs = np.array([x, y], dtype=float)
    x, y = pairs[:, np.isfinite(pairs).all(axis=0)]
    if len(x) < 3 or x.min() == x.max() or y.min() == y.max():
        return ""
    return f", correlation {number(np.corrcoef(x, y)[0, 1])}"


def _finite(values: ArrayLike) -> np.ndarray:
    values = np.asarray(values, dtype=float).ravel()
    return values[np.isfinite(values)]


def _range(values: np.ndarray) -> str:
    if not len(values):
        return "without a value"
    low, high = number(values.min()), number(values.max())
    return low if low == high else f"{low} to {high}"


def _vector(components: np.ndarray) -> str:
    return f"({', '.join(map(number, components))})"


def _counted(count: int, what: str, plural: str = "s") -> str:
    return f"{count:,} {what}{'' if count == 1 else plural}"


def _headed(title: str, what: str) -> str:
    """The first sentence: the title, if there is one, and what is measured."""
    words = f"{plain(title)}: {what}" if title else what
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
