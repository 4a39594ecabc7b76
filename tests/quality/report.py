"""The page of the documentation, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.quality.catalogue import SECTIONS
from tests.quality.sources import STYLES

__all__ = ["render"]

HEAD = """\
# How good is it?

<!-- Written by `python -m tests.quality`; edit tests/quality/ and not this page. -->

Every way to act on an answer, measured on drawings that the model never saw: what helps is said to
help, and what does not is said not to. The model is the embedded
[tiny-cartoon](models/tiny-cartoon/README.md), a very small one that knows drawings. **The numbers
are its own.** What carries over to another model is the way of measuring: `clf.evaluate` on your
pictures gives yours.

"""


def render(kept: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    parts = [HEAD + _drawings(kept["drawings"])]
    for name, module in SECTIONS.items():
        if name in kept["sections"]:
            found = kept["sections"][name]["found"]
            parts.append(f"## {module.TITLE}\n\n{module.render(found)}")
    return "\n".join(parts)


def _drawings(counts: Mapping[str, Any]) -> str:
    """Where the drawings are from, and how many there are."""
    lines = ["| style | license | animals | food | objects | signs |", "|---|---|--:|--:|--:|--:|"]
    for style in STYLES:
        row = counts[style.name]
        cells = " | ".join(str(row[kind]) for kind in ("animal", "food", "object", "sign"))
        lines.append(
            f"| {style.name} ({style.package} {style.version}) | {style.license} | {cells} |"
        )
    return (
        "\n".join(lines)
        + "\n\nAnimals are those of the label set `cartoon-animals`, in its templates. Emoji One's "
        "first version is other drawings than the later ones that tiny-cartoon was trained on, by "
        "the same studio. Splits are by drawing: none is ever fitted on and tested on at once. "
        "With so few drawings a point or two says nothing.\n"
    )
