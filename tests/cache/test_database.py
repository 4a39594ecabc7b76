"""No flipped bit in the file changes an answer, and nothing that is put right is removed."""

from __future__ import annotations

import os
import random
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from vectors import unit

from zsclip.cache import EmbeddingCache, FileStamp, database, schema
from zsclip.errors import CacheWarning

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

VECTORS = {b"%04d" % i * 8: unit(i, 8) for i in range(40)}
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


@pytest.mark.parametrize("action", ["get", "verify"])
def test_what_is_put_in_the_place_of_a_damaged_record_is_not_removed(
    cache: EmbeddingCache,
    finish: Callable[..., str],
    entries: Entries,
    present: Callable[..., set[int]],
    before: Callable[[Any, str, Callable[[], object]], None],
    action: str,
) -> None:
    """By another process, after the damage was found; it has the handle of the damaged one."""
    cache.put(entries(*range(5)))
    spoil = "UPDATE embeddings SET checksum = 0 WHERE id = 3"
    cache._store.run(lambda db: db.connection.execute(spoil), None)
    code = "EmbeddingCache(sys.argv[1]).put(entries(*range(5)))"
    before(database, "transaction", lambda: finish(code, cache.path))
    if action == "get":
        assert present(cache, range(5)) == {0, 1, 3, 4}
    else:
        assert cache.verify().entries == 5
    assert present(cache, range(5)) == set(range(5))


@pytest.fixture
def unlockable(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> Kept:
    """A cache that SQLite can make nothing beside, as in a folder that allows it to nobody."""

    def refuse(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError("attempt to write a readonly database")
        error.sqlite_errorcode = sqlite3.SQLITE_READONLY
        raise error

    monkeypatch.setattr(database, "connect", refuse)
    return kept


def test_a_change_while_an_unlocked_file_is_opened_is_seen(
    unlockable: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = schema.connect_immutable

    def open_and_change(path: Path) -> sqlite3.Connection:
        connection = original(path)
        unlockable.overwrite(unlockable.path.stat().st_size, bytes(16_384))
        return connection

    monkeypatch.setattr(database, "connect_immutable", open_and_change)
    with closing(database.Database(unlockable.path, max_bytes=2**20, patience=1)) as found:
        assert found.fault is not None
        assert not found.is_current()


def test_a_log_that_goes_while_it_is_looked_at_is_none(
    unlockable: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever closed the file last has deleted it."""
    unlockable.path.with_name(unlockable.path.name + "-wal").touch()
    look = Path.stat

    def look_at_what_goes(path: Path, **options: bool) -> os.stat_result:
        found = look(path, **options)
        if path.name.endswith("-wal"):
            path.unlink()
        return found

    monkeypatch.setattr(Path, "stat", look_at_what_goes)
    with closing(EmbeddingCache(unlockable.path)) as cache:
        info = cache.info()
    assert info.entries == 300
    assert "cannot be written to" in str(info.problem)
