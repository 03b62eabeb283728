"""The steps of `text` with arrays instead of lists, for many millions of tokens.

What comes out is the same; `text` says in plain Python what that is. But a text of
50 MB then takes seconds, and memory for a number a token instead of an object.
"""

from __future__ import annotations

import collections
import itertools
import string
import sys
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

LINES = 2**15  # that are joined and cut up at a time
BLOCK = 2**20  # tokens of them, or numbers, that are worked on at a time
ALL_CHARACTERS = sys.maxunicode + 1

# Letters in lower case and line ends stay, and each other byte becomes a space.
CLEANED = bytes(
    ord(char.lower()) if char in string.ascii_letters + "\n" else ord(" ")
    for char in map(chr, range(256))
)


def cleaned(text: str) -> str:
    """The text with each of its lines cleaned, as `text.clean_line` does."""
    spaced = text.encode("ascii", "replace").translate(CLEANED)
    codes = np.frombuffer(spaced, np.uint8)
    is_kept = codes != ord(" ")
    is_kept[1:] |= codes[:-1] > ord(" ")  # the first space after a letter
    text = codes[is_kept].tobytes().decode("ascii")
    return text.replace(" \n", "\n").removesuffix(" ")


def counted(lines: Sequence[str], token: str) -> tuple[collections.Counter, np.ndarray]:
    """How often each kind of token occurs, and for each token of the text, its kind.

    The first are those of `text.count_corpus`, in order of first appearance; the second
    are places in that order, int32, shape (num_tokens,).
    """
    # A kind that is new gets the next place.
    place_of = collections.defaultdict(itertools.count().__next__)
    places = {"word": _words, "char": _characters}[token]
    blocks = [np.empty(0, np.int32), *places(lines, place_of)]
    times = np.zeros(len(place_of), np.int64)
    for block in blocks:
        times += np.bincount(block, minlength=len(times))
    counts = dict(zip(place_of, times.tolist(), strict=True))
    return collections.Counter(counts), np.concatenate(blocks)


def _characters(lines: Sequence[str], place_of: Mapping) -> Iterator[np.ndarray]:
    """The place of each character, block by block."""
    places = np.full(ALL_CHARACTERS, -1, np.int32)  # by the character's code
    for text in _joined(lines, ""):
        for start in range(0, len(text), BLOCK):
            code = text[start : start + BLOCK].encode("utf-32-le", "surrogatepass")
            codes = np.frombuffer(code, "<u4")
            for new in dict.fromkeys(codes[places[codes] < 0].tolist()):
                places[new] = place_of[chr(new)]
            yield places[codes]


def _words(lines: Sequence[str], place_of: Mapping) -> Iterator[np.ndarray]:
    """The place of each word, block by block."""
    for rest in _joined(lines, " "):
        while words := rest.split(None, BLOCK):
            rest = words.pop() if len(words) > BLOCK else ""
            yield np.fromiter(map(place_of.__getitem__, words), np.int32, len(words))


def _joined(lines: Sequence[str], between: str) -> Iterator[str]:
    for start in range(0, len(lines), LINES):
        yield between.join(lines[start : start + LINES])


def renumber(places: np.ndarray, numbers: Sequence[int]) -> None:
    """Replace each place by the number that stands there, block by block."""
    numbers = np.array(numbers, places.dtype)
    for start in range(0, len(places), BLOCK):
        places[start : start + BLOCK] = numbers[places[start : start + BLOCK]]
