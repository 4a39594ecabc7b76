"""Pictures whose embeddings are in the cache: not computed, not decoded, not even opened again."""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageFile

from zsclip import EmbeddingCache, Prediction, ZeroShotClassifier
from zsclip.errors import ImageError
from zsclip.images import Reading
from zsclip.pipeline import reading_ahead

if TYPE_CHECKING:
    from tests.pipeline.conftest import PixelEngine

Make = Callable[..., ZeroShotClassifier]
Another = Callable[..., "PixelEngine"]
Files = Callable[[int], list[Path]]
Solid = Callable[[str], Image.Image]

COLORS = ["red", "green", "blue"]
LONG_AGO = 1_000_000_000  # seconds

pytestmark = pytest.mark.usefixtures("plain_stamps")


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The pictures that are decoded from here on."""
    names: list[str] = []
    decode: Any = vars(reading_ahead)["decode_picture"]

    def watched(*args: Any, **options: Any) -> Any:
        names.append(options["name"])
        return decode(*args, **options)

    monkeypatch.setattr(reading_ahead, "decode_picture", watched)
    return names


def test_a_second_pass_opens_no_file_and_runs_no_model(
    make: Make,
    another: Another,
    engine: PixelEngine,
    cache: EmbeddingCache,
    old_files: Files,
    opened: list[str],
) -> None:
    paths = old_files(20)
    first = make(cache=cache).encode_images(paths)
    assert len(opened) == 20
    assert engine.batches == [3] * 6 + [2]
    for path in paths:  # by which it would come out, if one was looked into
        path.write_bytes(b"\0" * path.stat().st_size)
        os.utime(path, (LONG_AGO, LONG_AGO))
    opened.clear()
    engines = [another(), another()]
    np.testing.assert_array_equal(make(encoder=engines[0], cache=cache).encode_images(paths), first)
    folder = make(encoder=engines[1], cache=cache, batch_size=64).classify_many(paths[0].parent)
    assert [prediction.label for prediction in folder] == (COLORS * 7)[:20]
    assert [prediction.source for prediction in folder] == [str(path) for path in paths]
    assert opened == []
    assert [(e.prepared, e.batches) for e in engines] == [([], [])] * 2


def test_a_file_that_changed_a_moment_ago_is_read_but_not_computed(
    make: Make, engine: PixelEngine, cache: EmbeddingCache, files: Files, decoded: list[str]
) -> None:
    for _ in range(2):
        assert list(make(cache=cache).predict(files(3))) == COLORS
    assert engine.batches == [3]
    assert len(decoded) == 3


def test_a_file_that_changes_while_it_is_looked_at_is_not_mistaken_later(
    make: Make,
    cache: EmbeddingCache,
    old_files: Files,
    monkeypatch: pytest.MonkeyPatch,
    solid: Solid,
) -> None:
    """What is read is another content than that of the stamp, which then comes back."""
    path, other = old_files(2)
    before = path.read_bytes()
    open_source: Any = vars(reading_ahead)["open_source"]

    def replaced(source: Any, **options: Any) -> Any:
        if source == str(path):
            path.write_bytes(other.read_bytes() + b"longer")
        return open_source(source, **options)

    with monkeypatch.context() as patch:
        patch.setattr(reading_ahead, "open_source", replaced)
        assert make(cache=cache).classify(path).label == "green"
    path.write_bytes(before)
    os.utime(path, (LONG_AGO, LONG_AGO))
    assert make(cache=cache).classify(path).label == "red"


def test_a_link_that_leads_elsewhere_while_it_is_read_is_not_mistaken_later(
    make: Make,
    cache: EmbeddingCache,
    old_files: Files,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its path has the same stamp before and after, and in between is another file."""
    first, other = old_files(2)
    link = tmp_path / "current.png"
    link.symlink_to(first)
    open_source: Any = vars(reading_ahead)["open_source"]

    @contextlib.contextmanager
    def flipped(source: Any, **options: Any) -> Iterator[Any]:
        link.unlink()
        link.symlink_to(other)
        with open_source(source, **options) as stream:
            link.unlink()
            link.symlink_to(first)
            yield stream

    with monkeypatch.context() as patch:
        patch.setattr(reading_ahead, "open_source", flipped)
        assert make(cache=cache).classify(link).label == "green"
    assert make(cache=cache).classify(link).label == "red"
    assert make(cache=cache).classify(first).label == "red"


def test_a_second_pass_over_a_generator_opens_no_file_either(
    make: Make, engine: PixelEngine, cache: EmbeddingCache, old_files: Files, opened: list[str]
) -> None:
    paths = old_files(9)
    clf = make(cache=cache)
    assert list(clf.predict(path for path in paths)) == COLORS * 3
    opened.clear()
    engine.batches.clear()
    assert list(clf.predict(path for path in paths)) == COLORS * 3
    assert list(clf.predict(paths)) == COLORS * 3
    assert (opened, engine.batches) == ([], [])


def test_the_same_content_from_elsewhere_is_not_decoded(
    make: Make,
    engine: PixelEngine,
    cache: EmbeddingCache,
    old_files: Files,
    tmp_path: Path,
    decoded: list[str],
) -> None:
    path = old_files(1)[0]
    data = path.read_bytes()
    make(cache=cache).classify(path)
    decoded.clear()
    moved = path.rename(tmp_path / "moved.png")
    same: list[Any] = [
        moved,
        str(moved),
        data,
        bytearray(data),
        io.BytesIO(data),
        "data:image/png;base64," + base64.b64encode(data).decode(),
    ]
    assert list(make(cache=cache).predict(same)) == ["red"] * len(same)
    assert decoded == []
    assert engine.batches == [1]


@pytest.mark.parametrize(
    ("engine_options", "options"),
    [
        ({"weights_sha256": "cd" * 32}, {}),
        ({"precision": "bf16"}, {}),
        ({"preprocessing": "colors 5"}, {}),
        ({}, {"reading": Reading(background="red")}),
        ({}, {"exact": True}),
    ],
    ids=["weights", "precision", "preprocessing", "background", "exact"],
)
def test_all_that_an_embedding_depends_on_counts(
    make: Make,
    another: Another,
    cache: EmbeddingCache,
    old_files: Files,
    engine_options: dict[str, Any],
    options: dict[str, Any],
) -> None:
    make(cache=cache).predict(old_files(3))
    preprocessing = engine_options.pop("preprocessing", "colors 4")
    other = another(**engine_options)
    other.preprocessing = preprocessing
    for _ in range(2):
        make(encoder=other, cache=cache, **options).predict(old_files(3))
    assert other.batches == [3]
    same = another()
    make(encoder=same, cache=cache).predict(old_files(3))
    assert same.batches == []


def test_two_engines_over_the_same_weights_share_no_pictures(
    make: Make, another: Another, cache: EmbeddingCache, old_files: Files
) -> None:
    make(cache=cache).predict(old_files(3))
    first = another()

    others = [another(), another(), another()]
    others[0].__class__ = type("OtherEngine", (type(first),), {})
    others[1].model_info = dataclasses.replace(first.model_info, encoder="other")
    others[2].model_info = dataclasses.replace(first.model_info, device="cuda:0")
    for other in others:
        make(encoder=other, cache=cache).predict(old_files(3))
        assert other.batches == [3]
    make(encoder=first, cache=cache).predict(old_files(3))
    assert first.batches == []


def test_a_half_picture_that_a_setting_let_through_answers_only_under_it(
    make: Make, cache: EmbeddingCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "half.png"
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (64, 64, 3), np.uint8)).save(path)
    path.write_bytes(path.read_bytes()[:6000])
    os.utime(path, (LONG_AGO, LONG_AGO))
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert make(cache=cache).predict([path])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", False)
    with pytest.raises(ImageError):
        make(cache=cache).predict([path])


class Spoiled(EmbeddingCache):
    """A cache whose vectors are of another width."""

    def get(self, keys: Sequence[bytes]) -> list[NDArray[np.float32] | None]:
        return [np.ones(3, np.float32) for _ in keys]


def test_an_embedding_of_another_width_is_none(
    make: Make, engine: PixelEngine, tmp_path: Path, old_files: Files, solid: Solid
) -> None:
    pictures: list[Any] = [*old_files(2), solid("blue")]
    clf = make(cache=Spoiled(tmp_path / "cache"))
    for _ in range(2):
        assert list(clf.predict(pictures)) == COLORS
    assert engine.batches == [3, 3]


def test_an_engine_that_does_not_know_its_weights_is_not_cached(
    make: Make, another: Another, fake: Any, cache: EmbeddingCache, old_files: Files
) -> None:
    unknown = another(weights_sha256=None)
    for _ in range(2):
        assert list(make(encoder=unknown, cache=cache).predict(old_files(3))) == COLORS
        assert list(make(encoder=fake, cache=cache).predict(old_files(3))) == COLORS
    assert unknown.batches == [3, 3]
    assert fake.image_batches == [3, 3]


# ------------------------------------------------------------------------------ how it is asked


class Counted(EmbeddingCache):
    """A cache that counts what is asked for."""

    asked: list[tuple[str, int]]

    def get(self, keys: Sequence[bytes]) -> list[NDArray[np.float32] | None]:
        self.asked.append(("get", len(keys)))
        return super().get(keys)

    def get_digests(self, stamps: Any) -> list[bytes | None]:
        self.asked.append(("get_digests", len(stamps)))
        return super().get_digests(stamps)


def test_files_are_looked_up_a_batch_at_a_time(
    make: Make, tmp_path: Path, old_files: Files
) -> None:
    cache = Counted(tmp_path / "cache")
    cache.asked = []
    make(cache=cache, batch_size=16).encode_images(old_files(48))
    cache.asked = []
    make(cache=cache, batch_size=16).encode_images(old_files(48))
    assert cache.asked == [("get_digests", 16), ("get", 16)] * 3
    cache.close()


def test_a_picture_out_of_the_cache_takes_no_place_in_a_batch(
    make: Make, engine: PixelEngine, cache: EmbeddingCache, old_files: Files
) -> None:
    paths = old_files(18)
    make(cache=cache).predict([p for i, p in enumerate(paths) if i % 3])
    engine.batches.clear()
    assert list(make(cache=cache).predict(paths)) == COLORS * 6
    assert engine.batches == [3, 3]


def test_results_wait_for_eight_batches_at_most(
    make: Make, engine: PixelEngine, cache: EmbeddingCache, old_files: Files
) -> None:
    """One new picture, and then nothing but known ones for ever: it gets its turn."""
    known, new = old_files(2)
    make(cache=cache).predict([known])
    taken = 0

    def pictures() -> Iterator[Path]:
        nonlocal taken
        while True:
            taken += 1
            yield new if taken == 5 else known

    results = make(cache=cache).stream(pictures())
    for n in range(1, 61):
        assert next(results).label == ("green" if n == 5 else "red")
        assert taken <= n + 3 * 8
    assert engine.batches == [1, 1]


KINDS = st.lists(st.sampled_from(["known", "new", "moved", "array", "bad"]), max_size=12)


@given(KINDS, st.integers(1, 5), st.integers(1, 3))
@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
def test_any_mixture_comes_out_in_order_and_in_full_batches(
    make: Make,
    another: Another,
    old_files: Files,
    tmp_path_factory: pytest.TempPathFactory,
    kinds: list[str],
    batch_size: int,
    workers: int,
) -> None:
    cache = EmbeddingCache(tmp_path_factory.mktemp("mixture"))
    paths = old_files(12)[: len(kinds)]
    before = [path for path, kind in zip(paths, kinds, strict=True) if kind in ("known", "moved")]
    make(cache=cache).predict(before)
    given: dict[str, Callable[[Path], Any]] = {
        "known": str,
        "new": str,
        "moved": Path.read_bytes,
        "array": lambda path: np.asarray(Image.open(path)),
        "bad": lambda path: path.with_name("missing.png"),
    }
    pictures = [given[kind](path) for path, kind in zip(paths, kinds, strict=True)]
    engine = another()
    clf = make(encoder=engine, cache=cache, batch_size=batch_size, workers=workers)
    results = clf.classify_many(pictures, on_error="record")
    assert [r.label if isinstance(r, Prediction) else "bad" for r in results] == [
        "bad" if kind == "bad" else COLORS[i % 3] for i, kind in enumerate(kinds)
    ]
    new = sum(kind in ("new", "array") for kind in kinds)
    full, rest = divmod(new, batch_size)
    assert sorted(engine.batches, reverse=True) == [batch_size] * full + [rest] * (rest > 0)
    cache.close()
