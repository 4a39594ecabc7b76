"""What a process that decodes pictures and the one that asks it to say to each other.

A frame is one byte for its kind, an object of JSON, and perhaps bytes; the lengths come first. What
is read is never run, and no more of it is taken than is due.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

__all__ = ["DONE", "GO", "MEMORY", "PICTURE", "REFUSED", "receive", "receive_bytes", "send"]

PICTURE = b"p"  # here is one, decode it: how to read it, and its bytes
MEMORY = b"m"  # decoding it takes so many bytes
GO = b"g"  # they are there
DONE = b"d"  # here it is: its size and what is remarked of it, and its pixels
REFUSED = b"r"  # it cannot be read: the reason

_HEAD = struct.Struct(">cIQ")
_LONGEST = 2**18  # bytes of JSON


def send(stream: BinaryIO, kind: bytes, said: dict[str, Any], n_bytes: int = 0) -> None:
    """Send a frame, of which the bytes are still to be written."""
    text = json.dumps(said).encode()
    stream.write(_HEAD.pack(kind, len(text), n_bytes) + text)
    if not n_bytes:
        stream.flush()


def receive(stream: BinaryIO) -> tuple[bytes, dict[str, Any], int]:
    """The next frame: its kind, its object, and how many bytes are still to be read.

    Raises:
        EOFError: There is none, or not all of it.
        ValueError: It is none.
        TypeError: It is none.
    """
    kind, length, n_bytes = _HEAD.unpack(receive_bytes(stream, _HEAD.size))
    if length > _LONGEST:
        raise ValueError("a frame is too long")
    said = json.loads(receive_bytes(stream, length))
    if not isinstance(said, dict):
        raise TypeError("a frame holds no object")
    return kind, said, n_bytes


def receive_bytes(stream: BinaryIO, size: int) -> bytes:
    """The next bytes, so many.

    Raises:
        EOFError: There are fewer.
    """
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
