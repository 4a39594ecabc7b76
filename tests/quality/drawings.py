"""What each drawing shows: an animal of cartoon-animals, food, an object or a sign."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.quality.sources import STYLES, Style, fetch
from zsclip import LabelSet

__all__ = ["KINDS", "Drawing", "read_drawings"]

RECIPE = Path(__file__).parents[2] / "docs" / "models" / "tiny-cartoon"
KINDS = ("animal", "food", "object", "sign")
KIND_OF = {  # by the collections' own categories
    "Food": "food",
    "Food Drink": "food",
    "Objects": "object",
    "Symbols": "sign",
}
# Animals that the emoji standard calls otherwise than the label set.
ALSO = {
    "bird": "songbird",
    "black bird": "crow",
    "black cat": "cat",
    "bug": "caterpillar",
    "doe": "deer",
    "ewe": "sheep",
    "front facing baby chick": "chick",
    "guide dog": "dog",
    "hatching chick": "chick",
    "monarch butterfly": "butterfly",
    "poodle": "dog",
    "service dog": "dog",
    "spouting orca": "orca",
    "spouting whale": "whale",
    "two hump camel": "camel",
}
# Food, objects and signs that show an animal.
SHOW_ANIMALS = re.compile(
    r"shrimp|fish(?!.?cake)|horse.?racing|carp.?streamer|medical.?symbol|mouse.?trap|dragon|"
    r"playing.?cards|mahjong|crab|lobster|squid"
)
# FxEmoji has no category of food: what it shares with the others goes by their names, and these.
FX_FOOD = frozenset(
    """
    aubergine curryandrice earofmaize fishcakeswirl sakebottleandcup sliceofpizza
    """.split()  # noqa: SIM905 - easier to read
)


@dataclass(frozen=True)
class Drawing:
    """One drawing.

    Attributes:
        style: The name of its style.
        key: Its name in the collection.
        kind: One of `KINDS`.
        animal: The name of the label that it shows; empty if it is none.
    """

    style: str
    key: str
    kind: str
    animal: str = ""


def words(text: str) -> str:
    """Lower-case words and digits, single spaces between."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def read_drawings(folder: Path, labelset: LabelSet) -> list[Drawing]:
    """Every drawing of the styles that is used here, in an order that stays.

    Args:
        folder: Where the packages lie, or are fetched to.
        labelset: cartoon-animals.
    """
    packages = {style.name: fetch(style, folder) for style in STYLES}
    categories = {name: _read(place, "metadata.json") for name, place in packages.items()}
    food = {
        key.replace("-", "")
        for kept in categories.values()
        for title, keys in kept["categories"].items()
        if KIND_OF.get(title) == "food"
        for key in keys
    } | FX_FOOD
    return [
        drawing
        for style in STYLES
        for drawing in _of_style(
            style, packages[style.name], categories[style.name], food, labelset
        )
    ]


def _of_style(
    style: Style, place: Path, metadata: Any, food: set[str], labelset: LabelSet
) -> Iterator[Drawing]:
    icons = _read(place, "icons.json")["icons"]
    shown = _fx_animals() if style.name == "FxEmoji" else None
    names = {words(t): label.name for label in labelset for t in (label.name, *label.aliases)}
    for key in sorted(icons):
        if icons[key].get("hidden"):
            continue
        text = words(key) if shown is None else shown.get(key, "")
        text = text.removesuffix(" face")
        if animal := names.get(ALSO.get(text, text)):
            yield Drawing(style.name, key, "animal", animal)
    for title, keys in metadata["categories"].items():
        kind = KIND_OF.get(title)
        for key in sorted(keys) if kind else ():
            if key not in icons or SHOW_ANIMALS.search(key):
                continue
            eaten = style.name == "FxEmoji" and kind == "object" and key in food
            yield Drawing(style.name, key, "food" if eaten else kind or "")


def _fx_animals() -> dict[str, str]:
    """FxEmoji's animals in plain words, by its names for them."""
    table = tomllib.loads((RECIPE / "fxemoji.toml").read_text("utf-8"))
    return {entry["key"]: entry["animal"] for entry in table["animals"].values()}


def _read(place: Path, name: str) -> Any:
    return json.loads((place / name).read_text("utf-8"))
