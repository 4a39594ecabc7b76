"""What stands for several pictures."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np

from zsclip.errors import ParameterTypeError
from zsclip.images import ImageSource, describe_source, find_pictures
from zsclip.images.kinds import is_tensor

__all__ = ["Images", "sources_of"]

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
