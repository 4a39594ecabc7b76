"""Undo files read: one that comes from a stranger does no more than one that zsclip wrote.

Nothing is believed but plain names of pictures, below the folder in which the file lies and below
the one that its first line names; types, lengths and numbers are checked before anything is done.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import fields
from pathlib import Path
from typing import Any, BinaryIO, cast, get_args

from zsclip.errors import UndoFileError
from zsclip.owners import hold, open_more, open_plain
from zsclip.sorting.journal import PREFIX, SUFFIX, VERSION, Did, Entry, Record
from zsclip.sorting.names import has_suffix, is_inner, suffixes
from zsclip.wording import brief

__all__ = ["find_interrupted", "read_journal"]

MOST_BYTES = 1024**3
MOST_LINE = 64 * 1024
MOST_LEVELS = 100


def find_interrupted(folder: Path, into: Path, how: str) -> Record | None:
    """The undo file of a sort of this folder that did not come to its end, in the folder sorted to.

    Raises:
        UndoFileError: An undo file there cannot be read.
    """
    for path in sorted(into.glob(f"{PREFIX}*{SUFFIX}"), reverse=True):
        with suppress(OSError):
            record = read_journal(path)
            if not record.whole:
                _remove_unbegun(path)
            elif not record.ended and record.how == how and _is_one(record.folder, folder):
                return record
    return None


def _remove_unbegun(path: Path) -> None:
    """Remove an undo file of a program that was killed before it began, and not of one that runs.

    Raises:
        OSError: It cannot be done.
    """
    if os.name == "nt":  # where what a program has open cannot be removed
        path.unlink()
        return
    with open_more(path) as file:
        if hold(file, path) and not read_journal(path).whole:
            path.unlink()


def _is_one(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def read_journal(path: Path) -> Record:
    """Read an undo file.

    Raises:
        UndoFileError: It is none, is damaged, or asks for what is outside of the two folders.
        OSError: It cannot be read.
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MOST_BYTES:
            raise UndoFileError(f"{brief(str(path))} is too large for an undo file.")
        return _Reading(path).read(cast(BinaryIO, file))


class _Reading:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._suffixes = suffixes()

    def read(self, file: BinaryIO) -> Record:
        into = Path(os.path.abspath(self._path)).parent  # noqa: PTH100 - no link is followed
        first = file.readline(MOST_LINE + 1)
        if self._is_unbegun(first):
            return Record(self._path, into, into, "copy", 0, (), ended=False, whole=0)
        folder, how, made = self._head(self._line(first, 1))
        entries: list[Entry] = []
        ended, whole, number = False, file.tell(), 1
        while line := file.readline(MOST_LINE + 1):
            number += 1
            if not line.endswith(b"\n") and len(line) <= MOST_LINE:
                break  # where a write was cut off, and what it was about not begun
            value = self._line(line, number)
            ended = value == {"ended": True}
            if not ended:
                _add(entries, self._entry(value, number))
            whole = file.tell()
        return Record(self._path, folder, into, how, made, tuple(entries), ended, whole)

    def _is_unbegun(self, first: bytes) -> bool:
        """Whether a program was killed while it wrote the first line."""
        name, begins = self._path.name, b'{"zsclip": "sort", "version": '
        is_named = name.startswith(PREFIX) and name.endswith(SUFFIX)
        is_begun = first.startswith(begins) or begins.startswith(first)
        return is_named and is_begun and not first.endswith(b"\n") and len(first) <= MOST_LINE

    def _line(self, line: bytes, number: int) -> dict[str, Any]:
        if len(line) > MOST_LINE or not line.endswith(b"\n"):
            raise self._wrong(number, "it breaks off or is too long")
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            raise self._wrong(number, "it is no JSON") from None
        if not isinstance(value, dict):
            raise self._wrong(number, "it is no object")
        return value

    def _head(self, value: dict[str, Any]) -> tuple[Path, str, int]:
        if value.get("zsclip") != "sort":
            raise self._wrong(1, "it is not how such a file begins")
        if value.get("version") != VERSION:
            raise self._wrong(1, "it was written by a newer zsclip")
        folder, how, made = value.get("folder"), value.get("how"), value.get("made")
        if not (isinstance(folder, str) and os.path.isabs(folder) and "\0" not in folder):  # noqa: PTH117
            raise self._wrong(1, "the folder must be an absolute path")
        if how not in ("copy", "link", "move"):
            raise self._wrong(1, "`how` must be copy, link or move")
        if type(made) is not int or not 0 <= made <= MOST_LEVELS:
            raise self._wrong(1, f"`made` must be a number up to {MOST_LEVELS}")
        return Path(folder), how, made

    def _entry(self, value: dict[str, Any], number: int) -> Entry:
        kinds = {field.name: int if field.default == 0 else str for field in fields(Entry)}
        for name, given in value.items():
            if type(given) is not kinds.get(name):
                raise self._wrong(number, f"{brief(name)} has no such value")
        if value.get("did") not in get_args(Did) or "target" not in value:
            raise self._wrong(number, "it does not say what was done")
        entry = Entry(**value)
        if entry.size < 0 or entry.inode < 0:
            raise self._wrong(number, "a number is negative")
        if entry.target.count(os.sep) != (0 if entry.did == "folder" else 1):
            raise self._wrong(number, "what was made does not lie in a folder of a label")
        self._require_inner(entry.target, number, picture=entry.did != "folder")
        if entry.did not in ("folder", "nothing"):
            self._require_inner(entry.source, number, picture=True)
        return entry

    def _require_inner(self, path: str, number: int, *, picture: bool) -> None:
        """Raise unless a path leads to where a picture could be that was found in a folder."""
        if not is_inner(path) or (picture and not has_suffix(path, self._suffixes)):
            raise self._wrong(number, f"{brief(path)} is not where a picture is found in a folder")

    def _wrong(self, number: int, what: str) -> UndoFileError:
        return UndoFileError(
            f"{brief(str(self._path))} is no undo file of zsclip sort, or a damaged one. Line "
            f"{number:,}: {what}. Nothing was done."
        )


def _add(entries: list[Entry], entry: Entry) -> None:
    if entry.did != "nothing":
        entries.append(entry)
        return
    while entries and entries[-1].did != "folder" and entries[-1].target == entry.target:
        entries.pop()
