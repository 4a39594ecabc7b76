"""The table of models."""

from __future__ import annotations

import dataclasses

import pytest

from zsclip.weights.models import MODELS, get_model_spec, list_models


def test_names_are_unique_and_addresses_hold_the_hash() -> None:
    assert list_models() == [spec.name for spec in MODELS]
    assert len(set(list_models())) == len(MODELS) == 10
    for spec in MODELS:
        assert get_model_spec(spec.name) is spec
        assert spec.bundled is (spec.url is None)
        assert len(spec.sha256) == 64
        if spec.url is not None:
            assert spec.url.startswith("https://")
            assert spec.url.endswith(f"/{spec.sha256}/{spec.file}")
    with pytest.raises(dataclasses.FrozenInstanceError):
        MODELS[0].name = "other"  # type: ignore[misc]
