"""Disks that are full, folders and files that cannot be written, and what cannot be made at all."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from zsclip.cache import EmbeddingCache, FileStamp

Entries = Callable[..., list[tuple[bytes, NDArray[np.float32]]]]
Present = Callable[..., set[int]]
Finish = Callable[..., str]
WarnsOnce = Callable[[str], AbstractContextManager[list[warnings.WarningMessage]]]

ROOT = os.geteuid() == 0
NOBODY = 65534

# Root may write everywhere, so it becomes somebody who may not.
UNPRIVILEGED = """
import tempfile
with tempfile.TemporaryDirectory() as folder:  # loads all there is to load
    other = EmbeddingCache(folder)
    other.put(entries(1))
    other.verify()
    other.close()
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
"""
TOLD = """
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    use()
for warning in caught:
    assert warning.category is CacheWarning, warning
    print(warning.message)
"""


# ------------------------------------------------------------------------------------ full disks


def mount(folder: Path) -> bool:
    """Put a file system of 2 MB there, if that is allowed here."""
    if not ROOT or not shutil.which("mount"):
        return False
    command = ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def small_disk(folder: Path) -> Iterator[str]:
    """Give code that limits a process, or nothing where the file system is small itself."""
    folder.mkdir()
    if mount(folder):
        try:
            yield ""
        finally:
            subprocess.run(["umount", str(folder)], check=True)
    else:
        yield LIMIT


LIMIT = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))\n"

FILL = """
cache = EmbeddingCache(sys.argv[1])
def use():
    for batch in range(200):
        cache.put(entries(*range(20 * batch, 20 * batch + 20)))
    assert present(cache, range(4000)) == present(cache, range(4000)) > 100
    stamp = FileStamp("/fox.png", 1, 0, 10**10)
    cache.put_digests([(stamp, b"hash")])
    cache.get_digests([stamp])
from zsclip.cache import FileStamp
"""
COUNT = "there = [i for i in range(4000) if present(cache, [i])]\nprint(len(there), there[-1])\n"


@pytest.mark.parametrize("way", ["limit", "file system"])
def test_a_disk_that_fills_up(
    tmp_path: Path, finish: Finish, present: Present, entries: Entries, way: str
) -> None:
    folder = tmp_path / "small"
    if way == "limit":
        folder.mkdir()
        check_filling(folder, LIMIT, finish, present, entries)
    else:
        with small_disk(folder) as limit:
            check_filling(folder, limit, finish, present, entries)


def check_filling(
    folder: Path, limit: str, finish: Finish, present: Present, entries: Entries
) -> None:
    told, counted = finish(limit + FILL + TOLD + COUNT, folder).splitlines()
    assert "cannot be written" in told or "does not work" in told
    assert "What is in it is used, and nothing is added." in told
    assert "Make room" in told or "Look at the disk" in told
    count, last = map(int, counted.split())
    assert count == last + 1  # nothing that was written before is lost
    with closing(EmbeddingCache(folder)) as cache:
        assert present(cache, range(4000)) == set(range(count))
        assert cache.verify().ok
        assert cache.clear() == count  # gives room even where there is none
        cache.put(entries(*range(50)))
        assert present(cache, range(4000)) == set(range(50))


def test_a_full_disk_is_still_read(
    tmp_path: Path, finish: Finish, entries: Entries, present: Present
) -> None:
    """Not even the file that SQLite shares between processes can be made then."""
    with closing(EmbeddingCache(tmp_path)) as cache:
        cache.put(entries(*range(100)))
    code = """
import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
cache = EmbeddingCache(sys.argv[1])
def use():
    assert present(cache, range(200)) == 100
    cache.put(entries(100))
    assert present(cache, range(200)) == 100
"""
    [told] = finish(code + TOLD, tmp_path).splitlines()
    assert "What is in it is used, and nothing is added." in told
    assert present(cache, range(200)) == set(range(100))


def test_a_disk_without_room_for_a_first_cache_costs_no_answer(
    tmp_path: Path, finish: Finish
) -> None:
    code = """
import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
cache = EmbeddingCache(sys.argv[1])
def use():
    cache.put(entries(1))
    assert present(cache, [1]) == 0
    assert cache.clear() == 0
"""
    [told] = finish(code + TOLD, tmp_path / "new").splitlines()
    assert "goes on without it, and computes every embedding anew" in told
    assert "Look at the disk" in told  # to which SQLite's "disk I/O error" points
    with closing(EmbeddingCache(tmp_path / "new")) as cache:
        assert cache.info().entries == 0


def test_a_full_disk_is_named_as_such_where_a_first_cache_finds_no_room(
    tmp_path: Path, finish: Finish
) -> None:
    folder = tmp_path / "small"
    folder.mkdir()
    if not mount(folder):
        pytest.skip("no file system can be put there")
    try:
        (folder / "else").write_bytes(bytes(1_990_000))
        use = "cache = EmbeddingCache(sys.argv[1])\ndef use():\n    cache.put(entries(1))\n"
        [told] = finish(use + TOLD, folder / "new").splitlines()
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    assert "there is no room for it (database or disk is full)" in told
    assert "Make room" in told


# ------------------------------------------------------------------------------------ no rights


@pytest.fixture
def belonging(open_to_all: Path) -> Callable[[Path, int], None]:
    """Sets the rights of a file or folder, for whoever the scripts run as."""

    def belonging(path: Path, mode: int) -> None:
        if ROOT:
            os.chown(path, NOBODY, NOBODY)
        path.chmod(mode)

    return belonging


def regain(folder: Path) -> None:
    """Have what `belonging` gave away."""
    folder.chmod(0o755)
    for place in (folder, *folder.iterdir()):
        os.chown(place, os.geteuid(), os.getegid())
        if place != folder:
            place.chmod(0o644)


READ = """
cache = EmbeddingCache(sys.argv[1])
def use():
    assert present(cache, range(100)) == 50, present(cache, range(100))
    cache.put(entries(99))
    cache.put(entries(99))
    assert present(cache, range(100)) == 50
"""
NOTHING = """
cache = EmbeddingCache(sys.argv[1])
def use():
    assert present(cache, range(100)) == 0
    cache.put(entries(99))
    assert present(cache, range(100)) == 0
    assert not cache.info().usable
"""
CLEAR = """
cache = EmbeddingCache(sys.argv[1])
def use():
    assert cache.clear() == 0
"""


@pytest.mark.parametrize("how", ["folder", "file"])
def test_a_cache_that_can_only_be_read_is_read(
    open_to_all: Path,
    belonging: Callable[[Path, int], None],
    finish: Finish,
    entries: Entries,
    present: Present,
    how: str,
) -> None:
    folder = open_to_all / "kept"
    with closing(EmbeddingCache(folder)) as cache:
        cache.put(entries(*range(50)))
    belonging(cache.path, 0o444)
    if how == "folder":
        cache.path.with_name("embeddings.sqlite.lock").unlink()
    belonging(folder, 0o555 if how == "folder" else 0o755)
    before = cache.path.read_bytes()
    [told] = finish(UNPRIVILEGED + READ + TOLD, folder).splitlines()
    regain(folder)
    assert "cannot be written to" in told
    assert "What is in it is used, and nothing is added." in told
    assert cache.path.read_bytes() == before
    assert present(cache, range(100)) == set(range(50))


def test_a_read_only_folder_while_a_log_stands_beside_the_file(
    open_to_all: Path,
    belonging: Callable[[Path, int], None],
    start: Callable[..., subprocess.Popen[str]],
    finish: Finish,
    present: Present,
) -> None:
    """Half of the truth is in the log: it is read as well, or the cache is done without."""
    folder = open_to_all / "kept"
    with closing(EmbeddingCache(folder)) as cache:
        writer = start(
            "cache = EmbeddingCache(sys.argv[1])\ncache.put(entries(*range(50)))\n"
            "cache.put(entries(50))\nos.kill(os.getpid(), 9)",
            folder,
        )
        writer.communicate(timeout=60)
        (folder / "embeddings.sqlite-shm").unlink()
        for file in folder.iterdir():
            belonging(file, 0o444)
        belonging(folder, 0o555)
        [told] = finish(
            UNPRIVILEGED
            + """
cache = EmbeddingCache(sys.argv[1])
def use():
    there = present(cache, range(100))
    cache.put(entries(99))
    assert there == present(cache, range(100))
    assert there in (0, 51), there
"""
            + TOLD,
            folder,
        ).splitlines()
        assert "cannot be" in told
        regain(folder)
        assert present(cache, range(100)) == set(range(51))


def test_a_damaged_file_that_cannot_be_moved(
    open_to_all: Path,
    belonging: Callable[[Path, int], None],
    finish: Finish,
    spoilt: bytes,
) -> None:
    folder = open_to_all / "kept"
    folder.mkdir()
    file = folder / "embeddings.sqlite"
    file.write_bytes(spoilt)
    belonging(file, 0o444)
    belonging(folder, 0o555)
    [told] = finish(UNPRIVILEGED + NOTHING + TOLD, folder).splitlines()
    assert "is damaged (" in told
    assert "cannot be replaced" in told
    assert file.read_bytes() == spoilt
    assert list(folder.iterdir()) == [file]
    [told] = finish(UNPRIVILEGED + CLEAR + TOLD, folder).splitlines()
    assert "goes on without it" in told
    assert file.read_bytes() == spoilt
    belonging(folder, 0o755)


@pytest.mark.parametrize("how", ["read-only folder", "unreadable file", "unreadable folder"])
def test_a_cache_that_cannot_be_opened(
    open_to_all: Path,
    belonging: Callable[[Path, int], None],
    finish: Finish,
    entries: Entries,
    how: str,
) -> None:
    folder = open_to_all / "kept"
    if how == "read-only folder":
        folder.mkdir()
        belonging(folder, 0o555)
    else:
        with closing(EmbeddingCache(folder)) as cache:
            cache.put(entries(*range(50)))
        belonging(cache.path, 0o000 if how == "unreadable file" else 0o644)
        belonging(folder, 0o755 if how == "unreadable file" else 0o000)
    [told] = finish(UNPRIVILEGED + NOTHING + TOLD, folder).splitlines()
    belonging(folder, 0o755)
    assert "cannot be" in told
    assert "goes on without it" in told


@pytest.mark.parametrize("below", ["", "below", "below/further"])
def test_a_cache_whose_folder_cannot_be_made_is_done_without(
    tmp_path: Path, entries: Entries, present: Present, warns_once: WarnsOnce, below: str
) -> None:
    taken = tmp_path / "taken"
    taken.write_text("a file")
    cache = EmbeddingCache(taken / below / "mine.sqlite")
    with warns_once("cannot be opened .* goes on without it, and computes every embedding anew"):
        cache.put(entries(1))
        assert present(cache, [1]) == set()
        stamp = FileStamp("/fox.png", 1, 0, 10**10)
        cache.put_digests([(stamp, b"hash")])
        assert cache.get_digests([stamp]) == [None]
    info = cache.info()
    assert (info.exists, info.usable) == (False, False)
    assert "cannot be opened" in str(info.problem)
    assert cache.verify().entries == 0
    assert cache.clear() == 0
    assert taken.read_text() == "a file"


def test_a_folder_in_the_place_of_a_cache_is_left_alone(
    tmp_path: Path, entries: Entries, present: Present, warns_once: WarnsOnce
) -> None:
    cache = EmbeddingCache(tmp_path)
    cache.path.mkdir()
    with warns_once("cannot be opened"):
        cache.put(entries(1))
        assert present(cache, [1]) == set()
        assert cache.clear() == 0
    assert cache.path.is_dir()
