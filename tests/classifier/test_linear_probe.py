"""A probe classifies, saves, streams, rejects and is calibrated as every other classifier."""

from __future__ import annotations

import io
import pickle
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from sklearn.linear_model import LogisticRegression

from zsclip import Label, LabelSet, ZeroShotClassifier
from zsclip.errors import (
    CalibrationWarning,
    LabelNotFoundError,
    LearntMismatchError,
    ParameterError,
)
from zsclip.labels import Group

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

ANIMALS = ["frog", "fish", "octopus", "tiger"]
FILES = ["frog", "fish", "octopus", "tigerside"]


@pytest.fixture(scope="module")
def turned(drawings: Path) -> tuple[list[Image.Image], list[str]]:
    """Each of four animals, turned in six ways."""
    images, truth = [], []
    for name, file in zip(ANIMALS, FILES, strict=True):
        picture = Image.open(io.BytesIO((drawings / f"{file}.png").read_bytes())).convert("RGBA")
        for angle in range(-50, 51, 20):
            images.append(picture.rotate(angle))
            truth.append(name)
    return images, truth


@pytest.fixture(scope="module")
def rows(
    tiny: ZeroShotClassifier, turned: tuple[list[Image.Image], list[str]]
) -> NDArray[np.float32]:
    return tiny.encode_images(turned[0])


@pytest.fixture(scope="module")
def probe(
    tiny: ZeroShotClassifier, turned: tuple[list[Image.Image], list[str]]
) -> ZeroShotClassifier:
    return tiny.linear_probe(*turned)


def test_its_scores_are_those_of_scikit_learn(
    probe: ZeroShotClassifier,
    turned: tuple[list[Image.Image], list[str]],
    rows: NDArray[np.float32],
) -> None:
    images, truth = turned
    learnt = probe.learnt.probe
    assert learnt is not None
    index = [ANIMALS.index(name) for name in truth]
    expected = LogisticRegression(C=learnt.c, max_iter=1000).fit(rows.astype(float), index)
    np.testing.assert_allclose(probe.predict_proba(images), expected.predict_proba(rows), atol=1e-5)
    np.testing.assert_allclose(
        probe.score_embeddings(rows), expected.predict_proba(rows), atol=1e-5
    )
    assert list(probe.predict(images)) == truth
    assert learnt.pictures == len(truth)


def test_embeddings_are_learnt_from_as_their_pictures(
    tiny: ZeroShotClassifier,
    probe: ZeroShotClassifier,
    turned: tuple[list[Image.Image], list[str]],
    rows: NDArray[np.float32],
) -> None:
    again = tiny.linear_probe(rows, turned[1])
    np.testing.assert_allclose(
        again.score_embeddings(rows), probe.score_embeddings(rows), atol=1e-4
    )


def test_all_else_goes_on_with_it(
    probe: ZeroShotClassifier,
    turned: tuple[list[Image.Image], list[str]],
    rows: NDArray[np.float32],
    tmp_path: Path,
) -> None:
    images, truth = turned
    expected = probe.classify_many(images[:5])
    probe.save(tmp_path / "probe.zsclip")
    for again in (
        ZeroShotClassifier.load(tmp_path / "probe.zsclip"),
        pickle.loads(pickle.dumps(probe)),
    ):
        assert again.learnt == probe.learnt
        found = [p.scores for p in again.stream(images[:5])]
        np.testing.assert_allclose(found, [p.scores for p in expected], atol=1e-6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CalibrationWarning)  # on its own pictures it is never wrong
        sure = probe.calibrated(rows, truth).rejecting(rows, coverage=0.9)
    assert list(sure.learnt.parts()) == ["probe", "calibration", "rejection"]
    prediction = sure.classify(images[0])
    assert prediction.confidence is not None
    assert prediction.label == truth[0]
    assert prediction.ranks()[0].name == truth[0]
    assert len(pickle.dumps(prediction)) < 10_000  # the weights do not go along
    assert prediction.learnt.probe is not None
    assert repr(sure).endswith("learnt probe, calibration, rejection>")


def test_labels_without_pictures_keep_their_texts(
    tiny: ZeroShotClassifier, turned: tuple[list[Image.Image], list[str]]
) -> None:
    images, truth = turned
    some = [i for i, name in enumerate(truth) if name != "octopus"]
    few = [images[i] for i in some], [truth[i] for i in some]
    with pytest.raises(ParameterError, match=r"none shows 'octopus'.*start=\"text\""):
        tiny.linear_probe(*few)
    found = tiny.linear_probe(*few, start="text", c=1)
    octopuses = [image for image, name in zip(images, truth, strict=True) if name == "octopus"]
    assert (found.predict(octopuses) == tiny.predict(octopuses)).mean() >= 0.8
    assert list(found.predict(few[0])) == few[1]


def test_a_probe_is_fitted_first_and_may_be_fitted_anew(
    tiny: ZeroShotClassifier,
    probe: ZeroShotClassifier,
    turned: tuple[list[Image.Image], list[str]],
    rows: NDArray[np.float32],
) -> None:
    truth = turned[1]
    with pytest.raises(ParameterError, match=r"learnt something from scores already \(rejection"):
        tiny.rejecting(threshold=0.5).linear_probe(rows, truth)
    other = probe.linear_probe(rows, truth, start="text", c=2)
    assert other.learnt.probe is not None
    assert other.learnt.probe.start == "text"
    with pytest.raises(LearntMismatchError):
        probe.with_labels(["a", "b"])
    assert probe.zero_shot().learnt == tiny.learnt


def test_truth_that_is_no_label_and_too_little_of_it(
    tiny: ZeroShotClassifier, rows: NDArray[np.float32]
) -> None:
    with pytest.raises(LabelNotFoundError, match="'frgo'"):
        tiny.linear_probe(rows[:2], ["frgo", "fish"], start="text")
    with pytest.raises(ParameterError, match="there are 2 pictures, and 1 in"):
        tiny.linear_probe(rows[:2], ["fish"], start="text")
    several = ZeroShotClassifier(["a", "b"], encoder=tiny.encoder, multi_label=True)
    with pytest.raises(ParameterError, match="`multi_label` must be False"):
        several.linear_probe(rows[:2], ["a", "b"])


def test_scores_share_where_the_engine_is_sigmoid(
    fake_encoder: type[FakeEncoder],
) -> None:
    engine = fake_encoder(score_function="sigmoid", logit_bias=-5.0)
    labels = LabelSet(
        "colors",
        (Label("red", "red", parent="warm"), Label("green", "green")),
        groups=(Group("warm", "warm"),),
    )
    clf = ZeroShotClassifier(labels, encoder=engine, cache=False)
    rows = np.eye(8, dtype=np.float32)
    for start in ("zero", "text"):
        found = clf.linear_probe(rows, ["red", "green"] * 4, start=start)
        np.testing.assert_allclose(found.score_embeddings(rows).sum(axis=1), 1, atol=1e-6)
        prediction = found.classify_embeddings(rows)[0]
        assert prediction.at("warm") == pytest.approx(float(prediction.scores[0]))
