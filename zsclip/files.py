"""Files and what is said of them: paths and sizes; writing whole, or not at all.

Knows nothing but errors and owners, so that every room may use it. What stands on a disk is
somebody's: a file gets its final name only when all of it is there, and what zsclip did not write
itself is not replaced without being told.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from zsclip.errors import (
    ParameterTypeError,
    WouldReplaceError,
    ZsclipError,
)
from zsclip.owners import follow, open_new, open_plain
from zsclip.values import truth
from zsclip.wording import brief

__all__ = [
    "as_path",
    "exact_size",
    "file_git_sha1",
    "file_sha256",
    "is_system_folder",
    "making_folder",
    "part_of",
    "reason_of",
    "require_replaceable",
    "size_in_words",
    "sync_folder",
    "writing_whole",
]


def as_path(path: str | os.PathLike[str], param: str = "path") -> Path:
    """A path that a user gave, with ``~`` filled in.

    Raises:
        ParameterTypeError: It is no path.
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise ParameterTypeError(
            f"`{param}` must be a path, got {type(path).__name__}. Pass a str or a pathlib.Path."
        )
    return Path(os.path.expanduser(path))  # noqa: PTH111 - Path's raises for an unknown user


_SYSTEM_FOLDERS = frozenset(
    {
        # network storage: Synology, QNAP, NetApp
        *("@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "~snapshot"),
        # Windows
        *("$recycle.bin", "system volume information", "found.000"),
        # macOS: on volumes of others, and in archives
        *("__macosx", "network trash folder", "temporary items"),
        # Linux, Android, Python
        *("lost+found", "lost.dir", "__pycache__"),
    }
)


def is_system_folder(name: str) -> bool:
    """Whether a folder of this name is a system's own, and no part of the data around it.

    Trash cans, previews, snapshots and what was found after a crash lie among pictures and among
    class folders; nobody means them who names the folder above. Those that are hidden on Unix,
    whose names start with a dot, are among them.

    Examples:
        >>> [is_system_folder(name) for name in ("@eaDir", ".Trash-1000", "$RECYCLE.BIN", "bin")]
        [True, True, True, False]
    """
    return name.startswith(".") or name.casefold() in _SYSTEM_FOLDERS


def reason_of(error: BaseException) -> str:
    """The system's own words, such as ``No space left on device``, without the path in them."""
    return getattr(error, "strerror", None) or str(error)


# ------------------------------------------------------------------------------------------- sizes


def size_in_words(n_bytes: int) -> str:
    """A number of bytes in decimal units.

    Examples:
        >>> [size_in_words(n) for n in (0, 999, 12_345, 999_999, 67_000_000)]
        ['0 B', '999 B', '12.3 kB', '1.0 MB', '67.0 MB']
    """
    if n_bytes < 1000:
        return f"{n_bytes} B"
    size = n_bytes / 1000
    for unit in ("kB", "MB"):
        if round(size, 1) < 1000:
            return f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def exact_size(n_bytes: int) -> str:
    """A number of bytes, exact and in a unit that can be read.

    Examples:
        >>> exact_size(353976522)
        '353,976,522 bytes (354 MB)'
        >>> exact_size(17)
        '17 bytes'
    """
    size, unit = float(n_bytes), ""
    for larger in ("kB", "MB", "GB"):
        if float(f"{size:.3g}") < 1000:
            break
        size, unit = size / 1000, larger
    if not unit:
        return f"{n_bytes} bytes"
    rounded = f"{size:.3g}" if float(f"{size:.3g}") < 1000 else f"{size:,.0f}"
    return f"{n_bytes:,} bytes ({rounded} {unit})"


# --------------------------------------------------------------------------------- reading, writing


def file_sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, as 64 lower-case hexadecimal digits.

    Raises:
        OSError: It cannot be read, or is no regular file.

    Examples:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as empty:
        ...     file_sha256(empty.name)[:16]
        'e3b0c44298fc1c14'
    """
    with open_plain(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def file_git_sha1(path: str | os.PathLike[str]) -> str:
    """What git names the content of a file by: the SHA-1 of its length and its bytes, in 40 digits.

    Raises:
        OSError: It cannot be read, or is no regular file.

    Examples:
        >>> import tempfile
        >>> with tempfile.NamedTemporaryFile() as empty:
        ...     file_git_sha1(empty.name)
        'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391'
    """
    with open_plain(path) as file:
        size = os.fstat(file.fileno()).st_size

        def started() -> Any:
            return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

        return hashlib.file_digest(file, started).hexdigest()


def require_replaceable(
    target: Path, is_ours: Callable[[Path], bool], *, kind: str, overwrite: bool = False
) -> None:
    """The rule for all that writes files: what zsclip did not write is not replaced unasked.

    Free to be written are a name that is not taken, a link that leads to such a one, an empty file
    (as `tempfile` makes them), and a file of the kind that is about to be written.

    Args:
        target: The file that is about to be written.
        is_ours: Tells, by its content, whether a file is of that kind. What it cannot read is not.
        kind: What the kind is called: "saved classifier".
        overwrite: Whether the user said to replace whatever file is there.

    Raises:
        ParameterTypeError: `overwrite` is neither True nor False.
        WouldReplaceError: Something else is there.

    Examples:
        >>> require_replaceable(Path("new.zsclip"), lambda file: False, kind="saved classifier")
        >>> require_replaceable(Path.home(), lambda file: True, kind="saved classifier")
        Traceback (most recent call last):
        ...
        zsclip.errors.WouldReplaceError: ... is there already and is no regular file. ...
    """
    truth("overwrite", overwrite)
    if not os.path.exists(target):  # noqa: PTH110 - never raises
        return
    if not target.is_file():
        raise WouldReplaceError(
            f"{brief(str(target))} is there already and is no regular file. Name another place."
        )
    if overwrite or not target.stat().st_size:
        return
    with suppress(OSError, ValueError, RecursionError, ZsclipError):
        if is_ours(target):
            return
    raise WouldReplaceError(
        f"{brief(str(target))} is there already and is no {kind}, so zsclip does not replace it "
        "unasked. Give another name, or pass overwrite=True (on the command line, --force) to "
        "replace it."
    )


@contextmanager
def writing_whole(target: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the name of `target` when all went well, and else is gone.

    What stood there keeps its content until then; its mode goes over to the new file. A link is
    followed, and stays, unless another user put it where everybody may. Content and name are on
    the disk when this ends, where the system can be asked for it. What writes to a path may be
    given the file's ``name``.

    A process that is killed leaves ``.zsclip-<random>.part`` behind, which can be deleted.

    Raises:
        OSError: The disk refuses, `target` is read-only, or no regular file. Nothing has changed.
    """
    target, mode = follow(target), 0o666
    if target.exists():
        if not target.is_file():
            code = errno.EISDIR if target.is_dir() else errno.EINVAL
            raise OSError(code, "It is no regular file", str(target))
        with target.open("r+b") as there:  # what is read-only is not to be replaced
            mode &= os.fstat(there.fileno()).st_mode  # nobody reads meanwhile who could not before
    part = part_of(target)
    try:
        with open_new(part, mode) as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    except OSError as error:
        _name(error, part, target)
        raise
    finally:  # also when interrupted
        with suppress(OSError):
            part.unlink(missing_ok=True)
    sync_folder(target.parent)


@contextmanager
def making_folder(target: Path) -> Iterator[Path]:
    """A new folder to write into, which takes the name of `target` when all went well.

    Else it is gone, with what is in it. The folders above are made.

    Raises:
        FileExistsError: Something has that name.
        OSError: The disk refuses.
    """
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(target))
    target.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(target)
    try:
        part.mkdir()
        yield part
        part.rename(target)
    except OSError as error:
        _name(error, part, target)
        raise
    finally:  # also when interrupted
        shutil.rmtree(part, ignore_errors=True)
    sync_folder(target.parent)


def _name(error: OSError, part: Path, target: Path) -> None:
    """Have an error name what was to be written, and not the file meanwhile, which nobody knows."""
    unnamed = error.filename is None and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    if unnamed or error.filename in (part, str(part)):
        error.filename = str(target)


def part_of(target: Path) -> Path:
    """A new name in the same folder; short, because the target's own may be as long as can be."""
    return target.with_name(f".zsclip-{secrets.token_hex(8)}.part")


def sync_folder(folder: Path) -> None:
    """Have new names on the disk as well; not every system can be asked for it."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
