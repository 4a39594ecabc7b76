"""Embeddings that are kept for pictures sent again."""

from __future__ import annotations

import numpy as np

from zsclip.serve.asked import Upload
from zsclip.serve.keeping import KeptEmbeddings, keys_of


def test_a_picture_is_known_by_its_bytes_and_a_url_by_nothing() -> None:
    first, second, other, url = keys_of(
        [
            Upload(b"a", "a.png"),
            Upload(b"a", "b.png"),
            Upload(b"b", "a.png"),
            Upload("http://x", ""),
        ]
    )
    assert first == second
    assert first != other
    assert url is None


def test_those_asked_for_last_are_kept_and_without_their_batch() -> None:
    kept, batch = KeptEmbeddings(2), np.eye(3, dtype=np.float32)
    for n, key in enumerate((b"a", b"b")):
        kept.keep(key, batch[n])
    assert kept.find(b"a") is not None
    kept.keep(b"c", batch[2])
    assert kept.find(b"b") is None
    found = kept.find(b"a")
    assert found is not None
    assert found.base is None
    np.testing.assert_array_equal(found, batch[0])
    assert kept.find(None) is None


def test_nothing_is_kept_where_nothing_is_to_be() -> None:
    kept = KeptEmbeddings(0)
    kept.keep(b"a", np.zeros(2, np.float32))
    assert kept.find(b"a") is None
