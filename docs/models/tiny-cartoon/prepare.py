"""Rasterize the drawings that tiny-cartoon is trained and tested on.

Every source and style becomes ``OUT/<source>.npy`` (uint8, (n, 72, 72, 4), RGBA) and
``OUT/<source>.json`` (a record per drawing). ``OUT/sources.md`` says what was used, in which
version, by whom, and under which license. Emoji and icons of animals are also drawn with thick
dark outlines, repainted, and as line art.

Needs resvg-py, pillow and numpy; the npm packages ``@iconify-json/{emojione, emojione-monotone,
fluent-emoji, fluent-emoji-flat, fluent-emoji-high-contrast, fxemoji, noto, noto-v1, openmoji,
streamline-emojis, twemoji}``, ``@iconify/json``, ``@lobehub/fluent-emoji-3d`` and
``emojibase-data``; and Debian's ``openclipart-svg``.

    python prepare.py NODE_MODULES CLIPART OUT [--jobs N]
"""

import argparse
import functools
import json
import re
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
from rendering import Box, Job, Pixels, Record, draw, draw_file, shrink, words

COLOR_EMOJI = (
    "emojione",
    "fluent-emoji",
    "fluent-emoji-flat",
    "noto",
    "noto-v1",
    "streamline-emojis",
    "twemoji",
)
MONO_EMOJI = ("emojione-monotone", "fluent-emoji-high-contrast")
TEST_EMOJI = ("openmoji", "fxemoji")
SHARE_ALIKE = ("emojione-v1",)
SOLID = "fluent-emoji-3d"
CLIPART_VERSION = "1:0.18+dfsg-19"
LICENSES = {"MIT", "Apache 2.0", "CC BY 4.0", "CC BY 3.0", "CC0 1.0", "CC0", "Unlicense"}
# Brands and coins: not drawings of what their names say.
LOGOS = """
    simple-icons logos cib fa7-brands fa6-brands fa-brands bxl devicon devicon-plain skill-icons
    thesvg thesvg-color selfhst token token-branded cryptocurrency cryptocurrency-color catppuccin
    nonicons material-icon-theme circle-flags
""".split()  # noqa: SIM905 - easier to read
SKIN_OR_FLAG = re.compile(r"skin-tone|-skin|-flag$|^flag-|regional-indicator|keycap|^u\+|tone")
STYLE_WORDS = frozenset(
    """
    outline outlined fill filled bold duotone linear line lines solid thin light regular sharp round
    rounded alt 2 3 1 16 20 24 28 32 48 broken variant twotone two tone sm lg icon svg color colored
    flat mono black white l r off fa
    """.split()  # noqa: SIM905 - easier to read
)
NATURE, MEANT = 3, (1, 3, 4, 5, 6, 7)  # groups of the emoji standard


class Vocabulary:
    """Which names are meant, and which of them are animals'.

    Attributes:
        by_code: The emoji standard's names by code point.
        meant: Everything that icons may show.
        animals: The names of animals, aliases among them.
        standard: The emoji standard's animals and flowers, its first seven subgroups of nature.
    """

    def __init__(self, node_modules: Path) -> None:
        text = (node_modules / "emojibase-data/en/data.json").read_text(encoding="utf8")
        standard = json.loads(text)
        tables = tomllib.loads(
            Path(__file__).with_name("animals.toml").read_text(encoding="utf8")
        ).values()
        animals = {words(d["label"]) for d in standard if d.get("group") == NATURE}
        animals |= {n for table in tables for k, names in table.items() for n in (k, *names)}
        self.by_code = {d["hexcode"].lower(): words(d["label"]) for d in standard}
        self.meant = animals | {words(d["label"]) for d in standard if d.get("group") in MEANT}
        self.animals = animals
        first = sorted({d["subgroup"] for d in standard if d.get("group") == NATURE})[:7]
        self.standard = {words(d["label"]) for d in standard if d.get("subgroup") in first}
        self.animal_words = {w for a in animals for w in a.split() if len(w) > 2}

    def emoji_name(self, key: str) -> str | None:
        """The name of an emoji's drawing, by its key."""
        return None if SKIN_OR_FLAG.search(key) else words(key)

    def icon_name(self, key: str) -> str | None:
        """The name of an icon without the words for its style; None if it is not meant."""
        name = " ".join(w for w in words(key).split() if w not in STYLE_WORDS)
        return name if name in self.meant else None

    def is_animal(self, name: str) -> bool:
        """Whether a name is an animal's, or has to do with one."""
        return name in self.animals or bool(set(name.split()) & self.animal_words)


def icon_jobs(
    source: str, data: Record, name_of: Callable[[str], str | None], vocabulary: Vocabulary
) -> Iterator[Job]:
    """The icons of one Iconify file whose names mean something here."""
    for key, icon in data["icons"].items():
        name = name_of(key)
        if name is None or icon.get("hidden"):
            continue
        mono = "currentColor" in icon["body"]
        animal = vocabulary.is_animal(name)
        place = f"{data['prefix']}:{key}"
        record = {"key": place, "name": name, "mono": mono, "animal": animal}
        sizes = {"left": 0, "top": 0, "width": 16, "height": 16}
        box = Box(*(icon.get(k, data.get(k, default)) for k, default in sizes.items()))
        body = icon["body"].replace("currentColor", "#000")
        yield Job(source, record, body, box, animal and source in (*COLOR_EMOJI, "icons"))


def read(path: Path) -> Record:
    """A JSON file."""
    content: Record = json.loads(path.read_text(encoding="utf8"))
    return content


def used(package: str, version: str, name: str, info: Record, count: int) -> Record:
    """What the model card says of a source."""
    return {
        "set": name,
        "package": package,
        "version": version,
        "license": info["license"]["title"],
        "author": info["author"]["name"],
        "drawings": count,
        "test": name in TEST_EMOJI,
    }


def as_table(sources: list[Record]) -> str:
    """The sources as a table in Markdown, for the model card."""
    lines = ["| set | package | version | by | license | drawings |", "|---|---|---|---|---|---:|"]
    for s in sources:
        use = " (testing only)" if s["test"] else ""
        cells = (s["set"] + use, s["package"], s["version"], s["author"], s["license"])
        lines.append(f"| {' | '.join(cells)} | {s['drawings']:,} |")
    return "\n".join(lines) + "\n"


def iconify(node_modules: Path, vocabulary: Vocabulary) -> tuple[list[Job], list[Record]]:
    """All emoji and icons that come as Iconify files."""
    jobs: list[Job] = []
    sources: list[Record] = []
    for name in (*COLOR_EMOJI, *MONO_EMOJI, *TEST_EMOJI):
        folder = node_modules / "@iconify-json" / name
        mine = list(icon_jobs(name, read(folder / "icons.json"), vocabulary.emoji_name, vocabulary))
        version = read(folder / "package.json")["version"]
        info = read(folder / "info.json")
        sources.append(used(f"@iconify-json/{name}", version, name, info, len(mine)))
        jobs += mine
    folder = node_modules / "@iconify/json"
    version = read(folder / "package.json")["version"]
    elsewhere = {*COLOR_EMOJI, *MONO_EMOJI, *TEST_EMOJI, *SHARE_ALIKE, *LOGOS}
    for name, info in read(folder / "collections.json").items():
        if name not in elsewhere and info["license"]["title"] in LICENSES:
            data = read(folder / "json" / f"{name}.json")
            mine = list(icon_jobs("icons", data, vocabulary.icon_name, vocabulary))
            if mine:
                sources.append(used("@iconify/json", version, name, info, len(mine)))
            jobs += mine
    return jobs, sources


def main() -> None:
    """Rasterize everything."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("node_modules", type=Path)
    parser.add_argument("clipart", type=Path, help="share/openclipart/svg of openclipart-svg")
    parser.add_argument("out", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    vocabulary = Vocabulary(args.node_modules)
    jobs, sources = iconify(args.node_modules, vocabulary)
    drawn: dict[str, list[tuple[Record, Pixels]]] = defaultdict(list)
    files = [p for p in sorted(args.clipart.rglob("*.svg")) if "animals" in p.parts]
    with ProcessPoolExecutor(args.jobs) as pool:
        for styles in pool.map(draw, jobs, chunksize=64):
            for style, record, pixels in styles:
                drawn[style].append((record, pixels))
        one_file = functools.partial(draw_file, root=args.clipart)
        drawn["clipart"] = [d for d in pool.map(one_file, files, chunksize=32) if d]
    solid = args.node_modules / "@lobehub" / SOLID
    for path in sorted((solid / "assets").glob("*.webp")):
        if (name := vocabulary.by_code.get(path.stem)) is not None:
            animal = vocabulary.is_animal(name)
            record = {"key": path.stem, "name": name, "mono": False, "animal": animal}
            drawn[SOLID].append((record, shrink(path)))
    version = read(solid / "package.json")["version"]
    info = {"license": {"title": "MIT"}, "author": {"name": "Microsoft Corporation"}}
    sources.append(used(f"@lobehub/{SOLID}", version, SOLID, info, len(drawn[SOLID])))
    info = {"license": {"title": "Public domain"}, "author": {"name": "Open Clip Art Library"}}
    count = len(drawn["clipart"])
    sources.append(used("openclipart-svg (Debian)", CLIPART_VERSION, "openclipart", info, count))
    args.out.mkdir(parents=True, exist_ok=True)
    for style, pairs in drawn.items():
        np.save(args.out / f"{style}.npy", np.stack([pixels for _, pixels in pairs]))
        records = json.dumps([record for record, _ in pairs])
        (args.out / f"{style}.json").write_text(records, encoding="utf8")
        print(f"{style}: {len(pairs)}", flush=True)
    (args.out / "sources.md").write_text(as_table(sources), encoding="utf8")


if __name__ == "__main__":
    main()
