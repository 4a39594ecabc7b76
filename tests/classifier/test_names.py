"""What results and errors call a picture, and what errors advise."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zsclip import Failure, ZeroShotClassifier
from zsclip.errors import ImageError, ParameterTypeError


@pytest.mark.parametrize("method", ["classify_many", "stream", "predict", "encode_images"])
@pytest.mark.parametrize("kind", [str, Path])
def test_a_folder_that_does_not_exist_is_named(
    colors: ZeroShotClassifier, method: str, kind: Any, tmp_path: Path
) -> None:
    nowhere = kind(tmp_path / "nowhere")
    with pytest.raises((ImageError, ParameterTypeError)) as caught:
        getattr(colors, method)(nowhere)
    assert isinstance(caught.value, ImageError)
    assert caught.value.source == str(nowhere)
    assert caught.value.reason.startswith("there is no such folder.")


def test_asynchronous_pictures_are_named_so(colors: ZeroShotClassifier) -> None:
    async def pictures() -> AsyncIterator[str]:
        yield "fox.png"

    with pytest.raises(ParameterTypeError, match="asynchronous: gather its pictures in a list"):
        colors.classify_many(pictures())  # type: ignore[call-overload]


def test_an_address_that_is_no_folder_tells_no_password(colors: ZeroShotClassifier) -> None:
    with pytest.raises(ParameterTypeError) as caught:
        colors.classify_many("https://me:secret@example.org/fox.png")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("bad", ["missing.png", None, b"no picture"])
def test_the_first_bad_picture_says_how_to_go_on(
    colors: ZeroShotClassifier, swatches: Path, bad: Any
) -> None:
    pictures: list[Any] = [*sorted(swatches.iterdir()), bad]
    for run in (colors.classify_many, lambda several: list(colors.stream(several))):
        with pytest.raises((ImageError, ParameterTypeError)) as caught:
            run(pictures)
        assert 'pass on_error="record"' in str(caught.value)
    # who cannot pass it is not told to
    for call in (colors.predict, colors.predict_proba, colors.encode_images):
        with pytest.raises((ImageError, ParameterTypeError)) as caught:
            call(pictures)
        assert "on_error" not in str(caught.value)
    with pytest.raises((ImageError, ParameterTypeError)) as caught:
        colors.classify(bad)
    assert "on_error" not in str(caught.value)
    [*_, failure] = colors.classify_many(pictures, on_error="record")
    assert isinstance(failure, Failure)
    assert "on_error" not in str(failure.error)


NAMES = {
    "a narrow space, as macOS writes it": "Screenshot 10.15.32\u202fAM.png",
    "a space that does not break": "fox\u00a0cub.png",
    "a joined emoji": "\N{WOMAN}\u200d\N{ROCKET}.png",
    "controls": "a\x1b[31m\nb.png",
    "bytes that are no text": os.fsdecode(b"caf\xe9.png"),
    "long": "/".join(letter * 200 for letter in "uvwxyz"),
}


@pytest.mark.skipif(sys.platform == "darwin", reason="names are Unicode text there")
@pytest.mark.parametrize("kind", NAMES)
def test_a_source_opens_the_file_again(
    colors: ZeroShotClassifier, tmp_path: Path, solid: Callable[[str], Image.Image], kind: str
) -> None:
    good, bad = tmp_path / "good" / NAMES[kind], tmp_path / "bad" / NAMES[kind]
    for path in (good, bad):
        path.parent.mkdir(parents=True)
    if kind == "long":
        good, bad = good.with_name("fox.png"), bad.with_name("fox.png")
    solid("red").save(good, "PNG")
    bad.write_bytes(b"no picture")
    given: list[Any] = [good, str(good), bad, str(bad)]
    results = colors.classify_many(given, on_error="record")
    results += colors.classify_many(iter(given), on_error="record")
    results += colors.classify_many(tmp_path / "good")
    # not compared as text, since not every name can be printed
    assert [Path(result.source).is_file() for result in results] == [True] * 9
    assert [Path(r.error.source).is_file() for r in results if isinstance(r, Failure)] == [True] * 4  # type: ignore[attr-defined]
    assert all(repr(result).isprintable() for result in results)
