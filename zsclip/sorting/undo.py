"""`undo_sorting`: everything back to where it was, as far as nobody has changed it since."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from zsclip.errors import SortingError, UndoFileError
from zsclip.files import as_path, file_sha256, reason_of, sync_folder
from zsclip.owners import is_plain_and_own, open_more
from zsclip.sorting.carry import copy_whole, give_name
from zsclip.sorting.comparing import found_at, is_same, same_content
from zsclip.sorting.journal import Entry, Record, require_alone
from zsclip.sorting.plan import Left
from zsclip.sorting.reading import read_journal
from zsclip.sorting.settling import tidy
from zsclip.wording import BriefRepr, brief

__all__ = ["UndoReport", "undo_sorting"]

_CHANGED = "it has changed since, and stays."


@dataclass(frozen=True, slots=True, repr=False)
class UndoReport(BriefRepr):
    """What came of undoing.

    Attributes:
        put_back: How many pictures that had been moved are in their places again.
        removed: How many copies and links were removed.
        kept: What could not be undone, and why. The undo file stays then, and can be given again.
    """

    put_back: int
    removed: int
    kept: tuple[Left, ...]


def undo_sorting(file: str | os.PathLike[str]) -> UndoReport:
    """Take back what was sorted: whole, or as far as it had come when it was interrupted.

    Pictures that were moved go back to their places, if these are free. A copy or link is removed
    if it is what was made, and the picture itself is still what it was. What somebody has changed
    since, or has added, stays. Folders that were made and are empty go, and at the end the undo
    file, if nothing is left to be undone. All of it may be interrupted, and given again.

    Args:
        file: The undo file, in the folder that was sorted into.

    Raises:
        UndoFileError: It is no undo file, is not there, is damaged, or is somebody else's.
        SortingError: It cannot be read, or another program is at work with it.
        ParameterTypeError: It is no path.
    """
    path = as_path(file, "file")
    try:
        if not is_plain_and_own(path.lstat()):
            raise UndoFileError(
                f"{brief(str(path))} is no file of your own, and what it says is not done."
            )
        with open_more(path) as opened:
            require_alone(cast(BinaryIO, opened), path)
            undoing = _Undoing(read_journal(path))
            undoing.run()
        undoing.clean_up()  # when it is closed, as Windows wants it
    except FileNotFoundError as error:
        raise UndoFileError(
            f"There is no undo file {brief(str(path))}. Once all is undone, it is removed."
        ) from error
    except OSError as error:
        if isinstance(error, SortingError):
            raise SortingError(f"Nothing was undone: {error}.") from error
        raise SortingError(f"Cannot undo by {brief(str(path))}: {reason_of(error)}.") from error
    return undoing.report()


class _Undoing:
    def __init__(self, record: Record) -> None:
        self._record = record
        self._put_back = self._removed = 0
        self._kept: dict[str, Left] = {}  # by their paths: a step may have been noted twice

    def report(self) -> UndoReport:
        return UndoReport(self._put_back, self._removed, tuple(reversed(self._kept.values())))

    def run(self) -> None:
        record = self._record
        tidy(record)
        for entry in reversed(record.entries):
            target = record.into / entry.target
            if entry.did == "folder":
                with suppress(OSError):  # it is gone, or holds what somebody else put there
                    target.rmdir()
                continue
            try:
                reason = self._undo(entry, record.folder / entry.source, target)
            except OSError as error:
                reason = f"{reason_of(error)}."
            if reason is not None:
                self._kept.setdefault(str(target), Left(str(target), reason))

    def clean_up(self) -> None:
        """Remove the undo file if nothing is left to be undone, and what was made to sort into."""
        if self._kept:
            return
        self._record.path.unlink()
        place = self._record.into
        with suppress(OSError):
            for _ in range(self._record.made):
                place.rmdir()
                place = place.parent

    def _undo(self, entry: Entry, source: Path, target: Path) -> str | None:
        """Undo one thing; why it cannot be, or None."""
        found = found_at(target)
        if found is not None and target.parent.is_symlink():
            return "its folder has become a link, which is not followed."
        if entry.did == "move":
            return self._put(entry, source, target, found)
        if found is None:
            return None
        if entry.did == "symlink":
            if not stat.S_ISLNK(found.st_mode) or target.readlink() != Path(
                os.path.realpath(source)
            ):
                return _CHANGED
        elif not source.exists():
            return "the picture itself is gone, and this is what is left of it."
        elif not _is_unchanged(target, found, entry) and not _is_linked(source, found, entry):
            return _CHANGED
        elif not _is_what_it_was(source, target):
            return "the picture itself has changed, and this is what is left of what it was."
        target.unlink()
        self._removed += 1
        return None

    def _put(
        self, entry: Entry, source: Path, target: Path, found: os.stat_result | None
    ) -> str | None:
        with suppress(FileNotFoundError, NotADirectoryError):
            self._part(source).unlink()  # of putting it back that was interrupted
        before = found_at(source)
        if found is None:
            return None if before is not None else "it is gone, and so is the picture itself."
        if before is not None:
            # as where moving it, or putting it back, was interrupted
            is_one = os.path.samestat(before, found)
            if not is_one and not (stat.S_ISREG(before.st_mode) and same_content(source, target)):
                return f"something else is where it was, {brief(str(source))}."
            target.unlink()
            self._put_back += 1
            return None
        if not _is_unchanged(target, found, entry):
            return _CHANGED
        source.parent.mkdir(parents=True, exist_ok=True)
        try:
            give_name(target, source)
        except OSError as error:
            if error.errno != errno.EXDEV:
                raise
            self._put_far(source, target)
        self._put_back += 1
        return None

    def _part(self, source: Path) -> Path:
        return source.with_name(self._record.part.name)

    def _put_far(self, source: Path, target: Path) -> None:
        part = self._part(source)
        try:
            copy_whole(target, part, surely=True)
            give_name(part, source)
            sync_folder(source.parent)
        finally:
            part.unlink(missing_ok=True)
        target.unlink()


def _is_unchanged(path: Path, found: os.stat_result, entry: Entry) -> bool:
    if is_same(found, entry):
        return True
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.size:
        return False
    if entry.sha256:
        return file_sha256(path) == entry.sha256
    # on file systems that do not keep numbers, of what is put back and not removed
    return entry.did == "move" and found.st_mtime_ns == entry.mtime_ns


def _is_what_it_was(source: Path, target: Path) -> bool:
    """Whether a picture is what it was when it was copied or linked."""
    now, then = source.stat(), target.stat()  # a copy has the times of the picture
    if (now.st_size, now.st_mtime_ns) == (then.st_size, then.st_mtime_ns):
        return True
    return same_content(source, target)


def _is_linked(source: Path, found: os.stat_result, entry: Entry) -> bool:
    return entry.did == "link" and os.path.samestat(source.stat(), found)
