"""The way back to a model: its engine is found again, and another model is told from it.

A classifier that was saved or pickled knows its model by what its engine said of it, and finds it
where it is loaded. Embeddings of other weights do not compare, so a wrong one is an error.
"""

from __future__ import annotations

import math
import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Any, cast

from zsclip.encoders.protocol import Encoder, ModelInfo
from zsclip.encoders.registry import create_encoder, list_encoders, options_of
from zsclip.errors import ModelNotFoundError, SavedClassifierModelError
from zsclip.version import __version__
from zsclip.weights import MODELS, is_known
from zsclip.wording import brief

__all__ = ["PackedEncoder", "find_encoder_again", "require_same_model"]

OWN = "clip"  # the engine that is told the activation of a model again

SCALE = 1e-3  # relative; half precision moves exp(logit_scale) by a third of it


def find_encoder_again(
    made: ModelInfo,
    weights_sha256: str | None,
    what: str,
    *,
    folder: Path | None = None,
    encoder: str | None = None,
    model: str | os.PathLike[str] | None = None,
    **options: Any,
) -> Encoder:
    """The engine for a model that was used before, made by name.

    A model that is found by its file is looked for where that lay, then beside the classifier's
    own file, and then among the published models that are here, by its tensors.

    Args:
        made: What its engine said of the model.
        weights_sha256: The SHA-256 of its tensors, if that is known.
        what: What is being read, for errors, such as ``the classifier 'animals.zsclip'``.
        folder: The folder of the classifier's file, if it has one.
        encoder: What the caller names in place of the engine's own name.
        model: What the caller names in place of the model's own name.
        options: What `create_encoder` takes besides.

    Raises:
        SavedClassifierModelError: There is no way from here to that engine or that model.
    """
    engine = made.encoder if encoder is None else encoder
    if encoder is None and engine not in {entry.name for entry in list_encoders()}:
        raise _no_model(
            what,
            f"it was made with the engine {brief(engine)}, and none of this name is installed. "
            "Pass encoder=, the engine as an object or the name that it is installed under.",
        )
    if model is not None:
        if engine == made.encoder:
            _require_published(made, what, model)
        return create_encoder(engine, model, **_as_before(made, engine, model, options))
    where: str | os.PathLike[str] = made.name
    if made.path is not None:
        root = options.get("download_root")
        where = _find_file(made.path, weights_sha256, what, folder, root)
    try:
        return create_encoder(engine, where, **_as_before(made, engine, where, options))
    except ModelNotFoundError as error:
        raise _no_model(
            what,
            f"it was made with {brief(made.name)}, which is no model that zsclip {__version__} "
            f"knows for the engine {brief(engine)}. Pass model=, the file of its weights.",
        ) from error


def _as_before(
    made: ModelInfo, engine: str, model: str | os.PathLike[str], options: dict[str, Any]
) -> dict[str, Any]:
    """The options, and the activation that the model had, for weights that do not tell theirs.

    Of those with a name it is known; an engine from outside need not know of it.
    """
    if options.get("activation") is not None or is_known(model):
        return options
    told = made.activation is not None and engine == made.encoder == OWN
    return {**options, "activation": made.activation} if told else options


def _require_published(made: ModelInfo, what: str, model: str | os.PathLike[str]) -> None:
    """Raise if a name is that of published weights which are others: before these are fetched."""
    for spec in MODELS:
        sizes = (spec.parameters, spec.resolution, spec.embed_dim)
        own = (made.parameters or spec.parameters, made.input_resolution, made.embedding_dim)
        names = (spec.name, *spec.aliases)
        if model in names and (sizes != own or (made.path is None and made.name != spec.name)):
            raise _no_model(
                what,
                f"it was made with weights of {brief(made.name)}, and {brief(spec.name)} is "
                "another model. Embeddings of different weights do not compare. Pass model=, the "
                "file that it was made with, or save the classifier anew with these.",
            )


def _find_file(
    path: str,
    weights_sha256: str | None,
    what: str,
    folder: Path | None,
    download_root: str | os.PathLike[str] | None,
) -> str | os.PathLike[str]:
    places = [Path(path)]
    if folder is not None:
        places.append(folder / PureWindowsPath(path).name)  # of a path of another system as well
    for place in places:
        if os.path.exists(place):  # noqa: PTH110 - false for what can be no path at all
            return place
    if weights_sha256 is not None:  # of a copy of published weights, perhaps
        from zsclip.weights import find_published  # loads torch, which most that ask can spare

        name = find_published(weights_sha256, download_root=download_root)
        if name is not None:
            return name
    named = [brief(str(place)) for place in places]
    told = f"neither at {' nor at '.join(named)}" if len(named) > 1 else f"not at {named[0]}"
    raise _no_model(
        what,
        f"it was made with a checkpoint of its own, which is {told}. Pass model=, the file where "
        "it is now.",
    )


def require_same_model(
    made: ModelInfo, weights_sha256: str | None, what: str, encoder: Encoder
) -> None:
    """Raise if an engine runs another model than the one that was used before.

    The SHA-256 of the weights tells, and what they are computed with; where an engine does not know
    it, only what differs in width, scale, bias, score function, resolution or number of parameters
    is found out.

    Raises:
        SavedClassifierModelError: It does; the message shows both.
    """
    now = encoder.model_info
    found = None if weights_sha256 is None else encoder.weights_sha256  # read through for it
    if found not in (None, weights_sha256):
        raise _no_model(
            what,
            f"it was made with weights of {brief(made.name)} that have the SHA-256 "
            f"{weights_sha256}, and those of {brief(now.name)} here ({now.source}) have {found}. "
            "Embeddings of different weights do not compare. Pass model=, the file that it was "
            "made with, or save the classifier anew with these.",
        )
    if differences := ", ".join(_differences(made, now)):
        raise _no_model(
            what,
            f"it was made with another model than {brief(now.name)}: {differences}. Give the "
            f"model that it was made with, {brief(made.name)}, or save the classifier anew.",
        )


def _differences(made: ModelInfo, now: ModelInfo) -> Iterator[str]:
    """What is not the same but for rounding."""
    exact = ["embedding_dim", "score_function", "input_resolution"]
    if made.parameters and now.parameters:
        exact.append("parameters")
    if None not in (made.activation, now.activation):  # which some engines do not tell
        exact.append("activation")
    if (made.activation is None) == (now.activation is None):
        exact.append("recipe")
    for field in exact:
        before, after = getattr(made, field), getattr(now, field)
        if before != after:
            yield f"{field} {before or 'as usual'} there and {after or 'as usual'} here"
    for field in ("logit_scale", "logit_bias"):
        before, after = getattr(made, field), getattr(now, field)
        if not math.isclose(before, after, rel_tol=SCALE, abs_tol=SCALE):
            yield f"{field} {before:g} there and {after:g} here"


def _no_model(what: str, reason: str) -> SavedClassifierModelError:
    return SavedClassifierModelError(f"Cannot use {what}: {reason}")


# ----------------------------------------------------------------------------------------- pickling


@dataclass(frozen=True, slots=True)
class PackedEncoder:
    """An engine on its way to another process, where it is found again or put together again.

    Attributes:
        made: What the engine said of its model.
        weights_sha256: The SHA-256 of the weights, if that is known.
        options: What it was made with, if it was made by name.
        pickled: The engine itself, if it was handed over as an object.
    """

    made: ModelInfo
    weights_sha256: str | None
    options: dict[str, Any] | None
    pickled: bytes | None

    @classmethod
    def of(cls, encoder: Encoder) -> PackedEncoder:
        """Pack an engine.

        Raises:
            PicklingError: It was handed over as an object, and cannot be pickled.
        """
        made, options = encoder.model_info, options_of(encoder)
        if options is not None:
            if options["precision"] == "auto":  # which may come to another one over there
                options = {**options, "precision": made.precision}
            return cls(made, encoder.weights_sha256, options, None)
        try:
            return cls(made, encoder.weights_sha256, None, pickle.dumps(encoder))
        except Exception as error:  # what objects raise that cannot be pickled varies
            raise pickle.PicklingError(
                f"A classifier over the {type(encoder).__name__} that was given as `encoder` "
                f"cannot be pickled, because that object cannot ({brief(error)}). Make it "
                "picklable, name an installed engine in its place, or `save` the classifier and "
                "`load` it with encoder= over there."
            ) from error

    def unpack(self) -> Encoder:
        """The engine, whose towers are loaded when they are first needed.

        Raises:
            SavedClassifierModelError: The model is not found here, or is another one.
        """
        if self.pickled is not None:
            return cast(Encoder, pickle.loads(self.pickled))  # noqa: S301 - a part of a pickle
        what = "the pickled classifier"
        encoder = find_encoder_again(
            self.made, self.weights_sha256, what, **cast("dict[str, Any]", self.options)
        )
        require_same_model(self.made, self.weights_sha256, what, encoder)
        return encoder
