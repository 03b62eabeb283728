"""Every notebook, run from top to bottom by nbval and held against its saved outputs.

They are saved with outputs from *The Time Machine*. Where that is the text in use, all
outputs must come out again, except in cells with the tag `nbval-ignore-output`. On the
built-in story every cell must run, and only cells with the tag `nbval-check-output` are
compared. Of a picture its alt text is compared (`sanitize.cfg`).
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from course import NOTEBOOKS, ROOT

from d2l_rnn import corpora

pytest.importorskip("nbval", reason="nbval is not installed")

pytestmark = pytest.mark.course

REPLACED = Path(__file__).with_name("sanitize.cfg")


def run_nbval(*arguments: str) -> subprocess.CompletedProcess:
    """Run nbval in a Python of its own.

    A back end or options that are set for the tests around it do not reach the kernel.
    It computes with one thread: beside other tests, a second one mostly waits, for
    longer than the first one works.
    """
    ours = ("MPLBACKEND", "PYTEST_ADDOPTS")
    kept = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=ROOT,
        env={**kept, "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def comparison():
    """How strictly nbval compares, by the text that the notebooks will find."""
    return "--nbval" if corpora.find_text().is_time_machine else "--nbval-lax"


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_gives_its_saved_outputs(notebook, comparison):
    nbval = run_nbval(
        *(comparison, "--nbval-current-env", "--nbval-cell-timeout=300"),
        f"--nbval-sanitize-with={REPLACED}",
        *("--override-ini=filterwarnings=", "-p", "no:cacheprovider", str(notebook)),
    )
    print(nbval.stdout)
    if nbval.returncode:
        pytest.fail(f"{notebook.name}: what {comparison} says follows", pytrace=False)
