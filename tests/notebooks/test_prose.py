"""The prose of the notebooks and of the Markdown pages: spelling, and where links lead.

Words that the dictionary does not have, of the field or British, stand in `words.txt`.
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from course import NOTEBOOKS, ROOT, SOLUTIONS, markdown, prose

pytestmark = pytest.mark.course

MARKDOWN = [*sorted(ROOT.glob("*.md")), ROOT / "benchmarks" / "README.md"]
WORDS = Path(__file__).with_name("words.txt")
WORD = re.compile(r"[A-Za-z]+(?:['’][A-Za-z]+)?")
PAGES = [*MARKDOWN, *NOTEBOOKS, *SOLUTIONS]


def name(path):
    return str(path.relative_to(ROOT).with_suffix(""))


@pytest.fixture(scope="module")
def speller():
    spellchecker = pytest.importorskip("spellchecker", reason="no pyspellchecker")
    speller = spellchecker.SpellChecker()
    speller.word_frequency.load_words(WORDS.read_text(encoding="utf-8").split())
    return speller


def text_of(page):
    return page.read_text(encoding="utf-8") if page in MARKDOWN else markdown(page)


def words_of(text):
    return [word.replace("’", "'") for word in WORD.findall(prose(text))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_word_is_in_the_dictionary(page, speller):
    assert sorted(speller.unknown(words_of(text_of(page)))) == []


def test_a_slip_of_the_pen_is_seen_but_not_in_code(speller):
    text = "The gradeint of `gradeint`, $gradeint$ and [teh](gradeint.md) [is](teh)."
    assert speller.unknown(words_of(text)) == {"gradeint", "teh"}


def test_the_words_of_our_own_are_sorted_and_in_use():
    words = WORDS.read_text(encoding="utf-8").split()
    used = {word.lower() for page in PAGES for word in words_of(text_of(page))}
    assert words == sorted(set(words))
    assert [word for word in words if word not in used] == []


def check_links(*paths):
    """Follow the links within the repository, to files."""
    pytest.importorskip("pytest_check_links", reason="no pytest-check-links")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("--override-ini=filterwarnings=", "--override-ini=addopts="),
            *("--check-links", "--check-links-ignore", "^(https?|mailto):"),
            *map(str, paths),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


def test_every_link_leads_somewhere():
    checked = check_links(*PAGES)
    assert checked.returncode == 0, checked.stdout


def test_a_link_that_leads_nowhere_is_seen(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("[there](page.md) and [not there](pages.md)", encoding="utf-8")
    checked = check_links(page)
    assert "1 failed, 1 passed" in checked.stdout
