"""What a classifier does once it is made: says what it is, and answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from zsclip.encoders import Encoder, ModelInfo
from zsclip.ensembles import Ensembles
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.head import scores_of
from zsclip.images import ImageSource
from zsclip.labels import LabelSet, as_tuple
from zsclip.pipeline import Images, PictureOptions, embed, embed_all, sources_of
from zsclip.results import Failure, Origin, Prediction
from zsclip.version import __version__

__all__ = ["Inference"]

OnError: TypeAlias = Literal["raise", "record"]


class Inference:
    """Pictures against the labels of one encoder.

    Args:
        labels: The labels.
        templates: What their names are filled into.
        encoder: The model.
        pictures: How pictures are read, and where embeddings are kept.
        truncate: Whether to cut prompts that are too long.
    """

    def __init__(
        self,
        labels: LabelSet,
        templates: tuple[str, ...],
        encoder: Encoder,
        pictures: PictureOptions,
        *,
        truncate: bool,
    ) -> None:
        self._labels, self._templates = labels, templates
        self._encoder = encoder
        self._info = encoder.model_info
        self._texts = Ensembles(encoder, cache=pictures.cache)
        self._head: NDArray[np.float32] | None = None
        self._head_precision: str | None = None  # of one that was loaded
        self._pictures = pictures
        self._truncate = truncate

    # ------------------------------------------------------------------------- what it is

    @property
    def labels(self) -> LabelSet:
        """The labels, with their ids, aliases, groups and provenance."""
        return self._labels

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates in use."""
        return self._templates

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The names of the classes, in the order of the labels and of `predict_proba`'s columns.

        Where a function of scikit-learn wants classes in sorted order, as ``log_loss`` does, sort
        the columns: ``proba[:, numpy.argsort(clf.classes_)]``.
        """
        return np.array(self._labels.names)

    @property
    def encoder(self) -> Encoder:
        """The engine, which other classifiers can be made with."""
        return self._encoder

    @property
    def model_info(self) -> ModelInfo:
        """The model's sizes, device, precision and where its weights came from."""
        return self._info

    @property
    def provenance(self) -> Origin:
        """How this classifier's predictions come about.

        Holds the SHA-256 of the weights. A checkpoint given by its path is read through for it,
        once.
        """
        made_in = self._head_precision
        return Origin(
            model=self._info.name,
            weights_sha256=self._encoder.weights_sha256,
            encoder=self._info.encoder,
            device=self._info.device,
            precision=self._info.precision,
            labelset=self._labels.name,
            labelset_provenance=self._labels.provenance,
            templates=self._templates,
            zsclip=__version__,
            labels_precision=None if made_in == self._info.precision else made_in,
        )

    def __repr__(self) -> str:
        n, t, info = len(self._labels), len(self._templates), self._info
        name = f"{self._labels.name!r} " if self._labels.provenance else ""
        return (
            f"<{type(self).__name__} {name}{n} labels, {t} template{'s' * (t != 1)}, "
            f"{info.name} on {info.device} in {info.precision}>"
        )

    # --------------------------------------------------------------------- classification

    def classify(self, image: ImageSource) -> Prediction:
        """Classify one picture.

        Args:
            image: A path, URL, ``data:`` URI, bytes, file object, PIL image, numpy array or torch
                tensor; see the documentation's page on pictures.

        Raises:
            ImageError: The picture cannot be read.
            ParameterTypeError: `image` is nothing that could be a picture.
            NonFiniteError: The model gave NaN or infinity.
        """
        [prediction] = self.classify_many([image])
        return prediction

    @overload
    def classify_many(
        self, images: Images, *, on_error: Literal["raise"] = "raise"
    ) -> list[Prediction]: ...
    @overload
    def classify_many(
        self, images: Images, *, on_error: Literal["record"]
    ) -> list[Prediction | Failure]: ...
    def classify_many(
        self, images: Images, *, on_error: OnError = "raise"
    ) -> list[Prediction] | list[Prediction | Failure]:
        """Classify several pictures.

        Args:
            images: Pictures of any kinds, or the path of one folder, whose pictures and those of
                the folders in it are taken in natural order.
            on_error: ``"raise"`` at the first picture that cannot be read, or ``"record"`` it: a
                `Failure` stands in its place.

        Returns:
            One result for each picture, in their order.

        Raises:
            ImageError: A picture cannot be read, and `on_error` is ``"raise"``.
            ParameterTypeError: `images` is a single picture.
            NonFiniteError: The model gave NaN or infinity.
        """
        return list(self.stream(images, on_error=on_error))

    @overload
    def stream(
        self, images: Images, *, on_error: Literal["raise"] = "raise"
    ) -> Iterator[Prediction]: ...
    @overload
    def stream(self, images: Images, *, on_error: OnError) -> Iterator[Prediction | Failure]: ...
    def stream(
        self, images: Images, *, on_error: OnError = "raise"
    ) -> Iterator[Prediction] | Iterator[Prediction | Failure]:
        """Classify pictures as they come, in constant memory.

        Takes and raises what `classify_many` does. Results come in order; those before a picture
        that cannot be read come before the error. At most two batches are read ahead, and eight
        where embeddings out of the cache or failures lie between; with a `batch_size` of 1 nothing.
        """
        if on_error not in ("raise", "record"):
            raise ParameterError(f"`on_error` must be 'raise' or 'record', got {on_error!r}.")
        return self._stream(sources_of(images), on_error)

    def predict(self, images: Images) -> NDArray[np.str_]:
        """The name of the best class of each picture, as scikit-learn's classifiers give it.

        Returns:
            str (n,): entries of `classes_`.
        """
        names: NDArray[np.str_] = self.classes_[self.predict_proba(images).argmax(axis=1)]
        return names

    def predict_proba(self, images: Images) -> NDArray[np.float32]:
        """The scores of each picture, as scikit-learn's classifiers give them.

        Returns:
            float32 (n, number of classes), columns in the order of `classes_`.
        """
        rows = [prediction.scores for prediction in self.stream(images)]
        return np.stack(rows) if rows else np.empty((0, len(self._labels)), np.float32)

    # ------------------------------------------------------------------------- embeddings

    def encode_images(self, images: Images) -> NDArray[np.float32]:
        """Embed pictures: float32 (n, d), L2-normalized.

        Raises:
            ImageError: A picture cannot be read.
            ParameterTypeError: `images` is a single picture.
            NonFiniteError: The model gave NaN or infinity.
        """
        return embed_all(sources_of(images), self._encoder, self._pictures)

    def encode_texts(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Embed texts as they are, without templates: float32 (n, d), L2-normalized.

        Raises:
            PromptTooLongError: A text does not fit the model, and `truncate` is false.
            ParameterTypeError: `texts` is a single text, or holds what is none.
            NonFiniteError: The model gave NaN or infinity.
        """
        texts = as_tuple("texts", texts)
        for i, text in enumerate(texts):
            if not isinstance(text, str):
                raise ParameterTypeError(f"`texts[{i}]` must be a text, got {text!r}.")
        return self._texts.embed([[text] for text in texts], truncate=self._truncate)

    def similarity(self, images: Images, texts: Iterable[str]) -> NDArray[np.float32]:
        """The cosine of each picture with each text: float32 (n, m), from -1 to 1 to rounding."""
        words = self.encode_texts(texts)  # first, so that a text that is too long fails early
        cosines: NDArray[np.float32] = self.encode_images(images) @ words.T
        return cosines

    # ------------------------------------------------------------------------------ inside

    def _class_matrix(self) -> NDArray[np.float32]:
        if self._head is None:  # kept here as well: the cache may drop it, and this needs it
            self._head = self._texts.class_matrix(
                self._labels, self._templates, truncate=self._truncate
            )
        return self._head

    def _stream(
        self, sources: Iterator[ImageSource], on_error: OnError
    ) -> Iterator[Prediction | Failure]:
        head, origin = self._class_matrix(), self.provenance
        stop = on_error == "raise"
        for described, embeddings in embed(sources, self._encoder, self._pictures, stop=stop):
            scores = iter(scores_of(embeddings @ head.T, self._encoder))
            for source in described:
                if isinstance(source, str):
                    yield Prediction(source, next(scores), self._labels, origin)
                elif stop:
                    raise source.error
                else:
                    yield source
