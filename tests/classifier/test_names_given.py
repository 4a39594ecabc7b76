"""What a picture is called that was given a name of its own."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip import EmbeddingCache, Failure, ZeroShotClassifier
from zsclip.errors import DamagedImageWarning, ImageError, ParameterError, ParameterTypeError

Solid = Callable[[str], Image.Image]


def encoded(image: Image.Image, kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    image.save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["bytes", "file", "image", "array", "path"])
def test_a_prediction_has_the_name_that_its_picture_was_given(
    colors: ZeroShotClassifier, solid: Solid, tmp_path: Path, kind: str
) -> None:
    image = solid("green")
    image.save(tmp_path / "a.png")
    given: dict[str, Any] = {
        "bytes": encoded(image),
        "file": io.BytesIO(encoded(image)),
        "image": image,
        "array": np.asarray(image),
        "path": tmp_path / "a.png",
    }
    prediction = colors.classify(given[kind], source="upload-17.png")
    assert (prediction.source, prediction.label) == ("upload-17.png", "green")
    assert prediction.named
    assert pickle.loads(pickle.dumps(prediction)) == prediction
    plain = colors.classify(tmp_path / "a.png")
    assert (plain.source, plain.named) == (str(tmp_path / "a.png"), False)


@pytest.mark.parametrize("bad", [b"no picture", np.zeros((0, 0, 3), np.uint8), io.BytesIO(b"x")])
def test_errors_and_failures_have_the_name_too(colors: ZeroShotClassifier, bad: Any) -> None:
    with pytest.raises(ImageError, match=r"Cannot read the picture upload-17\.png: ") as caught:
        colors.classify(bad, source="upload-17.png")
    assert caught.value.source == "upload-17.png"
    [failure] = colors.classify_many([bad], sources=["upload-17.png"], on_error="record")
    assert isinstance(failure, Failure)
    assert failure.source == "upload-17.png"
    assert "<" not in str(failure.error)


def test_warnings_have_the_name_too(tiny: ZeroShotClassifier) -> None:
    data = encoded(Image.effect_noise((64, 64), 50).convert("RGB"), "JPEG")
    half = data[: len(data) // 2] + b"\xff\xd9"
    with pytest.warns(DamagedImageWarning, match=r"^upload-17\.jpg: "):
        tiny.classify(half, source="upload-17.jpg")


def test_the_name_opens_nothing(colors: ZeroShotClassifier, swatches: Path, solid: Solid) -> None:
    name = str(swatches / "1-red.png")
    assert colors.classify(encoded(solid("blue")), source=name).label == "blue"


def test_the_cache_knows_a_picture_whatever_it_is_called(
    drawings: Path, cache: EmbeddingCache
) -> None:
    clf = ZeroShotClassifier(["frog", "fish"], model="tiny-cartoon", device="cpu", cache=cache)
    data = (drawings / "frog.png").read_bytes()
    plain, named = clf.classify(data), clf.classify(data, source="a.png")
    by_path = clf.classify(drawings / "frog.png", source="b.png")
    assert plain.as_dict() == named.as_dict() == by_path.as_dict()
    assert cache.info().entries == 1 + 2  # of the picture, and of two labels


def test_each_of_several_has_its_name(colors: ZeroShotClassifier, solid: Solid) -> None:
    def pictures() -> Iterator[bytes]:
        for color in ("red", "blue", "green"):
            yield encoded(solid(color))

    names = ["r", "b", "g"]
    for images in (list(pictures()), pictures()):
        results = colors.classify_many(images, sources=names)
        assert [(r.source, r.label) for r in results] == [
            ("r", "red"), ("b", "blue"), ("g", "green"),
        ]  # fmt: skip
        assert all(r.named for r in results)


def test_names_for_the_pictures_of_a_folder(colors: ZeroShotClassifier, swatches: Path) -> None:
    results = list(colors.stream(swatches, sources=iter("abc")))
    assert [(r.source, r.label) for r in results] == [("a", "red"), ("b", "green"), ("c", "blue")]


def test_names_that_do_not_fit_are_found_out_before_anything_is_read(
    colors: ZeroShotClassifier, swatches: Path, fake: Any
) -> None:
    with pytest.raises(ParameterError, match="there are 3 pictures and 2 names"):
        colors.classify_many(swatches, sources=["a", "b"])
    names: list[Any] = ["a", 7]
    with pytest.raises(ParameterTypeError, match=r"`sources\[1\]` must be a text"):
        colors.classify_many([b""] * 2, sources=names, on_error="record")
    assert fake.image_batches == []


def test_results_come_before_the_name_that_is_missing(
    colors: ZeroShotClassifier, solid: Solid
) -> None:
    images = (encoded(solid("red")) for _ in range(5))
    results = colors.stream(images, sources=iter("abcd"))
    assert [next(results).source for _ in range(4)] == list("abcd")
    with pytest.raises(ParameterError, match="there are 4 names, and more pictures"):
        next(results)


@pytest.mark.parametrize("name", [17, b"a.png"])
def test_a_name_that_is_no_text_is_refused(colors: ZeroShotClassifier, name: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`source` must be a text"):
        colors.classify(b"", source=name)
