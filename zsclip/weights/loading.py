"""From the name of a model, or the path of a file or folder, to its weights."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from zsclip.clip import Activation, Recipe
from zsclip.downloads.wanted import Verified
from zsclip.errors import CheckpointError
from zsclip.files import as_path
from zsclip.formats.layouts import Tensors, open_model, open_tensors
from zsclip.formats.tensor_file import stamp_of
from zsclip.weights.activations import find_published_file, require_activation, settle
from zsclip.weights.checkpoints import Checkpoint
from zsclip.weights.having import fetch_weights, find_weights
from zsclip.weights.identity import Seal, read_seals
from zsclip.weights.keeping import keep
from zsclip.weights.models import get_model_spec, is_known, list_models
from zsclip.weights.sources import archive_path, find_ready, hub_spec, kept_path
from zsclip.weights.spec import ModelSpec

__all__ = ["find_published", "load_checkpoint"]

Stamps = dict[str, tuple[int, ...]]


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
        model: One of `list_models()`; ``hf-hub:organization/name``, with ``@revision`` behind it
            for another revision than ``main``; or the path of a checkpoint, or of a folder with
            one.
        activation: What its blocks were trained with, ``"quickgelu"`` or ``"gelu"``, of a file
            that does not tell; None for what is known.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.

    Raises:
        ModelNotFoundError: No model and no file has this name.
        CheckpointError: The file is not a CLIP that zsclip can load.
        DownloadError: The weights are not there and cannot be fetched.
        ParameterError: `activation` is none, or not that of these published weights; or no
            repository and no revision can have this name.

    Warns:
        ActivationWarning: Nothing tells the activation, and QuickGELU is assumed.

    Examples:
        >>> load_checkpoint("tiny-cartoon").config.resolution
        64
    """
    require_activation(activation)
    spec = _spec_of(model)
    if spec is None:
        return _open_path(as_path(model, "model"), activation)
    if spec.recipe.activation is not None:
        settle(spec.recipe, activation, spec.name, published=True)  # before a fetch for nothing
    expected = find_weights(spec, download_root=download_root)
    for _ in range(3):  # once more if it was fetched: what is read is to be what was hashed
        before = _stamps(expected)
        path = fetch_weights(spec, download_root=download_root, progress=progress, offline=offline)
        if path == find_ready(spec, download_root):
            return _open_ready(spec, path)
        if path.is_dir() and _verified_of(path) == "none":  # nothing to hash it by
            before = _stamps(path)
            break
        if path == expected and _stamps(path) == before:
            break
        expected = path
    is_archive = bool(spec.file) and path == archive_path(spec, download_root)
    tensors, recipe = (open_tensors(path), Recipe()) if is_archive else open_model(path)
    if _stamps(path) != before:  # what was read is not what was verified
        what = "archive" if is_archive else "copy"
        raise CheckpointError(
            f"The {what} {str(path)!r} was replaced while it was read. Load {spec.name} again."
        )
    if not is_archive:
        recipe = settle(spec.recipe.or_else(recipe), activation, spec.name)
        return _published(spec, path, tensors, recipe, _verified_of(path))
    if keep(tensors, kept_path(path), spec):
        return _open_ready(spec, kept_path(path))
    return _published(spec, path, tensors, spec.recipe, "openai")


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
        with suppress(CheckpointError):  # what is damaged is not it
            if ready := find_ready(spec, download_root):
                checkpoint = _open_ready(spec, ready)
            elif (copy := find_weights(spec, download_root=download_root)) and copy.is_dir():
                tensors, recipe = open_model(copy)
                recipe = spec.recipe.or_else(recipe)
                checkpoint = _published(spec, copy, tensors, recipe, _verified_of(copy))
            else:
                continue
            if checkpoint.sha256 == identity:
                return spec.name
    return None


def _spec_of(model: str | os.PathLike[str]) -> ModelSpec | None:
    """What is known of a model by its name; None for a path."""
    if isinstance(model, str) and (spec := hub_spec(model)):
        return spec
    if not is_known(model) and (not isinstance(model, str) or _looks_like_path(model)):
        return None
    return get_model_spec(str(model))  # raises for an unknown one, and names the nearest


def _open_path(path: Path, activation: Activation | None) -> Checkpoint:
    tensors, recipe = open_model(path)
    spec = find_published_file(path, tensors)
    if spec is not None:
        recipe = settle(spec.recipe, activation, spec.name, published=True)
    else:
        recipe = settle(recipe, activation, str(path))
    return Checkpoint(path.stem, path, tensors, recipe=recipe)


def _open_ready(spec: ModelSpec, path: Path) -> Checkpoint:
    """Published weights that need no verification any more."""
    tensors = open_tensors(path)
    seals = read_seals(tensors.metadata, tensors.shapes)
    verified: Verified = "none" if spec.bundled else "openai"
    return _published(spec, path, tensors, spec.recipe, verified, seals)


def _published(
    spec: ModelSpec,
    path: Path,
    tensors: Tensors,
    recipe: Recipe,
    verified: Verified,
    seals: Mapping[str, Seal] | None = None,
) -> Checkpoint:
    return Checkpoint(
        spec.name,
        path,
        tensors,
        recipe=recipe,
        published=True,
        verified=verified,
        seals=seals,
    )


def _verified_of(copy: Path) -> Verified:
    from zsclip.downloads.hub import verified_of

    return verified_of(copy)


def _stamps(path: Path | None) -> Stamps | None:
    """What tells the file, or the files of a folder, from others that take their places."""
    if path is None:
        return None
    with suppress(OSError):
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        beside = (".lock", ".part", ".part.json")
        return {str(f): stamp_of(f.stat()) for f in files if not f.name.endswith(beside)}
    return None


def _looks_like_path(model: str) -> bool:
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    is_file_name = model.endswith((".pt", ".pth", ".bin", ".ckpt", ".safetensors", *separators))
    is_path = model.startswith(("~", ".", *separators))
    return is_file_name or is_path or os.path.exists(model)  # noqa: PTH110 - of any text
