"""The gradient flow, against autograd and closed forms; and the panel around it."""

import itertools
import math

import numpy as np
import pytest
import torch
from driving import answer, fits
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from d2l_rnn import bptt, explorers, rnn, vanishing
from d2l_rnn.explorers import gradient_flow, gradient_flow_panel
from d2l_rnn.explorers.gradient_flow import (
    Flow,
    clipped,
    flow,
    network,
)
from d2l_rnn.explorers.wording import short

START = {
    "scale": 1.5, "num_steps": 40, "loss": "last", "theta": 1, "num_hiddens": 16,
    "seed": 0,
}  # fmt: skip
doubles = st.floats(allow_nan=False)
flows = st.tuples(
    st.integers(1, 9), st.integers(1, 4), st.integers(1, 6), st.booleans(),
    st.integers(0, 99),
)  # fmt: skip


def some_minibatch(T, B, V, seed):
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(V, (2, B, T), generator=generator)


def by_autograd(net, X, Y, last_only):
    """The same by autograd, with a W_hh of its own for each time step."""
    W_xh, W_hh, b_h, W_hq, b_q = net.params
    copies, states, losses = [], [], []
    H_t = torch.zeros(len(X), len(W_hh), dtype=W_hh.dtype)
    for x, y in zip(X.T, Y.T, strict=True):
        copies.append(W_hh.detach().clone().requires_grad_())
        H_t = torch.tanh(W_xh[x] + H_t @ copies[-1] + b_h)
        H_t.retain_grad()
        states.append(H_t)
        losses.append(F.cross_entropy(H_t @ W_hq + b_q, y))
    loss = losses[-1] if last_only else torch.stack(losses).mean()
    loss.backward()
    parts = [copy.grad for copy in copies]
    others = [param.grad for param in (W_xh, b_h, W_hq, b_q)]
    return [H_t.grad for H_t in states], parts, [sum(parts), *others]


# The function


@given(flows)
@example((1, 1, 1, True, 0))
@example((2, 1, 1, False, 0))
@example((3, 1, 1, False, 0))
def test_flow_is_autograd_s(sizes):
    T, B, H, last_only, seed = sizes
    net = network(H, 1.2, seed)
    X, Y = some_minibatch(T, B, net.vocab_size, seed)
    came = flow(net, X, Y, last_only)
    state_gradients, parts, gradient = by_autograd(net, X, Y, last_only)

    halves = [sum(parts[: T // 2], torch.zeros(1)), sum(parts[T // 2 :])]
    whole = torch.cat([each.flatten() for each in gradient])
    for ours, theirs in (
        (came.state_norms.tolist(), state_gradients),
        (came.part_norms.tolist(), parts),
        ([came.early, came.late], halves),
        ([came.gradient.norm()], [whole]),
    ):
        expected = [float(each.norm()) for each in theirs]
        assert ours == pytest.approx(expected, rel=1e-9, abs=1e-18)


@pytest.mark.parametrize("last_only", [True, False])
def test_state_norms_are_those_of_vanishing(last_only):
    net = network(8, 0.9, 3)
    X, Y = some_minibatch(20, 4, net.vocab_size, 0)
    theirs = vanishing.state_gradient_norms(net, X, Y, last_only=last_only)
    torch.testing.assert_close(flow(net, X, Y, last_only).state_norms, theirs)


@pytest.mark.parametrize("scale", [0.1, 0.8, 1, 1.3])
@pytest.mark.parametrize("T", [2, 50, 200])
def test_one_unit_that_stays_near_0_is_a_chain_of_numbers(scale, T):
    """There the slope of tanh is 1, and the gradient a power: too small to be squared,
    if need be."""
    net = network(1, scale, seed=0)
    with torch.no_grad():
        net.params[0].mul_(1e-40)
    X, Y = some_minibatch(T, 1, net.vocab_size, 0)
    state_norms = flow(net, X, Y, last_only=True).state_norms
    expected = state_norms[-1] * scale ** torch.arange(T - 1, -1, -1).double()
    torch.testing.assert_close(state_norms, expected, rtol=1e-9, atol=0)


def test_one_time_step_adds_nothing_to_W_hh():
    net = network(4, 1, 0)
    X, Y = some_minibatch(1, 3, net.vocab_size, 0)
    came = flow(net, X, Y)
    assert (came.early, came.late, came.early_share) == (0, 0, 0)
    assert came.part_norms.tolist() == [0]
    outputs, _ = net(X, (torch.zeros(3, 4, dtype=torch.double),))
    dO = (torch.softmax(outputs, 1) - F.one_hot(Y[:, 0], net.vocab_size)) / 3
    torch.testing.assert_close(came.state_norms[0], (dO @ net.params[3].T).norm())


def test_flow_needs_a_scratch_rnn():
    X, Y = some_minibatch(2, 3, 5, 0)
    with pytest.raises(ValueError, match="net must be a scratch RNN"):
        flow(rnn.make_model("lstm", 5, 3), X, Y)


@pytest.mark.parametrize("num_hiddens", [1, 2, 16])
@pytest.mark.parametrize("scale", [0.1, 3])
def test_network_has_the_spectral_radius_asked_for(num_hiddens, scale):
    for seed in range(3):
        W_hh = network(num_hiddens, scale, seed).params[1].detach().numpy()
        assert max(abs(np.linalg.eigvals(W_hh))) == pytest.approx(scale)


@given(st.lists(st.lists(doubles, min_size=3, max_size=3), min_size=1, max_size=4))
@example([[3e-200, 4e-200, 0.0], [3e200, 4e200, 0.0], [0.0, 0.0, 0.0]])
@example([[5e-324, 0.0, 0.0], [math.inf, -1.0, 0.0]])
def test_norms_are_not_lost(rows):
    ours = bptt.norms(torch.tensor(rows, dtype=torch.double)).tolist()
    # Python's hypot is careful too, as torch's norm is not.
    assert ours == pytest.approx([math.hypot(*row) for row in rows], rel=1e-9, abs=0)


def test_norms_say_so_where_there_is_no_number():
    assert bptt.norms(torch.tensor([[math.nan, 1.0]])).isnan().all()


def test_clipped_is_pytorch_s():
    gradient = torch.tensor([3.0, 4.0])
    for theta in (0.5, 5, 7, None):
        param = torch.zeros(2, requires_grad=True)
        param.grad = gradient.clone()
        torch.nn.utils.clip_grad_norm_([param], math.inf if theta is None else theta)
        before, after = clipped(gradient, theta)
        assert before == 5
        assert after == pytest.approx(float(param.grad.norm()), rel=1e-5)
    assert gradient.tolist() == [3, 4]


@pytest.mark.parametrize("bad", [math.inf, math.nan])
def test_what_is_not_finite_cannot_be_clipped(bad):
    lengths = clipped(torch.tensor([bad, 1.0]), 1.0)
    assert lengths == pytest.approx((bad, bad), nan_ok=True)


# The picture


def made_up(state_norms, part_norms=(0.0, 1.0), early=1.0, late=3.0, gradient=(3, 4)):
    state_norms, part_norms, gradient = (
        torch.tensor(each, dtype=torch.double)
        for each in (state_norms, part_norms, gradient)
    )
    return Flow(state_norms, part_norms, early, late, gradient)


def lines(axes):
    return {line.get_label(): line for line in axes.lines}


def test_clipping_moves_the_parts_and_leaves_the_shares():
    came = made_up([1, 1, 1, 1], [0, 1e-3, 2, 1])
    chart = gradient_flow_panel.draw(came, 1.0, theta=0.5)
    _, parts, halves = chart.picture().axes
    before, after = (line.get_ydata() for line in lines(parts).values())
    np.testing.assert_allclose(before, [1e-3, 2, 1])
    np.testing.assert_allclose(after, before / 10)  # theta / |g| = 0.5 / 5
    heights = [bar.get_height() for bar in halves.patches]
    assert heights == [25, 25, 75, 75]
    named = [each.get_text() for each in halves.get_legend().get_texts()]
    assert named == ["before clipping: norm of g 5", "after clipping: norm of g 0.5"]


def test_without_clipping_there_is_no_after():
    _, parts, halves = gradient_flow_panel.draw(made_up([1, 1]), 1.0).picture().axes
    assert list(lines(parts)) == ["before clipping"]
    assert len(halves.patches) == 2


def test_the_chain_of_numbers_is_a_power():
    states = gradient_flow_panel.draw(made_up([9.0, 0.5, 4.0]), 3.0).picture().axes[0]
    chain = lines(states)["a chain of numbers, 3 each"]
    np.testing.assert_allclose(chain.get_ydata(), [36, 12, 4])
    np.testing.assert_allclose(chain.get_xdata(), [1, 2, 3])
    np.testing.assert_allclose(lines(states)["this network"].get_ydata(), [9, 0.5, 4])


def test_what_has_no_place_on_the_axis_is_marked():
    states = (
        gradient_flow_panel.draw(made_up([math.inf, 0, 0, 1, 2]), 1.0).picture().axes[0]
    )
    marks = lines(states)
    assert marks["0"].get_xdata().tolist() == [2, 3]
    assert marks["infinite"].get_xdata().tolist() == [1]
    assert np.isnan(marks["this network"].get_ydata()[:3]).all()
    named = [each.get_text() for each in states.get_legend().get_texts()]
    assert {"0", "infinite"} <= set(named)


@settings(max_examples=25)
@given(
    st.lists(st.floats(0), min_size=1, max_size=12),
    st.lists(st.floats(0), min_size=1, max_size=12),
    st.sampled_from([0.1, 1.0, 3.0]),
)
@example([0.0], [0.0], 1.0)
@example([math.inf], [math.inf], 3.0)
@example([5e-324, 1.7e308], [5e-324, 1.7e308], 3.0)
@example([1e-300] * 100, [1e300] * 100, 3.0)
def test_whatever_comes_is_drawn(state_norms, part_norms, scale):
    came = made_up(state_norms, part_norms, 0.0, 0.0, [math.inf, 1])
    picture = gradient_flow_panel.draw(came, scale, theta=1.0).picture()
    assert picture.png().startswith(b"\x89PNG")
    for axes in picture.axes:
        low, high = axes.get_ylim()
        assert 0 <= low < high < math.inf
    assert "clipping cannot fix that" in gradient_flow_panel.describe(came, 1.0)


# The panel


@pytest.fixture(scope="module")
def made():
    return explorers.GradientFlow(**START)


@pytest.fixture
def panel(made):
    """The panel that all tests share, as it is at `START`."""
    answer(made, **START)
    return made


def test_it_begins_with_an_explosion_that_is_clipped():
    panel = explorers.GradientFlow()
    assert panel.wait(30)
    assert "<b>explodes</b>" in panel.view.readout
    assert "clipping makes it <b>1</b>" in panel.view.readout
    assert panel.picture.png().startswith(b"\x89PNG")


def test_the_readout_says_what_autograd_says(panel):
    _, words = answer(panel, scale=0.9, num_steps=12, num_hiddens=4, theta=0.1)
    net, (tokens, _) = network(4, 0.9, 0), gradient_flow.sequences()
    states, parts, gradient = by_autograd(net, tokens[:, :12], tokens[:, 1:13], True)
    first, last = short(states[0].norm()), short(states[-1].norm())
    before = math.hypot(*(g.norm() for g in gradient))
    early, late = sum(parts[:6]).norm(), sum(parts[6:]).norm()
    assert f"is {last} at t = 12 and <b>{first}</b> at t = 1" in words
    assert f"<b>{short(before)}</b>; clipping makes it <b>0.1</b>" in words
    assert f"<b>{short(100 * early / (early + late))} %</b> of dL/dW_hh" in words


@pytest.mark.parametrize(
    "change, shown",
    [
        ({"scale": 0.3}, "<b>vanishes</b>"),
        ({"scale": 1.0, "num_steps": 3}, "it changes less than 1,000-fold"),
        ({"scale": 0.3, "loss": "all"}, "it changes less than 1,000-fold"),
        ({"theta": None}, "clipping is off"),
        ({"theta": 0.01}, "clipping makes it <b>0.01</b>"),
        ({"scale": 0.5, "theta": 100}, "clipping leaves it alone"),
        ({"num_steps": 30}, "t = 30"),
        ({"num_hiddens": 128}, "dL/dH_t"),
        ({"seed": 1}, "dL/dH_t"),
    ],
)
def test_every_control_changes_picture_and_words(panel, change, shown):
    image, words = panel.view.figure, panel.view.readout
    new_image, new_words = answer(panel, **change)
    assert new_image != image
    assert new_words != words
    assert shown in new_words


def test_clipping_does_not_change_the_share_of_the_past(panel):
    share = [
        answer(panel, theta=theta)[1].split("makes up ")[1].split(" of dL/dW_hh")[0]
        for theta in (None, 100, 0.01)
    ]
    assert share[0].endswith("%</b>")
    assert len(set(share)) == 1


@pytest.mark.parametrize(
    "values, message",
    [
        ({"scale": 0.05}, "scale must be a number from 0.1 to 3"),
        ({"num_steps": 1}, "num_steps must be an integer from 2 to 200"),
        ({"num_steps": 201}, "num_steps must be an integer from 2 to 200"),
        ({"loss": "first"}, "loss must be one of 'last', 'all'"),
        ({"theta": 0}, "theta must be a number from 0.01 to 100 or None"),
        ({"num_hiddens": 0}, "num_hiddens must be an integer from 1 to 128"),
        ({"seed": -1}, "seed must be an integer from 0 to 20"),
    ],
)
def test_what_cannot_be_is_refused_and_all_stays(made, values, message):
    before = made.values
    with pytest.raises(ValueError, match=message):
        made.set(**values)
    assert made.values == before


CORNERS = list(itertools.product((0.1, 3), (2, 200), ("last", "all"), (1, 128)))


@pytest.mark.parametrize("scale, num_steps, loss, num_hiddens", CORNERS)
def test_nothing_is_cut_off_in_any_corner(made, scale, num_steps, loss, num_hiddens):
    theta = None if loss == "all" and num_steps == 2 else 0.01
    answer(
        made, scale=scale, num_steps=num_steps, loss=loss, num_hiddens=num_hiddens,
        theta=theta,
    )  # fmt: skip
    assert fits(made.picture)
