"""No flipped bit in the file changes an answer."""

from __future__ import annotations

import random
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path

import numpy as np
import pytest

from zsclip.cache import EmbeddingCache, FileStamp
from zsclip.errors import CacheWarning

WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

VECTORS = {b"%04d" % i * 8: np.arange(i, i + 8, dtype=np.float32) for i in range(40)}
DIGESTS = {FileStamp(f"/{i}.png", i, 0, 10**10, i, i): b"%04d" % i * 8 for i in range(20)}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small cache, as a file."""
    with closing(EmbeddingCache(tmp_path_factory.mktemp("sound"))) as cache:
        cache.put(VECTORS.items())
        cache.put_digests(DIGESTS.items())
    return cache.path.read_bytes()


@pytest.mark.parametrize("seed", range(3))
def test_no_flipped_bit_in_the_file_changes_an_answer(
    tmp_path: Path, sound: bytes, seed: int
) -> None:
    rng = random.Random(seed)
    used = [at for at, byte in enumerate(sound) if byte]  # most of a small file is empty
    intact = 0
    for i in range(120):
        folder = tmp_path / str(i)
        folder.mkdir()
        flipped = bytearray(sound)
        flipped[rng.choice(used)] ^= 1 << rng.randrange(8)
        (folder / "embeddings.sqlite").write_bytes(flipped)
        with closing(EmbeddingCache(folder)) as cache, warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheWarning)
            found = cache.get(list(VECTORS))
            known = cache.get_digests(list(DIGESTS))
        for vector, got in zip(VECTORS.values(), found, strict=True):
            assert got is None or got.tobytes() == vector.tobytes()
            intact += got is not None
        for digest, content in zip(DIGESTS.values(), known, strict=True):
            assert content in (None, digest)
    assert intact > 0.8 * 120 * len(VECTORS)  # and of what is not hit, most is found


@pytest.mark.parametrize("table", ["embeddings", "uses", "files"])
def test_a_table_whose_description_is_damaged_is_made_anew(
    tmp_path: Path, sound: bytes, table: str, warns_once: WarnsOnce
) -> None:
    """A letter of a column's name, of which SQLite's own check says nothing."""
    path = tmp_path / "embeddings.sqlite"
    path.write_bytes(sound)
    with closing(sqlite3.connect(path)) as plain:
        [(text,)] = plain.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,))
    letter = sound.index(text.encode()) + text.index("INTEGER") - 2
    path.write_bytes(sound[:letter] + bytes([sound[letter] ^ 1]) + sound[letter + 1 :])
    with closing(EmbeddingCache(path)) as cache:
        with warns_once("is damaged"):
            cache.get(list(VECTORS))
            cache.put(VECTORS.items())
            cache.put_digests(DIGESTS.items())
        assert all(found is not None for found in cache.get(list(VECTORS)))
        assert cache.get_digests(list(DIGESTS)) == list(DIGESTS.values())
        assert cache.verify().ok
