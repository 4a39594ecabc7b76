"""How pictures are read ahead: in threads, within bounds, in order, and with nothing left over."""

from __future__ import annotations

import contextlib
import io
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zsclip import Prediction, ZeroShotClassifier
from zsclip.errors import ImageError
from zsclip.pipeline import embedding, reading_ahead

if TYPE_CHECKING:
    from tests.pipeline.conftest import PixelEngine

Make = Callable[..., ZeroShotClassifier]
Solid = Callable[[str], Image.Image]
Files = Callable[[int], list[Path]]
Threads = Callable[[], list[threading.Thread]]

COLORS = ["red", "green", "blue"]
PATIENCE = 30  # seconds that a thread waits for another before a test fails


class Source:
    """An endless supply of files that counts how many were taken, and by which threads."""

    def __init__(self, paths: list[Path]) -> None:
        self.taken = 0
        self.takers: set[int] = set()
        self._paths = paths

    def __iter__(self) -> Iterator[Path]:
        while True:
            self.taken += 1
            self.takers.add(threading.get_ident())
            yield self._paths[(self.taken - 1) % len(self._paths)]


def labels_of(results: Any) -> list[str]:
    return [result.label if isinstance(result, Prediction) else "-" for result in results]


def test_order_is_kept_when_the_first_picture_takes_longest(
    make: Make, engine: PixelEngine, files: Files
) -> None:
    others = threading.Event()

    def wait(image: Image.Image) -> None:
        if len(engine.prepared) >= 6:
            others.set()
        if image.getpixel((0, 0)) == (0, 0, 0):
            assert others.wait(PATIENCE)

    engine.before_prepare = wait
    assert labels_of(make().classify_many(files(9))) == COLORS * 3
    assert engine.batches == [3, 3, 3]


def test_pictures_are_prepared_while_the_model_computes(
    make: Make, engine: PixelEngine, files: Files
) -> None:
    second = threading.Event()

    def prepare(image: Image.Image) -> None:
        if len(engine.prepared) == 6:
            second.set()

    def compute(pixels: NDArray[np.uint8]) -> None:
        assert second.wait(PATIENCE)  # for the next batch, while this one is in the model
        assert len(engine.prepared) <= 3 * (len(engine.batches) + 1)

    engine.before_prepare, engine.before_model = prepare, compute
    assert len(make().classify_many(files(12))) == 12


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_as_many_threads_work_at_once_as_were_asked_for(
    make: Make, engine: PixelEngine, files: Files, workers: int
) -> None:
    together = threading.Barrier(workers)
    engine.before_prepare = lambda image: together.wait(PATIENCE)
    assert len(make(workers=workers, batch_size=5).classify_many(files(10))) == 10
    used = {thread for _, thread in engine.prepared}
    assert len(used) == workers
    assert threading.main_thread() not in used


def test_a_batch_of_one_answers_each_picture_before_the_next(
    make: Make, engine: PixelEngine, files: Files
) -> None:
    source = Source(files(3))
    results = make(batch_size=1).stream(source)
    for given in range(1, 10):
        next(results)
        assert source.taken == given
    assert {thread for _, thread in engine.prepared} == {threading.current_thread()}


# ----------------------------------------------------------------------------------------- memory


def count_alive(monkeypatch: pytest.MonkeyPatch, function: str) -> Callable[[], int]:
    """The most pictures alive at once that a function of `reading_ahead` gave."""
    made, lock = getattr(reading_ahead, function), threading.Lock()
    alive: set[int] = set()
    most = 0

    def counted(*args: Any, **options: Any) -> Image.Image:
        nonlocal most
        image: Image.Image = made(*args, **options)
        with lock:
            alive.add(id(image))
            most = max(most, len(alive))
        weakref.finalize(image, alive.discard, id(image))
        return image

    monkeypatch.setattr(reading_ahead, function, counted)
    return lambda: most


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_no_more_pictures_are_decoded_at_once_than_there_are_threads(
    make: Make, files: Files, workers: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = count_alive(monkeypatch, "decode_picture")
    assert len(make(workers=workers, batch_size=8).classify_many(files(60))) == 60
    assert 1 <= most() <= workers


def test_pictures_in_memory_wait_at_full_size_no_more_than_one_for_each_thread(
    make: Make, solid: Solid, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = count_alive(monkeypatch, "load_named")
    pictures = (np.asarray(solid(COLORS[i % 3])) for i in range(60))
    assert labels_of(make(batch_size=8).classify_many(pictures)) == COLORS * 20
    assert 1 <= most() <= 2 + 1  # and the next one


# -------------------------------------------------------------------------- sources that change


def test_the_frames_of_one_animation(make: Make, solid: Solid) -> None:
    """The image is the same each time, at another frame."""
    stream = io.BytesIO()
    first, *rest = [solid(COLORS[i % 3]) for i in range(12)]
    first.save(stream, "GIF", save_all=True, append_images=rest)
    with Image.open(stream) as animation:

        def frames() -> Iterator[Image.Image]:
            for i in range(12):
                animation.seek(i)
                yield animation

        assert labels_of(make().stream(frames())) == COLORS * 4


def test_objects_that_have_a_state_are_read_where_results_are_asked_for(
    make: Make, files: Files
) -> None:
    class Watched(io.BytesIO):
        readers: set[threading.Thread] = set()  # noqa: RUF012

        def read(self, size: int | None = -1, /) -> bytes:
            self.readers.add(threading.current_thread())
            return super().read(size)

    given = [Watched(path.read_bytes()) for path in files(9)]
    assert labels_of(make().classify_many(given)) == COLORS * 3
    assert Watched.readers == {threading.current_thread()}


# -------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize("end", ["all", "source", "engine"])
def test_no_thread_is_left_whatever_ends_it(
    make: Make, engine: PixelEngine, files: Files, threads: Threads, end: str
) -> None:
    def source() -> Iterator[Path]:
        yield from files(12)
        if end == "source":
            raise KeyError("row 12")

    def fail(pixels: NDArray[np.uint8]) -> None:
        if end == "engine" and len(engine.batches) == 2:
            raise RuntimeError("out of memory")

    engine.before_model = fail
    results = make().stream(source())
    labels = [next(results).label]
    assert threads()
    with contextlib.suppress(KeyError, RuntimeError):
        labels.extend(result.label for result in results)
    assert labels == (COLORS * 4)[: 3 if end == "engine" else 12]
    assert list(results) == []
    assert threads() == []


def test_what_is_waiting_is_given_up(
    make: Make, engine: PixelEngine, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread, stuck in the fourth of six pictures: the fifth and sixth are not touched."""
    closing = threading.Event()

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            closing.set()
            super().shutdown(wait=wait)

    def wait(image: Image.Image) -> None:
        if len(engine.prepared) > 3:
            assert closing.wait(PATIENCE)

    monkeypatch.setattr(embedding, "ThreadPoolExecutor", Pool)
    engine.before_prepare = wait
    results: Any = make(workers=1).stream(files(6))
    next(results)
    results.close()
    assert len(engine.prepared) <= 4


def test_an_engine_that_fails_to_prepare(
    make: Make, engine: PixelEngine, files: Files, threads: Threads
) -> None:
    def fail(image: Image.Image) -> None:
        if image.getpixel((0, 0)) == (4, 4, 4):
            raise RuntimeError("no such filter")

    engine.before_prepare = fail
    results = make().stream(files(9))
    assert labels_of(next(results) for _ in range(3)) == COLORS
    with pytest.raises(RuntimeError, match="no such filter"):
        next(results)
    assert threads() == []


# ------------------------------------------------------------------------------------- batches


def test_nothing_is_computed_after_a_picture_that_ends_it(
    make: Make, engine: PixelEngine, files: Files
) -> None:
    pictures: list[Any] = files(9)
    pictures[4] = b"none"
    results = make().stream(pictures)
    assert labels_of(next(results) for _ in range(4)) == ["red", "green", "blue", "red"]
    with pytest.raises(ImageError, match="<bytes, 4 B>"):
        next(results)
    assert engine.batches == [3, 1]


def test_an_engine_without_prepare_gets_reduced_pictures_too(
    fake: Any, tmp_path: Path, make: Make
) -> None:
    sizes: list[tuple[int, int]] = []
    encode = fake.encode_images

    def watched(images: Any) -> Any:
        sizes.extend(image.size for image in images)
        return encode(images)

    fake.encode_images = watched
    Image.new("RGB", (400, 400), "red").save(tmp_path / "1.jpg")
    for exact in (False, True):
        assert make(encoder=fake, exact=exact).classify(tmp_path / "1.jpg").label == "red"
    assert sizes == [(50, 50), (400, 400)]
