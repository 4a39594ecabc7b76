"""Record what the official code makes of some texts, pictures and weights, for tests that lack it.

usage: python tests/parity/record.py

Writes reference-tokens.json, reference-pixels.json and reference-embeddings.json into tests/data.
Run it in the environment that .ci/parity makes. The suite beside this script checks that the files
are still what it would write, and the default suite takes `picture` and `weights` from here.
"""

from __future__ import annotations

import hashlib
import json
import warnings
import zlib
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DATA = Path(__file__).parents[1] / "data"

# No character is younger than Unicode 13, so that every version of `regex` reads them alike.
TEXTS = [
    "",
    " ",
    "a",
    "a diagram",
    "this is a painting of cartoon house sparrow.",
    "A Photo Of A Large RED Fox!",
    "itap of a three-toed sloth, hanging upside down; it's 1 of 12 photos.",
    "  spaces   and\ttabs\nand\r\nlines\u2003and\xa0more\u3000",
    "don't we'll they've i'm she'd it's you're WE'LL y'all rock'n'roll 'tis",
    "’curly’ “quotes” – dashes — … ‹›",
    "1999 3.14 1,000,000 x2 2x h2o 50% #1 $5",
    "!!!???...---___***~~~ ,.;:'\"`^ (c) [x] {y} <z> a/b\\c @me",
    "unpronounceable floccinaucinihilipilification",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "hahahahahahahahaha zzzzzzz th the these ththth",
    "cat</w>dog <w> </w>",
    "Ein Kätzchen, größer als ein Fuß",
    "l'œil du renard; ça va ?",
    "ÁRVÍZTŰRŐ TÜKÖRFÚRÓGÉP",
    "Ο ΟΔΥΣΣΕΑΣ και η αλεπού",
    "лиса и ёжик",
    "הַשּׁוּעָל הֶחָכָם",
    "الثعلبُ البُنّيُّ ١٢٣",
    "लोमड़ी और ख़रगोश ४५६",
    "สุนัขจิ้งจอก ๗๘๙",
    "여우와 토끼",
    "キツネとｳｻｷﾞ",
    "狐狸和兔子，两只。",
    "İstanbul'da ılık ığdır",
    "ſmall 'ſ 'S it'ſ K Å",
    "<|ſtartoftext|> and < |endoftext| >",
    "ﬁne ﬂuﬀy ŉ ǆ ß ẞ",
    "Ａ ｆｏｘ １２３",
    "𝓐 𝔣𝔬𝔵 𝟙𝟚 ⅷ ½ ² ①",
    "e\u0301 é A\u030a \u0301\u0302 a\u0301\u0327b",
    "zero\u200bwidth joiner\u200djoined \ufeffbom soft\u00adhyphen",
    "\u202eright to left\u202c \u2066isolate\u2069",
    "👩‍👩‍👧‍👦 👍🏽 🏳️‍🌈 🇩🇪 ☕️ ❤ a🦊b🦊",
    "Ã©tÃ© cafÃ© donâ€™t",
    "\x1b[31mred\x1b[0m bell\x07 null\x00 form\x0cfeed next\x85line",
    "\ud800 \udfff \udd8a\ud83e",
    "&amp; &amp;amp; &amp;amp;amp; R&D AT&T fish&chips",
    "&lt;b&gt; &quot; &#39; &#x27; &nbsp; &eacute; &notit; &nGt; &fjlig; &hearts",
    "&amp;lt; &amp;#39; &amp;nbsp;x",
    "&#0; &#128; &#xD800; &#x1F98A; &; &#; &#x;",
    "<div>&amp;</div>",
    "http://example.org/a?b=c&d=e user@example.org C:\\dir\\file.txt",
    "snake_case camelCase kebab-case SCREAMING_CASE",
    "🦊🦊🦊🦊🦊🦊🦊🦊🦊🦊",
    "no\u0338t \u2260 ≠ ∀x∈ℝ: ⌈x⌉ ≥ x",
    "ⓒ™®℠ §¶†‡ ¿qué? ¡sí!",
]

# Wide or square, or small: of tall ones, Pillow changed the order of its two passes.
PICTURES = [(1, 1), (2, 3), (1, 40), (64, 64), (225, 223), (448, 448), (640, 480), (1023, 767)]
RESOLUTIONS = (64, 224, 288, 336, 384, 448)

# The arguments of the official CLIP: embed_dim, resolution, layers, width and patch of the image
# tower, then context length, vocabulary, width, heads and layers of the text tower.
MODELS: dict[str, tuple[Any, ...]] = {
    "vit": (16, 32, 2, 128, 8, 77, 49_408, 128, 2, 2),
    "resnet": (16, 64, (1, 2, 1, 1), 16, None, 77, 49_408, 64, 1, 2),
}
EMBEDDED_PICTURES = [(64, 64), (90, 41), (640, 480)]
EMBEDDED_TEXTS = ["a", "a painting of a red fox", "house sparrow " * 37]


def picture(width: int, height: int) -> Image.Image:
    """An RGB picture that a formula makes, the same on every machine."""
    y, x, channel = np.ogrid[:height, :width, :3]
    values = x * x * 7 + y * y * 13 + x * y * 5 + channel * 85 + (x ^ y) * 31
    return Image.fromarray((values % 256).astype(np.uint8))


def weights(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.float32]]:
    """Tensors of these names and shapes, the same on every machine, through which signals last."""
    made = {}
    for name, shape in shapes.items():
        # the one generator of NumPy whose numbers never change
        spread = np.random.RandomState(zlib.crc32(name.encode())).standard_normal(shape)
        if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            value = np.exp(spread / 5)  # variances, and gains of norms
        elif "embedding" in name:
            value = spread / 2
        elif len(shape) > 1:
            value = spread * np.sqrt((2 if len(shape) == 4 else 1) / np.prod(shape[1:]))
        elif name == "logit_scale":
            value = np.log(20)
        else:
            value = spread / 5
        made[name] = np.asarray(value, np.float32)
    return made


def _official() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it imports pkg_resources, which is deprecated
        import clip
    return clip


def record_tokens() -> dict[str, Any]:
    """The token ids of `TEXTS`, and what made them."""
    clip = _official()
    ids = [[49406, *clip.clip._tokenizer.encode(text), 49407] for text in TEXTS]
    return {
        "made by": "tests/parity/record.py",
        "with": {name: version(name) for name in ("clip-anytorch", "ftfy", "regex")},
        "texts": [{"text": t, "ids": i} for t, i in zip(TEXTS, ids, strict=True)],
    }


def record_pixels() -> dict[str, Any]:
    """The SHA-256 of what the official transform gives, float32 (3, n, n), and what made it."""
    clip = _official()
    sums = []
    for width, height in PICTURES:
        for resolution in RESOLUTIONS:
            pixels = clip.clip._transform(resolution)(picture(width, height)).numpy()
            assert pixels.dtype == np.float32
            digest = hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()
            sums.append(
                {"width": width, "height": height, "resolution": resolution, "sha256": digest}
            )
    return {
        "made by": "tests/parity/record.py",
        "with": {n: version(n) for n in ("clip-anytorch", "pillow", "torch", "torchvision")},
        "pixels": sums,
    }


def record_embeddings() -> dict[str, Any]:
    """The embeddings that small models with formula-made weights give, and what made them."""
    import torch

    clip = _official()
    rows = []
    for name, sizes in MODELS.items():
        model = clip.model.CLIP(*sizes).eval()
        shapes = {key: tuple(value.shape) for key, value in model.state_dict().items()}
        made = {key: torch.from_numpy(value) for key, value in weights(shapes).items()}
        model.load_state_dict(made)
        transform = clip.clip._transform(model.visual.input_resolution)
        images = torch.stack([transform(picture(*size)) for size in EMBEDDED_PICTURES])
        with torch.inference_mode():
            image = model.encode_image(images)
            text = model.encode_text(clip.tokenize(EMBEDDED_TEXTS))
            scores = model(images, clip.tokenize(EMBEDDED_TEXTS))[0].softmax(dim=-1)
        unit = [x / x.norm(dim=-1, keepdim=True) for x in (image, text)]
        image, text, scores = (x.double().numpy().round(7).tolist() for x in (*unit, scores))
        rows.append({"model": name, "image": image, "text": text, "scores": scores})
    return {
        "made by": "tests/parity/record.py",
        "with": {n: version(n) for n in ("clip-anytorch", "pillow", "torch", "torchvision")},
        "pictures": dict(enumerate(EMBEDDED_PICTURES)),
        "texts": dict(enumerate(EMBEDDED_TEXTS)),
        "models": rows,
    }


def write(record: dict[str, Any], path: Path) -> None:
    """Write a record with one text or picture on each line."""
    [rows] = [key for key, value in record.items() if isinstance(value, list)]
    head = json.dumps({k: v for k, v in record.items() if k != rows}, indent=1)
    lines = ",\n".join(f"  {json.dumps(row)}" for row in record[rows])
    path.write_text(f'{head[:-2]},\n "{rows}": [\n{lines}\n ]\n}}\n', "utf-8")


if __name__ == "__main__":
    write(record_tokens(), DATA / "reference-tokens.json")
    write(record_pixels(), DATA / "reference-pixels.json")
    write(record_embeddings(), DATA / "reference-embeddings.json")
