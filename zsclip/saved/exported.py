"""A classifier out of an exported file, whose model is that file itself.

`ZeroShotClassifier.export` puts the very bytes that `save` writes into the file's metadata, so what
is read of them is checked as any saved classifier is.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders.onnx_about import About
from zsclip.files import file_sha256
from zsclip.formats.onnx_file import OnnxFault
from zsclip.head import tie_of
from zsclip.saved.format import HEADER_LIMIT, SavedClassifier

__all__ = ["CLASSIFIER", "ENGINE", "HeldTensors", "over_exported", "tensors_of_exported"]

CLASSIFIER = "zsclip.classifier"
"""The key of the metadata under which the saved classifier lies, in base64."""

ENGINE = "onnx"  # which runs such files

_TYPES = {"F32": "<f4", "F64": "<f8"}


@dataclass(frozen=True, slots=True)
class _Slice:
    dtype: str

    def get_dtype(self) -> str:
        return self.dtype


class HeldTensors:
    """Safetensors in memory, as what `safe_open` gives of a file.

    Args:
        data: Their bytes.

    Raises:
        SafetensorError: They are damaged.
        ValueError: Their header takes too much.
    """

    def __init__(self, data: bytes) -> None:
        from safetensors import deserialize

        read: Any = deserialize  # typed only in part
        length = int.from_bytes(data[:8], "little")
        if length > HEADER_LIMIT:
            raise ValueError(f"the header of its classifier takes {length:,} bytes")
        self._tensors: dict[str, dict[str, Any]] = dict(read(data))
        self._metadata = json.loads(data[8 : 8 + length]).get("__metadata__")

    def metadata(self) -> Any:
        """What stands beside the tensors."""
        return self._metadata

    def keys(self) -> list[str]:
        """The names of the tensors."""
        return list(self._tensors)

    def get_slice(self, name: str) -> _Slice:
        """What tells the type of a tensor."""
        return _Slice(str(self._tensors[name]["dtype"]))

    def get_tensor(self, name: str) -> NDArray[Any]:
        """A tensor of 32 or 64 bits a number."""
        tensor = self._tensors[name]
        flat = np.frombuffer(tensor["data"], _TYPES[tensor["dtype"]])
        return flat.reshape(tensor["shape"]).astype(flat.dtype.newbyteorder("="))


def tensors_of_exported(metadata: Mapping[str, str]) -> HeldTensors:
    """The saved classifier in the metadata of an exported file.

    Raises:
        SafetensorError: It is damaged.
        ValueError: It is not there, no base64, or too large.
    """
    if CLASSIFIER not in metadata:
        raise OnnxFault("it is an ONNX file of something else")
    try:
        data = base64.b64decode(metadata[CLASSIFIER], validate=True)
    except ValueError as error:  # what is no ASCII is another one than what is no base64
        raise ValueError("its classifier is no base64") from error
    return HeldTensors(data)


def over_exported(saved: SavedClassifier, file: Path, about: About) -> SavedClassifier:
    """The same classifier over the model in the file, to which what was learnt is tied from now on.

    Whether what was learnt holds for the exported model was decided when it was exported.

    Args:
        saved: What lies in the file.
        file: The file.
        about: What it says of its model.
    """
    place, precision = str(file.absolute()), about.info.precision
    model = replace(saved.model, encoder=ENGINE, path=place, precision=precision)
    head = saved.head
    if head.learnt.tie is None:
        return replace(saved, model=model, weights_sha256=None)
    sha256 = file_sha256(file)  # which the tie names; who learnt nothing is spared this
    learnt = replace(head.learnt, tie=tie_of(head, model, sha256, saved.reading))
    return replace(saved, head=replace(head, learnt=learnt), model=model, weights_sha256=sha256)
