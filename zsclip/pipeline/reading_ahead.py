"""`Reader`: from a source to what a model takes, the part of the work that runs in threads."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zsclip.encoders import Encoder
from zsclip.encoders.contract import as_pixel_encoder, require_pixels
from zsclip.errors import EncoderError, ImageError, ZsclipError
from zsclip.images import (
    ImageSource,
    Watched,
    decode_picture,
    describe_source,
    is_doubted,
    is_path,
    is_tensor,
    load_named,
    open_source,
)
from zsclip.pipeline.kept import KeptEmbeddings
from zsclip.pipeline.picture import Picture, PictureOptions
from zsclip.results import Failure
from zsclip.wording import shown

__all__ = ["Reader"]

ENLARGED = 2  # times the model's resolution: what reduced decoding leaves

AT_ONCE = 64 * 1024 * 1024
"""Bytes of a file that may be read whole before it is decoded, where that is of use."""


class Reader:
    """Takes pictures from their source and reads them for one engine.

    Args:
        encoder: The engine. If it has no `prepare`, pictures are read and left as they are.
        options: How to read.
        kept: The embeddings that need not be computed again.
        record: Whether errors are kept, without what they hold on to.
    """

    def __init__(
        self,
        encoder: Encoder,
        options: PictureOptions,
        kept: KeptEmbeddings | None,
        *,
        record: bool,
    ) -> None:
        self._engine = as_pixel_encoder(encoder)
        self._reading = options.reading
        self._min_side = max(1, ENLARGED * encoder.model_info.input_resolution)
        self._kept = kept
        self._record = record

    def take(self, source: object, name: str, *, stays: bool) -> Picture:
        """A picture out of the source's hands, before the next one is asked for.

        What is given may change as soon as its giver goes on: a file object has a position, an
        image its frame, and an array may be the buffer of the next picture. So these are read here
        and now, and by nobody else. What cannot change is left to `read`, and so is what a path
        names; where that may change, `take_file` comes first.

        Args:
            source: The picture.
            name: What to call it.
            stays: Whether it is known that nobody draws on it before it is prepared.
        """
        picture = Picture(name)
        try:
            if isinstance(source, str | bytes):
                picture.source = source
            elif isinstance(source, os.PathLike):
                picture.source = describe_source(source)
            elif isinstance(source, Image.Image | np.ndarray) or is_tensor(source):
                image = load_named(cast("ImageSource", source), name, reading=self._reading)
                picture.image = image if stays or image is not source else image.copy()
            else:
                with open_source(source, name=name, reading=self._reading) as stream:
                    picture.source = stream.read()
        except ZsclipError as error:
            self._fail(picture, error)
        return picture

    def take_file(self, picture: Picture, most: int) -> None:
        """What a path names at this moment: read whole, or else prepared here and now.

        Args:
            picture: One whose source is a path.
            most: How many bytes may be held until they are decoded.
        """
        most = min(most, AT_ONCE)
        try:
            with self._open(picture) as stream:
                content = stream.read(most + 1)
                if len(content) > most:
                    del content
                    self._finish(picture, self._decode(picture, stream))
                    return
                if self._kept is not None:
                    self._kept.check_stamp(picture, stream)
                picture.source = content
        except EncoderError:
            raise
        except ZsclipError as error:
            self._fail(picture, error)

    def needs_work(self, picture: Picture) -> bool:
        """Whether there is something left to do for `read`."""
        is_read = picture.pixels is not None or (picture.image is not None and self._engine is None)
        return not (is_read or picture.is_resolved)

    def read(self, picture: Picture) -> None:
        """Read, decode and prepare a picture, whose full size is not kept."""
        if picture.image is not None:
            self._finish(picture, picture.image)
            return
        try:
            # until it is small: as long its memory is counted
            with self._open(picture) as stream:
                self._finish(picture, self._decode(picture, stream))
        except EncoderError:
            raise
        except ZsclipError as error:
            self._fail(picture, error)

    def _finish(self, picture: Picture, image: Image.Image | None) -> None:
        """Prepare what was decoded; None if its embedding is known."""
        if image is not None and self._engine is not None:
            picture.pixels = self._prepare(picture, image)
            image = None
        picture.source, picture.image = None, image  # last: until then, a fork can begin anew

    def _open(self, picture: Picture) -> AbstractContextManager[Watched]:
        return open_source(picture.source, name=picture.name, reading=self._reading)

    def _decode(self, picture: Picture, stream: Watched) -> Image.Image | None:
        """The picture, decoded; None if its embedding is known."""
        if self._kept is None:
            return self._decoded(picture, stream)
        stream.seek(0)
        content = stream.read(AT_ONCE + 1)
        if len(content) > AT_ONCE:
            del content
            image = self._decoded(picture, stream)
            self._kept.find_large(picture, stream)
        else:
            if is_path(picture.source):
                self._kept.check_stamp(picture, stream)
            self._kept.find_content(picture, content)
            if picture.embedding is not None:
                return None
            image = self._decoded(picture, stream.over(content))
        return image if picture.embedding is None else None

    def _decoded(self, picture: Picture, stream: Watched) -> Image.Image:
        image = decode_picture(
            stream, name=picture.name, reading=self._reading, min_side=self._min_side
        )
        picture.doubted = is_doubted(image)
        return image

    def _prepare(self, picture: Picture, image: Image.Image) -> NDArray[np.uint8] | None:
        """The picture as the model takes it; None if its embedding is known."""
        assert self._engine is not None
        pixels = require_pixels(self._engine.prepare(image), self._engine, shown(picture.name))
        if self._kept is not None and picture.key is None:  # it lay in memory, decoded
            self._kept.find_prepared(picture, pixels)
        return pixels if picture.embedding is None else None

    def _fail(self, picture: Picture, error: ZsclipError) -> None:
        picture.drop_pixels()
        name = error.source if isinstance(error, ImageError) else picture.name
        if self._record:
            _forget_frames(error)
        picture.failure = Failure(name, error)


def _forget_frames(error: BaseException) -> None:
    """Drop the tracebacks of an error that is kept: their frames hold pictures."""
    left: list[BaseException | None] = [error]
    seen: set[int] = set()
    while left:
        one = left.pop()
        if one is not None and id(one) not in seen:  # some have none, and others behind them
            seen.add(id(one))
            one.__traceback__ = None
            left += [one.__cause__, one.__context__]
