"""Every drawing and every pasted pair of drawings as tiny-cartoon embeds them, kept on disk."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.quality.drawings import RECIPE, Drawing, read_drawings
from tests.quality.sources import STYLES, fetch
from zsclip import LabelSet, ZeroShotClassifier, load_labelset

__all__ = ["OFTEN", "Pair", "Pictures", "drawn_often", "load"]

PAGE, PASTED = 256, 200  # pixels of a picture, and of each of two drawings on one
PAIRS = 900
OFTEN = 3  # drawings that an animal of a pair has at least
SEED = 20


@dataclass(frozen=True)
class Pair:
    """Two drawings of different animals in one style on one picture, and who fits on it.

    Attributes:
        drawings: Their positions among the drawings.
        fitting: Whether something is fitted on it; it is tested on otherwise. No drawing is in
            pairs of both kinds.
    """

    drawings: tuple[int, int]
    fitting: bool


@dataclass(frozen=True)
class Pictures:
    """What everything is measured on.

    Attributes:
        clf: Over the label set cartoon-animals.
        labelset: That.
        drawings: All of them.
        embeddings: Theirs, float32 (n, d).
        pairs: Pasted pairs of animals.
        pair_embeddings: Theirs, float32 (m, d).
    """

    clf: ZeroShotClassifier
    labelset: LabelSet
    drawings: Sequence[Drawing]
    embeddings: NDArray[np.float32]
    pairs: Sequence[Pair]
    pair_embeddings: NDArray[np.float32]

    def of_kind(self, *kinds: str) -> NDArray[np.int64]:
        """The positions of the drawings of some kinds."""
        return np.array([i for i, d in enumerate(self.drawings) if d.kind in kinds], np.int64)

    @property
    def animals(self) -> NDArray[np.int64]:
        """The positions of the drawings of animals."""
        return self.of_kind("animal")

    def names(self, rows: NDArray[np.int64]) -> list[str]:
        """The labels that drawings show."""
        return [self.drawings[i].animal for i in rows]

    def styles(self, rows: NDArray[np.int64]) -> NDArray[np.str_]:
        """The styles of drawings."""
        return np.array([self.drawings[i].style for i in rows])


def drawn_often(drawings: Sequence[Drawing], least: int) -> list[str]:
    """The animals of which there are so many drawings, in alphabetical order."""
    counts = Counter(drawing.animal for drawing in drawings if drawing.animal)
    return sorted(animal for animal, count in counts.items() if count >= least)


def load(folder: Path) -> Pictures:
    """Everything, out of `folder` where it is kept already."""
    labelset = load_labelset("cartoon-animals")
    clf = ZeroShotClassifier(
        labelset, model="tiny-cartoon", device="cpu", precision="fp32", cache=False
    )
    drawings = read_drawings(folder, labelset)
    pairs = _pairs(drawings)
    kept = folder / f"embeddings-{str(clf.origin.weights_sha256)[:12]}.npz"
    told = np.array([f"{d.style}/{d.key}" for d in drawings])
    pasted = np.array([pair.drawings for pair in pairs], np.int64)
    if kept.is_file():
        with np.load(kept) as found:
            if np.array_equal(found["drawings"], told) and np.array_equal(found["pairs"], pasted):
                return Pictures(
                    clf, labelset, drawings, found["embeddings"], pairs, found["pair_embeddings"]
                )
    print(f"Embedding {len(drawings):,} drawings and {len(pairs)} pairs", flush=True)
    images = _render(drawings, folder)
    embeddings = clf.encode_images(images)
    pair_embeddings = clf.encode_images([_paste(images[i], images[j]) for i, j in pasted])
    np.savez(
        kept, drawings=told, embeddings=embeddings, pairs=pasted, pair_embeddings=pair_embeddings
    )
    return Pictures(clf, labelset, drawings, embeddings, pairs, pair_embeddings)


def _render(drawings: Sequence[Drawing], folder: Path) -> list[Image.Image]:
    """On white, by the code that the model's own page was measured with; needs resvg-py."""
    sys.path.insert(0, str(RECIPE))
    try:
        evaluate: Any = importlib.import_module("evaluate")
    finally:
        sys.path.remove(str(RECIPE))
    sets = {style.name: evaluate.IconSet(fetch(style, folder)) for style in STYLES}
    return [_on_white(sets[d.style].draw(d.key)) for d in drawings]


def _on_white(image: Image.Image) -> Image.Image:
    page = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(page, image).convert("RGB")


def _paste(first: Image.Image, second: Image.Image) -> Image.Image:
    """Two drawings in opposite corners of a white page; where they meet, the darker pixel shows."""
    size, far = (PASTED, PASTED), PAGE - PASTED
    page = np.full((PAGE, PAGE, 3), 255, np.uint8)
    for image, at in ((first, 0), (second, far)):
        small = np.asarray(image.resize(size, Image.Resampling.LANCZOS))
        part = page[at : at + PASTED, at : at + PASTED]
        np.minimum(part, small, out=part)
    return Image.fromarray(page)


def _pairs(drawings: Sequence[Drawing]) -> list[Pair]:
    """Random pairs; half of the drawings of each style are for fitting."""
    rng = np.random.default_rng(SEED)
    often = drawn_often(drawings, OFTEN)
    found: list[Pair] = []
    for style in STYLES:
        rows = [i for i, d in enumerate(drawings) if d.animal in often and d.style == style.name]
        order = rng.permutation(rows)
        for fitting, some in ((True, order[::2]), (False, order[1::2])):
            wanted = PAIRS // len(STYLES) // (3 if fitting else 1)
            while wanted:
                i, j = map(int, rng.choice(some, 2, replace=False))
                if drawings[i].animal != drawings[j].animal:
                    found.append(Pair((i, j), fitting))
                    wanted -= 1
    return found
