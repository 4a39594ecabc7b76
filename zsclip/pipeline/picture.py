"""One picture on its way from a source to its result."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import FileStamp
from zsclip.results import Failure

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture"]


@dataclass(slots=True, eq=False)
class Picture:
    """One picture on its way. Belongs to a worker while `work` is under way, else to the consumer.

    Attributes:
        name: The picture in a few words.
        source: What is still to be read, of a kind that no one can change: a path, URL, ``data:``
            URI or bytes.
        image: The picture decoded, and not prepared: RGB, of any size.
        pixels: The picture prepared: uint8 (resolution, resolution, 3).
        work: The reading and preparing, once it is handed to a worker.
        embedding: What came of it: float32 (d,). Pictures end with this or with a failure.
        failure: Why nothing came of it.
        key: What the embedding is kept under, as soon as it is known.
        stamp: The file as it was before it was read, if it is one and a cache asks for it.
        digest: The SHA-256 of its content, if it was read for the cache.
        from_cache: Whether the embedding was in the cache.
    """

    name: str
    source: object = None
    image: Image.Image | None = None
    pixels: NDArray[np.uint8] | None = None
    work: Future[None] | None = None
    embedding: NDArray[np.float32] | None = None
    failure: Failure | None = None
    key: bytes | None = None
    stamp: FileStamp | None = None
    digest: bytes | None = None
    from_cache: bool = False

    @property
    def is_resolved(self) -> bool:
        """Whether its result is there."""
        has_result = self.embedding is not None or self.failure is not None
        return has_result and (self.work is None or self.work.done())

    def drop_pixels(self) -> None:
        """Let go of everything large."""
        self.source = self.image = self.pixels = None
