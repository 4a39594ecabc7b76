"""From the name of a model, or the path of a file, to towers with their weights."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, TypeVar

import torch
from safetensors.torch import save_file
from torch import nn

from zsclip.clip import ModifiedResNet, TextTower, VisionTransformer, unfilled
from zsclip.errors import CheckpointError, NonFiniteError
from zsclip.files import as_path, writing_whole
from zsclip.logs import logger_for
from zsclip.weights.identity import Seal, counts, read_seals, sealing
from zsclip.weights.layouts import Tensors, open_tensors
from zsclip.weights.models import ModelSpec, get_model_spec, list_models
from zsclip.weights.proven import ProvenTensors, seals_of
from zsclip.weights.shapes import read_config
from zsclip.weights.sources import (
    archive_path,
    check_kept,
    doubt_kept,
    fetch_weights,
    find_ready,
    kept_path,
)
from zsclip.weights.tensor_file import stamp_of

__all__ = ["Checkpoint", "find_published", "load_checkpoint", "write_kept"]

log = logger_for("zsclip")

Tower = TypeVar("Tower", bound=nn.Module)

_REMAKE = "Delete the file: it is made anew from the archive, which is fetched again if it is gone."


class Checkpoint:
    """The weights of one CLIP model; each tower is read when it is first asked for.

    Its tensors are the same whenever they are read: where the file holds others by then, that is an
    error.

    Args:
        name: The model's name, or the name of the file.
        path: The file that the weights are read from.
        tensors: What it holds.
        published: Whether these are published weights, which are found again by their name.
        seals: What each tensor is known by, where the file was made of a published one.

    Attributes:
        name: The model's name, or the name of the file.
        path: The file that the weights are read from.
        is_published: Whether these are published weights, which are found again by their name.
        config: What the model is made from.
        logit_scale: What cosines are multiplied by before the softmax, `exp(logit_scale)`.
    """

    def __init__(
        self,
        name: str,
        path: Path,
        tensors: Tensors,
        *,
        published: bool = False,
        seals: Mapping[str, Seal] | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.is_published = published
        self._shapes = tensors.shapes
        self._proven = ProvenTensors(tensors, path, seals, _REMAKE)
        try:
            self.config = read_config(tensors.shapes)
            self.logit_scale = self._read_scale()
        except CheckpointError as e:
            raise CheckpointError(f"The checkpoint {str(path)!r} cannot be loaded. {e}") from None

    def __repr__(self) -> str:
        return f"Checkpoint({self.name!r}, path={str(self.path)!r})"

    @property
    def sha256(self) -> str:
        """The SHA-256 of the model's tensors, the same for the same numbers in any file.

        What was not read before is read through for it, once.

        Raises:
            CheckpointError: The file has changed since it was opened.
            NonFiniteError: The weights hold NaN, infinity, or a variance below zero.
        """
        return self._proven.identity

    def load_image_tower(self) -> VisionTransformer | ModifiedResNet:
        """The image tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.config.image_tower, "visual.")

    def load_text_tower(self) -> TextTower:
        """The text tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.config.text_tower, "")

    def _load(self, make: Callable[[], Tower], prefix: Literal["visual.", ""]) -> Tower:
        with unfilled():  # no memory is taken before the weights come
            tower = make()
        expected = {key: tuple(t.shape) for key, t in tower.state_dict().items()}
        found = {
            key.removeprefix(prefix): shape
            for key, shape in self._shapes.items()
            if key.startswith("visual.") == bool(prefix) and key != "logit_scale"
        }
        problems = [
            f"{prefix}{key}: expected {expected.get(key, 'nothing')}, "
            f"found {found.get(key, 'nothing')}"
            for key in sorted(expected.keys() | found.keys())
            if expected.get(key) != found.get(key) and counts(key)
        ]
        if problems:
            more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise CheckpointError(
                f"The checkpoint {str(self.path)!r} does not fit the architecture that its shapes "
                f"speak of: {'; '.join(problems[:5])}{more}."
            )
        state = self._proven.take(prefix + key for key in expected if counts(key))
        for key, tensor in state.items():
            if not tensor.is_floating_point():
                raise CheckpointError(
                    f"The checkpoint {str(self.path)!r} holds {key} as {tensor.dtype}. "
                    "zsclip computes with floating-point weights: give the model as it was before "
                    "it was quantized."
                )
            if tensor.dtype == torch.float64:  # known by its values in fp32, and so computed with
                state[key] = tensor.float()
        filled = {key: state.get(prefix + key, torch.tensor(0)) for key in expected}
        tower.load_state_dict(filled, assign=True)
        return tower.eval().requires_grad_(False)

    def _read_scale(self) -> float:
        shape = self._shapes.get("logit_scale")
        if shape is None:
            raise CheckpointError("The tensor 'logit_scale' is missing.")
        if math.prod(shape) != 1:
            raise CheckpointError(f"The tensor 'logit_scale' must be one number, and is {shape}.")
        try:
            value = float(self._proven.take(["logit_scale"])["logit_scale"])
        except NonFiniteError:
            value = math.nan
        if not -100 < value < 100:  # of which exp() would be nothing, or infinite, or NaN
            raise CheckpointError(f"The tensor 'logit_scale' is {value}: the weights are damaged.")
        return math.exp(value)


def load_checkpoint(
    model: str | os.PathLike[str],
    *,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
) -> Checkpoint:
    """Find the weights of a model, download them if need be, and open them.

    An archive that was downloaded is kept as safetensors beside it, so that later loads map the
    file in place of unpacking it.

    Args:
        model: One of `list_models()`, or the path of a checkpoint.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.

    Raises:
        ModelNotFoundError: No model and no file has this name.
        CheckpointError: The file is not a CLIP that zsclip can load.
        DownloadError: The weights are not there and cannot be fetched.

    Examples:
        >>> load_checkpoint("tiny-cartoon").config.resolution
        64
    """
    if model not in list_models() and (not isinstance(model, str) or _looks_like_path(model)):
        path = as_path(model, "model")
        return Checkpoint(path.stem, path, open_tensors(path))
    spec = get_model_spec(str(model))  # raises for an unknown one, and names the nearest
    for _ in range(2):  # once more if it was fetched: what is read is to be what was hashed
        before = _stamp(archive_path(spec, download_root))
        path = fetch_weights(spec, download_root=download_root, progress=progress, offline=offline)
        kept = kept_path(path)
        if kept == path:
            return _open_ready(spec, path)
        if _stamp(path) == before:
            break
    archive = open_tensors(path)
    if _stamp(path) != before:  # what was read is not what was verified
        raise CheckpointError(
            f"The archive {str(path)!r} was replaced while it was read. Load {spec.name} again."
        )
    if _keep(archive, kept, spec):
        return _open_ready(spec, kept)
    return Checkpoint(spec.name, path, archive, published=True)


def find_published(
    identity: str, *, download_root: str | os.PathLike[str] | None = None
) -> str | None:
    """The name of the published model that is here and has this identity; None if none has.

    Args:
        identity: The SHA-256 of its tensors, `Checkpoint.sha256`.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.

    Examples:
        >>> find_published(load_checkpoint("tiny-cartoon").sha256)
        'tiny-cartoon'
    """
    for spec in map(get_model_spec, list_models()):
        ready = find_ready(spec, download_root)
        with suppress(CheckpointError):  # what is damaged is not it
            if ready is not None and _open_ready(spec, ready).sha256 == identity:
                return spec.name
    return None


def _open_ready(spec: ModelSpec, path: Path) -> Checkpoint:
    """Published weights that need no verification any more."""
    tensors = open_tensors(path)
    seals = read_seals(tensors.metadata, tensors.shapes)
    return Checkpoint(spec.name, path, tensors, published=True, seals=seals)


def _stamp(path: Path) -> tuple[int, ...] | None:
    with suppress(OSError):
        return stamp_of(path.stat())
    return None


def _looks_like_path(model: str) -> bool:
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    is_file_name = model.endswith((".pt", ".pth", ".bin", ".ckpt", ".safetensors"))
    is_path = model.startswith(("~", ".", *separators))
    return is_file_name or is_path or os.path.isfile(model)  # noqa: PTH113 - of any text


def _keep(tensors: Tensors, kept: Path, spec: ModelSpec) -> bool:
    """Have the tensors of an archive as safetensors beside it; False if that cannot be."""
    state = check_kept(kept, spec)
    if state == "ours":  # another thread was first
        return True
    if state == "doubted":
        log.warning(
            "%s is not trusted, and not made: %s. The archive is verified and unpacked at each "
            "load. If you trust whoever can write there, set ZSCLIP_TRUST to the folder.",
            kept,
            doubt_kept(kept),
        )
        return False
    if state == "foreign":
        log.warning("%s was not made from %s's archive and is left alone.", kept, spec.name)
        return False
    if state == "damaged":
        log.warning(
            "%s is damaged, cut short, or not to be read. It is made anew from the archive.", kept
        )
    try:
        write_kept(tensors, kept, spec)
    except Exception as e:  # noqa: BLE001 - a full or read-only disk only costs a slower next load
        log.warning(
            "Could not keep %s as safetensors: %s Later loads unpack it again.", spec.name, e
        )
        return False
    return True


def write_kept(tensors: Tensors, kept: Path, spec: ModelSpec) -> None:
    """Write the tensors of a published archive as safetensors, each with what it is known by.

    Args:
        tensors: What the archive holds.
        kept: The file to write.
        spec: The model.

    Raises:
        NonFiniteError: They hold NaN, infinity, or a variance below zero.
        OSError: The disk refuses.
    """
    state = {key: tensors.read(key).contiguous() for key in tensors.shapes}
    seals = sealing(spec.sha256, seals_of(state, kept))
    metadata = {"format": "pt", "name": spec.name, **seals}
    with writing_whole(kept) as file:
        rights = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        save_file(state, Path(file.name), metadata=metadata)
        # which puts a file of its own there, that its user alone can read
        Path(file.name).chmod(rights)
