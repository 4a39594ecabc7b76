"""What is put in comes out, bit for bit, and nothing else does."""

from __future__ import annotations

import gc
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from vectors import unit

from zsclip import EmbeddingCache
from zsclip.errors import ParameterError, ParameterTypeError

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]

KEY = st.binary(max_size=40)
NUMBER = st.floats(-1e6, 1e6, width=32)
VECTOR = (
    hnp.arrays(np.float32, st.integers(1, 70), elements=NUMBER)
    .filter(lambda vector: np.linalg.norm(vector.astype(np.float64)) > 1e-6)
    .map(lambda vector: (vector / np.linalg.norm(vector.astype(np.float64))).astype(np.float32))
)


@settings(max_examples=40)
@given(st.lists(st.lists(st.tuples(KEY, VECTOR), max_size=6), max_size=3), st.lists(KEY))
def test_the_last_vector_under_a_key_comes_out_bit_for_bit(
    puts: list[list[tuple[bytes, NDArray[np.float32]]]], others: list[bytes]
) -> None:
    expected = {key: vector for entries in puts for key, vector in entries}
    keys = [*expected, *others, *expected]
    with tempfile.TemporaryDirectory() as folder:
        for open_anew in (False, True):
            with closing(EmbeddingCache(folder)) as cache:
                if not open_anew:
                    for entries in puts:
                        cache.put(iter(entries))
                found = cache.get(keys)
                assert cache.info().entries == len(expected)
            assert len(found) == len(keys)
            for key, vector in zip(keys, found, strict=True):
                if key not in expected:
                    assert vector is None
                else:
                    assert vector is not None
                    assert vector.dtype == np.float32
                    assert vector.tobytes() == expected[key].tobytes()
                    assert not vector.flags.writeable


def test_arrays_of_any_layout(cache: EmbeddingCache) -> None:
    table = np.stack([unit(1, 4), unit(5, 4)], axis=1)
    cache.put([(b"column", table[:, 1]), (b"backwards", table[::-1, 0])])
    column, backwards = cache.get([b"column", b"backwards"])
    assert column is not None
    assert backwards is not None
    np.testing.assert_array_equal(column, table[:, 1])
    np.testing.assert_array_equal(backwards, table[::-1, 0])


def test_a_few_hundred_keys_take_one_query(cache: EmbeddingCache, entries: Entries) -> None:
    known = entries(*range(256))
    cache.put(known)
    asked: list[str] = []
    cache._store.run(lambda db: db.connection.set_trace_callback(asked.append), None)
    assert all(found is not None for found in cache.get([key for key, _ in known]))
    assert [line.split()[0] for line in asked] == ["SELECT"]


def test_nothing_asked_or_given_touches_no_file(cache: EmbeddingCache) -> None:
    assert cache.get([]) == []
    assert cache.get_digests([]) == []
    cache.put([])
    cache.put_digests(iter([]))
    assert not cache.path.parent.exists()


def test_a_closed_cache_opens_again(
    cache: EmbeddingCache, entries: Entries, present: Present
) -> None:
    cache.put(entries(1))
    cache.close()
    cache.close()
    cache.put(entries(2))
    assert present(cache, [1, 2, 3]) == {1, 2}


def test_one_that_is_forgotten_is_closed(tmp_path: Path, entries: Entries) -> None:
    forgotten = EmbeddingCache(tmp_path)
    forgotten.put(entries(1))
    assert (tmp_path / "embeddings.sqlite-wal").exists()
    del forgotten
    gc.collect()
    assert not (tmp_path / "embeddings.sqlite-wal").exists()  # as the last one to close leaves it


def test_the_end_of_the_process_closes_it(tmp_path: Path, finish: Callable[..., str]) -> None:
    finish("cache = EmbeddingCache(sys.argv[1]); cache.put(entries(1))", tmp_path)
    assert not (tmp_path / "embeddings.sqlite-wal").exists()


def test_what_was_written_while_it_is_open_is_seen_by_another(
    cache: EmbeddingCache, entries: Entries, present: Present
) -> None:
    with closing(EmbeddingCache(cache.path)) as other:
        cache.put(entries(1))
        assert present(other, [1, 2]) == {1}
        other.put(entries(2))
        assert present(cache, [1, 2]) == {1, 2}


def test_a_file_removed_beneath_it_is_begun_anew(
    cache: EmbeddingCache, entries: Entries, present: Present
) -> None:
    cache.put(entries(1))
    for file in cache.path.parent.iterdir():
        file.unlink()
    assert present(cache, [1]) == set()
    cache.put(entries(2))
    with closing(EmbeddingCache(cache.path)) as other:
        assert present(other, [1, 2]) == {2}


def test_no_pickle_and_no_file_names_are_in_the_file(
    cache: EmbeddingCache, entries: Entries
) -> None:
    cache.put(entries(1))
    cache.close()
    with closing(sqlite3.connect(cache.path)) as plain:
        [(vector,)] = plain.execute("SELECT vector FROM embeddings").fetchall()
    assert np.frombuffer(vector, "<f4").tolist() == unit(1).tolist()


@pytest.mark.parametrize(
    ("key", "vector", "error", "message"),
    [
        ("a", np.ones(2, np.float32), ParameterTypeError, "`entries` must hold .* got str: 'a'"),
        (b"a", [1.0], ParameterTypeError, "arrays of float32, got list"),
        (b"a", np.ones(2), ParameterTypeError, "arrays of float32, got float64"),
        (b"a", np.ones((1, 2), np.float32), ParameterError, r"of shape \(1, 2\)"),
        (b"a", np.ones(0, np.float32), ParameterError, r"of shape \(0,\)"),
        (b"a", np.ones(4, np.float32), ParameterError, "of length 1, got one of length 2"),
        (b"a", np.zeros(4, np.float32), ParameterError, "got one of length 0"),
        (b"a", np.full(4, np.nan, np.float32), ParameterError, "got one of length nan"),
        (b"a", np.full(4, 3e38, np.float32), ParameterError, r"got one of length 6e\+38"),
    ],
)
def test_what_cannot_be_kept_is_an_error_and_nothing_is_kept(
    cache: EmbeddingCache, key: Any, vector: Any, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        cache.put([(b"good", unit(1)), (key, vector)])
    assert cache.get([b"good"]) == [None]


@pytest.mark.parametrize("keys", [["a"], "a", b"a", [None]])
def test_keys_of_another_type(cache: EmbeddingCache, keys: Any) -> None:
    with pytest.raises(ParameterTypeError, match=r"`keys` must hold .* bytes, got"):
        cache.get(keys)
