"""`encode_images`, `encode_texts` and `similarity`, and that batches do not matter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from zsclip import Failure, ZeroShotClassifier
from zsclip.errors import ImageError, ParameterTypeError, PromptTooLongError

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

NAMES = ["frog", "fish", "octopus", "tigerside", "cowface", "poodle", "ram"]


@pytest.fixture(scope="module")
def paths(drawings: Path) -> list[Path]:
    return [drawings / f"{name}.png" for name in NAMES]


def test_embeddings_have_length_one(tiny: ZeroShotClassifier, paths: list[Path]) -> None:
    images = tiny.encode_images(paths)
    texts = tiny.encode_texts(["a frog", "", "Ein Frosch &amp; ein Fisch", "🐸"])
    assert images.shape == (7, tiny.model_info.embedding_dim)
    assert texts.shape == (4, tiny.model_info.embedding_dim)
    for embeddings in (images, texts):
        assert embeddings.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-6)


def test_similarity_is_the_product_of_both(tiny: ZeroShotClassifier, paths: list[Path]) -> None:
    texts = ["a cartoon frog", "a cartoon tiger"]
    cosines = tiny.similarity(paths, texts)
    assert cosines.shape == (7, 2)
    assert cosines.dtype == np.float32
    np.testing.assert_array_equal(cosines, tiny.encode_images(paths) @ tiny.encode_texts(texts).T)
    assert cosines[0].argmax() == 0
    assert cosines[3].argmax() == 1
    assert np.abs(cosines).max() <= 1 + 1e-6


def test_scores_follow_from_embeddings(tiny: ZeroShotClassifier, paths: list[Path]) -> None:
    """What `classify` gives is what anybody can work out of the embeddings."""
    prompts = [[t.replace("{}", name) for t in tiny.templates] for name in tiny.classes_]
    head = np.stack([tiny.encode_texts(texts).astype(float).mean(axis=0) for texts in prompts])
    head /= np.linalg.norm(head, axis=1, keepdims=True)
    powers = np.exp(tiny.model_info.logit_scale * tiny.encode_images(paths).astype(float) @ head.T)
    expected = powers / powers.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tiny.predict_proba(paths), expected, atol=1e-5)


def test_of_nothing_there_are_no_embeddings_and_no_cosines(
    colors: ZeroShotClassifier, fake: FakeEncoder
) -> None:
    for empty in (colors.encode_images([]), colors.encode_texts([])):
        assert empty.shape == (0, 8)
        assert empty.dtype == np.float32
    assert colors.similarity([], ["a"]).shape == (0, 1)
    assert colors.similarity([], []).shape == (0, 0)
    assert fake.image_batches == []
    assert fake.text_batches == [["a"]]


def test_texts_may_come_out_of_a_generator(colors: ZeroShotClassifier) -> None:
    texts = (f"the {color}" for color in ("red", "blue"))
    np.testing.assert_array_equal(
        colors.encode_texts(texts), colors.encode_texts(["the red", "the blue"])
    )


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("a frog", "`texts` must be a sequence of texts, got 'a frog'. Put it into a list."),
        (7, "`texts` must be a sequence of texts, got int"),
        (["a frog", None], "`texts[1]` must be a text, got None."),
        ([b"a frog"], "`texts[0]` must be a text, got b'a frog'."),
    ],
)
def test_what_is_no_sequence_of_texts(colors: ZeroShotClassifier, texts: Any, message: str) -> None:
    with pytest.raises(ParameterTypeError) as caught:
        colors.encode_texts(texts)
    assert str(caught.value).startswith(message)
    with pytest.raises(ParameterTypeError):
        colors.similarity([], texts)


def test_a_text_that_is_too_long_is_an_error_or_cut(tiny: ZeroShotClassifier) -> None:
    long = "frog " * 100
    with pytest.raises(PromptTooLongError) as caught:
        tiny.encode_texts(["frog", long])
    assert caught.value.prompt == long
    cutting = ZeroShotClassifier(["frog", "fish"], encoder=tiny.encoder, too_long="cut")
    np.testing.assert_allclose(
        cutting.encode_texts([long]), cutting.encode_texts(["frog " * 75]), atol=1e-6
    )


def test_a_picture_that_cannot_be_read_is_not_embedded(
    colors: ZeroShotClassifier, solid: Callable[[str], Image.Image]
) -> None:
    pictures: list[Any] = [solid("red"), b"no picture"]
    for call in (colors.encode_images, lambda images: colors.similarity(images, ["a"])):
        with pytest.raises(ImageError, match="<bytes, 10 B>"):
            call(pictures)


@given(st.integers(1, 9), st.lists(st.integers(0, 6), min_size=1, max_size=9))
@settings(max_examples=12)
def test_the_size_of_batches_does_not_change_scores(
    tiny: ZeroShotClassifier, paths: list[Path], batch_size: int, order: list[int]
) -> None:
    """Nor does what else is in a batch: a picture alone scores as it does among others."""
    clf = ZeroShotClassifier(tiny.labelset, encoder=tiny.encoder, batch_size=batch_size)
    np.testing.assert_allclose(
        clf.predict_proba([paths[i] for i in order]),
        tiny.predict_proba(paths)[order],
        rtol=0,
        atol=1e-5,
    )


@given(st.lists(st.sampled_from(["a frog", "the fish in a bowl", "x", "🐙 " * 9]), min_size=1))
@settings(max_examples=12)
def test_texts_embed_alike_in_any_company(tiny: ZeroShotClassifier, texts: list[str]) -> None:
    alone = {text: tiny.encode_texts([text])[0] for text in set(texts)}
    for text, row in zip(texts, tiny.encode_texts(texts), strict=True):
        np.testing.assert_allclose(row, alone[text], atol=2e-6)


def test_embeddings_come_as_they_are_made_with_failures_in_their_place(
    tiny: ZeroShotClassifier, paths: list[Path]
) -> None:
    given: list[Path | bytes] = [paths[0], b"no picture", paths[1]]
    first, failure, last = tiny.stream_embeddings(given, on_error="record", sources=["a", "b", "c"])
    assert isinstance(failure, Failure)
    assert failure.source == "b"
    assert not isinstance(first, Failure)
    assert not isinstance(last, Failure)
    np.testing.assert_array_equal(np.stack([first, last]), tiny.encode_images(paths[:2]))
    stream = tiny.stream_embeddings(given)
    assert next(stream).shape == (tiny.model_info.embedding_dim,)
    with pytest.raises(ImageError, match="To go on past such pictures"):
        next(stream)
