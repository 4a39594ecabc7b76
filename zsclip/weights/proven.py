"""The tensors of a checkpoint, each looked at before it is used, and known from then on.

What is laid out for a device is what was hashed: each tensor is copied out of its file, and looked
at and hashed as that copy. One that is read again has to be the same, so that a model has one
identity as long as it is there, whatever becomes of its file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor

from zsclip.errors import CheckpointError, NonFiniteError
from zsclip.forks import ForkLock, usable_cores
from zsclip.formats.layouts import Tensors
from zsclip.weights.identity import Seal, counts, identity_of, read_seals

__all__ = ["ProvenTensors", "are_as_sealed", "seals_of"]

T = TypeVar("T")

PIECE = (
    32_768  # numbers at a time: they stay in a core's cache, and start none of PyTorch's threads
)
MOST_THREADS = 8


class ProvenTensors:
    """Tensors that are what they were, and hold numbers.

    May be shared between threads.

    Args:
        tensors: The tensors.
        path: Their file, for errors.
        seals: What each is known by, where the file was made here.
        advice: What to do where such a file is damaged.
    """

    def __init__(
        self, tensors: Tensors, path: Path, seals: Mapping[str, Seal] | None, advice: str
    ) -> None:
        self._tensors = tensors
        self._path = path
        self._seals = seals or {}
        self._advice = advice
        self._values = {key: seal.values for key, seal in self._seals.items()}
        self._lock = ForkLock()

    def take(self, keys: Iterable[str]) -> dict[str, Tensor]:
        """Tensors by their names, in memory that nobody writes to.

        Raises:
            CheckpointError: One is not what it was, or cannot be read any more.
            NonFiniteError: One holds NaN, infinity, or a variance below zero.
        """
        wanted = list(keys)
        return dict(zip(wanted, _in_threads(self._take, wanted), strict=True))

    @property
    def identity(self) -> str:
        """The identity of the model. What was not read before is read for it.

        Raises:
            CheckpointError: As for `take`.
            NonFiniteError: As for `take`.
        """
        shapes = {key: shape for key, shape in self._tensors.shapes.items() if counts(key)}
        missing = [key for key in shapes if key not in self._values]
        _in_threads(lambda key: self._take(key) is None, missing)
        return identity_of(shapes, self._values)

    def _take(self, key: str) -> Tensor:
        known = key in self._values
        tensor = self._tensors.read(key, known=known)
        if not counts(key) or (known and self._tensors.lasting):
            return tensor
        if seal := self._seals.get(key):
            if _stored_digest(tensor) != seal.stored:
                raise CheckpointError(
                    f"The checkpoint {str(self._path)!r} is damaged: the tensor {key!r} is not "
                    f"what was written there. {self._advice}"
                )
            return tensor
        digest = _examine(key, tensor, self._path)
        with self._lock:
            before = self._values.setdefault(key, digest)
        if before != digest:
            raise CheckpointError(
                f"The checkpoint {str(self._path)!r} has changed since it was opened: the tensor "
                f"{key!r} is another one now. Load it again."
            )
        return tensor


def are_as_sealed(tensors: Tensors) -> bool:
    """Whether all that a file holds is what its header says that was once written there.

    Who trains on from a file may keep its header, and write other tensors behind it.

    Raises:
        CheckpointError: It cannot be read any more.
    """
    seals = read_seals(tensors.metadata, tensors.shapes)
    if seals is None:
        return False

    def is_as_sealed(key: str) -> bool:
        return _stored_digest(tensors.read(key)) == seals[key].stored

    return all(_in_threads(is_as_sealed, list(seals)))


def seals_of(state: Mapping[str, Tensor], path: Path) -> dict[str, Seal]:
    """What each tensor that counts is known by once it was written to a file.

    Raises:
        NonFiniteError: One holds NaN, infinity, or a variance below zero.
    """

    def seal(key: str) -> Seal:
        return Seal(_examine(key, state[key], path), _stored_digest(state[key]))

    keys = [key for key in state if counts(key)]
    return dict(zip(keys, _in_threads(seal, keys), strict=True))


def _stored_digest(tensor: Tensor) -> str:
    made = hashlib.sha256(f"{tensor.dtype} ".encode())
    made.update(tensor.contiguous().view(-1).view(torch.uint8).numpy().data)
    return made.hexdigest()


def _examine(key: str, tensor: Tensor, path: Path) -> str:
    """The SHA-256 of a tensor's values in fp32, once they are known to be numbers."""
    made, numbers = hashlib.sha256(), tensor.reshape(-1)
    piece = np.empty(min(PIECE, len(numbers)), np.float32)
    target, fault = torch.from_numpy(piece), ""
    for start in range(0, len(numbers), PIECE):
        n = min(PIECE, len(numbers) - start)
        target[:n].copy_(numbers[start : start + n])
        part = piece[:n]
        made.update(part.astype("<f4", copy=False).data)
        with np.errstate(over="ignore", invalid="ignore"):
            total = part.sum()
        # which is no number if one of them is none; of numbers it may overflow
        if not (np.isfinite(total) or np.isfinite(part).all()):
            fault = "NaN or infinity"
        elif key.endswith("running_var") and part.min() < 0:
            fault = "a variance below zero"
    if fault:
        raise NonFiniteError(
            f"The checkpoint {str(path)!r} holds {fault} in the tensor {key!r}. The weights are "
            "damaged, or their training failed: take those of before."
        )
    return made.hexdigest()


def _in_threads(work: Callable[[str], T], keys: list[str]) -> list[T]:
    """What is done for each name, by as many threads as there are cores to hash on."""
    threads = min(MOST_THREADS, usable_cores(), len(keys))
    if threads < 2:
        return [work(key) for key in keys]
    with ThreadPoolExecutor(threads, thread_name_prefix="zsclip-weights") as pool:
        return list(pool.map(work, keys))
