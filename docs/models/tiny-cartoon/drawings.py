"""What a training batch of tiny-cartoon is made of: drawings, captions, and changes to both."""

import json
import random
import re
import tomllib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from zsclip.clip.preprocess import MEAN, STD

RESOLUTION = 64
ANIMAL_SHARE = 0.78
TAGGED_GROUPS = (3, 4, 5, 6, 7)
NATURE = 3
# How often a style is drawn from, given that a concept has it; any other source counts 1.
STYLE_WEIGHT = {
    "icons+": 0.15,
    "+outlined": 0.45,
    "+repainted": 0.35,
    "+lineart": 0.25,
    "icons": 0.8,
    "clipart": 1.6,
}
# Icons of these names mostly show something else: software, a brand, a sport, memory, a stamp.
AMBIGUOUS_ICONS = frozenset(
    ["bug", "canary", "coral", "cricket", "fly", "mouse", "ram", "seal", "swallow", "wing"]
)
# Words in the names of animals' drawings that say nothing of animals.
COMMON_WORDS = frozenset(
    """
    face front facing baby two with nest eggs water white black four hump wing nose falling
    """.split()  # noqa: SIM905 - easier to read
)
TEMPLATES = (
    "{}", "a {}", "the {}", "a drawing of a {}", "a cartoon {}", "a cartoon of a {}", "cartoon {}",
    "an emoji of a {}", "an icon of a {}", "a picture of a {}", "this is a painting of cartoon {}",
    "this is a painting of a cartoon {}", "a painting of a {}", "an illustration of a {}",
    "a cartoon drawing of a {}", "clip art of a {}", "a sticker of a {}", "a cute {}",
    "a cute cartoon {}", "a simple drawing of a {}", "a children's drawing of a {}",
    "a sketch of a {}", "a doodle of a {}", "a comic {}", "a {} in a picture book",
    "a drawing of the {}", "a cartoon drawing of the {}", "a simple drawing of the {}",
    "clip art of the {}", "an illustration of the {}", "the {} emoji", "a {} emoji",
    "a {} drawn in black and white", "a silhouette of a {}", "a line drawing of a {}",
)  # fmt: skip


def words(text: str) -> str:
    """Lower-case words and digits, single spaces between."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


@dataclass
class Concept:
    """Something that is drawn: its names and its drawings, by style.

    `aliases` say the same in other words; `wider` names are true of it and the very name of another
    concept ("dog" of a poodle).
    """

    name: str
    animal: bool
    aliases: tuple[str, ...] = ()
    wider: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    styles: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    @property
    def names(self) -> frozenset[str]:
        """Its name and what says the same."""
        return frozenset((self.name, *self.aliases))


def style_weight(style: str) -> float:
    """How often a style is drawn from."""
    return next((w for part, w in STYLE_WEIGHT.items() if part in style), 1.0)


class Drawings:
    """Everything that `prepare.py` wrote, by concept.

    Args:
        data: Folder that `prepare.py` wrote.
        standard: ``emojibase-data/en/data.json``: the emoji standard's names, groups and keywords.
        tests: Sources that are never trained on.
    """

    def __init__(self, data: Path, standard: Path, tests: tuple[str, ...]) -> None:
        table = tomllib.loads((Path(__file__).parent / "animals.toml").read_text(encoding="utf8"))
        cldr = json.loads(standard.read_text(encoding="utf8"))
        self.group = {words(d["label"]): d.get("group") for d in cldr}
        self.tags = {
            words(d["label"]): tuple(w for t in d.get("tags", ()) if (w := words(t))) for d in cldr
        }
        self.aliases = {**table["emoji"], **table["more"]}
        self.canonical = {a: n for n, names in self.aliases.items() for a in names}
        self.canonical |= {n: n for n in (*self.group, *table["more"])}
        self.more = frozenset(table["more"])
        natural = (n for n, g in self.group.items() if g == NATURE)
        self.animal_words = {w for n in natural for w in n.split() if len(w) > 2} - COMMON_WORDS
        self.images: dict[str, npt.NDArray[np.uint8]] = {}
        self.mono: dict[str, list[bool]] = {}
        self.concepts: dict[str, Concept] = {}
        for path in sorted(data.glob("*.npy")):
            style = path.stem
            if style.split("+")[0] in tests:
                continue
            records = json.loads(path.with_suffix(".json").read_text(encoding="utf8"))
            self.images[style] = np.load(path, mmap_mode="r")
            self.mono[style] = [bool(r.get("mono")) for r in records]
            for i, record in enumerate(records):
                name = self._clipart_name(record) if style == "clipart" else record["name"]
                if name is not None and not (style.startswith("icons") and name in AMBIGUOUS_ICONS):
                    self._add(name, style, i)
        self.animals = [c for c in self.concepts.values() if c.animal]
        self.things = [c for c in self.concepts.values() if not c.animal]
        # Animals off the emoji standard have few drawings each; they come up less often.
        weight = np.array([1.0 if self.group.get(c.name) == NATURE else 0.3 for c in self.animals])
        self.animal_weight = weight / weight.sum()

    def _add(self, name: str, style: str, index: int) -> None:
        """File a drawing under its concept, if it is one that is wanted."""
        name = self.canonical.get(name, name)
        group = self.group.get(name)
        animal = group == NATURE or name in self.more
        related = bool(set(name.split()) & self.animal_words) and len(name.split()) <= 3
        if not (animal or (group in TAGGED_GROUPS if group is not None else related)):
            return
        if name not in self.concepts:
            others = self.aliases.get(name, ())
            wider = tuple(n for n in others if n in self.group)
            aliases = tuple(n for n in others if n not in self.group)
            self.concepts[name] = Concept(name, animal, aliases, wider, self.tags.get(name, ()))
        self.concepts[name].styles[style].append(index)

    def _clipart_name(self, record: dict[str, object]) -> str | None:
        """The one animal that the title names, or else the only one among the keywords."""
        if record["held_out"]:
            return None
        title = f" {record['name']} "
        known = self.canonical.items()
        animals = [n for n, c in known if c in self.more or self.group.get(c) == NATURE]
        titled = max((n for n in animals if f" {n} " in title), key=len, default=None)
        keywords = record["keywords"]
        assert isinstance(keywords, list)
        listed = {self.canonical[k] for k in keywords if k in animals}
        return titled or (listed.pop() if len(listed) == 1 else None)

    def pick(self, concept: Concept) -> npt.NDArray[np.uint8]:
        """One drawing of a concept, styles by weight; single-color icons get a random color."""
        styles = list(concept.styles)
        style = random.choices(styles, [style_weight(s) for s in styles])[0]
        index = random.choice(concept.styles[style])
        pixels = np.array(self.images[style][index])
        if self.mono[style][index] and random.random() < 0.4:
            pixels[..., :3] = np.random.randint(0, 200, 3)
        return pixels

    def sample(self, size: int) -> tuple[list[Concept], Tensor]:
        """A batch: concepts, and a drawing of each in RGBA, (n, 4, h, w) in [0, 1]."""
        count = int(size * ANIMAL_SHARE)
        at = np.random.choice(len(self.animals), count, p=self.animal_weight)
        chosen = [self.animals[i] for i in at] + random.sample(self.things, size - count)
        pixels = torch.from_numpy(np.stack([self.pick(c) for c in chosen])).permute(0, 3, 1, 2)
        return chosen, pixels.float() / 255


def caption(concept: Concept) -> tuple[str, str]:
    """A name of the concept and a caption that holds it."""
    name, draw = concept.name, random.random()
    if concept.wider and draw < 0.2:
        name = random.choice(concept.wider)
    elif concept.aliases and draw < 0.5:
        name = random.choice(concept.aliases)
    text = name
    if concept.tags and random.random() < 0.2:
        tag, draw = random.choice(concept.tags), random.random()
        if draw < 0.4:
            text = f"{name} {tag}"
        else:
            text = f"{tag} {name}" if draw < 0.8 or concept.animal else tag
    template = random.choice(TEMPLATES)
    if " a {}" in template or template.startswith("a {}"):
        if text[0] in "aeiou" and random.random() < 0.6:
            template = template.replace("a {}", "an {}")
    elif random.random() < 0.08 and not text.endswith("s"):
        text += "s"
    end = random.choices(("", ".", "!"), (0.5, 0.47, 0.03))[0]
    return name, template.replace("{}", text) + end


def uniform(size: int | tuple[int, ...], low: float, high: float) -> Tensor:
    """Uniform random numbers."""
    return torch.empty(size).uniform_(low, high)


def maybe(size: int, probability: float) -> Tensor:
    """True with a probability, one per picture."""
    return torch.rand(size) < probability


def moved(rgba: Tensor, low: float = 0.85, high: float = 1.4) -> Tensor:
    """Scaled, stretched, turned, mirrored, shifted; premultiplied, at the model's resolution."""
    n = len(rgba)
    scale, stretch, turn = uniform(n, low, high), uniform(n, 0.85, 1.18), uniform(n, -0.25, 0.25)
    flip = maybe(n, 0.5).float() * 2 - 1
    cos, sin = torch.cos(turn) * scale, torch.sin(turn) * scale
    shear, right, down = uniform(n, -0.15, 0.15), uniform(n, -0.18, 0.18), uniform(n, -0.18, 0.18)
    first = torch.stack([cos * flip * stretch, -sin + shear, right], 1)
    second = torch.stack([sin * flip, cos / stretch, down], 1)
    grid = F.affine_grid(
        torch.stack([first, second], 1), [n, 4, RESOLUTION, RESOLUTION], align_corners=False
    )
    premultiplied = torch.cat([rgba[:, :3] * rgba[:, 3:], rgba[:, 3:]], 1)
    return F.grid_sample(premultiplied, grid, padding_mode="zeros", align_corners=False)


def grounds(n: int, props: Tensor) -> Tensor:
    """White, flat, graded or clouded grounds, some with other things drawn on them."""
    one, two = torch.rand(n, 3, 1, 1), torch.rand(n, 3, 1, 1)
    ramp = torch.linspace(0, 1, RESOLUTION).view(1, 1, 1, -1)
    ramp = torch.where(torch.rand(n, 1, 1, 1) < 0.5, ramp, ramp.transpose(2, 3))
    clouds = F.interpolate(torch.rand(n, 3, 6, 6), RESOLUTION, mode="bilinear")
    kind = torch.rand(n, 1, 1, 1)
    graded = torch.where(kind < 0.9, one * (1 - ramp) + two * ramp, clouds)
    ground = torch.where(kind < 0.65, torch.ones(1), torch.where(kind < 0.8, one, graded))
    scene = moved(props[torch.randint(len(props), (n,))], 0.3, 3.0)
    shown = maybe(n, 0.12).view(-1, 1, 1, 1) * uniform((n, 1, 1, 1), 0.3, 1.0)
    return ground * (1 - shown * scene[:, 3:]) + shown * scene[:, :3]


def spread(t: Tensor, size: int = 3) -> Tensor:
    """Largest minus smallest value in the neighborhood: strong at edges."""
    pad = size // 2
    return (F.max_pool2d(t, size, 1, pad) + F.max_pool2d(-t, size, 1, pad)).clamp(0, 1)


def normalized(x: Tensor) -> Tensor:
    """RGB (n, 3, h, w) in [0, 1] as CLIP's towers expect it, channels last."""
    mean, std = torch.tensor(MEAN).view(1, 3, 1, 1), torch.tensor(STD).view(1, 3, 1, 1)
    return ((x.clamp(0, 1) - mean) / std).contiguous(memory_format=torch.channels_last)


def pictures(rgba: Tensor, props: Tensor) -> Tensor:
    """Model input from drawings: moved, on a ground, recolored, outlined, blurred at random.

    Args:
        rgba: Drawings, (n, 4, h, w) in [0, 1].
        props: Drawings of other things for the ground, the same shape but for n.

    Returns:
        float32 (n, 3, 64, 64), normalized, channels last.
    """
    n = len(rgba)
    placed = moved(rgba)
    y = placed[:, :3] + grounds(n, props) * (1 - placed[:, 3:])
    if (m := maybe(n, 0.2)).any():
        mix = torch.eye(3) + torch.randn(int(m.sum()), 3, 3) * 0.35
        y[m] = torch.einsum("bij,bjhw->bihw", mix / mix.sum(2, keepdim=True).clamp(min=0.3), y[m])
    y = torch.where(torch.rand(n, 1, 1, 1) < 0.1, y.mean(1, keepdim=True).expand_as(y), y)
    middle = y.mean((2, 3), keepdim=True)
    y = ((y - middle) * uniform((n, 1, 1, 1), 0.6, 1.4) + middle) * uniform((n, 1, 1, 1), 0.7, 1.3)
    if (m := maybe(n, 0.2)).any():
        inner = (spread(placed[m][:, :3].mean(1, keepdim=True)) * 2.5).clamp(0, 1)
        edge = torch.maximum(spread(placed[m][:, 3:]), inner)
        white = (torch.rand(int(m.sum()), 1, 1, 1) < 0.4).float()
        y[m] = (y[m] * (1 - white) + white) * (1 - edge)
    if (m := maybe(n, 0.2)).any():
        y[m] = F.avg_pool2d(F.pad(y[m], (1, 1, 1, 1), mode="replicate"), 3, 1)
    return normalized(y)
