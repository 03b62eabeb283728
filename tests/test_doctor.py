"""What `python -m d2l_rnn doctor` says of an environment, whole and broken."""

import contextlib
import json
import os
import plistlib
import subprocess
import sys
import sysconfig
import time
import types
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from d2l_rnn import corpora, doctor, engine
from d2l_rnn.__main__ import main

needs_posix = pytest.mark.skipif(os.name == "nt", reason="runs a script of the shell's")
needs_lab = pytest.mark.skipif(
    doctor.version_of("jupyterlab") is None, reason="JupyterLab is not installed"
)


def only(findings):
    """The one finding among what a check says."""
    (finding,) = [each for each in findings if isinstance(each, doctor.Finding)]
    return finding


def script(file: Path, *lines: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(("#!/bin/sh", *lines, "")))
    file.chmod(0o755)
    return file


@pytest.fixture
def jupyter(tmp_path, monkeypatch):
    """A folder in which Jupyter looks for all that is the user's; an empty PATH."""
    for name in ("CONFIG_DIR", "DATA_DIR", "RUNTIME_DIR"):
        monkeypatch.setenv(f"JUPYTER_{name}", str(tmp_path / name))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv("JUPYTER_PATH", raising=False)
    return tmp_path


# The command


@pytest.mark.parametrize("arguments", [[], ["dctor"], ["doctor", "now"]])
def test_what_is_no_command_ends_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert "usage: python -m d2l_rnn [-h] {doctor}" in capsys.readouterr().err


def test_the_doctor_has_a_help(capsys):
    with pytest.raises(SystemExit) as end:
        main(["doctor", "--help"])
    assert end.value.code == 0
    assert "exit status is 0 if all is well" in capsys.readouterr().out


def test_the_doctor_loads_nothing_that_may_be_broken():
    loaded = subprocess.run(
        [sys.executable, "-c", "import d2l_rnn.doctor, sys; print(*sys.modules)"],
        capture_output=True,
        check=True,
        text=True,
    ).stdout.split()
    fragile = {"torch", "numpy", "matplotlib", "ipywidgets", "packaging", "pooch"}
    assert not fragile & set(loaded)
    assert not [name for name in loaded if name.startswith("jupyter")]


# Findings, and the commands in them


def test_a_finding_fits_into_the_width_and_its_command_stays_in_one_piece():
    command = "python -m pip install " + "package " * 20
    first, *rest, last = str(doctor.trouble("word " * 50, command)).splitlines()
    assert first.startswith("FIX   word") and len(first) <= doctor.COLUMNS
    assert rest and all(line.startswith("      word") for line in rest)
    assert max(map(len, rest)) <= doctor.COLUMNS
    assert last.strip() == command.strip()
    assert str(doctor.well("fine")) == "ok    fine"


@needs_posix
def test_a_command_can_be_typed_as_it_stands(monkeypatch, tmp_path):
    program = script(tmp_path / "a b" / "bin" / "python", 'printf "%s\\n" "$@"')
    monkeypatch.setattr(sys, "executable", str(program))
    for folder in (tmp_path, tmp_path.parent):
        monkeypatch.chdir(folder)
        typed = doctor.pip_install("numpy>=2")
        said = subprocess.check_output(typed, shell=True, cwd=folder, text=True)
        assert said.split() == ["-m", "pip", "install", "numpy>=2"]
    assert doctor.python().startswith("'" + tmp_path.name)  # the shorter path


# Python and packages


def test_python_too_old(monkeypatch):
    monkeypatch.setattr(doctor, "OLDEST_PYTHON", (9, 1))
    finding = only(doctor.check_python())
    assert not finding.is_well and "9.1 or newer is needed" in finding.text


def test_python():
    finding = only(doctor.check_python())
    assert finding.is_well and sys.executable in finding.text


@pytest.mark.parametrize(
    "version, asked, expected",
    [
        ("1.23.5", "numpy>=2", "numpy 1.23.5 is too old: 2 or newer is needed"),
        ("2.1", "numpy<2,>=1.26", "numpy 2.1 does not fit: <2,>=1.26 is needed"),
        ("1.20", "numpy<2,>=1.26", "numpy 1.20 is too old: 1.26 or newer is needed"),
        (None, "numpy>=2", "numpy is missing"),
        ("2.13.0+cpu", "torch>=2.2", None),
        ("2.0rc1", "numpy>=1.26", None),
        ("1.0", "scipy", None),
    ],
)
def test_misfit(monkeypatch, version, asked, expected):
    monkeypatch.setattr(doctor, "version_of", lambda name: version)
    assert doctor.misfit(Requirement(asked)) == expected


def test_what_d2l_needs_is_wanted_only_where_d2l_is(monkeypatch):
    here = {"d2l": "1.0.3"}
    monkeypatch.setattr(doctor, "version_of", here.get)
    with_d2l = {each.name for each in doctor.requirements()}
    here.clear()
    without = {each.name for each in doctor.requirements()}
    assert {"torch", "numpy", "jupyterlab", "ipywidgets"} <= without
    assert {"scipy", "pandas"} <= with_d2l - without
    assert "pytest" not in with_d2l


def test_old_and_missing_packages_are_mended_by_one_command(monkeypatch):
    versions = {"numpy": "1.23.5", "tqdm": None}
    real = doctor.version_of
    monkeypatch.setattr(
        doctor, "version_of", lambda name: versions.get(name, real(name))
    )
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(
        metadata, "requires", lambda name: ["numpy>=2", "tqdm", "packaging"]
    )
    finding = only(doctor.check_packages())
    assert not finding.is_well
    assert finding.text == (
        "numpy 1.23.5 is too old: 2 or newer is needed; tqdm is missing:"
    )
    assert finding.command == doctor.pip_install("-U", "numpy>=2", "tqdm")


def test_a_package_that_cannot_be_imported(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["tqdm", "pooch", "pillow"])
    monkeypatch.setitem(sys.modules, "tqdm", None)
    finding = only(doctor.check_packages())
    assert not finding.is_well
    assert finding.text.startswith("tqdm cannot be imported (ModuleNotFoundError: ")
    assert finding.command == doctor.pip_install("--force-reinstall", "tqdm")


def test_packages_of_an_environment_that_is_whole(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["tqdm", "pooch", "pillow"])
    finding = only(doctor.check_packages())
    assert finding.is_well and "all 3 " in finding.text


INSTALL = doctor.pip_install("-e", ".[lab,book]")


def test_the_package_itself_not_installed(monkeypatch):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    finding = only(doctor.check_packages())
    assert not finding.is_well and finding.command == INSTALL


def test_packaging_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    finding = only(doctor.check_packages())
    assert not finding.is_well and finding.command == INSTALL


# torch


def test_torch_works():
    finding = only(doctor.check_torch())
    assert finding.is_well and metadata.version("torch") in finding.text


def test_torch_that_does_not_get_on_with_numpy(monkeypatch):
    def from_numpy(array):
        raise RuntimeError("Numpy is not available")

    monkeypatch.setattr("torch.from_numpy", from_numpy)
    finding = only(doctor.check_torch())
    assert not finding.is_well and "Numpy is not available" in finding.text
    assert finding.command == doctor.pip_install("-U", "numpy", "torch")


def test_torch_that_cannot_be_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    finding = only(doctor.check_torch())
    assert finding.command == doctor.pip_install("--force-reinstall", "torch")
    monkeypatch.setattr(doctor, "version_of", lambda name: None)
    finding = only(doctor.check_torch())  # check_packages says how to install it
    assert (finding.is_well, finding.command, finding.text[-1]) == (False, "", ")")


@pytest.mark.parametrize(
    "cuda, has_gpu, computes, is_well, expected",
    [
        (None, False, False, True, "on the CPU"),
        ("12.8", False, False, True, "built for CUDA 12.8, but finds no GPU"),
        ("12.8", True, True, True, "on CUDA 12.8: a GPU"),
        ("12.8", True, False, False, "CUDA_VISIBLE_DEVICES to -1"),
    ],
)
def test_processor(cuda, has_gpu, computes, is_well, expected):
    import torch

    def ones(*shape, device):
        if not computes:
            raise RuntimeError("no kernel image is available")
        return torch.ones(*shape)

    fake = types.SimpleNamespace(
        __version__="2.13.0",
        ones=ones,
        version=types.SimpleNamespace(cuda=cuda),
        cuda=types.SimpleNamespace(
            is_available=lambda: has_gpu, get_device_name=lambda: "a GPU"
        ),
    )
    finding = doctor.processor(fake)
    assert finding.is_well is is_well and expected in finding.text


# engine


def test_the_engine_is_tried():
    finding = only(doctor.check_engine())
    assert finding == doctor.well(engine.describe())


def test_an_environment_without_engine_is_well_and_slower(monkeypatch, tmp_path):
    monkeypatch.setattr(engine, "BIN", tmp_path)
    finding = only(doctor.check_engine())
    assert finding.is_well and "slower" in finding.text


@pytest.mark.skipif(engine.library() is None, reason="there is no engine here")
def test_an_engine_that_computes_something_else_is_found_out(monkeypatch):
    train = engine.Engine.__call__

    def wrong(self, *args):
        loss, state, [gradient] = train(self, *args)
        return loss, state, [1.001 * gradient]

    monkeypatch.setattr(engine.Engine, "__call__", wrong)
    finding = only(doctor.check_engine())
    assert not finding.is_well and str(engine.file()) in finding.text


def test_an_engine_is_not_looked_for_without_torch(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert [said for said in doctor.check_engine() if not isinstance(said, str)] == []


# JupyterLab


@needs_posix
def test_a_jupyter_of_another_environment_comes_first(jupyter):
    assert doctor.other_jupyter() is None  # there is none on the PATH
    other = script(jupyter / "bin" / "jupyter", "exec /usr/bin/python3 -m jupyter")
    assert doctor.other_jupyter() == str(other)
    finding = doctor.jupyterlab_here("4.6.4")
    assert finding.is_well and str(other) in finding.text
    assert doctor.python("-m", "jupyterlab") in finding.command


@needs_posix
def test_a_jupyter_of_this_environment_comes_first(jupyter, monkeypatch):
    own = Path(sys.executable).with_name("python")
    script(jupyter / "bin" / "jupyter").write_text(f"#!{own}3.11\nimport jupyter\n")
    assert doctor.other_jupyter() is None
    scripts = jupyter / "scripts"
    script(scripts / "jupyter")
    monkeypatch.setenv("PATH", str(scripts))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(scripts))
    assert doctor.other_jupyter() is None


@pytest.fixture
def serve(jupyter):
    """Start what looks like a server: with which Python, and for which folder."""
    processes = []

    def start(executable, root):
        code = "import time; print(flush=True); time.sleep(600)"
        process = subprocess.Popen([executable, "-c", code], stdout=subprocess.PIPE)
        processes.append(process)
        process.stdout.readline()  # before that, it may not have a command line yet
        info = {
            "pid": process.pid,
            "url": "http://localhost:8888/",
            "root_dir": str(root),
        }
        file = jupyter / "RUNTIME_DIR" / "jpserver-1.json"
        file.parent.mkdir(exist_ok=True)
        file.write_text(json.dumps(info))

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def other_environment(tmp_path_factory):
    """An environment that sees this one's packages, but nothing that is Jupyter's.

    d2l_rnn itself cannot be imported in it, and it has a NumPy of its own, by name.
    """
    folder = tmp_path_factory.mktemp("other")
    create = [sys.executable, "-m", "venv", "--without-pip", str(folder)]
    subprocess.run(create, check=True)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    said = subprocess.check_output([python_of(folder), "-c", ask], text=True)
    packages = Path(said.strip())
    (packages / "here.pth").write_text(sysconfig.get_path("purelib"))
    numpy = packages / "numpy-1.23.5.dist-info"
    numpy.mkdir()
    (numpy / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: numpy\nVersion: 1.23.5"
    )
    return folder


def python_of(environment: Path) -> str:
    return str(
        environment / Path(sys.executable).relative_to(sys.prefix).parent / "python"
    )


@needs_lab
def test_a_server_of_this_environment(serve):
    serve(sys.executable, doctor.COURSE)
    finding = only(doctor.servers())
    assert finding.is_well and "from this environment" in finding.text


@needs_lab
@pytest.mark.parametrize("folder", ["", "notebooks", ".."])
def test_a_server_of_another_environment_for_the_course(
    serve, other_environment, folder
):
    serve(python_of(other_environment), doctor.COURSE / folder)
    finding = only(doctor.servers())
    assert not finding.is_well
    assert f"{other_environment}, without ipywidgets' front end" in finding.text
    assert finding.command == doctor.start_jupyterlab()


@needs_lab
def test_a_server_of_another_environment_for_something_else(
    serve, other_environment, jupyter
):
    serve(python_of(other_environment), jupyter)
    assert only(doctor.servers()).is_well


@needs_lab
def test_no_server_or_one_that_has_ended(serve, jupyter):
    assert list(doctor.servers()) == []
    serve(sys.executable, jupyter)
    assert doctor.environment_of(2**22 + 1) is None


@needs_lab
def test_the_front_end_is_there(jupyter):
    finding = doctor.widgets(metadata.version("ipywidgets"))
    assert finding.is_well and doctor.front_end(sys.prefix) in finding.text


@needs_lab
def test_the_front_end_is_of_another_generation(jupyter):
    finding = doctor.widgets("7.8.1")
    assert not finding.is_well and "do not fit each other" in finding.text


@needs_lab
@pytest.mark.parametrize("plugin", ["", ":plugin"])
def test_the_front_end_is_switched_off(jupyter, plugin):
    settings = jupyter / "CONFIG_DIR" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    entry = doctor.FRONT_END + plugin
    settings.write_text(
        json.dumps({"disabledExtensions": {entry: True, "other": True}})
    )
    finding = doctor.widgets(metadata.version("ipywidgets"))
    assert not finding.is_well
    assert finding.command.endswith(f" enable {entry} --level=user")
    settings.write_text(json.dumps({"disabledExtensions": {entry: False}}))
    assert doctor.widgets(metadata.version("ipywidgets")).is_well


# The kernel, and pictures


@pytest.fixture
def kernelspec(jupyter, monkeypatch):
    """Have Jupyter find another kernel `python3` first, which starts these words."""

    def write(*argv):
        folder = jupyter / "kernels" / doctor.KERNEL
        folder.mkdir(parents=True)
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (folder / "kernel.json").write_text(json.dumps(spec))
        monkeypatch.setenv("JUPYTER_PATH", str(jupyter))
        return folder

    return write


REMOVE = "-m jupyter_client.kernelspecapp remove -f python3"


@needs_lab
def test_a_kernel_whose_python_is_gone(kernelspec):
    folder = kernelspec("/gone/python", "-m", "ipykernel_launcher", "-f", "{x}")
    finding = only(doctor.check_kernel())
    assert not finding.is_well and finding.command == f"{doctor.python()} {REMOVE}"
    assert "No such file" in finding.text
    assert "/gone/python" in finding.text and str(folder) in finding.text


@needs_lab
def test_a_kernel_that_does_not_start(kernelspec):
    kernelspec("python", "-c", "raise SystemExit('no module zmq')")
    finding = only(doctor.check_kernel())
    assert not finding.is_well and "died" in finding.text
    assert "no module zmq)" in finding.text
    assert finding.command == doctor.pip_install("--force-reinstall", "ipykernel")


@needs_lab
@pytest.mark.slow
def test_a_kernel_of_another_environment(kernelspec, other_environment):
    python = python_of(other_environment)
    kernelspec(python, "-m", "ipykernel_launcher", "-f", "{connection_file}")
    finding, _ = [
        each for each in doctor.check_kernel() if isinstance(each, doctor.Finding)
    ]
    assert not finding.is_well and finding.command == f"{doctor.python()} {REMOVE}"
    assert f"Python, {python}, which cannot import d2l_rnn." in finding.text


def test_a_kernelspec_of_this_environment_is_written_anew():
    own = types.SimpleNamespace(resource_dir=f"{sys.prefix}/share/jupyter/kernels/x")
    assert doctor.own_kernel(own).endswith(" -m ipykernel install --sys-prefix")


@needs_lab
def test_no_kernel_at_all(jupyter, monkeypatch):
    monkeypatch.setattr(doctor, "KERNEL", "nobody-has-this")
    finding = only(doctor.check_kernel())
    assert not finding.is_well
    assert finding.command == doctor.pip_install("-U", "ipykernel")


def test_a_kernel_that_lacks_something():
    kernel = {"prefix": sys.prefix, "errors": {"torch": "OSError: no libc10"}}
    finding = only(doctor.the_kernel(kernel, None))
    assert not finding.is_well and "torch (OSError: no libc10)" in finding.text


@needs_lab
def test_the_plot_is_the_first_cell_that_the_kernel_runs(jupyter, monkeypatch):
    cells = []

    def run_cell(client, code):
        cells.append(code)
        kernel = {"prefix": sys.prefix, "errors": {"torch": "missing"}}
        return {"status": "ok"}, json.dumps(kernel), {"image/png"}

    monkeypatch.setattr(doctor, "running", contextlib.nullcontext)
    monkeypatch.setattr(doctor, "run_cell", run_cell)
    _, torch, pictures = doctor.check_kernel()
    assert not torch.is_well and pictures.is_well
    assert cells == [doctor.PLOT, doctor.LOOK]


@pytest.mark.parametrize(
    "kinds, backend, is_well, expected",
    [
        ({"text/plain", "image/png"}, None, True, "image/png"),
        ({"text/plain", "image/svg+xml"}, None, True, "image/svg+xml"),
        ({"text/plain"}, None, False, "(matplotlib-inline is 0.1.6)"),
        (set(), "agg", False, "MPLBACKEND is agg"),
    ],
)
def test_pictures(kinds, backend, is_well, expected):
    kernel = {
        "executable": "/other/python",
        "backend": backend,
        "versions": {"matplotlib_inline": "0.1.6"},
    }
    finding = doctor.pictures({"status": "ok"}, kinds, kernel)
    assert finding.is_well is is_well and expected in finding.text
    if not is_well and backend is None:
        words = ("/other/python", "-m", "pip", "install", "-U")
        assert finding.command == doctor.typed(*words, "matplotlib-inline>=0.2")


def test_pictures_where_matplotlib_fails():
    reply = {"status": "error", "ename": "ImportError", "evalue": "no matplotlib"}
    finding = doctor.pictures(reply, set(), {})
    assert not finding.is_well and "ImportError: no matplotlib" in finding.text


# d2l and the text


def test_d2l_may_be_missing(monkeypatch):
    monkeypatch.setattr(doctor, "version_of", lambda name: None)
    finding = only(doctor.check_d2l())
    assert finding.is_well
    assert finding.command == doctor.pip_install("--no-deps", "d2l==1.0.3")
    monkeypatch.setattr(doctor, "version_of", lambda name: "1.0.3")
    assert only(doctor.check_d2l()) == doctor.well(
        "d2l 1.0.3. It works with newer packages than those it asks for, "
        "whatever pip check says"
    )


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """An empty cache, and nobody who downloads."""
    monkeypatch.setattr(corpora, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.setattr(corpora, "download", lambda: pytest.fail("it downloads"))
    monkeypatch.setenv(corpora.DATA_DIR_VARIABLE, str(tmp_path))
    return tmp_path / corpora.FILE_NAME


def test_the_story_is_well_and_the_book_is_a_command_away(offline, monkeypatch):
    monkeypatch.delenv(corpora.DATA_DIR_VARIABLE)
    finding = only(doctor.check_text())
    assert finding.is_well and "story" in finding.text
    assert finding.command == doctor.python("-m", "d2l_rnn.corpora")


def test_a_folder_without_the_text(offline):
    missing, story = doctor.check_text()
    assert not missing.is_well and f"there is no {corpora.FILE_NAME}" in missing.text
    assert story.is_well


def test_a_text_of_ones_own(offline):
    offline.write_text("My own words.")
    finding = only(doctor.check_text())
    assert finding.is_well and finding.text == f"the text is your own: {offline}"


def test_an_empty_text(offline, monkeypatch):
    offline.write_text(" ")
    finding = only(doctor.perform("text"))
    assert not finding.is_well and f"{offline} is empty" in finding.text


def test_the_time_machine(offline, time_machine):
    offline.write_bytes(time_machine.read_bytes())
    finding = only(doctor.check_text())
    assert finding.is_well and "The Time Machine" in finding.text


# The browser


@needs_posix
def test_browsers_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    monkeypatch.setattr(doctor, "BROWSER_PATIENCE", 0.5)
    script(tmp_path / "firefox", "echo Mozilla Firefox 128.5.0esr")
    script(tmp_path / "google-chrome", "echo Google Chrome 104.0.5112.79")
    script(tmp_path / "chromium", "exec sleep 600")
    script(tmp_path / "chromium-browser", "echo install the snap; exit 1")
    script(tmp_path / "microsoft-edge", "echo Microsoft Edge 130.0.1").chmod(0o644)
    monkeypatch.setattr(sys, "platform", "linux")
    finding = only(doctor.check_browser())
    assert finding == doctor.well(
        "browser: Firefox 128.5.0 (too old: Chrome 104.0.5112.79)"
    )


@pytest.mark.parametrize(
    "found, is_well, expected",
    [
        ({}, True, f"none is found here; {doctor.ANY_BROWSER}"),
        ({"Firefox": "120.0.1"}, False, "too old, Firefox 120.0.1; bring it up to"),
        ({"Firefox": "121.0"}, True, "Firefox 121.0"),
        ({"Chromium": "105.0.5195.52"}, True, "Chromium 105.0.5195.52"),
        ({"Edge": "104.0.1293.47"}, False, "Edge"),
        ({"Safari": "16.3.1"}, False, "Safari 16.3.1"),
        ({"Safari": "16.4"}, True, "Safari 16.4"),
    ],
)
def test_the_age_of_a_browser(monkeypatch, found, is_well, expected):
    for where in ("path", "macos", "windows"):
        monkeypatch.setattr(doctor, f"browsers_on_{where}", lambda: found)
    finding = only(doctor.check_browser())
    assert finding.is_well is is_well and expected in finding.text


def test_browsers_on_macos(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    info = tmp_path / "Applications" / "Firefox.app" / "Contents" / "Info.plist"
    info.parent.mkdir(parents=True)
    info.write_bytes(plistlib.dumps({"CFBundleShortVersionString": "119.0"}))
    assert doctor.browsers_on_macos()["Firefox"] == "119.0"


def test_browsers_on_windows(monkeypatch):
    class Key(str):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    def open_key(root, key):
        if (root, key) != ("user", r"Software\Google\Chrome\BLBeacon"):
            raise FileNotFoundError(key)
        return Key(key)

    winreg = types.SimpleNamespace(
        HKEY_LOCAL_MACHINE="machine",
        HKEY_CURRENT_USER="user",
        OpenKey=open_key,
        QueryValueEx=lambda key, name: ("130.0.6723.59", 1),
    )
    monkeypatch.setitem(sys.modules, "winreg", winreg)
    assert doctor.browsers_on_windows() == {"Chrome": "130.0.6723.59"}


# Checks that fail


@pytest.mark.parametrize("error", [OSError("disk"), SystemExit("disk")])
def test_a_check_that_fails_is_a_finding(monkeypatch, error):
    def check():
        yield doctor.well("so far")
        yield "reading"
        raise error

    monkeypatch.setitem(doctor.CHECKS, "text", check)
    first, doing, failed, end = doctor.perform("text")
    assert (first.text, doing, end) == ("so far", "reading", doctor.DONE)
    name = type(error).__name__
    assert failed == doctor.trouble(
        f"text: could not find out, while reading ({name}: disk)"
    )


@pytest.fixture
def examination(tmp_path, monkeypatch):
    """One examination whose process is this script of the shell's."""

    def start(*lines):
        program = script(tmp_path / "python", *lines)
        monkeypatch.setattr(sys, "executable", str(program))
        started.append(doctor.Examination("torch"))
        return started[-1]

    started = []
    yield start
    for each in started:
        each.end()


SAY = "echo '" + doctor.SAID


@needs_posix
def test_a_check_that_takes_python_down_is_a_finding(examination):
    lines = f'{SAY}[true, "fine", ""]\'', f'{SAY}"importing torch"\'', "kill -11 $$"
    fine, torch = examination(*lines).findings(10)
    assert fine.is_well
    assert torch == doctor.trouble(
        "torch: could not find out, while importing torch "
        "(its Python ends with status -11)"
    )


@needs_posix
def test_a_check_that_hangs_is_ended_and_a_finding(examination):
    begin = time.monotonic()
    one = examination(f'{SAY}"trying the GPU"\'', "exec sleep 600")
    (finding,) = one.findings(1)
    assert time.monotonic() - begin < 10
    assert one.process.returncode == -9
    assert finding == doctor.trouble(
        "torch: could not find out, while trying the GPU (it takes too long)"
    )


@needs_posix
def test_what_else_a_check_prints_does_not_matter(examination):
    lines = "echo noise", f'{SAY}[true, "fine", ""]\'', f'{SAY}"done"\'', "exit 3"
    assert examination(*lines).findings(10) == [doctor.well("fine")]


# The whole, for real


def run_doctor(folder, python=sys.executable, **variables):
    """Run it in a folder, with no network, and no home but that folder."""
    nobody = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    home = {name: str(folder) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME")}
    return subprocess.run(
        [python, "-m", "d2l_rnn", "doctor"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **nobody, **home, **variables},
    )


@needs_lab
@pytest.mark.slow
def test_all_is_well_here(jupyter, monkeypatch):
    monkeypatch.delenv(corpora.DATA_DIR_VARIABLE, raising=False)
    done = run_doctor(jupyter)
    assert (done.stdout[-13:], done.stderr) == ("All is well.\n", ""), done.stdout
    assert done.returncode == 0
    for name in ("Python 3", "torch 2", "JupyterLab 4", "kernel python3", "image/png"):
        assert name in done.stdout
    prose = [line for line in done.stdout.splitlines() if sys.prefix not in line]
    assert max(map(len, prose)) <= doctor.COLUMNS


@needs_posix
def test_it_ends_quietly_when_nobody_reads_on(jupyter):
    doctor_to_nobody = f"{doctor.python('-m', 'd2l_rnn', 'doctor')} | {{ read x; }}"
    done = subprocess.run(
        ["/bin/sh", "-c", doctor_to_nobody], capture_output=True, text=True
    )
    assert (done.stdout, done.stderr) == ("", "")


@needs_lab
@pytest.mark.slow
def test_no_front_end_and_a_numpy_too_old(other_environment, jupyter, monkeypatch):
    monkeypatch.delenv(corpora.DATA_DIR_VARIABLE, raising=False)
    code = {"PYTHONPATH": str(doctor.COURSE)}
    done = run_doctor(jupyter, python_of(other_environment), **code)
    assert done.returncode == 1 and done.stderr == ""
    said = " ".join(done.stdout.split())
    assert "FIX numpy 1.23.5 is too old: 2 or newer is needed" in said
    assert f"FIX ipywidgets {metadata.version('ipywidgets')} has no front end" in said
    assert said.count("FIX ") == 3, done.stdout  # the last line has one, too
