import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from d2l_rnn import clipping

finite = st.floats(-1e6, 1e6, width=32)


def with_gradients(*gradients):
    params = []
    for gradient in gradients:
        gradient = torch.tensor(gradient, dtype=torch.float32)
        param = torch.zeros_like(gradient, requires_grad=True)
        param.grad = gradient
        params.append(param)
    return params


@given(
    st.lists(st.lists(finite, min_size=1, max_size=5), min_size=1, max_size=4),
    st.floats(1e-3, 1e3),
)
def test_the_projection_onto_the_ball(gradients, theta):
    params = with_gradients(*gradients)
    g = torch.cat([param.grad.double() for param in params])
    norm = g.norm().item()
    assert clipping.clip_gradients(params, theta) == pytest.approx(norm, rel=1e-5)
    clipped = torch.cat([param.grad.double() for param in params])
    expected = min(1, theta / norm) * g if norm else g
    torch.testing.assert_close(clipped, expected, rtol=1e-5, atol=1e-12)
    assert clipping.global_norm(params) <= theta * (1 + 1e-5) or norm <= theta


def test_against_torch_s_own_clipping():
    torch.manual_seed(0)
    ours, theirs = nn.GRU(3, 5), nn.GRU(3, 5)
    theirs.load_state_dict(ours.state_dict())
    X = torch.randn(4, 2, 3)
    for net in (ours, theirs):
        (net(X)[0] ** 2).sum().backward()
    norm = nn.utils.clip_grad_norm_(theirs.parameters(), 0.1)
    assert clipping.clip_gradients(ours, 0.1) == pytest.approx(norm.item())
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, rtol=1e-4, atol=1e-8)


def test_a_worked_number():
    params = with_gradients([3.0], [0.0, 4.0])
    assert clipping.clip_gradients(params, 1) == 5
    assert [param.grad.tolist() for param in params] == [
        [pytest.approx(0.6)], [0, pytest.approx(0.8)],
    ]  # fmt: skip


def test_a_gradient_inside_the_ball_is_left_alone():
    params = with_gradients([0.3, 0.4])
    before = params[0].grad.clone()
    assert clipping.clip_gradients(params, 0.6) == pytest.approx(0.5)
    assert torch.equal(params[0].grad, before)


@pytest.mark.parametrize("theta", [None, math.inf])
def test_no_theta_leaves_gradients_alone(theta):
    params = with_gradients([300.0, 400.0])
    assert clipping.clip_gradients(params, theta) == 500
    assert params[0].grad.tolist() == [300, 400]


def test_parameters_without_a_gradient_are_skipped():
    unused = torch.zeros(3, requires_grad=True)
    frozen = torch.zeros(3)
    params = [unused, *with_gradients([6.0, 8.0]), frozen]
    assert clipping.clip_gradients(params, 5) == 10
    assert unused.grad is None and params[1].grad.tolist() == [3, 4]
    assert clipping.clip_gradients([unused], 1) == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("theta", [1.0, None])
def test_a_norm_that_is_not_finite_is_reported(bad, theta):
    params = with_gradients([1.0, bad], [2.0])
    with pytest.raises(FloatingPointError, match="norm of the gradient is (nan|inf)"):
        clipping.clip_gradients(params, theta)
    assert params[1].grad.tolist() == [2.0]


def test_a_list_of_gradients_is_projected_as_one_vector_in_place():
    vector = torch.tensor([3.0, 0.0, 0.0, 12.0])
    gradients = [vector[:1], torch.tensor([[4.0]]), vector[1:].view(3, 1)]
    assert clipping.project(gradients, 6.5) == 13
    assert vector.tolist() == [1.5, 0, 0, 6] and gradients[1].tolist() == [[2]]
    assert clipping.project(gradients, 7) == 6.5
    assert vector.tolist() == [1.5, 0, 0, 6]  # inside the ball by now


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_one_vector_or_its_parts_are_the_same_gradient(dtype):
    torch.manual_seed(0)
    whole = torch.randn(100, dtype=dtype)
    parts = [part.clone() for part in whole.split([1, 9, 40, 50])]
    expected = whole * (2 / whole.norm())
    assert clipping.project([whole], 2) == pytest.approx(clipping.project(parts, 2))
    torch.testing.assert_close(whole, expected)
    torch.testing.assert_close(torch.cat(parts), expected)


def test_no_gradients_have_the_norm_zero():
    assert clipping.project([], 1.0) == 0
    assert clipping.project([torch.zeros(0)], 1.0) == 0
    assert clipping.project([torch.zeros(0), torch.zeros(2)], 1.0) == 0


@pytest.mark.parametrize("parts", [1, 2])
def test_a_vector_that_is_not_finite_is_left_as_it_is(parts):
    gradients = [torch.tensor([3.0, math.inf]) for _ in range(parts)]
    assert clipping.project(gradients, 1.0) == math.inf
    assert all(gradient.tolist() == [3, math.inf] for gradient in gradients)


@pytest.mark.parametrize("theta", [0, -1, math.nan, -math.inf, "1", True])
def test_a_bad_theta_is_told(theta):
    with pytest.raises(ValueError, match="theta must be a number greater than 0, got"):
        clipping.clip_gradients(with_gradients([1.0]), theta)
    with pytest.raises(ValueError, match="theta must be a number greater than 0, got"):
        clipping.project([torch.ones(2)], theta)


POWERS = {
    torch.float32: (-30, -25, -16, 25, 37), torch.complex64: (-30, 37),
    torch.float64: (-160, -16, 160),
}  # fmt: skip


@pytest.mark.parametrize(
    "dtype, power", [(dtype, each) for dtype in POWERS for each in POWERS[dtype]]
)
@pytest.mark.parametrize("parts", [1, 2])
def test_a_norm_is_right_however_small_or_large_its_squares(dtype, power, parts):
    unit = 10.0**power
    gradient = torch.tensor([3 * unit, 4 * unit], dtype=dtype)
    gradients = [part.clone() for part in gradient.chunk(parts)]
    param = torch.zeros(2, dtype=dtype, requires_grad=True)
    param.grad = gradient.clone()
    assert clipping.global_norm(param) == pytest.approx(5 * unit)
    assert clipping.clip_gradients(param, None) == pytest.approx(5 * unit)
    assert clipping.project(gradients, unit) == pytest.approx(5 * unit)
    torch.testing.assert_close(torch.cat(gradients) / unit,
                               torch.tensor([0.6, 0.8], dtype=dtype))  # fmt: skip


def test_gradients_that_share_memory_are_refused():
    g = torch.tensor([3.0, 4.0, 0.0])
    for overlapping in (
        [g[:2], g[1:]],
        [g, g.view(3, 1)],
        [g, g.view(torch.int32)],
        [g, g],
    ):
        with pytest.raises(ValueError, match="^gradients must"):
            clipping.project(overlapping, 1.0)
    assert g.tolist() == [3, 4, 0]
    assert clipping.project([g[:1], g[1:]], 1.0) == 5  # parts of one vector
    torch.testing.assert_close(g, torch.tensor([0.6, 0.8, 0]))
    assert clipping.project([g[::2], g[1::2]], 1.0) == pytest.approx(1)
