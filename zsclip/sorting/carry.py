"""`carry_out`: a plan becomes files, each whole or not there, none replaced, each noted before."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from zsclip.errors import ParameterError, SortingError
from zsclip.files import file_sha256, reason_of, sync_folder
from zsclip.owners import open_new, open_plain
from zsclip.sorting.comparing import found_at
from zsclip.sorting.journal import Did, Entry, Journal, writing
from zsclip.sorting.names import has_suffix, is_inner, suffixes
from zsclip.sorting.plan import Left, SortPlan, Step
from zsclip.sorting.reading import find_interrupted
from zsclip.sorting.settling import settle
from zsclip.wording import BriefRepr, brief

__all__ = ["SortReport", "carry_out", "copy_whole", "give_name"]

# What goes on going wrong for all that comes after it.
_FATAL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
# What file systems say that know no second names.
_NO_LINKS = frozenset({errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EMLINK, errno.ENOSYS})
_BLOCK = 1024 * 1024


@dataclass(frozen=True, slots=True, repr=False)
class SortReport(BriefRepr):
    """What came of a plan.

    Attributes:
        done: How many pictures are in their places now that were not before.
        left: Those that stay where they were, and why; those of the plan among them.
        ways: How many were copied, linked, linked by a symbolic link, or moved.
        undo_file: What `undo_sorting` takes; None if nothing was to be done.
    """

    done: int
    left: tuple[Left, ...]
    ways: Mapping[str, int] = field(default_factory=dict)
    undo_file: Path | None = None


def carry_out(plan: SortPlan, *, after: Callable[[Step], object] | None = None) -> SortReport:
    """Do what a plan says.

    Each step is written to the undo file, and that is on the disk, before the file gets its name; a
    copy is whole before. So a program may be killed at any moment: what is done can be undone, and
    a new plan of the same folder finishes the rest, in the same undo file. A picture that is moved
    to another file system is copied, written through to the disk, read again and compared, and
    removed then. What has meanwhile got the name that was meant is not replaced.

    Args:
        plan: What `plan_sorting` gave.
        after: Called after each step, as for a progress bar.

    Raises:
        SortingError: The folder cannot be written to, the disk is full, or another program sorts
            into it. What was done before stays, and is in the undo file.
        ParameterError: A step of the plan leads elsewhere than from a picture in the folder to one
            in a folder of a label.
        UndoFileError: An undo file of an earlier sort, in the folder to sort into, is damaged.
    """
    _require_inner(plan)
    interrupted = find_interrupted(plan.folder, plan.into, plan.how)
    if not plan.steps and interrupted is None:
        return SortReport(0, plan.left)
    carrying = _Carrying(plan)
    try:
        made = _make_folder(plan.into)
        with writing(plan.folder, plan.into, plan.how, made, interrupted) as journal:
            finished = None if interrupted is None else settle(interrupted)
            carrying.run(journal, finished, after)
            journal.end()
    except OSError as error:
        raise carrying.stopped(error) from error
    except KeyboardInterrupt:
        raise KeyboardInterrupt(carrying.interrupted()) from None
    left = (*plan.left, *carrying.left)
    return SortReport(sum(carrying.ways.values()), left, dict(carrying.ways), journal.path)


def _require_inner(plan: SortPlan) -> None:
    known = suffixes()
    for step in plan.steps:
        paths = (step.source, step.target)
        inner = all(is_inner(path) and has_suffix(path, known) for path in paths)
        if not inner or step.target.count(os.sep) != 1:
            raise ParameterError(
                f"The plan has a step that no plan has, from {brief(step.source)} to "
                f"{brief(step.target)}: a picture goes into a folder of its own, under a name that "
                "shows, with the suffix of a picture."
            )


class _Carrying:
    def __init__(self, plan: SortPlan) -> None:
        self._plan = plan
        self._path: Path | None = None
        self.ways: Counter[str] = Counter()
        self.left: list[Left] = []

    def run(
        self, journal: Journal, finished: str | None, after: Callable[[Step], object] | None
    ) -> None:
        self._path = journal.path
        folders = set()
        for step in self._plan.steps:
            if step.source == finished:  # after it was planned
                self.ways["move"] += 1
                continue
            folder = self._plan.into / os.path.dirname(step.target)  # noqa: PTH120
            try:
                if folder not in folders:
                    _make_label_folder(journal, folder)
                    folders.add(folder)
                self.ways[self._do(journal, step)] += 1
            except OSError as error:
                if isinstance(error, SortingError) or error.errno in _FATAL:
                    raise
                journal.note(Entry("nothing", step.target))
                source = str(self._plan.folder / step.source)
                self.left.append(Left(source, f"{_in_words(error)}."))
            if after is not None:
                after(step)

    def _do(self, journal: Journal, step: Step) -> str:
        source, target = self._plan.folder / step.source, self._plan.into / step.target
        if self._plan.how == "copy":
            return _copy(journal, step, source, target)
        if self._plan.how == "link":
            return _link(journal, step, source, target)
        return _move(journal, step, source, target)

    def stopped(self, error: OSError) -> SortingError:
        what = f"Sorting into {brief(str(self._plan.into))} stopped: {reason_of(error)}."
        return SortingError(f"{what} {self._account()}")

    def interrupted(self) -> str:
        return f"Interrupted. {self._account()}"

    def _account(self) -> str:
        if self._path is None:
            return "Nothing was done."
        done, total = sum(self.ways.values()), len(self._plan.steps)
        return (
            f"{done:,} of {total:,} pictures are in their places, and nothing is lost. The same "
            f"command goes on from there; zsclip sort --undo {brief(str(self._path))} takes it "
            "back."
        )


# ------------------------------------------------------------------------------------- single steps


def _copy(journal: Journal, step: Step, source: Path, target: Path) -> str:
    part = journal.part
    try:
        digest = copy_whole(source, part)
        journal.note(_entry("copy", step, part.stat(), digest))
        give_name(part, target)
    finally:
        part.unlink(missing_ok=True)
    return "copy"


def _link(journal: Journal, step: Step, source: Path, target: Path) -> str:
    real = Path(os.path.realpath(source, strict=True))
    journal.note(_entry("link", step, real.stat()))
    try:
        os.link(real, target)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (errno.EXDEV, *_NO_LINKS):
            raise
        journal.note(Entry("symlink", step.target, step.source))
        target.symlink_to(real)
        return "symlink"
    return "link"


def _move(journal: Journal, step: Step, source: Path, target: Path) -> str:
    journal.note(_entry("move", step, source.lstat()))
    try:
        give_name(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    else:
        return "move"
    part = journal.part
    try:
        digest = copy_whole(source, part, surely=True)
        journal.note(_entry("move", step, part.stat(), digest))
        give_name(part, target)
        sync_folder(target.parent)
        _unlink_or(source, target)
    finally:
        part.unlink(missing_ok=True)
    return "move"


def _unlink_or(source: Path, target: Path) -> None:
    """Remove a name, or where that cannot be done, the one that was to stand for it."""
    try:
        source.unlink()
    except OSError:
        target.unlink()
        raise


def _entry(did: Did, step: Step, found: os.stat_result, digest: str = "") -> Entry:
    size, mtime, inode = found.st_size, found.st_mtime_ns, found.st_ino
    return Entry(did, step.target, step.source, size, mtime, inode, digest)


def copy_whole(source: Path, part: Path, *, surely: bool = False) -> str:
    """Copy a file to a new one, through to the disk, with its times and rights.

    Args:
        source: The file; a link stands for what it leads to.
        part: The new one.
        surely: Whether to read it again and compare.

    Returns:
        Its SHA-256.

    Raises:
        OSError: It cannot be read or written, it changed meanwhile, or what was read again differs.
    """
    part.unlink(missing_ok=True)  # of a program that was killed
    digest = hashlib.sha256()
    with open_plain(source) as read, open_new(part, 0o600) as write:
        before = os.fstat(read.fileno())
        while block := read.read(_BLOCK):
            digest.update(block)
            write.write(block)
        write.flush()
        now = os.fstat(read.fileno())
        if (before.st_size, before.st_mtime_ns) != (now.st_size, now.st_mtime_ns):
            raise OSError(errno.EBUSY, "It was written to while it was read", str(source))
        os.fsync(write.fileno())  # it has a name only when it is whole, after a power cut as well
    with suppress(OSError):  # some file systems keep no rights, or no such times
        shutil.copystat(source, part)
    found = digest.hexdigest()
    if surely and file_sha256(part) != found:
        raise OSError(errno.EIO, "What was written is not what was read", str(part))
    return found


def give_name(file: Path, target: Path) -> None:
    """Give a file another name on the same file system, which nothing may have yet.

    Raises:
        FileExistsError: Something has it.
        OSError: It cannot be done.
    """
    if os.name == "nt":
        file.rename(target)  # which replaces nothing there
        return
    try:
        os.link(file, target, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        open_new(target).close()  # takes the name; whoever comes second gets an error
        try:
            file.replace(target)
        except OSError:
            target.unlink()
            raise
    else:
        _unlink_or(file, target)


# ----------------------------------------------------------------------------------------- folders


def _make_folder(into: Path) -> int:
    """Make the folder to sort into, and those above it: how many were made."""
    missing = [place for place in (into, *into.parents) if not os.path.lexists(place)]
    for place in reversed(missing):
        place.mkdir()
    return len(missing)


def _make_label_folder(journal: Journal, folder: Path) -> None:
    if found_at(folder) is None:
        journal.note(Entry("folder", folder.name))
        folder.mkdir(exist_ok=True)
    if not os.path.isdir(folder) or os.path.islink(folder):  # noqa: PTH112, PTH114
        raise NotADirectoryError(errno.ENOTDIR, "A link or a file is in its place", str(folder))


def _in_words(error: OSError) -> str:
    if isinstance(error, FileExistsError):
        return "the name that it was to get is taken by now"
    return reason_of(error)
