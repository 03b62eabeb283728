"""Open the course in JupyterLab; options are handed on to it.

    python tools/lab.py [--no-browser] [--port=9999] [...]

`make lab` calls this. JupyterLab asks for a word of its own when root runs it, opens a
browser only where there is a display, and writes its address above whatever it logs
next. This says what root needs, and gives the address last.
"""

import os
import secrets
import sys
import threading
import time
from pathlib import Path

import zmq
from jupyter_client import KernelManager
from jupyter_server.serverapp import list_running_servers
from jupyterlab.labapp import LabApp

ROOT = Path(__file__).resolve().parents[1]
FIRST_PAGE = "/lab/tree/notebooks/00-start-here.ipynb"


def settings(given, is_root, has_display):
    """The options that JupyterLab is started with, and what to tell of them."""
    names = {
        option.lstrip("-").partition("=")[0].rpartition(".")[2] for option in given
    }
    options, said = [f"--LabApp.default_url={FIRST_PAGE}", *given], []
    if not names & {"log_level", "log-level", "debug"}:
        options += ["--LabApp.log_level=ERROR", "--ServerApp.log_level=ERROR"]
    if not names & {"token", "password", "hashed_password"}:
        # A token of ours: with one of its own, JupyterLab gives the address itself.
        options.append(f"--IdentityProvider.token={secrets.token_hex(24)}")
    if hasattr(KernelManager, "transport_encryption") and zmq.has("curve"):
        # Or each kernel warns, in this window, of eavesdroppers.
        options.append("--KernelManager.transport_encryption=auto")
    if is_root and not names & {"allow-root", "allow_root"}:
        options.append("--allow-root")
        said.append("You are root, so JupyterLab is started with --allow-root.")
    if is_root and "ip" not in names:
        options.append("--ip=127.0.0.1")
        said.append("It answers on this machine only (--ip=127.0.0.1).")
    if not has_display and not names & {"no-browser", "open_browser", "browser"}:
        options.append("--no-browser")
        said.append("There is no display, so no browser is opened.")
    return options, said


def has_display():
    """True where a browser can show a window."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def address(server):
    """The first page's address at a server, as `list_running_servers` tells of it."""
    base = server["url"].rstrip("/")
    token = f"?token={server['token']}" if server["token"] else ""
    return f"{base}{FIRST_PAGE}{token}"


def announce(said):
    """Wait until this process serves, then print the address, and nothing after it."""
    while True:
        time.sleep(0.3)
        for server in list_running_servers():
            if server["pid"] == os.getpid():
                time.sleep(0.5)  # JupyterLab may still have something to say
                print("", *said, "", "The course is open at", "", sep="\n")
                print(f"    {address(server)}")
                print("\nKeep this window open; Ctrl-C ends it.\n", flush=True)
                return


def main():
    os.chdir(ROOT)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    options, said = settings(sys.argv[1:], is_root, has_display())
    threading.Thread(target=announce, args=(said,), daemon=True).start()
    LabApp.launch_instance(options)


if __name__ == "__main__":
    main()
