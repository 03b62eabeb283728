"""JupyterLab, and the servers that are running."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

from d2l_rnn.doctor.environment import is_here, python, reinstall, version_of
from d2l_rnn.doctor.findings import Finding, Report, reason, trouble, well
from d2l_rnn.doctor.front_end import (
    FRONT_ENDS,
    IPYWIDGETS,
    check_front_end,
    version_in,
)

COURSE = Path(__file__).resolve().parents[2]


def check_jupyterlab() -> Report:
    """This JupyterLab, the servers that are running, and the panels' front ends."""
    yield "importing JupyterLab"
    try:
        import jupyterlab
    except Exception as error:
        yield trouble(
            f"JupyterLab cannot be imported ({reason(error)}):",
            reinstall("jupyterlab"),
        )
        return
    yield jupyterlab_here(jupyterlab.__version__)
    yield "looking for servers"
    yield from servers()
    for front_end in FRONT_ENDS:
        yield f"looking for the front end of {front_end.package}"
        version = version_of(front_end.package)
        if version:  # or else check_packages reports that it is missing
            yield check_front_end(front_end, version)


def jupyterlab_here(version: str) -> Finding:
    """Where JupyterLab is, and how to start it if `jupyter` starts another one."""
    text = f"JupyterLab {version}: {sys.prefix}"
    other = other_jupyter()
    if other is None:
        return well(text)
    return well(
        f"{text}. The command jupyter is another environment's, {other}; to start this "
        "one:",
        start_jupyterlab(),
    )


def start_jupyterlab() -> str:
    """The command that starts this environment's JupyterLab, even as root."""
    is_root = hasattr(os, "geteuid") and not os.geteuid()
    return python("-m", "jupyterlab", *(["--allow-root"] if is_root else []))


def other_jupyter() -> str | None:
    """The program that `jupyter` starts, or None if it is this environment's."""
    program = shutil.which("jupyter")
    if program is None:
        return None
    scripts = sysconfig.get_path("scripts")
    if os.path.realpath(os.path.dirname(program)) == os.path.realpath(scripts):
        return None
    with open(program, "rb") as file:  # a script names its Python at the top
        top = os.fsdecode(file.read(400))
    return None if str(Path(sys.executable).with_name("python")) in top else program


def servers() -> Iterator[Finding]:
    """The running servers: a problem if one opens the course in another environment.

    A server left running from another environment is the most common problem of all.
    """
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        home = environment_of(server["pid"])
        text = f"a server is running at {server['url']}"
        if home is None:
            yield well(f"{text}; its environment cannot be determined")
        elif is_here(home):
            yield well(f"{text}, from this environment")
        elif not opens_course(server["root_dir"]):
            yield well(f"{text}, from another environment and for another folder")
        else:
            has_panels = version_in(home, IPYWIDGETS.extension)
            lacks = "" if has_panels else ", without ipywidgets' front end"
            yield trouble(
                f"{text} from another environment, {home}{lacks}: its notebooks do not "
                "find what is installed here. Stop it, and start this one:",
                start_jupyterlab(),
            )


def environment_of(pid: int) -> Path | None:
    """The environment of a process's Python, or None if it cannot be determined."""
    with contextlib.suppress(Exception):  # no psutil, or somebody else's process
        import psutil

        process = psutil.Process(pid)
        path = process.environ().get("PATH")
        for word in process.cmdline()[:2]:  # its Python, and the script
            program = Path(process.cwd(), shutil.which(word, path=path) or word)
            if program.parent.name.lower() in ("bin", "scripts"):
                return program.parent.parent
    return None


def opens_course(root: str) -> bool:
    """True if a server of the folder `root` can open the course or this folder."""
    served = Path(root).resolve()
    return any(
        folder.is_relative_to(served) or served.is_relative_to(folder)
        for folder in (COURSE, Path.cwd())
    )
