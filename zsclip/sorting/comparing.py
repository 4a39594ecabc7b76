"""Whether a file is what it was, and whether two are the same."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from zsclip.sorting.journal import Entry

__all__ = ["found_at", "is_same", "same_content"]

_BLOCK = 1024 * 1024


def found_at(path: Path) -> os.stat_result | None:
    """What stands at a path, no link followed; None if nothing does.

    Raises:
        OSError: It cannot be looked at.
    """
    try:
        return os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None


def is_same(found: os.stat_result, entry: Entry) -> bool:
    """Whether a file is, by its stamp, the one that was noted, and unchanged."""
    stamp = found.st_size, found.st_mtime_ns, found.st_ino
    return stat.S_ISREG(found.st_mode) and stamp == (entry.size, entry.mtime_ns, entry.inode)


def same_content(one: Path, other: Path) -> bool:
    """Whether two files hold the same bytes.

    Raises:
        OSError: One of them cannot be read.
    """
    with one.open("rb") as a, other.open("rb") as b:
        if os.fstat(a.fileno()).st_size != os.fstat(b.fileno()).st_size:
            return False
        while block := a.read(_BLOCK):
            if block != b.read(_BLOCK):
                return False
        return not b.read(1)
