"""What can go wrong with the file, told apart, and in words."""

from __future__ import annotations

import errno
import sqlite3
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from filelock import Timeout

from zsclip.owners import TRUST
from zsclip.wording import shown

__all__ = ["DATABASE_ERRORS", "TROUBLE", "Cause", "Fault", "UnfitError"]


class Cause(Enum):
    """The kinds of trouble, each with what is to be said of the file."""

    DAMAGED = "is damaged"
    LOCKED = "is held by another process for too long"
    FULL = "cannot be written, because there is no room for it"
    READ_ONLY = "cannot be written to"
    UNREACHABLE = "cannot be opened"
    UNTRUSTED = "may be somebody else's, and is left alone"
    FOREIGN = "is of another program or damaged beyond recognition, and is left alone"
    NEWER = "was made by a newer zsclip, and is left alone"
    FAILED = "does not work"


class UnfitError(Exception):
    """A file that opens as a database is not one that this zsclip can use."""

    def __init__(self, cause: Cause, detail: str) -> None:
        super().__init__(detail)
        self.cause = cause


# Of a damaged file, not even the message need be text.
DATABASE_ERRORS = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite's module raises."""

TROUBLE = (*DATABASE_ERRORS, OSError, UnfitError)
"""Everything that the disk and the database can raise."""

# The primary codes of https://www.sqlite.org/rescode.html.
_PRIMARY = 0xFF
_CODES = {
    sqlite3.SQLITE_BUSY: Cause.LOCKED,
    sqlite3.SQLITE_LOCKED: Cause.LOCKED,
    sqlite3.SQLITE_PROTOCOL: Cause.LOCKED,
    sqlite3.SQLITE_CORRUPT: Cause.DAMAGED,
    sqlite3.SQLITE_NOTADB: Cause.DAMAGED,
    sqlite3.SQLITE_FULL: Cause.FULL,
    sqlite3.SQLITE_READONLY: Cause.READ_ONLY,
    sqlite3.SQLITE_PERM: Cause.UNREACHABLE,
    sqlite3.SQLITE_CANTOPEN: Cause.UNREACHABLE,
}
_ERRNOS = {
    errno.ENOSPC: Cause.FULL,
    errno.EDQUOT: Cause.FULL,
    errno.EFBIG: Cause.FULL,
    errno.EROFS: Cause.READ_ONLY,
}

_ADVICE = {
    Cause.LOCKED: "End the process that holds it",
    Cause.FULL: "Make room, run `zsclip cache clear`",
    Cause.READ_ONLY: "Make file and folder writable",
    Cause.UNREACHABLE: "Make file and folder accessible",
    Cause.UNTRUSTED: "Make file and folder your own and nobody else's to write to (chown, chmod "
    f"go-w), or set {TRUST} to the folder if you trust whoever can write there",
    Cause.FOREIGN: "Choose another file, or move it away",
    Cause.NEWER: "Upgrade zsclip",
    Cause.DAMAGED: "Move it away",
    Cause.FAILED: "Look at the disk",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that went wrong.

    Attributes:
        cause: Of which kind it is.
        detail: What the system or the database said.
    """

    cause: Cause
    detail: str

    @classmethod
    def of(cls, error: BaseException) -> Fault:
        """The fault behind an error, one of `TROUBLE`."""
        if isinstance(error, UnfitError):
            return cls(error.cause, str(error))
        if isinstance(error, UnicodeDecodeError):
            return cls(Cause.DAMAGED, "what SQLite says of it is no text")
        if isinstance(error, Timeout):
            return cls(Cause.LOCKED, f"{error.lock_file} is locked")
        if isinstance(error, OSError):
            detail = str(error)
            return cls(_ERRNOS.get(error.errno or 0, Cause.UNREACHABLE), detail)
        # An error of the module itself, a closed connection for example, has no code.
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & _PRIMARY
        return cls(_CODES.get(code, Cause.FAILED), str(error))

    def about(self, path: Path) -> str:
        """What is wrong with the cache."""
        return f"The embedding cache {shown(str(path))} {self.cause.value} ({shown(self.detail)})."

    def problem(self, path: Path) -> str:
        """What is wrong with the cache, and what to do."""
        return f"{self.about(path)} {_ADVICE[self.cause]}."

    def warning(self, path: Path, *, readable: bool) -> str:
        """What is wrong, what comes of it, and what to do."""
        result = (
            "What is in it is used, and nothing is added."
            if readable
            else "zsclip goes on without it, and computes every embedding anew."
        )
        return (
            f"{self.about(path)} {result} {_ADVICE[self.cause]}, set ZSCLIP_CACHE or pass cache= "
            "to keep embeddings elsewhere, or pass cache=False (on the command line, --no-cache) "
            "to keep none."
        )
