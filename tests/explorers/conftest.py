"""The explorers need ipywidgets, which comes with the "lab" extra."""

import importlib.util

import pytest

from d2l_rnn import corpora

if importlib.util.find_spec("ipywidgets") is None:
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def offline(monkeypatch):
    """A machine that has only the built-in story."""
    from d2l_rnn.explorers import minibatches, ngram_text, text_controls, training_runs

    kept = (
        text_controls.lines_of, minibatches.beginning, ngram_text.characters,
        training_runs.load,
    )  # fmt: skip
    story = corpora.named_file(corpora.STORY_PATH)
    monkeypatch.setattr(corpora, "find_text", lambda path=None: story)
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()
