"""An exported classifier as a file: what it says of itself, and whether it is nothing but data.

ONNX is protobuf. It is walked here before ONNX Runtime gets it, with no library: numbers are
skipped, only what stands around them is read. A graph may name other files that hold its numbers,
hold graphs that loop for ever, and functions that grow as they are put in place; of all that an
exported classifier has nothing, and it is refused. Without torch.

Source: onnx.proto of ONNX 1.18 (numbers of fields), and the encoding of protocol buffers.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from zsclip.wording import brief

__all__ = ["METADATA_LIMIT", "OnnxFault", "looks_like_onnx", "read_onnx_metadata"]

METADATA_LIMIT = 1 << 29
"""Bytes of all metadata: of labels with their embeddings, as base64."""

OURS = "zsclip."
LARGEST_NODE = 1 << 26  # bytes of a step of the graph; one has some hundreds

# What the walk goes by: numbers of fields, by message.
_MODEL = {7: "graph", 14: "metadata", 20: "training", 25: "functions"}
_GRAPH = {1: "node", 5: "tensor", 15: "sparse tensors"}
_NODE = {5: "attribute", 7: "domain"}
_ATTRIBUTE = {5: "tensor", 6: "a graph", 10: "tensor", 11: "graphs", 22: "sparse", 23: "sparse"}
_ENTRY = {1: "key", 2: "value"}
_TENSOR = {13: "file", 14: "place"}  # of its numbers, where they lie elsewhere

_DOMAINS = ("", "ai.onnx")

_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5


class OnnxFault(ValueError):  # noqa: N818 - whoever catches it says what cannot be done
    """What is wrong with a file, for the end of a message, without a full stop."""


def looks_like_onnx(path: str | os.PathLike[str], start: bytes) -> bool:
    """Whether a file is meant to be ONNX, by its name, or by how it begins.

    Args:
        path: Its path.
        start: Its first nine bytes.

    Examples:
        >>> looks_like_onnx("animals.onnx", b"")
        True
    """
    # ONNX begins with its version, and safetensors with a length in eight bytes and then JSON:
    # what `save` wrote is that, also under the name of the other
    named = Path(path).suffix.lower() == ".onnx"
    return start[8:9] != b"{" and (named or start[:1] == b"\x08")


def read_onnx_metadata(path: Path) -> dict[str, str]:
    """What zsclip wrote into an ONNX file beside the graph, once the file is known to be harmless.

    Raises:
        OnnxFault: It is no ONNX file, or holds what no exported classifier has.
        OSError: It cannot be read.
    """
    found: dict[str, str] = {}
    room = METADATA_LIMIT
    with path.open("rb") as file:
        end = os.fstat(file.fileno()).st_size
        graphs = 0
        for name, size in _parts(file, end, _MODEL):
            if name == "metadata":
                room -= size
                if room < 0:
                    raise OnnxFault(f"its metadata take more than {METADATA_LIMIT:,} bytes")
                key, value = _entry(file.read(size))
                if key in found:
                    raise OnnxFault(f"its metadata say {brief(key)} twice")
                if key.startswith(OURS):
                    found[key] = value
            elif name == "graph":
                graphs += 1
                _walk_graph(file, file.tell() + size)
            else:
                raise _foreign(name)
        if not graphs:
            raise OnnxFault("it is no ONNX file")
    return found


def _entry(data: bytes) -> tuple[str, str]:
    file, texts = io.BytesIO(data), {"key": "", "value": ""}
    for name, size in _parts(file, len(data), _ENTRY):
        try:
            texts[name] = file.read(size).decode("utf-8")
        except UnicodeDecodeError as error:
            raise OnnxFault("its metadata are no text") from error
    return texts["key"], texts["value"]


def _walk_graph(file: BinaryIO, end: int) -> None:
    for name, size in _parts(file, end, _GRAPH):
        if name == "tensor":
            _walk_tensor(file, file.tell() + size)
        elif name == "node":
            if size > LARGEST_NODE:
                raise OnnxFault(f"a step of its graph takes {size:,} bytes")
            _walk_node(io.BytesIO(file.read(size)), size)
        else:
            raise _foreign(name)


def _walk_node(file: BinaryIO, end: int) -> None:
    for name, size in _parts(file, end, _NODE):
        if name == "domain":
            domain = file.read(size).decode("utf-8", "replace")
            if domain not in _DOMAINS:
                raise OnnxFault(f"its graph uses operators of {brief(domain)}")
        else:
            for kind, length in _parts(file, file.tell() + size, _ATTRIBUTE):
                if kind == "tensor":
                    _walk_tensor(file, file.tell() + length)
                else:
                    raise _foreign(f"{kind} within its graph")


def _walk_tensor(file: BinaryIO, end: int) -> None:
    for name, size in _parts(file, end, _TENSOR, numbers=True):
        if name == "file" or (name and size):  # a place of 0 is this file
            raise OnnxFault("its numbers lie in another file, which is not opened")


def _foreign(what: str) -> OnnxFault:
    return OnnxFault(f"it holds {what}, which no exported classifier has")


def _parts(
    file: BinaryIO, end: int, names: dict[int, str], *, numbers: bool = False
) -> Iterator[tuple[str, int]]:
    """The fields of a message that are asked for, with the file at the first byte of each.

    What a field holds beyond what was read of it is passed over, as are the other fields.

    Args:
        file: The file, at the first byte of the message.
        end: Where the message ends.
        names: What the fields are called, by their numbers.
        numbers: Whether one of them may be a number, which is then given in place of a length.
    """
    at = file.tell()
    while at < end:
        tag = _varint(file)
        name, form = names.get(tag >> 3, ""), tag & 7
        if form == _VARINT:
            size, length = _varint(file), 0
            if name and not numbers:
                raise OnnxFault(f"its {name} is a number")
        elif form == _BYTES:
            size = length = _varint(file)
        elif form in (_EIGHT, _FOUR):
            size = length = 8 if form == _EIGHT else 4
        else:
            raise OnnxFault("it is no ONNX file, or damaged")
        at = file.tell() + length
        # of a longer tag protobuf takes the lower 32 bits, and would read another field than this
        if at > end or not 0 < tag >> 3 < 1 << 29:
            raise OnnxFault("it is no ONNX file, or cut short")
        if name:
            yield name, size
        file.seek(at)


def _varint(file: BinaryIO) -> int:
    value = 0
    for shift in range(0, 70, 7):
        byte = file.read(1)
        if not byte:
            raise OnnxFault("it is no ONNX file, or cut short")
        value |= (byte[0] & 127) << shift
        if byte[0] < 128:
            return value
    raise OnnxFault("it is no ONNX file, or damaged")
