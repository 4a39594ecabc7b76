from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import onnx
import pytest

from zsclip import ZeroShotClassifier
from zsclip.errors import (
    ExportError,
    ParameterError,
    ParameterTypeError,
    SavedClassifierFileError,
    WouldReplaceError,
)
from zsclip.export.streaming import size_of

EXACT = 1e-5  # of scores and of embeddings, between two ways to add up in fp32


@pytest.mark.parametrize("n", [1, 3, 7, 12])
def test_a_file_gives_what_the_classifier_gives(
    n: int,
    animals: ZeroShotClassifier,
    pictures: list[Any],
    prepared: Callable[..., Any],
    run: Callable[..., Any],
    tmp_path: Path,
) -> None:
    animals.export(tmp_path / "animals.onnx")
    scores, embeddings = run(tmp_path / "animals.onnx", prepared(animals, pictures[:n]))
    assert np.abs(scores - animals.predict_proba(pictures[:n])).max() < EXACT
    assert np.abs(embeddings - animals.encode_images(pictures[:n])).max() < EXACT


@pytest.mark.parametrize(("precision", "drift"), [("fp32", 1e-5), ("fp16", 3e-3), ("int8", 3e-2)])
def test_a_file_in_fewer_bits_is_smaller_and_close(
    precision: Any,
    drift: float,
    animals: ZeroShotClassifier,
    pictures: list[Any],
    prepared: Callable[..., Any],
    run: Callable[..., Any],
    tmp_path: Path,
) -> None:
    file = tmp_path / "animals.onnx"
    animals.export(file, precision=precision)
    onnx.checker.check_model(str(file), full_check=True)
    scores, embeddings = run(file, prepared(animals, pictures))
    assert scores.dtype == embeddings.dtype == np.float32
    assert np.abs(scores - animals.predict_proba(pictures)).max() < drift
    assert (embeddings * animals.encode_images(pictures)).sum(1).min() > 1 - drift / 10
    assert file.stat().st_size < {"fp32": 29e6, "fp16": 15e6, "int8": 19e6}[precision]


def test_equal_classifiers_are_exported_as_equal_bytes(
    animals: ZeroShotClassifier, tmp_path: Path
) -> None:
    for name in ("a", "b"):  # without a cache, where other batches may have left other last digits
        clf = ZeroShotClassifier(
            animals.labelset, model="tiny-cartoon", precision="fp32", cache=False
        )
        clf.export(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_file_that_was_exported_is_replaced_and_another_one_is_not(
    animals: ZeroShotClassifier, tmp_path: Path
) -> None:
    file = tmp_path / "animals.onnx"
    animals.export(file)
    animals.export(file)
    exported = file.read_bytes()
    file.write_bytes(b"\x08\x0a\x12\x07pytorch")
    with pytest.raises(WouldReplaceError, match="no classifier that zsclip exported"):
        animals.export(file)
    animals.export(file, overwrite=True)
    assert file.read_bytes() == exported
    assert list(tmp_path.iterdir()) == [file]


def test_an_engine_that_gives_no_graph_is_refused(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="The engine 'fake' cannot give"):
        colors.export(tmp_path / "colors.onnx")
    assert not list(tmp_path.iterdir())


def test_a_precision_that_there_is_not_is_named(
    animals: ZeroShotClassifier, tmp_path: Path
) -> None:
    wrong: Any = "int4"
    with pytest.raises(ParameterError, match="'fp32' or 'fp16' or 'int8', got 'int4'"):
        animals.export(tmp_path / "x", precision=wrong)


def test_an_export_needs_a_path_and_a_yes_or_no(
    animals: ZeroShotClassifier, tmp_path: Path
) -> None:
    wrong: Any = 3
    with pytest.raises(ParameterTypeError, match="must be a path"):
        animals.export(wrong)
    with pytest.raises(ParameterTypeError, match="`with_resize` must be True or False, got 3"):
        animals.export(tmp_path / "x", with_resize=wrong)


def test_a_file_larger_than_the_format_has_room_for_is_refused(
    tiny: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zsclip.export.writing.LARGEST", 20_000_000)
    with pytest.raises(ExportError, match=r'27\.\d MB, and the format ends at 2 GiB.*"fp16"'):
        tiny.export(tmp_path / "tiny.onnx")
    assert not list(tmp_path.iterdir())
    tiny.export(tmp_path / "tiny.onnx", precision="fp16")


@pytest.mark.parametrize(("precision", "told"), [("fp16", '"int8", or export'), ("int8", "Export")])
def test_what_is_too_large_in_few_bits_is_not_to_be_exported_in_as_many(
    precision: Any,
    told: str,
    tiny: ZeroShotClassifier,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("zsclip.export.writing.LARGEST", 1_000_000)
    with pytest.raises(ExportError, match=f"in {precision} it would .* 2 GiB.*{told}") as caught:
        tiny.export(tmp_path / "tiny.onnx", precision=precision)
    assert "fp16" not in str(caught.value).partition("2 GiB")[2]


def test_labels_that_load_would_not_take_are_not_exported(
    tiny: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.export(tmp_path / "tiny.onnx")
    room = sum(entry.ByteSize() for entry in onnx.load(tmp_path / "tiny.onnx").metadata_props)
    monkeypatch.setattr("zsclip.formats.onnx_file.METADATA_LIMIT", room)
    monkeypatch.setattr("zsclip.export.writing.METADATA_LIMIT", room)
    tiny.export(tmp_path / "tiny.onnx")
    assert ZeroShotClassifier.load(tmp_path / "tiny.onnx").labelset == tiny.labelset
    monkeypatch.setattr("zsclip.export.writing.METADATA_LIMIT", room - 1)
    with pytest.raises(ExportError, match=r"labels? to an ONNX file: .* parts of the label set"):
        tiny.export(tmp_path / "other.onnx")
    assert [file.name for file in tmp_path.iterdir()] == ["tiny.onnx"]


def test_the_size_of_a_file_is_known_before_it_is_written(
    tiny: ZeroShotClassifier, tmp_path: Path
) -> None:
    asked = []

    def remembering(*args: Any) -> int:
        asked.append(size_of(*args))
        return asked[-1]

    with mock.patch("zsclip.export.writing.size_of", remembering):
        tiny.export(tmp_path / "tiny.onnx")
    assert asked == [(tmp_path / "tiny.onnx").stat().st_size]


def test_a_disk_that_is_full_leaves_what_was_there(
    tiny: ZeroShotClassifier, tmp_path: Path
) -> None:
    tiny.export(tmp_path / "tiny.onnx")
    before = (tmp_path / "tiny.onnx").read_bytes()
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with (
        mock.patch("zsclip.export.writing.stream", side_effect=full),
        pytest.raises(SavedClassifierFileError, match="No space left on device"),
    ):
        tiny.export(tmp_path / "tiny.onnx", precision="int8")
    assert [(file.name, file.read_bytes()) for file in tmp_path.iterdir()] == [
        ("tiny.onnx", before)
    ]


def test_a_classifier_in_bf16_is_exported_from_its_weights_in_fp32(
    tiny: ZeroShotClassifier,
    pictures: list[Any],
    prepared: Callable[..., Any],
    run: Callable[..., Any],
    tmp_path: Path,
) -> None:
    clf = ZeroShotClassifier(tiny.labelset, model="tiny-cartoon", device="cpu", precision="bf16")
    clf.export(tmp_path / "tiny.onnx")
    _, embeddings = run(tmp_path / "tiny.onnx", prepared(clf, pictures))
    assert np.abs(embeddings - tiny.encode_images(pictures)).max() < EXACT
