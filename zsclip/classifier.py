"""`ZeroShotClassifier`: pictures against words."""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from zsclip.cache import EmbeddingCache
from zsclip.encoders import Encoder, create_encoder
from zsclip.encoders.contract import require_encoder
from zsclip.errors import ParameterError
from zsclip.head import Labels, check_lengths, resolve_labels
from zsclip.inference import Inference
from zsclip.pipeline import PictureOptions, precision_of

if TYPE_CHECKING:
    import torch
    from PIL import Image

__all__ = ["ZeroShotClassifier"]


class ZeroShotClassifier(Inference):
    """Classify pictures with labels named in words, without training.

    A picture's embedding is compared with one embedding per label, the ensemble of the label's
    prompts, by cosine; the model's own scale and a softmax make scores of the cosines
    (Radford et al. 2021, §3.1).

    A classifier does not change after it is made and may be shared between threads. Making one
    reads no more of the weights than their sizes; each half of the model, for pictures and for
    texts, is loaded when it is first needed.

    Args:
        labels: The name of an installed label set (`list_labelsets`), or another text that stands
            for one on the command line, such as ``"cartoon-animals/bird"`` or ``"birds.toml"``; a
            `LabelSet`; the names of the classes; or a mapping from each to phrases for it.
        templates: Texts with one ``{}``, where each name goes in. Defaults to the label set's own,
            or to `DEFAULT_TEMPLATES`; for a mapping to the phrases as they are.
        model: One of `list_models()`, or the path of a checkpoint. Defaults to ``"ViT-B/32"``, or
            to what another engine chooses.
        encoder: The engine: ``"clip"``, the name of an installed one (`list_encoders`), or an
            object that has the members of `Encoder`.
        device: ``"auto"`` (CUDA, then MPS, then the CPU), ``"cpu"``, ``"cuda"``, ``"cuda:1"``...
        precision: ``"auto"`` (fp16 on CUDA, bf16 on a CPU with AMX, fp32 elsewhere), ``"fp32"``,
            ``"fp16"``, ``"bf16"``.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        batch_size: How many pictures go through the model at once.
        truncate: Cut prompts that are too long in place of an error.
        background: The color that transparent pictures are laid over.
        exact: Give what the official code gives: compute in fp32, and decode large JPEGs at their
            full size and not at 1/2, 1/4 or 1/8 of it, whichever leaves at least twice the model's
            resolution. Of an `encoder` that is an object, only the decoding.
        workers: How many threads decode and resize pictures; as many as there are cores if None.
        cache: Where embeddings are kept, so that none is computed twice: True for the user's
            cache, a file or folder, an `EmbeddingCache`, or False for nowhere.

    Raises:
        LabelError: Fewer than two labels, an empty or doubled one, a template without ``{}``.
        LabelSetError: A label set is not installed, ambiguous, broken or cannot be read.
        PromptTooLongError: A prompt does not fit the model, and `truncate` is false.
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

    def __init__(
        self,
        labels: Labels,
        *,
        templates: Iterable[str] | None = None,
        model: str | os.PathLike[str] | None = None,
        encoder: str | Encoder = "clip",
        device: str | torch.device = "auto",
        precision: str = "auto",
        download_root: str | os.PathLike[str] | None = None,
        batch_size: int = 32,
        truncate: bool = False,
        background: str | tuple[int, int, int] = "white",
        exact: bool = False,
        workers: int | None = None,
        cache: bool | str | os.PathLike[str] | EmbeddingCache = True,
    ) -> None:
        pictures = PictureOptions.of(
            batch_size=batch_size,
            background=background,
            exact=exact,
            workers=workers,
            cache=cache,
        )
        labelset, used = resolve_labels(labels, templates)
        asked = precision_of(precision, exact=exact)
        if isinstance(encoder, str):
            encoder = create_encoder(
                encoder,
                model,
                device=str(device),
                precision=asked,
                download_root=download_root,
            )
        elif (model, device, precision, download_root) != (None, "auto", "auto", None):
            raise ParameterError(
                "`model`, `device`, `precision` and `download_root` belong to an encoder that is "
                "made by name, and `encoder` is an object. Leave them out, or give a name."
            )
        else:
            encoder = require_encoder(encoder, f"the {type(encoder).__name__} given as `encoder`")
        super().__init__(labelset, used, encoder, pictures, truncate=truncate)
        self._check_prompts()

    @classmethod
    def from_clip(
        cls,
        model: Any,
        preprocess: Callable[[Image.Image], torch.Tensor],
        *,
        labels: Labels,
        templates: Iterable[str] | None = None,
        batch_size: int = 32,
        truncate: bool = False,
        background: str | tuple[int, int, int] = "white",
        exact: bool = False,
        workers: int | None = None,
        cache: bool | str | os.PathLike[str] | EmbeddingCache = True,
    ) -> ZeroShotClassifier:
        """Drive what the official package's ``clip.load`` returned.

        Args:
            model: The model, which stays as it is and where it is.
            preprocess: The transform that came with it.
            labels: As in `ZeroShotClassifier`, as are the other parameters.
            templates: Texts with one ``{}``.
            batch_size: How many pictures go through the model at once.
            truncate: Cut prompts that are too long in place of an error.
            background: The color that transparent pictures are laid over.
            exact: Decode large JPEGs at their full size.
            workers: How many threads decode pictures.
            cache: Where embeddings are kept.

        Raises:
            ParameterTypeError: `model` or `preprocess` is not what ``clip.load`` returns.
            ParameterError: The model is in training mode.
        """
        from zsclip.encoders.official import OfficialEncoder

        return cls(
            labels,
            templates=templates,
            encoder=OfficialEncoder(model, preprocess),
            batch_size=batch_size,
            truncate=truncate,
            background=background,
            exact=exact,
            workers=workers,
            cache=cache,
        )

    def with_labels(
        self, labels: Labels, *, templates: Iterable[str] | None = None
    ) -> ZeroShotClassifier:
        """A classifier with the same model and other labels; this one stays as it is.

        Nothing is loaded again, and embeddings of labels met before are reused.

        Args:
            labels: As in `ZeroShotClassifier`.
            templates: As in `ZeroShotClassifier`.
        """
        other = copy.copy(self)
        other._labels, other._templates = resolve_labels(labels, templates)
        other._head = other._head_precision = None
        other._check_prompts()
        return other

    @classmethod
    def load(
        cls,
        path: str | os.PathLike[str],
        *,
        model: str | os.PathLike[str] | None = None,
        encoder: str | Encoder | None = None,
        device: str | torch.device = "auto",
        precision: str = "auto",
        download_root: str | os.PathLike[str] | None = None,
        batch_size: int = 32,
        truncate: bool = False,
        background: str | tuple[int, int, int] = "white",
        exact: bool = False,
        workers: int | None = None,
        cache: bool | str | os.PathLike[str] | EmbeddingCache = True,
    ) -> ZeroShotClassifier:
        """Load what `save` wrote; the text tower is not loaded before other labels are asked for.

        The model is found by its name, and compared by its SHA-256 with the one that was saved.
        What the labels' embeddings are stays as it was saved, whatever the precision here.

        Args:
            path: The file.
            model: The file of the weights, if it is neither where it was nor beside this one.
            encoder: The engine, if it was handed over as an object, or is installed here under
                another name.
            device: As in `ZeroShotClassifier`, as are the other parameters.
            precision: That of the pictures' embeddings.
            download_root: The folder of downloads.
            batch_size: How many pictures go through the model at once.
            truncate: Cut texts that are too long; the labels' own are embedded already.
            background: The color that transparent pictures are laid over.
            exact: Embed pictures in fp32, and decode large JPEGs at their full size.
            workers: How many threads decode and resize pictures.
            cache: Where embeddings are kept.

        Raises:
            SavedClassifierFileError: There is no such file, or it cannot be read.
            SavedClassifierModelError: The model is not found, or is another one.
            SavedClassifierError: The file is something else, damaged, or of a newer format.
            DownloadError: The weights are not there and cannot be fetched.
        """
        from zsclip.saved import check_fit, find_engine, read_classifier

        saved = read_classifier(path)
        if encoder is None or isinstance(encoder, str):
            encoder, model = find_engine(saved, path, model=model, encoder=encoder)
        made = cls(
            saved.labels,
            model=model,
            encoder=encoder,
            device=device,
            precision=precision,
            download_root=download_root,
            batch_size=batch_size,
            truncate=True,  # no prompt is to be made any more
            background=background,
            exact=exact,
            workers=workers,
            cache=cache,
        )
        check_fit(saved, path, made.encoder)
        made._templates, made._truncate = saved.templates, truncate
        made._head, made._head_precision = saved.class_matrix, saved.model.precision
        return made

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the classifier to a file, of kilobytes to a few megabytes, for `load`.

        It holds the labels with their provenance, the templates, the embedding of each label, and
        the name and the SHA-256 of the model, but not its weights. The labels are embedded first if
        they are not yet. The file is written whole or not at all.

        Args:
            path: The file, under any name; one that is there is replaced.

        Raises:
            SavedClassifierFileError: The file cannot be written there.
            SavedClassifierError: The labels are too many for the format: 100 MB of text.
            NonFiniteError: The model gave NaN or infinity for a label.
            ParameterTypeError: `path` is no path.
        """
        from zsclip.saved import ModelFacts, SavedClassifier, check_target, write_classifier

        check_target(path)  # before labels are embedded for nothing
        head = self._class_matrix()
        facts = ModelFacts.of(self._encoder, self._head_precision)
        write_classifier(SavedClassifier(self._labels, self._templates, head, facts), path)

    def _check_prompts(self) -> None:
        if not self._truncate:
            prompts = self._labels.prompts_with(self._templates)
            check_lengths([text for own in prompts for text in own], self._encoder)
