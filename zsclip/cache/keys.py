"""What embeddings are kept under, and by what a file is known to be unchanged."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass, field

from zsclip.errors import ParameterTypeError
from zsclip.wording import BriefRepr, brief

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
                f"`parts` must be text or bytes, got {type(part).__name__}: {brief(part)}."
            )
        made.update(kind + len(data).to_bytes(8, "little"))
        made.update(data)
    return made.digest()


@dataclass(frozen=True, slots=True, repr=False)
class FileStamp(BriefRepr):
    """A file as it was at one moment. While its stamp is equal, it is taken to be unchanged.

    Size and time of the last change of the content do not tell a file from another one that was
    renamed to its name, linked to or copied over it with its time kept; the other two do.

    Attributes:
        path: Its absolute path.
        size: Its length in bytes.
        mtime_ns: When its content was last changed, in nanoseconds, as far as can be set by anyone.
        taken_ns: When it was looked at, in nanoseconds. Not compared.
        ctime_ns: When content, name or rights were last changed, in nanoseconds, which only the
            system sets; on Windows, when the file was made.
        inode: Its number in the file system.
    """

    path: str
    size: int
    mtime_ns: int
    taken_ns: int = field(default_factory=time.time_ns, compare=False, repr=False)
    ctime_ns: int = 0
    inode: int = 0

    @classmethod
    def of(cls, path: str | os.PathLike[str], *, opened: int | None = None) -> FileStamp | None:
        """The stamp of a file as it is now. To be taken before the file is read.

        Args:
            path: The file; a link stands for what it leads to.
            opened: The descriptor of the file that was opened under this path, which may not have
                the name any more.

        Returns:
            None if there is no such file, or it is not a plain file.

        Raises:
            ParameterTypeError: `path` is no path.
        """
        if not isinstance(path, str | os.PathLike):
            raise ParameterTypeError(
                f"`path` must be a path, got {type(path).__name__}: {brief(path)}."
            )
        name = os.fsdecode(path)
        taken = time.time_ns()
        try:
            # not by a Path: of many files, making each one takes as long
            found = os.stat(name) if opened is None else os.fstat(opened)  # noqa: PTH116
        except (OSError, ValueError):  # ValueError: a null character
            return None
        if not stat.S_ISREG(found.st_mode):
            return None
        place = os.path.abspath(name)  # noqa: PTH100
        return cls(place, found.st_size, found.st_mtime_ns, taken, found.st_ctime_ns, found.st_ino)

    @property
    def settled(self) -> bool:
        """Whether any change after this moment gives the file another time."""
        return self.taken_ns - max(self.mtime_ns, self.ctime_ns) >= RACY_NS

    @property
    def text(self) -> bytes:
        """All of it but the path, as it is kept."""
        numbers = (self.size, self.mtime_ns, self.ctime_ns, self.inode)
        return b" ".join(b"%d" % number for number in numbers)
