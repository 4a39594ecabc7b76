"""`evaluate` and `evaluate_folder` of a classifier."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip import Comparison, UnknownTruth, ZeroShotClassifier
from zsclip.errors import LabelNotFoundError, ParameterError, ParameterTypeError

Solid = Callable[[str], Image.Image]


def test_pictures_are_judged_in_one_pass(
    colors: ZeroShotClassifier, fake: Any, solid: Solid
) -> None:
    pictures = [solid(color) for color in ("red", "green", "blue", "red")]
    found = colors.evaluate(pictures, ["red", 1, "green", "red"])
    assert found.accuracy == 0.75
    assert found.mean_per_class_recall == 0.75
    assert sum(fake.image_batches) == 4
    predictions = colors.classify_many(pictures)
    assert np.array_equal(found.scores, [p.scores for p in predictions])
    assert found.origin == colors.origin
    assert found.truth.tolist() == [0, 1, 1, 0]


def test_evaluating_asks_the_engine_for_no_more_than_classifying(
    colors: ZeroShotClassifier, fake: Any, solid: Solid
) -> None:
    colors.classify_many([solid("red"), solid("green")])
    asked = list(fake.image_batches), list(fake.text_batches)
    colors.evaluate([solid("red"), solid("green")], ["red", "green"])
    assert fake.image_batches == asked[0] * 2
    assert fake.text_batches == asked[1]


def test_embeddings_are_judged_as_their_pictures(
    colors: ZeroShotClassifier, fake: Any, solid: Solid
) -> None:
    pictures = [solid(color) for color in ("red", "green", "blue")]
    truth = ["red", "cow", "green"]
    by_pictures = colors.evaluate(pictures, truth)
    rows = colors.encode_images(pictures)
    n = sum(fake.image_batches)
    by_rows = colors.evaluate(rows.astype(np.float64), truth)
    assert sum(fake.image_batches) == n
    assert np.array_equal(by_rows.scores, by_pictures.scores)
    assert by_rows.sources == ("<embedding 0>", "<embedding 2>")
    assert by_rows.unknown == (UnknownTruth("<embedding 1>", "cow"),)


def test_a_folder_of_pictures_has_its_natural_order(
    colors: ZeroShotClassifier, swatches: Path
) -> None:
    found = colors.evaluate(swatches, ["red", "green", "blue"])
    assert found.accuracy == 1
    assert [Path(source).name for source in found.sources] == [
        "1-red.png",
        "2-green.png",
        "3-blue.png",
    ]


def test_what_cannot_be_read_is_listed_and_not_counted(
    colors: ZeroShotClassifier, swatches: Path
) -> None:
    (swatches / "4-broken.png").write_bytes(b"no picture")
    found = colors.evaluate(swatches, ["red", "green", "blue", "blue"])
    assert found.accuracy == 1
    assert [Path(failure.source).name for failure in found.failures] == ["4-broken.png"]


@pytest.mark.parametrize("kind", ["list", "folder", "embeddings"])
def test_another_number_of_truths_is_told_before_anything_is_embedded(
    colors: ZeroShotClassifier, fake: Any, swatches: Path, kind: str
) -> None:
    images: Any = {
        "list": sorted(swatches.iterdir()),
        "folder": swatches,
        "embeddings": np.eye(3, 8, dtype=np.float32),
    }[kind]
    with pytest.raises(ParameterError, match="there are 3 pictures, and 2 in `truth`"):
        colors.evaluate(images, ["red", "green"])
    assert fake.image_batches == []
    assert fake.text_batches == []


def test_a_generator_is_taken_as_it_comes(colors: ZeroShotClassifier, solid: Solid) -> None:
    def pictures() -> Iterator[Image.Image]:
        yield solid("red")
        yield solid("blue")

    assert colors.evaluate(pictures(), (c for c in ("red", "blue"))).accuracy == 1
    with pytest.raises(ParameterError, match="there are 2 pictures, and 3 in `truth`"):
        colors.evaluate(pictures(), ["red", "blue", "red"])
    with pytest.raises(ParameterError, match="more than 1 pictures, and 1 in `truth`"):
        colors.evaluate(pictures(), ["red"])


def test_truth_of_which_nothing_is_a_label_is_told_before_anything_is_embedded(
    colors: ZeroShotClassifier, fake: Any, solid: Solid
) -> None:
    with pytest.raises(LabelNotFoundError, match="Did you mean 'red'"):
        colors.evaluate([solid("red")], ["rad"])
    with pytest.raises(ParameterTypeError, match="`truth` must be a list"):
        colors.evaluate([solid("red")], "red")
    assert fake.image_batches == []


@pytest.mark.parametrize("single", [b"x" * 3, np.zeros((3, 4, 3), np.uint8)])
def test_a_single_picture_is_refused_as_such(colors: ZeroShotClassifier, single: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`images` must be several pictures"):
        colors.evaluate(single, ["red"])


def test_rows_that_are_no_embeddings_are_refused(colors: ZeroShotClassifier) -> None:
    with pytest.raises(ParameterError, match="has the length 2"):
        colors.evaluate(2 * np.eye(1, 8, dtype=np.float32), ["red"])


def test_class_folders_are_truth(
    colors: ZeroShotClassifier, fake: Any, swatches: Path, tmp_path: Path
) -> None:
    root = tmp_path / "classes"
    for label, file in (
        ("red", "1-red"),
        ("Green", "2-green"),
        ("blue", "1-red"),
        ("cow", "3-blue"),
    ):
        (root / label).mkdir(parents=True)
        shutil.copy(swatches / f"{file}.png", root / label / "x.png")
    found = colors.evaluate_folder(root)
    assert found.accuracy == pytest.approx(2 / 3)
    assert found.unknown == (UnknownTruth(str(root / "cow" / "x.png"), "cow"),)
    assert sum(fake.image_batches) == 3  # those that are unknown are not even read
    assert [row.label for row in found.per_class if row.recall == 0] == ["blue"]


def test_two_sets_of_templates_are_compared(colors: ZeroShotClassifier, solid: Solid) -> None:
    pictures, truth = [solid("red"), solid("blue")], ["red", "blue"]
    other = colors.with_labels(["red", "green", "blue"], templates=["the {}"])
    found = colors.evaluate(pictures, truth).compare(other.evaluate(pictures, truth))
    assert found == Comparison(2, 1.0, 1.0, 0, 0, 1.0)


def test_several_labels_of_a_picture_are_judged_each_by_itself(
    fake: Any, solid: Solid, swatches: Path, tmp_path: Path
) -> None:
    several = ZeroShotClassifier(
        ["red", "green", "blue"], multi_label=True, encoder=fake, cache=False
    )
    found = several.evaluate([solid("red"), solid("white")], [["red"], ["red", 1, "blue"]])
    assert found.truth.tolist() == [[True, False, False], [True, True, True]]
    assert found.mean_average_precision == 1
    (tmp_path / "classes" / "red").mkdir(parents=True)
    shutil.copy(swatches / "1-red.png", tmp_path / "classes" / "red")
    assert several.evaluate_folder(tmp_path / "classes").truth.tolist() == [[True, False, False]]
