"""The same experiments on the book's last wheel with this chapter, and on ours."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from d2l_rnn import corpora

MEASURE = Path(__file__).with_name("measure.py")


def run(*command):
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True, text=True, encoding="utf-8", check=False,
    )  # fmt: skip


@pytest.fixture(scope="session")
def both(wheel, tmp_path_factory):
    """What the two computed, (the book, ours), on The Time Machine or the story."""
    text = tmp_path_factory.mktemp("text") / "text.txt"
    text.write_bytes(corpora.find_text().path.read_bytes())
    results = []
    for names in ([wheel], []):
        out = text.with_suffix(f".{len(results)}.json")
        done = run(MEASURE, text, out, *names)
        assert done.returncode == 0, done.stderr
        results.append(json.loads(out.read_text(encoding="utf-8")))
    return results


@pytest.mark.parametrize("what", [
    "lines", "characters", "counts", "vocab", "token_freqs", "indices", "tokens",
    "corpus", "characters_vocab",
])  # fmt: skip
def test_text_is_the_same(both, what):
    book, ours = both
    assert len(book[what]) > 0
    assert ours[what] == book[what]


def test_minibatches_are_the_same(both):
    book, ours = both
    assert len(book["minibatches"]) == 2 * 4 * 2 * 3
    assert ours["minibatches"] == book["minibatches"]


MODELS = [
    f"{cell} {sampling}"
    for cell in ("scratch", "rnn", "gru", "lstm")
    for sampling in ("sequential", "random")
]


@pytest.fixture
def needs_notes(request):
    """For the scratch RNN, whose functions the wheel leaves to the chapter's text."""
    if "scratch" in request.node.callspec.id:
        request.getfixturevalue("notes")


@pytest.mark.parametrize("model", MODELS)
def test_training_is_the_same(both, needs_notes, model):
    book, ours = (result["training"][model] for result in both)
    assert ours["vocab"] == book["vocab"]
    assert ours["initial"] == book["initial"]  # to the last bit
    assert len(book["perplexities"]) == 5
    assert book["perplexities"][4] < book["perplexities"][0]
    assert ours["perplexities"] == pytest.approx(book["perplexities"], abs=1e-4)
    assert ours["predictions"] == book["predictions"]


@pytest.mark.parametrize("cell", ["scratch", "rnn", "gru", "lstm"])
def test_clipped_gradients_are_the_same(both, needs_notes, cell):
    book, ours = (result["clipped"][cell] for result in both)
    assert [gradients[0] for gradients in book[:2]] == pytest.approx([1e-3, 0.1])
    assert 0.1 < book[2][0] < 100  # inside the largest ball, so left alone
    for one, other in zip(ours, book, strict=True):
        assert one == pytest.approx(other, rel=1e-5, abs=1e-9)
