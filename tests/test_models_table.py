"""The tables of models on the pages are those that the script writes."""

from __future__ import annotations

from docs_scripts import load_script

from zsclip import MODELS
from zsclip.weights import is_minor


def test_the_pages_are_what_the_script_writes() -> None:
    script = load_script("models_table")
    for page, text in script.make_pages().items():
        assert page.read_text("utf-8") == text, "Run: python docs/models_table.py"
    page = (script.ROOT / "docs" / "models.md").read_text("utf-8")
    assert "| `ViT-B-32/datacomp_xl_s13b_b90k` ★ | 69.2 % | 8.8 | 151.3 M | 224 | ~605 MB |" in page
    assert sum(map(is_minor, MODELS)) == 17
    assert "`zsclip models list --all` has 17 more" in page
