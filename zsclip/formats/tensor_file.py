"""Safetensors as bytes in a file, each tensor copied out of it; without torch.

Nothing is mapped: what a map shows changes with the file, and a process that looks at a map of a
file that was cut short dies. Of what was copied here nobody takes anything back.
"""

from __future__ import annotations

import json
import math
import mmap
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import CheckpointError
from zsclip.files import reason_of
from zsclip.wording import brief, shown

__all__ = [
    "BYTES", "LARGEST", "LONGEST_NAME", "MOST_DIMENSIONS", "Stored", "TensorFile", "copy_out",
    "each_once", "stamp_of",
]  # fmt: skip

LONGEST_NAME = 1000
"""Characters of a tensor's name, which messages quote."""

MOST_DIMENSIONS = 64
"""Of a tensor, as in PyTorch."""

LARGEST = 1 << 48
"""Of what counts numbers or bytes; PyTorch multiplies such in 64 bits."""

# A thousand tensors take some 0.3 MB; in Python's memory it can be thirty times what the file has.
_HEADER_LIMIT = 1 << 22
_LARGE = 1 << 16  # bytes; less is not worth pages of its own
_METADATA = "__metadata__"
BYTES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1,
    "I64": 8, "I32": 4, "I16": 2, "I8": 1, "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip
"""The length of a number in bytes, by its type in the words of safetensors."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a tensor lies, and as what.

    Attributes:
        dtype: The type of its numbers, in the words of safetensors: ``F16``.
        shape: Its shape.
        begin: Its first byte, counted from the end of the header.
    """

    dtype: str
    shape: tuple[int, ...]
    begin: int

    @property
    def size(self) -> int:
        """Its length in bytes."""
        return math.prod(self.shape) * BYTES[self.dtype]


@dataclass(frozen=True, slots=True)
class _Header:
    stamp: tuple[int, ...]
    tensors: Mapping[str, Stored]
    metadata: Mapping[str, str]
    end: int


class TensorFile:
    """A safetensors file, whose header was read and found to be in order.

    Args:
        path: The file.

    Raises:
        CheckpointError: It cannot be read, is damaged or cut short.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = path.absolute()  # of a process that changes its folder before it reads
        try:
            with path.open("rb") as file:
                self._header = _read_header(file)
        except OSError as e:
            raise CheckpointError(
                f"Cannot read the checkpoint {str(path)!r}: {reason_of(e)}."
            ) from e
        except ValueError as e:
            raise CheckpointError(
                f"Cannot read the checkpoint {str(path)!r}: {e}. The file is damaged or cut short; "
                "get it again."
            ) from e

    @property
    def tensors(self) -> Mapping[str, Stored]:
        """What the file holds, by name."""
        return self._header.tensors

    @property
    def metadata(self) -> Mapping[str, str]:
        """What its header says besides."""
        return self._header.metadata

    def read(self, name: str, *, known: bool) -> NDArray[np.uint8]:
        """The bytes of a tensor, copied.

        Args:
            name: Its name.
            known: Whether the caller can tell these bytes from any others. If not, a file that is
                another one than was opened, or was written to since, is an error.

        Raises:
            CheckpointError: The file has changed, is gone, or was cut short.
        """
        try:
            with self._place.open("rb", buffering=0) as file:
                header = self._header
                if known and _stamp(file) != header.stamp:
                    header = _read_header(file)
                place, due = header.tensors.get(name), self.tensors[name]
                if place is None or (place.dtype, place.shape) != (due.dtype, due.shape):
                    raise self.changed()
                data = copy_out(file, header.end + place.begin, due.size)
                if data is None or _stamp(file) != header.stamp:
                    raise self.changed()
        except OSError as e:
            raise CheckpointError(
                f"Cannot read the checkpoint {str(self.path)!r} again: {reason_of(e)}."
            ) from e
        except ValueError as e:  # another header, and none that can be read
            raise self.changed() from e
        return data

    def changed(self) -> CheckpointError:
        """The error about a file that is not what it was."""
        return CheckpointError(
            f"The checkpoint {str(self.path)!r} has changed since it was opened, and not all of it "
            "was read. Load it again."
        )


def stamp_of(found: os.stat_result) -> tuple[int, ...]:
    """What tells a file from one that took its place, and mostly from itself after a change."""
    return found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _stamp(file: BinaryIO) -> tuple[int, ...]:
    return stamp_of(os.fstat(file.fileno()))


def copy_out(file: BinaryIO, begin: int, size: int) -> NDArray[np.uint8] | None:
    """Bytes of a file, in memory of their own; None if the file ends before."""
    data = _memory(size)
    file.seek(begin)
    rest = data.data
    while rest:
        got = file.readinto(rest)  # type: ignore[attr-defined]  # no more than 2 GB at once
        if not got:
            return None
        rest = rest[got:]
    return data


def _memory(size: int) -> NDArray[np.uint8]:
    """Memory for a tensor. What is large goes back to the system as soon as the tensor goes.

    Otherwise a process keeps it in pieces, as much as the weights of a tower take.
    """
    if size < _LARGE or not hasattr(mmap, "MAP_ANONYMOUS"):
        return np.empty(size, np.uint8)
    private = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    return np.frombuffer(private, np.uint8)


def _read_header(file: BinaryIO) -> _Header:
    """The header of a file, once it is known to describe all of its bytes, and each once.

    Raises:
        ValueError: It does not.
    """
    stamp = _stamp(file)
    length = int.from_bytes(file.read(8), "little")
    if not 2 <= length <= stamp[1] - 8:
        raise ValueError(f"its header would take {length:,} bytes")
    if length > _HEADER_LIMIT:
        raise ValueError(f"its header takes {length:,} bytes, more than {_HEADER_LIMIT:,}")
    try:
        text = file.read(length).decode("utf-8")
        entries = json.loads(text, object_pairs_hook=each_once)
    except RecursionError:
        raise ValueError("its header nests too deeply") from None
    if not isinstance(entries, dict):
        raise ValueError("its header is no JSON object")  # noqa: TRY004 - of the file
    metadata = entries.pop(_METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        raise ValueError("its metadata are no texts")
    tensors = {name: _stored(name, entry) for name, entry in entries.items()}
    end = 0
    for name, (tensor, until) in sorted(tensors.items(), key=lambda item: item[1][0].begin):
        if tensor.begin != end or until - tensor.begin != tensor.size:
            raise ValueError(
                f"the tensor {shown(name, 200)!r} does not lie where the one before it ends"
            )
        end = until
    if 8 + length + end != stamp[1]:
        raise ValueError(f"{8 + length + end:,} bytes are described, and there are {stamp[1]:,}")
    places = {name: tensor for name, (tensor, _) in tensors.items()}
    return _Header(stamp, places, metadata, 8 + length)


def each_once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, for `object_pairs_hook`; raises ValueError if a key of it stands twice."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"{shown(name, 200)!r} is described twice")
        found[name] = value
    return found


def _stored(name: str, entry: Any) -> tuple[Stored, int]:
    """A tensor as its entry describes it, and where it ends."""
    if len(name) > LONGEST_NAME:
        raise ValueError(f"the name of a tensor has more than {LONGEST_NAME:,} characters")
    try:
        dtype, shape, (begin, end) = entry["dtype"], entry["shape"], entry["data_offsets"]
        numbers = (*shape, begin, end)
        if dtype not in BYTES or not all(type(n) is int and 0 <= n < LARGEST for n in numbers):
            raise ValueError
        if len(shape) > MOST_DIMENSIONS or math.prod(n or 1 for n in shape) >= LARGEST:
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise ValueError(
            f"the tensor {shown(name, 200)!r} is described as {brief(entry)}"
        ) from None
    return Stored(dtype, tuple(shape), begin), end
