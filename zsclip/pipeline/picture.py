"""The values of this room: how pictures are read and embedded, and one picture on its way."""

from __future__ import annotations

import os
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, FileStamp, open_cache
from zsclip.forks import usable_cores
from zsclip.images import Reading, as_reading
from zsclip.results import Failure
from zsclip.values import truth, whole_number

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Picture", "PictureOptions"]


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How pictures are read and embedded.

    Attributes:
        batch_size: How many go through the model at once.
        reading: How each of them is read.
        workers: How many threads decode and prepare.
        cache: Where embeddings are kept; None for nowhere.
    """

    batch_size: int
    reading: Reading
    workers: int
    cache: EmbeddingCache | None

    @classmethod
    def of(
        cls,
        *,
        batch_size: int,
        reading: Reading,
        exact: bool,
        workers: int | None,
        cache: bool | str | os.PathLike[str] | EmbeddingCache,
    ) -> PictureOptions:
        """The parameters as a user gives them, once they are known to be good.

        `exact` stands for a reading that decodes no JPEG at a reduced size.

        Raises:
            ParameterError: One of them has a value that it cannot have.
            ParameterTypeError: One of them has a type that it cannot have.
        """
        truth("exact", exact)
        reading = as_reading(reading)
        return cls(
            batch_size=whole_number("batch_size", batch_size),
            reading=replace(reading, reduced=False) if exact else reading,
            workers=usable_cores() if workers is None else whole_number("workers", workers),
            cache=open_cache(cache),
        )


@dataclass(slots=True, eq=False)
class Picture:
    """One picture on its way. Belongs to a worker while `work` is under way, else to the consumer.

    Attributes:
        name: Which picture it is, as `describe_source` says it.
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
        doubted: Whether it was read with a warning about its pixels, which is to be heard again.
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
    doubted: bool = False

    @property
    def is_resolved(self) -> bool:
        """Whether its result is there."""
        has_result = self.embedding is not None or self.failure is not None
        return has_result and (self.work is None or self.work.done())

    def drop_pixels(self) -> None:
        """Let go of everything large."""
        self.source = self.image = self.pixels = None
