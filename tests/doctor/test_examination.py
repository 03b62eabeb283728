"""`python -m d2l_rnn doctor`: all checks together, and those that fail."""

import contextlib
import errno
import io
import os
import runpy
import signal
import subprocess
import sys
import time
from importlib import metadata

import pytest
from stand_ins import needs_lab, needs_posix, python_of, script

from d2l_rnn import corpora, doctor
from d2l_rnn.__main__ import main
from d2l_rnn.doctor import examination
from d2l_rnn.doctor.environment import command_line
from d2l_rnn.doctor.findings import COLUMNS, trouble, well
from d2l_rnn.doctor.servers import COURSE

# The command


@pytest.mark.parametrize("arguments", [[], ["dctor"], ["doctor", "now"]])
def test_what_is_no_command_ends_with_the_usage(arguments, capsys):
    with pytest.raises(SystemExit) as end:
        main(arguments)
    assert end.value.code == 2
    assert (
        "usage: python -m d2l_rnn [-h] {doctor,playground}" in capsys.readouterr().err
    )


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


# Checks that fail


@pytest.mark.parametrize("error", [OSError("disk"), SystemExit("disk")])
def test_a_check_that_fails_is_a_finding(monkeypatch, error):
    def check():
        yield well("so far")
        yield "reading"
        raise error

    monkeypatch.setitem(examination.CHECKS, "text", check)
    first, doing, failed, end = examination.perform("text")
    assert (first.text, doing, end) == ("so far", "reading", examination.DONE)
    name = type(error).__name__
    assert failed == trouble(f"text: could not find out, while reading ({name}: disk)")


@pytest.fixture
def examine(tmp_path, monkeypatch):
    """One examination whose process is this shell script."""

    def start(*lines):
        program = script(tmp_path / "python", *lines)
        monkeypatch.setattr(sys, "executable", str(program))
        started.append(examination.Examination("torch"))
        return started[-1]

    started = []
    yield start
    for each in started:
        each.end()


def report(line):
    """The command of a shell that reports this line of JSON."""
    return f"echo '{examination.MARK}{line}'"


@needs_posix
def test_a_check_that_takes_python_down_is_a_finding(examine):
    one = examine(
        report('[true, "fine", ""]'), report('"importing torch"'), "kill -11 $$"
    )
    fine, torch = one.findings(10)
    assert fine.is_well
    assert torch == trouble(
        "torch: could not find out, while importing torch "
        "(its Python ended with status -11)"
    )


@needs_posix
def test_a_check_that_hangs_is_ended_and_a_finding(examine):
    begin = time.monotonic()
    one = examine(report('"trying the GPU"'), "exec sleep 600")
    (finding,) = one.findings(0.5)
    assert time.monotonic() - begin < 10
    assert one.process.returncode == -9
    assert finding == trouble(
        "torch: could not find out, while trying the GPU (it takes too long)"
    )


@needs_posix
def test_what_else_a_check_prints_does_not_matter(examine):
    one = examine(
        "echo noise", report('[true, "fine", ""]'), report('"done"'), "exit 3"
    )
    assert one.findings(10) == [well("fine")]


# The whole, for real


def environment(folder, **variables):
    """Variables for a doctor with no network, and no home but that folder."""
    nobody = dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9")
    home = {name: str(folder) for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME")}
    own = {n: v for n, v in os.environ.items() if n != corpora.DATA_DIR_VARIABLE}
    return {**own, **nobody, **home, **variables}


def run_doctor(folder, python, **variables):
    return subprocess.run(
        [python, "-m", "d2l_rnn", "doctor"],
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        env=environment(folder, **variables),
    )


@pytest.fixture
def status_after(monkeypatch):
    """The exit status of the command, when the doctor ends with this error."""

    def run(error):
        monkeypatch.setattr(doctor, "main", lambda: raising(error))
        monkeypatch.setattr(sys, "argv", ["d2l_rnn", "doctor"])
        monkeypatch.delitem(sys.modules, "d2l_rnn.__main__", raising=False)
        with pytest.raises(SystemExit) as ended:
            runpy.run_module("d2l_rnn", run_name="__main__")
        return ended.value.code

    def raising(error):
        raise error

    before = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, before)


def test_ctrl_c_ends_it_without_a_traceback(status_after):
    assert status_after(KeyboardInterrupt()) == 130


@pytest.fixture
def one_check(monkeypatch):
    """A doctor that looks at Python alone."""
    monkeypatch.setattr(examination, "CHECKS", {"Python": None})


@pytest.mark.parametrize("stdout", [io.StringIO(), None])
def test_it_needs_no_terminal(one_check, stdout):
    with contextlib.redirect_stdout(stdout):
        assert doctor.main() == 0
    assert stdout is None or stdout.getvalue().endswith("All is well.\n")


def test_a_check_that_cannot_begin_ends_those_that_have_begun(monkeypatch):
    begun = []

    class Second(examination.Examination):
        def __init__(self, title):
            if begun:
                raise KeyboardInterrupt
            super().__init__(title)
            begun.append(self)

    monkeypatch.setattr(examination, "Examination", Second)
    with pytest.raises(KeyboardInterrupt):
        list(examination.examine(["Python", "torch"]))
    assert begun[0].process.returncode is not None and begun[0].file.closed


def test_a_full_disk_is_said_without_a_traceback(monkeypatch, capsys, status_after):
    monkeypatch.setattr(sys, "stdout", None)
    assert status_after(OSError(errno.ENOSPC, "No space left on device")) == 1
    assert capsys.readouterr().err == "python -m d2l_rnn: No space left on device\n"


@needs_posix
def test_a_signal_to_end_ends_its_processes_too():
    psutil = pytest.importorskip("psutil")
    begun = subprocess.Popen(
        [sys.executable, "-m", "d2l_rnn", "doctor"], stdout=subprocess.PIPE
    )
    begun.stdout.readline()  # by now all checks have begun
    children = psutil.Process(begun.pid).children()
    begun.terminate()
    assert begun.wait(10) == 128 + signal.SIGTERM
    assert children and not any(map(psutil.Process.is_running, children))
    begun.stdout.close()


@needs_lab
@pytest.mark.slow
def test_all_is_well_here(jupyter):
    done = run_doctor(jupyter, sys.executable)
    assert (done.stdout[-13:], done.stderr) == ("All is well.\n", ""), done.stdout
    assert done.returncode == 0
    for name in ("Python 3", "torch 2", "JupyterLab 4", "kernel python3", "image/png"):
        assert name in done.stdout
    prose = [line for line in done.stdout.splitlines() if sys.prefix not in line]
    assert max(map(len, prose)) <= COLUMNS


@needs_lab
@pytest.mark.slow
def test_no_front_ends_and_a_numpy_too_old(other_environment, jupyter):
    done = run_doctor(jupyter, python_of(other_environment), PYTHONPATH=str(COURSE))
    assert done.returncode == 1 and done.stderr == ""
    printed = " ".join(done.stdout.split())
    assert "FIX numpy 1.23.5 is too old: 2 or newer is needed" in printed
    for package in ("ipywidgets", "anywidget"):
        version = metadata.version(package)
        assert f"FIX {package} {version} has no front end" in printed
    assert printed.count("FIX ") == 3, done.stdout
    assert done.stdout.splitlines()[-1].startswith("Put right what is marked FIX,")


def test_an_unknown_check_is_told():
    asked = [sys.executable, "-m", "d2l_rnn.doctor", "foo"]
    done = subprocess.run(asked, capture_output=True, text=True)
    assert done.returncode == 1 and done.stdout == ""
    assert done.stderr.startswith("python -m d2l_rnn.doctor: the checks are Python, ")


def test_without_a_check_it_is_the_doctor(one_check, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["d2l_rnn.doctor"])
    with pytest.raises(SystemExit) as ended, contextlib.redirect_stdout(io.StringIO()):
        runpy.run_module("d2l_rnn.doctor", run_name="__main__")
    assert ended.value.code == 0


@needs_posix
def test_it_ends_quietly_when_nobody_reads_on(other_environment, jupyter):
    doctor = command_line(python_of(other_environment), "-m", "d2l_rnn", "doctor")
    done = subprocess.run(
        ["/bin/sh", "-c", f"{doctor} | {{ read x; }}"],
        capture_output=True,
        env=environment(jupyter, PYTHONPATH=str(COURSE)),
        text=True,
    )
    assert (done.stdout, done.stderr) == ("", "")
