"""The examples of the gallery, and the figures of the documentation."""

from __future__ import annotations

import ast
import io
import runpy
from pathlib import Path
from typing import Any

import pytest
from docs_scripts import DOCS, load_script
from evaluations import made
from matplotlib.figure import Figure
from PIL import Image

from zsclip import plot

EXAMPLES = sorted((DOCS / "examples").glob("*.py"))


def test_there_are_twelve_in_an_order() -> None:
    assert [path.name[:3] for path in EXAMPLES] == [f"{i:02}_" for i in range(1, 13)]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_runs_without_a_network_and_draws(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    drawn: list[Figure] = []

    def keeping(function: Any) -> Any:
        def keep(*values: Any, **options: Any) -> Figure:
            figure: Figure = function(*values, **options)
            drawn.append(figure)
            return figure

        return keep

    for name in set(plot.__all__) - {"alt_text"}:
        monkeypatch.setattr(plot, name, keeping(getattr(plot, name)), raising=False)
    runpy.run_path(str(path))
    assert drawn
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_begins_with_one_sentence_of_what_it_shows(path: Path) -> None:
    title, line, empty, *rest = (ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split(
        "\n"
    )
    assert line == "=" * len(title)
    assert (empty, len(rest)) == ("", 1)
    assert rest[0].endswith(".")


def test_the_settings_of_the_gallery_can_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sphinx warns of classes and functions, which it cannot compare with those of the last run."""
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    monkeypatch.setattr("sys.path", [])
    monkeypatch.setattr("logging.Logger.setLevel", lambda *_: None)
    settings = runpy.run_path(str(DOCS / "conf.py"))
    gallery = settings["sphinx_gallery_conf"]
    values = [
        v for value in gallery.values() for v in (value if value.__class__ is tuple else [value])
    ]
    assert {type(value) for value in values} <= {str, bool, int}
    assert {"examples", "gallery"} == {gallery["examples_dirs"], gallery["gallery_dirs"]}
    assert ".rst" in settings["source_suffix"]
    assert "examples" in settings["exclude_patterns"]


def test_the_figure_at_the_end_of_a_block_is_placed_once_with_its_description(
    tmp_path: Path,
) -> None:
    figure = plot.confusion(made([0, 1], ["a", "b"], "ab"))
    target = tmp_path / "gallery" / "images" / "a.png"
    target.parent.mkdir(parents=True)
    found = {"example_globals": {"___": figure}, "image_path_iterator": iter([str(target)])}
    conf = {"src_dir": str(tmp_path)}
    scrape = load_script("gallery_figures").scrape
    placed = scrape(None, found, conf)
    assert ".. image:: /gallery/images/a.png\n" in placed
    assert f"   :alt: {plot.alt_text(figure)}\n" in placed
    with Image.open(target) as image:
        assert image.size[0] > 100
    assert scrape(None, found, conf) == ""
    assert scrape(None, {"example_globals": {"___": io.BytesIO()}}, conf) == ""


def test_the_pictures_of_the_page_on_figures_are_stored_small() -> None:
    script = load_script("figures")
    stored = {path.name: path for path in script.TARGET.glob("*")}
    assert {Path(name).name for name in script.shown()} == stored.keys()
    assert all(path.stat().st_size < 40_000 for path in stored.values())


def test_the_script_draws_what_the_page_on_figures_shows(tmp_path: Path) -> None:
    script = load_script("figures")
    for picture in script.draw(tmp_path):
        with Image.open(picture) as drawn, Image.open(script.TARGET / picture.name) as stored:
            assert abs(drawn.width - stored.width) <= 2
