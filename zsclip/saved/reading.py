"""A classifier out of a file, which is checked for all that it may say."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import FileStamp
from zsclip.encoders import ModelInfo
from zsclip.encoders.onnx_about import about_of
from zsclip.errors import SavedClassifierError, SavedClassifierFileError
from zsclip.files import as_path, reason_of
from zsclip.formats.onnx_file import OnnxFault, looks_like_onnx, read_onnx_metadata
from zsclip.head import Head, tie_of
from zsclip.images import Reading, reading_like
from zsclip.learnt import AGAINST, NOTHING
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
from zsclip.saved.learnt import learnt_of_plain, types_of_arrays
from zsclip.saved.plain import Plain, labelset_of_plain
from zsclip.saved.target import shown
from zsclip.version import __version__
from zsclip.wording import brief, counted, fit_to_tell, in_a_row, printable

__all__ = ["read_classifier"]

LEARNING = 3  # the first format that knows of what was learnt, and of several labels at once
UNIT = 1e-3  # how far the length of a row may be from 1

_VERSION = re.compile(r"[0-9][0-9a-z.+]{0,39}")


def read_classifier(path: str | os.PathLike[str]) -> SavedClassifier:
    """Read a file that `write_classifier` wrote, or the one in an exported file, and check it.

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
        raise _unreadable(path, "there is no such file") from fit_to_tell(error)
    except SavedClassifierError:
        raise
    except (OSError, ValueError) as error:  # a ValueError: no path can hold NUL
        raise _unreadable(path, reason_of(error)) from fit_to_tell(error)
    except _Fault as fault:
        raise SavedClassifierError(
            f"Cannot load the classifier {shown(path)}: {fault}"
        ) from fit_to_tell(fault.__cause__)


def _unreadable(path: str | os.PathLike[str], reason: str) -> SavedClassifierFileError:
    return SavedClassifierFileError(
        f"Cannot load the classifier {shown(path)}: {reason}. Give the path of a file that "
        "`ZeroShotClassifier.save` or `export` wrote."
    )


class _Fault(Exception):  # noqa: N818 - a signal within this file
    """What is wrong with a file, and what to do, for the end of a message."""


def _read(file: Path) -> SavedClassifier:
    from safetensors import SafetensorError, safe_open

    with file.open("rb") as opened:
        head = opened.read(9)
    if not head:
        raise _Fault("it is empty (0 bytes). Save the classifier anew.")
    if looks_like_onnx(file, head):
        return _read_exported(file)
    length = int.from_bytes(head[:8], "little")
    if head[8:] == b"{" and length > HEADER_LIMIT:  # a length in eight bytes, and then JSON
        raise _Fault(
            f"its header takes {length:,} bytes, more than the {HEADER_LIMIT:,} that the format "
            "has for labels and prompts. Copy it again, or save the classifier anew."
        )
    try:
        tensors: Any  # typed only in part
        with safe_open(file, "numpy") as tensors:
            metadata = tensors.metadata() or {}
            if KEY not in metadata:
                n = len(tensors.keys())
                raise _Fault(
                    f"it is a safetensors file of something else, with {counted(n, 'tensor')}. "
                    "For a model's weights use ZeroShotClassifier(labels, model=...)."
                )
            return _read_sealed(tensors, metadata[KEY])
    except SafetensorError as error:
        if head[8:] == b"{":
            raise _Fault(
                f"it is damaged or cut short ({brief(str(error))}). Copy it again, or save the "
                "classifier anew."
            ) from error
        raise _Fault(
            "it is no saved classifier, which is a safetensors file. Give the path of a file that "
            "`ZeroShotClassifier.save` or `export` wrote."
        ) from error


def _read_exported(file: Path) -> SavedClassifier:
    """The classifier in an ONNX file, over the model in it."""
    from safetensors import SafetensorError

    from zsclip.saved.exported import over_exported, tensors_of_exported

    stamp = FileStamp.of(file)
    try:
        metadata = read_onnx_metadata(file)
        about, tensors = about_of(metadata), tensors_of_exported(metadata)
        sealed_text = (tensors.metadata() or {}).get(KEY)
        if not isinstance(sealed_text, str):
            raise OnnxFault("the classifier in it is something else")
        found = over_exported(_read_sealed(tensors, sealed_text), file, about)
        return replace(found, stamp=stamp)
    except (OnnxFault, SafetensorError, ValueError, RecursionError) as error:
        raise _Fault(
            f"{printable(str(error)).rstrip('.')}. Give a file that `ZeroShotClassifier.export` "
            "wrote, or export the classifier anew."
        ) from error


def _read_sealed(tensors: Any, text: str) -> SavedClassifier:
    """What tensors and their description hold, checked."""
    about = _parse(text)
    try:
        arrays = _read_arrays(tensors, about)
        matrix, rest = arrays.pop(TENSOR), dict(about.value)
        rest.pop("sha256", None)
        if sealed(rest, matrix, arrays) != text:
            raise ValueError("its SHA-256 says that it is not what was saved")
        return _saved(about, matrix, arrays)
    except (ValueError, RecursionError) as error:  # Python writes less deep than it reads
        raise _damaged(error) from error


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
        # What is to be installed is never in the words of a file.
        by = f" {writer!r}" if _VERSION.fullmatch(writer) else ""
        raise _Fault(
            f"it has format {brief(number)}, and this is zsclip {__version__}, which reads "
            f"formats up to {FORMAT}. It was written by zsclip{by}: install that or a newer one, "
            "or save the classifier anew with this one."
        )
    return about


def _damaged(error: Exception) -> _Fault:
    return _Fault(f"it is damaged: {printable(str(error)).rstrip('.')}. Save the classifier anew.")


def _read_arrays(tensors: Any, about: Plain) -> dict[str, NDArray[Any]]:
    """The arrays that a file of this format can hold, each of its type."""
    due = {TENSOR: "F32"}
    if about.whole("format") >= LEARNING:
        learnt = types_of_arrays().items()
        due |= {NULL_TENSOR: "F32", **{f"{LEARNT_PREFIX}{name}": kind for name, kind in learnt}}
    names = list(tensors.keys())
    if TENSOR not in names or (len(due) == 1 and len(names) > 1):
        raise ValueError(f"it must hold one tensor, `{TENSOR}`, and holds {brief(names)}")
    for name in names:
        if name not in due:
            raise ValueError(f"it holds a tensor that nothing needs, {brief(name)}")
        if (kind := str(tensors.get_slice(name).get_dtype())) != due[name]:
            raise ValueError(f"`{name}` must be {due[name]}, and is {printable(kind)}")
    return {name: tensors.get_tensor(name) for name in names}


def _saved(
    about: Plain, matrix: NDArray[np.float32], others: dict[str, NDArray[Any]]
) -> SavedClassifier:
    """What the file holds, once its parts are known to belong together."""
    model, labelset = _model(about), labelset_of_plain(about.table("labelset"))
    if matrix.shape != (due := (len(labelset), model.embedding_dim)):
        raise ValueError(
            f"`{TENSOR}` must have the shape {due}, labels by width, and has {matrix.shape}"
        )
    _require_unit(TENSOR, matrix, lambda row: f"the label {brief(labelset[row].name)}")
    head = Head(labelset, about.texts("templates"), matrix, model.precision)
    head = _learnt(about, head, others, model)
    weights, reading = about.table("model").text_or_none("weights_sha256"), about.text("reading")
    reading_like(Reading(), reading)  # raises if there is none such
    if (tie := head.learnt.tie) is not None:
        # a file does not say in which precision pictures were embedded, but for the tie itself
        own = replace(tie_of(head, model, weights, reading), precision=tie.precision)
        if differences := tie.differences(own):
            raise ValueError(f"what it learnt belongs to others: {in_a_row(differences, '; ')}")
    return SavedClassifier(head, model, weights, reading)


def _learnt(about: Plain, head: Head, others: dict[str, NDArray[Any]], model: ModelInfo) -> Head:
    """The head with several labels at once, and with what was learnt, which format 3 brought."""
    if about.whole("format") < LEARNING:
        for key in ("several", "learnt"):
            if key in about.value:
                raise ValueError(f"there is no `{key}` in format {about.whole('format')}")
        return head
    d = model.embedding_dim
    several = about.table("several") if "several" in about.value else None
    if several is not None and (unknown := several.value.keys() - {"null_prompts"}):
        raise ValueError(f"there is no `several.{printable(min(unknown))}`")
    null_prompts = () if several is None else several.texts("null_prompts")
    null_matrix = others.pop(NULL_TENSOR, None)
    if null_matrix is not None and not null_prompts:
        raise ValueError(f"`{NULL_TENSOR}` must be of `several.null_prompts`, and there are none")
    arrays = {name.removeprefix(LEARNT_PREFIX): values for name, values in others.items()}
    if "learnt" not in about.value and arrays:
        raise ValueError(f"it holds an array that nothing needs, `{LEARNT_PREFIX}{min(arrays)}`")
    learnt = learnt_of_plain(about.table("learnt"), arrays) if "learnt" in about.value else NOTHING
    negatives = None if learnt.rejection is None else learnt.rejection.negatives
    for name, rows in ((NULL_TENSOR, null_matrix), ("learnt.rejection.negatives", negatives)):
        if rows is not None:
            if rows.ndim != 2 or rows.shape[1] != d:
                raise ValueError(f"`{name}` must have the width {d}, and has {rows.shape}")
            _require_unit(name, rows, lambda row: f"row {row}")
    whole = replace(
        head,
        multi_label=several is not None,
        null_prompts=null_prompts,
        null_matrix=null_matrix,
        learnt=learnt,
    )
    _require_whole(whole, d)
    if null_matrix is None and whole.compares_with_null(model):
        raise ValueError(f"`{NULL_TENSOR}` is missing, which scores are made of")
    return whole


def _require_whole(head: Head, d: int) -> None:
    """Raise if what was learnt cannot be that of these labels and of embeddings this wide."""
    n, learnt = len(head.labelset), head.learnt
    due: list[tuple[str, tuple[int, ...], tuple[int, ...]]] = []
    if head.null_matrix is not None:
        due.append(("null_matrix", head.null_matrix.shape, (len(head.null_prompts), d)))
    if learnt.probe is not None:
        due.append(("probe", learnt.probe.weights.shape, (n, d)))
    if learnt.standardization is not None:
        due.append(("standardization", learnt.standardization.mean.shape, (n,)))
    if learnt.thresholds is not None:
        due.append(("thresholds", learnt.thresholds.values.shape, (n,)))
    if learnt.rejection is not None and learnt.rejection.method in AGAINST:
        if (negatives := learnt.rejection.negatives) is None:
            raise ValueError("`rejection` must hold what it compares with")
        due.append(("rejection", negatives.shape, (len(negatives), d)))
    for name, shape, wanted in due:
        if shape != wanted:
            raise ValueError(f"`{name}` must have the shape {wanted}, and has {shape}")
    if not head.multi_label and (learnt.standardization or learnt.thresholds):
        raise ValueError("thresholds and a standardization are for several labels at once")


def _require_unit(name: str, rows: NDArray[np.float32], what: Callable[[int], str]) -> None:
    """Raise unless each row is finite and of length 1."""
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    finite = np.isfinite(lengths)
    if not finite.all():
        raise ValueError(f"`{name}` holds NaN or infinity for {what(int(finite.argmin()))}")
    if (np.abs(lengths - 1) > UNIT).any():
        raise ValueError(f"the rows of `{name}` must be of length 1")


def _model(about: Plain) -> ModelInfo:
    """What the file says of its model, which ran anywhere."""
    plain, precision = about.table("model"), about.text("precision")
    function = plain.text("score_function")
    if function not in ("softmax", "sigmoid"):
        raise ValueError(f"there is no score function {brief(function)}")
    encoder = plain.text("encoder")
    return ModelInfo(
        name=plain.text("name"),
        encoder=encoder,
        parameters=plain.whole("parameters"),
        input_resolution=plain.whole("input_resolution"),
        context_length=plain.whole("context_length"),
        vocab_size=plain.whole("vocab_size"),
        embedding_dim=plain.whole("embedding_dim"),
        logit_scale=plain.number("logit_scale"),
        logit_bias=plain.number("logit_bias"),
        score_function="softmax" if function == "softmax" else "sigmoid",
        device="",
        precision=precision,
        source="",
        path=plain.text_or_none("path"),
        activation=(
            plain.text_or_none("activation")
            if "activation" in plain.value
            else USUAL
            if encoder == "clip"
            else None
        ),
        recipe=plain.text("recipe") if "recipe" in plain.value else "",
    )
