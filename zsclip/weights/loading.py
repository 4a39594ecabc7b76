"""From the name of a model, or the path of a file or folder, to its weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from zsclip.clip import Activation
from zsclip.errors import CheckpointError
from zsclip.files import as_path
from zsclip.weights.activations import find_published_file, require_activation, settle
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.identity import Seal, read_seals
from zsclip.weights.keeping import keep
from zsclip.weights.layouts import Tensors, open_model, open_tensors
from zsclip.weights.models import ModelSpec, get_model_spec, is_known, list_models
from zsclip.weights.sources import archive_path, fetch_weights, find_ready, kept_path
from zsclip.weights.tensor_file import stamp_of

__all__ = ["find_published", "load_checkpoint"]


def load_checkpoint(
    model: str | os.PathLike[str],
    *,
    activation: Activation | None = None,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
) -> Checkpoint:
    """Find the weights of a model, download them if need be, and open them.

    An archive that was downloaded is kept as safetensors beside it, so that later loads map the
    file in place of unpacking it.

    Args:
        model: One of `list_models()`, or the path of a checkpoint.
        activation: What its blocks were trained with, ``"quickgelu"`` or ``"gelu"``, of a file
            that does not tell; None for what is known.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.

    Raises:
        ModelNotFoundError: No model and no file has this name.
        CheckpointError: The file is not a CLIP that zsclip can load.
        DownloadError: The weights are not there and cannot be fetched.
        ParameterError: `activation` is none, or not that of these published weights.

    Warns:
        ActivationWarning: Nothing tells the activation, and QuickGELU is assumed.

    Examples:
        >>> load_checkpoint("tiny-cartoon").config.resolution
        64
    """
    require_activation(activation)
    if not is_known(model) and (not isinstance(model, str) or _looks_like_path(model)):
        path = as_path(model, "model")
        tensors, recipe = open_model(path)
        spec = find_published_file(path, tensors.metadata)
        if spec is not None:
            recipe = settle(spec.recipe, activation, spec.name, published=True)
        else:
            recipe = settle(recipe, activation, str(path))
        return Checkpoint(path.stem, path, tensors, recipe=recipe)
    spec = get_model_spec(str(model))  # raises for an unknown one, and names the nearest
    settle(spec.recipe, activation, spec.name, published=True)  # before a fetch for nothing
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
    if keep(archive, kept, spec):
        return _open_ready(spec, kept)
    return _published(spec, path, archive)


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
    return _published(spec, path, tensors, seals)


def _published(
    spec: ModelSpec, path: Path, tensors: Tensors, seals: Mapping[str, Seal] | None = None
) -> Checkpoint:
    return Checkpoint(
        spec.name,
        path,
        tensors,
        recipe=spec.recipe,
        published=True,
        verified="none" if spec.bundled else "openai",
        seals=seals,
    )


def _stamp(path: Path) -> tuple[int, ...] | None:
    with suppress(OSError):
        return stamp_of(path.stat())
    return None


def _looks_like_path(model: str) -> bool:
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    is_file_name = model.endswith((".pt", ".pth", ".bin", ".ckpt", ".safetensors"))
    is_path = model.startswith(("~", ".", *separators))
    return is_file_name or is_path or os.path.isfile(model)  # noqa: PTH113 - of any text
