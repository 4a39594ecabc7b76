"""The undo file: what was done to which picture, a line of JSON each, written ahead of it.

The first line says which folder was sorted. Then comes a line ahead of each folder that is made and
ahead of each file that gets its name, on the disk before that; one that takes it back, where that
failed; the last line says that all is done. A file without it was interrupted, and a line that
breaks off stands for nothing that was done.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, TypeAlias, cast

from zsclip.errors import SortingError
from zsclip.files import reason_of, sync_folder
from zsclip.owners import hold, open_more, open_new, open_plain
from zsclip.wording import brief

__all__ = [
    "PREFIX",
    "SUFFIX",
    "VERSION",
    "Did",
    "Entry",
    "Journal",
    "Record",
    "require_alone",
    "writing",
]

Did: TypeAlias = Literal["copy", "link", "symlink", "move", "folder", "nothing"]

VERSION = 1
PREFIX, SUFFIX, PART = ".zsclip-sort-", ".jsonl", ".part"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, or was about to be when the program ended.

    Attributes:
        did: ``"copy"``, ``"link"``, ``"symlink"``, ``"move"``; ``"folder"``, that one was made; or
            ``"nothing"``, that what was noted of this target before failed.
        target: The path of what was made, from the folder that was sorted into.
        source: The path of the picture, from the folder that was sorted; empty for a folder.
        size: The bytes of what was made.
        mtime_ns: When its content was last changed, in nanoseconds.
        inode: Its number in the file system.
        sha256: Its hash, where it was read: of copies.
    """

    did: Did
    target: str
    source: str = ""
    size: int = 0
    mtime_ns: int = 0
    inode: int = 0
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What an undo file says.

    Attributes:
        path: The file.
        folder: The folder that was sorted.
        into: The folder that it was sorted into: that in which the file lies.
        how: ``"copy"``, ``"link"`` or ``"move"``.
        made: How many folders were made for `into`, itself and those above it.
        entries: What was done, in its order.
        ended: Whether it came to its end.
        whole: How many bytes of the file are whole lines.
    """

    path: Path
    folder: Path
    into: Path
    how: str
    made: int
    entries: tuple[Entry, ...]
    ended: bool
    whole: int

    @property
    def part(self) -> Path:
        """The file in which a copy lies while it is made."""
        return part_beside(self.path)


def part_beside(journal: Path) -> Path:
    """The file in which a copy lies while it is made, which belongs to an undo file."""
    return journal.with_suffix(PART)


# ----------------------------------------------------------------------------------------- writing


class Journal:
    """An undo file that is written to."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self.path = path
        self._file = file

    @property
    def part(self) -> Path:
        """The file in which a copy lies while it is made."""
        return part_beside(self.path)

    def begin(self, folder: Path, how: str, made: int) -> None:
        """Write which folder is sorted, and how many folders were made to sort into."""
        head = {"zsclip": "sort", "version": VERSION, "folder": str(folder), "how": how}
        self._write({**head, "made": made})

    def note(self, entry: Entry) -> None:
        """Write what is about to be done, and wait until it is on the disk."""
        self._write({key: value for key, value in asdict(entry).items() if value not in ("", 0)})

    def end(self) -> None:
        """Write that all is done."""
        self._write({"ended": True})

    def _write(self, value: dict[str, Any]) -> None:
        data, file = json.dumps(value).encode("ascii") + b"\n", self._file.fileno()
        try:
            while data:
                data = data[os.write(file, data) :]
            os.fsync(file)
        except OSError as error:
            raise SortingError(
                f"the undo file {brief(str(self.path))} cannot be written ({reason_of(error)})"
            ) from error


@contextmanager
def writing(
    folder: Path, into: Path, how: str, made: int, interrupted: Record | None
) -> Iterator[Journal]:
    """A new undo file in the folder to sort into, or the one that was interrupted, written on.

    Raises:
        OSError: It cannot be made, or cannot be opened.
        SortingError: Another process is writing it.
    """
    if interrupted is None:
        path = _new_path(into)
        file = cast(BinaryIO, open_new(path, 0o600))
    else:
        path = interrupted.path
        file = cast(BinaryIO, open_more(path))
    with file:
        require_alone(file, path)
        journal = Journal(path, file)
        if interrupted is None:
            journal.begin(folder, how, made)
            sync_folder(into)
        else:
            if _is_gone_on_with(interrupted):
                raise _busy(path)
            os.truncate(path, interrupted.whole)
        yield journal


def _is_gone_on_with(record: Record) -> bool:
    """Whether there are more whole lines by now than were read: what they say was done."""
    with open_plain(record.path) as file:
        file.seek(record.whole)
        return file.readline().endswith(b"\n")


def _new_path(into: Path) -> Path:
    stem, n = PREFIX + time.strftime("%Y-%m-%d-%H%M%S"), 1
    while os.path.lexists(path := into / f"{stem}{'' if n == 1 else f'-{n}'}{SUFFIX}"):
        n += 1
    return path


def require_alone(file: BinaryIO, path: Path) -> None:
    """Keep other processes from going on with the same sort, or undoing it, at the same time.

    Raises:
        SortingError: One does.
    """
    if not hold(file, path):
        raise _busy(path)


def _busy(path: Path) -> SortingError:
    return SortingError(
        f"another program is at work with {brief(str(path))}; wait until it is done"
    )
