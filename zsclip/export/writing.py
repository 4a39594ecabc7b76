"""A classifier to an ONNX file, written whole or not at all."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from zsclip.encoders import Encoder, graph_of_tower
from zsclip.encoders.onnx_about import PRECISIONS, Precision
from zsclip.errors import ExportError, LearntMismatchError, ParameterError
from zsclip.export.about import metadata_of
from zsclip.export.assembling import assemble
from zsclip.export.streaming import BEGINNING, LARGEST, size_of, stream
from zsclip.files import size_in_words, writing_whole
from zsclip.formats.onnx_file import METADATA_LIMIT
from zsclip.saved import SavedClassifier, bytes_of_classifier, check_target, refused
from zsclip.values import truth
from zsclip.wording import brief, counted, in_a_row

__all__ = ["PRECISIONS", "Precision", "check_onnx_target", "write_onnx"]


_SMALLER = {  # what to do about a file that is too large
    "fp32": 'Pass precision="fp16", which takes half of that, or "int8".',
    "fp16": 'Pass precision="int8", or export parts of the label set.',
    "int8": "Export parts of the label set.",
}


def check_onnx_target(path: str | os.PathLike[str], *, overwrite: bool = False) -> Path:
    """The file to write to, once it is known that it can be written; as `saved.check_target`."""
    return check_target(
        path, overwrite=overwrite, is_ours=_is_ours, kind="classifier that zsclip exported"
    )


def write_onnx(
    saved: SavedClassifier,
    encoder: Encoder,
    path: str | os.PathLike[str],
    *,
    precision: Precision = "fp32",
    with_resize: bool = False,
    overwrite: bool = False,
) -> None:
    """Write the file whole or not at all. Equal classifiers make equal bytes.

    Args:
        saved: The classifier.
        encoder: The engine of its model.
        path: The file.
        precision: One of `PRECISIONS`.
        with_resize: Whether pictures become square in there.
        overwrite: Replace any other file, too.

    Raises:
        ExportError: The engine cannot give its tower as a graph, or the file would be too large.
        LearntMismatchError: What was learnt belongs to another precision.
        MissingExtraError: ``zsclip[onnx]`` is not installed.
        ParameterError: `precision` is none of these.
        ParameterTypeError: `with_resize` is neither True nor False, or `path` no path.
        WouldReplaceError: A file is there that zsclip did not export, and may not be replaced.
        SavedClassifierError: As of `save`.
    """
    _require_known(precision, with_resize)
    _require_learnt_so(saved, precision)
    target = check_onnx_target(path, overwrite=overwrite)
    # where the checkpoint lay is nobody's business: the model goes along
    data = bytes_of_classifier(replace(saved, model=replace(saved.model, path=None)), path)
    tower = graph_of_tower(encoder)
    model, weights = assemble(saved, tower, precision, with_resize=with_resize)
    metadata = metadata_of(
        saved, data, precision=precision, square=tower.plain.square, with_resize=with_resize
    )
    for key, value in metadata.items():
        model.metadata_props.add(key=key, value=value)
    _require_room(saved, sum(entry.ByteSize() for entry in model.metadata_props))
    if (size := size_of(model, weights)) > LARGEST:
        raise ExportError(
            f"Cannot write {brief(saved.model.name)} as one ONNX file: in {precision} it would "
            f"have {size_in_words(size)}, and the format ends at 2 GiB. {_SMALLER[precision]}"
        )
    try:
        with writing_whole(target) as file:
            stream(file, model, weights)
    except OSError as error:
        raise refused(path, error) from error


def _require_known(precision: object, with_resize: object) -> None:
    if precision not in PRECISIONS:
        raise ParameterError(
            f"`precision` must be {in_a_row(list(map(repr, PRECISIONS)), ' or ')}, got "
            f"{brief(precision)}."
        )
    truth("with_resize", with_resize)


def _require_room(saved: SavedClassifier, size: int) -> None:
    """Raise unless `load` would take metadata of so many bytes."""
    if size > METADATA_LIMIT:
        raise ExportError(
            f"Cannot write {counted(len(saved.head.labelset), 'label')} to an ONNX file: as "
            f"metadata they would have {size_in_words(size)}, and there is room for "
            f"{size_in_words(METADATA_LIMIT)}. Export parts of the label set."
        )


def _require_learnt_so(saved: SavedClassifier, precision: str) -> None:
    """Raise if what was learnt belongs to embeddings that the file would not compute."""
    learnt = saved.head.learnt
    if learnt.tie is None or learnt.tie.precision == precision:
        return
    raise LearntMismatchError(
        f"What was learnt ({in_a_row(list(learnt.parts()))}) belongs to embeddings in "
        f"{learnt.tie.precision}, and the file would compute in {precision}. Make the classifier "
        'with precision="fp32", fit it there, and export it in fp32; or export what learnt nothing '
        "(`zero_shot()`), load the file, and fit that."
    )


def _is_ours(file: Path) -> bool:
    """Whether a file was exported by zsclip, by how it begins."""
    with file.open("rb") as opened:
        return opened.read(len(BEGINNING)) == BEGINNING
