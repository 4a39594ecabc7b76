"""Engines by name: zsclip's own, and those that installed distributions declare."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import Any, cast

from zsclip.encoders.base import Encoder
from zsclip.encoders.contract import require_encoder
from zsclip.entrypoints import find_declared
from zsclip.errors import EncoderError, EncoderNotFoundError, did_you_mean
from zsclip.version import __version__

__all__ = ["EncoderEntry", "create_encoder", "list_encoders"]

ENCODERS_GROUP = "zsclip.encoders"
NATIVE = "clip"
DEFAULT_MODEL = "ViT-B/32"  # of the native engine


@dataclass(frozen=True, slots=True)
class EncoderEntry:
    """An engine that can be asked for by name.

    Attributes:
        name: Its name.
        distribution: The distribution that offers it.
        version: The version of that distribution.
        target: The function that makes it, as ``module:function``.
    """

    name: str
    distribution: str
    version: str
    target: str


def list_encoders() -> list[EncoderEntry]:
    """The engines that can be asked for by name, zsclip's own first; loads none and never raises.

    Examples:
        >>> list_encoders()[0].name
        'clip'
    """
    native = EncoderEntry(NATIVE, "zsclip", __version__, "zsclip.encoders.native:create_encoder")
    return [native] + [
        EncoderEntry(found.name, found.distribution, found.version, found.value)
        for found in find_declared(ENCODERS_GROUP)
        if found.name not in ("", NATIVE)
    ]


def create_encoder(
    name: str,
    model: str | os.PathLike[str] | None = None,
    *,
    device: str = "auto",
    precision: str = "auto",
    download_root: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Encoder:
    """Make an engine by its name.

    Args:
        name: ``"clip"`` or the name of an installed engine.
        model: What the engine is to run, in its own names; None leaves the choice to it.
        device: Handed on, as are the others.
        precision: In the engine's own names.
        download_root: The folder of downloads.
        options: What only this engine knows, such as ``progress`` of ``"clip"``.

    Raises:
        EncoderNotFoundError: No installed engine has this name.
        EncoderError: Several distributions offer it, it cannot be imported, or what it makes does
            not keep to `Encoder`. What its function raises comes through as it is.
    """
    options |= {"device": device, "precision": precision, "download_root": download_root}
    if name == NATIVE:  # which no other distribution can take
        from zsclip.encoders.native import create_encoder as create_native

        return create_native(DEFAULT_MODEL if model is None else model, **options)
    entries = list_encoders()
    found = [entry for entry in entries if entry.name == name]
    if not found:
        hint = did_you_mean(name, sorted({entry.name for entry in entries}))
        broken = [str(one) for one in find_declared(ENCODERS_GROUP) if not one.name]
        if broken:
            hint += f" What these declare cannot be parsed: {', '.join(broken)}."
        raise EncoderNotFoundError(
            f"`encoder` must be the name of an installed engine, got {name!r}. {hint}"
        )
    if len(found) > 1:
        offers = " and ".join(f"{entry.distribution} {entry.version}" for entry in found)
        raise EncoderError(
            f"Several distributions offer the encoder {name!r}: {offers}. Uninstall all but one, "
            "or make the encoder yourself and pass the object."
        )
    [entry] = found
    what = f"the encoder {name!r} of {entry.distribution} {entry.version}"
    return require_encoder(_load(entry, what)(model, **options), what)


def _load(entry: EncoderEntry, what: str) -> Callable[..., object]:
    try:
        function = EntryPoint(entry.name, entry.target, ENCODERS_GROUP).load()
        if not callable(function):
            raise TypeError(f"{type(function).__name__!r} object is not callable")
    except Exception as e:  # any code can stand behind an entry point
        raise EncoderError(
            f"Cannot load {what} from {entry.target!r}: {type(e).__name__}: {e}. Reinstall it, or "
            "ask its author."
        ) from e
    return cast(Callable[..., object], function)
