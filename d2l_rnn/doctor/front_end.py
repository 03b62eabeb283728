"""The front ends in JupyterLab that show the panels in the browser."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from d2l_rnn.doctor.environment import pip_install, python
from d2l_rnn.doctor.findings import Finding, trouble, well


class FrontEnd(NamedTuple):
    """A package of the kernel, and the extension of JupyterLab that belongs to it."""

    package: str
    extension: str
    owner: str  # the package that installs the extension
    otherwise: str  # what happens without it
    begins: Callable[[str], str]  # the package's version → how the extension's begins


IPYWIDGETS = FrontEnd(
    package="ipywidgets",
    extension="@jupyter-widgets/jupyterlab-manager",
    owner="jupyterlab_widgets",
    otherwise="panels stay empty",
    begins=lambda version: {"7": "3.", "8": "5."}.get(version.split(".")[0], ""),
)
# It refuses a front end of another minor version.
ANYWIDGET = FrontEnd(
    package="anywidget",
    extension="anywidget",
    owner="anywidget",
    otherwise="the browser draws no curves",
    begins=lambda version: ".".join([*version.split(".")[:2], ""]),
)
FRONT_ENDS = (IPYWIDGETS, ANYWIDGET)


def check_front_end(front_end: FrontEnd, version: str) -> Finding:
    """Whether JupyterLab has the front end for this version of the package, enabled."""
    package, extension, owner, *_ = front_end
    found = version_in(sys.prefix, extension)
    reinstall = pip_install("--force-reinstall", "--no-deps", owner)
    if found is None:
        return trouble(
            f"{package} {version} has no front end in this environment's JupyterLab, "
            f"so {front_end.otherwise}: {extension} is missing. Install it, then start "
            "JupyterLab again:",
            reinstall,
        )
    if not found.startswith(front_end.begins(version)):
        return trouble(
            f"{package} {version} and its front end {found} do not fit together:",
            reinstall if owner == package else pip_install("-U", package, owner),
        )
    entry, level = switched_off(extension)
    if entry:
        enable = ("-m", "jupyterlab.labextensions", "enable", entry, f"--level={level}")
        return trouble(
            f"the front end of {package} is switched off in JupyterLab's settings:",
            python(*enable),
        )
    return well(f"{package} {version}, and its front end {found} in JupyterLab")


def version_in(prefix: str | os.PathLike[str], extension: str) -> str | None:
    """The version of an extension that a server in the environment `prefix` finds."""
    from jupyter_core.paths import jupyter_path

    here, there = (str(Path(each, "share", "jupyter")) for each in (sys.prefix, prefix))
    for folder in jupyter_path("labextensions"):
        file = Path(folder.replace(here, there), extension, "package.json")
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))["version"]
    return None


def switched_off(extension: str) -> tuple[str, str]:
    """The entry of JupyterLab's settings that disables an extension, and its level.

    The entry is "" if there is none.
    """
    entry = next(iter(disabling_entries(extension, "all")), "")
    levels = [
        each
        for each in ("user", "system")
        if entry in disabling_entries(extension, each)
    ]
    return entry, levels[0] if levels else "sys_prefix"


def disabling_entries(extension: str, level: str) -> list[str]:
    """The settings of one level, or of "all", that disable an extension.

    They name the extension, or one of its plugins: extension:plugin.
    """
    from jupyterlab_server.config import get_static_page_config

    disabled = get_static_page_config(level=level).get("disabledExtensions", {})
    return [n for n in disabled if disabled[n] and n.split(":")[0] == extension]
