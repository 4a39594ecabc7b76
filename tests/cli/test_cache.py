"""`zsclip cache`: what is there, whether it is sound, and removing it."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import Result
from vectors import unit

from zsclip import EmbeddingCache
from zsclip.cache import FileStamp, make_key

Run = Callable[..., Result]

N = 60


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the commands look."""
    return tmp_path / "cache" / "embeddings.sqlite"


@pytest.fixture
def filled(path: Path) -> Iterator[EmbeddingCache]:
    """A cache of 60 embeddings and the hash of one file, closed."""
    with closing(EmbeddingCache()) as cache:
        assert cache.path == path
        cache.put((make_key(str(i)), unit(i)) for i in range(N))
        cache.put_digests([(FileStamp("/fox.png", 5, 0, 10**10), b"hash")])
        cache.close()
        yield cache


def words(result: Result) -> list[str]:
    return [" ".join(line.split()) for line in result.stdout.splitlines()]


def spoil(path: Path, i: int) -> None:
    """Change a number in an embedding."""
    data = bytearray(path.read_bytes())
    data[data.index(unit(i).astype("<f4").tobytes()) + 1000] ^= 1
    path.write_bytes(data)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as plain:
        plain.execute("PRAGMA user_version = 99")


# ------------------------------------------------------------------------------------------- info


def test_info_where_there_is_none(run: Run, path: Path) -> None:
    result = run("cache", "info")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Embedding cache: {path}" in words(result)
    assert "There is no cache yet." in result.stdout
    values = json.loads(run("cache", "info", "--format", "json").stdout)
    assert (values["exists"], values["usable"], values["entries"]) == (False, True, 0)
    assert not path.parent.exists()


def test_info_counts(run: Run, filled: EmbeddingCache) -> None:
    result = run("cache", "info")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = words(result)
    for line in (f"Embedding cache: {filled.path}", f"embeddings {N}", "files 1", "All is well."):
        assert line in lines
    assert any(line.endswith(" MB of 1,073.7 MB") for line in lines)
    filled.close()
    values = json.loads(run("cache", "info", "--format", "json").stdout)
    expected = filled.info().to_dict()
    assert values == expected
    assert values["entries"] == N


def test_info_of_another_one(run: Run, filled: EmbeddingCache, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    assert "There is no cache yet." in run("cache", "info", "--path", elsewhere).stdout
    assert f"embeddings {N}" in words(run("cache", "info", "--path", filled.path))
    assert f"embeddings {N}" in words(run("cache", "info", "--path", filled.path.parent))
    picture = tmp_path / "fox.png"
    picture.write_bytes(b"a fox")
    refused = run("cache", "info", "--path", picture)
    assert refused.exit_code == 2
    assert "`path` must be a folder, or a file that ends in" in refused.stderr


def test_info_tells_what_is_wrong(run: Run, filled: EmbeddingCache) -> None:
    newer(filled.path)
    result = run("cache", "info")
    assert (result.exit_code, result.stderr) == (0, "")
    assert f"Problem: The embedding cache {filled.path} was made by a newer zsclip" in result.stdout
    values = json.loads(run("cache", "info", "--format", "json").stdout)
    assert (values["usable"], values["schema"]) == (False, None)
    assert "newer zsclip" in values["problem"]


# ----------------------------------------------------------------------------------------- verify


def test_verify_of_a_sound_one(run: Run, filled: EmbeddingCache) -> None:
    result = run("cache", "verify")
    assert (result.exit_code, result.stderr) == (0, "")
    assert words(result) == [
        f"Embedding cache: {filled.path}",
        f"embeddings {N} intact",
        "files 1 intact",
        "damaged 0 removed",
        "",
        "All is well.",
    ]
    values = json.loads(run("cache", "verify", "--format", "json").stdout)
    assert values == filled.verify().to_dict()


def test_verify_where_there_is_none(run: Run, path: Path) -> None:
    result = run("cache", "verify")
    assert result.exit_code == 0
    assert not path.parent.exists()


def test_verify_removes_what_is_damaged(run: Run, filled: EmbeddingCache) -> None:
    spoil(filled.path, 7)
    result = run("cache", "verify")
    assert (result.exit_code, result.stderr) == (1, "")
    assert f"embeddings {N - 1} intact" in words(result)
    assert "damaged 1 removed" in words(result)
    assert result.stdout.endswith("Damage was found.\n")
    assert run("cache", "verify").exit_code == 0


def test_verify_of_one_that_is_damaged_as_a_whole(run: Run, filled: EmbeddingCache) -> None:
    os.truncate(filled.path, filled.path.stat().st_size - 50_000)
    result = run("cache", "verify", "--format", "json")
    assert (result.exit_code, result.stderr) == (1, "")
    values = json.loads(result.stdout)
    assert not values["ok"]
    assert 0 < values["entries"] < N
    assert Path(values["set_aside"]).exists()
    shown = run("cache", "info")
    assert f"set aside {values['set_aside']}" in words(shown)
    os.truncate(filled.path, 100)
    assert "The file was damaged as a whole, and is now" in run("cache", "verify").stdout


def test_verify_of_what_is_not_ours(run: Run, filled: EmbeddingCache) -> None:
    newer(filled.path)
    result = run("cache", "verify")
    assert result.exit_code == 1
    assert "Problem: The embedding cache" in result.stdout


# ------------------------------------------------------------------------------------------ clear


def test_clear_asks(run: Run, filled: EmbeddingCache) -> None:
    kept = run("cache", "clear", stdin="n\n")
    assert kept.exit_code == 0
    assert f"Remove {N} embeddings (0." in kept.stdout
    assert f" MB) from {filled.path}?" in kept.stdout
    assert kept.stdout.endswith("Nothing was removed.\n")
    assert filled.info().entries == N
    filled.close()
    gone = run("cache", "clear", stdin="y\n")
    assert gone.exit_code == 0
    assert f"{N} embeddings removed, 0." in gone.stdout
    assert filled.info().entries == 0


def test_clear_where_nobody_answers(run: Run, filled: EmbeddingCache) -> None:
    result = run("cache", "clear", stdin="")
    assert result.exit_code == 2
    assert "Nothing was removed. Pass --yes not to be asked." in result.stderr
    assert filled.info().entries == N


def test_clear_without_asking(run: Run, filled: EmbeddingCache) -> None:
    aside = filled.path.with_name(filled.path.name + ".corrupt-20260101-000000")
    aside.write_bytes(b"garbage" + bytes(61) + b"zsce")  # known as a cache by its id
    result = run("cache", "clear", "--yes")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith(f"{N} embeddings removed, ")
    assert not aside.exists()
    assert run("cache", "clear", "-y").stdout.startswith("0 embeddings removed, ")


def test_clear_where_there_is_none(run: Run, path: Path) -> None:
    result = run("cache", "clear")
    assert (result.exit_code, result.stdout) == (0, f"There is no cache at {path}.\n")


def test_clear_of_a_file_that_is_no_cache_leaves_it(run: Run, tmp_path: Path) -> None:
    diary = tmp_path / "diary.db"
    diary.write_text("diary\n")
    result = run("cache", "clear", "--yes", "--path", diary)
    assert result.exit_code == 2
    assert "Not everything could be removed. The embedding cache" in result.stderr
    assert "is left alone" in result.stderr
    assert diary.read_text() == "diary\n"
    assert sorted(tmp_path.glob("diary*")) == [diary]


def test_clear_leaves_what_is_not_ours(run: Run, filled: EmbeddingCache) -> None:
    newer(filled.path)
    before = filled.path.read_bytes()
    result = run("cache", "clear", "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: Not everything could be removed. The embedding cache")
    assert "is left alone" in result.stderr
    assert filled.path.read_bytes() == before
