"""What we are held to: the book's wheel, and the notes' own code."""

import os

import _originals
import pytest


@pytest.fixture(scope="session")
def wheel(tmp_path_factory):
    """The d2l 0.17.6 wheel; where it cannot be had, skips, or fails if it has to be."""
    try:
        return _originals.download_wheel(tmp_path_factory.mktemp("wheel"))
    except _originals.Unavailable as missing:
        if os.environ.get("D2L_RNN_REQUIRE_PARITY"):
            pytest.fail(f"D2L_RNN_REQUIRE_PARITY is set, but {missing}")
        pytest.skip(str(missing))
