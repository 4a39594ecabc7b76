"""The credits that go with the weights, against the list of what these were trained on."""

from __future__ import annotations

from pathlib import Path

import zsclip

SOURCES = Path(__file__).parents[2] / "docs" / "models" / "tiny-cartoon" / "sources.md"
CREDITS = Path(zsclip.__file__).parent / "weights" / "data" / "SOURCES.md"


def test_everybody_who_asks_to_be_named_is_named_beside_the_weights() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in SOURCES.read_text("utf-8").splitlines()
        if line.startswith("| ")
    ]
    authors = {
        row[3]
        for row in rows
        if len(row) == 6 and row[4].startswith("CC BY") and "testing only" not in row[0]
    }
    assert {"Emoji One", "Streamline", "Twitter"} <= authors
    text = " ".join(CREDITS.read_text("utf-8").split())
    assert [author for author in authors if author not in text] == []
