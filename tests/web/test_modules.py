"""The browser's modules, tested where no browser is: by Node's own test runner.

The tests are JavaScript, in the files `*.test.js` here.
"""

import subprocess
from pathlib import Path

import pytest

FILES = sorted(Path(__file__).parent.glob("*.test.js"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_tests_in_javascript(file, node):
    done = subprocess.run(
        [node, "--test", str(file)], capture_output=True, encoding="utf-8"
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)
