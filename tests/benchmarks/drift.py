"""How far bf16 and reduced decoding take the embedded model from exactness, on real drawings.

    python -m tests.benchmarks.drift

Prints, over the demo's drawings and those of the tests: the lowest cosine between the embeddings,
in how many cases the best of the cartoon-animals label set is the same, and how far scores differ
at most. For the decoding, the drawings are enlarged to 2,000 pixels and saved as JPEGs.
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from zsclip import ZeroShotClassifier, load_image
from zsclip.demo import load_drawings

OWN = Path(__file__).parents[1] / "data" / "own-drawings"


def compare(
    exact: ZeroShotClassifier, other: ZeroShotClassifier, pictures: list[bytes]
) -> tuple[float, int, float]:
    """The lowest cosine, how many agree in the best label, and the largest difference of scores."""
    cosines = (exact.encode_images(pictures) * other.encode_images(pictures)).sum(axis=1)
    ours, theirs = exact.predict_proba(pictures), other.predict_proba(pictures)
    same = int((ours.argmax(axis=1) == theirs.argmax(axis=1)).sum())
    return float(cosines.min()), same, float(np.abs(ours - theirs).max())


def as_large_jpeg(picture: bytes) -> bytes:
    """The picture with a short side of 2,000 pixels."""
    image = load_image(picture)
    scale = 2000 / min(image.size)
    size = (round(image.width * scale), round(image.height * scale))
    out = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(out, "JPEG", quality=90)
    return out.getvalue()


def main() -> None:
    """Print both."""
    pictures = [drawing.data for drawing in load_drawings()]
    pictures += [path.read_bytes() for path in sorted(OWN.glob("*.png"))]
    exact, reduced, bf16 = (
        ZeroShotClassifier("cartoon-animals", model="tiny-cartoon", cache=False, **options)
        for options in ({"exact": True}, {"precision": "fp32"}, {"precision": "bf16"})
    )
    texts = [f"a cartoon {name}" for name in exact.classes_]
    lowest = (exact.encode_texts(texts) * bf16.encode_texts(texts)).sum(axis=1).min()
    print(f"bf16, {len(texts)} texts: lowest cosine {lowest:.5f}")
    large = [as_large_jpeg(picture) for picture in pictures]
    for name, other, some in (("bf16", bf16, pictures), ("reduced decoding", reduced, large)):
        cosine, same, difference = compare(exact, other, some)
        print(
            f"{name}, {len(some)} pictures: lowest cosine {cosine:.5f}, {same} have the same best "
            f"label, scores differ by at most {difference:.4f}"
        )


if __name__ == "__main__":
    main()
