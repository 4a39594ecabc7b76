#!/usr/bin/env python3
"""Write the table of models in docs/models.md, and the short one in README.md.

usage: python docs/models_table.py
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from zsclip.weights import MODELS, ModelSpec, in_order, is_minor, unbeaten

ROOT = Path(__file__).resolve().parents[1]
BEGIN, END = "<!-- table of models: written by docs/models_table.py -->\n", "<!-- end -->\n"
SHORT = (  # of the README
    "ViT-B/32",
    "ViT-B-32/datacomp_xl_s13b_b90k",
    "ViT-B-32-256/datacomp_s34b_b86k",
    "ViT-B-16/datacomp_xl_s13b_b90k",
    "ViT-L-14/datacomp_xl_s13b_b90k",
    "ViT-H-14/dfn5b",
    "tiny-cartoon",
)
COLUMNS = ("name", "ImageNet", "GFLOP", "parameters", "pixels", "download", "license", "commercial")
RIGHT = COLUMNS[1:6]


def row(spec: ModelSpec, starred: bool) -> tuple[str, ...]:
    """The cells of one model."""
    about = "" if spec.sha256 else "~"
    gflop = spec.image_gflop
    return (
        f"`{spec.name}`" + (" ★" if starred else ""),
        "–" if spec.imagenet is None else f"{100 * spec.imagenet:.1f} %",
        "–" if gflop is None else f"{gflop:,.1f}" if gflop < 100 else f"{gflop:,.0f}",
        f"{spec.parameters / 1e6:,.1f} M",
        str(spec.resolution),
        "none" if spec.bundled else f"{about}{spec.size / 1e6:,.0f} MB",
        spec.license,
        spec.commercial,
    )


def table(specs: Iterable[ModelSpec], starred: set[str]) -> str:
    """A table of Markdown."""
    rows = [row(spec, spec.name in starred) for spec in specs]
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        "|" + "|".join("--:" if column in RIGHT else "---" for column in COLUMNS) + "|",
        *(f"| {' | '.join(cells)} |" for cells in rows),
    ]
    return "\n".join(lines) + "\n"


def make_pages() -> dict[Path, str]:
    """The pages with their tables as they are to be."""
    listed = [spec for spec in in_order(MODELS, "accuracy") if not is_minor(spec)]
    tables = {
        ROOT / "docs" / "models.md": table(listed, unbeaten(listed)),
        ROOT / "README.md": table((MODELS[name] for name in SHORT), set()),
    }
    pages = {}
    for page, made in tables.items():
        before, rest = page.read_text("utf-8").split(BEGIN)
        after = rest.split(END, 1)[1]
        pages[page] = f"{before}{BEGIN}\n{made}\n{END}{after}"
    return pages


if __name__ == "__main__":
    for page, text in make_pages().items():
        page.write_text(text, "utf-8")
