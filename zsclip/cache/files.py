"""The files of a cache as files: what stands beside it, and what was set aside."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

from zsclip.cache.faults import Cause, Fault

__all__ = ["discard", "list_set_aside", "rename", "size_on_disk", "why_unwritable"]

_BESIDE = ("-wal", "-shm")
_MARK = ".corrupt-"


def rename(path: Path) -> Path:
    """Give a damaged file, and its log, a name that says so and that is still free.

    Raises:
        OSError: It cannot be renamed.
    """
    stem = f"{path.name}{_MARK}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    aside, n = path.with_name(stem), 1
    while aside.exists():
        n += 1
        aside = path.with_name(f"{stem}-{n}")
    path.rename(aside)
    with suppress(FileNotFoundError):
        path.with_name(path.name + "-wal").rename(aside.with_name(aside.name + "-wal"))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)
    return aside


def list_set_aside(path: Path) -> list[Path]:
    """The damaged files that a cache took the place of."""
    start = path.name + _MARK
    try:
        found = [file for file in path.parent.iterdir() if file.name.startswith(start)]
    except OSError:
        return []
    return sorted(file for file in found if not file.name.endswith(_BESIDE))


def discard(path: Path) -> None:
    """Delete a file and what SQLite put beside it.

    Raises:
        OSError: It cannot be deleted.
    """
    for name in (path.name, *(path.name + end for end in _BESIDE)):
        path.with_name(name).unlink(missing_ok=True)


def size_on_disk(path: Path) -> int:
    """The bytes of a file and of what SQLite put beside it."""
    total = 0
    for name in (path.name, *(path.name + end for end in _BESIDE)):
        with suppress(OSError):
            total += path.with_name(name).stat().st_size
    return total


def why_unwritable(path: Path) -> Fault | None:
    """What the rights to a file, or to the folder to make it in, are short of."""
    place, needed = path, os.W_OK
    while not os.path.exists(place) and place != place.parent:  # noqa: PTH110 - never raises
        place, needed = place.parent, os.W_OK | os.X_OK
    if place != path and not os.path.isdir(place):  # noqa: PTH112
        return Fault(Cause.UNREACHABLE, f"{place} is no folder")
    for there in {place, place.parent if place == path else place}:
        if not os.access(there, needed):
            return Fault(Cause.READ_ONLY, f"{there} does not allow it")
    return None
