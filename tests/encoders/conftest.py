"""Distributions that offer encoders, laid out on disk as an installer lays them out."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

# A package that offers an engine; `{change}` is code that spoils it.
ENGINE = """
import numpy as np
import zsclip


class Engine:
    model_info = None  # made below
    weights_sha256 = None
    about = {{}}
    context_length = 16

    def __init__(self, model, **options):
        self.options = {{"model": model, **options}}
        about = dict(
            name=model or "its own choice", encoder="outside", parameters=0, input_resolution=1,
            context_length=16, vocab_size=256, embedding_dim=3, logit_scale=10.0, device="cpu",
            precision="fp32", source="nowhere",
        )
        self.model_info = zsclip.ModelInfo(**{{**about, **self.about}})

    def encode_images(self, images):
        return _unit([np.asarray(image).mean(axis=(0, 1)) + 1 for image in images])

    def encode_texts(self, texts, *, too_long="error"):
        return _unit([[word in text for word in ("red", "green", "blue")] for text in texts])

    def count_tokens(self, texts):
        return [len(text.split()) for text in texts]


def _unit(rows):
    rows = np.array(rows, np.float32) + np.float32(1e-3)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def create(model, *, device, precision, download_root, progress):
    return Engine(
        model, device=device, precision=precision, download_root=download_root, progress=progress
    )

{change}
"""


@pytest.fixture(autouse=True)
def _clean_modules() -> Iterator[None]:
    before = set(sys.modules)
    yield
    for name in set(sys.modules) - before:
        if name.startswith("engine_"):
            del sys.modules[name]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Installs a distribution into a folder of its own, which is put on the path.

    ``install(name, package, entry_points, change="")``: the entry points are the lines under
    ``[zsclip.encoders]``, or the whole file if they begin with a bracket.
    """

    def install(
        name: str, package: str, entry_points: str, *, change: str = "", version: str = "2.0"
    ) -> Path:
        site = tmp_path / f"site-of-{name}"
        (site / package).mkdir(parents=True)
        (site / package / "__init__.py").write_text(ENGINE.format(change=change))
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        if not entry_points.startswith("["):
            entry_points = f"[zsclip.encoders]\n{entry_points}\n"
        (info / "entry_points.txt").write_text(entry_points)
        monkeypatch.syspath_prepend(site)
        importlib.invalidate_caches()
        return site

    return install
