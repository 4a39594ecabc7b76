"""Disks that are full, folders that cannot be written, names that are taken."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from io import BufferedWriter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from filelock import FileLock

from zsclip.downloads.wanted import Wanted
from zsclip.errors import DownloadError

if TYPE_CHECKING:
    from tests.downloads.conftest import Case


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def set_free(monkeypatch: pytest.MonkeyPatch, free: int, total: int = 10**9) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(total, total - free, free))


def test_no_room_is_seen_before_the_request(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    set_free(monkeypatch, 299_999)
    message = case.fails()
    assert "no space left: 300,000 bytes (300 kB) more needed" in message
    assert f"in {case.target.parent}, where 299,999 bytes (300 kB) is free" in message
    assert "ZSCLIP_CACHE" in message
    assert case.server.asked == []


def test_no_room_for_a_length_that_the_server_tells(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_free(monkeypatch, 299_999)
    assert "300,000 bytes (300 kB) more needed" in case.fails(size=None)
    assert len(case.server.asked) == 1
    assert not case.part.exists()


def test_room_for_the_rest_is_enough(
    case: Case, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    case.target.parent.mkdir()
    case.part.write_bytes(body[:200_000])
    set_free(monkeypatch, 100_000)
    case.succeeds()


def test_a_file_system_that_does_not_tell(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    set_free(monkeypatch, 0, total=0)
    case.succeeds()


def test_a_file_system_that_refuses_to_tell(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> Usage:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(shutil, "disk_usage", refuse)
    case.succeeds()


def test_the_disk_is_full_in_the_middle(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(wanted: Wanted, *, resume: bool) -> BufferedWriter:
        return Path("/dev/full").open("wb")  # every write there meets a full disk

    monkeypatch.setattr(Wanted, "open_part", full)
    message = case.fails()
    assert "no space left" in message
    assert "No space left on device" in message


def test_a_limit_in_the_middle_and_then_more_room(case: Case, body: bytes) -> None:
    limit = 100_000
    code = (
        "import pathlib, resource, sys\n"
        "from zsclip.downloads.download import fetch\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        f"fetch({case.server.url!r}, pathlib.Path({str(case.target)!r}), size=300_000,\n"
        f"      sha256={hashlib.sha256(body).hexdigest()!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "zsclip.errors.DownloadError: Cannot get weights.bin: no space left" in done.stderr
    assert "File too large" in done.stderr
    assert f"100,000 bytes (100 kB) in {case.part}, resumed by the next try" in done.stderr
    assert not case.target.exists()
    assert case.part.read_bytes() == body[:limit]
    case.succeeds()
    assert case.server.ranges() == [None, f"bytes={limit}-"]


def test_a_read_only_folder_with_the_file(case: Case, body: bytes) -> None:
    folder = case.target.parent
    folder.mkdir()
    case.target.write_bytes(body)
    case.beside(".lock").mkdir()  # in its place, which keeps it from being made even for root
    folder.chmod(0o555)
    try:
        case.succeeds()
    finally:
        folder.chmod(0o755)
    assert {p.name for p in folder.iterdir()} == {"weights.bin", "weights.bin.lock"}
    assert case.server.asked == []


def test_a_folder_where_no_lock_can_be_made(case: Case) -> None:
    case.beside(".lock").mkdir(parents=True)
    message = case.fails()
    assert "cannot be used" in message
    assert "set ZSCLIP_CACHE, or pass download_root=, to name a folder" in message
    assert case.server.asked == []


def test_a_file_system_without_locks(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(lock: FileLock, **options: float) -> None:
        raise NotImplementedError("no flock here")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    assert "files cannot be locked there (no flock here)" in case.fails()


def test_a_folder_of_weights_that_cannot_be_made(case: Case) -> None:
    case.target.parent.write_text("a file in its place")
    message = case.fails()
    assert f"{case.target.parent} cannot be used" in message
    assert "ZSCLIP_CACHE" in message
    assert case.server.asked == []


@pytest.mark.parametrize("size", [300_000, None])
def test_a_folder_has_the_name_of_the_weights(case: Case, size: int | None) -> None:
    case.target.mkdir(parents=True)
    with pytest.raises(DownloadError, match="a folder has the name of the file"):
        case.fetch(size=size)
    assert case.server.asked == []


def test_a_folder_has_the_name_of_the_part(case: Case) -> None:
    case.part.mkdir(parents=True)
    assert "Is a directory" in case.fails()


def test_a_link_to_the_file_elsewhere(case: Case, tmp_path: Path, body: bytes) -> None:
    (tmp_path / "shared.bin").write_bytes(body)
    case.target.parent.mkdir()
    case.target.symlink_to(tmp_path / "shared.bin")
    case.succeeds()
    assert case.target.is_symlink()
    assert case.server.asked == []


def test_a_link_to_nothing(case: Case, tmp_path: Path) -> None:
    case.target.parent.mkdir()
    case.target.symlink_to(tmp_path / "gone.bin")
    case.succeeds()
    assert not (tmp_path / "gone.bin").exists()
