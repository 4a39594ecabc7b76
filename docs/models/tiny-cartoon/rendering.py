"""Vector drawings to small RGBA pictures, as they are and as thick-lined or line-art variants."""

import hashlib
import io
import random
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import resvg_py
from PIL import Image

SIZE = 72
LARGEST_CLIPART = 400_000
HELD_OUT_ONE_IN = 6
PAINT = re.compile(r'(fill|stop-color)(="|:)\s*(#[0-9a-fA-F]{3,8}|rgb\([^)]*\)|[a-z]+)')
NOT_PAINT = frozenset(["none", "url", "currentColor", "inherit", "rule", "opacity"])

Pixels = npt.NDArray[np.uint8]
Record = dict[str, Any]


class Box(NamedTuple):
    """An SVG view box."""

    left: float
    top: float
    width: float
    height: float


class Job(NamedTuple):
    """One icon: where it is from, what is known of it, its SVG body and box, its variants."""

    source: str
    record: Record
    body: str
    box: Box
    variants: bool


def words(text: str) -> str:
    """Lower-case words and digits, single spaces between."""
    return re.sub(r"[^a-z0-9]+", " ", text.lower()).strip()


def rasterize(body: str, box: Box) -> Pixels | None:
    """Draw an SVG body; None where nothing visible comes out."""
    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'viewBox="{box.left} {box.top} {box.width} {box.height}" '
        f'width="{SIZE}" height="{SIZE}">{body}</svg>'
    )
    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=svg))
        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA").resize((SIZE, SIZE)))
    except Exception:  # noqa: BLE001 - resvg_py has no class of its own; a broken icon is left out
        return None
    return pixels if int(pixels[..., 3].max()) > 10 else None


def outlined(body: str, box: Box, rng: random.Random) -> str:
    """The same shapes with a dark stroke round each, as in a coloring book that was colored in."""
    width = max(box.width, box.height) * rng.uniform(0.012, 0.03)
    scale = 1 - rng.uniform(0.0, 0.08)
    x, y = box.left + box.width / 2, box.top + box.height / 2
    return (
        f'<g transform="translate({x} {y}) scale({scale}) translate({-x} {-y})" stroke="#000" '
        f'stroke-width="{width}" stroke-linejoin="round" stroke-linecap="round">{body}</g>'
    )


def repainted(body: str, rng: random.Random, *, line_art: bool) -> str:
    """All fills white (line art), or each color replaced by a flat bright one or white."""
    chosen: dict[str, str] = {}

    def paint(match: re.Match[str]) -> str:
        attribute, sign, color = match.groups()
        if color in NOT_PAINT:
            return match.group(0)
        if color not in chosen:
            dark = color.lower() in ("#000", "#000000", "black")
            bright = "#{:02x}{:02x}{:02x}".format(*(rng.randint(90, 255) for _ in range(3)))
            flat = "#fff" if line_art or rng.random() < 0.35 else bright
            chosen[color] = color if dark else flat
        return f"{attribute}{sign}{chosen[color]}"

    return PAINT.sub(paint, body)


def draw(job: Job) -> list[tuple[str, Record, Pixels]]:
    """One icon in every style that it gets: (source and style, record, picture)."""
    rng = random.Random(f"{job.source}/{job.record['key']}")
    styles = {job.source: job.body}
    if job.variants:
        flat = repainted(job.body, rng, line_art=False)
        lines = repainted(job.body, rng, line_art=True)
        styles[f"{job.source}+outlined"] = outlined(job.body, job.box, rng)
        styles[f"{job.source}+repainted"] = outlined(flat, job.box, rng)
        styles[f"{job.source}+lineart"] = outlined(lines, job.box, rng)
    drawn = ((style, rasterize(body, job.box)) for style, body in styles.items())
    return [(style, job.record, pixels) for style, pixels in drawn if pixels is not None]


def draw_file(path: Path, root: Path) -> tuple[Record, Pixels] | None:
    """One clip-art file: title, keywords, whether it is held out of training; and its picture."""
    raw = path.read_text(encoding="utf8", errors="ignore")
    if len(raw) > LARGEST_CLIPART:
        return None
    try:
        png = bytes(resvg_py.svg_to_bytes(svg_string=raw, width=SIZE * 2))
        image = Image.open(io.BytesIO(png)).convert("RGBa")
    except Exception:  # noqa: BLE001 - a few files are not well-formed
        return None
    image.thumbnail((SIZE, SIZE))
    page = Image.new("RGBA", (SIZE, SIZE))
    page.paste(image.convert("RGBA"), ((SIZE - image.width) // 2, (SIZE - image.height) // 2))
    pixels = np.asarray(page)
    if int(pixels[..., 3].max()) <= 10:
        return None
    place = path.relative_to(root).as_posix()
    titled = re.search(r"<dc:title>([^<]{2,80})</dc:title>", raw)
    title = titled.group(1) if titled else re.sub(r"_[a-z]+(_[a-z.]+)?_*\d*$", "", path.stem)
    keywords = [words(k) for k in re.findall(r"<rdf:li>([^<]{2,30})</rdf:li>", raw)][:8]
    digest = int(hashlib.sha256(place.encode()).hexdigest(), 16)
    held_out = digest % HELD_OUT_ONE_IN == 0
    return {"key": place, "name": words(title), "keywords": keywords, "held_out": held_out}, pixels


def shrink(path: Path) -> Pixels:
    """A raster drawing at SIZE x SIZE, averaged with its alpha premultiplied."""
    image = Image.open(path).convert("RGBA").convert("RGBa")
    return np.asarray(image.resize((SIZE, SIZE), Image.Resampling.BOX).convert("RGBA"))
