"""Find the text: a file you name, a folder, the cache, the book's server, the story.

The course is written for the book's copy of *The Time Machine*. The file is not part
of this package: it is fetched once, checked, and cached. Offline, a story that is part
of the package takes its place, so that every notebook runs.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import importlib
import logging
import os
import shutil
import sys
import tempfile
import threading
import types
import warnings
from dataclasses import dataclass
from pathlib import Path

FILE_NAME = "timemachine.txt"
SHA1 = "090b5e7e70c295757f55df93cb0a180b9691891a"
# The book's server first; then the book's own repository, at a fixed commit.
MIRRORS = (
    "https://d2l-data.s3-accelerate.amazonaws.com/timemachine.txt",
    "https://raw.githubusercontent.com/d2l-ai/d2l-zh/"
    "592fbef84a684e752393edbf267c07dbc53e082b/data/timemachine.txt",
)
DATA_DIR_VARIABLE = "D2L_RNN_DATA_DIR"
STORY_PATH = Path(__file__).with_name("data") / "story.txt"

SOCKET_TIMEOUT = 3  # seconds without an answer before one mirror is given up
PATIENCE = 6  # seconds in all before the reader gets the story instead


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

        Raises ValueError if the file is missing, empty or not UTF-8.
        """
        try:
            text = self.path.read_text(encoding="utf-8-sig")
        except OSError as error:
            raise ValueError(
                f"path must name a text file that can be read, got {str(self.path)!r}: "
                f"{error.strerror}"
            ) from error
        except UnicodeDecodeError as error:
            raise ValueError(
                f"path must name a text file in UTF-8, got {self.path}, whose byte "
                f"{error.start} is not ({error.reason}); save it as UTF-8 first"
            ) from error
        if not text.strip():
            raise ValueError(f"path must name a text with words, {self.path} is empty")
        return text

    @property
    def is_time_machine(self) -> bool:
        """True if this is, byte for byte, the book's *The Time Machine*.

        Raises OSError if the file is not there or cannot be read.
        """
        return hashlib.sha1(self.path.read_bytes()).hexdigest() == SHA1


def find_text(path: str | os.PathLike | None = None) -> TextFile:
    """Find the text to learn from, and print one line if it is the story.

    Looks, in this order, at: `path`; the folder named by the environment variable
    `D2L_RNN_DATA_DIR`; the cache; the book's server and its mirror, once per process
    and for a few seconds at most; the built-in story. A download is used only if its
    SHA-1 is the book's.

    Raises ValueError if `path` is given but is not a file.
    """
    if path is not None:
        return named_file(path)
    return in_data_dir() or fetched_or_story()


def named_file(path: str | os.PathLike) -> TextFile:
    """The file that the reader names; ValueError if there is no such file."""
    with contextlib.suppress(OSError, RuntimeError):  # a name too long, ~nobody
        file = Path(path).expanduser()
        if file.is_file():
            return TextFile(file, "file")
    raise ValueError(f"path must name a text file, got {str(path)!r}: no such file")


def in_data_dir() -> TextFile | None:
    """The text in the folder that `D2L_RNN_DATA_DIR` names, or None."""
    folder = os.environ.get(DATA_DIR_VARIABLE)
    if not folder:
        return None
    file = Path(folder).expanduser() / FILE_NAME
    return TextFile(file, "folder") if file.is_file() else None


def in_cache() -> TextFile | None:
    """The text that an earlier run has fetched, or None; a corrupt file is removed."""
    text = TextFile(cache_dir() / FILE_NAME, "cache")
    try:
        if text.is_time_machine:
            return text
        text.path.unlink()
    except OSError:  # not there, or not ours to read or to remove
        pass
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
    folder = os.environ.get(DATA_DIR_VARIABLE)
    it_does_not = f" ({folder} does not)" if folder else ""
    print(
        f"d2l_rnn: reading the built-in story, not The Time Machine ({failure}). "
        f"To read the book's text, go online and restart, or set {DATA_DIR_VARIABLE} "
        f"to a folder that holds {FILE_NAME}{it_does_not}.",
        file=sys.stderr,
    )
    return TextFile(STORY_PATH, "story")


def cache_dir() -> Path:
    """This user's cache folder for the fetched text."""
    return Path(_pooch().os_cache("d2l_rnn"))


def _pooch() -> types.ModuleType:
    """The module pooch, loaded when it is first needed.

    It loads tqdm if that is installed, which warns if Jupyter lacks ipywidgets.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "IProgress not found")
        return importlib.import_module("pooch")


def download() -> str | None:
    """Fetch the text into the cache; return None, or why that failed.

    It runs in a thread, because looking up a host name can hang for longer than any
    socket timeout. A fetch that is merely slow continues in the background, and the
    next process finds the text in the cache.
    """
    failures: list[str] = []
    worker = threading.Thread(
        target=_try_mirrors, args=(failures,), name="d2l_rnn download", daemon=True
    )
    worker.start()
    worker.join(PATIENCE)
    if worker.is_alive():
        return f"no answer from the book's server in {PATIENCE} seconds"
    return failures[0] if len(failures) == len(MIRRORS) else None


def _try_mirrors(failures: list[str]) -> None:
    """Fetch from the first mirror that answers; record why those before it failed."""
    for url in MIRRORS:
        try:
            return _fetch(url)
        except Exception as error:  # being offline raises many kinds of errors
            failures.append(_reason(error, url))


def _fetch(url: str) -> None:
    """Download the text, check it, and only then put it into the cache, atomically.

    The download goes to a temporary folder, so that a process killed meanwhile leaves
    nothing in the cache.
    """
    pooch = _pooch()
    logger = pooch.get_logger()
    level = logger.level
    with tempfile.TemporaryDirectory(prefix="d2l_rnn-") as folder:
        logger.setLevel(logging.WARNING)  # our one line is enough
        try:
            arrived = pooch.retrieve(
                url,
                known_hash=f"sha1:{SHA1}",
                fname=FILE_NAME,
                path=folder,
                downloader=pooch.HTTPDownloader(timeout=SOCKET_TIMEOUT),
            )
        finally:
            logger.setLevel(level)
        cache_dir().mkdir(parents=True, exist_ok=True)
        copy = cache_dir() / f"{FILE_NAME}.{os.getpid()}"
        try:
            shutil.copyfile(arrived, copy)
            os.replace(copy, cache_dir() / FILE_NAME)
        finally:
            copy.unlink(missing_ok=True)


def _reason(error: Exception, url: str) -> str:
    """Why a fetch failed, in a few words for the message to the reader."""
    host = url.split("/")[2]
    if isinstance(error, ValueError) and "hash" in str(error):
        return f"what {host} sent is not the book's file"
    if getattr(error, "filename", None) is not None:  # not the network, but the disk
        return f"could not write to {error.filename}: {error.strerror}"
    return f"could not fetch it from {host}: {type(error).__name__}"


def main() -> int:
    """Fetch the text unless it is here, and print which is used; 0 if the book's."""
    text = find_text()
    print(f"{text.origin}: {text.path}")
    return 0 if text.is_time_machine else 1


if __name__ == "__main__":
    sys.exit(main())
