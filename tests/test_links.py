"""The links of README, changelog, documentation and label sets lead somewhere."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from docs_scripts import load_script
from markdown_it import MarkdownIt

ROOT = Path(__file__).parents[1]
MADE = (ROOT / "docs" / "gallery",)  # by the docs build, whose pages `.ci/run` checks in their turn
PAGES = sorted(
    page
    for form in ("README.md", "CHANGELOG.md", "docs/**/*.md", "labelsets/*/README.md")
    for page in ROOT.glob(form)
    if "_build" not in page.parts and not any(page.is_relative_to(folder) for folder in MADE)
)

links = load_script("links")
markdown = MarkdownIt("commonmark").enable("table")


def page_of(text: str) -> object:
    """A page of Markdown as the HTML that GitHub and MyST make of it, with an anchor a heading."""
    tokens = markdown.parse(text)
    slugs: Counter[str] = Counter()
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open":
            title = "".join(part.content for part in inline.children or [])
            slug = re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-")
            opening.attrSet("id", f"{slug}-{slugs[slug]}" if slugs[slug] else slug)
            slugs[slug] += 1
    return links.Page(markdown.renderer.render(tokens, markdown.options, {}))


@pytest.fixture(scope="module")
def pages() -> dict[Path, object]:
    return {page: page_of(page.read_text("utf-8")) for page in PAGES}


def broken(folder: Path, **texts: str) -> list[str]:
    """What is found of pages with these texts, each without the page's name."""
    paths = {folder / f"{name}.md": text for name, text in texts.items()}
    for path, text in paths.items():
        path.write_text(text, "utf-8")
    found = links.broken_links({path: page_of(text) for path, text in paths.items()}, folder)
    return [line.partition(".md: ")[2] for line in found]


def test_every_link_of_the_documentation_leads_somewhere(pages: dict[Path, object]) -> None:
    assert ROOT / "README.md" in pages
    assert ROOT / "docs" / "index.md" in pages
    assert links.broken_links(pages, ROOT, MADE) == []


def test_links_that_lead_somewhere_are_none_of_the_broken(tmp_path: Path) -> None:
    (tmp_path / "a picture.png").touch()
    text = (
        "# One `two`: three\n## Twice\n## Twice\n"
        "[a](#one-two-three) [b](b.md) [c](b.md#it-is-here) [d](#twice-1) [e](#)\n"
        "![f](a%20picture.png) <img src='a picture.png'> [g](https://example.org/x?y#z)\n"
        "<https://example.org> ![h](data:image/png;base64,AA==)\n"
        "```\n[i](nowhere.md)\n```\n`[j](nowhere.md)`\n"
    )
    assert broken(tmp_path, a=text, b="## It is here\n") == []


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("[x](nowhere.md)", "'nowhere.md' leads to no file here"),
        ("![x](nowhere.png)", "'nowhere.png' leads to no file here"),
        ("<img src='nowhere.png'>", "'nowhere.png' leads to no file here"),
        ("<source srcset='nowhere.png 2x'>", "'nowhere.png' leads to no file here"),
        ("[x](../)", "'../' leads to no file here"),
        ("[x](#nowhere)", "'#nowhere' leads to no place on its page"),
        ("[x](b.md#nowhere)", "'b.md#nowhere' leads to no place on its page"),
        ("[x](/docs/b.md)", "'/docs/b.md' is an absolute path"),
        ("[x](https://example)", "'https://example' names no host"),
        ("[x](htps://example.org)", "'htps://example.org' is no address on the web"),
        ("<a href='https://example.org/a b'>x</a>", "holds what stands in no address"),
        ("<a href='http://[x'>x</a>", "is no address"),
    ],
)
def test_a_link_that_leads_nowhere_is_told(tmp_path: Path, link: str, reason: str) -> None:
    [found] = broken(tmp_path, a=link, b="# It is here\n")
    assert reason in found


def test_built_pages_with_a_broken_link_end_the_check_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["links.py", str(tmp_path)])
    for html, status in [("<p id='x'><a href='#x'>", 0), ("<p id='x'><a href='#y'>", 1)]:
        (tmp_path / "a.html").write_text(html)
        with pytest.raises(SystemExit) as ended:
            links.main()
        assert ended.value.code == status
    assert "'#y' leads to no place on its page" in capsys.readouterr().out


def test_a_folder_without_pages_is_no_checked_documentation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["links.py", str(tmp_path)])
    with pytest.raises(SystemExit) as ended:
        links.main()
    assert ended.value.code == 1
