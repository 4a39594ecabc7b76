"""How an embedding stands in the file: little-endian float32, and a checksum beside it."""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import ParameterError, ParameterTypeError

__all__ = ["checksum", "pack", "unpack"]

_ON_DISK = np.dtype("<f4")


def checksum(*fields: bytes) -> int:
    """The CRC-32 of a record's fields, one after the other: against accidents, not malice."""
    total = 0
    for data in fields:
        total = zlib.crc32(data, total)
    return total


def pack(vector: NDArray[np.float32]) -> bytes:
    """The bytes of a vector.

    Raises:
        ParameterError: It has not one dimension, or nothing in it.
        ParameterTypeError: It is no float32 array.
    """
    if not isinstance(vector, np.ndarray) or vector.dtype != np.float32:
        kind = vector.dtype if isinstance(vector, np.ndarray) else type(vector).__name__
        raise ParameterTypeError(f"`entries` must hold arrays of float32, got {kind}.")
    if vector.ndim != 1 or not vector.size:
        raise ParameterError(
            "`entries` must hold arrays of one dimension with a number or more, got one of shape "
            f"{vector.shape}."
        )
    return vector.astype(_ON_DISK, copy=False).tobytes()


def unpack(key: object, check: object, data: object) -> NDArray[np.float32] | None:
    """The vector in a record: float32 (width,), read-only; None if the record is damaged."""
    if not isinstance(key, bytes) or not isinstance(data, bytes) or not data or len(data) % 4:
        return None
    if checksum(key, data) != check:
        return None
    vector = np.frombuffer(data, _ON_DISK).astype(np.float32, copy=False)
    vector.flags.writeable = False
    return vector
