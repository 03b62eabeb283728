"""What may be a token of a vocabulary."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from d2l_rnn.checks import integer, items, plain, shown
from d2l_rnn.checks.values import equals_itself


def checked(value: Hashable, name: str = "tokens") -> Hashable:
    """Return `value`; ValueError if it is not hashable, or equal to no other token."""
    if type(value) is str:  # as a rule
        return value
    try:
        hash(value)
        is_equal = equals_itself(value)
    except (TypeError, RuntimeError) as error:
        raise ValueError(f"{name} must be hashable: {error}") from None
    if not is_equal or hasattr(value, "__next__"):
        raise ValueError(
            f"{name} must be equal to others of their kind, got {shown(value)}"
        )
    return value


def frequency(pair: tuple[Hashable, int]) -> tuple[Hashable, int]:
    """Return a token and how often it occurs; ValueError if that is no such pair."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise ValueError(
            f"token_freqs must be pairs of a token and its number, got {shown(pair)}"
        )
    token = checked(plain(pair[0], "token_freqs"), "token_freqs")
    return token, integer("each number in token_freqs", pair[1], at_least=0)


def covering(
    of_text: list[Hashable], vocab: Iterable[Hashable] | None
) -> tuple[Hashable, ...]:
    """The tokens of a text, or those of a given vocabulary.

    Raises ValueError if it is no sequence or mapping, or lacks one of the text.
    """
    if vocab is None:
        return tuple(of_text)
    names = list(vocab) if isinstance(vocab, Mapping) else vocab  # {token: index}
    given = dict.fromkeys(items("vocab", names))
    for token in of_text:
        if token not in given:
            raise ValueError(
                f"vocab must hold every token of the text, and "
                f"{shown(token)} is not in it"
            )
    return tuple(given)
