"""The tensors of a checkpoint file, whatever its format, by their names in OpenAI's layout."""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zsclip.clip import Recipe
from zsclip.errors import CheckpointError, ModelNotFoundError
from zsclip.files import reason_of
from zsclip.formats.archive import read_archive
from zsclip.formats.configs import read_configuration
from zsclip.formats.folders import (
    CONFIGS,
    INDEX,
    LAYOUT_NAMES,
    list_names,
    other_format,
    wanted_files,
    why_none,
)
from zsclip.formats.naming import openai_sources
from zsclip.formats.shards import check_shard, read_index
from zsclip.formats.tensor_file import TensorFile
from zsclip.formats.transformers_layout import Source
from zsclip.wording import brief, fit_to_tell

__all__ = ["Tensors", "in_memory", "open_model", "open_tensors", "renamed"]

# Archives hold these sizes beside the weights; the weights' shapes tell them as well.
_SIZES = frozenset({"input_resolution", "context_length", "vocab_size"})
_DTYPES = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U8": torch.uint8, "BOOL": torch.bool,
}  # fmt: skip


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


def open_model(path: Path) -> tuple[Tensors, Recipe]:
    """Open a checkpoint in any layout, and read what stands beside it of the model.

    Args:
        path: A file of weights, an index of shards, or a folder of open_clip's or transformers'.

    Returns:
        Its tensors by their names in OpenAI's layout, and what its configuration says.

    Raises:
        ModelNotFoundError: There is no such file or folder.
        ForeignModelError: It is not a plain CLIP, such as a SigLIP or a CoCa.
        CheckpointError: It cannot be read as a CLIP, or its configuration is of another one.
    """
    weights, names = _look(path)
    if (told := other_format(weights.name)) and os.path.isfile(weights):  # noqa: PTH113
        raise CheckpointError(f"No model is read from {str(path)!r}. {told}")
    described = read_configuration(weights, names)
    is_index = weights.name.endswith(INDEX)
    tensors = renamed(_open_shards(weights) if is_index else open_tensors(weights), weights)
    if described is not None:
        described.require_fit(tensors.shapes, weights)
        return tensors, described.recipe
    return tensors, Recipe()


def _look(path: Path) -> tuple[Path, list[str]]:
    """The file of weights, and the names of the configurations that belong to it."""
    if os.path.isdir(path):  # noqa: PTH112 - of any text
        names = list_names(path)
        wanted = wanted_files(names)
        if not wanted:
            raise CheckpointError(f"No model is read from {str(path)!r}. {why_none(names)}")
        weights = next(name for name in wanted if name not in CONFIGS)
        return path / weights, [name for name in wanted if name in CONFIGS]
    if path.name in LAYOUT_NAMES:
        beside = {name: path.with_name(name) for name in CONFIGS}
        return path, [name for name, file in beside.items() if os.path.isfile(file)]  # noqa: PTH113
    return path, []


def _open_shards(index: Path) -> Tensors:
    """The tensors of several files, each opened once."""
    told = read_index(index)
    shards = {}
    for name in sorted(set(told.values())):
        if not os.path.isfile(index.with_name(name)):  # noqa: PTH113
            raise CheckpointError(
                f"The index {str(index)!r} names {brief(name)}, which is not beside it. Get the "
                "folder again, whole."
            )
        shards[name] = open_tensors(index.with_name(name))
        check_shard(index, told, name, shards[name].shapes)
    return Tensors(
        {key: shape for shard in shards.values() for key, shape in shard.shapes.items()},
        lambda key, known: shards[told[key]].read(key, known=known),
        metadata={},
        lasting=all(shard.lasting for shard in shards.values()),
    )


def renamed(tensors: Tensors, path: Path) -> Tensors:
    """The same tensors by their names in OpenAI's layout, each made when it is asked for.

    Args:
        tensors: A CLIP in the layout of OpenAI, of open_clip or of transformers.
        path: Its file, for errors.

    Raises:
        ForeignModelError: It is another model.
        CheckpointError: It is an adapter, quantized, one tower alone, or has impossible shapes.
    """
    where = repr(str(path))
    sources = openai_sources(tensors.shapes, where)
    if all(source == Source((name,)) for name, source in sources.items()):
        return tensors

    def read(key: str, known: bool) -> Tensor:
        source = sources[key]
        parts = [tensors.read(name, known=known) for name in source.names]
        if len({part.dtype for part in parts}) > 1:
            raise CheckpointError(
                f"The checkpoint {where} holds {' and '.join(source.names)} as numbers of several "
                "types."
            )
        joined = parts[0] if len(parts) == 1 else torch.cat(parts)
        return joined.t().contiguous() if source.transposed else joined

    shapes = {key: _shape_of(key, source, tensors, where) for key, source in sources.items()}
    return Tensors(shapes, read, metadata=tensors.metadata, lasting=tensors.lasting)


def _shape_of(key: str, source: Source, tensors: Tensors, where: str) -> tuple[int, ...]:
    """The shape of a tensor that is made of others."""
    first, *others = (tensors.shapes[name] for name in source.names)
    if (others and not first) or any(shape != first for shape in others):
        raise CheckpointError(
            f"The checkpoint {where} holds {' and '.join(source.names)} in shapes {first} and "
            f"{brief(others)}, of which {key} is not made."
        )
    if source.transposed:
        if len(first) != 2:
            raise CheckpointError(
                f"The checkpoint {where} holds {source.names[0]} in the shape {first}, which is "
                "no matrix."
            )
        return first[::-1]
    return (first[0] * len(source.names), *first[1:]) if others else first


def open_tensors(path: Path) -> Tensors:
    """Open a checkpoint: safetensors, a TorchScript archive, or a state dict.

    Of safetensors only what is asked for is read, the other two are read whole. Nothing that any of
    them holds is run.

    Raises:
        ModelNotFoundError: There is no such file.
        CheckpointError: The file is none of the three, or holds Python objects or code.
    """
    # os.path, for pathlib raises for a text that is too long to be a path.
    if not os.path.isfile(path):  # noqa: PTH113
        what = "is a folder" if os.path.isdir(path) else "does not exist"  # noqa: PTH112
        raise ModelNotFoundError(
            f"The checkpoint {str(path)!r} {what}. Give the path of a .pt or .safetensors file."
        )
    try:
        return _open_safetensors(path) if _is_safetensors(path) else _open_archive(path)
    except CheckpointError:
        raise
    except OSError as e:
        raise CheckpointError(
            f"Cannot read the checkpoint {str(path)!r}: {reason_of(e)}."
        ) from fit_to_tell(e)
    except pickle.UnpicklingError as e:
        raise CheckpointError(f"The checkpoint {str(path)!r} {e}") from fit_to_tell(e)
    except ValueError as e:
        raise CheckpointError(
            f"The checkpoint {str(path)!r} is damaged or none: {e}. zsclip reads OpenAI's "
            "TorchScript archives, state dicts of tensors, and safetensors; if it was one of "
            "these, get it again."
        ) from fit_to_tell(e)


def _is_safetensors(path: Path) -> bool:
    with path.open("rb") as f:
        head = f.read(9)
    # eight bytes of length, then a JSON object; a zip or a pickle begins otherwise
    return len(head) == 9 and head[8:] == b"{" and head[:2] != b"PK"


def _open_safetensors(path: Path) -> Tensors:
    file = TensorFile(path)
    shapes = {key: stored.shape for key, stored in file.tensors.items()}

    def read(key: str, known: bool) -> Tensor:
        stored, data = file.tensors[key], file.read(key, known=known)
        if stored.dtype not in _DTYPES:
            raise CheckpointError(
                f"The checkpoint {str(path)!r} holds {key} as {stored.dtype}, of which PyTorch "
                "makes no weights."
            )
        return _numbers(data, stored.dtype).view(stored.shape)

    return Tensors(shapes, read, metadata=file.metadata, lasting=False)


def _open_archive(path: Path) -> Tensors:
    archive = read_archive(path)
    storages = {
        storage: _numbers(data, storage.dtype) for storage, data in archive.storages.items()
    }
    return in_memory(
        {
            name: storages[view.storage].as_strided(view.shape, view.strides, view.offset)
            for name, view in archive.tensors.items()
        }
    )


def _numbers(data: NDArray[np.uint8], dtype: str) -> Tensor:
    if not data.size:  # which PyTorch does not view as anything else
        return torch.empty(0, dtype=_DTYPES[dtype])
    return torch.from_numpy(data).view(_DTYPES[dtype])
