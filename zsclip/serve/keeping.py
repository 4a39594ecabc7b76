"""`KeptEmbeddings`: the embeddings of the latest pictures, so that other labels answer at once."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zsclip.serve.asked import Upload

__all__ = ["KeptEmbeddings", "keys_of"]


def keys_of(pictures: Sequence[Upload]) -> list[bytes | None]:
    """The SHA-256 of each picture's bytes; None for a URL, behind which may be another tomorrow."""
    return [
        hashlib.sha256(picture.source).digest() if isinstance(picture.source, bytes) else None
        for picture in pictures
    ]


class KeptEmbeddings:
    """Embeddings by the content of the picture, all read in one way by one model.

    Args:
        most: How many are kept; those not asked for the longest go.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()

    def find(self, key: bytes | None) -> NDArray[np.float32] | None:
        """The embedding under a key, if it is there."""
        if key is None or key not in self._kept:
            return None
        self._kept.move_to_end(key)
        return self._kept[key]

    def keep(self, key: bytes | None, embedding: NDArray[np.float32]) -> None:
        """Keep an embedding."""
        if key is not None and self._most:
            self._kept[key] = embedding.copy()  # and not the whole batch that it is a row of
            self._kept.move_to_end(key)
            if len(self._kept) > self._most:
                self._kept.popitem(last=False)
