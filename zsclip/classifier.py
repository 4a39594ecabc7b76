"""`ZeroShotClassifier`: pictures against words."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal, Self, TypeAlias, TypeVar, Unpack, overload

import numpy as np
from numpy.typing import NDArray

from zsclip.driving import DrivenModel
from zsclip.encoders import Encoder, ModelInfo
from zsclip.errors import (
    ImageError,
    LearntMismatchError,
    ParameterError,
    ParameterTypeError,
)
from zsclip.head import Head, Labels
from zsclip.images import (
    Images,
    ImageSource,
    Listed,
    Reading,
    counted_sources,
    with_name,
    with_names,
)
from zsclip.labels import LabelSet, texts_of
from zsclip.learning import Learning
from zsclip.options import Options, Settings, filled_in, shows_options
from zsclip.pipeline import embed, embed_all
from zsclip.progress import Progress, watched
from zsclip.results import Failure, Origin, Prediction
from zsclip.saved import SavedClassifier
from zsclip.wording import brief, counted, in_a_row, shown

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["ZeroShotClassifier"]

OnError: TypeAlias = Literal["raise", "record"]
Result = TypeVar("Result")

_GO_ON = 'To go on past such pictures pass on_error="record": each gives a Failure in its place.'


class ZeroShotClassifier(Learning):
    """Classify pictures with labels named in words, without training.

    A picture's embedding is compared with one embedding per label, the ensemble of the label's
    prompts, by cosine; the model's own scale and a softmax make scores of the cosines
    (Radford et al. 2021, §3.1).

    A classifier does not change after it is made and may be shared between threads. Making one
    reads no more of the weights than their sizes; each half of the model, for pictures and for
    texts, is loaded when it is first needed. It can be pickled: what travels is of the size of
    what `save` writes, and the weights are found and compared where it arrives.

    Args:
        labels: What stands for a label set on the command line: the name of an installed one
            (`list_labelsets`), ``"cartoon-animals/bird"``, ``"birds.toml"``, ``"cat,dog"``; a path
            or an open file of names; a `LabelSet`; the names of the classes; or a mapping from
            each to phrases for it.
        templates: Texts with one ``{}``, where each name goes in. Defaults to the label set's own,
            or to `DEFAULT_TEMPLATES`; for a mapping to the phrases as they are.
        multi_label: Score each label by itself, so that a picture may have several, or none: its
            softmax against the null prompts, which share one vote; sigmoid models use their own
            bias.
        null_prompts: With `multi_label`, complete texts that stand for "none of these". Defaults to
            the label set's own, or to everyday words in the templates.
        model: One of `list_models()`; ``hf-hub:organization/name``, any repository on the hub; or
            the path of a checkpoint, or of a folder with one. Defaults to ``"ViT-B/32"``, or to
            what another engine chooses.
        activation: What the model's blocks were trained with, ``"quickgelu"`` or ``"gelu"``, for a
            checkpoint whose file does not tell; None for what is known of the model.
        encoder: The engine: the name of an installed one (`list_encoders`), or an object that has
            the members of `Encoder`. Defaults to the one that runs the model, by its name:
            ``"clip"``, zsclip's own, or ``"open-clip"``.
        device: ``"auto"`` (CUDA, then MPS, then the CPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"``...
        precision: ``"auto"`` (what ``ZSCLIP_PRECISION`` says, or else fp16 on CUDA, bf16 on a CPU
            that was measured to be faster in it, fp32 elsewhere), ``"fp32"``, ``"fp16"``,
            ``"bf16"``.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar on standard error while weights are downloaded.
        batch_size: How many pictures go through the model at once.
        too_long: What becomes of a prompt that does not fit the model: ``"error"``, or ``"cut"``.
        reading: How pictures are read: the color behind transparent ones, the limits.
        exact: Give what the official code gives: compute in fp32, and decode large JPEGs at their
            full size and not at 1/2, 1/4 or 1/8 of it, whichever leaves at least twice the model's
            resolution. Of an `encoder` that is an object, only the decoding.
        workers: How many threads decode and resize pictures; as many as there are cores if None.
        cache: Where embeddings are kept, so that none is computed twice: True for the user's
            cache, a file or folder, an `EmbeddingCache`, or False for nowhere.

    Raises:
        LabelError: Fewer than two labels, an empty or doubled one, two that are one to the model, a
            template without ``{}``.
        LabelSetError: A label set is not installed, ambiguous, broken or cannot be read.
        PromptTooLongError: A prompt does not fit the model, and is not to be cut.
        ModelNotFoundError: No model and no file has this name.
        DownloadError: The weights are not there and cannot be fetched.
        DeviceError: The device does not exist here.
        EncoderError: `encoder` is not installed, or lacks a member of `Encoder`.
        ParameterError: Another parameter has a value that it cannot have.
        ParameterTypeError: A parameter has a type that it cannot have.

    Examples:
        >>> from zsclip.demo import load_drawings
        >>> drawings = {drawing.animal: drawing.data for drawing in load_drawings()}
        >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
        >>> clf
        <ZeroShotClassifier 2 labels, 7 templates, tiny-cartoon on ...>
        >>> clf.classify(drawings["octopus"]).label
        'octopus'
    """

    @shows_options(Options)
    def __init__(
        self,
        labels: Labels,
        *,
        templates: Iterable[str] | None = None,
        multi_label: bool = False,
        null_prompts: Iterable[str] | None = None,
        **options: Unpack[Options],
    ) -> None:
        given = filled_in(options)
        # before weights are fetched for nothing
        self._head = Head.of(labels, templates, multi_label=multi_label, null_prompts=null_prompts)
        self._model = DrivenModel.of(self._head, given)

    # ---------------------------------------------------------------------- other ways to one

    @classmethod
    @shows_options(Settings)
    def from_clip(
        cls,
        model: Any,
        preprocess: Callable[[Image.Image], torch.Tensor],
        *,
        labels: Labels,
        templates: Iterable[str] | None = None,
        multi_label: bool = False,
        null_prompts: Iterable[str] | None = None,
        **options: Unpack[Settings],
    ) -> Self:
        """Drive what the official package's ``clip.load`` returned.

        Args:
            model: The model, which stays as it is and where it is.
            preprocess: The transform that came with it.
            labels: As in `ZeroShotClassifier`.
            templates: As in `ZeroShotClassifier`.
            multi_label: As in `ZeroShotClassifier`.
            null_prompts: As in `ZeroShotClassifier`.
            options: As in `ZeroShotClassifier`, those that hold for every engine.

        Raises:
            ParameterTypeError: `model` or `preprocess` is not what ``clip.load`` returns.
            ParameterError: The model is in training mode.
        """
        from zsclip.encoders.official import OfficialEncoder

        encoder = OfficialEncoder(model, preprocess)
        return cls(
            labels,
            templates=templates,
            multi_label=multi_label,
            null_prompts=null_prompts,
            encoder=encoder,
            **options,
        )

    @classmethod
    @shows_options(Options)
    def load(cls, path: str | os.PathLike[str], **options: Unpack[Options]) -> Self:
        """Load what `save` wrote; the text tower is not loaded before other labels are asked for.

        The model is found by its name, and compared by its SHA-256 with the one that was saved.
        What the labels' embeddings are stays as it was saved, whatever the precision here.

        An ONNX file that was exported holds its model, for pictures: it is computed by ONNX
        Runtime, and torch is not imported.

        Args:
            path: The file.
            options: As in `ZeroShotClassifier`. `model` is the file of the weights, if it is
                neither where it was nor beside this one; `encoder` the engine, if it was handed
                over as an object, or is installed here under another name; `precision` that of the
                pictures' embeddings; `reading` one with other limits, which leaves the pixels as
                they were read before, or with another way to read them.

        Raises:
            SavedClassifierFileError: There is no such file, or it cannot be read.
            SavedClassifierModelError: The model is not found, or is another one.
            LearntMismatchError: The classifier learnt from pictures, and `precision` or `encoder`
                are others than it learnt with. Without a `precision` it is the one of then.
            SavedClassifierError: The file is something else, damaged, or of a newer format.
            DownloadError: The weights are not there and cannot be fetched.
        """
        from zsclip.saved import read_classifier

        given, saved = filled_in(options), read_classifier(path)
        model = DrivenModel.again(saved, path, given)
        return cls._again(saved.head, model)

    def with_labels(
        self,
        labels: Labels,
        *,
        templates: Iterable[str] | None = None,
        multi_label: bool | None = None,
        null_prompts: Iterable[str] | None = None,
    ) -> Self:
        """A classifier with the same model and other labels; this one stays as it is.

        Nothing is loaded again, and embeddings of labels met before are reused.

        Args:
            labels: As in `ZeroShotClassifier`.
            templates: As in `ZeroShotClassifier`.
            multi_label: As in `ZeroShotClassifier`; None for what it is in this one.
            null_prompts: As in `ZeroShotClassifier`; those that this one was given are kept.

        Raises:
            LearntMismatchError: This classifier learnt from pictures, which other labels would
                make wrong; `zero_shot` gives one that can be given others.
        """
        if self._head.learnt:
            raise LearntMismatchError(
                f"What was learnt ({in_a_row(list(self._head.learnt.parts()))}) belongs to the "
                "labels and templates that it was fitted on, and means nothing with others. Use "
                "`zero_shot().with_labels(...)`, and fit it anew."
            )
        head = Head.of(
            labels,
            templates,
            multi_label=self._head.multi_label if multi_label is None else multi_label,
            null_prompts=self._head.own_null_prompts if null_prompts is None else null_prompts,
        )
        self._model.check(head)
        return self._of(head, self._model)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write the classifier to a file, of kilobytes to a few megabytes, for `load`.

        It holds the labels with their provenance, the templates, the embedding of each label, how
        pictures are read, and the name and the SHA-256 of the model, but not its weights. The
        labels are embedded first if they are not yet. The file is written whole or not at all.

        Args:
            path: The file, under any name. A saved classifier that is there is replaced.
            overwrite: Replace any other file, too.

        Raises:
            WouldReplaceError: There is a file that is no saved classifier, or is the model.
            SavedClassifierFileError: The file cannot be written there.
            SavedClassifierError: The labels are too many for the format: 32 MiB of text.
            NonFiniteError: The model gave NaN or infinity for a label.
            ParameterTypeError: `path` is no path.
        """
        from zsclip.saved import check_target, write_classifier

        check_target(path, overwrite=overwrite)  # before labels are embedded for nothing
        write_classifier(self._to_be_saved(), path, overwrite=overwrite)

    def export(
        self,
        path: str | os.PathLike[str],
        *,
        precision: Literal["fp32", "fp16", "int8"] = "fp32",
        with_resize: bool = False,
        overwrite: bool = False,
    ) -> None:
        """Write the classifier to an ONNX file, which gives scores where there is no PyTorch.

        The file takes ``pixels``, uint8 (n, resolution, resolution, 3), RGB, and gives ``scores``,
        float32 (n, labels), and ``embeddings``, float32 (n, d), L2-normalized, of any number of
        pictures at once. All that scores are made of is in it: the image tower, the labels'
        embeddings, temperature or probe, null prompts. Its metadata hold what `save` writes. The
        tower is made from the weights in fp32, whatever this classifier computes in; the labels'
        embeddings stay as they are, so make it with ``precision="fp32"``. It is written whole or
        not at all. See the documentation's page on ONNX.

        Args:
            path: The file. One that `export` wrote is replaced.
            precision: ``"fp32"``; ``"fp16"``, half as large, with normalization and scores in fp32;
                or ``"int8"``, in which the weights of matrix products are, one scale for each
                channel, and all is computed in fp32: a quarter as large for a vision transformer.
            with_resize: Take ``image`` in place of ``pixels``, uint8 (n, h, w, 3) of any size, and
                resize and crop it in there. Made for ONNX Runtime on CPUs: a picture may differ by
                a level of 255 here and there. OpenVINO leaves out the antialiasing.
            overwrite: Replace any other file, too.

        Raises:
            ExportError: The model cannot be written so: its engine gives no graph, the file would
                have more than 2 GiB, or its way to make pictures square is another than CLIP's.
            LearntMismatchError: What was learnt belongs to another precision than the file's.
            MissingExtraError: ONNX is not installed (``zsclip[onnx]``).
            WouldReplaceError: There is a file that `export` did not write.
            SavedClassifierFileError: The file cannot be written there.
            ParameterError: `precision` is none of these.
            ParameterTypeError: `path` is no path, or `with_resize` neither True nor False.

        Examples:
            >>> import tempfile
            >>> clf = ZeroShotClassifier(["fish", "octopus"], model="tiny-cartoon")
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     clf.export(f"{folder}/animals.onnx")
        """
        from zsclip.export import check_onnx_target, write_onnx

        check_onnx_target(path, overwrite=overwrite)  # before labels are embedded for nothing
        write_onnx(
            self._to_be_saved(),
            self.encoder,
            path,
            precision=precision,
            with_resize=with_resize,
            overwrite=overwrite,
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self)._again, (self._head, self._model)

    def __copy__(self) -> Self:
        return self  # it does not change

    def __deepcopy__(self, memo: object) -> Self:
        return self

    # ----------------------------------------------------------------------------- what it is

    @property
    def labelset(self) -> LabelSet:
        """The labels, with their ids, aliases, groups and provenance."""
        return self._head.labelset

    @property
    def templates(self) -> tuple[str, ...]:
        """The templates in use."""
        return self._head.templates

    @property
    def reading(self) -> Reading:
        """How pictures are read; give it to what reads the same ones again."""
        return self._model.pictures.reading

    @property
    def batch_size(self) -> int:
        """How many pictures go through the model at once."""
        return self._model.pictures.batch_size

    @property
    def classes_(self) -> NDArray[np.str_]:
        """The names of the classes, in the order of the labels and of `predict_proba`'s columns.

        Where a function of scikit-learn wants classes in sorted order, as ``log_loss`` does, sort
        the columns: ``proba[:, numpy.argsort(clf.classes_)]``.
        """
        return np.array(self.labelset.names)

    @property
    def encoder(self) -> Encoder:
        """The engine, which other classifiers can be made with."""
        return self._model.encoder

    @property
    def model_info(self) -> ModelInfo:
        """The model's sizes, device, precision and where its weights came from."""
        return self._model.info

    def _repr_html_(self) -> str:
        from zsclip.learning.shown import shown_classifier

        return shown_classifier(type(self).__name__, self._head, self.model_info)

    def __repr__(self) -> str:
        n, t, info = len(self.labelset), len(self.templates), self.model_info
        name = f"{brief(self.labelset.name)} " if self.labelset.provenance else ""
        learnt = f", learnt {in_a_row(list(parts))}" if (parts := self._head.learnt.parts()) else ""
        return (
            f"<{type(self).__name__} {name}{counted(n, 'label')}, {counted(t, 'template')}, "
            f"{shown(info.name)} on {info.device} in {info.precision}{learnt}>"
        )

    # ------------------------------------------------------------------------- classification

    def classify(self, image: ImageSource, *, source: str | None = None) -> Prediction:
        """Classify one picture.

        Args:
            image: A path, URL, ``data:`` URI, bytes, file object, PIL image, numpy array or torch
                tensor; see the documentation's page on pictures.
            source: What the prediction, errors and warnings call it, such as the name of an upload
                whose bytes `image` is; nothing is opened by this name.

        Raises:
            ImageError: The picture cannot be read.
            ParameterTypeError: `image` is nothing that could be a picture, or `source` no text.
            NonFiniteError: The model gave NaN or infinity.
        """
        given = image if source is None else with_name(image, source)
        [result] = self._stream(Listed([given]), "raise", named=source is not None)
        assert isinstance(result, Prediction)
        return result

    @overload
    def classify_many(
        self,
        images: Images,
        *,
        on_error: Literal["raise"] = "raise",
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> list[Prediction]: ...
    @overload
    def classify_many(
        self,
        images: Images,
        *,
        on_error: Literal["record"],
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> list[Prediction | Failure]: ...
    def classify_many(
        self,
        images: Images,
        *,
        on_error: OnError = "raise",
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> list[Prediction] | list[Prediction | Failure]:
        """Classify several pictures.

        Args:
            images: Pictures of any kinds, or the path of one folder, whose pictures and those of
                the folders in it are taken in natural order.
            on_error: ``"raise"`` at the first picture that cannot be read, or ``"record"`` it: a
                `Failure` stands in its place.
            sources: A name for each picture, in their order, as `source` in `classify`.
            progress: Show a bar with how many are done, their rate and the time left: True for one
                of the notebook where this runs in one, and else a line on standard error, and
                ``"text"`` for the line in any case. A folder is searched to its end first.

        Returns:
            One result for each picture, in their order.

        Raises:
            ImageError: A picture cannot be read, and `on_error` is ``"raise"``.
            ParameterError: There is not one name in `sources` for each picture.
            ParameterTypeError: `images` is a single picture.
            NonFiniteError: The model gave NaN or infinity.
        """
        return list(self.stream(images, on_error=on_error, sources=sources, progress=progress))

    @overload
    def stream(
        self,
        images: Images,
        *,
        on_error: Literal["raise"] = "raise",
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> Iterator[Prediction]: ...
    @overload
    def stream(
        self,
        images: Images,
        *,
        on_error: OnError,
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> Iterator[Prediction | Failure]: ...
    def stream(
        self,
        images: Images,
        *,
        on_error: OnError = "raise",
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> Iterator[Prediction] | Iterator[Prediction | Failure]:
        """Classify pictures as they come, in constant memory.

        Raises what `classify_many` does. Results come in order; those before a picture that cannot
        be read, or has no name, come before the error. At most two batches are read ahead, and
        eight where embeddings out of the cache or failures lie between; with a `batch_size` of 1
        nothing.

        What `images` gives may change as soon as it goes on: a generator may write one frame after
        the other to the same file. So files that a generator, or any other iterable of your own,
        gives by their paths are read before it goes on, 256 MiB ahead at most. Files of a list, a
        tuple or a folder are read in threads when it is their turn, and URLs are in any case.

        Args:
            images: As for `classify_many`.
            on_error: As for `classify_many`.
            sources: As for `classify_many`.
            progress: As for `classify_many`.
        """
        given, total = _given(images, on_error, sources, progress)
        results = self._stream(given, on_error, advice=_GO_ON, named=sources is not None)
        return watched(results, progress, total)

    def predict(self, images: Images, *, progress: Progress = False) -> NDArray[np.str_]:
        """The name of the best class of each picture, as scikit-learn's classifiers give it.

        Of a picture that is rejected, or that could have several labels, it is the best guess as
        well; `Prediction.answer` and `Prediction.above` know of these.

        Returns:
            str (n,): entries of `classes_`.
        """
        names: NDArray[np.str_] = self.classes_[
            self.predict_proba(images, progress=progress).argmax(axis=1)
        ]
        return names

    def predict_proba(self, images: Images, *, progress: Progress = False) -> NDArray[np.float32]:
        """The scores of each picture, as scikit-learn's classifiers give them.

        Returns:
            float32 (n, number of classes), columns in the order of `classes_`.
        """
        sources, total = counted_sources(images, progress)
        results = watched(self._stream(sources, "raise"), progress, total)
        rows = [result.scores for result in results if isinstance(result, Prediction)]
        return np.stack(rows) if rows else np.empty((0, len(self.labelset)), np.float32)

    # ----------------------------------------------------------------------------- embeddings

    def encode_images(self, images: Images, *, progress: Progress = False) -> NDArray[np.float32]:
        """Embed pictures: float32 (n, d), L2-normalized; with a bar, as in `classify_many`.

        Raises:
            ImageError: A picture cannot be read.
            ParameterTypeError: `images` is a single picture.
            NonFiniteError: The model gave NaN or infinity.
        """
        return embed_all(images, self.encoder, self._model.pictures, progress=progress)

    @overload
    def stream_embeddings(
        self,
        images: Images,
        *,
        on_error: Literal["raise"] = "raise",
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> Iterator[NDArray[np.float32]]: ...
    @overload
    def stream_embeddings(
        self,
        images: Images,
        *,
        on_error: OnError,
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> Iterator[NDArray[np.float32] | Failure]: ...
    def stream_embeddings(
        self,
        images: Images,
        *,
        on_error: OnError = "raise",
        sources: Iterable[str] | None = None,
        progress: Progress = False,
    ) -> Iterator[NDArray[np.float32]] | Iterator[NDArray[np.float32] | Failure]:
        """Embed pictures as they come, in constant memory: one float32 (d,), L2-normalized, each.

        Arguments, order and errors are those of `stream`. `classify_embeddings` makes predictions
        of what comes out, with these labels or, of another classifier over the same model, others.

        Args:
            images: As for `classify_many`.
            on_error: As for `classify_many`: a picture that cannot be read is an error, or a
                `Failure` in its place.
            sources: As for `classify_many`; a `Failure` has them.
            progress: As for `classify_many`.
        """
        given, total = _given(images, on_error, sources, progress)
        results = self._each(given, on_error, lambda rows, _: iter(rows), advice=_GO_ON)
        return watched(results, progress, total)

    def encode_texts(self, texts: Iterable[str]) -> NDArray[np.float32]:
        """Embed texts as they are, without templates: float32 (n, d), L2-normalized.

        Raises:
            PromptTooLongError: A text does not fit the model, and is not to be cut.
            ParameterTypeError: `texts` is a single text, or holds what is none.
            NonFiniteError: The model gave NaN or infinity.
        """
        groups = [[text] for text in texts_of("texts", texts)]
        return self._model.texts.embed(groups, too_long=self._model.too_long)

    def similarity(
        self, images: Images, texts: Iterable[str], *, progress: Progress = False
    ) -> NDArray[np.float32]:
        """The cosine of each picture with each text: float32 (n, m), from -1 to 1 to rounding.

        Args:
            images: As for `encode_images`.
            texts: As for `encode_texts`.
            progress: Show a bar over the pictures, as in `classify_many`.
        """
        words = self.encode_texts(texts)  # first, so that a text that is too long fails early
        cosines: NDArray[np.float32] = self.encode_images(images, progress=progress) @ words.T
        return cosines

    # --------------------------------------------------------------------------------- inside

    def _to_be_saved(self) -> SavedClassifier:
        head, model = self._embedded_head(), self._model
        sha256, reading = model.encoder.weights_sha256, model.pictures.reading.key
        return SavedClassifier(head, model.info, sha256, reading)

    def _embedded_head(self) -> Head:
        # kept here as well: the ensembles may drop it, and this needs it
        self._head = self._model.texts.embedded(self._head, too_long=self._model.too_long)
        return self._head

    def _stream(
        self,
        sources: Iterator[object],
        on_error: OnError,
        *,
        advice: str = "",
        named: bool = False,
    ) -> Generator[Prediction | Failure, None, None]:
        head, info = self._embedded_head(), self._model.info
        origin: Origin | None = None  # told when weights are loaded, which it then need not read

        def judged(embeddings: NDArray[np.float32], names: Iterator[str]) -> Iterator[Prediction]:
            nonlocal origin
            origin = origin or self.origin
            for result in head.predictions(embeddings, info, names, origin):
                yield replace(result, named=True) if named else result

        yield from self._each(sources, on_error, judged, advice=advice)

    def _each(
        self,
        sources: Iterator[object],
        on_error: OnError,
        results_of: Callable[[NDArray[np.float32], Iterator[str]], Iterator[Result]],
        *,
        advice: str = "",
    ) -> Generator[Result | Failure, None, None]:
        """What is made of each picture's embedding, or its failure, in their order."""
        stop = on_error == "raise"
        for described, embeddings in embed(sources, self.encoder, self._model.pictures, stop=stop):
            results = results_of(embeddings, (name for name in described if isinstance(name, str)))
            for source in described:
                if isinstance(source, str):
                    yield next(results)
                elif stop:
                    error = _advised(source.error, advice) if advice else source.error
                    try:
                        raise error from source.error.__cause__
                    finally:  # the traceback holds this frame, which would hold the error
                        del source, described, results, error
                else:
                    yield source


def embed_labels(classifier: ZeroShotClassifier) -> None:
    """Have the labels of a classifier embedded now, if they are not, and not by its first picture.

    Raises what its methods do for labels that do not fit the model.
    """
    classifier._embedded_head()


def require_on_error(value: object) -> None:
    """Raise unless this says what becomes of a picture that cannot be read.

    Raises:
        ParameterError: It does not.
    """
    if value not in ("raise", "record"):
        raise ParameterError(f"`on_error` must be 'raise' or 'record', got {brief(value)}.")


def _given(
    images: Images, on_error: OnError, sources: Iterable[str] | None, progress: Progress
) -> tuple[Iterator[object], int | None]:
    """Pictures with their names, and how many there are where that is asked."""
    require_on_error(on_error)
    pictures, total = counted_sources(images, progress or sources is not None)
    return pictures if sources is None else with_names(pictures, sources, total=total), total


def _advised(error: Exception, advice: str) -> Exception:
    """An error about one of several pictures, with what its caller can do to go on."""
    advised = error
    if isinstance(error, ImageError):
        advised = ImageError(error.source, f"{error.reason} {advice}")
    elif isinstance(error, ParameterTypeError):  # it is nothing that could be a picture
        advised = ParameterTypeError(f"{error} {advice}")
    return advised.with_traceback(error.__traceback__)
