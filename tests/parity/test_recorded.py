"""The files of recorded answers against the code that gave them."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]


def _recorded_and_made(file: str, make: str) -> tuple[dict[str, Any], dict[str, Any]]:
    recorded = json.loads((TESTS / "data" / file).read_text("utf-8"))
    made = runpy.run_path(str(TESTS / "parity" / "record.py"))[make]()
    return recorded, json.loads(json.dumps(made))


@pytest.mark.parametrize(
    ("file", "make", "rows"),
    [
        ("reference-tokens.json", "record_tokens", "texts"),
        ("reference-pixels.json", "record_pixels", "pixels"),
    ],
)
def test_recorded_tokens_and_pixels_are_those_of_the_official_code(
    file: str, make: str, rows: str
) -> None:
    recorded, made = _recorded_and_made(file, make)
    assert recorded[rows] == made[rows]
    assert len(recorded[rows]) > 40


def test_recorded_embeddings_are_those_of_the_official_code() -> None:
    recorded, made = _recorded_and_made("reference-embeddings.json", "record_embeddings")
    assert [row["model"] for row in recorded["models"]] == ["vit", "resnet"]
    for ours, theirs in zip(recorded["models"], made["models"], strict=True):
        for key in ("image", "text", "scores"):
            np.testing.assert_allclose(ours[key], theirs[key], atol=2e-6)
    assert {**recorded, "models": 0, "with": 0} == {**made, "models": 0, "with": 0}
