"""Published archives kept as safetensors beside them, so that later loads map them."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from safetensors.torch import save_file

from zsclip.files import writing_whole
from zsclip.formats.layouts import Tensors
from zsclip.logs import logger_for
from zsclip.weights.identity import sealing
from zsclip.weights.proven import seals_of
from zsclip.weights.sources import check_kept, doubt_kept
from zsclip.weights.spec import ModelSpec

__all__ = ["keep", "write_kept"]

log = logger_for("zsclip")


def keep(tensors: Tensors, kept: Path, spec: ModelSpec) -> bool:
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
