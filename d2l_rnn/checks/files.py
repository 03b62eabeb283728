"""Files that may not be there, may never end, or may not be text."""

from __future__ import annotations

import codecs
import os
import stat
from collections.abc import Mapping
from pathlib import Path

from d2l_rnn.checks import shown, string

# What a path can raise: no such file, no such user's home, a name that cannot be one.
PATH_ERRORS = (OSError, RuntimeError, ValueError)

_OTHER_MARKS = {  # UTF-32 first: its mark begins with that of UTF-16
    "UTF-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "UTF-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}


def obstacle(path: str | os.PathLike) -> str | None:
    """Why no file can be read at `path`, in a few words, or None if one can.

    Only a regular file is opened: to read a pipe or a device might never end.
    """
    try:
        file = Path(path).expanduser()
        why_not = _kind_of_obstacle(file.stat().st_mode)
        if why_not is None:
            file.open("rb").close()
        return why_not
    except (*PATH_ERRORS, TypeError) as error:
        return reason(error)


def _kind_of_obstacle(mode: int) -> str | None:
    if stat.S_ISDIR(mode):
        return "it is a folder"
    return None if stat.S_ISREG(mode) else "it is not a regular file"


def mode_to_keep(path: Path) -> int | None:
    """The permissions of the file that is to be replaced; None if there is none yet.

    Raises OSError for what no file may replace: a folder, a pipe, a device.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return None
    why_not = _kind_of_obstacle(mode)
    if why_not is not None:
        raise OSError(why_not)
    return stat.S_IMODE(mode)


def reason(error: Exception) -> str:
    """What the operating system says of an error, or else what Python says."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def existing(path: str | os.PathLike) -> Path:
    """The path of a file that can be read; ValueError if there is none."""
    why_not = obstacle(path)
    if why_not is not None:
        raise _refusal(path, why_not)
    return Path(path).expanduser()


def read_bytes(path: str | os.PathLike) -> bytes:
    """What a file contains; ValueError if it cannot be read."""
    try:
        return existing(path).read_bytes()
    except OSError as error:  # gone in this moment, or a disk that fails
        raise _refusal(path, reason(error)) from error


def read_text(path: str | os.PathLike) -> str:
    """The text of a file in UTF-8, with `\\n` at the end of each line.

    Raises ValueError if the file cannot be read, is not a text in UTF-8, or is empty.
    """
    content = read_bytes(path)
    fault = _not_utf8(content)
    if fault is not None:
        raise ValueError(
            f"path must name a text file in UTF-8, got {_name(path)}, {fault}; "
            "save it as UTF-8 first"
        )
    text = content.decode("utf-8").removeprefix("\ufeff")
    if not text.strip():
        raise ValueError(f"path must name a text with words, {path} is empty")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def address(name: str, url: str, hub: Mapping) -> str:
    """The address that a name stands for in a hub, {name: (address, SHA-1)}, or `url`.

    Raises ValueError if it is no string, or if what the hub has is no such pair.
    """
    entry = hub.get(string(name, url), (url, None))
    is_pair = isinstance(entry, (tuple, list)) and len(entry) == 2
    if not is_pair or not isinstance(entry[0], str):
        raise ValueError(
            f"DATA_HUB[{url!r}] must be an address and its SHA-1, got {shown(entry)}"
        )
    return entry[0]


def check_address(name: str, url: str, hub: Mapping) -> None:
    """Raises ValueError if `url` is neither a name in the hub nor an address."""
    if url not in hub and not url.startswith("http"):
        names = ", ".join(map(repr, hub))
        raise ValueError(
            f"{name} must be an address, or a name in DATA_HUB ({names}), "
            f"got {shown(url)}"
        )


def _refusal(path: str | os.PathLike, why: str) -> ValueError:
    return ValueError(
        f"path must name a text file that can be read, got {_name(path)}: {why}"
    )


def _name(path: str | os.PathLike) -> str:
    """A path for a message, or what came in its place."""
    return shown(str(path) if isinstance(path, Path) else path)


def _not_utf8(content: bytes) -> str | None:
    """What keeps the bytes of a file from being a text in UTF-8, or None."""
    for encoding, marks in _OTHER_MARKS.items():
        if content.startswith(marks):
            return f"which is in {encoding}"
    if 0 in content:
        return f"whose byte {content.index(0)} is 0, as in UTF-16 or in no text at all"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"whose byte {error.start} is not ({error.reason})"
    return None
