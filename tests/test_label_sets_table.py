"""The table of all label sets is the one that its script writes."""

from __future__ import annotations

from docs_scripts import DOCS, load_script


def test_the_page_is_what_the_script_writes() -> None:
    table = load_script("label_sets_table")
    written = (DOCS / "label-sets-table.md").read_text("utf-8")
    assert written == table.make_page(), "Run: python docs/label_sets_table.py"
    assert len(list(table.rows())) == len(
        list(DOCS.parent.glob("labelsets/*/zsclip_labels_*/*.toml"))
    )
    assert "| `cifar10`: CIFAR-10 | 10 | 18 | en | MIT | 89.8 | 95.6 | top-1 |" in written
