"""Whatever a classifier learnt, all ways to its answers and all ways to have it again agree."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hand_made import some_learnt, some_parts
from numpy.typing import NDArray

from zsclip import Learnt, Prediction, ZeroShotClassifier
from zsclip.testing import FakeEncoder as HashEncoder

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

SEVERAL = ("standardization", "thresholds")  # what single labels cannot learn
KINDS = {
    **{name: (name,) for name in some_parts(3, 8)},
    "probe, calibrated, rejecting": ("probe", "calibration", "rejection"),
    "standardized, thresholds": ("standardization", "thresholds"),
}
PICTURES = [np.full((3, 4, 3), 50 * i, np.uint8) for i in range(5)]

Load = Callable[[Path], ZeroShotClassifier]


def taught(engine: Any, names: Sequence[str], **options: Any) -> ZeroShotClassifier:
    """A classifier that learnt the kinds that are named."""
    options = {"multi_label": any(name in SEVERAL for name in names), "cache": False, **options}
    clf = ZeroShotClassifier(["red", "green", "blue"], encoder=engine, batch_size=2, **options)
    clf.predict(PICTURES[:1])  # its labels are embedded then
    tie, d = clf._model.tie(clf._head), clf.model_info.embedding_dim
    return clf.with_learnt(some_learnt(tie, 3, d, *names))


def by_each_way(clf: ZeroShotClassifier) -> dict[str, list[Prediction]]:
    """The predictions of `PICTURES` by each way to them, with their sources made equal."""
    embeddings = clf.encode_images(PICTURES)
    with ThreadPoolExecutor(4) as pool:
        threads = list(pool.map(clf.classify, PICTURES))
    return {
        "classify": [clf.classify(picture) for picture in PICTURES],
        "classify_many": clf.classify_many(PICTURES),
        "stream": list(clf.stream(iter(PICTURES))),
        "recorded": [
            p for p in clf.stream(PICTURES, on_error="record") if isinstance(p, Prediction)
        ],
        "threads": threads,
        "embeddings": clf.classify_embeddings(embeddings),
    }


def numbers(predictions: list[Prediction]) -> NDArray[np.float64]:
    """Scores and confidence: float64 (n, labels + 1); NaN where there is no confidence."""
    rows = [[*p.scores, np.nan if p.confidence is None else p.confidence] for p in predictions]
    return np.array(rows, np.float64)


@pytest.mark.parametrize("names", KINDS.values(), ids=KINDS)
def test_every_way_to_answers_agrees(fake: FakeEncoder, names: tuple[str, ...]) -> None:
    clf = taught(fake, names)
    ways = by_each_way(clf)
    first = ways["classify_many"]
    assert len(first) == len(PICTURES)
    for way, predictions in ways.items():
        np.testing.assert_allclose(
            numbers(predictions), numbers(first), atol=1e-6, equal_nan=True, err_msg=way
        )
        assert [p.answer for p in predictions] == [p.answer for p in first], way
        assert [p.learnt for p in predictions] == [clf.learnt.for_predictions()] * 5, way
        assert {p.origin for p in predictions} == {clf.origin}, way
    scores = numbers(first)[:, :3]
    np.testing.assert_allclose(clf.predict_proba(PICTURES), scores, atol=1e-6)
    np.testing.assert_allclose(clf.score_embeddings(clf.encode_images(PICTURES)), scores, atol=1e-6)
    # scikit-learn's meaning, the best label, of a picture that is rejected as well
    assert list(clf.predict(PICTURES)) == [p.label for p in first]


@pytest.mark.parametrize("names", KINDS.values(), ids=KINDS)
def test_every_way_to_have_it_again_agrees(tmp_path: Path, names: tuple[str, ...]) -> None:
    clf = taught(HashEncoder(), names)
    expected = clf.classify_many(PICTURES)
    clf.save(tmp_path / "a.zsclip")
    ways = {
        "load": ZeroShotClassifier.load(
            tmp_path / "a.zsclip", encoder=HashEncoder(), cache=False, batch_size=2
        ),
        "pickle": pickle.loads(pickle.dumps(clf)),
        "copy": copy.copy(clf),
        "deepcopy": copy.deepcopy(clf),
        "with_learnt": clf.zero_shot().with_learnt(clf.learnt),
    }
    for way, again in ways.items():
        assert again.learnt == clf.learnt, way
        assert again.classify_many(PICTURES) == expected, way
        assert repr(again) == repr(clf), way
    assert pickle.loads(pickle.dumps(expected)) == expected


@pytest.mark.parametrize("names", KINDS.values(), ids=KINDS)
def test_predictions_tell_what_was_learnt_and_others_do_not(
    fake: FakeEncoder, names: tuple[str, ...]
) -> None:
    clf = taught(fake, names)
    told = clf.classify(PICTURES[0]).to_dict()
    assert told["origin"]["learnt"] == clf.learnt.id != ""
    assert ("accepted" in told) is ("rejection" in names)
    plain = clf.zero_shot()
    told = plain.classify(PICTURES[0]).to_dict()
    assert "learnt" not in told["origin"]
    assert "accepted" not in told
    assert plain.learnt == Learnt()
    assert plain.calibration is None
    assert plain.rejection is None


@pytest.mark.parametrize("names", [(), *KINDS.values()], ids=["nothing", *KINDS])
def test_a_classification_makes_the_same_calls_of_the_engine_as_ever(
    fake_encoder: type[FakeEncoder], names: tuple[str, ...]
) -> None:
    """One call for each batch of pictures; one for all prompts, one for all null prompts if any.

    Nothing is asked for what was learnt.
    """
    engine = fake_encoder()
    clf = taught(engine, names) if names else None
    if clf is None:
        clf = ZeroShotClassifier(
            ["red", "green", "blue"], encoder=engine, batch_size=2, cache=False
        )
        clf.predict(PICTURES[:1])
    several = any(name in SEVERAL for name in names)
    assert len(engine.text_batches) == 1 + several
    engine.image_batches.clear()
    clf.classify(PICTURES[0])
    clf.classify_many(PICTURES)
    assert engine.image_batches == [1, 2, 2, 1]
    clf.classify_embeddings(clf.encode_images(PICTURES))
    assert engine.image_batches == [1, 2, 2, 1, 2, 2, 1]
    assert len(engine.text_batches) == 1 + several


def test_each_kind_has_an_effect(fake_encoder: type[FakeEncoder]) -> None:
    """Without it, all the above would hold of what nobody looks at."""

    def scores(clf: ZeroShotClassifier) -> NDArray[np.float32]:
        return clf.predict_proba(PICTURES)

    for name in ("probe", "standardization", "calibration"):
        clf = taught(fake_encoder(), [name])
        assert not np.allclose(scores(clf), scores(clf.zero_shot()), atol=1e-3), name
    rejecting = taught(fake_encoder(), ["rejection"])
    assert rejecting.classify(PICTURES[0]).confidence is not None
    assert {p.accepted for p in rejecting.zero_shot().classify_many(PICTURES)} == {True}
    several = taught(fake_encoder(), ["thresholds"])
    values = some_parts(3, 8)["thresholds"].arrays()["values"]
    for prediction in several.classify_many(PICTURES):
        said = {score.label for score in prediction.above()}
        names = prediction.labelset.names
        assert said == {names[i] for i in np.flatnonzero(prediction.scores >= values)}
