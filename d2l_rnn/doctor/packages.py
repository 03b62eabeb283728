"""Python, and the packages that the course needs."""

from __future__ import annotations

import importlib
import importlib.metadata
import platform
import sys
from typing import TYPE_CHECKING

from d2l_rnn.doctor.environment import pip_install, reinstall, version_of
from d2l_rnn.doctor.findings import Report, reason, trouble, well

if TYPE_CHECKING:
    from packaging.requirements import Requirement

OLDEST_PYTHON = (3, 10)


def check_python() -> Report:
    """Whether this Python is new enough for the course."""
    version = platform.python_version()
    if python_is_too_old():
        oldest = ".".join(map(str, OLDEST_PYTHON))
        yield trouble(
            f"Python {version} is too old: {oldest} or newer is needed. In the "
            "course's folder, with the name of one that you have:",
            "make PYTHON=python3.11 lab",
        )
    else:
        yield well(f"Python {version}: {sys.executable}")


def python_is_too_old() -> bool:
    """True if the course cannot run on this Python."""
    return sys.version_info < OLDEST_PYTHON


def check_packages() -> Report:
    """Whether the packages are installed, new enough, and can be imported.

    Stops at the first that cannot be imported: others may depend on it.
    """
    try:
        needed = requirements()
    except ModuleNotFoundError as error:
        yield trouble(
            f"packages: the course is not installed here, or not all of it ({error}). "
            "In its folder:",
            pip_install("-e", ".[lab,book]"),
        )
        return
    misfits = [each for each in needed if misfit(each)]
    if misfits:
        yield trouble(
            "; ".join(str(misfit(each)) for each in misfits) + ":",
            pip_install("-U", *(f"{each.name}{each.specifier}" for each in misfits)),
        )
        return  # packages of the wrong version may fail to import
    for name in (each.name for each in needed):
        yield f"importing {name}"
        error = import_error(name)
        if error:
            yield trouble(f"{name} cannot be imported ({error}):", reinstall(name))
            return
    yield well(f"packages: all {len(needed)} that the course needs are here")


def requirements() -> list[Requirement]:
    """The course's requirements, each package once, and d2l's if it is installed.

    Raises ModuleNotFoundError if d2l_rnn is not installed, or if `packaging`, which
    matplotlib and JupyterLab also need, is not.
    """
    lines = importlib.metadata.requires("d2l_rnn") or []
    from packaging.requirements import Requirement

    extras = ["", "lab", *(["book"] if version_of("d2l") else [])]
    needed: dict[str, Requirement] = {}
    for each in map(Requirement, lines):
        if not each.marker or any(each.marker.evaluate({"extra": x}) for x in extras):
            needed.setdefault(each.name, each)
    return list(needed.values())


def misfit(requirement: Requirement) -> str | None:
    """What is wrong with the version of a package, if anything is."""
    from packaging.version import Version

    name, asked = requirement.name, requirement.specifier
    version = version_of(name)
    if version is None:
        return f"{name} is missing"
    if asked.contains(version, prereleases=True):
        return None
    for bound in asked:
        if bound.operator == ">=" and Version(version) < Version(bound.version):
            return f"{name} {version} is too old: {bound.version} or newer is needed"
    return f"{name} {version} does not fit: {asked} is needed"


def import_error(name: str) -> str | None:
    """Why a package cannot be imported; None for those that have their own checks."""
    modules = {"pillow": "PIL", "ipython": "IPython"}
    try:
        if name not in ("torch", "jupyterlab"):
            importlib.import_module(modules.get(name, name.replace("-", "_")))
    except Exception as error:
        return reason(error)
    return None
