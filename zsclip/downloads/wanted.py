"""A file to download, seen from the disk: its paths, room for it, and what to say on a fault."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import BufferedWriter
from pathlib import Path
from typing import Literal, TypeAlias

from zsclip.errors import DownloadError
from zsclip.files import exact_size, file_git_sha1, file_sha256
from zsclip.masking import masked_url
from zsclip.owners import is_plain_and_own, open_more, open_new, open_plain

__all__ = ["Verified", "Wanted"]

Verified: TypeAlias = Literal["openai", "hub", "none"]
"""What the file of a model was checked against: OpenAI's SHA-256, the hub's, or nothing."""

_MOST_NOTES = 100_000  # bytes, of which an address and a validator take a few hundred

# EFBIG: a limit on the size of one file, of the process or of the file system.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True)
class Wanted:
    """One file to have: where from, where to, and how to tell that it is right.

    Attributes:
        url: Where it comes from.
        target: Its final path, absolute.
        sha256: Its SHA-256, 64 lower-case hexadecimal digits; empty where it is not known.
        size: Its length in bytes, or None where that is not known.
        name: What people call it, for messages.
        git: Its SHA-1 as git computes it, 40 lower-case hexadecimal digits; empty where it is not
            known, or the SHA-256 is.
        secrets: Gives headers for the server at ``url`` and no other, when it is asked.
        hints: What a status means there, and what to do, to be added to it in messages.
    """

    url: str
    target: Path
    sha256: str
    size: int | None
    name: str
    git: str = ""
    secrets: Callable[[], Mapping[str, str]] = dict
    hints: Mapping[int, str] = field(default_factory=dict, repr=False)

    @property
    def known_by(self) -> str:
        """The hash that the file is to have; empty if none is known."""
        return self.sha256 or self.git

    def hash_of(self, path: Path) -> str:
        """The hash of a file, of the kind that is known of this one; empty if none is.

        Raises:
            OSError: It cannot be read, or is no regular file.
        """
        if self.sha256:
            return file_sha256(path)
        return file_git_sha1(path) if self.git else ""

    @property
    def part(self) -> Path:
        """Where the bytes gather until they are complete and verified."""
        return self.target.with_name(self.target.name + ".part")

    @property
    def notes(self) -> Path:
        """What is known of the bytes in ``part``, as JSON beside it."""
        return self.target.with_name(self.target.name + ".part.json")

    def have(self) -> int:
        """Bytes in ``part``, if it is a file that this user can have begun."""
        try:
            found = self.part.lstat()
        except FileNotFoundError:
            return 0
        return found.st_size if is_plain_and_own(found) else 0

    def open_part(self, *, resume: bool) -> BufferedWriter:
        """``part``, to write on at its end or anew: never through a link, nor into another's file.

        Raises:
            OSError: It cannot be opened, or is no file to write on in.
        """
        if resume:
            return open_more(self.part)
        self.part.unlink(missing_ok=True)
        return open_new(self.part)

    def take_notes(self, validator: str | None) -> None:
        """Keep the validator (ETag or date) under which the server will continue this body."""
        notes = {"url": self.url, "sha256": self.known_by, "validator": validator}
        self.notes.unlink(missing_ok=True)
        with open_new(self.notes) as file:
            file.write(json.dumps(notes).encode("utf-8"))

    def validator(self) -> str | None:
        """The validator noted for ``part``, if it belongs to this URL and can stand in a header."""
        notes = self._read_notes()
        value = notes.get("validator")
        if notes.get("url") == self.url and isinstance(value, str):
            return value if value.isascii() and value.isprintable() else None
        return None

    def is_foreign(self) -> bool:
        """Whether ``part`` is noted as part of another file, an older release for example."""
        return self._read_notes().get("sha256", self.known_by) != self.known_by

    def _read_notes(self) -> dict[str, object]:
        with suppress(OSError, ValueError, RecursionError), open_plain(self.notes) as file:
            notes = json.loads(file.read(_MOST_NOTES))
            if isinstance(notes, dict):
                return notes
        return {}

    def discard(self) -> None:
        """Throw ``part`` and its notes away."""
        self.part.unlink(missing_ok=True)
        self.notes.unlink(missing_ok=True)

    def check_room(self, total: int) -> None:
        """Raise ``DownloadError`` if the rest of ``total`` bytes does not fit on the disk."""
        try:
            usage = shutil.disk_usage(self.target.parent)
        except OSError:
            return
        # Some network file systems report a size of zero: that says nothing.
        if usage.total and usage.free < total - self.have():
            raise DownloadError(self.failure(self._no_room(total)))

    @contextmanager
    def disk_errors(self) -> Iterator[None]:
        """Turn what the file system refuses into a ``DownloadError`` that says what to do."""
        try:
            yield
        except DownloadError:  # is an OSError, too
            raise
        except OSError as error:
            if error.errno in _FULL:
                reason = f"{self._no_room(self.size)} ({error.strerror})"
            else:
                reason = (
                    f"{self.target.parent} cannot be used ({error}); set ZSCLIP_CACHE, or pass "
                    "download_root=, to name a folder that can be written to"
                )
            raise DownloadError(self.failure(reason)) from error

    def _no_room(self, total: int | None) -> str:
        needed, free = "more", "an unknown amount"
        with suppress(OSError):
            free = exact_size(shutil.disk_usage(self.target.parent).free)
        if total is not None:
            needed = f"{exact_size(max(0, total - self.have()))} more"
        return (
            f"no space left: {needed} needed in {self.target.parent}, where {free} is free; make "
            "room, or set ZSCLIP_CACHE, or pass download_root=, to name a folder that has it"
        )

    def refused(self, reason: str, kind: type[DownloadError] = DownloadError) -> DownloadError:
        """An error that lies with the source: another one may have the file."""
        error = kind(self.failure(reason))
        error.fault = reason
        return error

    @property
    def kind_of_hash(self) -> str:
        """What the hash is called."""
        return "SHA-1 of git" if self.git and not self.sha256 else "SHA-256"

    def failure(self, reason: str) -> str:
        """An error message: the reason, what is expected where, and what to do by hand."""
        lines = [
            f"Cannot get {self.name}: {reason}.",
            f"  URL:     {masked_url(self.url)}",
            f"  file:    {self.target}",
            f"  {self.kind_of_hash}: {self.known_by or 'not known'}",
            f"  size:    {'not known' if self.size is None else exact_size(self.size)}",
        ]
        with suppress(OSError):
            if have := self.have():
                lines.append(
                    f"  so far:  {exact_size(have)} in {self.part}, resumed by the next try"
                )
        lines.append("  Or download it elsewhere and put it there, under exactly that file name.")
        return "\n".join(lines)
