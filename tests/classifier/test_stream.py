"""How `stream` takes pictures and gives results: lazily, in order, with errors in their place."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from zsclip import Failure, Prediction, ZeroShotClassifier
from zsclip.errors import ImageError, ParameterTypeError

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Solid = Callable[[str], Image.Image]


class Source:
    """An endless supply of pictures that counts how many were taken."""

    def __init__(self, solid: Solid) -> None:
        self.taken = 0
        self._solid = solid

    def __iter__(self) -> Iterator[Image.Image]:
        while True:
            self.taken += 1
            yield self._solid(("red", "green", "blue")[(self.taken - 1) % 3])


def test_no_more_is_taken_than_the_bound(fake: FakeEncoder, solid: Solid) -> None:
    """Of an engine that prepares nothing apart: a batch, and as many as there are threads."""
    colors = ZeroShotClassifier(
        ["red", "green", "blue"], templates=["a {} thing."], encoder=fake, batch_size=3, workers=2
    )
    source = Source(solid)
    results = colors.stream(source)
    assert (source.taken, fake.text_batches) == (0, [])
    labels = []
    for given in range(1, 11):
        labels.append(next(results).label)
        assert given <= source.taken <= given + 3 + 2
    assert labels == (["red", "green", "blue"] * 4)[:10]
    assert len(fake.text_batches) == 1
    assert set(fake.image_batches) == {3}


def test_memory_stays_constant(fake: FakeEncoder) -> None:
    """No more of a thousand are alive at once than a batch of three, two read, and the next."""
    colors = ZeroShotClassifier(["red", "blue"], encoder=fake, batch_size=3, workers=2)
    alive: set[int] = set()
    most = 0

    def pictures() -> Iterator[Image.Image]:
        nonlocal most
        for i in range(1000):
            picture = Image.new("RGB", (4, 4), "red")
            alive.add(i)
            weakref.finalize(picture, alive.discard, i)
            most = max(most, len(alive))
            yield picture

    assert sum(1 for _ in colors.stream(pictures())) == 1000
    assert most <= 3 + 2 + 1


def test_results_before_a_bad_picture_come_first(
    colors: ZeroShotClassifier, solid: Solid, tmp_path: Path
) -> None:
    """Four good ones, of which the last shares its batch of three with the bad one."""
    missing = tmp_path / "missing.png"
    pictures: list[Any] = [*map(solid, ["red", "green", "blue", "red"]), missing, solid("green")]
    results = colors.stream(pictures)
    assert [next(results).label for _ in range(4)] == ["red", "green", "blue", "red"]
    with pytest.raises(ImageError) as caught:
        next(results)
    assert caught.value.source == str(missing)
    assert list(results) == []


def test_little_after_a_bad_picture_is_opened(
    fake: FakeEncoder, solid: Solid, tmp_path: Path
) -> None:
    class Watched:
        read_calls = 0

        def read(self, size: int = -1, /) -> bytes:
            Watched.read_calls += 1
            return b""

    colors = ZeroShotClassifier(["red", "blue"], encoder=fake, batch_size=3, workers=2)
    pictures: list[Any] = [solid("red"), tmp_path / "missing.png", *(Watched() for _ in range(99))]
    with pytest.raises(ImageError, match="missing"):
        colors.classify_many(pictures)
    assert Watched.read_calls <= 3  # the read-ahead of five, less the two before


def test_recorded_failures_stand_in_their_place(
    colors: ZeroShotClassifier, fake: FakeEncoder, solid: Solid, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    pictures: list[Any] = [
        b"no picture",
        solid("red"),
        tmp_path / "missing.png",
        solid("green"),
        broken,
        None,
        solid("blue"),
    ]
    results = colors.classify_many(pictures, on_error="record")
    assert [r.label if isinstance(r, Prediction) else "-" for r in results] == [
        "-", "red", "-", "green", "-", "-", "blue",
    ]  # fmt: skip
    failures = [r for r in results if isinstance(r, Failure)]
    assert [f.source for f in failures] == [
        "<bytes, 10 B>",
        str(tmp_path / "missing.png"),
        str(broken),
        "<NoneType>",
    ]
    assert [type(f.error) for f in failures] == [ImageError] * 3 + [ParameterTypeError]
    assert fake.image_batches == [3]


def test_a_batch_of_nothing_but_failures_does_not_reach_the_model(
    colors: ZeroShotClassifier, fake: FakeEncoder, tmp_path: Path
) -> None:
    missing = [tmp_path / f"{i}.png" for i in range(7)]
    results = colors.classify_many(missing, on_error="record")
    assert [r.source for r in results] == [str(path) for path in missing]
    assert fake.image_batches == []


def test_a_failure_does_not_keep_its_batch_alive(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    """A traceback would: its frames hold the pictures that were read beside the bad one."""
    picture = Image.new("RGB", (4, 4), "red")
    alive = weakref.ref(picture)
    pictures: list[Any] = [picture, tmp_path / "missing.png", b"\x89PNG\r\n\x1a\n"]
    results = colors.classify_many(pictures, on_error="record")
    del picture, pictures
    gc.collect()
    assert alive() is None
    for failure in results[1:]:
        assert isinstance(failure, Failure)
        error: BaseException | None = failure.error
        while error is not None:
            assert error.__traceback__ is None
            error = error.__cause__ or error.__context__


def test_an_error_of_the_source_itself_comes_through(
    colors: ZeroShotClassifier, solid: Solid
) -> None:
    def pictures() -> Iterator[Image.Image]:
        yield solid("red")
        raise KeyError("row 2")

    with pytest.raises(KeyError, match="row 2"):
        colors.classify_many(pictures())
    with pytest.raises(KeyError, match="row 2"):
        colors.classify_many(pictures(), on_error="record")


def test_a_stream_that_is_left_early_runs_no_thread_on(
    colors: ZeroShotClassifier, solid: Solid
) -> None:
    before = threading.active_count()
    results = colors.stream(Source(solid))
    next(results)
    del results
    assert threading.active_count() == before


def test_each_stream_is_its_own(colors: ZeroShotClassifier, solid: Solid) -> None:
    first = colors.stream([solid("red"), solid("green")])
    second = colors.stream([solid("blue")])
    assert [next(first).label, next(second).label, next(first).label] == ["red", "blue", "green"]
