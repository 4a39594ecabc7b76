"""The one place where the benchmark touches zsclip."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.benchmarks.files import Weights, Work
from zsclip import LabelSet, ModelInfo, Origin, Prediction, ZeroShotClassifier
from zsclip.encoders import AutoPrecision, explain_auto
from zsclip.report import Report

MODEL = "ViT-B/32"
EXACT: dict[str, Any] = {"precision": "fp32", "exact": True}
AUTO: dict[str, Any] = {"precision": "auto"}
VARIANTS: dict[str, dict[str, Any]] = {"zsclip, exact": EXACT, "zsclip, auto": AUTO}


def variants(work: Work, batch: int) -> dict[str, dict[str, Any]]:
    """The same where everybody computes, with this many pictures at once."""
    where = {"device": work.device, "batch_size": batch}
    return {name: {**options, **where} for name, options in VARIANTS.items()}


def make(
    weights: Weights,
    labels: str | Sequence[str],
    *,
    templates: Iterable[str] | None = None,
    cache: bool | Path = False,
    model: str | Path = MODEL,
    **options: Any,
) -> ZeroShotClassifier:
    """A classifier over these weights; without a cache unless one is given."""
    wanted: dict[str, Any] = {"cache": cache, "device": "cpu", **options}
    return ZeroShotClassifier(
        labels, templates=templates, model=model, download_root=weights.zsclip, **wanted
    )


def build_head(
    clf: ZeroShotClassifier, labels: Sequence[str], templates: Sequence[str]
) -> ZeroShotClassifier:
    """A classifier over the same towers that has embedded its classes, to answer one question."""
    other = ZeroShotClassifier(labels, templates=templates, encoder=clf.encoder, cache=False)
    other.classify(Image.new("RGB", (224, 224)))
    return other


def class_embeddings(clf: ZeroShotClassifier) -> NDArray[np.float32]:
    """The class embeddings that a classifier has computed: float32 (labels, d)."""
    head = clf._head.class_matrix
    assert head is not None
    return head


def tokens_through_tower(clf: ZeroShotClassifier) -> int | None:
    """How many tokens this classifier has put through the text tower; None if it doesn't count."""
    return getattr(clf.encoder, "tokens_computed", None)


def image_embeddings(clf: ZeroShotClassifier, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Embed pictures that are resized and cropped: uint8 (n, 224, 224, 3) to float32 (n, d)."""
    encoder: Any = clf.encoder
    embeddings: NDArray[np.float32] = encoder.encode_pixels(pixels)
    return embeddings


class Reader:
    """An engine that prepares pictures as another one does, and computes nothing of them."""

    def __init__(self, encoder: object) -> None:
        self._encoder = encoder

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._encoder, name)

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The same unit vector for each."""
        return np.eye(1, self.model_info.embedding_dim, dtype=np.float32).repeat(len(pixels), 0)


def reading_only(clf: ZeroShotClassifier) -> ZeroShotClassifier:
    """A classifier that reads and decodes pictures as this one does, and leaves the tower out."""
    encoder: Any = Reader(clf.encoder)
    return ZeroShotClassifier(clf.labelset, encoder=encoder, cache=False)


def save(clf: ZeroShotClassifier, path: Path) -> None:
    """Keep a classifier as a file."""
    saving: Any = clf
    saving.save(path)


def export(clf: ZeroShotClassifier, path: Path, precision: str) -> None:
    """Write a classifier as one ONNX file."""
    exporting: Any = clf
    exporting.export(path, precision=precision, overwrite=True)


def load(path: Path) -> ZeroShotClassifier:
    """A classifier from a file that was saved or exported, without a cache."""
    loading: Any = ZeroShotClassifier
    made: ZeroShotClassifier = loading.load(path, cache=False)
    return made


def first_auto(folder: Path) -> tuple[AutoPrecision, float]:
    """What "auto" comes to on a CPU where no rate is kept yet, and the seconds that it took.

    Args:
        folder: Where the rate is kept, and nothing else is; emptied.
    """
    shutil.rmtree(folder, ignore_errors=True)
    os.environ["ZSCLIP_CACHE"] = str(folder)
    os.environ.pop("ZSCLIP_PRECISION", None)
    start = time.perf_counter()
    auto = explain_auto("cpu")  # for the width of ViT-B/32, as for any model of that width
    return auto, time.perf_counter() - start


def write_page(file: Path, pictures: Sequence[Path], count: int, labels: int) -> float:
    """A page of results with scores that nobody computed, and the seconds that it took.

    Args:
        file: Where to.
        pictures: The pictures, each as often as it takes.
        count: How many results there are.
        labels: How many labels.
    """
    random = np.random.default_rng(0)
    scores = random.dirichlet(np.full(labels, 0.1), count).astype(np.float32)
    info = ModelInfo(
        name=MODEL,
        encoder="clip",
        parameters=0,
        input_resolution=224,
        context_length=77,
        vocab_size=49408,
        embedding_dim=512,
        logit_scale=100.0,
        device="cpu",
        precision="fp32",
        source="benchmark",
    )
    named = LabelSet.from_names([f"label {i}" for i in range(labels)])
    origin = Origin(info, None, "benchmark", (), ("a photo of a {}.",), "0")
    start = time.perf_counter()
    with Report(file, title="Benchmark", overwrite=True) as report:
        for i, row in enumerate(scores):
            source = f"photographs/of a summer/{i // 100:03}/{i:05}.jpg"
            result = Prediction(source, row, named, origin)
            report.add(result, image=pictures[i % len(pictures)])
    return time.perf_counter() - start
