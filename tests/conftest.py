"""What the tests share: the text, and small models that train in no time."""

import os
import random

import _originals
import hypothesis
import pytest
import torch
from small_series import N_TRAIN, TAU

from d2l_rnn import corpora, neural_ar, rnn, series, text

# What the tests solve is not what the developer has solved.
os.environ["D2L_RNN_PROGRESS"] = "off"

# The tests' models are so small that a second thread only makes them wait.
torch.set_num_threads(1)

# How long an example takes says more of the machine than of what is tested.
hypothesis.settings.register_profile("d2l_rnn", deadline=None)
hypothesis.settings.load_profile("d2l_rnn")


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist looks for the groups
def pytest_collection_modifyitems(items):
    """When tests run in parallel, those of a file stay together, and so do browsers.

    The notebooks do not: each takes long, in a kernel of its own.
    """
    for item in items:
        group = "browser" if item.path.parent.name == "browser" else str(item.path)
        apart = item.path.name == "test_notebooks.py"
        item.add_marker(pytest.mark.xdist_group(item.nodeid if apart else group))


@pytest.fixture(scope="session")
def time_machine():
    """The path of *The Time Machine*; skips where it is missing."""
    found = corpora.find_text()
    if not found.is_time_machine:
        pytest.skip("The Time Machine is not here and could not be fetched")
    return found.path


@pytest.fixture(scope="session")
def notes():
    """The text of the notes; if missing, the test is skipped, or fails if required."""
    try:
        return _originals.read_notes()
    except _originals.Unavailable as missing:
        if os.environ.get("D2L_RNN_REQUIRE_PARITY"):
            pytest.fail(f"D2L_RNN_REQUIRE_PARITY is set, but {missing}")
        pytest.skip(str(missing))


@pytest.fixture
def seed():
    """Seed the global generators that the book uses; call it again to start over."""

    def start(value=0):
        random.seed(value)
        torch.manual_seed(value)

    start()
    return start


@pytest.fixture
def vocab():
    """The vocabulary of a short text: 10 different characters and `<unk>`."""
    return text.Vocab(list("the time traveller"))


@pytest.fixture(params=rnn.CELLS)
def net(request, vocab, seed):
    """A small model of each kind."""
    return rnn.make_model(request.param, len(vocab), num_hiddens=8)


@pytest.fixture(scope="session")
def sine():
    """The book's series."""
    return series.noisy_sine()[1]


@pytest.fixture(scope="session")
def examples(sine):
    """The rows of its lag matrix that models are trained on."""
    features, labels = series.lag_matrix(sine, TAU)
    return features[:N_TRAIN], labels[:N_TRAIN]


@pytest.fixture(scope="session")
def mlp(examples):
    """The book's network, trained on them, and its losses."""
    return neural_ar.train_mlp(*examples)
