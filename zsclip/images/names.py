"""Pictures with names that somebody gave them, in place of what `describe_source` says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from dataclasses import dataclass
from itertools import repeat

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images.folders import Listed, is_at_hand
from zsclip.images.kinds import ImageSource, describe_source
from zsclip.wording import brief

__all__ = ["NamedSource", "apart", "names_for", "with_name", "with_names"]


@dataclass(frozen=True, slots=True, eq=False)
class NamedSource:
    """A picture and its name."""

    source: ImageSource
    name: str


def apart(source: object) -> tuple[object, str]:
    """A picture, and what to call it."""
    if isinstance(source, NamedSource):
        return source.source, source.name
    return source, describe_source(source)


def with_name(source: ImageSource, name: object, param: str = "source") -> NamedSource:
    """A picture under a name; of one that is a URL, what is secret in it is left out.

    Raises:
        ParameterTypeError: The name is no text.
    """
    if not isinstance(name, str):
        raise ParameterTypeError(f"`{param}` must be a text, got {brief(name)}. Pass a str.")
    return NamedSource(source, describe_source(str.__str__(name)))


def with_names(
    images: Iterator[ImageSource], names: Iterable[str], *, total: int | None
) -> Iterator[NamedSource]:
    """Pictures under their names, one after the other.

    Args:
        images: The pictures, as `sources_of` gives them.
        names: One for each, in their order.
        total: How many pictures there are, if that is known.

    Raises:
        ParameterError: There is not one name for each picture: at once where it is known how many
            there are, or else when one of them ends first.
        ParameterTypeError: `names` is a single text, or nothing to iterate over, or holds what is
            no text.
    """
    if isinstance(names, str | bytes) or not isinstance(names, Iterable):
        raise ParameterTypeError(
            f"`sources` must be names, one for each picture, got {brief(names)}. Pass a list."
        )
    if total is not None and isinstance(names, Sized) and len(names) != total:
        raise _not_as_many(f"{total:,} pictures and {len(names):,} names")
    paired = _paired(images, iter(names))
    return Listed(paired) if isinstance(images, Listed) and is_at_hand(names) else paired


def names_for(n: int, names: Iterable[str]) -> list[str]:
    """The names of n pictures that are not at hand.

    Raises:
        ParameterError: There is not one name for each picture.
        ParameterTypeError: As for `with_names`.
    """
    return [named.name for named in with_names(repeat(b"", n), names, total=n)]


def _paired(images: Iterator[ImageSource], names: Iterator[str]) -> Iterator[NamedSource]:
    n, none = 0, object()
    for image in images:
        name = next(names, none)
        if name is none:
            raise _not_as_many(f"{n:,} names, and more pictures")
        yield with_name(image, name, f"sources[{n}]")
        n += 1
    if next(names, none) is not none:
        raise _not_as_many(f"{n:,} pictures, and more names")


def _not_as_many(what: str) -> ParameterError:
    return ParameterError(f"`sources` must name each picture: there are {what}.")
