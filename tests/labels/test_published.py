"""What an error advises to install is what this repository publishes, whatever was typed."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip.errors import LabelSetNotFoundError
from zsclip.labels import load_labelset
from zsclip.labels.published import PUBLISHED, to_install
from zsclip.spelling import parse_labels

FOLDER = Path(__file__).parents[2] / "labelsets"


def test_the_published_sets_are_those_of_the_repository() -> None:
    projects = [
        tomllib.loads(file.read_text("utf-8"))["project"]
        for file in sorted(FOLDER.glob("*/pyproject.toml"))
    ]
    found = {p["name"]: tuple(sorted(p["entry-points"]["zsclip.labelsets"])) for p in projects}
    assert found == PUBLISHED


@pytest.mark.parametrize(
    "typed",
    ["cartoon-anmals", "volcanoes", "requests", "cartoon-animals-pro", "zsclip-labels-x", "a;b",
     "evil:pets", "x" * 1000],
)  # fmt: skip
def test_what_was_typed_is_never_what_is_to_be_installed(typed: str) -> None:
    known = [f"`pip install {distribution}`" for distribution in PUBLISHED]
    for ask in (load_labelset, parse_labels):
        with pytest.raises(LabelSetNotFoundError) as caught:
            ask(typed)
        assert str(caught.value).count("pip install") == sum(map(str(caught.value).count, known))


def test_a_published_set_that_is_not_here_is_offered() -> None:
    told = to_install("cartoon-anmals", [])
    assert told.endswith("`pip install zsclip-labels-cartoon-animals` installs it.")
    assert "zsclip-labels-digits" in to_install("mnist", [])
    assert to_install("cartoon-animals", ["cartoon-animals"]) == ""


def test_an_installed_set_that_is_near_comes_first(install: Callable[..., Path]) -> None:
    install("test-pond", sets={"pond-animals": None})
    with pytest.raises(LabelSetNotFoundError, match=r"Did you mean 'pond-animals' or"):
        load_labelset("pond-anmals")
