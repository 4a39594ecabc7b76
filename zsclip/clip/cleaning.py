r"""Text cleaned as CLIP's reference cleans it, for texts that it would take minutes over as well.

The reference has ftfy mend a text until nothing changes any more, and then resolves entities twice.
Of ``&amp;amp;amp;...`` each round takes one level off, and putting accents into order takes time
that grows with the square of their number: 300 kB of either took minutes. So a text that needs this
at all is looked at first, if it is long; the reference's own function then sees it, so that what
passes has the reference's tokens.
"""

from __future__ import annotations

import html

import ftfy
import regex

from zsclip.errors import ParameterError
from zsclip.wording import brief

__all__ = ["DEEPEST", "LONGEST", "MOST_MARKS", "clean"]

LONGEST = 20_000
"""Characters of a text that is to be mended: no model reads as many. Plain ASCII has no bound."""

DEEPEST = 20
"""Entities within each other, as in ``&amp;amp;``; what was escaped too often has three levels."""

MOST_MARKS = 100
"""Accents on one letter. Unicode's own bound for streams is 30; more are drawn for fun."""

_SHORT = 500  # characters, of which nothing takes long
_SPACES = regex.compile(r"\s+")
_MARKS = regex.compile(rf"\p{{M}}{{{MOST_MARKS + 1}}}")


def clean(text: str) -> str:
    r"""Clean a text as CLIP's reference does: mended, unescaped, single-spaced, lower case.

    Raises:
        ParameterError: It is not plain ASCII, or has an ampersand, and cannot be mended in time: it
            has more than `LONGEST` characters, entities deeper than `DEEPEST`, more than
            `MOST_MARKS` accents on one letter, or a character by a number of thousands of digits.

    Examples:
        >>> clean("  A &amp;amp; B\n")
        'a & b'
    """
    if text.isascii() and text.isprintable() and "&" not in text:
        # ftfy and the entities change nothing there, and all white space is blanks
        return " ".join(text.split()).lower()
    cleaned: str = _SPACES.sub(" ", _mended(text).strip()).strip().lower()
    return cleaned


def _mended(text: str) -> str:
    try:
        if len(text) > _SHORT:
            _require_quick(text)
        return html.unescape(html.unescape(ftfy.fix_text(text)))
    except ParameterError:
        raise
    except ValueError as error:  # Python reads no integer of more than 4,300 digits
        raise _refused(text, "names a character by thousands of digits") from error


def _require_quick(text: str) -> None:
    """Raise for a text that would take ftfy long: by its steps, but a few of them."""
    if len(text) > LONGEST:
        raise _refused(text, f"has {len(text):,} characters, and may have {LONGEST:,}")
    before = text
    for _ in range(DEEPEST):
        if _MARKS.search(before):
            raise _refused(text, f"has more than {MOST_MARKS} accents on one letter")
        after = ftfy.fix_text(html.unescape(before), unescape_html=False)
        if after == before:
            return
        before = after
    raise _refused(text, f"holds HTML entities within each other, more than {DEEPEST} deep")


def _refused(text: str, why: str) -> ParameterError:
    return ParameterError(
        f"The text {brief(text)} cannot be cleaned for CLIP: it {why}. Shorten it; printable ASCII "
        "on one line and without ampersands needs no cleaning, and has no such bound."
    )
