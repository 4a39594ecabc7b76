"""The table of published models against the official one."""

from __future__ import annotations

from typing import Any

from zsclip.weights.models import MODELS


def test_names_addresses_and_hashes(official: Any) -> None:
    ours = {spec.name: spec.url for spec in MODELS if spec.url}
    assert ours == official.clip._MODELS
    assert list(ours) == official.available_models()
    for spec in MODELS:
        if spec.url is not None:  # the official code takes hash and file name from the address
            assert spec.url.split("/")[-2:] == [spec.sha256, spec.file]
