"""Measure tiny-cartoon on art that it was never trained on, through zsclip as anybody would use it.

The art: OpenMoji's and FxEmoji's animals, the drawings of ``zsclip demo``, the drawings made for
the tests, and the clip art that `rendering.py` holds out. The classes: the emoji standard's animal
names (its first seven subgroups of nature: 143 names, flowers among them), and the label set
cartoon-animals with its own templates. A drawing counts for a label set if its name, without a
last "face", is one of a label's names or aliases.

    python evaluate.py NODE_MODULES CLIPART OUT.json [--model tiny-cartoon]

Needs zsclip with zsclip-labels-cartoon-animals, resvg-py, and what `prepare.py` needs.
"""

import argparse
import io
import json
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import resvg_py
from PIL import Image
from prepare import Vocabulary
from rendering import draw_file, words

from zsclip import LabelSet, ZeroShotClassifier, load_labelset

ROOT = Path(__file__).parents[3]
SIZE = 256
STANDARD_TEMPLATES = (
    "this is a painting of cartoon {}",
    "a cartoon {}",
    "a drawing of a {}",
    "an icon of a {}",
)


class Drawing(NamedTuple):
    """A picture and the name of what it shows."""

    image: Image.Image | Path
    name: str


class Result(NamedTuple):
    """How often the true label came first, and among the first five."""

    art: str
    labels: str
    classes: int
    pictures: int
    top1: float
    top5: float
    wrong: dict[str, str]


def render(svg: str, **options: Any) -> Image.Image:
    """An SVG document as RGBA."""
    png = bytes(resvg_py.svg_to_bytes(svg_string=svg, **options))
    return Image.open(io.BytesIO(png)).convert("RGBA")


class IconSet:
    """One Iconify package."""

    def __init__(self, package: Path) -> None:
        self._data = json.loads((package / "icons.json").read_text(encoding="utf8"))

    def __iter__(self) -> Iterator[str]:
        return iter(self._data["icons"])

    def draw(self, key: str) -> Image.Image:
        """One icon as RGBA."""
        icon = self._data["icons"][key]
        sizes = {"left": 0, "top": 0, "width": 16, "height": 16}
        box = " ".join(str(icon.get(k, self._data.get(k, v))) for k, v in sizes.items())
        return render(
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
            f'viewBox="{box}" width="{SIZE}" height="{SIZE}">{icon["body"]}</svg>'
        )

    def named(self, vocabulary: Vocabulary) -> list[Drawing]:
        """The icons whose own names are in the emoji standard."""
        pairs = ((key, vocabulary.emoji_name(key)) for key in self)
        return [Drawing(self.draw(k), n) for k, n in pairs if n in vocabulary.standard]


def clip_art(folder: Path) -> Iterator[Drawing]:
    """The animals that are held out of training, by title; keywords follow it."""
    for path in sorted(folder.rglob("*.svg")):
        if "animals" in path.parts and (found := draw_file(path, folder)) and found[0]["held_out"]:
            picture = render(path.read_text(encoding="utf8", errors="ignore"), width=SIZE)
            yield Drawing(picture, " | ".join([found[0]["name"], *found[0]["keywords"]]))


def in_set(drawings: Iterable[Drawing], labelset: LabelSet) -> list[Drawing]:
    """The drawings that a label set has a class for, under the name of that class."""
    texts = {words(t): lb.name for lb in labelset for t in (lb.name, *lb.aliases)}
    plain = ((d, d.name.removesuffix(" face")) for d in drawings)
    return [Drawing(d.image, texts[name]) for d, name in plain if name in texts]


def by_title(drawings: Iterable[Drawing], labelset: LabelSet) -> list[Drawing]:
    """Clip art with exactly one of a label set's animals in its title, or else its keywords."""
    texts = {words(t): lb.name for lb in labelset for t in (lb.name, *lb.aliases)}
    found = []
    for image, name in drawings:
        title, *keywords = name.split(" | ")
        titled = {label for text, label in texts.items() if f" {text} " in f" {title} "}
        shown = titled or {texts[k] for k in keywords if k in texts}
        if len(shown) == 1:
            found.append(Drawing(image, shown.pop()))
    return found


def measure(clf: ZeroShotClassifier, art: str, labels: str, drawings: list[Drawing]) -> Result:
    """Classify the drawings."""
    first = five = 0
    wrong = {}
    for i, prediction in enumerate(clf.classify_many([d.image for d in drawings])):
        top = [score.label for score in prediction.top(5)]
        first += top[0] == drawings[i].name
        five += drawings[i].name in top
        if top[0] != drawings[i].name:
            wrong[f"{i} {drawings[i].name}"] = top[0]
    n = len(drawings)
    result = Result(
        art,
        labels,
        len(clf.classes_),
        n,
        round(100 * first / n, 1),
        round(100 * five / n, 1),
        wrong,
    )
    print(f"{art:42} {labels:16} {n:4} {result.top1:5} {result.top5:5}", flush=True)
    return result


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("node_modules", type=Path)
    parser.add_argument("clipart", type=Path, help="share/openclipart/svg of openclipart-svg")
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="tiny-cartoon", help="a model's name, or a file")
    parser.add_argument("--labels", type=Path, help="a label set's file, where it isn't installed")
    args = parser.parse_args()
    labelset = LabelSet.from_toml(args.labels) if args.labels else load_labelset("cartoon-animals")
    vocabulary = Vocabulary(args.node_modules)
    names = sorted(vocabulary.standard)
    packages = args.node_modules / "@iconify-json"
    openmoji = IconSet(packages / "openmoji").named(vocabulary)
    fx = IconSet(packages / "fxemoji")
    table = tomllib.loads(Path(__file__).with_name("fxemoji.toml").read_text(encoding="utf8"))
    fx_true = [
        (int(code, 16), fx.draw(entry["key"]), entry["animal"])
        for code, entry in table["animals"].items()
    ]
    demo_folder = ROOT / "zsclip" / "demo"
    demo = tomllib.loads((demo_folder / "drawings.toml").read_text(encoding="utf8"))["drawings"]
    own = sorted((ROOT / "tests" / "data" / "own-drawings").glob("*.png"))
    by_name = ZeroShotClassifier(names, templates=STANDARD_TEMPLATES, model=args.model)
    by_set = by_name.with_labels(labelset)
    fx_standard = [
        Drawing(image, name)
        for code, image, _ in fx_true
        if (name := vocabulary.by_code.get(f"{code:x}")) in vocabulary.standard
    ]
    fx_plain = [Drawing(image, animal) for _, image, animal in fx_true]
    results = [
        measure(by_name, "OpenMoji", "standard", openmoji),
        measure(by_name, "FxEmoji, by its own names", "standard", fx.named(vocabulary)),
        measure(by_name, "FxEmoji, by code point", "standard", fx_standard),
        measure(by_set, "OpenMoji", labelset.name, in_set(openmoji, labelset)),
        measure(by_set, "FxEmoji, by code point", labelset.name, in_set(fx_plain, labelset)),
        measure(
            by_set,
            "the demo's (13 of FxEmoji)",
            labelset.name,
            in_set(
                (Drawing(demo_folder / "drawings" / d["file"], d["animal"]) for d in demo), labelset
            ),
        ),
        measure(
            by_set,
            "drawn for the tests",
            labelset.name,
            in_set((Drawing(path, path.stem) for path in own), labelset),
        ),
        measure(
            by_set,
            "clip art held out",
            labelset.name,
            by_title(clip_art(args.clipart), labelset),
        ),
    ]
    content = {
        "model": args.model,
        "weights_sha256": by_name.origin.weights_sha256,
        "results": [r._asdict() for r in results],
    }
    args.out.write_text(json.dumps(content, indent=1) + "\n", encoding="utf8")


if __name__ == "__main__":
    main()
