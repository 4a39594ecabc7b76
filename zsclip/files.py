"""Files: what a user names as one, and writing one whole or not at all.

Knows nothing but errors, so that every room may use it. What is read or written here is somebody's:
a file gets its final name only when all of it is on the disk.
"""

from __future__ import annotations

import hashlib
import operator
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from zsclip.errors import ParameterError, ParameterTypeError

__all__ = [
    "as_path",
    "exact_size",
    "file_sha256",
    "part_of",
    "reason_of",
    "size_in_words",
    "sync_folder",
    "whole_number",
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


def reason_of(error: BaseException) -> str:
    """The system's own words, such as ``No space left on device``, without the path in them."""
    return getattr(error, "strerror", None) or str(error)


def whole_number(param: str, value: object, *, least: int = 1) -> int:
    """A whole number that a user gave, as an `int`: of Python's, NumPy's, or any with an index.

    Raises:
        ParameterTypeError: It is no whole number; a truth value is none, and neither is a text.
        ParameterError: It is less than `least`.

    Examples:
        >>> whole_number("batch_size", 8)
        8
    """
    try:
        if isinstance(value, bool):
            raise TypeError
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ParameterTypeError(f"`{param}` must be a whole number, got {value!r}.") from None
    if number < least:
        raise ParameterError(f"`{param}` must be {least:,} or more, got {value!r}.")
    return number


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
    for unit, power in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if n_bytes >= power:
            return f"{n_bytes:,} bytes ({n_bytes / power:.3g} {unit})"
    return f"{n_bytes} bytes"


# --------------------------------------------------------------------------------- reading, writing


def file_sha256(path: str | os.PathLike[str]) -> str:
    """The SHA-256 of a file, as 64 lower-case hexadecimal digits.

    Raises:
        OSError: It cannot be read.

    Examples:
        >>> file_sha256(os.devnull)[:16]
        'e3b0c44298fc1c14'
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def writing_whole(target: Path) -> Iterator[IO[bytes]]:
    """A file to write to, which takes the name of `target` when all went well, and else is gone.

    What stood there keeps its content until then; its mode goes over to the new file. Content and
    name are on the disk when this ends, where the system can be asked for it.

    Raises:
        OSError: The disk refuses; nothing has changed.
    """
    part = part_of(target)
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if target.exists():
            shutil.copymode(target, part)
        part.replace(target)
    finally:  # also when interrupted
        with suppress(OSError):
            part.unlink(missing_ok=True)
    sync_folder(target.parent)


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
