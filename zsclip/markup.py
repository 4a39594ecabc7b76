"""Pieces of HTML, out of the standard library: what strangers wrote never becomes markup.

A text becomes markup by `text`, an element by `element`, which escapes what it is given unless that
is `Markup` already. Nothing here knows what a prediction is, or a page.
"""

from __future__ import annotations

import base64
import html
import re

__all__ = ["Markup", "data_uri", "element", "text"]

_NAME = re.compile(r"[a-z][a-z0-9-]*")
_VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
# What no HTML may hold, and what turns the direction of all that follows it.
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()

    def _repr_html_(self) -> str:
        return str(self)


def text(value: object) -> Markup:
    r"""Any text as HTML that shows it; characters that cannot stand there are shown as `�`.

    Examples:
        >>> text("<b>&'\x00")
        '&lt;b&gt;&amp;&#x27;�'
        >>> text(text("&"))
        '&amp;'
    """
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(_UNFIT.sub("�", str(value)), quote=True))


def element(tag: str, *children: object, **attributes: object) -> Markup:
    """An element, with its children escaped.

    Args:
        tag: Its name.
        children: Texts, `Markup`, or None for nothing.
        attributes: By name, with `_` for `-`, and one `_` at the end of what is a word of Python's
            (``class_``). True is an attribute without a value; None and False are left out.

    Raises:
        ValueError: `tag` or the name of an attribute is none; these are no place for texts.

    Examples:
        >>> element("p", "a < b", class_="x", data_n=3, hidden=True)
        '<p class="x" data-n="3" hidden>a &lt; b</p>'
    """
    opened = [_named(tag)]
    for name, value in attributes.items():
        called = _named(name.removesuffix("_").replace("_", "-"))
        if value is True:
            opened.append(called)
        elif value is not None and value is not False:
            opened.append(f'{called}="{text(value)}"')
    start = f"<{' '.join(opened)}>"
    if tag in _VOID:
        return Markup(start)
    inner = "".join(text(child) for child in children if child is not None)
    return Markup(f"{start}{inner}</{tag}>")


def data_uri(data: bytes, kind: str = "image/jpeg") -> str:
    """Bytes as an address that holds them.

    Examples:
        >>> data_uri(b"abc", "text/plain")
        'data:text/plain;base64,YWJj'
    """
    return f"data:{kind};base64,{base64.b64encode(data).decode('ascii')}"


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name of an element or an attribute.")
    return name
