"""ipywidgets' front end in JupyterLab, which shows the panels in the browser."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from d2l_rnn.doctor.environment import pip_install, python
from d2l_rnn.doctor.findings import Finding, trouble, well

FRONT_END = "@jupyter-widgets/jupyterlab-manager"
# The major version of the front end for each major version of ipywidgets.
FRONT_ENDS = {"7": "3", "8": "5"}


def widgets(version: str) -> Finding:
    """Whether JupyterLab has the front end for this ipywidgets, and has it enabled."""
    found = front_end_of(sys.prefix)
    if found is None:
        return trouble(
            f"ipywidgets {version} has no front end in this environment's JupyterLab, "
            f"so panels stay empty: {FRONT_END} is missing. Install it, then start "
            "JupyterLab again:",
            pip_install("--force-reinstall", "--no-deps", "jupyterlab_widgets"),
        )
    if FRONT_ENDS.get(major(version), major(found)) != major(found):
        return trouble(
            f"ipywidgets {version} and its front end {found} do not fit together:",
            pip_install("-U", "ipywidgets", "jupyterlab_widgets"),
        )
    entry, level = switched_off()
    if entry:
        enable = ("-m", "jupyterlab.labextensions", "enable", entry, f"--level={level}")
        return trouble(
            "ipywidgets' front end is switched off in JupyterLab's settings:",
            python(*enable),
        )
    return well(f"ipywidgets {version}, and its front end {found} in JupyterLab")


def major(version: str) -> str:
    """The major number of a version."""
    return version.split(".")[0]


def front_end_of(prefix: str | os.PathLike[str]) -> str | None:
    """The version of the front end that a server in the environment `prefix` finds."""
    from jupyter_core.paths import jupyter_path

    here, there = (str(Path(each, "share", "jupyter")) for each in (sys.prefix, prefix))
    for folder in jupyter_path("labextensions"):
        file = Path(folder.replace(here, there), FRONT_END, "package.json")
        if file.is_file():
            return json.loads(file.read_text(encoding="utf-8"))["version"]
    return None


def switched_off() -> tuple[str, str]:
    """The entry of JupyterLab's settings that disables the front end, and its level.

    The entry is "" if there is none.
    """
    entry = next(iter(disabling_entries("all")), "")
    levels = [each for each in ("user", "system") if entry in disabling_entries(each)]
    return entry, levels[0] if levels else "sys_prefix"


def disabling_entries(level: str) -> list[str]:
    """The settings of one level, or of "all", that disable the front end."""
    from jupyterlab_server.config import get_static_page_config

    disabled = get_static_page_config(level=level).get("disabledExtensions", {})
    return [name for name in disabled if disabled[name] and is_front_end(name)]


def is_front_end(name: str) -> bool:
    """True for the extension, and for each of its plugins: extension:plugin."""
    return name.split(":")[0] == FRONT_END
