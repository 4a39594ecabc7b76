"""What huggingface_hub's own cache has is used, and verified, and never written to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import LocalHub, use_hub
from huggingface_hub import constants, snapshot_download

from zsclip.downloads.hub import fetch_repository, find_repository, verified_of
from zsclip.errors import OfflineError

NAME = "org/name"
FILES = {"epoch_3.pt": b"weights" * 1000, "preprocessor_config.json": b"{}"}


@pytest.fixture
def filled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub of which another program has fetched the one repository."""
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "hf")
        monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
        hub.add(NAME, FILES)
        cache = constants.HF_HUB_CACHE
        snapshot_download(NAME, endpoint=hub.endpoint, cache_dir=cache)
        hub.asked.clear()
        hub.sent = 0
        yield hub


def _state() -> dict[str, int]:
    files = Path(constants.HF_HUB_CACHE).rglob("*")
    return {str(file): file.lstat().st_mtime_ns for file in files}


def test_what_another_program_fetched_is_copied_and_verified(filled: LocalHub) -> None:
    before = _state()
    folder = fetch_repository(NAME)
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert filled.sent == 0
    assert verified_of(folder) == "hub"
    assert _state() == before


def test_what_is_damaged_there_is_downloaded(filled: LocalHub) -> None:
    [blob] = [f for f in Path(constants.HF_HUB_CACHE).rglob("blobs/*") if f.stat().st_size > 100]
    blob.write_bytes(b"?" * blob.stat().st_size)
    assert (fetch_repository(NAME) / "epoch_3.pt").read_bytes() == FILES["epoch_3.pt"]
    assert filled.sent == len(FILES["epoch_3.pt"])


@pytest.mark.parametrize("setting", ["ZSCLIP_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_it_is_enough(
    filled: LocalHub, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv(setting, "1")
    folder = fetch_repository(NAME)
    assert {name: (folder / name).read_bytes() for name in FILES} == FILES
    assert filled.asked == []


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="users have no numbers here")
def test_offline_what_others_may_have_written_is_not_believed(
    filled: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(constants.HF_HUB_CACHE).chmod(0o777)
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    with pytest.raises(OfflineError):
        fetch_repository(NAME)


def test_what_it_has_not_is_fetched_once_the_hub_may_be_asked(
    filled: LocalHub, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    for file in Path(constants.HF_HUB_CACHE).rglob("snapshots/*/preprocessor_config.json"):
        file.unlink()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    first = fetch_repository(NAME)
    assert [file.name for file in first.iterdir() if file.suffix != ".lock"] == ["epoch_3.pt"]
    assert "says nothing of pictures" in caplog.text
    monkeypatch.delenv("HF_HUB_OFFLINE")
    assert find_repository(NAME) is None
    again = fetch_repository(NAME)
    assert again == first == find_repository(NAME)
    assert (again / "preprocessor_config.json").read_bytes() == b"{}"


def test_where_the_hub_does_not_answer_what_is_there_goes_on(
    filled: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    first = fetch_repository(NAME)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    filled.then("/api/", status=404)
    assert fetch_repository(NAME) == first
