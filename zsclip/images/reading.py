"""`Reading`: how a picture is read, the one value that everything that reads pictures is given."""

from __future__ import annotations

import math
import numbers
import operator
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import cast

from PIL import ImageColor

from zsclip.budget import default_memory
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.values import truth, whole_number
from zsclip.wording import brief

__all__ = ["Reading", "as_reading", "other_urls", "raise_limit", "reading_like"]

_LONGEST_WAIT = 1_000_000  # seconds, eleven days: of much longer ones systems lose count


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """How pictures are read: what decides their pixels, and how much of anything one may take.

    `load_image`, `ZeroShotClassifier` and ``zsclip classify`` are given the same one. To change a
    field of one that is there, use `dataclasses.replace`.

    Attributes:
        background: What shows through where a picture is transparent: a color name or code that
            Pillow knows, or three integers from 0 to 255, which is what it is kept as.
        reduced: Whether a large JPEG may be decoded at 1/2, 1/4 or 1/8 of its size, where that
            leaves what is needed: for a classifier at least twice its model's resolution. It takes
            a fraction of the time and the memory.
        max_pixels: The most pixels, width times height, that an encoded picture may have. Pillow
            warns from the same number on.
        max_bytes: The most bytes taken from a URL, a file object or a pipe: 64 MiB.
        timeout: Seconds for a picture as a whole: until it has come from a URL, a pipe or a file
            object, and then of the processor's time to decode it. Waiting for memory, a disk or a
            core does not count. Decoders that take a picture whole are only held to it with
            `isolate`, and then all of it goes by the clock.
        levels: How whole numbers of more than 8 bits become 8. "auto": from 0 to the largest that
            they could be, by what the file says of itself and else by their type, with a warning
            where that leaves fewer than 32 levels. "full": by their type. "stretch": from the
            0.1st to the 99.9th percentile of the picture. Two numbers: what is black, and what is
            white; all beyond is cut off.
        strict: Whether a damaged picture that can be read in part is refused; else it is warned of.
        urls: Which URLs are fetched. "any": all, but from a public address no redirect is followed
            to one that is not. "public": none that is not at a public address, in the end or on the
            way, and none through a proxy. "none": none at all. Not public are private, loopback,
            link-local and other reserved addresses.
        max_memory: The most bytes that decoding may take, all pictures together that the process
            decodes at the same time: one that needs more is refused, and others wait. None is a
            quarter of the memory that the machine has, or the container.
        isolate: Whether pictures are decoded in a process of its own, which ends with its time or
            memory, whatever a decoder does: for those that strangers send.

    Raises:
        ParameterError: A field has a value that it cannot have.
        ParameterTypeError: A field has a type that it cannot have.

    Examples:
        >>> Reading(background="#ff8000", max_pixels=200_000_000).background
        (255, 128, 0)
        >>> Reading() == Reading(background=(255, 255, 255))
        True
    """

    background: str | Sequence[int] = "white"
    reduced: bool = True
    max_pixels: int = 89_478_485
    max_bytes: int = 64 * 1024 * 1024
    timeout: float = 10.0
    levels: str | Sequence[float] = "auto"
    strict: bool = False
    # A pickle tells fields by their order: what is new goes to the end.
    urls: str = "any"
    max_memory: int | None = None
    isolate: bool = False

    def __post_init__(self) -> None:
        for name in ("reduced", "strict", "isolate"):
            truth(name, getattr(self, name))
        checked: dict[str, object] = {
            "background": _color(self.background),
            "max_pixels": whole_number("max_pixels", self.max_pixels),
            "max_bytes": whole_number("max_bytes", self.max_bytes),
            "timeout": _seconds("timeout", self.timeout),
            "urls": _urls(self.urls),
            "levels": _levels(self.levels),
        }
        if self.max_memory is not None:
            checked["max_memory"] = whole_number("max_memory", self.max_memory)
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __setstate__(self, state: Sequence[object]) -> None:
        """Out of a pickle, in which an older zsclip may have had fewer fields."""
        usual = Reading()
        for n, field in enumerate(fields(self)):
            value = state[n] if n < len(state) else getattr(usual, field.name)
            object.__setattr__(self, field.name, value)

    @property
    def color(self) -> tuple[int, int, int]:
        """The background as red, green and blue, from 0 to 255."""
        return cast("tuple[int, int, int]", self.background)

    @property
    def scale(self) -> str | tuple[float, float]:
        """The levels: one of the words, or what is black and what is white."""
        return cast("str | tuple[float, float]", self.levels)

    @property
    def memory(self) -> int:
        """The most bytes that decoding may take: `max_memory`, or a quarter of what there is."""
        return default_memory() if self.max_memory is None else self.max_memory

    @property
    def key(self) -> str:
        """All that decides the pixels, as a short text; embeddings are kept under it.

        Limits are not in it: a picture within them is the same picture under any other.

        Examples:
            >>> Reading(max_bytes=1000).key
            'background=#ffffff reduced=True'
        """
        red, green, blue = self.color
        key = f"background=#{red:02x}{green:02x}{blue:02x} reduced={self.reduced}"
        if self.scale == "auto":
            return key
        words = self.scale if isinstance(self.scale, str) else ",".join(map(repr, self.scale))
        return f"{key} levels={words}"


def reading_like(reading: Reading, key: str) -> Reading:
    """A reading with the limits of one and the pixels of another, of which the key is known.

    What the reading says of pixels itself, other than usual, stays as it is, field by field.

    Args:
        reading: The one whose limits hold.
        key: The `Reading.key` of the other.

    Raises:
        ValueError: There is no such key.

    Examples:
        >>> read = reading_like(Reading(max_pixels=1000), Reading(background="red").key)
        >>> read.background, read.max_pixels
        ((255, 0, 0), 1000)
    """
    pairs = [part.partition("=") for part in key.split(" ")]
    given = {name: value for name, _, value in pairs}
    words = given.get("levels", "auto")
    other = replace(
        reading,
        background=given.get("background", ""),
        reduced=given.get("reduced") == "True",
        levels=[float(number) for number in words.split(",")] if "," in words else words,
    )
    if other.key != key:
        raise ValueError(f"there is no way to read pictures that is {brief(key)}")
    usual = Reading()
    own = {
        name: getattr(reading, name)
        for name in ("background", "reduced", "levels")
        if getattr(reading, name) != getattr(usual, name)
    }
    return replace(other, **own)


def as_reading(value: object) -> Reading:
    """What was given as `reading`, once it is known to be one.

    Raises:
        ParameterTypeError: It is something else.
    """
    if not isinstance(value, Reading):
        raise ParameterTypeError(
            f"`reading` must be a Reading, got {brief(value)}. Pass zsclip.Reading(...) with "
            "what is to be other than usual."
        )
    return value


def raise_limit(name: str) -> str:
    """What an error about a limit advises.

    Examples:
        >>> raise_limit("max_bytes")[:52]
        'Pass a higher limit, reading=Reading(max_bytes=...),'
    """
    return (
        f"Pass a higher limit, reading=Reading({name}=...), or on the command line "
        f"--{name.replace('_', '-')}, if you trust where it comes from."
    )


def other_urls(choice: str) -> str:
    """What an error about a URL advises that is not fetched.

    Examples:
        >>> other_urls("any")[:31]
        "Pass reading=Reading(urls='any'"
    """
    return (
        f"Pass reading=Reading(urls={choice!r}), or on the command line --urls {choice}, if you "
        "trust where the address comes from."
    )


def _color(background: object) -> tuple[int, int, int]:
    expected = (
        "`background` must be a color name or code that Pillow knows, such as 'white' or "
        "'#ff8000', or three integers from 0 to 255"
    )
    if not isinstance(background, str | Sequence):
        raise ParameterTypeError(f"{expected}, got {brief(background)}.")
    try:
        if isinstance(background, str):
            values: Sequence[int] = ImageColor.getrgb(background)
            if len(values) == 4 and values[3] == 255:
                values = values[:3]
        else:
            values = [operator.index(value) for value in background]
        red, green, blue = values
    except (TypeError, ValueError):
        raise ParameterError(f"{expected}, got {brief(background)}.") from None
    if not all(0 <= value <= 255 for value in (red, green, blue)):
        raise ParameterError(f"{expected}, got {brief(background)}.")
    return red, green, blue


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ParameterTypeError(f"`{name}` must be a number of seconds, got {brief(value)}.")
    try:
        seconds = float(value)
    except OverflowError:
        seconds = math.inf
    if not 0 < seconds <= _LONGEST_WAIT:
        raise ParameterError(
            f"`{name}` must be a positive number of seconds, and at most {_LONGEST_WAIT}, got "
            f"{brief(value)}."
        )
    return seconds


def _urls(urls: object) -> str:
    expected = "`urls` must be 'any', 'public' or 'none'"
    if not isinstance(urls, str):
        raise ParameterTypeError(f"{expected}, got {urls!r}.")
    if urls not in {"any", "public", "none"}:
        raise ParameterError(f"{expected}, got {brief(urls)}.")
    return str.__str__(urls)  # of an enumeration's member only its text


def _levels(levels: object) -> str | tuple[float, float]:
    expected = (
        "`levels` must be 'auto', 'full', 'stretch', or two numbers: what is black, and what is "
        "white"
    )
    if isinstance(levels, str):
        if levels not in {"auto", "full", "stretch"}:
            raise ParameterError(f"{expected}, got {brief(levels)}.")
        return str.__str__(levels)  # of an enumeration's member only its text
    if not isinstance(levels, Sequence) or not all(
        isinstance(number, numbers.Real) and not isinstance(number, bool) for number in levels
    ):
        raise ParameterTypeError(f"{expected}, got {brief(levels)}.")
    try:
        low, high = map(float, levels)
        if -math.inf < low < high < math.inf:
            return low, high
    except (OverflowError, ValueError):  # beyond what a float holds, or not two
        pass
    raise ParameterError(f"{expected}, the larger, got {brief(levels)}.")
