"""An engine whose preprocessing runs apart from its model, and pictures for it."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.pipeline import reading_ahead

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

SIDE = 4
LONG_AGO = 1_000_000_000  # seconds: files changed a moment ago are not trusted to stay


class PixelEngine:
    """The engine of four colors, with preprocessing of its own, which it keeps a record of.

    Attributes:
        prepared: The size of each picture, and the thread that prepared it.
        batches: The number of pictures of each call of the model.
        before_prepare: Called first with the picture, in the thread that prepares it.
        before_model: Called first with the pixels.
    """

    preprocessing = "colors 4"

    def __init__(self, inner: FakeEncoder) -> None:
        self._inner = inner
        self.weights_sha256 = inner.weights_sha256
        self.model_info = dataclasses.replace(inner.model_info, input_resolution=SIDE)
        self.prepared: list[tuple[tuple[int, int], threading.Thread]] = []
        self.batches: list[int] = []
        self.before_prepare: Callable[[Image.Image], object] = lambda image: None
        self.before_model: Callable[[NDArray[np.uint8]], object] = lambda pixels: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def encode_images(self, images: Any) -> Any:
        pytest.fail("an engine that prepares pictures is not to be handed whole ones")

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        self.prepared.append((image.size, threading.current_thread()))
        self.before_prepare(image)
        return np.asarray(image.resize((SIDE, SIDE)))

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.batches.append(len(pixels))
        self.before_model(pixels)
        return self._inner.encode_images([Image.fromarray(picture) for picture in pixels])


@pytest.fixture
def engine(fake: FakeEncoder) -> PixelEngine:
    """An engine with `prepare`, new for each test."""
    return PixelEngine(fake)


@pytest.fixture
def another(fake_encoder: type[FakeEncoder]) -> Callable[..., PixelEngine]:
    """Makes one more engine, as if in another process."""
    return lambda **options: PixelEngine(fake_encoder(**options))


@pytest.fixture
def make(engine: PixelEngine) -> Callable[..., ZeroShotClassifier]:
    """``make(**options)``: a classifier of colors, three at a time, two threads, no cache."""

    def make(**options: Any) -> ZeroShotClassifier:
        chosen = {"encoder": engine, "batch_size": 3, "workers": 2, "cache": False, **options}
        return ZeroShotClassifier(["red", "green", "blue"], templates=["a {} thing."], **chosen)

    return make


@pytest.fixture
def files(tmp_path: Path, solid: Callable[[str], Image.Image]) -> Callable[[int], list[Path]]:
    """``files(n)``: files whose colors go red, green, blue, and of which none equals another."""

    def files(count: int) -> list[Path]:
        folder = tmp_path / "files"
        folder.mkdir(exist_ok=True)
        paths = []
        for i in range(count):
            paths.append(folder / f"{i:03}.png")
            picture = solid(("red", "green", "blue")[i % 3])
            picture.putpixel((0, 0), (i, i, i))
            picture.save(paths[-1])
        return paths

    return files


def pool_threads() -> list[threading.Thread]:
    """The threads that read pictures."""
    return [thread for thread in threading.enumerate() if "zsclip-pictures" in thread.name]


@pytest.fixture
def threads() -> Callable[[], list[threading.Thread]]:
    """Lists the threads that read pictures."""
    return pool_threads


@pytest.fixture
def old_files(files: Callable[[int], list[Path]]) -> Callable[[int], list[Path]]:
    """`files`, not changed for years."""

    def old_files(count: int) -> list[Path]:
        paths = files(count)
        for path in paths:
            os.utime(path, (LONG_AGO, LONG_AGO))
        return paths

    return old_files


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are opened as pictures from here on."""
    names: list[str] = []
    open_source: Any = vars(reading_ahead)["open_source"]

    def watched(source: Any, **options: Any) -> Any:
        names.append(options["name"])
        return open_source(source, **options)

    monkeypatch.setattr(reading_ahead, "open_source", watched)
    return names
