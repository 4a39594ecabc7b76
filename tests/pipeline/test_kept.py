"""Embeddings of pictures in the cache: what is known is not read, decoded or embedded again."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from talkers import send, talk

from zsclip import Failure, ZeroShotClassifier
from zsclip.cache import EmbeddingCache
from zsclip.errors import ImageError
from zsclip.images import Reading

OLD = 1_600_000_000 * 10**9  # long ago: a file that changed just now is not trusted by its stamp

pytestmark = pytest.mark.usefixtures("plain_stamps")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "pictures"
    made.mkdir()
    for i in range(10):
        path = made / f"{i}.png"
        Image.new("RGB", (70, 80), (i * 20, 99, 0)).save(path)
        os.utime(path, ns=(OLD, OLD))
    return made


class Counted:
    """A classifier over the embedded model, and how often its towers ran."""

    def __init__(self, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch, **options: Any):
        names = options.pop("labels", ["cat", "dog"])
        options.setdefault("batch_size", 4)
        self.clf = ZeroShotClassifier(names, model="tiny-cartoon", cache=cache, **options)
        self.embedded = 0
        engine: Any = self.clf.encoder
        encode = engine.encode_pixels

        def counted(pixels: Any) -> Any:
            self.embedded += len(pixels)
            return encode(pixels)

        monkeypatch.setattr(engine, "encode_pixels", counted)


def _scores(counted: Counted, images: Any) -> list[list[float]]:
    return [result.scores.tolist() for result in counted.clf.classify_many(images)]


def test_a_second_pass_reads_nothing(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch, loads: list[str]
) -> None:
    first = Counted(cache, monkeypatch)
    expected = _scores(first, folder)
    assert first.embedded == 10
    loads.clear()
    for path in folder.iterdir():  # of the same size and time: only who reads them can tell
        path.write_bytes(b"?" * path.stat().st_size)
        os.utime(path, ns=(OLD, OLD))
    second = Counted(cache, monkeypatch)
    assert _scores(second, folder) == expected
    assert second.embedded == 0
    assert loads == []


def test_other_labels_over_a_known_folder_touch_no_pixels(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch, loads: list[str]
) -> None:
    _scores(Counted(cache, monkeypatch), folder)
    loads.clear()
    other = Counted(cache, monkeypatch, labels=["frog", "fish", "tiger"])
    assert np.shape(_scores(other, folder)) == (10, 3)
    assert (other.embedded, loads) == (0, ["load_text_tower"])


def test_a_file_that_changed_is_embedded_again(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _scores(Counted(cache, monkeypatch), folder)
    Image.new("RGB", (70, 80), "blue").save(folder / "3.png")
    again = Counted(cache, monkeypatch)
    after = _scores(again, folder)
    assert again.embedded == 1
    same = np.isclose(before, after, atol=1e-6).all(axis=1)
    assert same.tolist() == [i != 3 for i in range(10)]


def test_the_same_content_from_elsewhere_is_known(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = _scores(Counted(cache, monkeypatch), [folder / "1.png"])
    content = (folder / "1.png").read_bytes()
    (folder / "copy.png").write_bytes(content)
    again = Counted(cache, monkeypatch)
    found = _scores(again, [folder / "copy.png", content, io.BytesIO(content)])
    np.testing.assert_allclose(found, expected * 3, atol=1e-6)
    assert again.embedded == 0


def test_a_url_is_refused_although_the_picture_there_is_known(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("no_proxy", "*")
    answer = send(b"HTTP/1.1 200 OK\r\n\r\n", (folder / "1.png").read_bytes())
    with talk(answer) as server:
        _scores(Counted(cache, monkeypatch), [server.url])
        for urls in ("none", "public"):
            strict = Counted(cache, monkeypatch, reading=Reading(urls=urls))
            with pytest.raises(ImageError, match=f"`urls` is '{urls}'"):
                _scores(strict, [server.url])
        assert len(server.heads) == 1


def test_a_picture_in_memory_is_known_by_its_pixels(
    cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = Image.radial_gradient("L").convert("RGB")
    first = Counted(cache, monkeypatch)
    expected = _scores(first, [picture])
    found = _scores(first, [picture.copy(), np.asarray(picture)])
    np.testing.assert_allclose(found, expected * 2, atol=1e-6)
    assert first.embedded == 1


@pytest.mark.parametrize(
    "other", [{"precision": "bf16"}, {"reading": Reading(background="black")}, {"exact": True}]
)
def test_what_is_read_otherwise_has_its_own(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch, other: dict[str, Any]
) -> None:
    _scores(Counted(cache, monkeypatch, precision="fp32"), folder)
    counted = Counted(cache, monkeypatch, **({"precision": "fp32"} | other))
    _scores(counted, folder)
    assert counted.embedded == 10


def test_without_a_cache_nothing_is_kept(
    folder: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clf = ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", cache=False)
    clf.classify_many(folder)
    assert not cache_folder.exists()
    ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon").classify_many(folder)
    assert EmbeddingCache().info().entries == 10 + 2


def test_failures_are_tried_again(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(b"x" * len(good))
    os.utime(folder / "2.png", ns=(OLD, OLD))
    counted = Counted(cache, monkeypatch)
    [failed] = [
        r for r in counted.clf.classify_many(folder, on_error="record") if isinstance(r, Failure)
    ]
    assert failed.source.endswith("2.png")
    (folder / "2.png").write_bytes(good)
    os.utime(folder / "2.png", ns=(OLD, OLD))
    assert len(_scores(counted, folder)) == 10


def test_known_and_new_ones_keep_their_order(
    folder: Path, cache: EmbeddingCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(folder.iterdir())
    expected = _scores(Counted(EmbeddingCache(folder / "other"), monkeypatch), paths)
    _scores(Counted(cache, monkeypatch), paths[::3])
    counted = Counted(cache, monkeypatch)
    np.testing.assert_allclose(_scores(counted, paths), expected, atol=1e-5)
    assert counted.embedded == 10 - len(paths[::3])
