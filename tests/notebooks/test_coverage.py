"""Everything that the notes state is taught: `coverage.md` says in which cell.

It names each statement of the notes by its heading and its number there, in our words,
with a fingerprint of what the notes say. Below each name stand the places: the number
of a notebook, and words that one of its cells has.
"""

import hashlib
import re
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import pytest
from course import NOTEBOOKS, cells

pytestmark = pytest.mark.course

TEXT = Path(__file__).with_name("coverage.md").read_text(encoding="utf-8")
NAME = re.compile(
    r"(?:#+ (?P<heading>[\d.]+)|(?P<number>\d+)\.) .+?(?: `(?P<mark>[0-9a-f]{8})`)?"
)
PLACE = re.compile(r"- (\d\d): (.+)")

# In the notes: code, a displayed formula; a heading, an image, the title of a tip.
BLOCK = re.compile(
    r"^(```.*?^```|\$\$.*?\$\$|(?:#+ |!\[|:::)[^\n]*)$", re.DOTALL | re.MULTILINE
)
IN_CODE = re.compile(r"\n\n(?=#|def |class )")
IN_PROSE = re.compile(r"(?<=[。！？])|\n\s*\n|\n(?=- )")


class Entry(NamedTuple):
    """A name in `coverage.md`: a heading is number 0 under itself."""

    heading: str
    number: int
    fingerprint: str | None
    places: list[tuple[str, str]]


def entries(text):
    """The names in `coverage.md`, each with its places."""
    found, heading = [], None
    for line in map(str.strip, text.splitlines()):
        if name := NAME.fullmatch(line):
            heading = name["heading"] or heading
            found.append(Entry(heading, int(name["number"] or 0), name["mark"], []))
        elif line.startswith("- "):
            found[-1].places.append(PLACE.fullmatch(line).groups())
    return found


ENTRIES = entries(TEXT)
PLACES = sorted({place for entry in ENTRIES for place in entry.places})


def squeezed(text):
    return re.sub(r"\s+", "", text)


def spaced(text):
    return re.sub(r"\s+", " ", text)


def pieces(block):
    if block.startswith("```"):
        return IN_CODE.split(block)
    return [block] if BLOCK.fullmatch(block) else IN_PROSE.split(block)


def statements(notes):
    """The statements of the notes, without white space, each with its level.

    A heading, an image, the title of a tip and a displayed formula are one statement
    each. Prose (paragraphs, lists, the text of a tip) is cut after each 。, ！ or ？,
    and where a paragraph or an item of a list ends. Code is cut at a blank line before
    a comment, a `def` or a `class` at the margin. The front matter and the line that
    closes a tip state nothing. The level of a heading is that of its `#`s, else 0.
    """
    _front_matter, _, text = notes.partition("\n---\n")
    for block in BLOCK.split(text):
        level = len(block) - len(block.lstrip("#"))
        for statement in map(squeezed, pieces(block)):
            if statement not in ("", ":::"):
                yield level, statement


def numbered(notes):
    """Heading, number and fingerprint of each statement; the title is heading 0."""
    counts, number = [], 0
    for level, statement in statements(notes):
        number += 1
        if level:
            counts = (counts + [0] * level)[:level]
            counts[-1] += 1
            number = 0
        heading = ".".join(map(str, counts[1:])) or "0"
        yield heading, number, hashlib.sha1(statement.encode()).hexdigest()[:8]


def test_each_statement_of_the_notes_is_named_once_and_in_order(notes):
    of_the_notes, _, _of_the_course = TEXT.partition("\n# The course\n")
    assert [entry[:3] for entry in entries(of_the_notes)] == list(numbered(notes))


def test_how_notes_are_cut():
    notes = """---
title: no statement
---

# Title

One
line。Two！

:::tip Three
Four
:::

## First

![Picture](picture.svg)
Text below it

- item。More
- next

$$
a。

b
$$

### Below

```py
# 1
a = 1

b = 2

# 2
def f():
  c = 3

  return c
```

## Second
"""
    assert list(statements(notes)) == [
        (1, "#Title"),
        (0, "Oneline。"),
        (0, "Two！"),
        (0, ":::tipThree"),
        (0, "Four"),
        (2, "##First"),
        (0, "![Picture](picture.svg)"),
        (0, "Textbelowit"),
        (0, "-item。"),
        (0, "More"),
        (0, "-next"),
        (0, "$$a。b$$"),
        (3, "###Below"),
        (0, "```py#1a=1b=2"),
        (0, "#2deff():c=3returnc```"),
        (2, "##Second"),
    ]
    numbers = [(heading, number) for heading, number, _ in numbered(notes)]
    assert numbers[4:7] == [("0", 4), ("1", 0), ("1", 1)]
    assert numbers[11:] == [("1", 6), ("1.1", 0), ("1.1", 1), ("1.1", 2), ("2", 0)]


def test_numbers_run_from_the_heading_without_a_gap():
    for heading, group in groupby(ENTRIES, key=lambda entry: entry.heading):
        numbers = [entry.number for entry in group]
        assert numbers == list(range(len(numbers))), f"under {heading}"


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda e: f"{e.heading}-{e.number}")
def test_each_has_a_place(entry):
    assert entry.places


@pytest.mark.parametrize(("number", "words"), PLACES)
def test_each_place_is_one_cell(number, words):
    (path,) = (path for path in NOTEBOOKS if path.name.startswith(number))
    sources = [spaced(cell["source"]) for cell in cells(path)]
    assert sum(spaced(words) in source for source in sources) == 1
