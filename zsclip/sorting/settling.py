"""`settle`: the step at which a program was killed is brought to its end; `tidy`: what it left."""

from __future__ import annotations

import os
import stat

from zsclip.files import file_sha256
from zsclip.sorting.comparing import found_at, is_same
from zsclip.sorting.journal import Record

__all__ = ["settle", "tidy"]


def tidy(record: Record) -> None:
    """Remove what the step at which a program was killed left, and is no picture.

    That is a copy which is not whole, and where there are no hard links, the empty file by which a
    name was taken.

    Raises:
        OSError: It cannot be done.
    """
    record.part.unlink(missing_ok=True)
    if record.ended or not record.entries:
        return
    last = record.entries[-1]
    target = record.into / last.target
    found = found_at(target)
    takes_a_name = last.did in ("copy", "move") and last.size > 0
    if found is None or not takes_a_name or target.parent.is_symlink():
        return
    if stat.S_ISREG(found.st_mode) and not found.st_size:
        target.unlink()


def settle(record: Record) -> str | None:
    """Bring the step to its end at which a program was killed: the last that was noted.

    What is no picture goes (`tidy`). A picture that was moved and stands in both places goes from
    the first, once it is known to be the same.

    Returns:
        The picture, from the folder that is sorted, that was moved by this.

    Raises:
        OSError: It cannot be done.
    """
    tidy(record)
    if not record.entries or (last := record.entries[-1]).did != "move":
        return None
    source, target = record.folder / last.source, record.into / last.target
    there, before = found_at(target), found_at(source)
    if there is None or before is None or not is_same(there, last):
        return None
    if os.path.samestat(there, before) or (last.sha256 and file_sha256(source) == last.sha256):
        source.unlink()
        return last.source
    return None
