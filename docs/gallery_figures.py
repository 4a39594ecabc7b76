"""The figures of the gallery's examples, for sphinx-gallery, which looks for those of pyplot."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure

from zsclip import plot


def scrape(_block: object, variables: dict[str, Any], conf: dict[str, Any]) -> str:
    """The figure that a block of an example ends with: saved, and placed with its description.

    Returns:
        A directive of reStructuredText; empty where the block does not end with a figure.
    """
    shown = variables["example_globals"].get("___")
    if not isinstance(shown, Figure) or shown.get_gid() == "shown":
        return ""
    shown.set_gid("shown")
    path = next(variables["image_path_iterator"])
    shown.savefig(path, dpi=100)
    place = path.removeprefix(conf["src_dir"]).replace("\\", "/").lstrip("/")
    alt = plot.alt_text(shown)
    return f"\n.. image:: /{place}\n   :alt: {alt}\n   :class: sphx-glr-single-img\n\n"
