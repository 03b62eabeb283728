"""Numbers, tokens and errors as a reader sees them."""

import math

import pytest

from d2l_rnn.explorers import wording


@pytest.mark.parametrize(
    "value, words",
    [(0, "0"), (1, "1"), (99.96, "100"), (143.2, "143"), (12345.6, "12,346"),
     (1e5, "1e+05"), (5.4e-202, "5.4e-202"), (math.inf, "inf"), (0.0123, "0.012")],
)  # fmt: skip
def test_short(value, words):
    assert wording.short(value) == words


@pytest.mark.parametrize(
    "value, words",
    [(0.2, "0.20"), (1.474, "1.47"), (0.0049, "less than 0.005"), (0.005, "0.01"),
     (99.99, "99.99"), (4579.6, "4,580"), (math.inf, "∞")],
)  # fmt: skip
def test_two_decimals(value, words):
    assert wording.two_decimals(value) == words


@pytest.mark.parametrize(
    "share, words",
    [(0, "0%"), (1, "100%"), (0.0004, "< 0.1%"), (0.99996, "> 99.9%"), (0.5, "50.0%")],
)
def test_percent(share, words):
    assert wording.percent(share) == words


@pytest.mark.parametrize(
    "token, words",
    [("a", "a"), (" ", "␣"), ("a b", "a␣b"), ("\n", "\\n"), ("\u200b", "\\u200b"),
     ("中", "中")],
)  # fmt: skip
def test_what_cannot_be_seen_is_made_visible(token, words):
    assert wording.visible(token) == words


def test_a_complaint_is_no_html():
    assert "&lt;b&gt;" in wording.complaint(ValueError("<b>"))
