"""What a path names may be another picture as soon as its giver goes on."""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

from zsclip import EmbeddingCache, Failure, ZeroShotClassifier
from zsclip.images import find_pictures
from zsclip.pipeline import embedding, reading_ahead

if TYPE_CHECKING:
    from tests.pipeline.conftest import PixelEngine

Make = Callable[..., ZeroShotClassifier]
Files = Callable[[int], list[Path]]
Frames = Callable[[list[Path], Path], Iterator[Any]]

COLORS = ["red", "green", "blue"]


def written(frames: list[Path], folder: Path) -> Iterator[Any]:
    """A camera that writes each frame to the same file."""
    for frame in frames:
        (folder / "capture.png").write_bytes(frame.read_bytes())
        yield folder / "capture.png"


def replaced(frames: list[Path], folder: Path) -> Iterator[Any]:
    for frame in frames:
        (folder / "new.png").write_bytes(frame.read_bytes())
        (folder / "new.png").replace(folder / "capture.png")
        yield str(folder / "capture.png")


def linked(frames: list[Path], folder: Path) -> Iterator[Any]:
    for frame in frames:
        (folder / "current.png").unlink(missing_ok=True)
        (folder / "current.png").symlink_to(frame)
        yield folder / "current.png"


def deleted(frames: list[Path], folder: Path) -> Iterator[Any]:
    """Unpacks one after the other, and leaves nothing behind."""
    for number, frame in enumerate(frames):
        path = folder / f"{number}.png"
        path.write_bytes(frame.read_bytes())
        yield path
        path.unlink()


def elsewhere(frames: list[Path], folder: Path) -> Iterator[Any]:
    """The same name, in another current folder each time."""
    for number, frame in enumerate(frames):
        (folder / str(number)).mkdir()
        (folder / str(number) / "frame.png").write_bytes(frame.read_bytes())
        os.chdir(folder / str(number))
        yield "frame.png"


@pytest.mark.parametrize("cached", [False, True])
@pytest.mark.parametrize("frames", [written, replaced, linked, deleted, elsewhere])
def test_frames_of_a_generator_are_those_that_it_gave(
    make: Make,
    files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    frames: Frames,
    cached: bool,
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "camera"
    folder.mkdir()
    clf = make(cache=EmbeddingCache(tmp_path / "kept") if cached else False)
    results = clf.stream(frames(files(9), folder), on_error="record")
    assert [r.error if isinstance(r, Failure) else r.label for r in results] == COLORS * 3


def drawn_over(frames: list[Path]) -> Iterator[Image.Image]:
    """One canvas, which the giver draws the next frame on."""
    canvas = Image.new("RGB", (8, 8))
    for frame in frames:
        canvas.paste(Image.open(frame).convert("RGB").resize(canvas.size))
        yield canvas


def test_a_canvas_that_is_drawn_over(
    make: Make, colors: ZeroShotClassifier, files: Files, tmp_path: Path
) -> None:
    for clf in (make(), make(cache=EmbeddingCache(tmp_path / "kept")), colors):
        assert list(clf.predict(drawn_over(files(9)))) == COLORS * 3


def test_frames_for_an_engine_without_prepare(
    colors: ZeroShotClassifier, files: Files, tmp_path: Path
) -> None:
    assert list(colors.predict(written(files(9), tmp_path))) == COLORS * 3


class Column:
    """A column of a table."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values)

    def __array__(self) -> Any:
        return np.array(self._values, dtype=object)


class Loader:
    """An iterable with code of its own."""

    def __init__(self, values: list[Any]) -> None:
        self._values = values

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[Any]:
        yield from self._values


@pytest.mark.parametrize(
    ("given", "by_workers"),
    [
        (list, True),
        (tuple, True),
        (deque, True),
        (dict.fromkeys, True),
        (lambda paths: dict(enumerate(paths)).values(), True),
        (lambda paths: np.array(paths, dtype=object), True),
        (Column, True),
        (lambda paths: paths[0].parent, True),
        (lambda paths: find_pictures(paths[0].parent), True),
        (iter, False),
        (lambda paths: map(str, paths), False),
        (lambda paths: (path for path in paths), False),
        (Loader, False),
    ],
)
def test_who_opens_files(
    make: Make,
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    given: Callable[[list[Path]], Iterable[Any]],
    by_workers: bool,
) -> None:
    """The threads, where nothing can happen to a file before its turn."""
    openers: set[bool] = set()
    open_source: Any = vars(reading_ahead)["open_source"]

    def watched(source: Any, **options: Any) -> Any:
        if not isinstance(source, bytes):
            openers.add(threading.current_thread() is not threading.main_thread())
        return open_source(source, **options)

    monkeypatch.setattr(reading_ahead, "open_source", watched)
    assert list(make().predict(given(files(9)))) == COLORS * 3
    assert openers == {by_workers}


def test_no_more_is_held_than_there_is_room_for(
    make: Make, engine: PixelEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One thread, stuck in the first picture: three wait for it, and the others do without it."""
    pictures = []
    for number in range(16):  # two batches, of files of one size
        pictures.append(tmp_path / f"{number:02}.bmp")
        Image.new("RGB", (8, 8), COLORS[number % 3]).save(pictures[-1])
    size = pictures[0].stat().st_size
    monkeypatch.setattr(embedding, "HELD", 3 * size + size // 2, raising=False)
    taken, here = threading.Event(), threading.current_thread()

    def wait(image: Image.Image) -> None:
        if threading.current_thread() is not here:
            assert taken.wait(30)

    def source() -> Iterator[Path]:
        yield from pictures
        taken.set()
        decoded_here = sum(thread is here for _, thread in engine.prepared)
        assert decoded_here in (16 - 3, 16 - 4)  # the first gives up its room when it is decoded

    engine.before_prepare = wait
    given = make(workers=1, batch_size=16).predict(source())
    assert list(given) == (COLORS * 6)[:16]


def test_a_file_without_room_is_read_before_the_source_goes_on(
    make: Make, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "HELD", 0, raising=False)
    for cache in (False, EmbeddingCache(tmp_path / "kept")):
        assert list(make(cache=cache).predict(written(files(9), tmp_path))) == COLORS * 3


def test_objects_that_are_read_at_once_take_of_the_same_room(
    make: Make, engine: PixelEngine, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedding, "HELD", 0, raising=False)
    contents = [path.read_bytes() for path in files(9)]
    assert list(make().predict(bytearray(content) for content in contents)) == COLORS * 3
    here = threading.current_thread()
    assert {thread for _, thread in engine.prepared} == {here}
    engine.prepared.clear()
    assert list(make().predict(contents)) == COLORS * 3  # the caller's own, and held anyway
    assert here not in {thread for _, thread in engine.prepared}


def test_a_picture_that_is_gone_is_missing_in_its_place(make: Make, files: Files) -> None:
    paths = files(9)

    def some() -> Iterator[Path]:
        for number, path in enumerate(paths):
            if number % 2:
                path.unlink()
            yield path

    results = make().classify_many(some(), on_error="record")
    assert [isinstance(result, Failure) for result in results] == [n % 2 == 1 for n in range(9)]
    assert [result.source for result in results] == [str(path) for path in paths]
