"""A license that forbids commercial use is told of when weights are fetched, and not again."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub import LocalHub, use_hub

from zsclip.errors import OfflineError
from zsclip.weights import MODELS, fetch_weights

CONFIG = {
    "embed_dim": 512,
    "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 16},
    "text_cfg": {
        "context_length": 77,
        "vocab_size": 49408,
        "width": 512,
        "heads": 8,
        "layers": 12,
    },
}


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    """A hub with the files of two models, whatever these hold."""
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("ZSCLIP_OFFLINE", raising=False)
    monkeypatch.delenv("ZSCLIP_MIRROR", raising=False)
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "home")
        files = {
            "open_clip_config.json": json.dumps({"model_cfg": CONFIG}).encode(),
            "open_clip_model.safetensors": b"weights",
        }
        for name in ("ViT-B-16/dfn2b", "ViT-B-16/datacomp_xl_s13b_b90k"):
            hub.add(MODELS[name].hub[0], files)
        yield hub


def test_what_forbids_commercial_use_says_so_when_it_is_first_fetched(
    hub: LocalHub, caplog: pytest.LogCaptureFixture
) -> None:
    spec = MODELS["ViT-B-16/dfn2b"]
    notice = "ViT-B-16/dfn2b is under apple-amlr, which does not allow commercial use."
    with pytest.raises(OfflineError):
        fetch_weights(spec, offline=True)  # nothing is fetched, and nothing is said
    assert notice not in caplog.messages
    fetch_weights(spec)
    assert caplog.messages.count(notice) == 1
    assert [r.levelno for r in caplog.records if r.getMessage() == notice] == [logging.WARNING]
    asked = len(hub.requests(cdn=True))
    fetch_weights(spec)
    assert len(hub.requests(cdn=True)) == asked
    assert caplog.messages.count(notice) == 1


def test_others_say_nothing(hub: LocalHub, caplog: pytest.LogCaptureFixture) -> None:
    fetch_weights(MODELS["ViT-B-16/datacomp_xl_s13b_b90k"])
    assert not [message for message in caplog.messages if "commercial" in message]
