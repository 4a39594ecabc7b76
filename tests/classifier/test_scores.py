"""Scores: CLIP's ensembling, the model's own scale and bias, softmax or sigmoid, no NaN."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zsclip import Label, ZeroShotClassifier
from zsclip.errors import EncoderError, NonFiniteError

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Solid = Callable[[str], Image.Image]

TEMPLATES = ["a {}.", "the {} one.", "so {}."]
LABELS = [
    Label("red", "red", aliases=("crimson", "dark red")),
    Label("green", "green"),
    Label("sky", "sky", prompts=("a blue sky", "the sky at noon")),
]


def normalized(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = rows / np.linalg.norm(rows, axis=-1, keepdims=True)
    return unit


def head_by_hand(encoder: FakeEncoder) -> NDArray[np.float64]:
    """CLIP's definition, label by label: normalize each prompt, take the mean, normalize again."""
    rows = []
    for label in LABELS:
        prompts = label.prompts or [
            t.replace("{}", text) for text in (label.name, *label.aliases) for t in TEMPLATES
        ]
        each = normalized(np.stack([encoder.encode_texts([p])[0] for p in prompts]).astype(float))
        rows.append(normalized(each.mean(axis=0)))
    return np.stack(rows)


@pytest.mark.parametrize(("scale", "bias"), [(20.0, 0.0), (4.6, 0.0), (100.0, 0.0), (12.0, -3.0)])
@pytest.mark.parametrize("function", ["softmax", "sigmoid"])
def test_scores_are_those_worked_out_by_hand(
    fake_encoder: type[FakeEncoder], solid: Solid, function: Any, scale: float, bias: float
) -> None:
    encoder = fake_encoder(logit_scale=scale, logit_bias=bias, score_function=function)
    clf = ZeroShotClassifier(LABELS, templates=TEMPLATES, encoder=encoder)
    pictures = [solid(color) for color in ("red", "green", "blue", "white")]

    cosines = encoder.encode_images(pictures).astype(float) @ head_by_hand(encoder).T
    logits = scale * cosines + bias
    if function == "softmax":
        expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    else:
        expected = 1 / (1 + np.exp(-logits))

    scores = clf.predict_proba(pictures)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-5, atol=1e-7)
    if function == "softmax":
        np.testing.assert_allclose(scores.sum(axis=1), 1, atol=1e-6)


def test_the_scale_is_the_models_own(fake_encoder: type[FakeEncoder], solid: Solid) -> None:
    """With another scale the odds change by its power, which a hard-coded 100 would not give."""
    odds = []
    for scale in (5.0, 10.0):
        clf = ZeroShotClassifier(["red", "blue"], encoder=fake_encoder(logit_scale=scale))
        red, blue = clf.classify(solid("red")).scores
        odds.append(math.log(red / blue))
    assert odds[1] == pytest.approx(2 * odds[0], rel=1e-4)


def test_the_embedded_models_scale_is_in_its_checkpoint(tiny: ZeroShotClassifier) -> None:
    from zsclip.weights import load_checkpoint

    checkpoint = load_checkpoint("tiny-cartoon")
    assert tiny.model_info.logit_scale == checkpoint.logit_scale
    assert 1 < tiny.model_info.logit_scale <= 100.01


def test_more_prompts_than_fit_one_call_give_the_same(
    fake_encoder: type[FakeEncoder], monkeypatch: pytest.MonkeyPatch
) -> None:
    import zsclip.ensembles

    scores = []
    for chunk in (zsclip.ensembles.CHUNK, 4):
        monkeypatch.setattr(zsclip.ensembles, "CHUNK", chunk)
        encoder = fake_encoder()
        clf = ZeroShotClassifier(LABELS, templates=TEMPLATES, encoder=encoder, cache=False)
        scores.append(clf.predict_proba([Image.new("RGB", (1, 1), "orange")]))
    assert [len(texts) for texts in encoder.text_batches] == [4, 4, 4, 2]
    np.testing.assert_allclose(scores[0], scores[1], rtol=1e-6)  # summed in another order


def test_scores_that_float32_cannot_tell_from_none_raise_no_warning(
    fake_encoder: type[FakeEncoder], solid: Solid
) -> None:
    for function in ("softmax", "sigmoid"):
        encoder = fake_encoder(logit_scale=1e5, logit_bias=-2e4, score_function=function)
        prediction = ZeroShotClassifier(["red", "blue"], encoder=encoder).classify(solid("red"))
        np.testing.assert_array_equal(prediction.scores, [1, 0])


class Broken:
    """Puts something else in the place of one row of an engine's embeddings."""

    def __init__(self, encoder: FakeEncoder, method: str, row: int, value: float) -> None:
        encode: Any = getattr(encoder, method)

        def broken(items: Sequence[Any], **options: Any) -> NDArray[np.float32]:
            embeddings: NDArray[np.float32] = encode(items, **options)
            embeddings[row] = value
            return embeddings

        setattr(encoder, method, broken)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_nan_in_a_picture_names_it_the_device_and_the_precision(
    fake_encoder: type[FakeEncoder], solid: Solid, value: float
) -> None:
    encoder = fake_encoder(precision="fp16")
    Broken(encoder, "encode_images", 1, value)
    clf = ZeroShotClassifier(["red", "blue"], encoder=encoder)
    pictures: list[Any] = [solid("red"), np.zeros((3, 2, 3), np.uint8)]
    for call in (clf.classify_many, clf.predict, clf.encode_images):
        with pytest.raises(NonFiniteError) as caught:
            call(pictures)
        assert str(caught.value) == (
            "colors gave NaN or infinity for the picture <array uint8 3x2x3> on cpu in fp16. "
            "Try precision='fp32'; if that does not help, the weights are damaged."
        )


def test_nan_in_a_picture_is_named_rightly_beside_failures(fake: FakeEncoder, solid: Solid) -> None:
    Broken(fake, "encode_images", 1, math.nan)
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake)
    pictures: list[Any] = [b"no picture", solid("red"), None, np.zeros((3, 2, 3), np.uint8)]
    with pytest.raises(NonFiniteError, match="the picture <array uint8 3x2x3>"):
        clf.classify_many(pictures, on_error="record")


def test_nan_in_a_text_names_it(fake: FakeEncoder, solid: Solid) -> None:
    Broken(fake, "encode_texts", 1, math.nan)
    clf = ZeroShotClassifier(["red", "blue"], templates=["a {}."], encoder=fake)
    with pytest.raises(NonFiniteError) as caught:
        clf.classify(solid("red"))
    assert "for the text 'a blue.' on cpu in fp32" in str(caught.value)
    assert "precision='fp32'" not in str(caught.value)  # which it is already
    with pytest.raises(NonFiniteError, match="the text 'two'"):
        clf.encode_texts(["one", "two"])


def test_prompts_that_cancel_out_are_no_scores(fake: FakeEncoder, solid: Solid) -> None:
    def opposed(texts: Sequence[str], *, too_long: str = "error") -> NDArray[np.float32]:
        rows = np.zeros((len(texts), 8), np.float32)
        rows[::2, 0], rows[1::2, 0] = 1, -1
        return rows

    fake.encode_texts = opposed  # type: ignore[method-assign]
    clf = ZeroShotClassifier(["red", "blue"], templates=["a {}.", "no {}."], encoder=fake)
    with pytest.raises(NonFiniteError, match="the scores on cpu"):
        clf.classify(solid("red"))


@pytest.mark.parametrize("method", ["encode_images", "encode_texts"])
@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((1, 8), np.float32), r"vectors of length 1, got one of length 2\.83 for the "),
        (np.ones((1, 7), np.float32), r"shape \(1, 8\), got \(1, 7\)"),
        (np.ones((2, 8), np.float32), r"shape \(1, 8\), got \(2, 8\)"),
        (np.eye(1, 8), "float32, got float64"),
        ([[1.0] + [0.0] * 7], "got list"),
        (None, "got NoneType"),
    ],
)
def test_embeddings_that_break_the_protocol(
    fake: FakeEncoder, solid: Solid, method: str, given: Any, message: str
) -> None:
    setattr(fake, method, lambda *_, **__: given)
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake)
    items: list[Any] = [solid("red")] if method == "encode_images" else ["red"]
    with pytest.raises(EncoderError, match=message):
        getattr(clf, method)(items)
