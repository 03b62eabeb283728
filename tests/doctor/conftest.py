"""Environments for the doctor's tests: what is installed, and where Jupyter looks."""

import subprocess
import sys
import sysconfig
from importlib import metadata
from pathlib import Path

import pytest
from stand_ins import python_of


@pytest.fixture
def versions(monkeypatch):
    """Fill this with {package: version}, or None for one that is not installed."""
    changed, real = {}, metadata.version

    def version(name):
        found = changed[name] if name in changed else real(name)
        if found is None:
            raise metadata.PackageNotFoundError(name)
        return found

    monkeypatch.setattr(metadata, "version", version)
    return changed


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A folder in which Jupyter looks for all that is the user's; an empty PATH."""
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        monkeypatch.setenv(f"JUPYTER_{name}", str(tmp_path / name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    return tmp_path


@pytest.fixture(scope="session")
def other_environment(tmp_path_factory):
    """An environment that sees this one's packages, but nothing that is Jupyter's.

    d2l_rnn itself cannot be imported in it, and it has a NumPy of its own, by name.
    """
    folder = tmp_path_factory.mktemp("other")
    create = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(create, check=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    printed = subprocess.check_output([python_of(folder), "-c", ask], text=True)
    packages = Path(printed.strip())
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
    numpy = packages / "numpy-1.23.5.dist-info"
    numpy.mkdir()
    (numpy / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: numpy\nVersion: 1.23.5"
    )
    return folder
