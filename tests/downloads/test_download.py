"""Downloads that go well, files that are replaced, and the offline switch."""

from __future__ import annotations

import hashlib
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from zsclip.downloads import wanted
from zsclip.downloads.download import fetch, is_offline
from zsclip.errors import (
    ChecksumError,
    DownloadError,
    OfflineError,
    ParameterError,
)
from zsclip.files import file_sha256

if TYPE_CHECKING:
    from tests.downloads.conftest import Case


@pytest.mark.parametrize("size", [300_000, None])
def test_a_download_leaves_the_file_alone(case: Case, size: int | None) -> None:
    case.succeeds(size=size)
    assert case.server.ranges() == [None]
    assert case.server.asked[0]["accept-encoding"] == "identity"
    assert [p.name for p in case.target.parent.iterdir() if p.suffix != ".lock"] == ["weights.bin"]


def test_synced_then_verified_then_named(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    fsync, replace = os.fsync, Path.replace

    def spy_fsync(handle: int) -> None:
        steps.append("sync folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "sync file")
        fsync(handle)

    def spy_hash(path: Path) -> str:
        steps.append(f"hash {path.name}")
        return file_sha256(path)

    def spy_replace(path: Path, target: Path) -> Path:
        steps.append(f"name {target.name}")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", spy_fsync)
    monkeypatch.setattr(wanted, "file_sha256", spy_hash)
    monkeypatch.setattr(Path, "replace", spy_replace)
    case.succeeds()
    assert steps == [
        "sync file",
        "hash weights.bin.part",
        "name weights.bin",
        "sync folder",
    ]


def test_a_file_put_there_by_hand_is_used(case: Case, body: bytes) -> None:
    case.target.parent.mkdir()
    case.target.write_bytes(body)
    case.succeeds()
    assert case.server.asked == []


def test_damage_that_left_size_and_time_as_they_were_is_seen(case: Case) -> None:
    case.succeeds()
    times = case.target.stat()
    damaged = bytearray(case.target.read_bytes())
    damaged[1000] ^= 1
    case.target.write_bytes(damaged)
    os.utime(case.target, ns=(times.st_atime_ns, times.st_mtime_ns))
    case.succeeds()
    assert len(case.server.asked) == 2


def test_a_file_with_the_right_hash_needs_no_server(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(body)
    assert file_sha256(str(path)) == hashlib.sha256(body).hexdigest()
    assert fetch("http://x.invalid", path, sha256=file_sha256(path)) == path


def test_sha256_in_capitals(case: Case, body: bytes) -> None:
    case.succeeds(sha256=hashlib.sha256(body).hexdigest().upper())


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, "a" * 65])
def test_sha256_must_be_one(case: Case, sha256: str) -> None:
    with pytest.raises(ParameterError, match="`sha256` must be 64 hexadecimal digits"):
        case.fetch(sha256=sha256)


def test_a_file_may_be_empty(case: Case) -> None:
    case.server.body = b""
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert case.fetch(sha256=empty, size=0).read_bytes() == b""


def test_a_redirect_is_followed(case: Case) -> None:
    case.server.then(status=302, headers={"Location": "/elsewhere/weights.bin"})
    case.succeeds()
    assert case.server.paths == ["/weights.bin", "/elsewhere/weights.bin"]


def test_redirects_without_end_are_an_error(case: Case) -> None:
    for _ in range(30):
        case.server.then(status=302, headers={"Location": "/weights.bin"})
    assert "redirects" in case.fails()


def test_proxy_from_the_environment(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", case.server.url.removesuffix("/weights.bin"))
    case.succeeds(url="http://weights.invalid/w.bin")
    assert case.server.paths == ["http://weights.invalid/w.bin"]


def test_a_proxy_setting_that_makes_no_sense(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "nonsense://127.0.0.1:1")
    assert "proxy or certificate settings" in case.fails()


@pytest.mark.parametrize("progress", [True, False])
def test_a_bar_is_drawn_only_when_asked_for(
    case: Case, capsys: pytest.CaptureFixture[str], progress: bool
) -> None:
    case.server.then(cut=1000)
    case.succeeds(progress=progress, name="ViT-X")
    out, err = capsys.readouterr()
    assert out == ""
    assert ("ViT-X: 100%" in err) is progress
    assert bool(err) is progress


@pytest.mark.parametrize("size", [300_000, None])
@pytest.mark.parametrize("length", [300_000, 17, 0])
def test_a_wrong_file_is_replaced_with_a_warning(
    case: Case, caplog: pytest.LogCaptureFixture, size: int | None, length: int
) -> None:
    case.target.parent.mkdir()
    case.target.write_bytes(bytes(length))
    case.succeeds(size=size)
    [record] = [r for r in caplog.records if r.name == "zsclip" and r.levelname == "WARNING"]
    assert str(case.target) in record.getMessage()
    assert "will be replaced" in record.getMessage()


def test_a_wrong_file_stays_until_the_right_one_is_complete(case: Case) -> None:
    case.target.parent.mkdir()
    case.target.write_bytes(b"mine")
    case.server.then(status=404)
    with pytest.raises(DownloadError, match="404"):
        case.fetch()
    assert case.target.read_bytes() == b"mine"


# ------------------------------------------------------------------------------------- offline


@pytest.mark.parametrize("value", ["1", "true", "YES", " on "])
def test_offline_nothing_is_asked_for(
    case: Case, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", value)
    assert "ZSCLIP_OFFLINE" in case.fails(OfflineError)
    assert case.server.asked == []
    assert not case.target.parent.exists()


@pytest.mark.parametrize("value", ["0", "false", "No", "off", ""])
def test_words_that_allow_downloads(
    case: Case, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", value)
    case.succeeds()


def test_a_setting_that_says_neither_is_an_error(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "perhaps")
    with pytest.raises(ParameterError, match=r"`ZSCLIP_OFFLINE` must be one of .*'perhaps'"):
        is_offline()
    with pytest.raises(ParameterError):
        case.fetch()
    assert case.server.asked == []


def test_offline_with_the_file(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.succeeds()
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    case.succeeds()


def test_a_call_may_be_offline_by_itself(case: Case) -> None:
    assert "this call forbids to download it" in case.fails(OfflineError, offline=True)
    assert case.server.asked == []
    case.succeeds()
    case.succeeds(offline=True)


def test_offline_with_a_wrong_file(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.target.parent.mkdir()
    case.target.write_bytes(b"mine")
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    with pytest.raises(ChecksumError, match="the file there has another SHA-256") as info:
        case.fetch()
    assert str(case.target) in str(info.value)
    assert case.target.read_bytes() == b"mine"


def test_a_target_may_be_relative(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    case.target.parent.mkdir()
    monkeypatch.chdir(case.target.parent)
    assert case.fetch(target=Path("weights.bin")) == Path("weights.bin")
    assert case.target.exists()


def test_nothing_is_loaded_before_it_is_needed(tmp_path: Path) -> None:
    (tmp_path / "abc").write_text("abc")
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    code = (
        "import pathlib, sys, zsclip.downloads.download as d\n"
        f"d.fetch('http://x.invalid', pathlib.Path({str(tmp_path / 'abc')!r}), sha256='{sha256}')\n"
        "print({'httpx', 'tqdm'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("set()\n", "")
