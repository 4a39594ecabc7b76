"""Embeddings that one has already in the place of pictures: in every form, checked, in blocks."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray

import zsclip.pipeline.vectors
from zsclip import ZeroShotClassifier
from zsclip.errors import ParameterError, ParameterTypeError

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

FORMS: dict[str, Callable[[NDArray[np.float32]], Any]] = {
    "float16": lambda rows: rows.astype(np.float16),
    "float64": lambda rows: rows.astype(np.float64),
    "longdouble": lambda rows: rows.astype(np.longdouble),
    "column order": np.asfortranarray,
    "every second of twice as many": lambda rows: np.repeat(rows, 2, axis=0)[::2],
    "big endian": lambda rows: rows.astype(">f4"),
    "read-only": lambda rows: np.frombuffer(rows.tobytes(), np.float32).reshape(rows.shape),
    "rows": list,
    "lists": lambda rows: rows.tolist(),
}


@pytest.fixture(scope="module")
def paths(drawings: Path) -> list[Path]:
    return sorted(drawings.glob("*.png"))


@pytest.fixture(scope="module")
def rows(tiny: ZeroShotClassifier, paths: list[Path]) -> NDArray[np.float32]:
    return tiny.encode_images(paths)


def units(n: int, d: int, seed: int = 0) -> NDArray[np.float32]:
    found = np.random.default_rng(seed).standard_normal((n, d))
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def test_they_score_as_their_pictures(
    tiny: ZeroShotClassifier, paths: list[Path], rows: NDArray[np.float32]
) -> None:
    scores = tiny.score_embeddings(rows)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, tiny.predict_proba(paths), rtol=0, atol=1e-6)
    predictions = tiny.classify_embeddings(rows)
    assert [p.label for p in predictions] == list(tiny.predict(paths))
    assert predictions[3].source == "<embedding 3>"
    assert predictions[3].origin == tiny.classify(paths[3]).origin
    np.testing.assert_array_equal(np.stack([p.scores for p in predictions]), scores)


@pytest.mark.parametrize("form", FORMS)
def test_they_may_have_any_form(
    tiny: ZeroShotClassifier, rows: NDArray[np.float32], form: str
) -> None:
    given = FORMS[form](rows)
    found = tiny.score_embeddings(given)
    tolerance = 2e-3 if form == "float16" else 1e-6
    np.testing.assert_allclose(found, tiny.score_embeddings(rows), rtol=0, atol=tolerance)
    assert [p.label for p in tiny.classify_embeddings(given)] == [
        p.label for p in tiny.classify_embeddings(rows)
    ]


@pytest.mark.parametrize("kind", ["float32", "float64", "bfloat16", "with a gradient"])
def test_they_may_be_tensors(
    tiny: ZeroShotClassifier, rows: NDArray[np.float32], kind: str
) -> None:
    import torch

    tensor = torch.from_numpy(rows.copy())
    if kind == "with a gradient":
        tensor = tensor.clone().requires_grad_()
    else:
        tensor = tensor.to(getattr(torch, kind))
    tolerance = 2e-2 if kind == "bfloat16" else 1e-6
    found = tiny.score_embeddings(tensor)
    np.testing.assert_allclose(found, tiny.score_embeddings(rows), rtol=0, atol=tolerance)


def test_they_may_be_a_map_of_a_file(
    tiny: ZeroShotClassifier, rows: NDArray[np.float32], tmp_path: Path
) -> None:
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    np.testing.assert_array_equal(tiny.score_embeddings(mapped), tiny.score_embeddings(rows))


def test_of_none_there_are_no_scores(colors: ZeroShotClassifier, fake: FakeEncoder) -> None:
    nothing: list[Any] = [[], np.empty((0, 8), np.float16)]
    for empty in nothing:
        assert colors.classify_embeddings(empty) == []
        scores = colors.score_embeddings(empty)
        assert scores.shape == (0, 3)
        assert scores.dtype == np.float32
    assert fake.image_batches == []


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.ones(8, np.float32), ParameterError, "(n, 8), got a single vector. Put it into a list"),
        (np.ones((2, 7), np.float32), ParameterError, "(n, 8), the width of 'colors', got (2, 7)"),
        (np.empty((0, 7), np.float32), ParameterError, "got (0, 7)"),
        (np.ones((1, 2, 8), np.float32), ParameterError, "got (1, 2, 8)"),
        (np.ones((2, 8), int), ParameterTypeError, "must be an array of floats"),
        (np.ones((2, 8), complex), ParameterTypeError, "must be an array of floats"),
        (np.ones((2, 8), object), ParameterTypeError, "must be an array of floats"),
        ([[1.0], [1.0, 2.0]], ParameterTypeError, "must be an array of floats"),
        ("rows.npy", ParameterTypeError, "must be an array of floats"),
        (None, ParameterTypeError, "must be an array of floats"),
    ],
)
def test_what_cannot_be_embeddings(
    colors: ZeroShotClassifier,
    fake: FakeEncoder,
    given: Any,
    error: type[Exception],
    message: str,
) -> None:
    for call in (colors.classify_embeddings, colors.score_embeddings):
        with pytest.raises(error) as caught:
            call(given)
        assert message in str(caught.value)
    assert fake.text_batches == []  # told before anything is computed


def test_a_grey_picture_that_is_taken_for_embeddings_is_told_to_be_one(
    colors: ZeroShotClassifier,
) -> None:
    grey = np.zeros((5, 4), np.float32)
    for call in (
        lambda: colors.evaluate(grey, [0] * 5),
        lambda: colors.calibrated(grey, [0] * 5),
        lambda: colors.rejecting(grey, coverage=0.9),
    ):
        with pytest.raises(ParameterError, match=r"`images` must .* a picture, put it in a list"):
            call()
    with pytest.raises(ParameterError, match=r"`embeddings` must .* mean nothing to this one\.$"):
        colors.score_embeddings(grey)


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zsclip.pipeline.vectors, "NUMBERS", 12)  # four rows of three labels


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (np.nan, "Row 9 of `embeddings` holds NaN or infinity. Embed that picture anew."),
        (np.inf, "Row 9 of `embeddings` holds NaN or infinity"),
        (1e300, "Row 9 of `embeddings` holds NaN or infinity"),
        (3.0, "Row 9 of `embeddings` has the length "),
        (0.0, "Row 9 of `embeddings` has the length 0, and must have 1. Divide each row by"),
    ],
)
def test_a_row_that_is_wrong_is_named(
    colors: ZeroShotClassifier, value: float, message: str
) -> None:
    rows = units(11, 8).astype(np.float64)
    rows[9] = value
    for call in (colors.classify_embeddings, colors.score_embeddings):
        with pytest.raises(ParameterError) as caught:
            call(rows)
        assert str(caught.value).startswith(message)


@pytest.mark.usefixtures("small_blocks")
def test_blocks_are_scored_as_the_whole(
    colors: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = units(11, 8)
    found = colors.score_embeddings(rows)
    predictions = colors.classify_embeddings(rows)
    assert [p.source for p in predictions] == [f"<embedding {i}>" for i in range(11)]
    monkeypatch.undo()
    np.testing.assert_allclose(found, colors.score_embeddings(rows), rtol=0, atol=1e-6)


def test_scores_of_many_need_little_beside_themselves(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier([str(i) for i in range(50)], encoder=fake, cache=False)
    rows = np.broadcast_to(units(1, 8), (400_000, 8))
    clf.score_embeddings(rows[:1])
    tracemalloc.start()
    try:
        scores = clf.score_embeddings(rows)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < scores.nbytes + 40 * zsclip.pipeline.vectors.NUMBERS


def test_rows_with_names(tiny: ZeroShotClassifier, rows: NDArray[np.float32]) -> None:
    named = tiny.classify_embeddings(rows[:3], sources=["a", "b", "c"])
    assert [(p.source, p.named) for p in named] == [("a", True), ("b", True), ("c", True)]
    assert np.array_equal(named[1].scores, tiny.classify_embeddings(rows[:3])[1].scores)
    with pytest.raises(ParameterError, match="3 pictures and 2 names"):
        tiny.classify_embeddings(rows[:3], sources=["a", "b"])
