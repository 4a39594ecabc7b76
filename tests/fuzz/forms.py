"""Formats taken apart into parts and put together again, checksums and lengths made right.

A change of one byte in a PNG or a zip is caught by its checksum before anything is made of it; a
change of a part comes through to the code behind.
"""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["FORMS", "Form", "Part", "deflated_zeros"]

Part = tuple[bytes, bytes]
"""What it is called in its format, and what is in it."""


@dataclass(frozen=True)
class Form:
    """One format.

    Attributes:
        apart: The parts of a file; whatever it raises, the file is none of this format.
        together: A file of parts, of which any may be missing, doubled or out of its place.
    """

    apart: Callable[[bytes], list[Part]]
    together: Callable[[list[Part]], bytes]


def _png_apart(data: bytes) -> list[Part]:
    parts, at = [], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        parts.append((data[at + 4 : at + 8], data[at + 8 : at + 8 + length]))
        at += 12 + length
    return parts


def _png_together(parts: list[Part]) -> bytes:
    out = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in parts:
        sum_ = zlib.crc32(kind[:4].ljust(4) + body)
        out.append(struct.pack(">I4s", len(body), kind[:4].ljust(4)) + body)
        out.append(struct.pack(">I", sum_))
    return b"".join(out)


def _jpeg_apart(data: bytes) -> list[Part]:
    """Segments by their markers; that of a scan has its coded data with it."""
    parts, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xD9:
        marker = data[at : at + 2]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == b"\xff\xda":
            while end + 1 < len(data):
                end = data.index(b"\xff", end)
                if data[end + 1] == 0 or 0xD0 <= data[end + 1] <= 0xD7:
                    end += 2
                else:
                    break
        parts.append((marker, data[at + 2 : end]))
        at = end
    return parts


def _jpeg_together(parts: list[Part]) -> bytes:
    return b"\xff\xd8" + b"".join(marker + body for marker, body in parts) + b"\xff\xd9"


def _riff_apart(data: bytes) -> list[Part]:
    parts, at = [(b"form", data[8:12])], 12
    while at + 8 <= len(data):
        (length,) = struct.unpack_from("<I", data, at + 4)
        parts.append((data[at : at + 4], data[at + 8 : at + 8 + length]))
        at += 8 + length + length % 2
    return parts


def _riff_together(parts: list[Part]) -> bytes:
    out = b""
    for kind, body in parts:
        if kind == b"form":
            out += body
        else:
            out += struct.pack("<4sI", kind[:4], len(body)) + body + b"\0" * (len(body) % 2)
    return b"RIFF" + struct.pack("<I", len(out)) + out


def _zip_apart(data: bytes) -> list[Part]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return [(info.filename.encode(), archive.read(info)) for info in archive.infolist()]


def _zip_together(parts: list[Part], *, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, body in parts:
            info = zipfile.ZipInfo(name.decode("utf-8", "replace"))
            info.compress_type = method
            archive.writestr(info, body)
    return out.getvalue()


def _tar_apart(data: bytes) -> list[Part]:
    parts = []
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
        for member in archive:
            file = archive.extractfile(member)
            parts.append((member.name.encode(), file.read() if file else b""))
    return parts


_LINK = b"link:"


def _tar_together(parts: list[Part]) -> bytes:
    """A body that begins with ``link:`` makes a symbolic link."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, body in parts:
            info = tarfile.TarInfo(name.decode("utf-8", "replace"))
            info.size = len(body)
            if body.startswith(_LINK):
                info.type, info.size = tarfile.SYMTYPE, 0
                info.linkname = body.removeprefix(_LINK).decode("utf-8", "replace")
            archive.addfile(info, io.BytesIO(body))
    return gzip.compress(out.getvalue(), compresslevel=1, mtime=0)


def _tensors_apart(data: bytes) -> list[Part]:
    """safetensors: the description, and the numbers behind it."""
    length = int.from_bytes(data[:8], "little")
    return [(b"json", data[8 : 8 + length]), (b"data", data[8 + length :])]


def _tensors_together(parts: list[Part]) -> bytes:
    out = b""
    for kind, body in parts:
        out += len(body).to_bytes(8, "little") + body if kind == b"json" else body
    return out


_SAVED = "zsclip_classifier"


def _saved_apart(data: bytes) -> list[Part]:
    """A saved classifier: what it says of itself, and each tensor by its name, type and shape."""
    (_, head), (_, numbers) = _tensors_apart(data)
    header = json.loads(head)
    parts = [(b"about", header.pop("__metadata__")[_SAVED].encode())]
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        shape = ",".join(map(str, entry["shape"]))
        parts.append((f"{name} {entry['dtype']} {shape}".encode(), numbers[start:end]))
    return parts


def _saved_together(parts: list[Part]) -> bytes:
    """The same, with its checksum made right where what it says of itself is JSON still.

    A tensor that has lost some of its numbers is one of rows that are fewer.
    """
    import numpy as np

    from zsclip.saved.format import TENSOR, sealed

    text = b"".join(body for key, body in parts if key == b"about").decode("utf-8", "replace")
    header, arrays, numbers = {}, {}, b""
    for key, body in parts:
        if key == b"about":
            continue
        name, kind, shape = (*key.decode("utf-8", "replace").split(" "), "F32", "0")[:3]
        dtype = np.dtype("<f8" if kind == "F64" else "<f4")
        rest = [int(n) for n in shape.split(",")[1:] if n.isdecimal()]
        row = dtype.itemsize * int(np.prod(rest))
        rows = len(body) // row if row else 0
        array = np.frombuffer(body[: rows * row], dtype).reshape(rows, *rest)
        start, numbers = len(numbers), numbers + array.tobytes()
        arrays[name] = array
        offsets = [start, len(numbers)]
        header[name] = {"dtype": kind, "shape": [rows, *rest], "data_offsets": offsets}
    try:
        value = json.loads(text)
        value.pop("sha256", None)
        others = {name: array for name, array in arrays.items() if name != TENSOR}
        text = sealed(value, arrays[TENSOR], others)
    except Exception:  # then it is one that was damaged by somebody who does not know the format
        text = text or "{"
    whole = {"__metadata__": {_SAVED: text}, **header}
    return _tensors_together([(b"json", json.dumps(whole).encode()), (b"data", numbers)])


def _lines_apart(data: bytes) -> list[Part]:
    return [(b"", line) for line in data.splitlines(keepends=True)]


def _lines_together(parts: list[Part]) -> bytes:
    return b"".join(line for _, line in parts)


FORMS = {
    "png": Form(_png_apart, _png_together),
    "jpeg": Form(_jpeg_apart, _jpeg_together),
    "riff": Form(_riff_apart, _riff_together),
    "zip": Form(_zip_apart, _zip_together),
    "deflated": Form(_zip_apart, lambda parts: _zip_together(parts, method=zipfile.ZIP_DEFLATED)),
    "tar.gz": Form(_tar_apart, _tar_together),
    "safetensors": Form(_tensors_apart, _tensors_together),
    "saved": Form(_saved_apart, _saved_together),
    "lines": Form(_lines_apart, _lines_together),
    "json": Form(lambda data: [(b"json", data)], _lines_together),
}


def deflated_zeros(size: int) -> bytes:
    """So many zeros as gzip has them, but for the checksum; `size` in MiB."""
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(bytes(1024**2)) + packer.flush(zlib.Z_FULL_FLUSH)
    head = b"\x1f\x8b\x08" + bytes(6) + b"\xff"
    return (
        head + block * size + packer.flush() + bytes(4) + struct.pack("<I", size * 1024**2 % 2**32)
    )
