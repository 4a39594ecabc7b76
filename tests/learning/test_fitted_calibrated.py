"""`calibrated`: a new classifier with the same interface, whose logits one number divides."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zsclip import Calibration, Learnt, Rejection, ZeroShotClassifier
from zsclip.errors import (
    CalibrationWarning,
    LabelNotFoundError,
    LearntMismatchError,
    NotLearntError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.scoring import logistic, softmax
from zsclip.testing import FakeEncoder

Embeddings = NDArray[np.float32]
Known = tuple[Embeddings, list[str]]

NAMES = ["red", "green", "blue"]


def known_to(clf: ZeroShotClassifier, n: int = 60, seed: int = 0) -> Known:
    """Embeddings that lie about those of the labels, some nearer to another one, and their truth.

    Of each label there are as many.
    """
    random = np.random.default_rng(seed)
    truth = [str(clf.classes_[i % len(clf.classes_)]) for i in range(n)]
    rows = clf.encode_texts([f"a {name} thing." for name in truth]).astype(np.float64)
    rows += random.normal(scale=0.6, size=rows.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32), truth


@pytest.fixture
def known(colors: ZeroShotClassifier) -> Known:
    return known_to(colors)


def logits_of(clf: ZeroShotClassifier, rows: Embeddings) -> NDArray[np.float64]:
    info = clf.model_info
    cosines = rows @ clf.encode_texts([f"a {name} thing." for name in clf.classes_]).T
    made: NDArray[np.float64] = info.logit_scale * cosines.astype(np.float64) + info.logit_bias
    return made


def test_scores_are_those_of_logits_divided_by_the_temperature(
    colors: ZeroShotClassifier, known: Known
) -> None:
    sure = colors.calibrated(*known)
    assert isinstance(sure.calibration, Calibration)
    assert sure.calibration.temperature != 1
    expected = softmax(logits_of(colors, known[0]) / sure.calibration.temperature)
    np.testing.assert_allclose(sure.score_embeddings(known[0]), expected, atol=1e-6)
    assert sure.score_embeddings(known[0]).dtype == np.float32


def test_the_classifier_itself_stays_as_it_is(colors: ZeroShotClassifier, known: Known) -> None:
    before = colors.score_embeddings(known[0])
    sure = colors.calibrated(*known)
    assert type(sure) is ZeroShotClassifier
    assert colors.calibration is None
    assert not colors.learnt
    np.testing.assert_array_equal(colors.score_embeddings(known[0]), before)
    np.testing.assert_array_equal(sure.zero_shot().score_embeddings(known[0]), before)


def test_the_best_label_stays_the_best(colors: ZeroShotClassifier, known: Known) -> None:
    sure = colors.calibrated(*known)
    before, after = (clf.score_embeddings(known[0]).argmax(axis=1) for clf in (colors, sure))
    assert (before == after).all()


def test_a_temperature_of_one_leaves_every_bit_of_the_scores(
    colors: ZeroShotClassifier, known: Known
) -> None:
    calibration = colors.calibrated(*known).calibration
    assert calibration is not None
    tie = colors.calibrated(*known).learnt.tie
    one = colors.with_learnt(Learnt(tie=tie, calibration=replace(calibration, temperature=1.0)))
    assert one.score_embeddings(known[0]).tobytes() == colors.score_embeddings(known[0]).tobytes()


def test_truth_is_said_by_names_ids_aliases_or_positions(
    colors: ZeroShotClassifier, known: Known
) -> None:
    rows, names = known
    made = colors.calibrated(rows, names).calibration
    assert colors.calibrated(rows, [NAMES.index(name) for name in names]).calibration == made
    assert colors.calibrated(rows, np.array(names)).calibration == made
    assert colors.calibrated(rows, [name.upper() for name in names]).calibration == made


def test_the_seed_chooses_the_halves(colors: ZeroShotClassifier, known: Known) -> None:
    made = [colors.calibrated(*known, seed=seed).calibration for seed in (0, 0, 1)]
    assert made[0] == made[1] != made[2]
    assert colors.calibrated(*known).calibration == made[0]


def test_pictures_are_embedded_once_and_in_batches(
    colors: ZeroShotClassifier, solid: Callable[[str], Image.Image], fake: Any
) -> None:
    pictures = [solid(name) for name in NAMES * 2]
    with pytest.warns(CalibrationWarning, match="No picture .* is mistaken"):
        sure = colors.calibrated(pictures, NAMES * 2)
    assert fake.image_batches == [3, 3]
    assert len(fake.text_batches) == 1
    prediction = sure.classify(solid("red"))
    assert (prediction.label, fake.image_batches) == ("red", [3, 3, 1])
    assert len(fake.text_batches) == 1


def test_the_warning_names_the_line_that_called(colors: ZeroShotClassifier, known: Known) -> None:
    rows = colors.encode_texts([f"a {name} thing." for name in NAMES * 2])
    with pytest.warns(CalibrationWarning) as caught:
        colors.calibrated(rows, NAMES * 2)
    assert caught[0].filename == __file__


def test_sets_are_had_of_every_way_to_classify(
    colors: ZeroShotClassifier, known: Known, solid: Callable[[str], Image.Image]
) -> None:
    sure = colors.calibrated(*known)
    picture = solid("green")
    one = sure.classify(picture)
    assert one.prediction_set(0.8)[0].label == "green"
    for other in (
        sure.classify_many([picture])[0],
        next(iter(sure.stream([picture]))),
        sure.classify_embeddings(sure.encode_images([picture]))[0],
        pickle.loads(pickle.dumps(one)),
    ):
        for method in ("lac", "aps"):
            assert other.prediction_set(0.8, method=method) == one.prediction_set(
                0.8, method=method
            )
    with pytest.raises(NotLearntError):
        colors.classify(picture).prediction_set()


def test_sets_hold_the_truth_of_new_pictures(colors: ZeroShotClassifier) -> None:
    rows, truth = known_to(colors, 1_200)
    sure = colors.calibrated(rows[:300], truth[:300])
    for method in ("lac", "aps"):
        held = [
            name in [score.label for score in prediction.prediction_set(0.95, method=method)]
            for prediction, name in zip(
                sure.classify_embeddings(rows[300:]), truth[300:], strict=True
            )
        ]
        assert 0.92 <= np.mean(held) <= 0.98


def test_predict_proba_gives_the_new_scores_and_predict_the_old_labels(
    colors: ZeroShotClassifier, known: Known, solid: Callable[[str], Image.Image]
) -> None:
    sure, pictures = colors.calibrated(*known), [solid(name) for name in NAMES]
    assert sure.predict(pictures).tolist() == colors.predict(pictures).tolist()
    np.testing.assert_array_equal(
        sure.predict_proba(pictures), sure.score_embeddings(sure.encode_images(pictures))
    )


def test_a_calibrated_classifier_is_saved_and_pickled(
    colors: ZeroShotClassifier, known: Known, tmp_path: Path
) -> None:
    sure = colors.calibrated(*known)
    sure.save(tmp_path / "sure.zsclip")
    loaded = ZeroShotClassifier.load(tmp_path / "sure.zsclip", encoder=colors.encoder)
    assert loaded.calibration == sure.calibration
    np.testing.assert_array_equal(
        loaded.score_embeddings(known[0]), sure.score_embeddings(known[0])
    )
    with pytest.raises(LearntMismatchError, match="labels"):
        colors.with_labels(["red", "blue"]).with_learnt(sure.learnt)


def test_what_was_calibrated_before_is_fitted_anew(
    colors: ZeroShotClassifier, known: Known
) -> None:
    sure = colors.calibrated(*known)
    assert sure.calibrated(*known).calibration == sure.calibration
    other = known_to(colors, 90, seed=1)
    assert sure.calibrated(*other).calibration == colors.calibrated(*other).calibration


def test_a_sigmoid_is_calibrated_by_each_label_itself(fake_encoder: Any) -> None:
    fake = fake_encoder(score_function="sigmoid", logit_bias=-18.0)
    clf = ZeroShotClassifier(NAMES, templates=["a {} thing."], encoder=fake, cache=False)
    rows, truth = known_to(clf)
    sure = clf.calibrated(rows, truth)
    assert sure.calibration is not None
    expected = logistic(logits_of(clf, rows) / sure.calibration.temperature)
    np.testing.assert_allclose(sure.score_embeddings(rows), expected, atol=1e-6)
    assert sure.calibration.brier_before is None
    assert len(sure.classify_embeddings(rows)[0].prediction_set(0.8)) >= 1


def test_beside_a_probe_it_is_of_the_shares_that_the_probe_gives_whatever_the_engine_does() -> None:
    fake = FakeEncoder(score_function="sigmoid")
    clf = ZeroShotClassifier(NAMES, templates=["a {} thing."], encoder=fake, cache=False)
    probe = clf.linear_probe(*known_to(clf, seed=1), c=100)
    rows, truth = known_to(clf, 600)
    sure = probe.calibrated(rows, truth)
    assert sure.calibration is not None
    judged = sure.evaluate(rows, truth)
    assert judged.brier == pytest.approx(sure.calibration.brier_after, rel=0.1)
    assert judged.ece < 0.06
    assert probe.evaluate(rows, truth).brier == pytest.approx(sure.calibration.brier_before)


# --------------------------------------------------------------------------- what is refused


def test_truth_that_is_no_label_is_listed(colors: ZeroShotClassifier, known: Known) -> None:
    rows, truth = known
    wrong = ["rde", *truth[1:-1], None]
    told = r"(?s)`truth\[0\]` is 'rde'. Did you mean 'red'\?.*`truth\[59\]` is None"
    with pytest.raises(LabelNotFoundError, match=told):
        colors.calibrated(rows, wrong)


def test_there_must_be_a_truth_for_each_picture(colors: ZeroShotClassifier, known: Known) -> None:
    with pytest.raises(ParameterError, match=r"there are 60 pictures, and 59 in `truth`"):
        colors.calibrated(known[0], known[1][1:])
    with pytest.raises(ParameterTypeError, match="`truth` must be a list of labels"):
        colors.calibrated(known[0], "red")


def test_three_pictures_are_too_few(colors: ZeroShotClassifier, known: Known) -> None:
    with pytest.raises(ParameterError, match="4 pictures or more to calibrate on, got 3"):
        colors.calibrated(known[0][:3], known[1][:3])


@pytest.mark.parametrize("seed", [-1, 0.5, "x", True])
def test_a_seed_is_a_whole_number(colors: ZeroShotClassifier, known: Known, seed: Any) -> None:
    with pytest.raises((ParameterError, ParameterTypeError), match="`seed` must be"):
        colors.calibrated(*known, seed=seed)


def test_a_threshold_on_scores_comes_afterwards(
    colors: ZeroShotClassifier, known: Known, fake: Any
) -> None:
    sure = colors.calibrated(*known)
    for method in ("probability", "mcm"):
        rejection = Rejection(method=method, threshold=0.5)
        clf = colors.with_learnt(Learnt(tie=sure.learnt.tie, rejection=rejection))
        if method == "mcm":
            assert clf.calibrated(*known).rejection == rejection
            continue
        before = list(fake.image_batches)
        with pytest.raises(ParameterError, match="rejects by 'probability'"):
            clf.calibrated(["no such file.png"], known[1])
        assert fake.image_batches == before


def test_turned_drawings_are_calibrated_on(drawings: Path) -> None:
    names = ["frog", "fish", "octopus", "rat", "squirrel", "ram"]
    files = ["frog", "fish", "octopus", "rat", "chipmunk", "ram"]
    clf = ZeroShotClassifier(names, model="tiny-cartoon", precision="fp32")
    turned, truth = [], []
    for name, file in zip(names, files, strict=True):
        image = Image.open(io.BytesIO((drawings / f"{file}.png").read_bytes())).convert("RGBA")
        for angle in range(-60, 61, 20):
            turned.append(image.rotate(angle))
            truth.append(name)
    sure = clf.calibrated(turned, truth)
    assert sure.calibration is not None
    assert sure.calibration.pictures == 42
    assert sure.classify(turned[3]).prediction_set(0.8)[0].label == "frog"
