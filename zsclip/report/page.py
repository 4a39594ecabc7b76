"""The page around its rows: style, script and the policy that lets these two run and nothing else.

`page.html` is the page, with names between double braces for what comes into it; `page.css` and
`page.js` are what its policy names by their hashes.
"""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import re
from collections.abc import Mapping
from typing import Any

from zsclip.markup import Markup, text
from zsclip.version import __version__

__all__ = ["GENERATOR", "as_data", "parts_of_page"]

GENERATOR = '<meta name="generator" content="zsclip report">'
"""By which a page is known as one of ours."""

# What could end the element that holds the data, or be a comment or a character of HTML in it.
_ESCAPED = {ord(char): f"\\u{ord(char):04x}" for char in "<>&"}


def as_data(value: Any) -> str:
    r"""A value as JSON that may stand in an element of HTML, in ASCII and on one line.

    Examples:
        >>> as_data({"name": "</script>\u2028"})
        '{"name":"\\u003c/script\\u003e\\u2028"}'
    """
    plain = json.dumps(value, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return plain.translate(_ESCAPED)


def parts_of_page(title: str, above: Markup) -> tuple[str, str, str]:
    """The page in three parts, between which its rows stand, and what is told of all of them.

    Args:
        title: Its title.
        above: What stands above the pictures.
    """
    style, script = _file("page.css"), _file("page.js")
    sources = {"default-src": "'none'", "img-src": "data:"}
    sources |= {"style-src": _hash_of(style), "script-src": _hash_of(script)}
    sources |= {"base-uri": "'none'", "form-action": "'none'"}
    policy = "; ".join(" ".join(pair) for pair in sources.items())
    values = {
        "policy": policy,
        "title": text(title),
        "style": style,
        "above": above,
        "version": text(__version__),
        "script": script,
    }
    opening, _, rest = _file("page.html").partition("{{rows}}")
    between, _, ending = rest.partition("{{facts}}")
    return _filled(opening, values), _filled(between, values), _filled(ending, values)


def _filled(part: str, values: Mapping[str, str]) -> str:
    """Each name replaced once: what comes into the page is not looked at for names."""
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], part)


def _hash_of(content: str) -> str:
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _file(name: str) -> str:
    return importlib.resources.files("zsclip.report").joinpath(name).read_text("utf-8")
