"""The page of a service: one answer, which needs nothing but the service.

`page.html` is the page, with names between double braces for what comes into it; `page.css`,
`code.js` and `page.js` are what its policy names by their hashes. The policy goes with the answer
as a header, which alone can say that no other site may show the page in a frame of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from zsclip.markup import text
from zsclip.pages import filled, hash_of, part, policy, script_of, style_of
from zsclip.version import __version__

__all__ = ["ROOM", "Page", "page_of", "page_of_service"]

ROOM = "zsclip.serve"
"""Where the files of its pages lie."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page.

    Attributes:
        html: The page.
        headers: What its answer says beside it.
    """

    html: str
    headers: dict[str, str]


@cache
def page_of_service() -> Page:
    """The page to try a service: the same for every one, which its script asks what it is."""
    style, script = style_of(ROOM, "page.css"), script_of(ROOM, "code.js", "page.js")
    sources = {"img_src": "blob: data:", "connect_src": "'self'"}
    return page_of("page.html", {}, style, script, **sources)


def page_of(
    template: str, values: Mapping[str, str], style: str, script: str, **sources: str
) -> Page:
    """A template of this room as a page.

    Args:
        template: The name of its file.
        values: What comes into it beside style, script and version.
        style: The style.
        script: The script.
        sources: What else its policy allows: kinds, with `_` for `-`.
    """
    whole = {"style": style, "script": script, "version": text(__version__), **values}
    allowed = {
        "style-src": hash_of(style),
        "script-src": hash_of(script),
        "img-src": "data:",
        **{kind.replace("_", "-"): source for kind, source in sources.items()},
        "frame-ancestors": "'none'",
    }
    headers = {
        "Content-Security-Policy": policy(allowed),
        "Cross-Origin-Opener-Policy": "same-origin",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
    }
    return Page(filled(part(ROOM, template), whole), headers)
