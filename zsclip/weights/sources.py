"""Where the weights of a model lie here: folders, names, and what was kept; without torch."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

from zsclip.clip import Recipe
from zsclip.downloads import cache_dir
from zsclip.errors import CheckpointError
from zsclip.files import reason_of
from zsclip.formats.tensor_file import TensorFile
from zsclip.owners import doubt
from zsclip.packages import own_file
from zsclip.weights.identity import made_from, read_seals
from zsclip.weights.spec import ModelSpec

__all__ = [
    "archive_path", "bundled_path", "check_kept", "doubt_kept",
    "find_ready", "hub_spec", "kept_path", "split_revision",
]  # fmt: skip

HUB = "hf-hub:"
"""What the name of any model on the hub begins with."""


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


def find_ready(spec: ModelSpec, download_root: str | os.PathLike[str] | None) -> Path | None:
    """The file that needs no verification any more: part of zsclip, or kept after one; or None."""
    if spec.bundled:
        return bundled_path(spec)
    if not spec.file:
        return None
    kept = kept_path(archive_path(spec, download_root))
    return kept if check_kept(kept, spec) == "ours" else None


def split_revision(copy: str) -> tuple[str, str | None]:
    """A repository on the hub and the revision of it, out of ``organization/name@revision``.

    Examples:
        >>> split_revision("openai/clip-vit-base-patch32")
        ('openai/clip-vit-base-patch32', None)
    """
    name, _, revision = copy.partition("@")
    return name, revision if "@" in copy else None


def hub_spec(name: str) -> ModelSpec | None:
    """What is known of a model that is named as ``hf-hub:organization/name@revision``: little.

    Returns:
        None if the name is another kind of name.

    Raises:
        ParameterError: No repository or no revision can be named so.

    Examples:
        >>> hub_spec("hf-hub:openai/clip-vit-base-patch32").hub
        ('openai/clip-vit-base-patch32',)
    """
    if not name.startswith(HUB):
        return None
    from zsclip.downloads.listing import check_repository, check_revision

    copy = name.removeprefix(HUB)
    repository, revision = split_revision(copy)
    check_repository(repository)
    check_revision(revision)
    return ModelSpec(name, recipe=Recipe(), hub=(copy,))
