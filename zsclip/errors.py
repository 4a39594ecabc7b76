"""Every exception and warning that zsclip raises on purpose.

Each message names what was wrong, where, and what to do about it. Each class also inherits the
built-in exception that code written without zsclip in mind would catch: ``except ValueError``
around a bad picture works.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Any, ClassVar

from zsclip.masking import masked, masked_url

__all__ = [
    "CacheWarning",
    "CheckpointError",
    "ChecksumError",
    "DamagedImageWarning",
    "DeviceError",
    "DownloadError",
    "EncoderError",
    "EncoderNotFoundError",
    "ImageError",
    "ImageWarning",
    "LabelError",
    "LabelNotFoundError",
    "LabelSetConflictError",
    "LabelSetError",
    "LabelSetFormatError",
    "LabelSetNotFoundError",
    "LabelSetUnreadableError",
    "LabelSetVersionError",
    "LevelsWarning",
    "ModelError",
    "ModelNotFoundError",
    "NonFiniteError",
    "OfflineError",
    "ParameterError",
    "ParameterTypeError",
    "PrecisionWarning",
    "PromptTooLongError",
    "SavedClassifierError",
    "SavedClassifierFileError",
    "SavedClassifierModelError",
    "WouldReplaceError",
    "ZsclipError",
    "ZsclipWarning",
]


class ZsclipError(Exception):
    """Base of every error that zsclip raises on purpose.

    Whatever a message is made of, it has 3,000 characters at most, all of them printable, and no
    password in a URL.
    """

    def __init__(self, *args: object) -> None:
        super().__init__(*map(_told, args))


class ZsclipWarning(UserWarning):
    """Base of every warning that zsclip issues on purpose; its message is as that of an error."""

    def __init__(self, *args: object) -> None:
        super().__init__(*map(_told, args))


class ParameterError(ZsclipError, ValueError):
    """A parameter has a value that it cannot have."""


class ParameterTypeError(ZsclipError, TypeError):
    """A parameter has a type that it cannot have, such as a bare string for a list of labels."""


class WouldReplaceError(ZsclipError, FileExistsError):
    """Where a file is to be written there is one that zsclip did not write, or no file at all."""


# ---------------------------------------------------------------------------- labels and prompts


class LabelError(ZsclipError, ValueError):
    """Labels or templates given in code cannot be classified over: duplicates, empty, only one."""


class LabelNotFoundError(ZsclipError, KeyError, IndexError):
    """A label set has no label of the id, or at the position, asked for."""

    # A KeyError shows its message as a repr, quotes and escapes included.
    __str__ = Exception.__str__


class LabelSetError(ZsclipError):
    """Base of the errors about label sets."""


class LabelSetNotFoundError(LabelSetError, LookupError):
    """No installed label set has the name asked for; the message suggests the nearest ones."""


class LabelSetConflictError(LabelSetError):
    """Several distributions offer a label set of one name, and zsclip never picks between them."""


class LabelSetFormatError(LabelSetError, ValueError):
    """A label-set file breaks the rules of the contract.

    Attributes:
        problems: Every breach found, in the order of the rules, one string each.
    """

    def __init__(self, message: str, problems: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.problems: tuple[str, ...] = tuple(map(told, problems))

    def __reduce__(self) -> tuple[type[LabelSetFormatError], tuple[str, tuple[str, ...]]]:
        return type(self), (str(self), self.problems)


class LabelSetVersionError(LabelSetError):
    """A label-set file follows a newer schema than this version of zsclip knows."""


class LabelSetUnreadableError(LabelSetError, OSError):
    """A label set is declared, but its file cannot be found or read where it should be."""


class PromptTooLongError(ZsclipError, ValueError):
    """A prompt has more tokens than the model's context holds.

    Attributes:
        prompt: The prompt.
        n_tokens: Its number of tokens, start and end tokens included.
        context_length: How many tokens the model takes.
        cut: The part of the prompt that truncation would drop.
    """

    def __init__(self, prompt: str, n_tokens: int, context_length: int, cut: str) -> None:
        super().__init__(
            f"The prompt {brief(prompt)} has {n_tokens} tokens, and the model takes "
            f"{context_length}; {brief(cut)} would be cut. Shorten the prompt, or have "
            'it cut there with too_long="cut" (on the command line, --too-long cut).'
        )
        self.prompt = prompt
        self.n_tokens = n_tokens
        self.context_length = context_length
        self.cut = cut

    def __reduce__(self) -> tuple[type[PromptTooLongError], tuple[str, int, int, str]]:
        return type(self), (self.prompt, self.n_tokens, self.context_length, self.cut)


# --------------------------------------------------------------------------------------- pictures


class ImageError(ZsclipError, ValueError):
    """A picture cannot be read.

    Attributes:
        source: What was asked for: a path exactly as it was given, a URL less what is secret in it,
            ``<bytes, 12 kB>``. In the message it is printable, and without its middle if it is
            long.
        reason: Why it cannot be read, and what to do.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"Cannot read the picture {shown(source) or repr(source)}: {reason}")
        self.source = source
        self.reason = told(reason)

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        return type(self), (self.source, self.reason)


class ImageWarning(ZsclipWarning):
    """A picture is read, and its decoder has something to say of it; the message names both."""


class DamagedImageWarning(ImageWarning):
    """A damaged picture is read, and part of its pixels may be wrong."""


class LevelsWarning(ImageWarning):
    """A picture of more than eight bits uses so little of its range that hardly any is left."""


# ----------------------------------------------------------------------------- models and engines


class ModelError(ZsclipError):
    """Base of the errors about models and their weights."""


class ModelNotFoundError(ModelError, LookupError):
    """No model or checkpoint file has the name asked for; the message suggests the nearest ones."""


class CheckpointError(ModelError, ValueError):
    """A file is not a CLIP checkpoint that zsclip can load, or not the one that was opened."""


class DownloadError(ModelError, OSError):
    """Weights could not be downloaded.

    The message names the URL, the file expected, its SHA-256, and where to put a copy.
    """


class OfflineError(DownloadError):
    """A download is needed, and ``ZSCLIP_OFFLINE`` forbids it."""


class ChecksumError(DownloadError):
    """A downloaded file does not have the SHA-256 that was published for it."""


class DeviceError(ZsclipError, RuntimeError):
    """The device asked for does not exist here or cannot be used."""


class EncoderError(ZsclipError):
    """An encoder does not keep to the ``Encoder`` protocol."""


class EncoderNotFoundError(EncoderError, LookupError):
    """No installed encoder has the name asked for."""


class NonFiniteError(ZsclipError, ArithmeticError):
    """Weights, an embedding or a score are NaN or infinite; the message says which, and where."""


class PrecisionWarning(ZsclipWarning):
    """Half precision gave NaN or infinity, and what it was for has been computed again in fp32."""


# ---------------------------------------------------------------------------------------- caches


class CacheWarning(ZsclipWarning):
    """The embedding cache is damaged or cannot be used; everything works without it, slower."""


# ------------------------------------------------------------------------------ saved classifiers


class SavedClassifierError(ZsclipError, ValueError):
    """A file holds no saved classifier, a damaged one, or one that this zsclip cannot use."""


class SavedClassifierFileError(SavedClassifierError, OSError):
    """The file of a saved classifier is not there, or cannot be read or written there."""


class SavedClassifierModelError(SavedClassifierError, ModelError):
    """The model that a saved classifier was made with is not found, or another one was given."""


# ---------------------------------------------------------------------------------------- wording

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
    lines = _cut(masked(text), _MESSAGE).split("\n  ")
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
    text = masked(text)
    return printable(text if limit is None else _cut(text, limit), keep="\n")


def _told(value: object) -> object:
    return told(value) if isinstance(value, str) else value


def _without_secrets(text: str) -> str:
    """A text that may be a URL as a whole, with blanks and quotes in its password."""
    is_url = text[:8].lower().startswith(("http:", "https:"))
    return masked(masked_url(text) if is_url else text)


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
    return _cut(printable(masked(_repr.repr(value))), _VALUE)


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
