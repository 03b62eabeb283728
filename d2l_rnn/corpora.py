"""Find the text: a file you name, a folder, the cache, the book's server, the story.

The course is written for the book's copy of *The Time Machine*. The file is not part
of this package: it is fetched once, checked, and cached. Offline, a story that is part
of the package takes its place, so that every notebook runs.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import hashlib
import importlib
import io
import os
import socket
import sys
import threading
import time
import types
import urllib.parse
import uuid
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from d2l_rnn import commands
from d2l_rnn.checks import files

FILE_NAME = "timemachine.txt"
SHA1 = "090b5e7e70c295757f55df93cb0a180b9691891a"
SIZE = 178_979  # bytes
# The book's server first; then the book's own repository, at a fixed commit.
MIRRORS = (
    "https://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
    "https://raw.githubusercontent.com/d2l-ai/d2l-zh/"
    "592fbef84a684e752393edbf267c07dbc53e082b/data/timemachine.txt",
)
DATA_DIR_VARIABLE = "D2L_RNN_DATA_DIR"
STORY_PATH = Path(__file__).with_name("data") / "story.txt"
CHINESE_STORY_PATH = STORY_PATH.with_name("story.zh.txt")

SOCKET_TIMEOUT = 3  # seconds without an answer before one mirror is given up
PATIENCE = 6  # seconds in all before the reader gets the story instead
TIME_LIMIT = 30  # seconds in all before a fetch in the background is given up

_deciding = threading.Lock()


class _NotTheBook(Exception):
    """What a server sends is not the book's file."""


@dataclass(frozen=True)
class TextFile:
    """The file of a text: its path, and how it was found.

    `origin` is "file" (named by the reader), "folder" (`D2L_RNN_DATA_DIR`), "cache",
    "download" or "story".
    """

    path: Path
    origin: str

    def read(self) -> str:
        """Return the whole text, decoded as UTF-8.

        Raises ValueError if the file cannot be read, is not a text in UTF-8, or is
        empty.
        """
        return files.read_text(self.path)

    @property
    def is_time_machine(self) -> bool:
        """True if this is, byte for byte, the book's *The Time Machine*.

        Raises ValueError if the file is not there or cannot be read.
        """
        return hashlib.sha1(files.read_bytes(self.path)).hexdigest() == SHA1


def find_text(path: str | os.PathLike | None = None) -> TextFile:
    """Find the text to learn from, and print one line if it is the story.

    Looks, in this order, at: `path`; the folder named by the environment variable
    `D2L_RNN_DATA_DIR`; the cache; the book's server and its mirror, once per process
    and for a few seconds at most; the built-in story. A download, or the cache, is used
    only if its SHA-1 is the book's.

    Raises ValueError if `path` is given but is not a file that can be read.
    """
    if path is not None:
        return named_file(path)
    text = in_data_dir()
    if text is not None:
        return text
    with _deciding:  # of several threads, one looks and the others wait
        # The file may have been changed since, or removed.
        if fetched_or_story().origin != "story" and in_cache() is None:
            fetched_or_story.cache_clear()
        return fetched_or_story()


def named_file(path: str | os.PathLike) -> TextFile:
    """The file that the reader names.

    Raises ValueError if it is missing, cannot be read, or is not a regular file.
    """
    return TextFile(files.existing(path), "file")


def in_data_dir() -> TextFile | None:
    """The text in the folder that `D2L_RNN_DATA_DIR` names, or None."""
    folder = os.environ.get(DATA_DIR_VARIABLE)
    if not folder or files.obstacle(Path(folder) / FILE_NAME):
        return None
    return TextFile((Path(folder) / FILE_NAME).expanduser(), "folder")


def in_cache() -> TextFile | None:
    """The text that an earlier run has fetched, or None.

    A corrupt file is removed, and so is what a killed process has left.
    """
    with contextlib.suppress(*files.PATH_ERRORS):  # not there, or not ours to remove
        _sweep(cache_dir())
        text = TextFile(cache_dir() / FILE_NAME, "cache")
        if text.is_time_machine:
            return text
        text.path.unlink()
    return None


@functools.cache
def fetched_or_story() -> TextFile:
    """The cached text, a fetched one, or the story: decided once per process."""
    text = in_cache()
    if text is not None:
        return text
    failure = download()
    if failure is None:
        return TextFile(cache_dir() / FILE_NAME, "download")
    print(
        f"d2l_rnn: reading the built-in story, not The Time Machine ({failure}). "
        f"To read the book's text, put this right and restart, or set "
        f"{DATA_DIR_VARIABLE} to a folder that holds {FILE_NAME}{_not_in_data_dir()}.",
        file=sys.stderr,
    )
    return TextFile(STORY_PATH, "story")


def cache_dir() -> Path:
    """This user's cache folder for the fetched text.

    Raises RuntimeError if the user has no home.
    """
    return Path(_pooch().os_cache("d2l_rnn")).expanduser()


def download() -> str | None:
    """Fetch the text into the cache; return None, or why that failed.

    It runs in a thread, because looking up a host name can hang for longer than any
    socket timeout. A fetch that is merely slow continues in the background, for
    `TIME_LIMIT` seconds at most, and the next process finds the text in the cache.
    """
    outcome: list[str | None] = []
    worker = threading.Thread(
        target=lambda: outcome.append(_fetch_and_keep()),
        name="d2l_rnn download",
        daemon=True,
    )
    try:
        worker.start()
    except RuntimeError as error:  # too many threads
        return f"could not fetch it: {error}"
    worker.join(PATIENCE)
    if outcome:
        return outcome[0]
    return f"no answer from the book's server in {PATIENCE} seconds; offline?"


def _fetch_and_keep() -> str | None:
    """Fetch the text from the first mirror that has it, and keep it.

    Returns None, or why that failed.
    """
    end = time.monotonic() + TIME_LIMIT
    failures = []
    for url in MIRRORS:
        host = urllib.parse.urlsplit(url).netloc or url
        try:
            content = _fetch(url, end)
        except _NotTheBook:
            failures.append(f"what {host} sent is not the book's file")
        except Exception as error:  # being offline raises many kinds of errors
            kind = type(error).__name__
            failures.append(f"could not fetch it from {host}: {kind}; offline?")
        else:
            return _keep(content)
    return failures[0]


def _fetch(url: str, end: float) -> bytes:
    """Download the book's file into memory, so that a killed process leaves nothing."""
    arrived = io.BytesIO()
    with _bounded(end):
        _pooch().HTTPDownloader(timeout=SOCKET_TIMEOUT)(url, arrived, None)
    if hashlib.sha1(arrived.getvalue()).hexdigest() != SHA1:
        raise _NotTheBook
    return arrived.getvalue()


@contextlib.contextmanager
def _bounded(end: float) -> Iterator[None]:
    """Give up on a server that sends too much, or still sends at the time `end`.

    A socket's own timeout starts anew with every byte, and pooch limits neither
    headers nor the body of a redirection, nor what a compressed body is unpacked to.
    But Python calls a thread's profile function at every read from a socket and every
    body unpacked, and what that function raises ends the fetch.
    """
    read = socket.SocketIO.readinto.__code__
    sizes = collections.Counter()  # in bytes

    def watch(frame: types.FrameType, event: str, result: int | bytes | None) -> None:
        if frame.f_code is read and time.monotonic() > end:
            raise TimeoutError
        if event == "return" and frame.f_code is read:
            sizes["received"] += result or 0  # None if the read has failed
        if event == "return" and _unpacks(frame):
            sizes["unpacked"] += len(result or b"")
        if max(sizes.values(), default=0) > 2 * SIZE:  # with room for headers
            raise _NotTheBook

    sys.setprofile(watch)
    try:
        yield
    finally:
        sys.setprofile(None)


def _unpacks(frame: types.FrameType) -> bool:
    """True where urllib3 unpacks a piece of a body."""
    where = frame.f_globals.get("__name__"), frame.f_code.co_name
    return where == ("urllib3.response", "_decode")


def _keep(content: bytes) -> str | None:
    """Put the text into the cache, atomically; return None, or why that failed."""
    where = "a cache"
    try:
        folder = cache_dir()
        where = f"{str(folder)!r:.300}"
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"{FILE_NAME}.{uuid.uuid4().hex}.part"
        try:
            part.write_bytes(content)
            os.replace(part, folder / FILE_NAME)
        finally:
            with contextlib.suppress(OSError):
                part.unlink()
    except (*files.PATH_ERRORS, MemoryError) as error:
        return f"could not write to {where}: {files.reason(error)}"
    return None


def _sweep(folder: Path) -> None:
    """Remove what a process killed while writing has left, if it is a minute old."""
    for part in folder.glob(f"{FILE_NAME}.*.part"):
        with contextlib.suppress(OSError):  # another process may remove it too
            if part.stat().st_mtime < time.time() - 60:
                part.unlink()


def _pooch() -> types.ModuleType:
    """The module pooch, loaded when it is first needed.

    It loads tqdm if that is installed, which warns if Jupyter lacks ipywidgets.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        return importlib.import_module("pooch")


def _not_in_data_dir() -> str:
    """Why the folder that `D2L_RNN_DATA_DIR` names is no help, for the message."""
    folder = os.environ.get(DATA_DIR_VARIABLE)
    if not folder:
        return ""
    why_not = files.obstacle(Path(folder) / FILE_NAME)
    return f" (there is none to read in {folder!r:.300}: {why_not})"


def main(arguments: list[str] | None = None) -> int:
    """Fetch the text unless it is here, and print which is used; 0 if the book's."""
    parser = argparse.ArgumentParser(
        prog="python -m d2l_rnn.corpora",
        description="Fetch the book's text unless it is here, and print where it is.",
        epilog="The exit status is 0 if the text is the book's, and 1 if not.",
    )
    parser.parse_args(arguments)
    text = find_text()
    print(f"{text.origin}: {text.path}")
    return 0 if text.is_time_machine else 1


if __name__ == "__main__":
    commands.run(main, "d2l_rnn.corpora")
