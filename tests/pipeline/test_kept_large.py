"""Files too large to be read before it is known that they are pictures, with a cache."""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from zsclip import EmbeddingCache, ZeroShotClassifier
from zsclip.pipeline import kept, reading_ahead

if TYPE_CHECKING:
    from tests.pipeline.conftest import PixelEngine

Make = Callable[..., ZeroShotClassifier]
Another = Callable[..., "PixelEngine"]
Files = Callable[[int], list[Path]]

COLORS = ["red", "green", "blue"]

pytestmark = pytest.mark.usefixtures("plain_stamps")


class Limited(io.FileIO):
    """A file of which nobody can take in more than 100 MB at once; notes how much was read."""

    read_bytes = 0

    def read(self, size: int | None = -1, /) -> bytes:
        left = os.fstat(self.fileno()).st_size - self.tell()
        wanted = left if size is None or size < 0 else min(size, left)
        if wanted > 100_000_000:
            raise MemoryError
        Limited.read_bytes += wanted
        return super().read(size) or b""


@pytest.mark.parametrize("given", [list, iter])
def test_a_file_that_no_memory_holds_is_refused_like_any_other(
    make: Make,
    cache: EmbeddingCache,
    old_files: Files,
    monkeypatch: pytest.MonkeyPatch,
    given: Callable[[list[Path]], Any],
) -> None:
    """A disk image among the pictures; sparse, so that it takes no room."""
    paths = old_files(3)
    with paths[1].open("wb") as file:
        file.truncate(60 * 10**9)

    def limited(path: Path, mode: str) -> Limited:
        return Limited(path, mode)

    monkeypatch.setattr(Path, "open", limited)
    Limited.read_bytes = 0
    results: list[Any]
    try:
        results = make(cache=cache).classify_many(given(paths), on_error="record")
    except MemoryError:
        results = ["the run has ended"]
    assert [getattr(result, "label", "-") for result in results] == ["red", "-", "blue"]
    assert "in no picture format" in str(getattr(results[1], "error", ""))
    assert Limited.read_bytes < 300_000_000


@pytest.fixture
def small_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are too large to be read before it is known what they are."""
    monkeypatch.setattr(reading_ahead, "AT_ONCE", 10)


@pytest.mark.usefixtures("small_is_large")
@pytest.mark.parametrize("given", [list, iter])
def test_a_large_picture_is_known_again_without_opening_it(
    make: Make,
    another: Another,
    engine: PixelEngine,
    cache: EmbeddingCache,
    old_files: Files,
    opened: list[str],
    given: Callable[[list[Path]], Any],
) -> None:
    paths = old_files(6)
    assert list(make(cache=cache).predict(given(paths))) == COLORS * 2
    assert len(opened) == 6
    opened.clear()
    assert list(make(cache=cache).predict(given(paths))) == COLORS * 2
    assert (opened, engine.batches) == ([], [3, 3])
    copied = paths[0].with_name("copied.png")
    copied.write_bytes(paths[0].read_bytes())  # changed a moment ago: known by its pixels at best
    assert list(make(cache=cache).predict(given([copied, copied]))) == ["red"] * 2
    other = another(precision="bf16")
    assert list(make(encoder=other, cache=cache).predict(given(paths))) == COLORS * 2
    assert other.batches == [3, 3]


@pytest.mark.usefixtures("small_is_large")
def test_a_large_picture_that_changes_while_it_is_read_is_not_mistaken_later(
    make: Make, cache: EmbeddingCache, old_files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other = old_files(2)
    decode: Any = vars(reading_ahead)["decode_picture"]

    def changed(*args: Any, **options: Any) -> Any:
        image = decode(*args, **options)
        path.write_bytes(other.read_bytes())
        return image

    with monkeypatch.context() as patch:
        patch.setattr(reading_ahead, "decode_picture", changed)
        assert make(cache=cache).classify(path).label == "red"
    assert make(cache=cache).classify(path).label == "green"
    assert make(cache=cache).classify(other).label == "green"


@pytest.mark.usefixtures("small_is_large")
def test_a_picture_with_an_endless_rest_is_known_by_its_pixels(
    make: Make,
    engine: PixelEngine,
    cache: EmbeddingCache,
    old_files: Files,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(kept, "MOST_HASHED", 20)
    for _ in range(2):
        assert list(make(cache=cache).predict(old_files(3))) == COLORS
    assert engine.batches == [3]
