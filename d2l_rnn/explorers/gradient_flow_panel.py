"""The gradient flow, drawn: back through time, and split into its parts."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from torch import Tensor

from d2l_rnn.explorers.answering import Explorer
from d2l_rnn.explorers.controls import Choice, Real, Steps, Theta, Whole
from d2l_rnn.explorers.drawing import SMALL, label_axes, legend_above
from d2l_rnn.explorers.gradient_flow import (
    ALL,
    LAST,
    MOST_STEPS,
    Flow,
    clipped,
    flow_of,
)
from d2l_rnn.explorers.wording import short
from d2l_rnn.pictures import COLOURS, GREY, Picture, log_ticks, style

# A gradient counts as exploded, or vanished, if its norm has changed by this factor on
# the way back from the last time step.
FACTOR = 1000
# The ends of a logarithmic axis: 10 to their power. A double goes a little further.
LOWEST, HIGHEST = -300, 300


def draw(flow: Flow, scale: float, theta: float | None = None) -> Picture:
    """The flow as a picture.

    Above, ‖dL/dH_t‖, compared with powers of the number `scale`. Below, the parts that
    the time steps add to dL/dW_hh, before and after clipping.
    """
    figure = Picture(6.4, 4.6, layout="none")
    before, after = clipped(flow.gradient, theta)
    lengths, parts = {"before": before}, {"before clipping": flow.part_norms}
    if theta is not None:
        factor = after / before if after < before else 1.0
        lengths["after"], parts["after"] = after, flow.part_norms * factor
    _draw_states(figure.add_axes((0.15, 0.565, 0.635, 0.375)), flow.state_norms, scale)
    _draw_parts(figure.add_axes((0.15, 0.125, 0.49, 0.285)), parts)
    shares = figure.add_axes((0.765, 0.125, 0.225, 0.285))
    _draw_halves(shares, flow.early_share, lengths)
    return figure


class GradientFlow(Explorer):
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
    ) -> tuple[Picture, str]:  # fmt: skip
        """The gradient in this network, before and after clipping."""
        flow = flow_of(scale, num_steps, loss, num_hiddens, seed)
        return draw(flow, scale, theta), describe(flow, theta)


def describe(flow: Flow, theta: float | None) -> str:
    """The flow in words, as HTML: on the way back, at the end, and after clipping."""
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


def _draw_states(axes: Axes, state_norms: Tensor, scale: float) -> None:
    T, last = len(state_norms), float(state_norms[-1])
    axes.set(xlim=(0, T + 1), yscale="log", autoscaley_on=False)
    xlabel = "t, time step (the gradient comes from the right)"
    label_axes(axes, xlabel, "norm of dL/dH_t")
    _draw_norms(axes, state_norms, label="this network", zorder=3, **style(0))
    seen = state_norms.tolist()
    if 0 < last < math.inf:
        back = torch.arange(T - 1, -1, -1, dtype=torch.double)
        powers = math.log10(last) + back * math.log10(scale)
        _draw_norms(
            axes, 10 ** powers.clamp(LOWEST, HIGHEST), color=GREY,
            linestyle="--", label=f"a chain of numbers, {scale:g} each",
        )  # fmt: skip
        low, high = last / FACTOR, last * FACTOR
        seen += [low / 30, high * 30]  # both regions, even if the curve stays between
    _fit(axes, seen)
    bottom, top = axes.get_ylim()
    if 0 < last < math.inf:
        exploded = f"exploded: over\n{FACTOR:,} times the\nnorm at t = T"
        vanished = f"vanished: below\n1/{FACTOR:,} of the\nnorm at t = T"
        _draw_region(axes, min(high, top), top, 1, exploded)
        _draw_region(axes, bottom, max(low, bottom), 0, vanished)
    legend_above(axes, ncols=4, place="left", x=-0.02)


def _draw_region(axes: Axes, low: float, high: float, place: int, name: str) -> None:
    """A band across the axes, named beside them: at the top (1) or the bottom (0)."""
    axes.axhspan(low, high, color=COLOURS[place], alpha=0.13, linewidth=0)
    axes.text(
        1.02, place, name, color=COLOURS[place], va="top" if place else "bottom",
        transform=axes.transAxes, **SMALL,
    )  # fmt: skip


def _draw_parts(axes: Axes, parts: dict[str, Tensor]) -> None:
    axes.set(yscale="log", autoscaley_on=False)
    label_axes(axes, "t, time step", "norm of its part\nof dL/dW_hh")
    looks = ({"color": COLOURS[2], "linewidth": 2.5}, {"color": "black", "ls": ":"})
    for (name, part_norms), look in zip(parts.items(), looks, strict=False):
        axes.set_xlim(0, len(part_norms) + 1)
        # The first time step has no part: it comes after H_0 = 0.
        _draw_norms(axes, part_norms[1:], first=2, label=name, **look)
    _fit(axes, torch.cat([part_norms[1:] for part_norms in parts.values()]).tolist())
    legend_above(axes, ncols=4, place="left", x=-0.02)


def _draw_halves(axes: Axes, early_share: float, lengths: dict[str, float]) -> None:
    """The shares of the two halves of dL/dW_hh, for each length of the gradient."""
    places = range(len(lengths))
    early, late = 100 * early_share, 100 * (1 - early_share)
    axes.bar(
        places, early, 0.7, color=COLOURS[4], hatch="//", edgecolor="black",
        linewidth=0, label="t ≤ T/2",
    )  # fmt: skip
    axes.bar(places, late, 0.7, early, color=COLOURS[5], label="t > T/2")
    label_axes(axes, "norm of g", "share of dL/dW_hh (%)")
    axes.set_xticks(places, [f"{name}\n{short(lengths[name])}" for name in lengths])
    axes.set(xlim=(-0.6, 1.6), ylim=(0, 100), yticks=(0, 50, 100))
    axes.grid(axis="x", visible=False)
    legend_above(axes, ncols=2, place="right", x=1.07)


def _draw_norms(axes: Axes, values: Tensor, first: int = 1, **look) -> None:
    """Values on a logarithmic axis, starting at time step `first`.

    Values that cannot be drawn there are marked: 0 at the bottom, infinity at the top.
    """
    steps = torch.arange(first, first + len(values))
    is_drawn = (values > 0) & values.isfinite()
    drawn = values.clamp(10.0**LOWEST, 10.0**HIGHEST).where(is_drawn, math.nan)
    axes.plot(
        steps.numpy(), drawn.numpy(), marker="o" if len(values) < 12 else None,
        markersize=4, **look,
    )  # fmt: skip
    ends = {"0": (values == 0, "v", 0.03), "infinite": (values.isinf(), "^", 0.97)}
    for name, (is_there, marker, height) in ends.items():
        if is_there.any():
            axes.plot(
                steps[is_there].numpy(), [height] * int(is_there.sum()), marker,
                color=COLOURS[3], markersize=5, label=name,
                transform=axes.get_xaxis_transform(),
            )  # fmt: skip


def _fit(axes: Axes, values: Sequence[float]) -> None:
    """Set the axis from the power of ten below the values to the one above."""
    logs = [math.log10(each) for each in values if 0 < each < math.inf] or [0.0]
    low = min(max(math.floor(min(logs)), LOWEST), HIGHEST - 1)
    high = max(min(math.ceil(max(logs)), HIGHEST), low + 1)
    axes.set_ylim(10.0**low, 10.0**high)
    log_ticks(axes.yaxis)
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True))
