"""Sources in sections: what comes of one depends on nothing before it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from zsclip import Failure, Prediction, ZeroShotClassifier
from zsclip.images import Listed
from zsclip.testing import FakeEncoder


class TellingEncoder(FakeEncoder):
    """An engine whose vectors depend on the batch that a picture is in."""

    preprocessing = "first pixel"

    def __init__(self) -> None:
        super().__init__(input_resolution=2)
        self.batches: list[list[int]] = []

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        return np.asarray(image.resize((2, 2)))

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append([int(picture[0, 0, 0]) for picture in pixels])
        return self._embed([pixels.tobytes() + bytes([i]) for i in range(len(pixels))])


def encoded(i: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (2, 2), (i, 0, 0)).save(out, "PNG")
    return out.getvalue()


def classified(
    pictures: Sequence[Any], section: int | None, **options: Any
) -> tuple[list[bytes | str], list[list[int]]]:
    """What is said of each picture, to the last bit, and the batches."""
    engine = TellingEncoder()
    options = {"workers": 2, "cache": False} | options
    clf = ZeroShotClassifier(["cat", "dog", "fox"], encoder=engine, **options)
    results = clf.stream(Listed(pictures, section=section), on_error="record")
    return [
        result.scores.tobytes() if isinstance(result, Prediction) else str(result.error)
        for result in results
        if isinstance(result, Prediction | Failure)
    ], engine.batches


@given(st.lists(st.booleans(), max_size=40), st.integers(1, 5), st.integers(1, 4), st.data())
def test_whoever_begins_with_a_section_gets_what_there_would_have_been(
    good: list[bool], batch_size: int, batches: int, data: st.DataObject
) -> None:
    section = batch_size * batches if batch_size > 1 else 1
    pictures = [encoded(i) if ok else b"no picture %d" % i for i, ok in enumerate(good)]
    whole, made = classified(pictures, section, batch_size=batch_size)
    assert len(whole) == len(pictures)
    expected = []
    for start in range(0, len(good), section):
        readable = [i for i in range(start, min(start + section, len(good))) if good[i]]
        expected += [readable[k : k + batch_size] for k in range(0, len(readable), batch_size)]
    assert made == expected
    begin = section * data.draw(st.integers(0, len(pictures) // section))
    assert classified(pictures[begin:], section, batch_size=batch_size)[0] == whole[begin:]


def test_what_is_in_the_cache_changes_nothing_in_other_sections(tmp_path: Path) -> None:
    pictures = [encoded(i) for i in range(12)]
    options = {"batch_size": 4, "cache": tmp_path}
    whole, made = classified(pictures, 4, batch_size=4)
    assert made == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    classified([encoded(5), encoded(200)], None, **options)
    mixed, made = classified(pictures, 4, **options)
    assert made == [[0, 1, 2, 3], [4, 6, 7], [8, 9, 10, 11]]
    assert (mixed[:4], mixed[8:]) == (whole[:4], whole[8:])
    again, made = classified(pictures, 4, **options)
    assert (again, made) == (mixed, [])
