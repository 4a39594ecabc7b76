"""How messages, logs and reprs show what strangers wrote: printable, short, without secrets."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, ClassVar

__all__ = [
    "BriefRepr",
    "Hints",
    "brief",
    "counted",
    "did_you_mean",
    "fit_to_tell",
    "in_a_row",
    "in_lines",
    "nearest",
    "printable",
    "printable_lines",
    "shown",
    "told",
]

_MESSAGE = 3000  # characters of a whole message: a screen of lines
_LISTED = 20  # of a thousand labels, no more are of use in a message,
_LISTED_CHARACTERS = 2500  # and of long ones no more than leave room for what to do about them
_VALUE = 200  # of one name or value: what is longer has more to it than people read
# To compare two names takes time by the product of their lengths.
_LONGEST_NAME = 100  # characters of one that is compared: nobody mistypes a longer one
_COMPARED = 200_000  # characters of all that one is looked for among: ten thousand labels


def printable(text: str, *, keep: str = "") -> str:
    r"""The text with every character that cannot be printed escaped, so that it stays one line.

    Args:
        text: Any text.
        keep: Characters that stay as they are.

    Examples:
        >>> printable("a\nb é.png")
        'a\\nb é.png'
    """
    if text.isprintable():
        return text
    return "".join(
        c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text
    )


def counted(n: int, what: str) -> str:
    """How many of something there are: ``1 label``, ``1,000 labels``.

    Args:
        n: The number.
        what: One of them, a word whose plural ends in ``s``.

    Examples:
        >>> counted(1, "label"), counted(1000, "label")
        ('1 label', '1,000 labels')
    """
    return f"{n:,} {what}{'s' * (n != 1)}"


def shown(text: str, limit: int = _VALUE) -> str:
    """A name as messages show it: printable, less secrets, without its middle if it is long.

    The end of a path or URL tells the most. What a program goes on with is the name itself.

    Examples:
        >>> shown("https://example.org/a/b/c/fox.png", 20)
        'https://ex…c/fox.png'
    """
    return _cut(printable(_cut(_without_secrets(text), limit)), limit)


def told(text: str) -> str:
    r"""A whole message, whatever it was made of: printable, less secrets, of bounded length.

    A new line is one that goes on with two blanks, as `in_lines` writes them.

    Examples:
        >>> told("Breaks rules:\n  - in line 3 \x1b[2J\nAll is well.")
        'Breaks rules:\n  - in line 3 \\x1b[2J\\nAll is well.'
    """
    lines = _cut(_masked(text), _MESSAGE).split("\n  ")
    return _cut("\n  ".join(map(printable, lines)), _MESSAGE)


def fit_to_tell(cause: BaseException | None) -> BaseException | None:
    """The cause of an error, if it and its own causes may be shown as they are; else None.

    A traceback shows the texts of all of them, and those of other libraries quote what they met.
    """
    inner = cause
    while inner is not None:
        if (text := str(inner)) != told(text):
            return None
        inner = inner.__cause__ or (None if inner.__suppress_context__ else inner.__context__)
    return cause


def printable_lines(text: str, limit: int | None = None) -> str:
    """The text with what is no line end and cannot be printed escaped, and less secrets in URLs.

    Args:
        text: Any text.
        limit: Of how many characters it loses its middle; of none if None.
    """
    text = _masked(text)
    return printable(text if limit is None else _cut(text, limit), keep="\n")


def _masked(text: str) -> str:
    """The text less secrets in URLs; where there can be none, what finds them is not imported."""
    if ":/" not in text and "Invalid" not in text:
        return text
    from zsclip.masking import masked

    return masked(text)


def _without_secrets(text: str) -> str:
    """A text that may be a URL as a whole, with blanks and quotes in its password."""
    is_url = text[:8].lower().startswith(("http:", "https:"))
    if not is_url:
        return _masked(text)
    from zsclip.masking import masked, masked_url

    return masked(masked_url(text))


def _cut(text: str, limit: int) -> str:
    """The text without its middle, where it has more than `limit` characters."""
    if len(text) <= limit:
        return text
    tail = (limit - 1) // 2
    return f"{text[: limit - 1 - tail]}…{text[-tail:]}"


class _Repr(reprlib.Repr):
    def repr_str(self, x: str, level: int) -> str:
        return super().repr_str(_without_secrets(x), level)


_repr = _Repr()
_repr.maxlevel, _repr.maxother = 4, _VALUE
_repr.maxstring = _repr.maxlong = 60
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = _repr.maxfrozenset = 10


def brief(value: object) -> str:
    """A value as a message shows it, however long it is: its repr, without the middle of that.

    Examples:
        >>> brief("a fox"), len(brief("a fox" * 1000))
        ("'a fox'", 202)
    """
    if type(value) is str:
        return _cut(repr(_cut(_without_secrets(value), _VALUE)), _VALUE + 2)
    return _cut(printable(_masked(_repr.repr(value))), _VALUE)


class BriefRepr:
    """A dataclass whose repr shows every field, and none at more length than a message would."""

    __slots__ = ()
    __dataclass_fields__: ClassVar[dict[str, Any]]

    def __repr__(self) -> str:
        named = (f.name for f in self.__dataclass_fields__.values() if f.repr)
        shown = ", ".join(f"{name}={brief(getattr(self, name))}" for name in named)
        return f"{type(self).__name__}({shown})"


def in_lines(problems: Sequence[object]) -> str:
    r"""The end of a message that lists problems: the first of them, and how many there are more.

    Examples:
        >>> in_lines(["this", "that"])
        '\n  - this\n  - that'
    """
    first = _first([printable(str(problem)) for problem in problems[:_LISTED]])
    more = f"\n  and {len(problems) - len(first):,} more." if len(problems) > len(first) else ""
    return "".join(f"\n  - {problem}" for problem in first) + more


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The end of an error message about an unknown name: the nearest known ones, or the first.

    Examples:
        >>> did_you_mean("cartoon-animal", ["cartoon-animals", "satellite"])
        "Did you mean 'cartoon-animals'?"
        >>> did_you_mean("x", ["satellite"])
        "Known: 'satellite'."
        >>> did_you_mean("x", [])
        'None is known.'
    """
    if near := nearest(name, known):
        return f"Did you mean {' or '.join(map(brief, near))}?"
    if not known:
        return "None is known."
    return f"Known: {in_a_row([brief(k) for k in known[: _LISTED + 1]], of=len(known))}."


class Hints:
    """The end of messages about unknown names of one file, of which there may be any number.

    The search takes long and a message lists no more than twenty, so the others have no hint.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[str, int], str] = {}

    def about(self, name: str, known: Sequence[str]) -> str:
        """What `did_you_mean` says, and a blank; empty for names beyond the first twenty.

        Args:
            name: The unknown name.
            known: The names that it could have been; the same sequence each time for the same ones.
        """
        key = name, id(known)
        if key not in self._found and len(self._found) < _LISTED:
            self._found[key] = f"{did_you_mean(name, known)} "
        return self._found.get(key, "")


def nearest(name: str, known: Sequence[str]) -> list[str]:
    """The known names that an unknown one may be misspelled for, three at most.

    Examples:
        >>> nearest("Cartoon-anmals", ["cartoon-animals", "satellite"])
        ['cartoon-animals']
    """
    import difflib

    if len(name) > _LONGEST_NAME:
        return []
    lengths = accumulate(map(len, known))
    few = (k for length, k in zip(lengths, known, strict=True) if length <= _COMPARED)
    folded = {k.casefold(): k for k in few if len(k) <= _LONGEST_NAME}
    return [folded[near] for near in difflib.get_close_matches(name.casefold(), list(folded), n=3)]


def in_a_row(texts: Sequence[str], separator: str = ", ", *, of: int | None = None) -> str:
    """The first of some texts, and how many there are more.

    Args:
        texts: The texts, or the first of them.
        separator: What stands between two.
        of: How many there are in all, where these are the first.

    Examples:
        >>> in_a_row(["this", "that"])
        'this, that'
    """
    first = _first(texts[:_LISTED])
    more = (len(texts) if of is None else of) - len(first)
    return separator.join(first) + (f" and {more:,} more" if more else "")


def _first(texts: Sequence[str]) -> list[str]:
    """As many of the first texts as there is room for; of a single long one a part."""
    first, room = [_cut(text, _LISTED_CHARACTERS) for text in texts[:1]], _LISTED_CHARACTERS
    for text in texts[1:]:
        room -= len(texts[len(first) - 1])
        if len(text) > room:
            break
        first.append(text)
    return first
