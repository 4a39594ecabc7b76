"""Which kinds of object are a picture, and how to tell them apart."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["BinaryReader", "ImageSource", "TensorLike", "is_data_uri", "is_tensor", "is_url"]


class BinaryReader(Protocol):
    """A file object opened in binary mode, as far as reading a picture needs one."""

    def read(self, size: int = ..., /) -> bytes:
        """At most ``size`` bytes, all that are left without it, and none at the end."""


class TensorLike(Protocol):
    """A torch tensor, as far as reading a picture needs one; torch itself is not imported."""

    def detach(self) -> Any:
        """The tensor without its history."""

    def cpu(self) -> Any:
        """The tensor in main memory."""

    def numpy(self) -> Any:
        """The tensor as an array."""


ImageSource: TypeAlias = (
    str
    | os.PathLike[str]
    | bytes
    | bytearray
    | memoryview
    | BinaryReader
    | Image.Image
    | NDArray[np.generic]
    | TensorLike
)
"""All that `load_image` takes: a path, an ``http(s)`` URL or a ``data:`` URI, encoded bytes, a
binary file object, a PIL image, a NumPy array or a torch tensor."""


def is_url(text: str) -> bool:
    """Whether a text is an ``http`` or ``https`` URL.

    Examples:
        >>> is_url("HTTPS://example.org/fox.png"), is_url("https.png")
        (True, False)
    """
    return text[:8].lower().startswith(("http://", "https://"))


def is_data_uri(text: str) -> bool:
    """Whether a text is a ``data:`` URI.

    Examples:
        >>> is_data_uri("data:image/png;base64,iVBORw0KGgo="), is_data_uri("data/fox.png")
        (True, False)
    """
    return text[:5].lower() == "data:"


def is_tensor(source: object) -> bool:
    """Whether an object is a torch tensor, found out without importing torch.

    Who has not imported torch has no tensor to give.
    """
    tensor_class = getattr(sys.modules.get("torch"), "Tensor", None)
    return isinstance(tensor_class, type) and isinstance(source, tensor_class)
