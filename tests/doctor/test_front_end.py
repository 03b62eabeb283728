"""The doctor on ipywidgets' front end in JupyterLab."""

import json
import sys
from importlib import metadata

import pytest
from stand_ins import needs_lab

from d2l_rnn.doctor import front_end

pytestmark = needs_lab


def test_the_front_end_is_there(jupyter):
    finding = front_end.widgets(metadata.version("ipywidgets"))
    assert finding.is_well and front_end.front_end_of(sys.prefix) in finding.text


def test_the_front_end_is_of_another_generation(jupyter):
    finding = front_end.widgets("7.8.1")
    assert not finding.is_well and "do not fit together" in finding.text


@pytest.mark.parametrize("plugin", ["", ":plugin"])
def test_the_front_end_is_switched_off(jupyter, plugin):
    settings = jupyter / "CONFIG_DIR" / "labconfig" / "page_config.json"
    settings.parent.mkdir(parents=True)
    entry = front_end.FRONT_END + plugin
    settings.write_text(
        json.dumps({"disabledExtensions": {entry: True, "other": True}})
    )
    finding = front_end.widgets(metadata.version("ipywidgets"))
    assert not finding.is_well
    assert finding.command.endswith(f" enable {entry} --level=user")
    settings.write_text(json.dumps({"disabledExtensions": {entry: False}}))
    assert front_end.widgets(metadata.version("ipywidgets")).is_well
