"""A classifier to a file, written whole or not at all."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.errors import NonFiniteError, SavedClassifierError
from zsclip.files import writing_whole
from zsclip.saved.format import (
    FORMAT,
    HEADER_LIMIT,
    KEY,
    LEARNT_PREFIX,
    NULL_TENSOR,
    TENSOR,
    USUAL,
    SavedClassifier,
    sealed,
)
from zsclip.saved.learnt import arrays_of_learnt, plain_of_learnt
from zsclip.saved.plain import plain_of_labelset
from zsclip.saved.target import check_target, refused, require_other_than_model, shown
from zsclip.version import __version__
from zsclip.wording import brief

__all__ = ["bytes_of_classifier", "write_classifier"]

# What is left out where the engine does not tell, or has nothing to tell.
_IF_ANY = ("activation", "recipe")

# What says where a model ran, and not which one it is.
_PLACES = ("device", "precision", "source", "verified")


def write_classifier(
    saved: SavedClassifier, path: str | os.PathLike[str], *, overwrite: bool = False
) -> None:
    """Write the file whole or not at all; what stood there before goes only when the new one is.

    Equal classifiers make equal bytes.

    Args:
        saved: The classifier.
        path: The file.
        overwrite: As in `check_target`.

    Raises:
        WouldReplaceError: A file is there that is no saved classifier, and may not be replaced.
        SavedClassifierFileError: It cannot be written there.
        SavedClassifierError: The labels take more room than the format has.
        NonFiniteError: The class matrix holds NaN or infinity.
        ParameterTypeError: `path` is no path.
    """
    target = check_target(path, overwrite=overwrite)
    require_other_than_model(path, target, saved.model.path)
    data = bytes_of_classifier(saved, path)
    try:
        with writing_whole(target) as file:
            file.write(data)
    except OSError as error:
        raise refused(path, error) from error


def bytes_of_classifier(saved: SavedClassifier, path: str | os.PathLike[str]) -> bytes:
    """What the file of a classifier holds.

    Args:
        saved: The classifier.
        path: Where it is to stand, for errors.

    Raises:
        SavedClassifierError: The labels take more room than the format has.
        NonFiniteError: The class matrix holds NaN or infinity.
    """
    _require_finite(saved, path)
    data = _serialize(saved)
    if int.from_bytes(data[:8], "little") > HEADER_LIMIT:
        raise SavedClassifierError(
            f"Cannot save the classifier to {shown(path)}: its labels and prompts take more than "
            f"the {HEADER_LIMIT:,} bytes that the format has for them. Save parts of the label set."
        )
    return data


def _serialize(saved: SavedClassifier) -> bytes:
    from safetensors.numpy import save

    matrix = np.ascontiguousarray(saved.head.class_matrix, np.float32)
    model = {key: value for key, value in asdict(saved.model).items() if key not in _PLACES}
    for key in _IF_ANY:
        if not model[key]:
            del model[key]
    about = {
        "format": _format_of(saved),
        "zsclip": __version__,
        "labelset": plain_of_labelset(saved.head.labelset),
        "templates": list(saved.head.templates),
        "precision": saved.head.precision,
        "reading": saved.reading,
        "model": {**model, "weights_sha256": saved.weights_sha256},
    }
    others: dict[str, NDArray[Any]] = {}
    head = saved.head
    if head.multi_label:
        about["several"] = {"null_prompts": list(head.null_prompts)}
    if head.null_matrix is not None:
        others[NULL_TENSOR] = np.ascontiguousarray(head.null_matrix, np.float32)
    if head.learnt:
        about["learnt"] = plain_of_learnt(head.learnt)
        arrays = arrays_of_learnt(head.learnt)
        others.update({f"{LEARNT_PREFIX}{name}": values for name, values in arrays.items()})
    return save({TENSOR: matrix, **others}, {KEY: sealed(about, matrix, others)})


def _format_of(saved: SavedClassifier) -> int:
    """The format that a file needs: the first that says all, for older versions of zsclip.

    Those that read the first compute every model as OpenAI's, with QuickGELU and their
    preprocessing, whatever the file says; those that read the second know nothing of what was
    learnt, or of several labels at once.
    """
    if saved.head.learnt or saved.head.multi_label:
        return FORMAT
    return 2 if saved.model.recipe or saved.model.activation not in (None, USUAL) else 1


def _require_finite(saved: SavedClassifier, path: str | os.PathLike[str]) -> None:
    assert saved.head.class_matrix is not None
    finite = np.isfinite(saved.head.class_matrix).all(axis=1)
    if not finite.all():
        name = saved.head.labelset[int(finite.argmin())].name
        raise NonFiniteError(
            f"Cannot save the classifier to {shown(path)}: {saved.model.name} gave NaN or "
            f"infinity for the label {brief(name)} in {saved.head.precision}. Try "
            "precision='fp32'; if that does not help, the weights are damaged, or the label's "
            "prompts cancel each other "
            "out."
        )
