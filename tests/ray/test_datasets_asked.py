"""What can be told to be wrong before anything runs is told then."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow
import pytest
import ray
import ray.data
from counted_engine import COLORS, CountedEngine

import zsclip.ray
from zsclip import ZeroShotClassifier
from zsclip.errors import (
    ModelNotFoundError,
    ParameterError,
    ParameterTypeError,
    SavedClassifierFileError,
)

pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def clf(tmp_path: Path) -> ZeroShotClassifier:
    return ZeroShotClassifier([*COLORS], encoder=CountedEngine(tmp_path), cache=False)


@pytest.mark.parametrize(
    ("rows", "options", "message"),
    [
        ({"image": "a.png", "label": "x"}, {}, "has a column 'label' already"),
        ({"bytes": b"x"}, {}, r"`column` names 'image'.*Known: 'bytes'"),
        ({}, {}, "vectors of 5 numbers"),
        ({"image": "a.png"}, {"actors": 2, "num_cpus": 1}, "leave less than one"),
        ({"image": "a.png"}, {"num_gpus": 1}, "no machine of the cluster"),
        ({"image": "a.png"}, {"on_error": "skip"}, "must be 'raise' or 'record', got 'skip'"),
        ({"image": "a.png"}, {"batch_size": 0}, "`batch_size` must be 1 or more"),
        ({"image": "a.png"}, {"top": -1}, "`top` must be 0 or more"),
        ({"image": "a.png"}, {"ray_options": {"nodes": 3}}, "among accelerator_type, .* 'nodes'"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_runs(
    clf: ZeroShotClassifier, rows: dict[str, Any], options: dict[str, Any], message: str
) -> None:
    dataset = ray.data.from_arrow(vectors(5) if rows == {} else pyarrow.Table.from_pylist([rows]))
    with pytest.raises(ParameterError, match=message):
        zsclip.ray.classify(dataset, clf, **options)


def vectors(width: int) -> Any:
    kind = pyarrow.list_(pyarrow.float32(), width)
    return pyarrow.table({"image": pyarrow.array([[1.0] * width], kind)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keep": "id"}, "`keep` must be names of columns"),
        ({"column": 3}, "`column` must be a text"),
        ({"embeddings": 1}, "`embeddings` must be True or False"),
        ({"workers": "4"}, "`workers` must be a whole number"),
    ],
)
def test_what_has_no_such_type_is_refused(
    clf: ZeroShotClassifier, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParameterTypeError, match=message):
        zsclip.ray.classify(ray.data.from_items([{"image": "a.png"}]), clf, **options)


def test_a_column_of_numbers_is_no_column_of_pictures(clf: ZeroShotClassifier) -> None:
    with pytest.raises(ParameterTypeError, match="holds int64, which are neither pictures"):
        zsclip.ray.classify(ray.data.range(3), clf, column="id")


def test_an_option_that_there_is_not_is_named_with_the_nearest(clf: ZeroShotClassifier) -> None:
    options: Any = {"actor": 2}
    with pytest.raises(TypeError, match=r"'actor'\. Did you mean 'actors'"):
        zsclip.ray.classify(ray.data.range(3), clf, **options)


def test_a_dataset_and_a_classifier_are_asked_for(clf: ZeroShotClassifier, tmp_path: Path) -> None:
    wrong: Any = [{"image": "a.png"}]
    with pytest.raises(ParameterTypeError, match="`dataset` must be a dataset of Ray, got"):
        zsclip.ray.classify(wrong, clf)
    with pytest.raises(ParameterTypeError, match="`classifier` must be a ZeroShotClassifier or"):
        zsclip.ray.classify(ray.data.range(3), wrong)
    with pytest.raises(SavedClassifierFileError):
        zsclip.ray.classify(ray.data.range(3), tmp_path / "none.zsclip")
    with pytest.raises(ModelNotFoundError):
        zsclip.ray.embed(ray.data.range(3), "ViT-B/23")


def test_vectors_are_not_embedded_again(clf: ZeroShotClassifier) -> None:
    with pytest.raises(ParameterError, match="holds embeddings already"):
        zsclip.ray.embed(ray.data.from_arrow(vectors(4)), clf)
