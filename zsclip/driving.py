"""An engine and how it is driven: what all classifiers over one model share."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace
from typing import Any

from zsclip.encoders import (
    Encoder,
    ModelInfo,
    PackedEncoder,
    TooLong,
    find_encoder_again,
    require_same_model,
    resolve_encoder,
    score_function_of,
)
from zsclip.ensembles import Ensembles
from zsclip.files import as_path
from zsclip.head import Head, tie_of
from zsclip.images import as_reading, reading_like
from zsclip.learnt import Tie
from zsclip.options import Options
from zsclip.pipeline import PictureOptions
from zsclip.saved import SavedClassifier
from zsclip.wording import brief

__all__ = ["DrivenModel"]


@dataclass(frozen=True, eq=False)
class DrivenModel:
    """A model that is ready to be asked; its towers are loaded when they are first needed.

    Attributes:
        encoder: The engine.
        pictures: How pictures are read, and where embeddings are kept.
        too_long: What becomes of prompts that are too long.
        info: What the engine says of its model.
        texts: The embeddings of texts, none computed twice.
    """

    encoder: Encoder
    pictures: PictureOptions
    too_long: TooLong
    info: ModelInfo = field(init=False)
    texts: Ensembles = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "info", self.encoder.model_info)
        object.__setattr__(self, "texts", Ensembles(self.encoder, cache=self.pictures.cache))

    def __reduce__(self) -> tuple[Any, ...]:
        return _unpickled, (PackedEncoder.of(self.encoder), self.pictures, self.too_long)

    def with_pictures(self, pictures: PictureOptions) -> DrivenModel:
        """The same model for pictures that are read, batched or kept otherwise."""
        made = replace(self, pictures=pictures)
        if pictures.cache is self.pictures.cache:
            object.__setattr__(made, "texts", self.texts)
        return made

    @classmethod
    def of(cls, head: Head, given: Options) -> DrivenModel:
        """The model that the options name, once it is known that it can be asked for these labels.

        What can be wrong with the labels is found out before weights are fetched, where it can be.

        Raises:
            ZsclipError: An option has a value that it cannot have, or the engine cannot be made.
        """
        pictures, engine = _pictures(given), given["encoder"]
        head.require_choice(score_function_of(engine, given["model"]))
        encoder = resolve_encoder(engine, given["model"], **_making(given))
        made = cls(encoder, pictures, given["too_long"])
        made.check(head)
        return made

    @classmethod
    def again(
        cls, saved: SavedClassifier, path: str | os.PathLike[str], given: Options
    ) -> DrivenModel:
        """The model that a saved classifier was made with.

        Args:
            saved: The classifier.
            path: Its file.
            given: The options, which may say where the model is now.

        Raises:
            SavedClassifierModelError: It is not found, or is another one.
            ZsclipError: As for `of`.
        """
        reading = reading_like(as_reading(given["reading"]), saved.reading)
        given = {**given, "reading": reading}
        pictures, encoder = _pictures(given), given["encoder"]
        what = f"the classifier {brief(os.fspath(path))}"
        if encoder is None or isinstance(encoder, str):
            if (tie := saved.head.learnt.tie) is not None and given["precision"] == "auto":
                given["precision"] = tie.precision  # in which alone what was learnt holds
            encoder = find_encoder_again(
                saved.model,
                saved.weights_sha256,
                what,
                folder=as_path(path).parent,
                encoder=encoder,
                model=given["model"],
                **_making(given),
            )
        else:
            encoder = resolve_encoder(encoder, given["model"], **_making(given))
        if saved.stamp is not None:  # else labels and model might be of two files
            from zsclip.encoders.onnx_session import require_unchanged  # which others can spare

            require_unchanged(as_path(path), saved.stamp)
        require_same_model(saved.model, saved.weights_sha256, what, encoder)
        return cls(encoder, pictures, given["too_long"])

    @classmethod
    def recalled(cls, given: Options, *, anew: bool = False) -> DrivenModel:
        """The model that the options name, without labels; not loaded if it is remembered.

        Args:
            given: The options.
            anew: Whether to load it whatever is remembered.

        Raises:
            ZsclipError: As for `of`.
        """
        from zsclip.encoders import recall_encoder

        pictures, encoder, model = _pictures(given), given["encoder"], given["model"]
        if pictures.cache is None or not (encoder is None or isinstance(encoder, str)):
            made = resolve_encoder(encoder, model, **_making(given))
        else:
            made = recall_encoder(encoder, model, anew=anew, **_making(given))
        return cls(made, pictures, given["too_long"])

    def remember(self, given: Options, *, since: int) -> None:
        """Note what the model is, for `recalled` at another start.

        Args:
            given: The options that it was made by.
            since: When it was about to be made, in nanoseconds.
        """
        from zsclip.encoders import remember_encoder

        if self.pictures.cache is not None:
            remember_encoder(self.encoder, given["model"], since=since, **_making(given))

    def tie(self, head: Head) -> Tie:
        """What is learnt with a head over this model is tied to.

        A checkpoint given by its path is read through for its SHA-256, once.
        """
        key = self.pictures.reading.key
        return tie_of(head, self.info, self.encoder.weights_sha256, key)

    def check(self, head: Head) -> None:
        """Raise if the model cannot be asked for these labels.

        Raises:
            LabelError: There is one label, and scores are a softmax; or two labels are one to the
                model.
            PromptTooLongError: A prompt is too long, and is not to be cut.
        """
        head.require_choice(self.info.score_function)
        if self.too_long == "error":
            head.require_fitting(self.encoder)
        head.require_apart(self.encoder, self.too_long)


def _pictures(given: Options) -> PictureOptions:
    return PictureOptions.of(
        batch_size=given["batch_size"],
        reading=given["reading"],
        exact=given["exact"],
        workers=given["workers"],
        cache=given["cache"],
    )


def _making(given: Options) -> dict[str, Any]:
    """What an engine is made with by its name."""
    making = {
        "device": given["device"],
        "precision": given["precision"],
        "download_root": given["download_root"],
        "progress": given["progress"],
    }
    if given["activation"] is not None:  # which an engine from outside need not know
        making["activation"] = given["activation"]
    return making


def _unpickled(encoder: PackedEncoder, pictures: PictureOptions, too_long: TooLong) -> DrivenModel:
    return DrivenModel(encoder.unpack(), pictures, too_long)
