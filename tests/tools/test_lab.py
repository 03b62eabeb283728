"""How the course is opened: what root is told, and that the address comes last."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

lab = pytest.importorskip("lab", reason="JupyterLab is not installed")

ROOT = Path(__file__).parents[2]


def test_root_is_let_in_on_this_machine_only_and_told_so():
    options, notes = lab.settings([], is_root=True, has_display=True)
    assert {"--allow-root", "--ip=127.0.0.1"} < set(options)
    assert "--allow-root" in notes[0] and "on this machine only" in notes[1]


def test_an_ordinary_user_is_told_nothing():
    options, notes = lab.settings([], is_root=False, has_display=True)
    assert notes == []
    assert not {"--allow-root", "--ip=127.0.0.1", "--no-browser"} & set(options)


@pytest.mark.parametrize("given", ["--ip=0.0.0.0", "--ServerApp.ip=0.0.0.0"])
def test_an_address_of_one_s_own_is_kept(given):
    options, notes = lab.settings([given], is_root=True, has_display=True)
    assert [each for each in options if "ip=" in each] == [given]
    assert len(notes) == 1


@pytest.mark.parametrize(
    "given", ["--no-browser", "--browser=firefox", "--ServerApp.open_browser=True"]
)
def test_a_choice_of_browser_is_kept(given):
    options, notes = lab.settings([given], is_root=False, has_display=False)
    assert [each for each in options if "browser" in each] == [given] and notes == []


def test_without_a_display_there_is_no_browser():
    options, notes = lab.settings([], is_root=False, has_display=False)
    assert "--no-browser" in options
    assert notes == ["There is no display, so no browser is opened."]


@pytest.mark.parametrize("given", ["--ServerApp.token=x", "--IdentityProvider.token="])
def test_a_token_of_one_s_own_is_kept(given):
    options, _ = lab.settings([given], is_root=False, has_display=True)
    assert [each for each in options if "token" in each] == [given]


def test_messages_are_sent_at_once_unless_another_connection_is_given():
    options, _ = lab.settings([], is_root=False, has_display=True)
    (name,) = [each for each in options if "connection_class" in each]
    assert name.endswith("=d2l_rnn.web.server.PromptConnection")
    given = "--ServerApp.kernel_websocket_connection_class=mine.Connection"
    options, _ = lab.settings([given], is_root=False, has_display=True)
    assert [each for each in options if "connection_class" in each] == [given]


def start(folder, port):
    """Open the course: the process, and the file with what it prints."""
    command = [sys.executable, ROOT / "tools" / "lab.py", "--no-browser"]
    environment = {**os.environ, "JUPYTER_RUNTIME_DIR": str(folder)}
    log = folder / f"{time.monotonic_ns()}.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [*command, f"--port={port}"], env=environment, stdout=out, stderr=out
        )
    end = time.monotonic() + 60
    while "Ctrl-C" not in log.read_text() and time.monotonic() < end:
        time.sleep(0.2)
    return server, log


def test_the_address_comes_last_and_answers_also_where_the_port_is_taken(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        server, log = start(tmp_path, taken.getsockname()[1])
        try:
            time.sleep(2)  # time to print something after it
            *_, address, end = filter(None, log.read_text().splitlines())
            assert end == "Keep this window open; Ctrl-C ends it."
            assert f":{taken.getsockname()[1]}/" not in address
            with urllib.request.urlopen(address.strip(), timeout=30) as answer:
                assert answer.status == 200
                assert "/lab/tree/notebooks/00-start-here.ipynb" in answer.url
        finally:
            server.terminate()
            server.wait(30)
