"""Embeddings of pictures in the cache: what they are kept under, finding them, and keeping them."""

from __future__ import annotations

import hashlib
import io
import sys
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, FileStamp, make_key
from zsclip.encoders import PixelEncoder, engine_key
from zsclip.images import Reading, Watched
from zsclip.pipeline.picture import Picture

__all__ = ["KeptEmbeddings"]

MOST_HASHED = 1024**3
"""Bytes of a large file that is read once more for its hash, when it is known to be a picture."""


# What decides pixels for the whole process: each setting of Pillow's, and what it is at first.
_RULES = (
    ("PIL.ImageFile", "LOAD_TRUNCATED_IMAGES", False),
    ("PIL.GifImagePlugin", "LOADING_STRATEGY", 0),
    ("PIL.TiffImagePlugin", "READ_LIBTIFF", False),
)


class KeptEmbeddings:
    """The embeddings that a cache holds for one engine and one way of reading pictures.

    An encoded picture is known by the SHA-256 of its bytes, wherever they come from; a file that
    has not changed since it was last read is known without reading it. A picture that lies in
    memory is known by its pixels as they are prepared, which saves the model its work.

    Nothing is read to be hashed before it is known to be a picture, unless it fits into memory: a
    disk image among pictures is refused by its first bytes.

    Args:
        cache: Where they are.
        encoder: The engine.
        weights: The SHA-256 of its weights.
        reading: How pictures are read.
    """

    def __init__(
        self, cache: EmbeddingCache, encoder: PixelEncoder, weights: str, reading: Reading
    ) -> None:
        self._cache = cache
        self._width = encoder.model_info.embedding_dim
        model = ("image", weights, *engine_key(encoder), encoder.preprocessing)
        self._encoded = (*model, reading.key)
        self._prepared = (*model, "prepared")

    def find_files(self, pictures: Sequence[Picture]) -> None:
        """Look up files by their stamps, all at once; those that are found get their embedding.

        Args:
            pictures: Those whose source is a path.
        """
        stamped = []
        for picture in pictures:
            picture.stamp = FileStamp.of(picture.source)  # type: ignore[arg-type]
            if picture.stamp is not None:
                stamped.append((picture, picture.stamp))
        digests = self._cache.get_digests([stamp for _, stamp in stamped])
        known = []
        for (picture, _), digest in zip(stamped, digests, strict=True):
            if digest is not None:
                picture.key = self._key(digest)
                known.append((picture, picture.key))
        self._find(known)

    def find_content(self, picture: Picture, content: bytes) -> None:
        """Look up a picture by the bytes that were read of it."""
        self._find_digest(picture, hashlib.sha256(content).digest())

    def find_large(self, picture: Picture, stream: Watched) -> None:
        """Look up a large file by its content, after it was decoded; it is read a second time.

        Both times it was the same only if its stamp tells any change. If not, or if it is too
        large, it goes without a key.

        Args:
            picture: The picture.
            stream: The file that it was decoded from.
        """
        picture.key = None
        if picture.stamp is None or not picture.stamp.settled:
            return
        digest, left = hashlib.sha256(), MOST_HASHED
        stream.seek(0)
        while left > 0 and (chunk := stream.read(1024 * 1024)):
            digest.update(chunk)
            left -= len(chunk)
        self.check_stamp(picture, stream)
        if left > 0 and picture.stamp is not None:
            self._find_digest(picture, digest.digest())

    def check_stamp(self, picture: Picture, stream: Watched) -> None:
        """Forget the stamp of a file if what was read is another one, or it has changed since.

        The file itself is asked and not its path, which may have led elsewhere in between.

        Args:
            picture: The picture.
            stream: The file that was opened under its path.
        """
        if picture.stamp is None:
            return
        try:
            now = FileStamp.of(picture.stamp.path, opened=stream.fileno())
        except io.UnsupportedOperation:  # a pipe took its place
            now = None
        if now != picture.stamp:
            picture.stamp = None

    def _find_digest(self, picture: Picture, digest: bytes) -> None:
        picture.digest = digest
        key = self._key(digest)
        if key != picture.key:  # which was looked for already
            picture.key = key
            self._find([(picture, key)])

    def find_prepared(self, picture: Picture, pixels: NDArray[np.uint8]) -> None:
        """Look up a picture by its prepared pixels."""
        digest = hashlib.sha256(pixels.tobytes()).digest()
        picture.key = make_key(*self._prepared, digest)
        self._find([(picture, picture.key)])

    def _key(self, digest: bytes) -> bytes:
        """What an encoded picture's embedding is kept under, as it would be decoded now."""
        found = [getattr(sys.modules.get(module), rule, usual) for module, rule, usual in _RULES]
        return make_key(*self._encoded, repr([int(value) for value in found]), digest)

    def _find(self, pictures: Sequence[tuple[Picture, bytes]]) -> None:
        found = self._cache.get([key for _, key in pictures])
        for (picture, _), embedding in zip(pictures, found, strict=True):
            if embedding is not None and embedding.shape == (self._width,):
                picture.embedding, picture.from_cache = embedding, True

    def keep(self, pictures: Sequence[Picture]) -> None:
        """Keep what is new among pictures that have their result.

        Those that were warned of are read again each time: so the warning is given each time.
        """
        self._cache.put(
            [
                (picture.key, picture.embedding)
                for picture in pictures
                if picture.key is not None
                and picture.embedding is not None
                and not picture.from_cache
                and not picture.doubted
            ]
        )
        self._cache.put_digests(
            [
                (picture.stamp, picture.digest)
                for picture in pictures
                if picture.stamp is not None
                and picture.digest is not None
                and picture.failure is None
            ]
        )
