"""Pictures from the web: whether they are fetched at all, and by when they have to be here."""

from __future__ import annotations

import time

from zsclip.images.reading import Reading, other_urls
from zsclip.images.unreadable import UnreadableError
from zsclip.logs import untold

__all__ = ["fetch"]


def fetch(url: str, reading: Reading) -> bytes:
    """The body that a URL answers with.

    Args:
        url: An ``http`` or ``https`` URL.
        reading: How long it may take, how many bytes it may have, and where it may come from.

    Raises:
        UnreadableError: There is no answer in time, it is an error, it is too large, or it lies
            where it may not.
    """
    if reading.urls == "none":
        raise UnreadableError(
            f"it is an address on the web, and `urls` is 'none'. {other_urls('public')}"
        )
    from zsclip.images.web import download  # slow to import, and most pictures are files

    with untold():
        return download(url, reading, end=time.monotonic() + reading.timeout)
