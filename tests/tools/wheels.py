"""Packages for the tests of the installer: wheels that hold next to nothing."""

import zipfile
from pathlib import Path


def write_wheel(folder, name, version, requires=()):
    """An empty package, as a wheel that asks for others; {name: extra, or ''}."""
    path = Path(folder) / f"{name}-{version}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    for other, extra in dict(requires).items():
        if extra:
            metadata += f"Provides-Extra: {extra}\n"
            other += f' ; extra == "{extra}"'
        metadata += f"Requires-Dist: {other}\n"
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}.py", f"__version__ = {version!r}\n")
        wheel.writestr(f"{info}/METADATA", metadata)
        wheel.writestr(
            f"{info}/WHEEL",
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any",
        )
        wheel.writestr(f"{info}/RECORD", "")
    return path.name
