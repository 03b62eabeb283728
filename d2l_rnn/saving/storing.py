"""The file of a model: written as a whole, or not at all, and read only if it is."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import secrets
from collections.abc import Mapping
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from d2l_rnn.checks import files

CHECKSUM = "sha256"


def checksum(weights: Mapping[str, Tensor], about: Mapping[str, str]) -> str:
    """SHA-256 of the texts and of the weights, each with its name, type and shape.

    Both in the order of their names; the number of bytes follows from the shapes.
    """
    read = hashlib.sha256(json.dumps(sorted(about.items())).encode())
    for name, values in sorted(weights.items()):
        read.update(json.dumps([name, str(values.dtype), [*values.shape]]).encode())
        read.update(values.contiguous().view(-1).view(torch.uint8).numpy())
    return read.hexdigest()


def write(
    path: str | os.PathLike, weights: dict[str, Tensor], about: dict[str, str]
) -> Path:
    """Write a file beside its place, and then move it there; return the path.

    Raises ValueError if it cannot be written, or what is there is no regular file.
    """
    about = about | {CHECKSUM: checksum(weights, about)}
    contents = safetensors.torch.save(weights, about)
    try:
        path = Path(path).expanduser().resolve()
        str(path).encode()  # another name could not be opened again
        _put(contents, path, files.mode_to_keep(path))
    except (*files.PATH_ERRORS, TypeError) as error:
        raise ValueError(
            f"path must name a file that can be written, got {str(path)!r:.300}: "
            f"{files.reason(error)}"
        ) from None
    return path


def _put(contents: bytes, path: Path, mode: int | None) -> None:
    beside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            if mode is not None:
                beside.chmod(mode)
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink()


def read(path: str | os.PathLike) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The weights of a file, in memory of their own, and the texts about them.

    Raises FileNotFoundError if there is none, and ValueError, with the reason, if it
    cannot be read.
    """
    why_not = files.obstacle(path)
    if why_not == os.strerror(errno.ENOENT):
        raise FileNotFoundError(f"path must name a file, got {str(path)!r}: {why_not}")
    if why_not is not None:
        raise ValueError(why_not)
    try:
        with safetensors.safe_open(Path(path).expanduser(), framework="pt") as opened:
            weights = {name: opened.get_tensor(name).clone() for name in opened.keys()}
            return weights, opened.metadata() or {}
    except (OSError, RuntimeError, MemoryError, safetensors.SafetensorError) as error:
        raise ValueError(str(error)) from None


def check_whole(weights: dict[str, Tensor], about: dict[str, str]) -> None:
    """Raises ValueError unless the checksum of a file is right; KeyError without it."""
    texts = {name: text for name, text in about.items() if name != CHECKSUM}
    if checksum(weights, texts) != about[CHECKSUM]:
        raise ValueError("it has been changed since it was saved, or damaged")
