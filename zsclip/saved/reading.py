"""Reading the file of a classifier, and saying what is wrong with it."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import SavedClassifierError, SavedClassifierFileError
from zsclip.labels.plain import Plain, labelset_of_plain
from zsclip.saved.content import (
    FORMAT,
    KEY,
    TENSOR,
    ModelFacts,
    SavedClassifier,
    matrix_sha256,
)
from zsclip.saved.wording import as_path, reason_of, shown
from zsclip.version import __version__

__all__ = ["read_classifier"]

UNIT = 1e-3  # how far the length of a row may be from 1


def read_classifier(path: str | os.PathLike[str]) -> SavedClassifier:
    """Read a file that `write_classifier` wrote, and check it.

    Raises:
        SavedClassifierFileError: There is no such file, or it cannot be read.
        SavedClassifierError: It is something else, damaged, or of a newer format.
        ParameterTypeError: `path` is no path.
    """
    file = as_path(path)
    try:
        mode = file.stat().st_mode
        if not stat.S_ISREG(mode):
            raise _unreadable(path, "it is a folder" if stat.S_ISDIR(mode) else "it is no file")
        return _read(file)
    except FileNotFoundError as error:
        raise _unreadable(path, "there is no such file") from error
    except SavedClassifierError:
        raise
    except (OSError, ValueError) as error:  # a ValueError: no path can hold NUL
        raise _unreadable(path, reason_of(error)) from error
    except _Fault as fault:
        raise SavedClassifierError(
            f"Cannot load the classifier {shown(path)}: {fault}"
        ) from fault.__cause__


def _unreadable(path: str | os.PathLike[str], reason: str) -> SavedClassifierFileError:
    return SavedClassifierFileError(
        f"Cannot load the classifier {shown(path)}: {reason}. Give the path of a file that "
        "`ZeroShotClassifier.save` wrote."
    )


class _Fault(Exception):  # noqa: N818 - a signal within this file
    """What is wrong with a file, and what to do, for the end of a message."""


def _read(file: Path) -> SavedClassifier:
    from safetensors import SafetensorError, safe_open

    with file.open("rb") as opened:
        head = opened.read(9)
    if not head:
        raise _Fault("it is empty (0 bytes). Save the classifier anew.")
    try:
        tensors: Any  # typed only in part
        with safe_open(file, "numpy") as tensors:
            metadata = tensors.metadata() or {}
            if KEY not in metadata:
                n = len(tensors.keys())
                raise _Fault(
                    f"it is a safetensors file of something else, with {n} tensor{'s' * (n != 1)}. "
                    "For a model's weights use ZeroShotClassifier(labels, model=...)."
                )
            about = _parse(metadata[KEY])
            try:
                saved = _saved(about, _read_matrix(tensors))
                _check_matrix(saved, about.text("class_matrix_sha256"))
            except ValueError as error:
                raise _damaged(error) from error
            return saved
    except SafetensorError as error:
        if head[8:] == b"{":  # a length in eight bytes, and then JSON
            raise _Fault(
                f"it is damaged or cut short ({error}). Copy it again, or save the classifier anew."
            ) from error
        raise _Fault(
            "it is no saved classifier, which is a safetensors file. Give the path of a file that "
            "`ZeroShotClassifier.save` wrote."
        ) from error


def _parse(text: str) -> Plain:
    """The JSON of a format that is known here."""
    try:
        about = Plain(json.loads(text), "")
        if not isinstance(about.value, dict):
            raise ValueError("its description is no JSON object")  # noqa: TRY004 - of the file
        number, writer = about.whole("format"), about.text("zsclip")
        if number < 1:
            raise ValueError(f"there is no format {number}")
    except (ValueError, RecursionError) as error:
        raise _damaged(error) from error
    if number > FORMAT:
        raise _Fault(
            f"it has format {number}, and this is zsclip {__version__}, which reads formats up to "
            f"{FORMAT}. It was written by zsclip {writer!r}: install that or a newer one, or save "
            "the classifier anew with this one."
        )
    return about


def _damaged(error: Exception) -> _Fault:
    return _Fault(f"it is damaged: {str(error).rstrip('.')}. Save the classifier anew.")


def _read_matrix(tensors: Any) -> NDArray[np.float32]:
    if (names := list(tensors.keys())) != [TENSOR]:
        raise ValueError(f"it must hold one tensor, `{TENSOR}`, and holds {names[:5]}")
    if (kind := tensors.get_slice(TENSOR).get_dtype()) != "F32":
        raise ValueError(f"`{TENSOR}` must be F32, and is {kind}")
    matrix: NDArray[np.float32] = tensors.get_tensor(TENSOR)
    matrix.flags.writeable = False
    return matrix


def _saved(about: Plain, matrix: NDArray[np.float32]) -> SavedClassifier:
    model = about.table("model")
    return SavedClassifier(
        labels=labelset_of_plain(about.table("labelset")),
        templates=about.texts("templates"),
        class_matrix=matrix,
        model=ModelFacts(
            name=model.text("name"),
            path=model.text_or_none("path"),
            weights_sha256=model.text_or_none("weights_sha256"),
            encoder=model.text("encoder"),
            precision=model.text("precision"),
            embedding_dim=model.whole("embedding_dim"),
            parameters=model.whole("parameters"),
            input_resolution=model.whole("input_resolution"),
            logit_scale=model.number("logit_scale"),
            logit_bias=model.number("logit_bias"),
            activation=model.text("activation"),
        ),
    )


def _check_matrix(saved: SavedClassifier, sha256: str) -> None:
    matrix, due = saved.class_matrix, (len(saved.labels), saved.model.embedding_dim)
    if matrix.shape != due:
        raise ValueError(
            f"`{TENSOR}` must have the shape {due}, labels by width, and has {matrix.shape}"
        )
    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1)
    if not np.isfinite(lengths).all():
        name = saved.labels[int(np.isfinite(lengths).argmin())].name
        raise ValueError(f"`{TENSOR}` holds NaN or infinity for the label {name!r}")
    if matrix_sha256(matrix) != sha256 or (np.abs(lengths - 1) > UNIT).any():
        raise ValueError(f"the numbers in `{TENSOR}` are not those that were saved")
