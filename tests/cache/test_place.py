"""Which file is meant: paths, folders, the environment, and what ``cache=`` may be."""

from __future__ import annotations

import copy
import gc
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs
import pytest
from vectors import unit

from zsclip.cache import EmbeddingCache, default_path, open_cache
from zsclip.errors import ParameterError, ParameterTypeError


def test_the_default_is_in_the_folder_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EmbeddingCache().path == tmp_path / "default" / "embeddings.sqlite"
    monkeypatch.setenv("ZSCLIP_CACHE", "relative")
    monkeypatch.chdir(tmp_path)
    assert EmbeddingCache().path == tmp_path / "relative" / "embeddings.sqlite"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("ZSCLIP_CACHE", "~/mine")
    assert default_path() == tmp_path / "mine" / "embeddings.sqlite"


def test_without_the_environment_the_cache_is_in_the_users_own_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("ZSCLIP_CACHE")
    expected = Path(platformdirs.user_cache_dir("zsclip")) / "embeddings.sqlite"
    assert EmbeddingCache().path == EmbeddingCache(None).path == expected
    monkeypatch.setenv("ZSCLIP_CACHE", "")
    assert EmbeddingCache().path == expected


def test_who_has_no_home_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs as a number without a name."""

    def refuse(*args: object) -> str:
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv("ZSCLIP_CACHE")
    monkeypatch.setattr(platformdirs, "user_cache_dir", refuse)
    with pytest.raises(ParameterError, match=r"home directory.*Set ZSCLIP_CACHE or pass cache="):
        EmbeddingCache()


def test_a_cache_is_a_file_or_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "folder.db").mkdir()
    for given, expected in [
        ("new", "new/embeddings.sqlite"),
        ("a/b", "a/b/embeddings.sqlite"),
        ("mine.sqlite", "mine.sqlite"),
        ("mine.SQLITE3", "mine.SQLITE3"),
        ("mine.db", "mine.db"),
        ("v1.2", "v1.2/embeddings.sqlite"),
        ("folder.db", "folder.db/embeddings.sqlite"),
    ]:
        assert EmbeddingCache(tmp_path / given).path == tmp_path / expected
    slashed = EmbeddingCache(f"{tmp_path}/mine.sqlite/")
    assert slashed.path == tmp_path / "mine.sqlite" / "embeddings.sqlite"
    assert list(tmp_path.iterdir()) == [tmp_path / "folder.db"]  # nothing was made


def test_a_cache_is_not_made_of_a_file_of_another_kind(tmp_path: Path) -> None:
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"a fox")
    with pytest.raises(ParameterError, match="`path` must be a folder, or a file that ends in"):
        EmbeddingCache(picture)
    assert picture.read_bytes() == b"a fox"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("", ParameterError),
        ("a\0b", ParameterError),
        ("~nobody-of-this-name/x", ParameterError),
        (3, ParameterTypeError),
        (b"folder", ParameterTypeError),
        (True, ParameterTypeError),
    ],
)
def test_a_cache_at_what_is_no_path_is_an_error(path: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="`path` must"):
        EmbeddingCache(path)


@pytest.mark.parametrize(
    ("max_bytes", "error"),
    [
        (1024**2 - 1, ParameterError),
        (-1, ParameterError),
        (1e9, ParameterTypeError),
        ("1 GiB", ParameterTypeError),
        (True, ParameterTypeError),
        (None, ParameterTypeError),
    ],
)
def test_max_bytes_that_is_no_cap_is_an_error(
    tmp_path: Path, max_bytes: Any, error: type[Exception]
) -> None:
    with pytest.raises(error, match="`max_bytes` must be"):
        EmbeddingCache(tmp_path, max_bytes=max_bytes)
    assert EmbeddingCache(tmp_path, max_bytes=np.int64(1024**2)).max_bytes == 1024**2  # type: ignore[arg-type]


def test_the_repr_of_a_cache_opens_nothing(cache: EmbeddingCache) -> None:
    assert repr(cache) == f"<EmbeddingCache {cache.path}>"
    assert not cache.path.exists()


@pytest.mark.parametrize("how", ["pickle", "copy", "deepcopy"])
def test_a_cache_can_be_sent_to_another_process(cache: EmbeddingCache, how: str) -> None:
    limited = EmbeddingCache(cache.path, max_bytes=2**22)
    limited.put([(b"a", unit(1))])
    again: EmbeddingCache = {
        "pickle": lambda c: pickle.loads(pickle.dumps(c)),
        "copy": copy.copy,
        "deepcopy": copy.deepcopy,
    }[how](limited)
    assert (again.path, again.max_bytes) == (limited.path, 2**22)
    [found] = again.get([b"a"])
    assert found is not None


# -------------------------------------------------------------------------------------- cache=


def test_true_and_paths_share_one_object_for_each_file(tmp_path: Path) -> None:
    default = open_cache(True)
    assert default is not None
    assert default is open_cache(True) is open_cache(tmp_path / "default")
    other = open_cache(str(tmp_path / "other"))
    assert other is open_cache(tmp_path / "other" / "embeddings.sqlite")
    assert other is not default


def test_true_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = open_cache(True)
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "elsewhere"))
    after = open_cache(True)
    assert before is not None
    assert after is not None
    assert before.path != after.path == tmp_path / "elsewhere" / "embeddings.sqlite"


def test_one_that_nobody_uses_is_forgotten(tmp_path: Path) -> None:
    made = open_cache(tmp_path)
    assert made is not None
    made.put([(b"a", unit(1))])
    del made
    gc.collect()
    assert not (tmp_path / "embeddings.sqlite-wal").exists()


def test_false_is_none_and_a_cache_is_itself(cache: EmbeddingCache) -> None:
    assert open_cache(False) is None
    assert open_cache(cache) is cache


@pytest.mark.parametrize("value", [None, 1, 0, b"folder", object])
def test_open_cache_takes_nothing_else(value: Any) -> None:
    with pytest.raises(ParameterTypeError, match="`cache` must be True, False, a file or folder"):
        open_cache(value)
