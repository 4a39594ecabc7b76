"""From what a user hands over to pictures, and to their embeddings batch by batch."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder
from zsclip.encoders.contract import require_embeddings
from zsclip.errors import ImageError, ParameterTypeError, ZsclipError
from zsclip.images import ImageSource, describe_source, find_pictures, load_image
from zsclip.images.kinds import is_tensor
from zsclip.results import Failure

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["Images", "embed", "sources_of"]

Images: TypeAlias = Iterable[ImageSource] | str | os.PathLike[str]
"""Several pictures, or the path of a folder of them."""


def sources_of(images: Images) -> Iterator[ImageSource]:
    """The pictures in what was handed over, one after the other.

    Args:
        images: An iterable of pictures, an array or tensor of them (4 dimensions), or a folder.

    Raises:
        ParameterTypeError: It is a single picture, or nothing to iterate over.
        ImageError: The folder cannot be opened.
    """
    if isinstance(images, str | os.PathLike):
        if os.fspath(images) and (folder := Path(images).expanduser()).is_dir():
            return find_pictures(folder)
        raise _not_several(repr(images))
    several = not (isinstance(images, bytes | bytearray | memoryview) or hasattr(images, "read"))
    if is_tensor(images):
        several = getattr(images, "ndim", 0) == 4
    elif isinstance(images, np.ndarray):  # a column of a table holds paths, in one dimension
        several = images.ndim == 4 or (images.ndim == 1 and images.dtype.kind in "OUT")
    if not several or not isinstance(images, Iterable):
        raise _not_several(describe_source(images))
    return iter(images)


def _not_several(got: str) -> ParameterTypeError:
    return ParameterTypeError(
        f"`images` must be several pictures, or a folder that exists, got {got}. "
        "For one picture use classify(image), or put it in a list."
    )


def embed(
    sources: Iterator[ImageSource],
    encoder: Encoder,
    *,
    batch_size: int,
    background: str | tuple[int, int, int],
    stop: bool,
) -> Iterator[tuple[list[str | Failure], NDArray[np.float32]]]:
    """Load and embed pictures, batch by batch, and keep none.

    Args:
        sources: The pictures.
        encoder: What embeds them.
        batch_size: How many at a time.
        background: The color that transparent ones are laid over.
        stop: Whether to leave the rest of a batch alone once a picture cannot be read.

    Returns:
        For each batch the description of every picture, or a `Failure`, and the embeddings of
        those that could be read: float32 (n, d), L2-normalized.

    Raises:
        NonFiniteError: An embedding holds NaN or infinity.
        EncoderError: The encoder breaks its protocol.
    """
    while True:
        # in a call of its own, so that no picture is kept while the next ones are read
        batch = _embed_batch(islice(sources, batch_size), encoder, background, stop=stop)
        described, _ = batch
        if not described:
            return
        yield batch


def _embed_batch(
    sources: Iterable[ImageSource],
    encoder: Encoder,
    background: str | tuple[int, int, int],
    *,
    stop: bool,
) -> tuple[list[str | Failure], NDArray[np.float32]]:
    pictures, described = _load(sources, background, stop=stop)
    if not pictures:
        return described, np.empty((0, encoder.model_info.embedding_dim), np.float32)
    names = [source for source in described if isinstance(source, str)]
    embeddings = require_embeddings(
        encoder.encode_images(pictures),
        len(pictures),
        encoder,
        lambda row: f"the picture {names[row]}",
    )
    return described, embeddings


def _load(
    sources: Iterable[ImageSource], background: str | tuple[int, int, int], *, stop: bool
) -> tuple[list[Image.Image], list[str | Failure]]:
    pictures: list[Image.Image] = []
    described: list[str | Failure] = []
    for source in sources:
        try:
            pictures.append(load_image(source, background=background))
        except ZsclipError as e:
            name = e.source if isinstance(e, ImageError) else describe_source(source)
            described.append(Failure(name, e))
            if stop:
                break
            _forget_frames(e)
        else:
            described.append(describe_source(source))
    return pictures, described


def _forget_frames(error: BaseException | None) -> None:
    """Drop the tracebacks of an error that is kept: their frames hold the whole batch."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__
