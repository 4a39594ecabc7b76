"""Archives as PyTorch writes them, put together from a pickle and storages that need not fit."""

from __future__ import annotations

import pickle
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["dict_of", "reduced", "storage", "tensor", "write_zip"]


def write_zip(path: Path, pickled: bytes, entries: Mapping[str, bytes] | None = None) -> None:
    """Write a zip with ``data.pkl`` and other entries, in a folder as PyTorch has it."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("m/data.pkl", pickled)
        for name, data in (entries or {}).items():
            archive.writestr(f"m/{name}", data)


def _text(text: str) -> bytes:
    data = text.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def _numbers(numbers: tuple[int, ...]) -> bytes:
    return b"(" + b"".join(pickle.dumps(n, 2)[2:-1] for n in numbers) + b"t"


def reduced(name: str, arguments: bytes) -> bytes:
    """What a pickle says that calls a function, ``module name``, with a tuple."""
    return b"c" + name.replace(" ", "\n").encode() + b"\n" + arguments + b"R"


def storage(
    count: int, *, key: str = "0", kind: str = "torch FloatStorage", after: bytes = b""
) -> bytes:
    """What a pickle says of a storage."""
    name = b"c" + kind.replace(" ", "\n").encode() + b"\n"
    where = _text("storage") + name + _text(key) + _text("cuda:7")
    return b"(" + where + _numbers((count,))[1:-1] + after + b"tQ"


def tensor(
    of: bytes, shape: tuple[int, ...], strides: tuple[int, ...] = (1,), offset: int = 0
) -> bytes:
    """What a pickle says of a tensor of a storage."""
    sizes = _numbers((offset,))[1:-1] + _numbers(shape) + _numbers(strides)
    return reduced("torch._utils _rebuild_tensor_v2", b"(" + of + sizes + b"\x89}t")


def dict_of(**items: bytes) -> bytes:
    """A whole pickle, of a dict."""
    return b"\x80\x02}(" + b"".join(_text(key) + value for key, value in items.items()) + b"u."
