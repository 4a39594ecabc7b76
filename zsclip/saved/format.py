"""The file of a classifier: written whole or not at all, and checked when it is read."""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import ModelInfo
from zsclip.errors import NonFiniteError, SavedClassifierError, SavedClassifierFileError
from zsclip.files import as_path, reason_of, writing_whole
from zsclip.head import Head
from zsclip.images import Reading, reading_like
from zsclip.saved.learnt import arrays_of_learnt, learnt_of_plain, plain_of_learnt
from zsclip.saved.plain import Plain, labelset_of_plain, plain_of_labelset
from zsclip.saved.target import KEY, check_target, refused, shown
from zsclip.version import __version__
from zsclip.wording import brief, fit_to_tell, printable

__all__ = ["KEY", "SavedClassifier", "read_classifier", "write_classifier"]

FORMAT = 3  # raised by a change that makes older versions of zsclip read a file wrongly
TENSOR = "class_matrix"
NULL_TENSOR = "null_matrix"
LEARNT_PREFIX = "learnt."
# Bytes: of a hundred thousand labels with three prompts each. In Python's memory it can be thirty
# times what the file has.
HEADER_LIMIT = 1 << 25
UNIT = 1e-3  # how far the length of a row may be from 1

_VERSION = re.compile(r"[0-9][0-9a-z.+]{0,39}")

# What is left out where the engine does not tell, or has nothing to tell.
_IF_ANY = ("activation", "recipe")

USUAL = "quickgelu"  # of models that were saved with zsclip's own engine before it knew another

# What says where a model ran, and not which one it is.
_PLACES = ("device", "precision", "source", "verified")


@dataclass(frozen=True, slots=True, eq=False)
class SavedClassifier:
    """What a file of a classifier holds.

    Attributes:
        head: The labels, embedded.
        model: What its engine said of the model that embedded them, without device and source.
        weights_sha256: The SHA-256 of the model's tensors; None if the engine does not know it.
        reading: The `Reading.key` of the way in which pictures are read, which knows no limits.
    """

    head: Head
    model: ModelInfo
    weights_sha256: str | None
    reading: str


def sealed(
    about: dict[str, Any], matrix: NDArray[np.float32], *others: tuple[str, NDArray[Any]]
) -> str:
    """A description as JSON that begins with the SHA-256 of itself and of the numbers.

    There is one way to write it: of a text that is read, whatever differs from that is damage.

    Args:
        about: The description, without a checksum.
        matrix: float32, hashed row by row in little-endian order.
        others: Further arrays, hashed in the same way behind their names, types and shapes.
    """
    text = _dumps(about)
    digest = hashlib.sha256(text.encode("ascii") + matrix.astype("<f4").tobytes())
    for name, values in sorted(others, key=lambda other: other[0]):
        little = values.astype(values.dtype.newbyteorder("<"))
        digest.update(f"{name} {little.dtype.str} {little.shape}".encode("ascii"))
        digest.update(little.tobytes())
    return _dumps({"sha256": digest.hexdigest(), **about})


def _dumps(value: dict[str, Any]) -> str:
    return json.dumps(value, separators=(",", ":"))


# ----------------------------------------------------------------------------------------- writing


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
    _require_finite(saved, path)
    target, data = check_target(path, overwrite=overwrite), _serialize(saved)
    if int.from_bytes(data[:8], "little") > HEADER_LIMIT:
        raise SavedClassifierError(
            f"Cannot save the classifier to {shown(path)}: its labels and prompts take more than "
            f"the {HEADER_LIMIT:,} bytes that the format has for them. Save parts of the label set."
        )
    try:
        with writing_whole(target) as file:
            file.write(data)
    except OSError as error:
        raise refused(path, error) from error


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
    return save({TENSOR: matrix, **others}, {KEY: sealed(about, matrix, *others.items())})


def _format_of(saved: SavedClassifier) -> int:
    """The format that a file needs: the first that says all, for older versions of zsclip.

    Those that read the first compute every model as OpenAI's, with QuickGELU and their
    preprocessing, whatever the file says; those that read the second know nothing of what was
    learnt, or of several labels at once.
    """
    if saved.head.learnt or saved.head.multi_label:
        return 3
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


# ----------------------------------------------------------------------------------------- reading


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
                    f"it is a safetensors file of something else, with {n} tensor{'s' * (n != 1)}. "
                    "For a model's weights use ZeroShotClassifier(labels, model=...)."
                )
            about = _parse(metadata[KEY])
            try:
                matrix, others = _read_arrays(tensors)
                rest = {key: value for key, value in about.value.items() if key != "sha256"}
                if sealed(rest, matrix, *others.items()) != metadata[KEY]:
                    raise ValueError("its SHA-256 says that it is not what was saved")
                return _saved(about, matrix, others)
            except (ValueError, RecursionError) as error:  # Python writes less deep than it reads
                raise _damaged(error) from error
    except SafetensorError as error:
        if head[8:] == b"{":
            raise _Fault(
                f"it is damaged or cut short ({brief(str(error))}). Copy it again, or save the "
                "classifier anew."
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


def _read_arrays(tensors: Any) -> tuple[NDArray[np.float32], dict[str, NDArray[Any]]]:
    names = set(tensors.keys())
    if TENSOR not in names:
        raise ValueError(f"it must hold the tensor `{TENSOR}`, and holds {brief(sorted(names))}")
    if (kind := tensors.get_slice(TENSOR).get_dtype()) != "F32":
        raise ValueError(f"`{TENSOR}` must be F32, and is {printable(str(kind))}")
    for name in names - {TENSOR}:
        if name != NULL_TENSOR and not name.startswith(LEARNT_PREFIX):
            raise ValueError(f"it holds a tensor that nothing needs, {brief(name)}")
        if tensors.get_slice(name).get_dtype() not in ("F32", "F64"):
            raise ValueError(f"{brief(name)} must be F32 or F64")
    others = {name: tensors.get_tensor(name) for name in names - {TENSOR}}
    return cast("NDArray[np.float32]", tensors.get_tensor(TENSOR)), others


def _saved(
    about: Plain, matrix: NDArray[np.float32], others: dict[str, NDArray[Any]]
) -> SavedClassifier:
    """What the file holds, once its parts are known to belong together."""
    plain, precision = about.table("model"), about.text("precision")
    function = plain.text("score_function")
    if function not in ("softmax", "sigmoid"):
        raise ValueError(f"there is no score function {brief(function)}")
    encoder = plain.text("encoder")
    model = ModelInfo(
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
    labelset = labelset_of_plain(about.table("labelset"))
    if matrix.shape != (due := (len(labelset), model.embedding_dim)):
        raise ValueError(
            f"`{TENSOR}` must have the shape {due}, labels by width, and has {matrix.shape}"
        )
    lengths = np.linalg.norm(matrix.astype(np.float64), axis=1)
    if not np.isfinite(lengths).all():
        name = labelset[int(np.isfinite(lengths).argmin())].name
        raise ValueError(f"`{TENSOR}` holds NaN or infinity for the label {brief(name)}")
    if (np.abs(lengths - 1) > UNIT).any():
        raise ValueError(f"the rows of `{TENSOR}` must be of length 1")
    several = about.table("several") if "several" in about.value else None
    learnt = about.table("learnt") if "learnt" in about.value else Plain({}, "learnt")
    null_matrix = others.pop(NULL_TENSOR, None)
    arrays = {name.removeprefix(LEARNT_PREFIX): values for name, values in others.items()}
    head = Head(
        labelset,
        about.texts("templates"),
        matrix,
        precision,
        multi_label=several is not None,
        null_prompts=() if several is None else several.texts("null_prompts"),
        null_matrix=null_matrix,
        learnt=learnt_of_plain(learnt, arrays),
    )
    head.require_whole(model.embedding_dim)
    reading = about.text("reading")
    reading_like(Reading(), reading)  # raises if there is none such
    return SavedClassifier(head, model, plain.text_or_none("weights_sha256"), reading)
