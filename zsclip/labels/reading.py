"""The content of a file that holds labels: its bytes, within a limit, and its text."""

from __future__ import annotations

import os

from zsclip.errors import LabelSetUnreadableError
from zsclip.files import as_path, reason_of
from zsclip.wording import brief, fit_to_tell

__all__ = ["FILE_LIMIT", "decode", "read_bytes", "unreadable"]

FILE_LIMIT = 16 * 2**20
"""Bytes of one file. ImageNet's thousand labels with their eighty templates have 50 kB."""


def read_bytes(path: str | os.PathLike[str], kind: str, hint: str) -> bytes:
    """The bytes of a file.

    Args:
        path: The file.
        kind: What to call it in messages.
        hint: What to do where it cannot be read.

    Raises:
        LabelSetUnreadableError: There is no such file, it cannot be read, or it has more than
            `FILE_LIMIT` bytes.
        ParameterTypeError: `path` is no path.
    """
    try:
        with as_path(path).open("rb") as file:
            data = file.read(FILE_LIMIT + 1)  # it may be a device that never ends
    except (OSError, ValueError) as error:  # ValueError: a null character in the path
        raise unreadable(kind, path, error, hint) from fit_to_tell(error)
    if len(data) > FILE_LIMIT:
        raise LabelSetUnreadableError(
            f"Cannot read the {kind} {brief(os.fspath(path))}: it has more than "
            f"{FILE_LIMIT // 2**20} MiB, which no label set needs. Check the path, or shorten the "
            "file."
        )
    return data


def decode(data: bytes, file: str) -> str:
    """A text in UTF-8, with or without a byte-order mark.

    Raises:
        LabelSetUnreadableError: It is in another encoding.
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise LabelSetUnreadableError(
            f"The labels file {brief(file)} is not UTF-8 text ({error.reason} in line {line}). "
            "Save it as UTF-8."
        ) from error


def unreadable(
    kind: str, path: str | os.PathLike[str], error: Exception, hint: str
) -> LabelSetUnreadableError:
    """The error about a file or a folder that the system does not let us read."""
    return LabelSetUnreadableError(
        f"Cannot read the {kind} {brief(os.fspath(path))}: {reason_of(error)}. Check the path; "
        f"{hint}."
    )
