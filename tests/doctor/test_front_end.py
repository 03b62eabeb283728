"""The doctor on the front ends in JupyterLab, those of ipywidgets and of anywidget."""

import json
import sys
from importlib import metadata

import pytest
from stand_ins import needs_lab

from d2l_rnn.doctor import front_end
from d2l_rnn.doctor.environment import pip_install

pytestmark = needs_lab


@pytest.fixture(params=front_end.FRONT_ENDS, ids=lambda each: each.package)
def each(request):
    if request.param.package == "anywidget":
        pytest.importorskip("anywidget", reason="anywidget is not installed")
    return request.param


def check(each):
    return front_end.check_front_end(each, metadata.version(each.package))


@pytest.fixture
def install(jupyter, monkeypatch):
    """Put a version of an extension where JupyterLab looks first."""

    def put(extension, version):
        file = jupyter / "labextensions" / extension / "package.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"version": version}))
        monkeypatch.setenv("JUPYTER_PATH", str(jupyter))

    return put


def test_it_is_there(each, jupyter):
    finding = check(each)
    assert finding.is_well and finding.text.startswith(each.package)
    assert front_end.version_in(sys.prefix, each.extension) in finding.text


def test_it_is_missing(each, jupyter):
    finding = check(each._replace(extension="@nobody/has-this"))
    assert not finding.is_well and finding.text.endswith("JupyterLab again:")
    assert f"so {each.otherwise}: @nobody/has-this is missing" in finding.text
    assert finding.command == pip_install("--force-reinstall", "--no-deps", each.owner)


@pytest.mark.parametrize(
    "package, version, found, is_well",
    [
        ("ipywidgets", "7.8.1", "5.0.16", False),
        ("ipywidgets", "8.1.9", "3.1.11", False),
        ("ipywidgets", "8.1.9", "5.1.0", True),
        ("ipywidgets", "9.0", "6.0.0", True),  # nothing is known of it
        ("anywidget", "0.11.0", "0.10.0", False),
        ("anywidget", "0.11.0", "0.1.5", False),
        ("anywidget", "0.1.5", "0.11.0", False),
        ("anywidget", "0.11.0", "0.11.3", True),
    ],
)
def test_it_is_of_another_generation(install, package, version, found, is_well):
    (each,) = (f for f in front_end.FRONT_ENDS if f.package == package)
    install(each.extension, found)
    finding = front_end.check_front_end(each, version)
    assert finding.is_well is is_well and f"{package} {version}" in finding.text
    assert is_well or f"its front end {found} do not fit together" in finding.text


def test_one_package_that_brings_both_is_installed_again(install):
    install("anywidget", "0.9.1")
    command = front_end.check_front_end(front_end.ANYWIDGET, "0.11.0").command
    assert command == pip_install("--force-reinstall", "--no-deps", "anywidget")


@pytest.mark.parametrize("plugin", ["", ":plugin"])
def test_it_is_switched_off(each, jupyter, plugin):
    settings = jupyter / "CONFIG_DIR" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    entry = each.extension + plugin
    settings.write_text(
        json.dumps({"disabledExtensions": {entry: True, "other": True}})
    )
    finding = check(each)
    assert not finding.is_well and f"of {each.package} is switched off" in finding.text
    assert finding.command.endswith(f" enable {entry} --level=user")
    settings.write_text(json.dumps({"disabledExtensions": {entry: False}}))
    assert check(each).is_well
