"""What embeddings are kept under, and by what a file is known to be unchanged."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass, field

from zsclip.errors import ParameterTypeError

__all__ = ["RACY_NS", "FileStamp", "make_key"]

RACY_NS = 2_000_000_000
"""A file changed less than this long ago may change again and keep its time: FAT counts in steps
of two seconds, and others in those of the kernel's clock. Git calls such files racily clean."""


def make_key(*parts: bytes | str) -> bytes:
    """A key made of parts: no two lists of parts have the same one.

    Each part goes into the hash with its kind and its length in front, so that ``("ab", "c")`` and
    ``("a", "bc")`` differ, and so do ``"a"`` and ``b"a"``.

    Args:
        parts: Whatever the embedding depends on, in an order that stays.

    Returns:
        A SHA-256, 32 bytes.

    Raises:
        ParameterTypeError: A part is neither text nor bytes.

    Examples:
        >>> make_key("image", b"weights").hex()[:16]
        '629bac85f09e5296'
    """
    made = hashlib.sha256()
    for part in parts:
        if isinstance(part, str):
            kind, data = b"s", part.encode("utf-8", "surrogatepass")
        elif isinstance(part, bytes):
            kind, data = b"b", part
        else:
            raise ParameterTypeError(
                f"`parts` must be text or bytes, got {type(part).__name__}: {part!r}."
            )
        made.update(kind + len(data).to_bytes(8, "little"))
        made.update(data)
    return made.digest()


@dataclass(frozen=True, slots=True)
class FileStamp:
    """A file as it was at one moment. While its stamp is equal, it is taken to be unchanged.

    Attributes:
        path: Its absolute path.
        size: Its length in bytes.
        mtime_ns: When it was last changed, in nanoseconds.
        taken_ns: When it was looked at, in nanoseconds. Not compared.
    """

    path: str
    size: int
    mtime_ns: int
    taken_ns: int = field(default_factory=time.time_ns, compare=False, repr=False)

    @classmethod
    def of(cls, path: str | os.PathLike[str]) -> FileStamp | None:
        """The stamp of a file as it is now. To be taken before the file is read.

        Args:
            path: The file; a link stands for what it leads to.

        Returns:
            None if there is no such file, or it is not a plain file.

        Raises:
            ParameterTypeError: `path` is no path.
        """
        if not isinstance(path, str | os.PathLike):
            raise ParameterTypeError(f"`path` must be a path, got {type(path).__name__}: {path!r}.")
        name = os.fsdecode(path)
        taken = time.time_ns()
        try:
            found = os.stat(name)  # noqa: PTH116 - many files, and a Path each takes as long
        except (OSError, ValueError):  # ValueError: a null character
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        return cls(os.path.abspath(name), found.st_size, found.st_mtime_ns, taken)  # noqa: PTH100

    @property
    def settled(self) -> bool:
        """Whether any change after this moment gives the file another time."""
        return self.taken_ns - self.mtime_ns >= RACY_NS
