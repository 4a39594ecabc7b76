"""The other way in which a file to have comes: out of a folder, where a mirror is one."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from zsclip.downloads.wanted import Wanted
from zsclip.files import reason_of
from zsclip.logs import logger_for
from zsclip.owners import open_plain
from zsclip.wording import fit_to_tell

__all__ = ["copy"]

downloads = logger_for("zsclip.downloads")  # what is fetched, and from where


def copy(wanted: Wanted) -> bool:
    """Bring ``wanted.part`` to its full length from ``wanted.url``, the absolute path of a file.

    Returns:
        False: it is not pieced together.

    Raises:
        DownloadError: There is no such file, or it cannot be read; or no room for it.
        OSError: The disk that it goes to refuses.
    """
    try:
        source = open_plain(Path(wanted.url))
    except OSError as error:
        refused = wanted.refused(f"it cannot be read there ({reason_of(error)})")
        refused.missing = True
        raise refused from fit_to_tell(error)
    with source:
        wanted.discard()
        wanted.check_room(os.fstat(source.fileno()).st_size)
        text = "%s is copied from %s into %s."
        downloads.info(text, wanted.name, wanted.url, wanted.target.parent)
        with wanted.open_part(resume=False) as part:
            shutil.copyfileobj(source, part, 1 << 20)
            part.flush()
            os.fsync(part.fileno())
    return False
