"""What of a URL is for whoever has it, and for no message, log or result: passwords and tokens.

Passwords are written as they are into URLs, with the characters that end the part in which they
stand. So what an ``@`` follows is hidden as far as it could have been meant as one, and not only as
far as a client would read it.
"""

from __future__ import annotations

import re

__all__ = ["masked", "masked_url"]

_HIDDEN = "***"

_AUTHORITY = re.compile(r"[^/?#\\]*")
# What nobody writes for a user: ``example.org``, ``localhost``, ``127.0.0.1:80``, ``[::1]``.
_HOST = re.compile(r"(?:\[[^\]]*\]|localhost|[\w-]+(?:\.[\w-]+)+\.?)(?::\d*)?", re.IGNORECASE)

# In a message a URL's last sign may be the message's own: ``...?token=***: no answer``.
_PARAMETER = re.compile(r"(?<=[?&;#])([^=?&;#\s]+)=([^&;#\s]+?)(?=[.,:]?(?:[&;#\s]|$))")
_SECRET = re.compile(
    r"signature|token|secret|passw|passphrase|pwd|credential|jwt|session|oauth|authorization"
    r"|api[-_]?key|access[-_]?key|(?:^|[-_.])(?:sig|auth|hmac|subscription-key)$",
    re.IGNORECASE,
)
_KEY = re.compile(r"[\w-]{20,}")  # one of an interface; a shorter one may be that of a picture

# A path object leaves one slash of a URL's two.
_IN_TEXT = re.compile(r"""(://|\bhttps?:/(?!/))([^\s"'<>]+)""", re.IGNORECASE)
_WHOLE = re.compile(r"([^/]*:/{1,2})(.*)", re.DOTALL)

# What httpx takes for a port or a host may be a password that a slash cuts in two.
_MISREAD = re.compile(r"(Invalid (?:port|IDNA hostname|IPv[46] address): )'[^']*'")


def masked_url(url: str) -> str:
    """A URL without user, password and the values of parameters that let somebody in.

    Examples:
        >>> masked_url("https://me:pa/ss@example.org/fox.png?w=64&X-Amz-Signature=0af3")
        'https://***@example.org/fox.png?w=64&X-Amz-Signature=***'
        >>> masked_url("https://example.org/@me/fox.png")
        'https://example.org/@me/fox.png'
    """
    found = _WHOLE.match(url)
    return f"{found[1]}{_less(found[2])}" if found else url


def masked(text: str) -> str:
    """A text in which every URL is as `masked_url` shows it; a blank or a quote ends one.

    Examples:
        >>> masked("no answer from http://me:secret@example.org/fox.png today")
        'no answer from http://***@example.org/fox.png today'
    """
    if ":/" in text:
        text = _IN_TEXT.sub(lambda match: f"{match[1]}{_less(match[2])}", text)
    return _MISREAD.sub(rf"\1'{_HIDDEN}'", text) if "Invalid" in text else text


def _less(rest: str) -> str:
    """What follows ``://``, less its secrets."""
    start = _end_of_userinfo(rest)
    shown = f"{_HIDDEN}@{rest[start:]}" if start else rest
    return _PARAMETER.sub(_hide, shown)


def _end_of_userinfo(rest: str) -> int:
    """Where the host begins: 0 if nobody is named before it."""
    start, last = 0, rest.rfind("@")
    while start <= last:
        authority = _AUTHORITY.match(rest, start)
        end = authority.end() if authority else start
        if (at := rest.rfind("@", start, end)) >= 0:
            start = at + 1
        elif _HOST.fullmatch(rest, start, end) or (not start and ":" not in rest[:last]):
            break  # the @ is part of a path
        else:
            start = rest.index("@", start) + 1
    return start


def _hide(match: re.Match[str]) -> str:
    name, value = match.groups()
    secret = _SECRET.search(name) or (name.lower() == "key" and _KEY.fullmatch(value))
    return f"{name}={_HIDDEN}" if secret else match[0]
