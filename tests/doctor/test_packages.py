"""The doctor on Python and the packages that the course needs."""

import sys
from importlib import metadata

import pytest
from stand_ins import only

from d2l_rnn.doctor import packages
from d2l_rnn.doctor.environment import pip_install

INSTALL = pip_install("-e", ".[lab,book]")


@pytest.fixture
def needs(monkeypatch):
    """Say what the course needs, in place of what its installation says."""
    return lambda *lines: monkeypatch.setattr(metadata, "requires", lambda _: lines)


def test_python_too_old(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(sys, "version_info", (3, 9, 1))
        finding = only(packages.check_python())
    assert not finding.is_well and "3.10 or newer is needed" in finding.text
    assert finding.command.startswith("make PYTHON=")


def test_python():
    finding = only(packages.check_python())
    assert finding.is_well and sys.executable in finding.text


@pytest.mark.parametrize(
    "version, asked, expected",
    [
        ("1.23.5", "numpy>=2", "numpy 1.23.5 is too old: 2 or newer is needed:"),
        ("2.1", "numpy<2,>=1.26", "numpy 2.1 does not fit: <2,>=1.26 is needed:"),
        ("1.20", "numpy<2,>=1.26", "numpy 1.20 is too old: 1.26 or newer is needed:"),
        (None, "numpy>=2", "numpy is missing:"),
        ("2.0rc1", "numpy>=1.26", None),
        ("2.13.0+cpu", "numpy>=2.2", None),
        ("1.0", "numpy", None),
    ],
)
def test_the_version_of_a_package(versions, needs, version, asked, expected):
    versions["numpy"] = version
    needs(asked)
    finding = only(packages.check_packages())
    assert finding.is_well is (expected is None)
    if expected is None:
        assert "all 1 " in finding.text
    else:
        assert finding.text == expected and finding.command.startswith(pip_install())


def test_what_d2l_needs_is_needed_only_where_d2l_is(versions):
    versions["d2l"] = "1.0.3"
    with_d2l = {each.name for each in packages.requirements()}
    versions["d2l"] = None
    without = {each.name for each in packages.requirements()}
    assert {"torch", "numpy", "jupyterlab", "ipywidgets"} <= without
    assert {"scipy", "pandas"} <= with_d2l - without
    assert "pytest" not in with_d2l


def test_one_command_installs_all_that_is_old_or_missing(versions, needs, monkeypatch):
    versions.update(numpy="1.23.5", pooch=None)
    monkeypatch.setitem(sys.modules, "pooch", None)
    needs("numpy>=2", "pooch", "packaging")
    finding = only(packages.check_packages())
    assert not finding.is_well
    assert finding.text == (
        "numpy 1.23.5 is too old: 2 or newer is needed; pooch is missing:"
    )
    assert finding.command == pip_install("-U", "numpy>=2", "pooch")


def test_a_package_that_cannot_be_imported(needs, monkeypatch):
    needs("pooch", "packaging", "pillow")
    monkeypatch.setitem(sys.modules, "pooch", None)
    finding = only(packages.check_packages())
    assert not finding.is_well
    assert finding.text.startswith("pooch cannot be imported (ModuleNotFoundError: ")
    assert finding.command == pip_install("--force-reinstall", "pooch")


def test_packages_of_an_environment_that_is_whole(needs):
    needs("pooch", "packaging", "pillow")
    finding = only(packages.check_packages())
    assert finding.is_well and "all 3 " in finding.text


def test_the_course_itself_not_installed(monkeypatch):
    def requires(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "requires", requires)
    finding = only(packages.check_packages())
    assert not finding.is_well and finding.command == INSTALL


def test_packaging_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "packaging.requirements", None)
    finding = only(packages.check_packages())
    assert not finding.is_well and finding.command == INSTALL
