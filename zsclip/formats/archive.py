"""Zips of TorchScript and of `torch.save`, and its older files: which tensors lie where.

Without torch: `torch.jit.load` runs what a module's author wrote, and is never called. The code in
an archive is not looked at; a module's tensors get the names that its state dict gives them.
"""

from __future__ import annotations

import os
import pickle
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from zsclip.formats.tensor_file import LONGEST_NAME, copy_out, stamp_of
from zsclip.formats.unpickling import PICKLE_LIMIT, Module, Storage, View, unpickle
from zsclip.formats.zips import ZIP, Zip
from zsclip.wording import shown

__all__ = ["Archive", "read_archive"]

_NESTS = ("state_dict", "model_state_dict", "model")
_LEGACY = [0x1950_A86A_20F9_469C_FC6C, 1001]  # what the files of PyTorch before 1.6 begin with
_MOST_SHARING = 16  # of bytes that tensors share; each is looked at as if they were its own
_MOST_PARTS = 100_000  # modules with all in them: one may stand in many places, and so may those

Place = Callable[[Storage], int]


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive holds, in memory.

    Attributes:
        tensors: Its tensors by their names.
        storages: The bytes of each storage that they are made of. Tensors may share one.
    """

    tensors: Mapping[str, View]
    storages: Mapping[Storage, NDArray[np.uint8]]


def read_archive(path: Path) -> Archive:
    """Read a zip of TorchScript or `torch.save`, or one of its older files.

    Raises:
        OSError: The file cannot be read.
        pickle.UnpicklingError: It holds other things. The message goes on from the file's name.
        ValueError: It is damaged, or no archive.
    """
    with path.open("rb") as file:
        stamp = stamp_of(os.fstat(file.fileno()))
        loaded, place = _open(file, stamp[1])
        named = dict(_named(loaded)) if isinstance(loaded, Module) else _unnested(loaded)
        tensors = _unwrapped(named)
        _check(tensors, stamp[1])
        places = {view.storage: place(view.storage) for view in tensors.values()}
        storages = {}
        for storage, begin in places.items():
            data = copy_out(file, begin, storage.size)
            if data is None:
                raise ValueError("it ends too early")
            storages[storage] = data
        if stamp_of(os.fstat(file.fileno())) != stamp:
            raise ValueError("it was written to while it was read")
    return Archive(tensors, storages)


def _check(tensors: Mapping[str, View], size: int) -> None:
    """Raise if work on all tensors is more than work on a file of this size should be."""
    if any(len(name) > LONGEST_NAME for name in tensors):
        raise ValueError(f"the name of a tensor has more than {LONGEST_NAME:,} characters")
    if sum(view.size for view in tensors.values()) > _MOST_SHARING * size:
        raise ValueError(f"its tensors are of more than {_MOST_SHARING} times its own size")


def _open(file: BinaryIO, size: int) -> tuple[Any, Place]:
    """What was saved, and what tells where a storage lies."""
    return (_open_zip if file.read(len(ZIP)) == ZIP else _open_legacy)(file, size)


def _open_zip(file: BinaryIO, size: int) -> tuple[Any, Place]:
    entries = Zip(file, size)
    roots = [name for name in entries.names if name.endswith("/data.pkl") and name.count("/") == 1]
    if len(roots) != 1:
        raise ValueError(f"it is a zip with {len(roots)} entries data.pkl in place of one")
    root = roots[0].removesuffix("data.pkl")
    order = f"{root}byteorder"
    if order in entries.names and entries.read(order, PICKLE_LIMIT) != b"little":
        raise _other_order()
    data = entries.read(roots[0], PICKLE_LIMIT)
    if entries.crc(roots[0]) not in (0, zlib.crc32(data)):  # PyTorch can be told to compute none
        raise ValueError("its data.pkl is not what was written")

    def place(storage: Storage) -> int:
        begin, length = entries.place(f"{root}data/{storage.key}")
        if length != storage.size:
            raise _other_length(storage)
        return begin

    return unpickle(BytesIO(data)), place


def _open_legacy(file: BinaryIO, size: int) -> tuple[Any, Place]:
    """A file of `torch.save` before PyTorch 1.6: pickles, then one storage after another."""
    file.seek(0)
    pickles = BytesIO(file.read(PICKLE_LIMIT))
    storages: dict[str, Storage] = {}
    try:
        if [unpickle(pickles), unpickle(pickles)] != _LEGACY:
            raise ValueError("it begins as no file of PyTorch does")
        system, loaded, keys = (unpickle(pickles, storages) for _ in range(3))
    except ValueError as e:
        if pickles.tell() == PICKLE_LIMIT:
            raise ValueError(f"more than {PICKLE_LIMIT:,} bytes come before its tensors") from e
        raise
    if not (isinstance(system, dict) and isinstance(keys, list) and len(keys) == len(storages)):
        raise ValueError("it does not tell its storages")
    if not system.get("little_endian"):
        raise _other_order()
    at, places = pickles.tell(), dict[Storage, int]()
    for key in keys:
        storage = storages.get(key) if type(key) is str else None
        if storage is None or storage in places:
            raise ValueError("it does not tell its storages, each once")
        file.seek(at)
        if int.from_bytes(file.read(8), "little") != storage.count:
            raise _other_length(storage)
        places[storage] = at + 8
        at += 8 + storage.size
    if at > size:
        raise ValueError("it ends too early")
    return loaded, places.__getitem__


def _other_length(storage: Storage) -> ValueError:
    return ValueError(f"its storage {shown(storage.key)} does not hold {storage.count:,} numbers")


def _other_order() -> pickle.UnpicklingError:
    return pickle.UnpicklingError(
        "was written by a machine that has the bytes of a number in the other order. Load it "
        "there, and save its state dict as safetensors."
    )


def _named(root: Module) -> Iterator[tuple[str, View]]:
    """The tensors of a module, by the names of its state dict.

    A tensor that is neither parameter nor buffer is not told from one that is, but for its name.
    """
    todo, seen = [("", root)], 0
    while todo:
        prefix, module = todo.pop()
        state = module.state if isinstance(module.state, dict) else {}
        seen += 1 + len(state)
        if seen > _MOST_PARTS or len(prefix) > LONGEST_NAME:
            raise ValueError("its modules lie one in another without end")
        for name, value in state.items():
            if isinstance(value, Module):
                todo.append((f"{prefix}{name}.", value))
            elif isinstance(value, View) and name != "attn_mask":
                yield f"{prefix}{name}", value


def _unnested(loaded: Any) -> dict[str, View]:
    """The state dict in what a training script saved."""
    for nest in _NESTS:
        if isinstance(loaded, dict) and isinstance(loaded.get(nest), dict):
            loaded = loaded[nest]
    if not isinstance(loaded, dict):
        kind = "Tensor" if isinstance(loaded, View) else type(loaded).__name__
        raise pickle.UnpicklingError(
            f"holds a {kind} and not a state dict. Save model.state_dict() instead."
        )
    return {str(key): value for key, value in loaded.items() if isinstance(value, View)}


def _unwrapped(views: dict[str, View]) -> dict[str, View]:
    """The same without the prefix of a wrapper, such as `DataParallel`."""
    if all(key.startswith("module.") for key in views):
        return {key.removeprefix("module."): value for key, value in views.items()}
    return views
