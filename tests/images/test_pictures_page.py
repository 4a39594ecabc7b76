"""The examples in docs/pictures.md and in the docstrings run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import zsclip.images

PAGE = Path(__file__).parents[2] / "docs" / "pictures.md"
MODULES = [
    "zsclip.images",
    *(module.name for module in pkgutil.iter_modules(zsclip.images.__path__, "zsclip.images.")),
]


def test_examples_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    blocks = list(re.finditer(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL))
    assert len(blocks) >= 5
    namespace: dict[str, Any] = {}
    for block in blocks:
        line = text.count("\n", 0, block.start(1))
        exec(compile("\n" * line + block[1], str(PAGE), "exec"), namespace)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_public_names_have_examples() -> None:
    for name in ("load_image", "find_pictures", "describe_source"):
        assert ">>>" in (getattr(zsclip.images, name).__doc__ or "")
