"""Engines by name: zsclip's own, and those that installed distributions declare."""

from __future__ import annotations

import os
import sys
import weakref
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import EntryPoint, version
from importlib.util import find_spec
from typing import Any, NamedTuple, cast

from zsclip.encoders.contract import require_encoder
from zsclip.encoders.protocol import Encoder
from zsclip.entrypoints import find_declared
from zsclip.errors import (
    EncoderError,
    EncoderNotFoundError,
    ForeignModelError,
    ModelError,
    ModelNotFoundError,
    ParameterError,
)
from zsclip.version import __version__
from zsclip.weights import is_known
from zsclip.wording import BriefRepr, brief, did_you_mean, in_a_row, shown

__all__ = [
    "ENCODERS_GROUP",
    "EncoderEntry",
    "create_encoder",
    "list_encoders",
    "options_of",
    "require_loadable",
    "resolve_encoder",
    "score_function_of",
]

ENCODERS_GROUP = "zsclip.encoders"
"""The entry-point group in which distributions declare their engines."""


@dataclass(frozen=True, slots=True, repr=False)
class EncoderEntry(BriefRepr):
    """An engine that can be asked for by name.

    Attributes:
        name: Its name.
        distribution: The distribution that offers it.
        version: The version of that distribution.
        target: The function that makes it, as ``module:function``.
        extra: The extra of zsclip that it needs, as in ``pip install "zsclip[open-clip]"``; empty
            if it needs none.
    """

    name: str
    distribution: str
    version: str
    target: str
    extra: str = ""

    @property
    def is_installed(self) -> bool:
        """Whether what its extra brings is there; nothing is imported for it."""
        return not self.extra or find_spec(_BROUGHT_BY[self.extra]) is not None

    def __str__(self) -> str:
        return f"the encoder {brief(self.name)} of {shown(f'{self.distribution} {self.version}')}"


# Not among zsclip's own entry points: they are there where its metadata are not, and no other
# distribution can take their names.
OWN = (
    EncoderEntry("clip", "zsclip", __version__, "zsclip.encoders.native:create_encoder"),
    EncoderEntry(
        "open-clip", "zsclip", __version__, "zsclip.encoders.open_clip:create_encoder", "open-clip"
    ),
    EncoderEntry("onnx", "zsclip", __version__, "zsclip.encoders.onnx:create_encoder", "onnx"),
)
_WITHOUT_TORCH = "Install torch, or load a file that was exported where it is."
_BROUGHT_BY = {"open-clip": "open_clip", "onnx": "onnxruntime"}  # the package that an extra brings


class _Making(NamedTuple):
    entry: EncoderEntry
    options: dict[str, Any]


# How each engine was made that was made by name, for as long as it is there.
_made_with: weakref.WeakKeyDictionary[object, _Making] = weakref.WeakKeyDictionary()


def list_encoders() -> list[EncoderEntry]:
    """The engines that can be asked for by name, zsclip's own first; loads none and never raises.

    Examples:
        >>> list_encoders()[0].name
        'clip'
    """
    own = {entry.name for entry in OWN}
    return [*OWN] + [
        EncoderEntry(found.name, found.distribution, found.version, found.value)
        for found in find_declared(ENCODERS_GROUP)
        if found.name and found.name not in own
    ]


def create_encoder(
    name: str,
    model: str | os.PathLike[str] | None = None,
    *,
    device: object = "auto",
    precision: str = "auto",
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    **more: Any,
) -> Encoder:
    """Make an engine by its name.

    Args:
        name: ``"clip"`` or the name of an installed engine.
        model: What the engine is to run, in its own names; None leaves the choice to it.
        device: Handed on as a text, as are the others as they are.
        precision: In the engine's own names.
        download_root: The folder of downloads.
        progress: Show a bar on standard error while downloading.
        more: What only this engine knows, such as ``offline`` of ``"clip"``.

    Raises:
        EncoderNotFoundError: No installed engine has this name.
        EncoderError: Several distributions offer it, it cannot be imported or ends the program, or
            what it makes does not keep to `Encoder`. Any other error of its function comes through
            as it is.
    """
    entry = _find(name)
    options: dict[str, Any] = {
        "device": str.__str__(device) if isinstance(device, str) else str(device),
        "precision": precision,
        "download_root": download_root,
        "progress": progress,
        **more,
    }
    function = _load(entry)
    try:
        made = function(model, **options)
    except SystemExit as e:
        raise EncoderError(
            f"{entry} ends the program ({_in_words(e)}) in place of being made. Ask its author."
        ) from e
    encoder = require_encoder(made, str(entry))
    with suppress(TypeError):  # it cannot be referred to weakly, or has no hash
        _made_with[encoder] = _Making(entry, options)
    return encoder


def options_of(encoder: Encoder) -> dict[str, Any] | None:
    """What an engine was made with by `create_encoder`; None if it was made otherwise."""
    making = _making_of(encoder)
    return None if making is None else making.options


def note_making(encoder: Encoder, entry: EncoderEntry, options: dict[str, Any]) -> None:
    """Have an engine be known as one that was made by name."""
    _made_with[encoder] = _Making(entry, options)


def is_own(encoder: Encoder) -> bool:
    """Whether an engine is zsclip's own for plain CLIP, made by its name or by the model's."""
    making = _making_of(encoder)
    return making is not None and making.entry == OWN[0]


def engine_key(encoder: Encoder) -> tuple[str, ...]:
    """What an engine's embeddings depend on beside its weights; they are kept under both.

    Two engines that read the same weights need not give the same vectors, nor need one of them
    before and after a new release, in another precision, or on another kind of device; nor does it
    with another activation, or other heads, over the same tensors.
    """
    info = encoder.model_info
    device, _, _ = str(info.device).partition(":")
    computed = (info.activation or "", info.recipe)
    return (*_engine(encoder), info.precision, device, *computed)


def _engine(encoder: Encoder) -> tuple[str, str, str, str]:
    """Which engine it is: what made it, in which version, and what it calls itself."""
    called = encoder.model_info.encoder
    if (making := _making_of(encoder)) is not None:
        entry = making.entry
        return "by name", f"{entry.distribution}:{entry.name}", entry.version, called
    kind = type(encoder)
    package, _, _ = kind.__module__.partition(".")
    release = getattr(sys.modules.get(package), "__version__", None)
    if release is None:
        with suppress(Exception):  # no distribution has this name, or its metadata are broken
            release = version(package)
    if release is None:  # a script, of which there may be several
        release = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return "object", f"{kind.__module__}:{kind.__qualname__}", str(release), called


def _making_of(encoder: Encoder) -> _Making | None:
    try:
        return _made_with.get(encoder)
    except TypeError:  # it has no hash
        return None


def score_function_of(
    encoder: str | Encoder | None, model: str | os.PathLike[str] | None = None
) -> str | None:
    """What makes scores of an engine's logits, where that is known before a model is loaded."""
    if encoder is None:  # which follows from the model
        return "softmax" if model is None or is_known(model) else None
    if isinstance(encoder, str):
        return "softmax" if encoder == OWN[0].name else None
    return getattr(getattr(encoder, "model_info", None), "score_function", None)


def resolve_encoder(
    encoder: str | Encoder | None, model: str | os.PathLike[str] | None = None, **options: Any
) -> Encoder:
    """The engine that a user named, made now, or handed over as an object.

    Args:
        encoder: Its name, or the engine; None for the one that runs the model: zsclip's own for a
            plain CLIP, and the engine of open_clip for any other that open_clip makes.
        model: As for `create_encoder`, as are the options.
        options: What `create_encoder` takes besides.

    Raises:
        ParameterError: It is an object, and what belongs to one that is made by name is given.
        EncoderError: As for `create_encoder`.
    """
    if encoder is None:
        return _create_by_model(model, options)
    if isinstance(encoder, str):
        return create_encoder(encoder, model, **options)
    options.pop("progress", None)  # of a download, which there is none of
    if model is not None or any(value not in ("auto", None) for value in options.values()):
        raise ParameterError(
            "`model`, `activation`, `device`, `precision` and `download_root` belong to an encoder "
            "that is made by name, and `encoder` is an object. Leave them out, or give a name."
        )
    return require_encoder(encoder, f"the {type(encoder).__name__} given as `encoder`")


def _create_by_model(model: str | os.PathLike[str] | None, options: dict[str, Any]) -> Encoder:
    """The engine for plain CLIP, or where the model is none, that of open_clip."""
    own, other, _ = OWN
    try:
        return create_encoder(own.name, model, **options)
    except (ForeignModelError, ModelNotFoundError) as error:
        foreign: ModelError = error
    if isinstance(foreign, ModelNotFoundError):
        from zsclip.encoders.open_clip_library import is_listed

        if not is_listed(model):
            raise foreign
    if not other.is_installed:
        install = f'pip install "zsclip[{other.extra}]"'
        if install in str(foreign):
            raise foreign
        raise ForeignModelError(
            f"{foreign} The encoder {brief(other.name)} may run it: {install}"
        ) from foreign
    try:
        return create_encoder(other.name, model, **options)
    except ModelNotFoundError as error:  # it is none of open_clip's either
        raise foreign from error


def _find(name: str) -> EncoderEntry:
    entries = list_encoders()
    found = [entry for entry in entries if entry.name == name]
    if not found:
        hint = did_you_mean(name, sorted({entry.name for entry in entries}))
        broken = [str(one) for one in find_declared(ENCODERS_GROUP) if not one.name]
        if broken:
            hint += f" What these declare cannot be parsed: {in_a_row(broken)}."
        raise EncoderNotFoundError(
            f"`encoder` must be the name of an installed engine, got {brief(name)}. {hint}"
        )
    if len(found) > 1:
        offers = in_a_row([f"{entry.distribution} {entry.version}" for entry in found], " and ")
        raise EncoderError(
            f"Several distributions offer the encoder {brief(name)}: {offers}. Uninstall all but "
            "one, or make the encoder yourself and pass the object."
        )
    return found[0]


def require_loadable(name: str) -> None:
    """Import an engine's code, which may be anything, and make nothing with it.

    Raises:
        EncoderNotFoundError: No installed engine has this name.
        EncoderError: Several distributions offer it, or it cannot be imported.
    """
    _load(_find(name))


def _load(entry: EncoderEntry) -> Callable[..., object]:
    try:
        function = EntryPoint(entry.name, entry.target, ENCODERS_GROUP).load()
        if not callable(function):
            raise TypeError(f"{type(function).__name__!r} object is not callable")
    except KeyboardInterrupt:
        raise
    except BaseException as e:  # any code can stand behind an entry point, and may even exit
        torch = entry in OWN and getattr(e, "name", None) == "torch"
        raise EncoderError(
            f"Cannot load {entry} from {brief(entry.target)}: {_in_words(e)}. "
            f"{_WITHOUT_TORCH if torch else 'Reinstall it, or ask its author.'}"
        ) from e
    return cast(Callable[..., object], function)


def _in_words(error: BaseException) -> str:
    return f"{type(error).__name__}: {shown(str(error))}"
