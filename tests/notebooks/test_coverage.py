"""Everything that the notes state is taught: `coverage.md` says in which cell.

It quotes the notes whole, sentence by sentence, formula by formula. Below each quote
stand the places: the number of a notebook, and words that one of its cells has.
"""

import re
from pathlib import Path

import pytest
from course import NOTEBOOKS, cells

COVERAGE = Path(__file__).with_name("coverage.md")
PLACE = re.compile(r"- (\d\d): (.+)")


def entries(text):
    """Pairs of a quote and its places, each a pair of notebook and words."""
    for block in re.split(r"\n\s*\n", text):
        lines = block.splitlines()
        quote = [line[1:].strip() for line in lines if line.startswith(">")]
        places = [PLACE.fullmatch(line).groups() for line in lines if line[:1] == "-"]
        if quote:
            yield "\n".join(quote), places


ENTRIES = list(entries(COVERAGE.read_text(encoding="utf-8")))
PLACES = sorted({place for _, places in ENTRIES for place in places})


def squeezed(text):
    return re.sub(r"\s+", "", text)


def spaced(text):
    return re.sub(r"\s+", " ", text)


def test_the_notes_are_there_whole_and_in_order(notes):
    _front_matter, _, text = notes.partition("\n---\n")
    quoted = COVERAGE.read_text(encoding="utf-8").partition("\n# The course\n")[0]
    assert squeezed("".join(quote for quote, _ in entries(quoted))) == squeezed(text)


@pytest.mark.parametrize(("quote", "places"), ENTRIES)
def test_each_has_a_place(quote, places):
    assert places


@pytest.mark.parametrize(("number", "words"), PLACES)
def test_each_place_is_one_cell(number, words):
    (path,) = (path for path in NOTEBOOKS if path.name.startswith(number))
    sources = [spaced(cell["source"]) for cell in cells(path)]
    assert sum(spaced(words) in source for source in sources) == 1
