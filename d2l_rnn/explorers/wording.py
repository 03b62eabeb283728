"""Numbers, tokens and errors as the panels write them, for a legend or in HTML."""

from __future__ import annotations

import html
import math

from d2l_rnn.explorers.faults import words_of

WARNING = "color: #A03000"  # dark enough to be readable on white


def short(value: float) -> str:
    """A number, which may be very large or very small, in two or three digits."""
    return f"{value:,.0f}" if 99.5 <= value < 1e5 else f"{value:.2g}"


def two_decimals(value: float) -> str:
    """A positive number with two decimals, or with none from 100 upwards.

    One that would be shown as 0.00 is "less than 0.005".
    """
    if math.isinf(value):
        return "∞"
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if value >= 0.005 else "less than 0.005"


def percent(share: float) -> str:
    """A share in per cent, rounded to 0 or 100 only if it is exactly that."""
    if share in (0, 1):
        return f"{share:.0%}"
    return "< 0.1%" if share < 0.001 else "> 99.9%" if share > 0.999 else f"{share:.1%}"


def brief(value: object) -> str:
    """The repr of a value, cut if it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}...'"


def visible(token: str) -> str:
    """A token as a label, in which spaces and unprintable characters are visible."""
    return "".join(
        "␣" if sign == " " else sign if sign.isprintable() else ascii(sign)[1:-1]
        for sign in token
    )


def warning(words: str) -> str:
    """Words, which may contain HTML, in bold and in the colour of a warning."""
    return f"<b style='{WARNING}'>{words}</b>"


def complaint(error: Exception) -> str:
    """The message of an error, as HTML."""
    return warning(html.escape(words_of(error)))
