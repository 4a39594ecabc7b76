"""See that links lead somewhere, without a network: `python docs/links.py FOLDER`, of built pages.

Every relative link and picture has its file, and every anchor its place; of addresses on the web it
is seen only that they are well formed. `tests/test_links.py` does the same with the Markdown that
the pages are made of, the README among them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LINKS = ("href", "src", "poster")
_HOST = re.compile(r"(?i)[a-z0-9-]+(\.[a-z0-9-]+)+")


class Page(HTMLParser):
    """What a page of HTML links to (`links`), and what of it can be linked to (`anchors`)."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.links += [given[name] for name in _LINKS if name in given]
        for candidate in given.get("srcset", "").split(","):
            self.links += candidate.split()[:1]
        self.anchors |= {given[name] for name in ("id", "name") if name in given}


def broken_links(pages: Mapping[Path, Page], root: Path, made: tuple[Path, ...] = ()) -> list[str]:
    """The links of `pages` that lead nowhere, each with its page and the reason.

    Args:
        pages: The pages that link and are linked to, under their absolute paths.
        root: The folder that no link may leave.
        made: Folders that are not there yet; all that lies in them is believed to be there.
    """
    return [
        f"{path}: {link!r} {reason}"
        for path, page in pages.items()
        for link in page.links
        if (reason := _fault(link, path, pages, root, made))
    ]


def _fault(
    link: str, path: Path, pages: Mapping[Path, Page], root: Path, made: tuple[Path, ...]
) -> str:
    """Why a link leads nowhere; empty if it leads somewhere."""
    try:
        parts = urlsplit(link)
    except ValueError as error:
        return f"is no address: {error}"
    if parts.scheme == "data":
        return ""
    if parts.scheme or parts.netloc:
        return _fault_of_address(link)
    if parts.path.startswith("/"):
        return "is an absolute path"
    target = path
    if parts.path:
        target = Path(os.path.normpath(path.parent / unquote(parts.path)))
    if any(target.is_relative_to(folder) for folder in made):
        return ""
    if not target.is_relative_to(root) or not target.exists():
        return "leads to no file here"
    anchor = unquote(parts.fragment)
    if anchor and target in pages and anchor not in pages[target].anchors:
        return "leads to no place on its page"
    return ""


def _fault_of_address(link: str) -> str:
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https"):
        return "is no address on the web"
    if not _HOST.fullmatch(parts.hostname or ""):
        return "names no host"
    if re.search(r"""[\s<>"'`\\]""", link):
        return "holds what stands in no address"
    return ""


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    files = sorted(folder.rglob("*.html"))
    broken = broken_links({file: Page(file.read_text("utf-8")) for file in files}, folder)
    print(*broken, f"{len(files)} pages, {len(broken)} broken links.", sep="\n")
    sys.exit(bool(broken) or not files)


if __name__ == "__main__":
    main()
