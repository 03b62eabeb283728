"""The doctor on the browsers that are installed."""

import os
import plistlib
import sys
import types
from pathlib import Path

import pytest
from stand_ins import needs_posix, only, script

from d2l_rnn.doctor import browsers
from d2l_rnn.doctor.findings import well


@needs_posix
def test_browsers_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.defpath}")
    monkeypatch.setattr(browsers, "PATIENCE", 0.5)
    script(tmp_path / "firefox", "echo Mozilla Firefox 128.5.0esr")
    script(tmp_path / "google-chrome", "echo Google Chrome 104.0.5112.79")
    script(tmp_path / "chromium", "exec sleep 600")
    script(tmp_path / "chromium-browser", "echo install the snap; exit 1")
    script(tmp_path / "microsoft-edge", "echo Microsoft Edge 130.0.1").chmod(0o644)
    monkeypatch.setattr(sys, "platform", "linux")
    assert only(browsers.check_browser()) == well(
        "browser: Firefox 128.5.0 (too old: Chrome 104.0.5112.79)"
    )


@pytest.mark.parametrize(
    "found, is_well, expected",
    [
        ({}, True, f"none is found here; {browsers.ANY_BROWSER}"),
        ({"Firefox": "120.0.1"}, False, "too old, Firefox 120.0.1; update it, or"),
        ({"Firefox": "121.0"}, True, "Firefox 121.0"),
        ({"Chromium": "105.0.5195.52"}, True, "Chromium 105.0.5195.52"),
        ({"Edge": "104.0.1293.47"}, False, "Edge"),
        ({"Safari": "16.3.1"}, False, "Safari 16.3.1"),
        ({"Safari": "16.4"}, True, "Safari 16.4"),
    ],
)
def test_the_age_of_a_browser(found, is_well, expected):
    finding = browsers.new_enough(found)
    assert finding.is_well is is_well and expected in finding.text


def test_browsers_on_macos(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    info = tmp_path / "Applications" / "Firefox.app" / "Contents" / "Info.plist"
    info.parent.mkdir(parents=True)
    info.write_bytes(plistlib.dumps({"CFBundleShortVersionString": "119.0"}))
    assert browsers.browsers_on_macos()["Firefox"] == "119.0"


def test_browsers_on_windows(monkeypatch):
    class Key(str):
        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    def open_key(root, key):
        if (root, key) != ("user", r"Software\Google\Chrome\BLBeacon"):
            raise FileNotFoundError(key)
        return Key(key)

    winreg = types.SimpleNamespace(
        HKEY_LOCAL_MACHINE="machine",
        HKEY_CURRENT_USER="user",
        OpenKey=open_key,
        QueryValueEx=lambda key, name: ("130.0.6723.59", 1),
    )
    monkeypatch.setitem(sys.modules, "winreg", winreg)
    assert browsers.browsers_on_windows() == {"Chrome": "130.0.6723.59"}
