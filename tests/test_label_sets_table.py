"""The table of all label sets is the one that its script writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_page_is_what_the_script_writes() -> None:
    spec = importlib.util.spec_from_file_location("table", DOCS / "label_sets_table.py")
    assert spec is not None
    assert spec.loader is not None
    table = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table)
    written = (DOCS / "label-sets-table.md").read_text("utf-8")
    assert written == table.make_page(), "Run: python docs/label_sets_table.py"
    assert len(list(table.rows())) == len(
        list(DOCS.parent.glob("labelsets/*/zsclip_labels_*/*.toml"))
    )
    assert "| `cifar10`: CIFAR-10 | 10 | 18 | en | MIT | 89.8 | 95.6 | top-1 |" in written
