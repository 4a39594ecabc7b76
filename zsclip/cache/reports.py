"""What a cache tells of itself: frozen values."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from zsclip.wording import BriefRepr

__all__ = ["CacheInfo", "CacheReport"]


@dataclass(frozen=True, slots=True, repr=False)
class CacheInfo(BriefRepr):
    """What is in a cache, and whether it can be used.

    Attributes:
        path: The file.
        exists: Whether it is there; it is made with the first use.
        entries: How many embeddings it holds.
        files: Of how many files it knows the content's hash.
        bytes: What it takes on the disk, with what stands beside it while it is in use.
        max_bytes: What it may take.
        schema: The version of its tables; None if it is not there or cannot be read.
        set_aside: The damaged files that it took the place of. They can be deleted.
        problem: Why it cannot be used, or not be written to; None if all is well.
    """

    path: Path
    exists: bool
    entries: int
    files: int
    bytes: int
    max_bytes: int
    schema: int | None
    set_aside: tuple[Path, ...]
    problem: str | None

    @property
    def usable(self) -> bool:
        """Whether it can be read and written to, or be made where it is not there yet."""
        return self.problem is None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {**_plain(self), "usable": self.usable}


@dataclass(frozen=True, slots=True, repr=False)
class CacheReport(BriefRepr):
    """What a check of a cache found.

    Attributes:
        path: The file.
        entries: How many embeddings are intact.
        files: How many hashes of files are intact.
        damaged: How many records of both kinds were damaged; they are gone now.
        set_aside: Where the file was moved to because it was damaged as a whole. What could be
            read of it is in the new one. None if that was not needed.
        problem: Why it could not be checked; None if it was.
    """

    path: Path
    entries: int
    files: int
    damaged: int
    set_aside: Path | None
    problem: str | None

    @property
    def ok(self) -> bool:
        """Whether it was checked and nothing was damaged."""
        return not self.damaged and self.set_aside is None and self.problem is None

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        return {**_plain(self), "ok": self.ok}


def _plain(report: CacheInfo | CacheReport) -> dict[str, Any]:
    values = {field.name: getattr(report, field.name) for field in fields(report)}
    for name, value in values.items():
        if isinstance(value, Path):
            values[name] = str(value)
        elif isinstance(value, tuple):
            values[name] = [str(path) for path in value]
    return values
