"""What the tests of the exercises share."""

import pytest

from d2l_rnn.exercises import counterexamples


@pytest.fixture
def patient(monkeypatch):
    """The search for a counterexample may take its time: others have the processor."""
    monkeypatch.setattr(counterexamples, "LIMIT", 60.0)
