"""The tensors of a checkpoint file, whatever its format, by their names in OpenAI's layout."""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zsclip.errors import CheckpointError, ModelNotFoundError, fit_to_tell
from zsclip.files import reason_of
from zsclip.forks import ForkLock
from zsclip.weights.tensor_file import TensorFile

__all__ = ["Tensors", "in_memory", "open_tensors"]

# Archives hold these sizes beside the weights; the weights' shapes tell them as well.
_SIZES = frozenset({"input_resolution", "context_length", "vocab_size"})
_NESTS = ("state_dict", "model_state_dict", "model")
_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip
# Warnings are on or off for all threads at once: one that ends would turn on those of another.
_READING = ForkLock()


class Tensors:
    """Tensors that are read when asked for.

    Attributes:
        shapes: The shape of each tensor by its name.
        metadata: What the file says besides.
        lasting: Whether they are in memory, where they stay as they are; a file may change.
    """

    def __init__(
        self,
        shapes: Mapping[str, tuple[int, ...]],
        read: Callable[[str, bool], Tensor],
        *,
        metadata: Mapping[str, str],
        lasting: bool,
    ) -> None:
        self.shapes = {key: shape for key, shape in shapes.items() if key not in _SIZES}
        self.metadata = metadata
        self.lasting = lasting
        self._read = read

    def read(self, key: str, *, known: bool = False) -> Tensor:
        """A tensor, in memory of its own or of these tensors.

        Args:
            key: Its name.
            known: Whether the caller can tell this tensor from any other. If not, a file that has
                changed since it was opened is an error.

        Raises:
            CheckpointError: The file has changed, or is gone.
        """
        return self._read(key, known)


def in_memory(state: Mapping[str, Tensor]) -> Tensors:
    """The tensors of a state dict."""
    shapes = {key: tuple(tensor.shape) for key, tensor in state.items()}
    return Tensors(shapes, lambda key, known: state[key].detach(), metadata={}, lasting=True)


def open_tensors(path: Path) -> Tensors:
    """Open a checkpoint: safetensors, a TorchScript archive, or a state dict.

    Of a safetensors file only what is asked for is read. The other two are read whole.
    State dicts are unpickled with ``weights_only=True``, which refuses code.

    Raises:
        ModelNotFoundError: There is no such file.
        CheckpointError: The file is none of the three.
    """
    # os.path, for pathlib raises for a text that is too long to be a path.
    if not os.path.isfile(path):  # noqa: PTH113
        what = "is a folder" if os.path.isdir(path) else "does not exist"  # noqa: PTH112
        raise ModelNotFoundError(
            f"The checkpoint {str(path)!r} {what}. Give the path of a .pt or .safetensors file."
        )
    try:
        if _is_safetensors(path):
            return _open_safetensors(path)
        state = _read_state(path)
    except (CheckpointError, MemoryError):
        raise
    except PermissionError as e:
        raise CheckpointError(
            f"Cannot read the checkpoint {str(path)!r}: {reason_of(e)}."
        ) from fit_to_tell(e)
    except pickle.UnpicklingError as e:  # PyTorch's own message tells how to run the code
        raise CheckpointError(
            f"The checkpoint {str(path)!r} holds Python objects other than tensors, or is no "
            "checkpoint at all. zsclip unpickles nothing but tensors, because other objects can "
            "run code. If it is yours, save model.state_dict() in place of the model."
        ) from fit_to_tell(e)
    except Exception as e:  # noqa: BLE001 - what damaged files raise is not documented and varies
        reason = (str(e).splitlines() or [""])[0][:200]
        raise CheckpointError(
            f"The checkpoint {str(path)!r} is damaged or none ({type(e).__name__}: {reason}). "
            "zsclip reads OpenAI's TorchScript archives, state dicts of tensors, and safetensors."
        ) from fit_to_tell(e)
    return in_memory(state)


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as f:
        head = f.read(9)
    # eight bytes of length, then a JSON object; a zip or a pickle begins otherwise
    return len(head) == 9 and head[8:] == b"{" and head[:2] != b"PK"


def _open_safetensors(path: Path) -> Tensors:
    file = TensorFile(path)
    shapes = {key: stored.shape for key, stored in file.tensors.items()}

    def read(key: str, known: bool) -> Tensor:
        stored, data = file.tensors[key], torch.from_numpy(file.read(key, known=known))
        dtype = _DTYPES.get(stored.dtype)
        if dtype is None:
            raise CheckpointError(
                f"The checkpoint {str(path)!r} holds {key} as {stored.dtype}, of which PyTorch "
                "makes no weights."
            )
        return data.view(dtype).view(stored.shape)

    return Tensors(shapes, read, metadata=file.metadata, lasting=False)


def _is_torchscript(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        # Every zip of torch.save has data.pkl; only TorchScript has constants.pkl beside it.
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _read_state(path: Path) -> dict[str, Tensor]:
    with _READING, warnings.catch_warnings():
        # TorchScript is deprecated, and OpenAI's archives will stay in it; and about pickle
        # protocols: what cannot be read is an error anyway
        warnings.simplefilter("ignore")
        if _is_torchscript(path):
            module = torch.jit.load(path, map_location="cpu")  # type: ignore[no-untyped-call]
            return _flatten(module.state_dict(), path)
        return _flatten(torch.load(path, map_location="cpu", weights_only=True), path)


def _flatten(loaded: Any, path: Path) -> dict[str, Tensor]:
    """The state dict in what a training script saved: unnested, without a wrapper's prefix."""
    for nest in _NESTS:
        if isinstance(loaded, Mapping) and isinstance(loaded.get(nest), Mapping):
            loaded = loaded[nest]
    if not isinstance(loaded, Mapping):
        raise CheckpointError(
            f"The checkpoint {str(path)!r} holds a {type(loaded).__name__} and not a state dict. "
            "Save model.state_dict() instead."
        )
    tensors = {str(key): value for key, value in loaded.items() if isinstance(value, Tensor)}
    if tensors and all(key.startswith("module.") for key in tensors):
        tensors = {key.removeprefix("module."): value for key, value in tensors.items()}
    return tensors
