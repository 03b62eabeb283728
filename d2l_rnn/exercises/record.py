"""Which exercises are solved: by this process, and in one file of the reader's.

The file, a list of names, is in the user's data folder. It is neither written nor read
if the environment variable `D2L_RNN_PROGRESS` is "off". Nothing is sent anywhere.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from pathlib import Path, PurePosixPath

from d2l_rnn.checks import files

FILE_NAME = "progress.json"
VARIABLE = "D2L_RNN_PROGRESS"
PATIENCE = 1.0  # seconds that another process may take to write


class _Damaged(Exception):
    """Raised for a file that is no record."""


class Record:
    """The names of the solved exercises; a file that cannot be used is no error."""

    def __init__(self):
        self._mine: set[str] = set()  # solved in this process
        self._is_wanted = True
        self._said: set[str] = set()

    @property
    def is_kept(self) -> bool:
        """True if the file is in use.

        It is not where the notebooks of solutions run: nobody has solved those.
        """
        running = PurePosixPath(os.environ.get("JPY_SESSION_NAME", ""))
        is_on = os.environ.get(VARIABLE, "").strip().lower() in ("", "on")
        return self._is_wanted and is_on and running.parent.name != "solutions"

    def add(self, name: str) -> None:
        """Note that an exercise is solved."""
        if name not in self._mine:
            self._mine.add(name)
            self.keep()

    def solved(self) -> set[str]:
        """The names of all that are solved, here or according to the file."""
        return self._mine | self._on_file()

    def keep(self) -> None:
        """Write into the file what this process has seen, beside what is there."""
        if not self.is_kept or self._mine <= self._on_file():
            return
        try:
            _merge(file(), self._mine)
        except (*files.PATH_ERRORS, MemoryError) as error:
            self._say(f"what you have solved could not be kept ({files.reason(error)})")

    def start_again(self) -> None:
        """Use the file, also if that was given up."""
        self._is_wanted = True
        self.keep()

    def remove(self) -> None:
        """Forget everything, remove the file, and keep no other in this process."""
        self._is_wanted = False
        self._mine.clear()
        try:
            file().unlink(missing_ok=True)
        except files.PATH_ERRORS as error:
            self._say(f"the record could not be removed ({files.reason(error)})")

    def _on_file(self) -> set[str]:
        if not self.is_kept:
            return set()
        try:
            return _read(file())
        except _Damaged as damage:
            self._say(f"the record of what you have solved begins anew ({damage})")
        except files.PATH_ERRORS as error:
            self._say(f"what you have solved could not be read ({files.reason(error)})")
        return set()

    def _say(self, what: str) -> None:
        """One line, once; it must not be in the way of a verdict."""
        if what not in self._said:
            self._said.add(what)
            with contextlib.suppress(*files.PATH_ERRORS):  # no home
                what = f"{what}: {file()}"
            print(f"d2l_rnn: {what}; {VARIABLE}=off does without it.", file=sys.stderr)


RECORD = Record()


def file() -> Path:
    """The file of this user, in the folder for data that the system has.

    Raises RuntimeError if the user has no home.
    """
    import platformdirs

    return Path(platformdirs.user_data_dir("d2l_rnn")).expanduser() / FILE_NAME


def _read(path: Path) -> set[str]:
    """The names in the file; none if there is no file.

    Raises OSError if it cannot be read, and _Damaged if it is no record.
    """
    if not path.exists():
        return set()
    if why_not := files.obstacle(path):
        raise OSError(why_not)
    try:
        names = json.loads(path.read_bytes())["solved"]
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise _Damaged("it is damaged") from error
    if not isinstance(names, list) or not all(isinstance(each, str) for each in names):
        raise _Damaged("it is damaged")
    return set(names)


def _merge(path: Path, names: set[str]) -> None:
    """Add names to the file: written beside it, and moved into place.

    Only one process can have the file beside: the others wait, and read what it wrote.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    _make(part)
    try:
        with contextlib.suppress(_Damaged):
            names = names | _read(path)
        part.write_text(json.dumps({"solved": sorted(names)}, indent=1), "utf-8")
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _make(part: Path) -> None:
    """Make a file that is not there yet; one of a process that has died makes room.

    Raises OSError.
    """
    end = time.monotonic() + 5 * PATIENCE
    while time.monotonic() < end:
        try:
            return part.open("x").close()
        except FileExistsError:
            time.sleep(0.01)
            with contextlib.suppress(FileNotFoundError):
                if abs(time.time() - part.stat().st_mtime) > PATIENCE:
                    part.unlink()
    raise TimeoutError(f"others are writing {part.name}")
