"""A number in the prose of a notebook is one that the notebook shows or is given.

Looked for are numbers that somebody has measured: with a decimal point, a per cent sign
or a comma between thousands. They must be those of an output, rounded, or stand in the
code.
"""

import json
import re

import pytest
from course import NOTEBOOKS, cells, prose
from test_course import each

pytestmark = pytest.mark.course

NUMBER = re.compile(
    r"(?<![\w.,/:-])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?( ?%)?(?![\w/]|\.\d|:\d)"
)
ANY = re.compile(r"\d[\d,_]*\.?\d*(?:e[+-]?\d+)?")
MEASURED = re.compile(r"<!-- ([a-z-]+) -->.*?<!-- /\1 -->", re.DOTALL)  # by benchmarks
# What was not measured, by notebook: settings of panels, thought experiments, products
# that a reader can check in the head.
TOLD = {
    "00": ["0.25"],
    "02": ["20,000", "100,000"],
    "04": ["100,000"],
    "05": ["65,536"],
    "07": ["2.5"],
    "08": ["0.75", "2,000"],
    "09": ["0.998"],
}
EVERYWHERE = ["10,000"]  # characters, which the book trains on


def measured(text):
    """The numbers of a text that are measured: (as it is written, value, precision)."""
    for found in NUMBER.finditer(text):
        whole, decimals, percent = found.groups()
        if decimals or percent or "," in whole:
            digits = whole.replace(",", "")
            zeros = len(digits) - len(digits.rstrip("0"))
            precision = 10.0 ** (-(len(decimals) - 1) if decimals else min(zeros, 2))
            scale = 0.01 if percent else 1
            yield (
                found[0],
                float(digits + (decimals or "")) * scale,
                (precision if decimals or "," in whole else 1) * scale,
            )


def shown(path):
    """All numbers in the outputs and the code of a notebook."""
    text = []
    for cell in cells(path, "code"):
        text.append(cell["source"])
        for out in cell["outputs"]:
            data = out.get("data", {})
            text += [out.get("text", ""), data.get("text/plain", "")]
            text += [data.get("text/markdown", "")]
    joined = "\n".join("".join(each) for each in text)
    for found in ANY.findall(joined):
        with_point = re.sub("[,_]", "", found).rstrip(".")
        yield float(with_point)
        yield float(with_point) / 100  # printed with a per cent sign


def unsupported(path):
    """The measured numbers of the prose that nothing shows."""
    known = sorted(set(shown(path)))
    missing = []
    for cell in cells(path, "markdown"):
        words = prose(MEASURED.sub("", cell["source"]))
        for written, value, precision in measured(words):
            if written in TOLD.get(path.stem[:2], []) + EVERYWHERE:
                continue
            if not any(abs(value - each) <= 0.501 * precision for each in known):
                missing.append((written, cell["source"][:60]))
    return missing


def test_a_number_that_nothing_shows_is_seen(tmp_path):
    path = tmp_path / "00-some.ipynb"
    words = "At 36% and 7.1, in 3 steps of 12,300, not 7.2, nor `8.3`, nor $9.4$."
    made = [
        {"cell_type": "code", "source": "x = 12_345", "outputs": [{"text": "7.13"}]},
        {"cell_type": "code", "source": "", "outputs": [{"text": "0.3581"}]},
        {"cell_type": "markdown", "source": words},
    ]
    path.write_text(json.dumps({"cells": made}))
    assert [written for written, _ in unsupported(path)] == ["7.2"]


@each(NOTEBOOKS)
def test_a_number_in_the_prose_is_one_that_the_notebook_shows(path):
    assert unsupported(path) == []
