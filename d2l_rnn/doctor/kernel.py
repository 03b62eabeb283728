"""The kernel that the notebooks use, and whether it shows a plot as a picture."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from d2l_rnn.doctor.environment import (
    command_line,
    is_here,
    pip_install,
    python,
    reinstall,
)
from d2l_rnn.doctor.findings import Finding, Report, shorten, trouble, well

if TYPE_CHECKING:
    from jupyter_client.blocking import BlockingKernelClient
    from jupyter_client.manager import KernelManager

KERNEL = "python3"  # the kernel that the notebooks use
PATIENCE = 60  # seconds for the kernel to start, and for it to answer
NEEDED = ("d2l_rnn", "torch", "ipywidgets")

PLOT = "import matplotlib.pyplot as plt; plt.plot([1, 2]); plt.show()"
DESCRIBE = """
import importlib, json, os, sys
versions, errors = {}, {}
for name in ("d2l_rnn", "torch", "ipywidgets", "matplotlib_inline"):
    try:
        versions[name] = getattr(importlib.import_module(name), "__version__", "")
    except Exception as error:
        errors[name] = f"{type(error).__name__}: {error}"
print(json.dumps({
    "executable": sys.executable, "prefix": sys.prefix, "versions": versions,
    "errors": errors, "backend": os.environ.get("MPLBACKEND"),
}))
"""


def check_kernel() -> Report:
    """Whether the kernel starts, belongs to this environment, and shows plots.

    Raises TimeoutError if it starts but a cell does not finish.
    """
    from jupyter_client.kernelspec import NoSuchKernel
    from jupyter_client.manager import KernelManager

    manager = KernelManager(kernel_name=KERNEL)
    try:
        folder = manager.kernel_spec.resource_dir
    except NoSuchKernel:
        yield trouble(
            f"there is no kernel {KERNEL}, which the notebooks name:",
            pip_install("-U", "ipykernel"),
        )
        return
    yield f"running the kernel {KERNEL} of {folder}"
    try:
        with started(manager) as client:
            yield from try_out(client, folder)
    except TimeoutError:
        raise
    except OSError as error:
        yield no_start(error, manager.format_kernel_cmd()[0], folder)


def no_start(error: OSError, program: str, folder: str) -> Finding:
    """Why a kernel does not start: it is another Python, or something is broken."""
    text = f"the kernel {KERNEL} does not start ({error.strerror or error})"
    if program == sys.executable:
        return trouble(f"{text}. To reinstall it:", reinstall("ipykernel"))
    return trouble(
        f"{text}. It is described in {folder}, and asks for {program}. To use this "
        "environment's:",
        use_own_kernel(folder),
    )


@contextlib.contextmanager
def started(manager: KernelManager) -> Iterator[BlockingKernelClient]:
    """A client of a kernel that runs in an empty folder and is shut down afterwards.

    Raises OSError, with the last line that the kernel's process has written, if it does
    not start.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        log = Path(folder, "stderr.txt")
        with log.open("wb") as stderr:
            manager.start_kernel(cwd=folder, stdout=subprocess.DEVNULL, stderr=stderr)
        client = manager.client()
        client.start_channels()
        try:
            client.wait_for_ready(timeout=PATIENCE)
        except RuntimeError as error:
            written = log.read_text(encoding="utf-8", errors="replace").strip()
            last = written.splitlines()[-1:]
            raise OSError(shorten(": ".join([str(error), *last]))) from error
        else:
            yield client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


def try_out(client: BlockingKernelClient, folder: str) -> Iterator[Finding]:
    """Check a running kernel and its plots; `folder` holds the kernel's description."""
    # The plot first: DESCRIBE imports matplotlib_inline, which repairs later plots.
    reply, _, kinds = run_cell(client, PLOT)
    _, printed, _ = run_cell(client, DESCRIBE)
    description = json.loads(printed.splitlines()[-1])
    yield from whose_kernel(description, folder)
    yield plots(reply, kinds, description)


def run_cell(
    client: BlockingKernelClient, code: str
) -> tuple[dict[str, Any], str, set[str]]:
    """Run a cell: its reply, the text it prints, and the types of output it shows."""
    printed, kinds = [], set()

    def note(message: dict[str, Any]) -> None:
        content = message["content"]
        if content.get("name") == "stdout":
            printed.append(content["text"])
        kinds.update(content.get("data", ()))

    reply = client.execute_interactive(
        code, timeout=PATIENCE, output_hook=note, allow_stdin=False
    )
    return reply["content"], "".join(printed), kinds


def whose_kernel(description: dict[str, Any], folder: str) -> Iterator[Finding]:
    """Whether the kernel is this environment's and can import what the panels need."""
    errors = {name: e for name, e in description["errors"].items() if name in NEEDED}
    if not is_here(description["prefix"]):
        lacks = f", which cannot import {' or '.join(errors)}" if errors else ""
        yield trouble(
            f"the kernel {KERNEL} is another environment's Python, "
            f"{description['executable']}{lacks}. It is described in {folder}. To use "
            "this environment's:",
            use_own_kernel(folder),
        )
    elif errors:
        for name, error in errors.items():
            yield trouble(f"the kernel cannot import {name} ({shorten(error)})")
    else:
        versions = (f"{name} {description['versions'][name]}" for name in NEEDED)
        yield well(f"the kernel {KERNEL} is this Python, with {', '.join(versions)}")


def use_own_kernel(folder: str) -> str:
    """The command that makes the notebooks use this environment's kernel.

    If the description in `folder` is part of this environment, it is rewritten; if it
    is elsewhere, hiding the right one, it is removed.
    """
    if Path(folder).resolve().is_relative_to(Path(sys.prefix).resolve()):
        return python("-m", "ipykernel", "install", "--sys-prefix")
    return python("-m", "jupyter_client.kernelspecapp", "remove", "-f", KERNEL)


def plots(
    reply: dict[str, Any], kinds: set[str], description: dict[str, Any]
) -> Finding:
    """Whether the kernel has shown a plain plot as a picture."""
    images = sorted(kind for kind in kinds if kind.startswith("image/"))
    if images:
        return well(f"pictures: a plain plt.show() gives {images[0]}")
    if reply["status"] == "error":
        return trouble(f"pictures: {shorten(reply['ename'] + ': ' + reply['evalue'])}")
    text = "pictures: a plain plt.show() gives only text"
    backend = description["backend"]
    if backend and "inline" not in backend:
        return trouble(
            f"{text}, because the environment variable MPLBACKEND is {backend}; unset "
            "it before you start JupyterLab"
        )
    inline = description["versions"].get("matplotlib_inline", "missing")
    program = description["executable"]
    return trouble(
        f"{text} (matplotlib-inline is {inline}). To put that right (or else put "
        "%matplotlib inline into a cell):",
        command_line(program, "-m", "pip", "install", "-U", "matplotlib-inline>=0.2"),
    )
