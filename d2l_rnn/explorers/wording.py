"""How the panels write numbers, tokens and errors, for a legend or in HTML."""

from __future__ import annotations

import html
import math

WARNING = "color: #A03000"  # dark enough to be read on white


def short(value: float) -> str:
    """Two or three digits of a number that may be very large or very small."""
    return f"{value:,.0f}" if 99.5 <= value < 1e5 else f"{value:.2g}"


def two_decimals(value: float) -> str:
    """A positive number with two decimals, or with none from 100 on.

    One that would be 0.00 is called less than that.
    """
    if math.isinf(value):
        return "∞"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.005 else "less than 0.005"


def percent(share: float) -> str:
    """A share, rounded, but never to nothing or to all where it is not."""
    if share in (0, 1):
        return f"{share:.0%}"
    return "< 0.1%" if share < 0.001 else "> 99.9%" if share > 0.999 else f"{share:.1%}"


def visible(token: str) -> str:
    """A token as a label: a space and what has no sign of its own can be seen."""
    return "".join(
        "␣" if sign == " " else sign if sign.isprintable() else ascii(sign)[1:-1]
        for sign in token
    )


def warning(words: str) -> str:
    """Words in HTML, which they may hold, that are to catch the eye."""
    return f"<b style='{WARNING}'>{words}</b>"


def complaint(error: Exception) -> str:
    """An error in HTML, as a reader wants to see it."""
    return warning(html.escape(str(error)))
