"""What is believed of a row: that it is whole, and that an embedding is of length 1."""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np
import pytest
from numpy.typing import NDArray
from vectors import unit

from zsclip import EmbeddingCache
from zsclip.cache import make_key
from zsclip.cache.records import are_unit, is_unit

if TYPE_CHECKING:
    from tests.cache.conftest import Kept

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]

FORGED = {
    "of length 2": (2 * unit(4)).tobytes(),
    "of length 0": bytes(2048),
    "not a number": np.full(512, np.nan, "<f4").tobytes(),
    "infinite": np.full(512, np.inf, "<f4").tobytes(),
    "too large to be squared": np.full(512, 3e38, "<f4").tobytes(),
    "empty": b"",
    "cut short": unit(4).tobytes()[:-1],
}


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("what", FORGED)
def test_a_row_that_is_no_embedding_is_not_believed_whatever_its_checksum_says(
    kept: Kept, entries: Entries, present: Present, what: str, alone: bool
) -> None:
    key, data = make_key("entry", "4"), FORGED[what]
    with closing(sqlite3.connect(kept.path)) as plain:
        plain.execute(
            "UPDATE embeddings SET vector = ?, checksum = ? WHERE key = ?",
            (data, zlib.crc32(key + data), key),
        )
        plain.commit()
    asked = [4] if alone else range(10)
    with closing(EmbeddingCache(kept.path)) as cache:
        assert present(cache, asked) == set(asked) - {4}
        assert cache.info().entries == 299  # and goes
        cache.put(entries(4))
        assert present(cache, asked) == set(asked)
        assert cache.verify().ok


def test_rows_that_are_no_embeddings_are_counted_as_damage(kept: Kept) -> None:
    with closing(sqlite3.connect(kept.path)) as plain:
        for number, data in enumerate(FORGED.values()):
            key = make_key("entry", str(number))
            plain.execute(
                "UPDATE embeddings SET vector = ?, checksum = ? WHERE key = ?",
                (data, zlib.crc32(key + data), key),
            )
        plain.commit()
    with closing(EmbeddingCache(kept.path)) as cache:
        report = cache.verify()
        assert (report.damaged, report.entries) == (len(FORGED), 300 - len(FORGED))


def test_one_and_many_are_judged_alike() -> None:
    good = [unit(i).astype("<f4").tobytes() for i in range(8)]
    mixed = [*good, *FORGED.values(), unit(1, 4).tobytes()]
    assert are_unit(mixed) == [is_unit(data) for data in mixed]
    assert are_unit(good) == [True] * 8
    assert are_unit([good[0], FORGED["of length 2"]] * 4) == [True, False] * 4
    assert are_unit([]) == []


def test_what_engines_may_give_is_believed() -> None:
    """Normalizing in bf16 leaves a length that is off by up to a hundredth."""
    for length in (0.99, 1.01):
        assert is_unit((length * unit(3)).astype("<f4").tobytes())
