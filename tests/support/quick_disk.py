"""A folder for programs that write through to the disk thousands of times."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["quick_folder"]


@contextmanager
def quick_folder(otherwise: Path) -> Iterator[Path]:
    """A new folder in memory, where nobody waits for a disk, or in another one if there is none."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else otherwise) as folder:
        yield Path(folder)
