"""How pictures are read ahead: in threads, in bounded memory, in order, and by one thread each."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from zsclip import Failure, Prediction, ZeroShotClassifier
from zsclip.errors import (
    EncoderError,
    ImageError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.testing import FakeEncoder

SIDE = 8
WORKERS = 3


class PreparingEncoder(FakeEncoder):
    """An engine whose preprocessing runs apart, and which counts what is alive at each stage."""

    preprocessing = "nearest 8"

    def __init__(self) -> None:
        super().__init__(input_resolution=SIDE)
        self.batches: list[int] = []
        self.threads: set[str] = set()
        self.preparing = self.most_preparing = 0

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        with self._lock:
            self.threads.add(threading.current_thread().name)
            self.preparing += 1
            self.most_preparing = max(self.most_preparing, self.preparing)
        pixels = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.NEAREST))
        with self._lock:
            self.preparing -= 1
        return pixels

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(pixels))
        return self._embed([picture.tobytes() for picture in pixels])


@pytest.fixture
def engine() -> PreparingEncoder:
    return PreparingEncoder()


def _classifier(engine: FakeEncoder, **options: Any) -> ZeroShotClassifier:
    options = {"batch_size": 4, "workers": WORKERS, "cache": False} | options
    return ZeroShotClassifier(["cat", "dog"], encoder=engine, **options)


def _picture(i: int) -> Image.Image:
    return Image.new("RGB", (SIDE + i % 3, SIDE), (i % 256, i // 256, 99))


def _encoded(i: int) -> bytes:
    out = io.BytesIO()
    _picture(i).save(out, "PNG")
    return out.getvalue()


def _own_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("zsclip-pictures")]


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 7), st.integers(1, 4))
def test_order_batches_and_failures(good: list[bool], batch_size: int, workers: int) -> None:
    engine = PreparingEncoder()
    clf = _classifier(engine, batch_size=batch_size, workers=workers)
    pictures = [_encoded(i) if ok else b"no picture %d" % i for i, ok in enumerate(good)]
    results = clf.classify_many(pictures, on_error="record")
    assert [isinstance(result, Prediction) for result in results] == good
    alone = _classifier(PreparingEncoder())
    for picture, result in zip(pictures, results, strict=True):
        if isinstance(result, Prediction):
            expected = alone.classify(picture).scores
            np.testing.assert_allclose(result.scores, expected, atol=1e-6)
    n = sum(good)
    full, rest = divmod(n, batch_size)
    assert engine.batches == [batch_size] * full + [rest] * (rest > 0)
    assert not _own_threads()


def test_reading_runs_in_threads_and_the_model_does_not(engine: PreparingEncoder) -> None:
    _classifier(engine).classify_many([_encoded(i) for i in range(40)])
    assert engine.threads
    assert all(name.startswith("zsclip-pictures") for name in engine.threads)
    assert engine.most_preparing <= WORKERS


def test_one_picture_needs_no_thread(engine: PreparingEncoder) -> None:
    _classifier(engine).classify(_encoded(1))
    assert engine.threads == {threading.current_thread().name}


@pytest.mark.parametrize("end", ["close", "drop", "error"])
def test_no_thread_is_left(engine: PreparingEncoder, end: str) -> None:
    pictures: Iterator[Any] = (_encoded(i) if i < 20 or end != "error" else b"" for i in range(99))
    results = _classifier(engine).stream(pictures)
    next(results)
    assert _own_threads()
    if end == "close":
        results.close()  # type: ignore[attr-defined]
    elif end == "drop":
        del results
    else:
        with pytest.raises(ImageError):
            list(results)
    assert not _own_threads()


def test_an_endless_source_is_read_two_batches_ahead(engine: PreparingEncoder) -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield _encoded(taken)

    results = _classifier(engine, batch_size=4).stream(endless())
    assert taken == 0
    for given_out in range(1, 30):
        next(results)
        assert taken <= given_out + 2 * 4


def test_the_source_is_advanced_by_the_consumer_alone(engine: PreparingEncoder) -> None:
    names: set[str] = set()

    def watched() -> Iterator[bytes]:
        for i in range(30):
            names.add(threading.current_thread().name)
            yield _encoded(i)

    _classifier(engine).classify_many(watched())
    assert names == {threading.current_thread().name}


def test_an_object_with_state_may_be_given_many_times(
    engine: PreparingEncoder, tmp_path: Path
) -> None:
    """A file object and an image that is not loaded yet cannot be read by two threads at once."""
    path = tmp_path / "a.png"
    path.write_bytes(_encoded(7))
    clf = _classifier(engine)
    expected = clf.classify(path).scores
    with path.open("rb") as file, Image.open(path) as image:
        for result in clf.classify_many([file, image] * 30):
            np.testing.assert_allclose(result.scores, expected, atol=1e-6)


def test_a_buffer_that_changes_after_it_was_given(engine: PreparingEncoder) -> None:
    buffer = np.zeros((SIDE, SIDE, 3), np.uint8)

    def frames() -> Iterator[NDArray[np.uint8]]:
        for i in range(20):
            buffer[:] = 10 * i
            yield buffer

    moving = [result.scores.tolist() for result in _classifier(engine).classify_many(frames())]
    still = [np.full((SIDE, SIDE, 3), 10 * i, np.uint8) for i in range(20)]
    assert moving == [r.scores.tolist() for r in _classifier(engine).classify_many(still)]


def test_an_error_of_the_source_comes_after_the_results_before_it(engine: PreparingEncoder) -> None:
    def failing() -> Iterator[bytes]:
        for i in range(5):
            yield _encoded(i)
        raise KeyError("the source")

    results = _classifier(engine).stream(failing())
    assert len([next(results) for _ in range(5)]) == 5
    with pytest.raises(KeyError, match="the source"):
        next(results)


def test_an_engine_that_prepares_something_else_is_told_so(engine: PreparingEncoder) -> None:
    engine.prepare = lambda image: np.zeros((2, 2, 3), np.uint8)  # type: ignore[method-assign]
    with pytest.raises(
        EncoderError, match=r"must prepare uint8 \(8, 8, 3\), got uint8 \(2, 2, 3\)"
    ):
        _classifier(engine).classify(_encoded(1))


def test_a_classifier_may_be_shared_between_threads(engine: PreparingEncoder) -> None:
    clf = _classifier(engine)
    pictures = [_encoded(i) for i in range(25)]
    expected = [result.scores.tolist() for result in clf.classify_many(pictures)]
    found: list[list[list[float]]] = []

    def work() -> None:
        found.append([result.scores.tolist() for result in clf.classify_many(pictures)])

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 4


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"workers": 0}, ParameterError),
        ({"workers": 1.5}, ParameterTypeError),
        ({"workers": True}, ParameterTypeError),
        ({"exact": 1}, ParameterTypeError),
        ({"cache": 3}, ParameterTypeError),
    ],
)
def test_options_are_checked_when_they_are_given(
    engine: PreparingEncoder, options: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error, match=f"`{next(iter(options))}`"):
        _classifier(engine, **options)


@pytest.mark.parametrize("exact", [False, True])
def test_large_jpegs_are_decoded_reduced_unless_exact(
    engine: PreparingEncoder, exact: bool
) -> None:
    sizes: list[tuple[int, int]] = []
    prepare = engine.prepare

    def watched(image: Image.Image) -> NDArray[np.uint8]:
        sizes.append(image.size)
        return prepare(image)

    engine.prepare = watched  # type: ignore[method-assign]
    out = io.BytesIO()
    Image.radial_gradient("L").resize((160, 80)).convert("RGB").save(out, "JPEG")
    clf: Callable[[Sequence[bytes]], Any] = _classifier(engine, exact=exact).classify_many
    [result] = clf([out.getvalue()])
    assert not isinstance(result, Failure)
    assert sizes == [(160, 80) if exact else (40, 20)]  # twice the model's 8, or more
