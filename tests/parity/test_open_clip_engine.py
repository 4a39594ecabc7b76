"""The engine `open-clip` against open_clip itself: architectures with random weights, in fp32.

Each lies in a folder as open_clip's `save_for_hf` leaves it, with the preprocessing that its table
of published weights names for it. Text towers have three blocks in place of 12 or 24, and
SigLIP's vocabularies are small: those of its own would take a gigabyte, and are not to be had
without a network.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from numpy.typing import NDArray
from open_clip_folders import Oracle, published_config, save_folder
from PIL import Image

from zsclip import ZeroShotClassifier, load_image
from zsclip.encoders.open_clip import OpenClipEncoder

TOLERANCE = 1e-5

TAGS = {
    "ViT-B-32": "datacomp_xl_s13b_b90k",
    "ViT-B-32-256": "datacomp_s34b_b86k",
    "ViT-B-32-quickgelu": "laion400m_e32",
    "RN50-quickgelu": "cc12m",
    "ViT-B-16-SigLIP": "webli",
    "ViT-B-16-SigLIP2-256": "webli",
    "MobileCLIP2-S0": "dfndr2b",
    "coca_ViT-B-32": "laion2b_s13b_b90k",
    "EVA02-B-16": "merged2b_s8b_b131k",
    "convnext_base": "laion400m_s13b_b51k",
    "PE-Core-B-16": "meta",
}
LABELS = ["Red Fox", "grey owl", "house sparrow!", "octopus"]
TEMPLATES = ["a photo of a {}.", "This is a painting of {}"]
TEXTS = [*LABELS, "a photo of a Red Fox.", "itap of a kätzchen & 3 octopus, upside_down"]


@pytest.fixture(autouse=True)
def _tidy(tmp_path: Path) -> Iterator[None]:
    yield
    shutil.rmtree(tmp_path, ignore_errors=True)  # a gigabyte each
    gc.collect()


@pytest.fixture
def files(tmp_path: Path, pictures: list[Image.Image]) -> list[Path]:
    """The pictures as files: a PNG and a JPEG that is higher than wide."""
    paths = [tmp_path / "drawing.png", tmp_path / "noise.jpg"]
    pictures[0].save(paths[0])
    pictures[1].rotate(90, expand=True).save(paths[1], quality=95)
    return paths


@pytest.mark.parametrize("name", TAGS)
def test_the_engine_gives_what_open_clip_gives(
    name: str,
    tmp_path: Path,
    pictures: list[Image.Image],
    files: list[Path],
    difference: Callable[[str, str, Any, Any], float],
) -> None:
    config = published_config(name, TAGS[name])
    folder = save_folder(tmp_path / name, config)
    oracle = Oracle(folder)
    opened = [load_image(file) for file in files]
    image, text = oracle.images([*pictures, *opened]), oracle.texts(TEXTS)
    scores = oracle.scores(image, ensembles(oracle))
    context = oracle.tokenizer.context_length
    side = oracle.preprocess.transforms[0].size
    for rows in (image[:2], text, scores[:2]):  # else the comparison would say nothing
        apart = np.abs(rows[:, None] - rows[None]).max(axis=-1)
        assert apart[~np.eye(len(rows), dtype=bool)].min() > 10 * TOLERANCE
    del oracle
    gc.collect()

    clf = ZeroShotClassifier(
        LABELS,
        templates=TEMPLATES,
        model=folder,
        encoder="open-clip",
        device="cpu",
        exact=True,
        cache=tmp_path / "cache",
    )
    info = clf.model_info
    assert (info.encoder, info.name, info.precision) == ("open-clip", name, "fp32")
    assert info.context_length == context
    assert info.input_resolution == (side if isinstance(side, int) else side[0])
    assert info.score_function == ("sigmoid" if "SigLIP" in name else "softmax")
    row = f"{name}, open-clip"
    both: list[Any] = [*pictures, *files]
    ours = clf.encode_images(both)
    assert difference(row, "image", ours[:2], image[:2]) < TOLERANCE
    assert difference(row, "files", ours[2:], image[2:]) < TOLERANCE
    assert difference(row, "text", clf.encode_texts(TEXTS), text) < TOLERANCE
    with mock.patch.object(OpenClipEncoder, "encode_pixels"):  # out of the cache
        assert difference(row, "scores", clf.predict_proba(both), scores) < TOLERANCE


def ensembles(oracle: Oracle) -> NDArray[np.float32]:
    """One embedding for each label: the mean of its prompts' embeddings, of length 1."""
    prompts = [template.format(label) for label in LABELS for template in TEMPLATES]
    mean = oracle.texts(prompts).reshape(len(LABELS), len(TEMPLATES), -1).mean(axis=1)
    rows: NDArray[np.float32] = mean / np.linalg.norm(mean, axis=1, keepdims=True)
    return rows
