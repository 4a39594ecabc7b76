"""Where the weights of a model lie on this machine, and how they come there; without torch.

In order: part of zsclip; the safetensors that a first load made of the published archive and kept
beside it; the archive; its address.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from zsclip.errors import CheckpointError, DownloadError
from zsclip.files import reason_of
from zsclip.owners import TRUST, doubt
from zsclip.packages import own_file
from zsclip.weights.identity import made_from, read_seals
from zsclip.weights.models import ModelSpec
from zsclip.weights.tensor_file import TensorFile
from zsclip.wording import brief

__all__ = [
    "archive_path", "bundled_path", "cache_dir", "check_kept", "doubt_kept", "fetch_weights",
    "find_ready", "find_weights", "kept_path",
]  # fmt: skip


def cache_dir(download_root: str | os.PathLike[str] | None = None) -> Path:
    """The folder for weights; it is not created here.

    Args:
        download_root: The folder itself, if the caller names one.

    Returns:
        ``download_root``, else ``clip`` in the folder that ``ZSCLIP_CACHE`` names, else
        ``~/.cache/clip``: the official package's folder, so that both share their files. Always
        absolute, with ``~`` expanded.

    Raises:
        DownloadError: ``~`` is needed, and this user has no home folder.

    Examples:
        >>> cache_dir("/srv/models").as_posix().endswith("/srv/models")
        True
    """
    if download_root is not None:
        folder = Path(download_root)
    elif cache := os.environ.get("ZSCLIP_CACHE"):
        folder = Path(cache) / "clip"
    else:
        folder = Path("~/.cache/clip")
    try:
        return folder.expanduser().absolute()
    except RuntimeError as error:
        raise DownloadError(
            f"The folder {brief(str(folder))} cannot be found ({error}). Set ZSCLIP_CACHE to a "
            "folder for zsclip's files."
        ) from error


def bundled_path(spec: ModelSpec) -> Path:
    """The file of a model that is part of zsclip."""
    return own_file("zsclip.weights", "data", spec.file)


def archive_path(spec: ModelSpec, download_root: str | os.PathLike[str] | None = None) -> Path:
    """Where the archive of a published model lies, or would after a download."""
    return cache_dir(download_root) / spec.file


def kept_path(archive: Path) -> Path:
    """Where the safetensors stand that a first load makes of an archive."""
    return archive.with_suffix(".safetensors")


def check_kept(
    kept: Path, spec: ModelSpec
) -> Literal["ours", "doubted", "foreign", "damaged", "absent"]:
    """Whether a file at `kept_path` was made of the published archive, as its header says.

    That each tensor is what was written is seen when it is read. Who else may write there could
    have made header and tensors to fit each other: then it is "doubted", before anything is read.
    """
    if doubt_kept(kept):
        return "doubted"
    if not kept.is_file():
        return "absent"
    try:
        file = TensorFile(kept)
    except CheckpointError:
        return "damaged"
    if made_from(file.metadata) != spec.sha256:
        return "foreign"
    shapes = {name: stored.shape for name, stored in file.tensors.items()}
    return "damaged" if read_seals(file.metadata, shapes) is None else "ours"


def doubt_kept(kept: Path) -> str | None:
    """Why a file at `kept_path` cannot be trusted, or could not, were it made; None if it can."""
    try:
        return doubt(kept)
    except OSError as error:
        return reason_of(error)


def find_weights(
    spec: ModelSpec, *, download_root: str | os.PathLike[str] | None = None
) -> Path | None:
    """The file that loading the model would read now, if that needs no download.

    A published archive is known by its size alone; `fetch_weights` verifies it.

    Args:
        spec: The model.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.

    Returns:
        The part of zsclip, the safetensors file kept after a first load, or the published file;
        None if there is none of them.

    Examples:
        >>> from zsclip.weights import get_model_spec
        >>> find_weights(get_model_spec("tiny-cartoon")).name
        'tiny-cartoon.safetensors'
    """
    if ready := find_ready(spec, download_root):
        return ready
    archive = archive_path(spec, download_root)
    return archive if archive.is_file() and archive.stat().st_size == spec.size else None


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
        The file, as `find_weights` gives it from now on.

    Raises:
        DownloadError: The weights are not there and cannot be fetched.
    """
    if ready := find_ready(spec, download_root):
        return ready
    from zsclip.weights.download import fetch  # loads what a start without a download can spare

    assert spec.url is not None
    archive = archive_path(spec, download_root)
    try:
        return fetch(
            spec.url,
            archive,
            sha256=spec.sha256,
            size=spec.size,
            progress=progress,
            offline=offline,
            name=spec.name,
        )
    except DownloadError as error:
        kept = kept_path(archive)
        if not os.path.lexists(kept) or not (reason := doubt_kept(kept)):
            raise
        raise type(error)(
            f"{error}\n  {kept} is there, but is not trusted: {reason}. If you trust whoever can "
            f"write there, set {TRUST} to the folder."
        ) from error.__cause__


def find_ready(spec: ModelSpec, download_root: str | os.PathLike[str] | None) -> Path | None:
    """The file that needs no verification any more: part of zsclip, or kept after one; or None."""
    if spec.bundled:
        return bundled_path(spec)
    kept = kept_path(archive_path(spec, download_root))
    return kept if check_kept(kept, spec) == "ours" else None
