"""The lines of the page on ONNX, which know nothing of zsclip: they give zsclip's own answers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip import ZeroShotClassifier, load_image
from zsclip.demo import load_drawings

PAGE = Path(__file__).parents[2] / "docs" / "onnx.md"
UPRIGHT, ORIENTATION = 6, 0x0112  # a quarter turn, and the tag that says so
EXACT = 1e-4


@pytest.fixture
def lines(animals: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """What is defined once the lines have run among the demo's drawings."""
    monkeypatch.chdir(tmp_path)
    for drawing in load_drawings():
        (tmp_path / drawing.file).write_bytes(drawing.data)
    animals.export("animals.onnx")
    defined: dict[str, Any] = {}
    exec(compile(_lines(), str(PAGE), "exec"), defined)
    return defined


def _lines() -> str:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    [found] = [block for block in blocks if "InferenceSession" in block]
    return str(found)


def test_they_are_as_few_as_the_page_says_and_import_nothing_of_zsclip() -> None:
    found = [line for line in _lines().splitlines() if line]
    assert len(found) <= 25
    assert not [line for line in found if "zsclip" in line and '"zsclip.labels"' not in line]


def test_they_give_zsclips_scores_for_every_drawing(
    lines: Any, animals: ZeroShotClassifier
) -> None:
    files = [drawing.file for drawing in load_drawings()]
    rows = np.stack([lines["pixels"](file) for file in files])
    scores, _ = lines["session"].run(None, {"pixels": rows})
    assert np.abs(scores - animals.predict_proba(files)).max() < EXACT
    assert lines["labels"] == list(animals.labelset.names)


def test_they_turn_a_photo_upright_as_the_library_does(
    lines: Any, animals: ZeroShotClassifier
) -> None:
    picture = load_image("tigerside.png").crop((0, 0, 250, 170))
    exif = Image.Exif()
    exif[ORIENTATION] = UPRIGHT
    picture.save("turned.jpg", quality=95, exif=exif)
    ours: Any = animals.encoder
    # a JPEG has two decoders, which may differ by a level
    away = lines["pixels"]("turned.jpg").astype(int) - ours.prepare(load_image("turned.jpg"))
    assert np.abs(away).max() <= 2
