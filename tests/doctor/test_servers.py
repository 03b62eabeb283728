"""The doctor on JupyterLab and the servers that are running."""

import json
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from stand_ins import needs_lab, needs_posix, only, python_of, script

from d2l_rnn.doctor import servers
from d2l_rnn.doctor.environment import pip_install, python


@needs_posix
def test_a_jupyter_of_another_environment_comes_first(jupyter):
    assert servers.other_jupyter() is None  # there is none on the PATH
    other = script(jupyter / "bin" / "jupyter", "exec /usr/bin/python3 -m jupyter")
    assert servers.other_jupyter() == str(other)
    finding = servers.jupyterlab_here("4.6.4")
    assert finding.is_well and str(other) in finding.text
    assert python("-m", "jupyterlab") in finding.command


@needs_posix
def test_a_jupyter_of_this_environment_comes_first(jupyter, monkeypatch):
    own = Path(sys.executable).with_name("python")
    script(jupyter / "bin" / "jupyter").write_text(f"#!{own}3.11\nimport jupyter\n")
    assert servers.other_jupyter() is None
    scripts = jupyter / "scripts"
    script(scripts / "jupyter")
    monkeypatch.setenv("PATH", str(scripts))
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(scripts))
    assert servers.other_jupyter() is None


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


@needs_lab
def test_a_server_of_this_environment(serve):
    serve(sys.executable, servers.COURSE)
    finding = only(servers.servers())
    assert finding.is_well and "from this environment" in finding.text


@needs_lab
@pytest.mark.parametrize("folder", ["", "notebooks", ".."])
def test_a_server_of_another_environment_for_the_course(
    serve, other_environment, folder
):
    serve(python_of(other_environment), servers.COURSE / folder)
    finding = only(servers.servers())
    assert not finding.is_well
    assert f"{other_environment}, without ipywidgets' front end" in finding.text
    assert finding.command == servers.start_jupyterlab()


@needs_lab
def test_a_server_of_another_environment_for_something_else(
    serve, other_environment, jupyter
):
    serve(python_of(other_environment), jupyter)
    assert only(servers.servers()).is_well


@needs_lab
def test_a_server_of_an_environment_that_cannot_be_told(serve, monkeypatch):
    serve(sys.executable, servers.COURSE)
    monkeypatch.setattr(servers, "environment_of", lambda pid: None)
    finding = only(servers.servers())
    assert finding.is_well and "its environment cannot be determined" in finding.text


def test_a_jupyterlab_that_cannot_be_imported_ends_the_check(versions, monkeypatch):
    versions["jupyterlab"] = "4.6.4"
    monkeypatch.setitem(sys.modules, "jupyterlab", None)
    finding = only(servers.check_jupyterlab())
    assert not finding.is_well and "JupyterLab cannot be imported" in finding.text
    assert finding.command == pip_install("--force-reinstall", "jupyterlab")


@needs_lab
def test_no_server(jupyter):
    assert list(servers.servers()) == []


def test_the_environment_of_a_process_that_has_ended_is_not_known():
    assert servers.environment_of(2**22 + 1) is None
