"""Which kinds of object are a picture: telling them apart, and saying in a few words which."""

from __future__ import annotations

import os
import sys
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zsclip.files import size_in_words
from zsclip.masking import masked_url
from zsclip.wording import shown

__all__ = [
    "BinaryReader",
    "ImageSource",
    "TensorLike",
    "describe_source",
    "is_data_uri",
    "is_path",
    "is_tensor",
    "is_url",
    "plain_file",
]


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


def is_path(source: object) -> bool:
    """Whether a source is the path of a file.

    Examples:
        >>> is_path("data/fox.png"), is_path("https://example.org/fox.png"), is_path(b"fox.png")
        (True, False, False)
    """
    if isinstance(source, str):
        return not (is_url(source) or is_data_uri(source))
    return isinstance(source, os.PathLike)


def plain_file(source: object) -> str | os.PathLike[str] | None:
    """A source if it is the path of a regular file, which can be read again; or else None.

    What comes through a pipe is gone, and what is on the web is not fetched twice.
    """
    if isinstance(source, str | os.PathLike) and is_path(source):
        return source if os.path.isfile(source) else None  # noqa: PTH113 - pathlib may raise
    return None


def is_tensor(source: object) -> bool:
    """Whether an object is a torch tensor, found out without importing torch.

    Who has not imported torch has no tensor to give.
    """
    tensor_class = getattr(sys.modules.get("torch"), "Tensor", None)
    return isinstance(tensor_class, type) and isinstance(source, tensor_class)


# -------------------------------------------------------------------------------- in a few words


def describe_source(source: object) -> str:
    """Says which picture is meant: by what opens it again, or else in a few words.

    A path comes back exactly as it was given, whatever characters are in it, and so does a URL, but
    for what is secret in it: user and password, and the values of parameters that hold tokens or
    signatures are ``***``. To show such a name to somebody, escape it. The picture itself is not
    read.

    Args:
        source: Anything; what `load_image` takes is described best.

    Returns:
        A path or a URL; of all else one printable line in angle brackets, or the type and the size
        of a ``data:`` URI.

    Examples:
        >>> describe_source("photos/fox.png")
        'photos/fox.png'
        >>> describe_source("https://me:secret@example.org/fox.png?w=64&token=0af3")
        'https://***@example.org/fox.png?w=64&token=***'
        >>> describe_source("data:image/png;base64," + "A" * 4000)
        'data:image/png;base64,… (3.0 kB)'
        >>> describe_source(bytes(12_300))
        '<bytes, 12.3 kB>'
        >>> describe_source(Image.new("RGB", (640, 480)))
        '<PIL.Image RGB 640x480>'
        >>> describe_source(np.zeros((480, 640, 3), np.uint8))
        '<array uint8 480x640x3>'
    """
    if isinstance(source, str):
        return _describe_text(source)
    if isinstance(source, Image.Image):
        return f"<PIL.Image {source.mode} {source.width}x{source.height}>"
    if isinstance(source, np.ndarray):
        return f"<array {source.dtype} {_shape(source.shape)}>"
    if is_tensor(source):
        return _describe_tensor(source)
    if isinstance(source, bytes | bytearray):
        return f"<{type(source).__name__}, {size_in_words(len(source))}>"
    if isinstance(source, memoryview):
        return _describe_memoryview(source)
    if isinstance(source, os.PathLike):
        path = os.fsdecode(source)  # of which one that holds a URL is an error
        return masked_url(path) if path[:6].lower().startswith(("http:/", "https:")) else path
    if callable(getattr(source, "read", None)):
        name = getattr(source, "name", "")
        if not (isinstance(name, str | bytes) and name):
            name = type(source).__name__
        return f"<file {shown(os.fsdecode(name))}>"
    return f"<{type(source).__name__}>"


def _describe_text(text: str) -> str:
    if is_data_uri(text):
        head, comma, data = text.partition(",")
        encoded = head.lower().endswith(";base64")
        size = size_in_words(len(data) * 3 // 4 if encoded else len(data))
        return f"{shown(head, 60)}{comma}… ({size})"
    return masked_url(text) if is_url(text) else text


def _describe_tensor(tensor: Any) -> str:
    return f"<tensor {str(tensor.dtype).removeprefix('torch.')} {_shape(tensor.shape)}>"


def _describe_memoryview(view: memoryview) -> str:
    try:
        return f"<memoryview, {size_in_words(view.nbytes)}>"
    except ValueError:  # released
        return "<memoryview>"


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) if shape else "scalar"
