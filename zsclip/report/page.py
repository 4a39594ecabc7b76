"""The page around its rows: style, script and the policy that lets these two run and nothing else.

`page.html` is the page, with names between double braces for what comes into it; `page.css` and
`page.js`, after those that all pages have in common, are what its policy names by their hashes.
"""

from __future__ import annotations

from zsclip.markup import Markup, text
from zsclip.pages import filled, hash_of, part, policy, script_of, style_of
from zsclip.version import __version__

__all__ = ["GENERATOR", "parts_of_page"]

_ROOM = "zsclip.report"

GENERATOR = '<meta name="generator" content="zsclip report">'
"""By which a page is known as one of ours."""


def parts_of_page(title: str, above: Markup) -> tuple[str, str, str]:
    """The page in three parts, between which its rows stand, and what is told of all of them.

    Args:
        title: Its title.
        above: What stands above the pictures.
    """
    style, script = style_of(_ROOM, "page.css"), script_of(_ROOM, "page.js")
    sources = {"img-src": "data:", "style-src": hash_of(style), "script-src": hash_of(script)}
    values = {
        "policy": policy(sources),
        "title": text(title),
        "style": style,
        "above": above,
        "version": text(__version__),
        "script": script,
    }
    opening, _, rest = part(_ROOM, "page.html").partition("{{rows}}")
    between, _, ending = rest.partition("{{facts}}")
    return filled(opening, values), filled(between, values), filled(ending, values)
