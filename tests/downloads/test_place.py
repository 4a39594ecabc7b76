"""Where downloads go."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsclip.downloads import cache_dir
from zsclip.errors import DownloadError


def test_the_folder_of_weights_follows_argument_then_environment_then_home(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert cache_dir() == tmp_path / ".cache" / "clip"
    monkeypatch.setenv("ZSCLIP_CACHE", "")
    assert cache_dir() == tmp_path / ".cache" / "clip"
    monkeypatch.setenv("ZSCLIP_CACHE", "~/big")
    assert cache_dir() == tmp_path / "big" / "clip"
    assert cache_dir("~/mine") == tmp_path / "mine"
    assert cache_dir(Path("mine")) == tmp_path / "mine"
    assert list(tmp_path.iterdir()) == []


def test_without_a_home_the_error_names_the_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    def homeless(path: Path) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", homeless)
    with pytest.raises(DownloadError, match="Set ZSCLIP_CACHE"):
        cache_dir()
