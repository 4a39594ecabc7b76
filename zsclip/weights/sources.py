"""Where a model's weights lie on this machine; found out, and fetched, without torch."""

from __future__ import annotations

import importlib.resources
import os
from pathlib import Path

from zsclip.weights.models import ModelSpec

__all__ = ["archive_path", "bundled_path", "fetch_archive", "fetch_weights", "find_weights"]


def bundled_path(spec: ModelSpec) -> Path:
    """The file of a model that is part of zsclip."""
    return Path(str(importlib.resources.files("zsclip.clip").joinpath("data", spec.file)))


def archive_path(spec: ModelSpec, download_root: str | os.PathLike[str] | None = None) -> Path:
    """Where the archive of a published model lies, or would after a download.

    The safetensors file that a first load makes of it stands beside it, by the same stem.
    """
    from zsclip.weights.download import cache_dir

    return cache_dir(None if download_root is None else Path(download_root)) / spec.file


def fetch_archive(
    spec: ModelSpec,
    *,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> Path:
    """Have the archive of a published model, verified; downloads it if need be.

    Raises:
        DownloadError: It is not there and cannot be fetched.
    """
    from zsclip.weights.download import fetch

    assert spec.url is not None
    return fetch(
        spec.url,
        archive_path(spec, download_root),
        sha256=spec.sha256,
        size=spec.size,
        progress=progress,
        name=spec.name,
    )


def find_weights(spec: ModelSpec, *, download_root: str | Path | None = None) -> Path | None:
    """The file that loading the model would read now, if that needs no download.

    A published archive is known by its size alone; `fetch_weights` verifies it.

    Args:
        spec: The model.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.

    Returns:
        The part of zsclip, the safetensors file kept after a first load, or the published file;
        None if there is none of them.

    Examples:
        >>> from zsclip.weights.models import get_model_spec
        >>> find_weights(get_model_spec("tiny-cartoon")).name
        'tiny-cartoon.safetensors'
    """
    if spec.bundled:
        return bundled_path(spec)
    archive = archive_path(spec, download_root)
    kept = archive.with_suffix(".safetensors")
    if _was_made_from(kept, spec):
        return kept
    return archive if archive.is_file() and archive.stat().st_size == spec.size else None


def fetch_weights(
    spec: ModelSpec, *, download_root: str | Path | None = None, progress: bool = False
) -> Path:
    """Have the weights of a model on this machine, verified; downloads them if need be.

    Args:
        spec: The model.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Whether to draw a progress bar on standard error.

    Returns:
        The file, as `find_weights` gives it from now on.

    Raises:
        DownloadError: The weights are not there and cannot be fetched.
    """
    found = find_weights(spec, download_root=download_root)
    if found is not None and (spec.bundled or found.suffix == ".safetensors"):
        return found
    return fetch_archive(spec, download_root=download_root, progress=progress)


def _was_made_from(kept: Path, spec: ModelSpec) -> bool:
    """Whether a safetensors file was made from the published archive, as its header says."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(kept, "numpy") as tensors:
            metadata = tensors.metadata() or {}
    except (OSError, SafetensorError):
        return False
    return bool(metadata.get("source_sha256") == spec.sha256)
