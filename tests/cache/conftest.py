"""Caches with known content, and processes that use them."""

from __future__ import annotations

import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import vectors
from numpy.typing import NDArray
from vectors import unit

from zsclip.cache import EmbeddingCache, FileStamp, make_key
from zsclip.errors import CacheWarning

PAGE = 16_384

# What scripts begin with: the same content as `entries` gives, and a report of warnings.
PRELUDE = f"""
import os, sys, warnings
import numpy as np
sys.path.append({str(Path(vectors.__file__).parent)!r})
from vectors import unit
from zsclip.cache import EmbeddingCache, make_key
from zsclip.errors import CacheWarning

def entries(*numbers):
    return [(make_key("entry", str(i)), unit(i)) for i in numbers]

def present(cache, numbers):
    wanted = entries(*numbers)
    found = cache.get([key for key, _ in wanted])
    for (_, vector), got in zip(wanted, found):
        assert got is None or (got == vector).all()
    return sum(got is not None for got in found)
"""


@pytest.fixture(autouse=True)
def _apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees this machine's own cache."""
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "default"))


@pytest.fixture
def entries() -> Callable[..., list[tuple[bytes, NDArray[np.float32]]]]:
    """Makes entries of 512 numbers, each known by its number."""

    def entries(*numbers: int) -> list[tuple[bytes, NDArray[np.float32]]]:
        return [(make_key("entry", str(i)), unit(i)) for i in numbers]

    return entries


@pytest.fixture
def present(
    entries: Callable[..., list[tuple[bytes, NDArray[np.float32]]]],
) -> Callable[[EmbeddingCache, Sequence[int]], set[int]]:
    """Tells which of the entries a cache has; fails if one is not as it was put in."""

    def present(cache: EmbeddingCache, numbers: Sequence[int]) -> set[int]:
        wanted = entries(*numbers)
        there = set()
        for i, (_, vector), found in zip(
            numbers, wanted, cache.get([key for key, _ in wanted]), strict=True
        ):
            if found is not None:
                np.testing.assert_array_equal(found, vector)
                there.add(i)
        return there

    return present


@pytest.fixture
def start() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts Python scripts with warnings as errors; none outlives the test."""
    running: list[subprocess.Popen[str]] = []

    def start(code: str, *args: object) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PRELUDE + code, *map(str, args)],
            stdin=pipe,
            stdout=pipe,
            stderr=pipe,
            text=True,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def finish(
    start: Callable[..., subprocess.Popen[str]],
) -> Callable[..., str]:
    """Runs a script to its end and gives what it printed; fails if it failed."""

    def finish(code: str, *args: object) -> str:
        process = start(code, *args)
        out, err = process.communicate(timeout=120)
        assert (process.returncode, err) == (0, ""), (out, err)
        return out

    return finish


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str, Callable[[], object]], None]:
    """Has something happen at a moment: right before a function is called for the first time."""

    def before(owner: Any, name: str, happens: Callable[[], object]) -> None:
        original = getattr(owner, name)

        def wrapped(*args: Any, **options: Any) -> Any:
            monkeypatch.setattr(owner, name, original)
            happens()
            return original(*args, **options)

        monkeypatch.setattr(owner, name, wrapped)

    return before


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user of the machine can enter, which pytest's own are not."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder)
        path.chmod(0o755)
        yield path


# ----------------------------------------------------------------------------------------- damage


@dataclass(frozen=True)
class Kept:
    """A closed cache of 300 embeddings and the hashes of 50 files, to be damaged."""

    path: Path

    stamps = tuple(FileStamp(f"/{i}.png", i, 0, 10**10) for i in range(50))

    def overwrite(self, at: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def pages(self, table: str) -> list[int]:
        """Where the pages of a table begin, by SQLite's own account: its root, and those below."""
        copy = self.path.with_name("copy.sqlite")  # to open it would take the log along
        shutil.copy(self.path, copy)
        with closing(sqlite3.connect(copy)) as plain:
            [(root,)] = plain.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)
            ).fetchall()
        data = copy.read_bytes()
        page = data[(root - 1) * PAGE : root * PAGE]
        below: list[int] = []
        if page[0] in (2, 5):  # an inner page: its cells begin with the number of one below it
            count = int.from_bytes(page[3:5], "big")
            starts = [int.from_bytes(page[12 + 2 * i : 14 + 2 * i], "big") for i in range(count)]
            below = [int.from_bytes(page[start : start + 4], "big") for start in starts]
            below.append(int.from_bytes(page[8:12], "big"))
        return [(number - 1) * PAGE for number in (root, *below)]

    def set_aside(self) -> list[Path]:
        """The files that were; without logs, which stay while another process has them open."""
        found = self.path.parent.glob(f"{self.path.name}.corrupt-*")
        return sorted(file for file in found if not file.name.endswith(("-wal", "-shm")))


@pytest.fixture
def kept(tmp_path: Path, entries: Callable[..., list[tuple[bytes, NDArray[np.float32]]]]) -> Kept:
    with closing(EmbeddingCache(tmp_path / "kept")) as cache:
        cache.put(entries(*range(300)))
        cache.put_digests((stamp, b"%d" % stamp.size) for stamp in Kept.stamps)
    return Kept(cache.path)


@pytest.fixture
def spoilt() -> bytes:
    """What is known to be a cache by its application id, and has nothing else of one."""
    return b"garbage" + bytes(61) + b"zsce" + bytes(10_000)


@pytest.fixture
def warns_once() -> Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]:
    """Makes a context in which there is one warning, however much is done in it."""

    @contextmanager
    def warns_once(match: str) -> Iterator[list[warnings.WarningMessage]]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield caught
        assert len(caught) == 1, [str(w.message) for w in caught]
        [warning] = caught
        assert warning.category is CacheWarning
        assert re.search(match, str(warning.message)), warning.message

    return warns_once
