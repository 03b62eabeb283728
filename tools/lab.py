"""Open the course in JupyterLab; options are passed on to it.

    python tools/lab.py [--no-browser] [--port=9999] [...]

`make lab` calls this. JupyterLab does not run as root without an extra option, needs a
display to open a browser, and logs its address early, so later messages push it out of
sight. This script adds the options that are needed, and prints the address last.
"""

import os
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any

import zmq
from jupyter_client import KernelManager
from jupyter_server.serverapp import list_running_servers
from jupyterlab.labapp import LabApp

ROOT = Path(__file__).resolve().parents[1]
FIRST_PAGE = "/lab/tree/notebooks/00-start-here.ipynb"
CONNECTION = "kernel_websocket_connection_class"


def settings(
    given: list[str], is_root: bool, has_display: bool
) -> tuple[list[str], list[str]]:
    """JupyterLab's options, and notes on those added here."""
    names = {
        option.lstrip("-").partition("=")[0].rpartition(".")[2] for option in given
    }
    options, notes = [f"--LabApp.default_url={FIRST_PAGE}", *given], []
    if not names & {"log_level", "log-level", "debug"}:
        options += ["--LabApp.log_level=ERROR", "--ServerApp.log_level=ERROR"]
    if not names & {"token", "password", "hashed_password"}:
        # With a generated token, JupyterLab would print the address itself.
        options.append(f"--IdentityProvider.token={secrets.token_hex(24)}")
    if hasattr(KernelManager, "transport_encryption") and zmq.has("curve"):
        # Without it, each kernel prints a warning about eavesdropping.
        options.append("--KernelManager.transport_encryption=auto")
    if CONNECTION not in names:  # panels answer sooner: see that module
        options.append(f"--ServerApp.{CONNECTION}=d2l_rnn.web.server.PromptConnection")
    if is_root and not names & {"allow-root", "allow_root"}:
        options.append("--allow-root")
        notes.append("You are root, so JupyterLab is started with --allow-root.")
    if is_root and "ip" not in names:
        options.append("--ip=127.0.0.1")
        notes.append("It answers on this machine only (--ip=127.0.0.1).")
    if not has_display and not names & {"no-browser", "open_browser", "browser"}:
        options.append("--no-browser")
        notes.append("There is no display, so no browser is opened.")
    return options, notes


def has_display() -> bool:
    """True if a browser can open a window."""
    if not sys.platform.startswith("linux"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def address(server: dict[str, Any]) -> str:
    """The address of the first page on one of the servers of `list_running_servers`."""
    base = server["url"].rstrip("/")
    token = f"?token={server['token']}" if server["token"] else ""
    return f"{base}{FIRST_PAGE}{token}"


def announce(notes: list[str]) -> None:
    """Wait until the server is up, then print the notes and, last, the address."""
    while True:
        time.sleep(0.3)
        for server in list_running_servers():
            if server["pid"] == os.getpid():
                time.sleep(0.5)  # JupyterLab may still have something to print
                print("", *notes, "", "The course is open at", "", sep="\n")
                print(f"    {address(server)}")
                print("\nKeep this window open; Ctrl-C ends it.\n", flush=True)
                return


def main() -> None:
    """Start JupyterLab in the course's folder, and run until it ends."""
    os.chdir(ROOT)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    options, notes = settings(sys.argv[1:], is_root, has_display())
    threading.Thread(target=announce, args=(notes,), daemon=True).start()
    LabApp.launch_instance(options)


if __name__ == "__main__":
    main()
