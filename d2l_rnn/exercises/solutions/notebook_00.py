"""Solutions to the exercises of notebook 00, start here."""

from __future__ import annotations

import math


def put_back(shuffled: list, order: list[int]) -> list:
    """Make an empty list, and put each item where it came from."""
    result = [None] * len(shuffled)
    for item, place in zip(shuffled, order, strict=True):
        result[place] = item
    return result


def letters_since_space(text: str) -> list[int]:
    """One number, the state, is all that has to be kept from step to step."""
    state, states = 0, []
    for character in text:
        state = 0 if character == " " else state + 1
        states.append(state)
    return states


def extend_line(x: list[float], num_steps: int) -> list[float]:
    """After k steps the line is k times its last step beyond its last value."""
    step = x[-1] - x[-2]
    return [x[-1] + k * step for k in range(1, num_steps + 1)]


def root_mean_square_error(predictions: list[float], observed: list[float]) -> float:
    """Read the formula from the inside: square the errors, average, take the root."""
    pairs = zip(predictions, observed, strict=True)
    squares = [(predicted - value) ** 2 for predicted, value in pairs]
    return math.sqrt(sum(squares) / len(squares))


def perplexity_of_guesses(probabilities: list[float]) -> float:
    """The exponential of the mean loss, where each loss is -ln p."""
    losses = [-math.log(p) for p in probabilities]
    return math.exp(sum(losses) / len(losses))
