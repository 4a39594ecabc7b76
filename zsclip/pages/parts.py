"""Pieces of a page: its files, what comes into its template, and the policy that names them."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
import json
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["as_data", "filled", "hash_of", "part", "policy", "script_of", "style_of"]

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


def filled(template: str, values: Mapping[str, str]) -> str:
    """A template with each name replaced once: what comes into it is not looked at for names.

    Examples:
        >>> filled("<p>{{a}}</p>", {"a": "{{a}}"})
        '<p>{{a}}</p>'
    """
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], template)


def hash_of(content: str) -> str:
    """A style or a script, as a policy names it."""
    digest = hashlib.sha256(content.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def policy(sources: Mapping[str, str]) -> str:
    """A policy that allows these sources, and none for all that it does not name.

    Examples:
        >>> policy({"img-src": "data:"})
        "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'"
    """
    whole = {"default-src": "'none'", **sources, "base-uri": "'none'", "form-action": "'none'"}
    return "; ".join(" ".join(pair) for pair in whole.items())


def style_of(package: str, *names: str) -> str:
    """The style of a package's page, out of files of it after what all have in common."""
    return _together(package, "base.css", names)


def script_of(package: str, *names: str) -> str:
    """The script of a package's page, likewise."""
    return _together(package, "base.js", names)


def _together(package: str, base: str, names: tuple[str, ...]) -> str:
    return part("zsclip.pages", base) + "".join(part(package, name) for name in names)


def part(package: str, name: str) -> str:
    """A file of a package, which is a part of its page."""
    return importlib.resources.files(package).joinpath(name).read_text("utf-8")
