"""The gradient flow, drawn: back through time, and split into its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from d2l_rnn.checks import of_type, positive
from d2l_rnn.explorers.chart import (
    Axis,
    Band,
    Bar,
    Chart,
    Line,
    Mark,
    Note,
    Plot,
    Vertical,
)
from d2l_rnn.explorers.charting import ChartExplorer
from d2l_rnn.explorers.controls import Choice, Real, Steps, Theta, Whole
from d2l_rnn.explorers.gradient_flow import (
    ALL,
    LAST,
    MOST_STEPS,
    Flow,
    clipped,
    flow_of,
)
from d2l_rnn.explorers.wording import short

# A gradient counts as exploded, or vanished, if its norm has changed by this factor on
# the way back from the last time step.
FACTOR = 1000
# The ends of a logarithmic axis: 10 to their power. A double goes a little further.
LOWEST, HIGHEST = -300, 300


def draw(flow: Flow, scale: float, theta: float | None = None) -> Chart:
    """The flow as a chart.

    Above, ‖dL/dH_t‖, compared with powers of the number `scale`. Below, the parts that
    the time steps add to dL/dW_hh, before and after clipping, and the shares of the two
    halves of the time steps.

    Raises ValueError if `scale` or theta is not greater than 0, or `flow` no Flow.
    """
    of_type(Flow, flow=flow)
    scale = positive("scale", scale)
    before, after = clipped(flow.gradient, theta)
    lengths, parts = {"before": before}, {"before": flow.part_norms}
    if theta is not None:
        factor = after / before if after < before else 1.0
        lengths["after"], parts["after"] = after, flow.part_norms * factor
    T = max(len(flow.state_norms), len(flow.part_norms))
    x = Axis(
        "t, time step (the gradient comes from the right)", 0, T + 1, is_whole=True
    )
    plots = [
        _states(x, flow.state_norms, scale), _parts(x, parts),
        _halves(x, flow.early_share, lengths),
    ]  # fmt: skip
    return Chart(plots, margin=112)


class GradientFlow(ChartExplorer):
    """The gradient going back through T time steps: it vanishes or explodes.

    The network is untrained. Its W_hh is drawn at random and scaled to the spectral
    radius `scale`. `theta` clips the gradient of all parameters.
    """

    scale = Real(
        "radius of W_hh", 0.1, 3, 1.5, 0.05,
        hint="its spectral radius: the largest size of an eigenvalue (特征值)",
    )  # fmt: skip
    num_steps = Whole(
        "time steps T", 2, MOST_STEPS, 100, hint="the length of the chain (时间步)"
    )
    loss = Choice(
        "loss of", {"the last step alone": LAST, "all steps (mean)": ALL}, LAST,
        hint="where the gradient comes from (损失)",
    )  # fmt: skip
    theta = Theta()
    num_hiddens = Steps(
        "hidden units H", (1, 2, 4, 8, 16, 32, 64, 128), default=64, whole=True,
        hint="the size of the hidden state (隐状态)",
    )  # fmt: skip
    seed = Whole("seed", 0, 20, 0, hint="of the random weights")

    def answer(
        self, scale: float, num_steps: int, loss: str, theta: float | None,
        num_hiddens: int, seed: int,
    ) -> tuple[Chart, str]:  # fmt: skip
        """The gradient in this network, before and after clipping."""
        flow = flow_of(scale, num_steps, loss, num_hiddens, seed)
        return draw(flow, scale, theta), describe(flow, theta)


def describe(flow: Flow, theta: float | None) -> str:
    """The flow in words, as HTML: on the way back, at the end, and after clipping.

    Raises ValueError if theta is not greater than 0, or `flow` no Flow.
    """
    of_type(Flow, flow=flow)
    T = len(flow.state_norms)
    first, last = (float(flow.state_norms[t]) for t in (0, -1))
    if first > FACTOR * last:
        fate = "it <b>explodes</b>"
    elif first * FACTOR < last:
        fate = "it <b>vanishes</b>"
    else:
        fate = f"it changes less than {FACTOR:,}-fold"
    before, after = clipped(flow.gradient, theta)
    if theta is None:
        done = "clipping is off"
    elif not math.isfinite(before):
        done = "clipping cannot fix that"
    elif after < before:
        done = f"clipping makes it <b>{short(after)}</b>"
    else:
        done = "no longer than theta, so clipping leaves it alone"
    alike = "" if theta is None else ", before clipping and after"
    return (
        f"‖dL/dH_t‖ is {short(last)} at t = {T} and <b>{short(first)}</b> at t = 1: "
        f"{fate}.<br>The gradient g of all parameters has the norm "
        f"<b>{short(before)}</b>; {done}.<br>The first half of the time steps makes up "
        f"<b>{short(100 * flow.early_share)} %</b> of dL/dW_hh{alike}."
    )


def _states(x: Axis, state_norms: Tensor, scale: float) -> Plot:
    T, last = len(state_norms), float(state_norms[-1])
    line, marks = _norms("this network", state_norms)
    if not 0 < last < math.inf:
        y = _fitted("norm of dL/dH_t", state_norms.tolist())
        return Plot(x, y, [line], height=160, marks=marks)
    back = torch.arange(T - 1, -1, -1, dtype=torch.double, device=state_norms.device)
    powers = math.log10(last) + back * math.log10(scale)
    name = f"a chain of numbers, {scale:g} each"
    chain = 10 ** powers.clamp(LOWEST, HIGHEST)
    low, high = last / FACTOR, last * FACTOR
    # Both regions are there, even if the curve stays between them.
    y = _fitted("norm of dL/dH_t", [*state_norms.tolist(), low / 30, high * 30])
    exploded = f"exploded: over\n{FACTOR:,} times the\nnorm at t = T"
    vanished = f"vanished: below\n1/{FACTOR:,} of the\nnorm at t = T"
    return Plot(
        x, y, [Line(name, range(1, T + 1), chain, "quiet", dash=1, width=1.4), line],
        height=160, marks=marks,
        bands=[Band(min(high, y.high), y.high, 1), Band(y.low, max(low, y.low), 0)],
        notes=[Note(1.02, 0.12, exploded, 1), Note(1.02, 0.88, vanished, 0)],
    )  # fmt: skip


def _parts(x: Axis, parts: dict[str, Tensor]) -> Plot:
    lines, marks, seen = [], [], []
    looks = ({"colour": 2, "width": 2.5}, {"colour": "text", "dash": 3, "width": 1.8})
    for (name, part_norms), look in zip(parts.items(), looks, strict=False):
        # The first time step has no part: it comes after H_0 = 0.
        line, outside = _norms(f"{name} clipping", part_norms[1:], first=2, **look)
        lines, marks = [*lines, line], [*marks, *outside]
        seen += part_norms[1:].tolist()
    y = _fitted("part of dL/dW_hh", seen)
    return Plot(x, y, lines, height=112, marks=marks)


def _halves(x: Axis, early_share: float, lengths: dict[str, float]) -> Plot:
    """The shares of the two halves of dL/dW_hh, for each length of the gradient."""
    T = round(x.high) - 1
    middle = T // 2 + 0.5  # between the halves
    bars = []
    for start, end, share in (
        (0.5, middle, early_share),
        (middle, T + 0.5, 1 - early_share),
    ):
        width = (end - start) / (len(lengths) + 1)
        for i, (name, length) in enumerate(lengths.items()):
            centre = start + (end - start) * (i + 0.5) / len(lengths)
            label = f"{name} clipping: norm of g {short(length)}"
            bars.append(
                Bar(centre, width, 100 * share, 0, (2, "quiet")[i], label, i == 1)
            )
    names = [
        Note((start + end) / 2 / x.high, 0.1, name, align="center")
        for start, end, name in ((0.5, middle, "t ≤ T/2"), (middle, T + 0.5, "t > T/2"))
    ]
    y = Axis("% of dL/dW_hh", 0, 135, ticks=(0, 50, 100))
    return Plot(x, y, height=92, bars=bars, verticals=[Vertical(middle)], notes=names)


def _norms(
    name: str, values: Tensor, first: int = 1, **look
) -> tuple[Line, list[Mark]]:
    """A line of values on a logarithmic axis, starting at time step `first`.

    Values that cannot be drawn there are marked: 0 at the bottom, infinity at the top.
    """
    steps = range(first, first + len(values))
    is_drawn = (values > 0) & values.isfinite()
    drawn = values.clamp(10.0**LOWEST, 10.0**HIGHEST).where(is_drawn, math.nan)
    line = Line(name, steps, drawn, points=len(values) < 12, leaves_ghost=True, **look)
    ends = {0: ("bottom", "down", "0"), math.inf: ("top", "up", "infinite")}
    marks = []
    for value, (place, shape, label) in ends.items():
        there = [
            t for t, each in zip(steps, values.tolist(), strict=True) if each == value
        ]
        marks += [Mark(t, place, shape, 3, label, size=3) for t in there]
    return line, marks


def _fitted(label: str, values: Sequence[float]) -> Axis:
    """An axis from the power of ten below the values to the one above."""
    logs = [math.log10(each) for each in values if 0 < each < math.inf] or [0.0]
    low = min(max(math.floor(min(logs)), LOWEST), HIGHEST - 1)
    high = max(min(math.ceil(max(logs)), HIGHEST), low + 1)
    return Axis(label, 10.0**low, 10.0**high, log=True)
