"""How a classifier reads and embeds pictures: its parameters, checked once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zsclip.cache import EmbeddingCache, open_cache
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images.load import to_color

__all__ = ["PictureOptions", "precision_of"]


@dataclass(frozen=True, slots=True)
class PictureOptions:
    """How pictures are read and embedded.

    Attributes:
        batch_size: How many go through the model at once.
        background: The color that transparent ones are laid over.
        exact: Whether large JPEGs are decoded at their full size.
        workers: How many threads decode and prepare.
        cache: Where embeddings are kept; None for nowhere.
    """

    batch_size: int
    background: tuple[int, int, int]
    exact: bool
    workers: int
    cache: EmbeddingCache | None

    @classmethod
    def of(
        cls,
        *,
        batch_size: int,
        background: str | Sequence[int],
        exact: bool,
        workers: int | None,
        cache: bool | str | os.PathLike[str] | EmbeddingCache,
    ) -> PictureOptions:
        """The parameters as a user gives them, once they are known to be good.

        Raises:
            ParameterError: One of them has a value that it cannot have.
            ParameterTypeError: One of them has a type that it cannot have.
        """
        if not isinstance(exact, bool):
            raise ParameterTypeError(f"`exact` must be True or False, got {exact!r}.")
        return cls(
            batch_size=_positive("batch_size", batch_size),
            background=to_color(background),
            exact=exact,
            workers=usable_cores() if workers is None else _positive("workers", workers),
            cache=open_cache(cache),
        )


def precision_of(precision: str, *, exact: bool) -> str:
    """The precision to ask an engine for: fp32 where exactness is.

    Raises:
        ParameterError: Another precision is asked for beside it.
    """
    if not exact:
        return precision
    if precision not in ("auto", "fp32"):
        raise ParameterError(
            f"`exact` means fp32, and `precision` is {precision!r}. Leave one of them out."
        )
    return "fp32"


def usable_cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _positive(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise ParameterTypeError(f"`{name}` must be a whole number, got {value!r}.")
    if value < 1:
        raise ParameterError(f"`{name}` must be 1 or more, got {value!r}.")
    return int(value)
