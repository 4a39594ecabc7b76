#!/usr/bin/env python3
"""Write docs/label-sets-table.md, the table of the label sets under labelsets/.

usage: python docs/label_sets_table.py
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

from zsclip.labels import Expected, LabelSet

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "label-sets-table.md"
MODELS = ("ViT-B/32", "ViT-L/14")

HEAD = """\
# All label sets

These are the label sets that zsclip's authors publish. Each is installed by the name of its
package, which several of them may share, and used by its own name:

```console
$ pip install . ./labelsets/pets
$ zsclip classify photos/ --labels pets
```

The figures are published ones: what OpenAI's weights reach with these names and templates on the
test data of the dataset, in percent, by the metric named. Their sources stand in the files, and
`zsclip labelsets show NAME` tells them. A dash means that no figure is published for this list.

"""
COLUMNS = ("label set", "labels", "templates", "language", "license", *MODELS, "metric", "package")
RIGHT = {"labels", "templates", *MODELS}
TAIL = """
The table is written by `docs/label_sets_table.py`.
"""


def rows() -> Iterator[tuple[str, ...]]:
    """The cells of each label set, by its name."""
    found: list[tuple[LabelSet, str]] = []
    for project in sorted((ROOT / "labelsets").glob("*/pyproject.toml")):
        distribution = tomllib.loads(project.read_text("utf-8"))["project"]["name"]
        files = project.parent.glob("zsclip_labels_*/*.toml")
        found += [(LabelSet.from_toml(file), distribution) for file in files]
    for labelset, distribution in sorted(found, key=lambda pair: pair[0].name):
        figures = {row.model: row for row in labelset.expected if row.model in MODELS}
        metrics = dict.fromkeys(row.metric for row in figures.values())
        yield (
            f"`{labelset.name}`: {labelset.title}",
            f"{len(labelset):,}",
            str(len(labelset.templates)),
            labelset.language,
            labelset.license,
            *(percent(figures.get(model)) for model in MODELS),
            ", ".join(metrics) or "–",
            f"`{distribution}`",
        )


def percent(row: Expected | None) -> str:
    """A fraction as the table shows it."""
    return "–" if row is None else f"{100 * row.value:.1f}"


def make_page() -> str:
    """The whole page."""
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        "|" + "|".join("--:" if column in RIGHT else "---" for column in COLUMNS) + "|",
        *(f"| {' | '.join(row)} |" for row in rows()),
    ]
    return HEAD + "\n".join(lines) + "\n" + TAIL


if __name__ == "__main__":
    PAGE.write_text(make_page(), "utf-8")
