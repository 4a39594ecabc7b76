"""open_clip itself: whether it is there, and importing it without what it changes around it."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import Any

from zsclip.errors import EncoderError, EncoderNotFoundError, ModelNotFoundError
from zsclip.wording import brief, did_you_mean, in_a_row, shown

__all__ = ["import_open_clip", "is_listed", "raise_unknown", "root_untouched"]

EXTRA = 'pip install "zsclip[open-clip]"'


def import_open_clip() -> Any:
    """The library, once it is known to be one that zsclip can drive.

    Raises:
        EncoderNotFoundError: It is not installed.
        EncoderError: It has a version that is not known, or cannot be imported.
    """
    if find_spec("open_clip") is None:
        raise EncoderNotFoundError(f"The encoder 'open-clip' needs open_clip. {EXTRA}")
    try:
        release = version("open-clip-torch")
    except PackageNotFoundError:  # an application that brings no metadata along
        release = "3.3"
    if tuple(part.zfill(4) for part in release.split(".")[:2]) < ("0003", "0003") or (
        release.partition(".")[0] != "3"
    ):
        raise EncoderError(
            "The encoder 'open-clip' needs open_clip from 3.3 on and below 4, and "
            f"{brief(release)} is installed. {EXTRA}"
        )
    before = os.environ.get("TOKENIZERS_PARALLELISM")
    try:
        with root_untouched():
            import open_clip
    except Exception as e:  # torchvision alone may raise anything where it does not fit torch
        raise EncoderError(
            f"Cannot load open_clip {shown(release)}: {type(e).__name__}: {shown(str(e))}. Install "
            f"torch, torchvision and open_clip of one build, as by {EXTRA}"
        ) from e
    if before is None:  # which open_clip sets for the whole process, zsclip's own tokenizer as well
        os.environ.pop("TOKENIZERS_PARALLELISM", None)
    return open_clip


def is_listed(model: object) -> bool:
    """Whether a name is one of open_clip's, ``architecture/tag``; False where it is not there."""
    arch, slash, tag = model.rpartition("/") if isinstance(model, str) else ("", "", "")
    if not (arch and slash and tag) or find_spec("open_clip") is None:
        return False
    try:
        return bool(import_open_clip().pretrained.is_pretrained_cfg(arch, tag))
    except EncoderError:
        return False


@contextmanager
def root_untouched() -> Iterator[None]:
    """Keep `logging.info`, by which open_clip tells, from setting up the root logger."""
    root = logging.getLogger()
    keeper = logging.NullHandler()
    root.addHandler(keeper)
    try:
        yield
    finally:
        root.removeHandler(keeper)


def raise_unknown(open_clip: Any, model: str) -> None:
    """Say what a name lacks that is none of open_clip's.

    Raises:
        ModelNotFoundError: Always.
    """
    tags = open_clip.list_pretrained_tags_by_model(model)
    if tags:  # the architecture alone, which would come up with random weights
        names = in_a_row([brief(f"{model}/{tag}") for tag in tags])
        raise ModelNotFoundError(
            f"`model` must name weights as well as an architecture, got {brief(model)}. Known: "
            f"{names}."
        )
    listed = [f"{arch}/{tag}" for arch, tag in open_clip.list_pretrained()]
    raise ModelNotFoundError(
        "`model` must be architecture/tag of open_clip, hf-hub:organization/name, or a folder, got "
        f"{brief(model)}. {did_you_mean(model, listed)}"
    )
