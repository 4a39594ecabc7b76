"""How a classifier is set up: its options, each with type and default in one place.

`ZeroShotClassifier`, its `load` and its `from_clip` take the same ones. A `TypedDict` says their
types to type checkers, and `shows_options` gives the functions a signature for people: ``help()``,
editors and the reference show every option.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar, cast

from zsclip.encoders import Encoder, TooLong
from zsclip.errors import ParameterError
from zsclip.images import Reading
from zsclip.wording import brief

if TYPE_CHECKING:
    import torch

    from zsclip.cache import EmbeddingCache

__all__ = ["Options", "Settings", "filled_in", "shows_options"]

F = TypeVar("F", bound=Callable[..., Any])


class Settings(TypedDict, total=False):
    """What holds for every engine; `ZeroShotClassifier` says what each of them means."""

    batch_size: int
    too_long: TooLong
    reading: Reading
    exact: bool
    workers: int | None
    cache: bool | str | os.PathLike[str] | EmbeddingCache


class Options(Settings, total=False):
    """The same, and what an engine is found and made with by its name."""

    model: str | os.PathLike[str] | None
    activation: Literal["quickgelu", "gelu"] | None
    encoder: str | Encoder | None
    device: str | torch.device
    precision: str
    download_root: str | os.PathLike[str] | None
    progress: bool


DEFAULTS: Options = {
    "model": None,
    "activation": None,
    "encoder": None,
    "device": "auto",
    "precision": "auto",
    "download_root": None,
    "progress": False,
    "batch_size": 32,
    "too_long": "error",
    "reading": Reading(),
    "exact": False,
    "workers": None,
    "cache": True,
}


def filled_in(options: Options) -> Options:
    """The options with the defaults of those that are not given.

    Raises:
        TypeError: One of them does not exist.
        ParameterError: `too_long` has a value that it cannot have, or precision and exactness
            exclude each other.
    """
    unknown = options.keys() - DEFAULTS.keys()
    if unknown:
        raise TypeError(
            f"ZeroShotClassifier got an unexpected keyword argument {brief(min(unknown))}"
        )
    given = cast("Options", {**DEFAULTS, **options})
    if given["too_long"] not in ("error", "cut"):
        raise ParameterError(
            f"`too_long` must be 'error' or 'cut', got {brief(given['too_long'])}."
        )
    if given["exact"] is True:
        if given["precision"] not in ("auto", "fp32"):
            raise ParameterError(
                f"`exact` means fp32, and `precision` is {brief(given['precision'])}. Leave one "
                "of them out."
            )
        if given["encoder"] is None or isinstance(given["encoder"], str):
            given["precision"] = "fp32"
    return given


def shows_options(kind: type) -> Callable[[F], F]:
    """Give a function that takes ``**options`` a signature that names each of them.

    Args:
        kind: `Options` or `Settings`.
    """
    # as they are written: what the hints name need not be imported to be shown
    hints = {
        name: getattr(hint, "__forward_arg__", hint)
        for base in (Options, Settings)
        for name, hint in base.__annotations__.items()
    }

    def decorate(function: F) -> F:
        signature = inspect.signature(function)
        own = [p for p in signature.parameters.values() if p.kind is not p.VAR_KEYWORD]
        keywords = [
            inspect.Parameter(
                name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hints[name]
            )
            for name, default in DEFAULTS.items()
            if name in kind.__annotations__ and name not in signature.parameters
        ]
        function.__signature__ = signature.replace(  # type: ignore[attr-defined]
            parameters=[*own, *keywords]
        )
        return function

    return decorate
