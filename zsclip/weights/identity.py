"""What tells weights from others, and a file from one that took its place.

Weights go by the SHA-256 of the file that was published. The safetensors that zsclip makes of such
a file say in their header what they were made of, and go by the same; weights that were never
published go by the SHA-256 of their own file.

``<file>.verified`` remembers that a file was hashed and what it looked like then, so that a start
does not hash gigabytes again.
"""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from stat import S_ISDIR
from typing import Literal

from zsclip.files import file_sha256

__all__ = ["check_file", "made_from", "remember", "stamp_of", "weights_sha256"]

log = logging.getLogger("zsclip")

SOURCE = "source_sha256"
"""In the header of safetensors made of a published file: the SHA-256 of that file."""


def weights_sha256(path: Path, published: str | None = None) -> str:
    """What the weights in a file go by.

    Args:
        path: The file that they are read from.
        published: The SHA-256 of the file that was published, if they come from one.
    """
    return published or file_sha256(path)


def made_from(metadata: Mapping[str, str]) -> str | None:
    """The SHA-256 of the published file that safetensors were made of, as their header says."""
    return metadata.get(SOURCE)


def stamp_of(path: Path, metadata: Mapping[str, str]) -> object:
    """What tells an open file from another one that took its place.

    Processes that unpack the same archive replace each other's copies, which are alike.

    Args:
        path: The file.
        metadata: The header of safetensors.

    Raises:
        OSError: The file is gone.
    """
    if source := made_from(metadata):
        return source
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns


def check_file(
    path: Path, sha256: str, size: int | None = None
) -> Literal["valid", "wrong", "absent"]:
    """Whether a file is the published one; it is hashed only if it changed since the last time.

    Args:
        path: The file.
        sha256: The published SHA-256.
        size: The published length in bytes, where known.

    Raises:
        OSError: The file cannot be read.
    """
    try:
        stat = path.stat()
    except FileNotFoundError:
        return "absent"
    if S_ISDIR(stat.st_mode):
        raise IsADirectoryError(errno.EISDIR, "a folder has the name of the file", path)
    if size is not None and stat.st_size != size:
        return "wrong"
    if _seal(sha256, stat) == _read_seal(path):
        return "valid"
    if file_sha256(path) != sha256:
        return "wrong"
    remember(path, sha256, stat)
    return "valid"


def remember(path: Path, sha256: str, stat: os.stat_result) -> None:
    """Note that a file as of `stat` has this SHA-256; in a read-only folder, go without."""
    sidecar = _sidecar(path)
    draft = sidecar.with_name(f"{sidecar.name}.{os.getpid()}")
    try:
        draft.write_text(json.dumps(_seal(sha256, stat)), "utf-8")
        draft.replace(sidecar)
    except OSError as error:
        log.debug("%s: the verification is not remembered: %s", path, error)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def _sidecar(path: Path) -> Path:
    return path.with_name(path.name + ".verified")


def _seal(sha256: str, stat: os.stat_result) -> dict[str, object]:
    return {"sha256": sha256, "size": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _read_seal(path: Path) -> object:
    with suppress(OSError, ValueError):
        return json.loads(_sidecar(path).read_text("utf-8"))
    return None
