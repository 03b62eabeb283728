"""The files that make the environment: what they pin, what Binder makes of them, and
what an import of the package loads."""

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import install
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]

BINDER = ROOT / "binder"
PYTHONS = ["3.10", "3.11", "3.12", "3.13", "3.14"]
LINUX = {"sys_platform": "linux", "platform_machine": "x86_64"}
FIRST_NOTEBOOK = "notebooks/00-start-here.ipynb"

needs_bash = pytest.mark.skipif(os.name == "nt", reason="Binder's scripts need bash")


def instructions(file: Path) -> list[str]:
    """The lines of a requirements file that are not comments."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def constraints(python: str) -> dict[str, str]:
    """The constraints for each package on that version of Python, on Linux."""
    found: dict[str, str] = {}
    for pin in map(Requirement, instructions(ROOT / "constraints.txt")):
        machine = {**LINUX, "python_full_version": f"{python}.9"}
        if pin.marker is None or pin.marker.evaluate(machine):
            name = canonicalize_name(pin.name)
            assert name not in found, f"{name} is pinned twice on Python {python}"
            found[name] = str(pin.specifier)
    return found


# constraints.txt


@pytest.mark.parametrize("python", PYTHONS)
def test_whatever_the_package_asks_for_is_pinned_to_a_version_it_takes(python):
    pins = constraints(python)
    for line in metadata.requires("d2l_rnn"):
        asked = Requirement(line)
        asks = asked.marker is None or any(
            asked.marker.evaluate({**LINUX, "python_version": python, "extra": extra})
            for extra in ("", *metadata.metadata("d2l_rnn").get_all("Provides-Extra"))
        )
        if asks and asked.name != "d2l_rnn":  # one of its extras asks for another
            pinned = pins[canonicalize_name(asked.name)].removeprefix("==")
            assert pinned in asked.specifier, line


@pytest.mark.parametrize("python", PYTHONS)
def test_a_pin_is_one_public_version(python):
    for name, specifier in constraints(python).items():
        version = Version(specifier.removeprefix("=="))
        assert specifier == f"=={version}", name
        assert version.local is None, f"{name}: only one machine has {version}"


@pytest.mark.parametrize("python", PYTHONS)
def test_the_pins_are_of_today_and_not_those_of_d2l(python):
    pins = constraints(python)
    assert Version(pins["numpy"].removeprefix("==")) >= Version("2")
    assert Version(pins["matplotlib-inline"].removeprefix("==")) > Version("0.1.6")
    assert not {"d2l", "jupyter"} & set(pins)


# environment.yml


def test_environment_yml_names_what_the_course_needs_and_is_free_of_d2l_s_pins():
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed")
    text = (ROOT / "environment.yml").read_text("utf-8")
    environment = yaml.safe_load(text)
    *from_conda, by_pip = environment["dependencies"]
    assert environment["channels"] == ["conda-forge"]
    assert from_conda == ["python=3.11", "pip"]
    options = {line for line in by_pip["pip"] if line.startswith("-")}
    assert options == {"-c constraints.txt", "-e .[lab,book,test]"}
    packages = {Requirement(line).name for line in by_pip["pip"] if line not in options}
    assert packages == {*("torch", "matplotlib", "jupyterlab", "ipywidgets", "nbval")}
    assert f"pip install --no-deps {install.BOOK}" in text


# binder/


@pytest.fixture(scope="module")
def repo2docker():
    """The steps that repo2docker reports, and the Dockerfile that it would build."""
    if importlib.util.find_spec("repo2docker") is None:
        pytest.skip("jupyter-repo2docker is not installed")
    return subprocess.run(
        [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)],
        capture_output=True,
        check=True,
        encoding="utf-8",
    )


def test_binder_takes_python_3_11(repo2docker):
    assert "Building conda environment for python=3.11" in repo2docker.stderr


def test_binder_copies_installs_fetches_and_starts_in_this_order(repo2docker):
    dockerfile = repo2docker.stdout.splitlines()
    steps = [
        r"COPY .* src/ \$\{REPO_DIR\}/",
        r'RUN .*/bin/pip install .*-r "binder/requirements.txt"',
        r"RUN ./binder/postBuild",
        r'ENV R2D_ENTRYPOINT="\$\{REPO_DIR\}/binder/start"',
    ]
    found = [
        [number for number, line in enumerate(dockerfile) if re.fullmatch(step, line)]
        for step in steps
    ]
    assert [len(numbers) for numbers in found] == [1, 1, 1, 1]
    assert found == sorted(found)


def test_binder_installs_the_package_on_the_pinned_torch_without_cuda():
    index, pins, torch, package = instructions(BINDER / "requirements.txt")
    assert index == "--extra-index-url https://download.pytorch.org/whl/cpu"
    assert (BINDER / pins.removeprefix("-c ")).samefile(ROOT / "constraints.txt")
    assert torch == f"torch{constraints('3.11')['torch']}+cpu"
    assert package == "-e .[binder]"
    assert "binder" in metadata.metadata("d2l_rnn").get_all("Provides-Extra")


@needs_bash
@pytest.mark.parametrize("script", ["binder/postBuild", "binder/start", ".ci/run"])
def test_scripts_are_executable(script):
    assert os.access(ROOT / script, os.X_OK)


@pytest.fixture
def image(tmp_path, monkeypatch):
    """As in a new image: this Python first, a new home folder, no text, and offline."""
    bin_dir = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{bin_dir}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("D2L_RNN_DATA_DIR", raising=False)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody answers


def run(*command: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


@needs_bash
def test_post_build_fails_loudly_when_there_is_only_the_story(image):
    build = run(BINDER / "postBuild")
    assert build.returncode == 1
    assert "story" in build.stderr
    assert "attempt 3 of 3" in build.stderr


@needs_bash
def test_post_build_is_content_with_the_real_text(image, time_machine):
    ask = "from d2l_rnn.corpora import cache_dir; print(cache_dir())"
    cache = Path(run(sys.executable, "-c", ask).stdout.strip())
    cache.mkdir(parents=True)
    shutil.copy(time_machine, cache)
    build = run(BINDER / "postBuild")
    assert build.returncode == 0, build.stderr
    assert str(cache) in build.stdout


@needs_bash
def test_start_runs_the_command_it_is_given(image):
    given = run(BINDER / "start", "sh", "-c", 'echo "$1"; exit 3', "sh", "two words")
    assert (given.stdout, given.returncode) == ("two words\n", 3)


@needs_bash
def test_started_jupyter_opens_the_first_notebook(image):
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    settings = json.loads(
        run(BINDER / "start", "jupyter", "lab", "--show-config-json").stdout
    )
    for app in ("LabApp", "JupyterNotebookApp", "ServerApp"):
        assert settings[app]["default_url"] == f"/lab/tree/{FIRST_NOTEBOOK}"


def test_make_lab_opens_the_first_notebook_too():
    lab = pytest.importorskip("lab", reason="JupyterLab is not installed")
    assert (ROOT / FIRST_NOTEBOOK).is_file()
    assert lab.FIRST_PAGE == f"/lab/tree/{FIRST_NOTEBOOK}"


def test_d2l_is_installed_in_one_version_everywhere():
    without_pins = f"--no-deps {install.BOOK}"
    for file in ("INSTALL.md", "binder/postBuild", "environment.yml"):
        assert without_pins in (ROOT / file).read_text("utf-8"), file


# import d2l_rnn


@pytest.mark.parametrize(
    "statement",
    [
        "import d2l_rnn",
        "from d2l_rnn import corpora, text, batching",
        "from d2l_rnn import series, vector_ar, neural_ar, markov, ngrams",
        "from d2l_rnn import rnn, clipping, training, generating, book",
    ],
)
def test_an_import_leaves_pictures_widgets_and_the_book_alone(statement):
    heavy = {"matplotlib", "ipywidgets", "IPython", "d2l", "pooch"}
    loaded = subprocess.run(
        [sys.executable, "-c", f"{statement}; import sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    assert not heavy & set(loaded)
