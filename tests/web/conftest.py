"""Node.js, and the bundle built anew: where they cannot be had, tests skip, or fail if
D2L_RNN_REQUIRE_WEB is set."""

import os
import shutil
import subprocess
from pathlib import Path

import build_web
import pytest

OLDEST_NODE = 18  # the first whose `--test` takes files


def unavailable(why: str) -> None:
    """Skip the test, or fail it if it has to run."""
    if os.environ.get("D2L_RNN_REQUIRE_WEB"):
        pytest.fail(f"D2L_RNN_REQUIRE_WEB is set, but {why}")
    pytest.skip(why)


@pytest.fixture(scope="session")
def node() -> str:
    """The program of Node.js."""
    program = shutil.which("node")
    if program is None:
        unavailable("there is no Node.js here")
    version = subprocess.check_output([program, "--version"], text=True).strip()
    if int(version.lstrip("v").split(".")[0]) < OLDEST_NODE:
        unavailable(f"Node.js is {version} here, and {OLDEST_NODE} or newer is needed")
    return program


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Path:
    """A folder with the bundle, built from the sources as they are; the page beside."""
    folder = tmp_path_factory.mktemp("web") / "dist"
    try:
        build_web.build(folder)
    except build_web.Unavailable as why:
        unavailable(str(why))
    return folder
