"""A classifier without a model, and pictures in files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.testing import FakeEncoder


@pytest.fixture(scope="session")
def classifier() -> ZeroShotClassifier:
    """Of cats, dogs and foxes, four pictures at a time."""
    return ZeroShotClassifier(
        ["cat", "dog", "fox"], templates=["a {}."], encoder=FakeEncoder(), batch_size=4
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Eleven files of which two are no pictures, and a folder without any."""
    made = tmp_path / "pictures"
    made.mkdir()
    for i in range(11):
        if i in (2, 9):
            (made / f"{i:02}.png").write_text("no picture")
        else:
            Image.fromarray(np.full((2, 2, 3), i, np.uint8)).save(made / f"{i:02}.png")
    (tmp_path / "empty").mkdir()
    return made
