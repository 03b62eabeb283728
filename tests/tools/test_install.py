"""The installer, on a small project of its own and a package index on this machine."""

import ast
import functools
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

import install
import pytest
from wheels import write_wheel

ROOT = Path(__file__).parents[2]

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "course"
version = "1"
"""
BACKEND = """
import sys
sys.path.insert(0, {tests!r})
from wheels import write_wheel

def build_editable(folder, config_settings=None, metadata_directory=None):
    return write_wheel(folder, "course", "1", {{"torch": "", "lab": "book"}})
"""


class Index(NamedTuple):
    """A folder of indexes, and where it is served."""

    folder: Path
    url: str


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def index(tmp_path):
    """Two package indexes on this machine, one of them with PyTorch's CPU build."""
    folder = tmp_path / "index"
    for name in ("torch", "lab", "d2l", "course"):
        (folder / "pypi" / name).mkdir(parents=True)
    (folder / "cpu" / "torch").mkdir(parents=True)
    write_wheel(folder / "pypi" / "torch", "torch", "2")
    write_wheel(folder / "cpu" / "torch", "torch", "2+cpu")
    write_wheel(folder / "pypi" / "lab", "lab", "4")
    write_wheel(folder / "pypi" / "d2l", "d2l", "1.0.3", {"numpy==1.23.5": ""})
    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Index(folder, f"http://127.0.0.1:{server.server_port}")
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="session")
def empty_environment(tmp_path_factory):
    """An environment with nothing but pip, to copy: making one takes seconds."""
    folder = tmp_path_factory.mktemp("environment") / ".venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


class Project:
    """A small project with our installer, in a folder with an awkward name."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.venv = folder / ".venv"
        (folder / "tools").mkdir(parents=True)
        shutil.copy(ROOT / "tools" / "install.py", folder / "tools")
        (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
        backend = BACKEND.format(tests=str(Path(__file__).parent))
        (folder / "backend.py").write_text(backend, encoding="utf-8")
        self.pin("4")

    def pin(self, version):
        pin = f"lab=={version}\n"
        (self.folder / "constraints.txt").write_text(pin, encoding="utf-8")

    def install(self, cpu_index="http://127.0.0.1:9"):
        """Run the installer: its exit status, and what it printed."""
        settings = {
            "PIP_INDEX_URL": f"{self.url}/pypi", "PIP_CONFIG_FILE": os.devnull,
            "PIP_RETRIES": "1", "PIP_NO_CACHE_DIR": "1",
        }  # fmt: skip
        kept = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
        done = subprocess.run(
            [
                sys.executable, "tools/install.py", "--venv", ".venv",
                "--extras", "book", "--cpu-index", cpu_index,
            ],
            cwd=self.folder, env={**kept, **settings}, capture_output=True,
            encoding="utf-8", check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout + done.stderr

    def has(self):
        """The versions of what the environment has."""
        show = (
            "import torch, lab, d2l; print(*(m.__version__ for m in (torch, lab, d2l)))"
        )
        python = install.Environment(self.venv).python
        return subprocess.check_output([python, "-c", show], text=True).split()


@pytest.fixture
def project(tmp_path, index):
    return Project(tmp_path / "循环 神经网络" / "the course", index.url)


@pytest.fixture
def filled(project, empty_environment):
    """A project whose environment is whole."""
    shutil.copytree(empty_environment, project.venv, symlinks=True)
    assert project.install()[0] == 0
    return project


def test_the_first_time_in_a_folder_with_spaces_and_chinese(project):
    status, printed = project.install()
    assert status == 0
    assert "making .venv with Python" in printed
    assert "d2l==1.0.3 works with today's NumPy" in printed
    assert project.has() == ["2", "4", "1.0.3"]
    assert (project.venv / ".installed").exists()
    assert not (project.venv / ".installing").exists()


def test_after_an_update_what_is_pinned_anew_is_installed(filled, index):
    write_wheel(index.folder / "pypi" / "lab", "lab", "5")
    filled.pin("5")
    status, printed = filled.install()
    assert status == 0
    assert filled.has() == ["2", "5", "1.0.3"]
    assert "resolver does not" not in printed  # of d2l's pins, which are not there


def test_an_index_without_a_pinned_version(filled):
    filled.pin("4.1")
    status, printed = filled.install()
    assert status == 0
    assert "trying again without them" in printed
    assert filled.has() == ["2", "4", "1.0.3"]


def test_an_interrupted_first_installation(project, empty_environment):
    shutil.copytree(empty_environment, project.venv, symlinks=True)
    (site,) = project.venv.rglob("site-packages")
    (site / "lab-4.dist-info").mkdir()  # enough for pip to take it for installed
    (site / "lab-4.dist-info" / "METADATA").write_text("Name: lab\nVersion: 4\n")
    (project.venv / ".installing").touch()
    status, printed = project.install()
    assert status == 0
    assert "the last installation was interrupted: rebuilding .venv" in printed
    assert project.has() == ["2", "4", "1.0.3"]
    assert [path.name for path in project.folder.glob(".venv*")] == [".venv"]


def test_an_environment_without_pip_or_python_is_not_sound(tmp_path, empty_environment):
    assert install.Environment(empty_environment).is_sound
    broken = install.Environment(tmp_path / ".venv")
    assert not broken.is_sound
    shutil.copytree(empty_environment, broken.folder, symlinks=True)
    (site,) = broken.folder.rglob("site-packages")
    shutil.rmtree(site / "pip")
    assert not broken.is_sound


def test_offline_the_environment_is_used_as_it_is(filled):
    before = (filled.venv / ".installed").stat().st_mtime_ns
    filled.url = "http://127.0.0.1:9"
    filled.pin("5")
    status, printed = filled.install()
    assert status == 0
    assert "could not be updated, and is used as it is" in printed
    assert filled.has() == ["2", "4", "1.0.3"]
    # Older than the files that it was made from: make will try again.
    assert (filled.venv / ".installed").stat().st_mtime_ns == before


def test_offline_an_interrupted_update_loses_nothing(filled):
    (filled.venv / ".installing").touch()
    filled.url = "http://127.0.0.1:9"
    assert filled.install()[0] == 0
    assert filled.has() == ["2", "4", "1.0.3"]
    assert (filled.venv / ".installing").exists()  # so the next call mends it
    assert [path.name for path in filled.folder.glob(".venv*")] == [".venv"]


def test_offline_the_first_time(project, empty_environment):
    shutil.copytree(empty_environment, project.venv, symlinks=True)
    project.url = "http://127.0.0.1:9"
    status, printed = project.install()
    assert status == 1
    assert "could not be made: see what pip says above" in printed


def test_the_course_works_without_d2l(project, empty_environment, index):
    shutil.copytree(empty_environment, project.venv, symlinks=True)
    shutil.rmtree(index.folder / "pypi" / "d2l")
    status, printed = project.install()
    assert status == 0
    assert "only the book's own helpers are missing" in printed


needs_cpu = pytest.mark.skipif(
    not sys.platform.startswith("linux") or install.has_nvidia_gpu(),
    reason="only on Linux, without an NVIDIA GPU, is CUDA left out",
)


@needs_cpu
def test_pytorch_comes_without_cuda(project, empty_environment, index):
    shutil.copytree(empty_environment, project.venv, symlinks=True)
    status, printed = project.install(cpu_index=f"{index.url}/cpu")
    assert status == 0
    assert "PyTorch without CUDA" in printed
    assert project.has()[0] == "2+cpu"


@needs_cpu
def test_an_index_that_does_not_answer_is_left_alone(capsys):
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        begin = time.monotonic()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert install.without_cuda(url) == []
        assert time.monotonic() - begin < install.PATIENCE + 2
    assert "does not answer" in capsys.readouterr().out


def test_with_a_gpu_pytorch_is_the_usual_one(monkeypatch):
    monkeypatch.setattr(install, "has_nvidia_gpu", lambda: True)
    monkeypatch.setattr(install, "answers", lambda url: True)
    assert install.without_cuda() == []


def test_an_old_python_can_read_it():
    source = Path(install.__file__).read_text(encoding="utf-8")
    ast.parse(source, feature_version=(3, 7))
    assert "import annotations" not in source  # which Python 3.6 does not have


def test_an_old_python_is_told_what_is_needed(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["install.py"])
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    with pytest.raises(SystemExit) as end:
        install.main()
    assert end.value.code == 2
    assert "Python 3.10 or newer is needed" in capsys.readouterr().err
