"""Where weights are looked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from zsclip.errors import DownloadError
from zsclip.weights.having import fetch_weights, find_weights
from zsclip.weights.identity import Seal, sealing
from zsclip.weights.models import get_model_spec
from zsclip.weights.sources import cache_dir


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


def test_weights_kept_after_a_load_are_found_by_what_they_were_made_of(tmp_path: Path) -> None:
    spec = get_model_spec("RN50")
    kept = tmp_path / "RN50.safetensors"
    array = {"x": np.zeros(2, np.float32)}
    save_file(array, kept, metadata={"source_sha256": "0" * 64})
    assert find_weights(spec, download_root=tmp_path) is None
    kept.write_bytes(b"damaged")
    assert find_weights(spec, download_root=tmp_path) is None
    seals = {"x": Seal("0" * 64, "0" * 64)}
    save_file(array, kept, metadata={"source_sha256": spec.sha256})
    assert find_weights(spec, download_root=tmp_path) is None  # it says nothing of its tensors
    save_file({**array, "y": array["x"]}, kept, metadata=sealing(spec.sha256, seals))
    assert find_weights(spec, download_root=tmp_path) is None  # or not of all
    save_file(array, kept, metadata=sealing(spec.sha256, seals))
    assert find_weights(spec, download_root=tmp_path) == kept
    assert fetch_weights(spec, download_root=tmp_path) == kept
