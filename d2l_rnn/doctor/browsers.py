"""The browsers that are installed here, and whether one is new enough."""

from __future__ import annotations

import contextlib
import os
import plistlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

from d2l_rnn.doctor.findings import Finding, Report, trouble, well

PATIENCE = 5  # seconds for a browser to print its version

# The panels' style sheet uses :has, which Safari supports since 15.4; pages that train
# use WebAssembly with SIMD, which it supports since 16.4.
OLDEST = {
    "Chromium": (105,),
    "Chrome": (105,),
    "Edge": (105,),
    "Firefox": (121,),
    "Safari": (16, 4),
}
ANY_BROWSER = "open the address in any browser of 2024 or later"


def check_browser() -> Report:
    """Whether an installed browser can show the panels."""
    if sys.platform == "darwin":
        yield new_enough(browsers_on_macos())
    elif os.name == "nt":
        yield new_enough(browsers_on_windows())
    else:
        yield new_enough(browsers_on_path())


def new_enough(found: dict[str, str]) -> Finding:
    """Whether one of these browsers, {name: version}, is new enough."""
    good, old = [], []
    for name, version in found.items():
        numbers = tuple(map(int, re.findall(r"\d+", version)))
        (good if numbers >= OLDEST[name] else old).append(f"{name} {version}")
    if not found:
        return well(f"browser: none is found here; {ANY_BROWSER}")
    if not good:
        return trouble(
            f"browser: too old, {', '.join(old)}; update it, or {ANY_BROWSER}"
        )
    but = f" (too old: {', '.join(old)})" if old else ""
    return well(f"browser: {', '.join(good)}{but}")


def browsers_on_path() -> dict[str, str]:
    """The versions of the browsers on the PATH."""
    commands = {
        "chromium": "Chromium",
        "chromium-browser": "Chromium",
        "google-chrome": "Chrome",
        "google-chrome-stable": "Chrome",
        "microsoft-edge": "Edge",
        "firefox": "Firefox",
    }
    found: dict[str, str] = {}
    for command, name in commands.items():
        program = shutil.which(command)
        version = program and name not in found and printed_version(program)
        if version:
            found[name] = version
    return found


def printed_version(program: str) -> str | None:
    """The version that a program prints; None if it prints none in time."""
    try:
        printed = subprocess.run(
            [program, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        ).stdout.decode(errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = re.search(r"\d+(\.\d+)+", printed)
    return version and version[0]


def browsers_on_macos() -> dict[str, str]:
    """The versions of the browsers in the applications folders."""
    apps = {
        "Safari": "Safari",
        "Google Chrome": "Chrome",
        "Microsoft Edge": "Edge",
        "Firefox": "Firefox",
    }
    found = {}
    for folder in (Path("/Applications"), Path.home() / "Applications"):
        for app, name in apps.items():
            file = folder / f"{app}.app" / "Contents" / "Info.plist"
            if file.is_file():
                info = plistlib.loads(file.read_bytes())
                found[name] = info["CFBundleShortVersionString"]
    return found


def browsers_on_windows() -> dict[str, str]:
    """The versions of the browsers in the registry."""
    import winreg

    keys = {
        "Chrome": (r"Software\Google\Chrome\BLBeacon", "version"),
        "Edge": (r"Software\Microsoft\Edge\BLBeacon", "version"),
        "Firefox": (r"Software\Mozilla\Mozilla Firefox", "CurrentVersion"),
    }
    found = {}
    for name, (key, value) in keys.items():
        for root in (winreg.HKEY_LOCAL_MACHINE, winreg.HKEY_CURRENT_USER):
            with contextlib.suppress(OSError), winreg.OpenKey(root, key) as opened:
                found[name] = winreg.QueryValueEx(opened, value)[0]
    return found
