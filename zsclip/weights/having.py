"""Having the weights of a model on this machine: what is here, and else what its sources have.

In order: part of zsclip; the safetensors that a first load made of the published archive and kept
beside it; the archive; a copy from the hub. Then, where none is here, what `zsclip.weights.order`
asks. Without torch.
"""

from __future__ import annotations

import os
from pathlib import Path

from zsclip.downloads import cache_dir
from zsclip.errors import DownloadError
from zsclip.owners import TRUST
from zsclip.weights.sources import archive_path, doubt_kept, find_ready, kept_path
from zsclip.weights.spec import ModelSpec

__all__ = ["fetch_weights", "find_weights"]


def find_weights(
    spec: ModelSpec, *, download_root: str | os.PathLike[str] | None = None
) -> Path | None:
    """The file that loading the model would read now, if that needs no download.

    A published archive, and a copy from the hub, is known by its size alone; `fetch_weights`
    verifies it.

    Args:
        spec: The model.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.

    Returns:
        The part of zsclip, the safetensors file kept after a first load, the published file, or
        the folder of a copy from the hub; None if there is none of them.

    Examples:
        >>> from zsclip.weights import get_model_spec
        >>> find_weights(get_model_spec("tiny-cartoon")).name
        'tiny-cartoon.safetensors'
    """
    if ready := find_ready(spec, download_root):
        return ready
    if spec.file:
        archive = archive_path(spec, download_root)
        if archive.is_file() and archive.stat().st_size == spec.size:
            return archive
    # most models are not here at all, which is told without loading what knows of the hub
    if not spec.hub or not (cache_dir(download_root) / "hub").is_dir():
        return None
    from zsclip.weights.order import find_copy

    return find_copy(spec, download_root)


def fetch_weights(
    spec: ModelSpec,
    *,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
) -> Path:
    """Have the weights of a model on this machine, verified; downloads them if need be.

    Args:
        spec: The model.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Whether to draw a progress bar on standard error.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.

    Returns:
        The file or folder, as `find_weights` gives it from now on; the folder of a mirror as it is.

    Raises:
        DownloadError: The weights are not there and cannot be fetched.
    """
    if ready := find_ready(spec, download_root):
        return ready
    from zsclip.weights.order import fetch_in_order  # loads what a start without it can spare

    try:
        return fetch_in_order(spec, download_root=download_root, progress=progress, offline=offline)
    except DownloadError as error:
        kept = kept_path(archive_path(spec, download_root))
        if not spec.file or not os.path.lexists(kept) or not (reason := doubt_kept(kept)):
            raise
        raise type(error)(
            f"{error}\n  {kept} is there, but is not trusted: {reason}. If you trust whoever can "
            f"write there, set {TRUST} to the folder."
        ) from error.__cause__
