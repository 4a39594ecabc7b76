"""The engine that runs zsclip's own CLIP."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from zsclip.clip import (
    Activation,
    TextTower,
    Tokenizer,
    encode_packed,
    lay_out,
    normalize,
    pad,
    resize_and_crop,
    to_pixels,
    words_of,
)
from zsclip.encoders.batching import batches_by_length
from zsclip.encoders.calls import undisturbed
from zsclip.encoders.devices import (
    choose_device,
    choose_precision,
    require_precision,
    to_unit_rows,
)
from zsclip.encoders.mending import mend
from zsclip.encoders.protocol import ModelInfo, TooLong
from zsclip.encoders.towers import PlainTower
from zsclip.encoders.transfer import send
from zsclip.errors import ParameterTypeError
from zsclip.forks import ForkLock
from zsclip.weights import Checkpoint, load_checkpoint
from zsclip.wording import brief

__all__ = ["NativeEncoder", "create_encoder"]

T = TypeVar("T")


DEFAULT_MODEL = "ViT-B/32"


def create_encoder(
    model: str | os.PathLike[str] | None = None,
    *,
    activation: Activation | None = None,
    device: str | torch.device = "auto",
    precision: str = "auto",
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
) -> NativeEncoder:
    """Find a model by its name or path, and make the engine that runs it.

    Args:
        model: One of `zsclip.list_models()`; ``hf-hub:organization/name``; or the path of a
            checkpoint in a layout of OpenAI's, open_clip's or transformers', or of a folder with
            one. `DEFAULT_MODEL` if None.
        activation: ``"quickgelu"`` or ``"gelu"``, of a checkpoint that does not tell; None for what
            is known.
        device: ``"auto"``, ``"cpu"``, ``"cuda"``, ``"cuda:0"``, ``"mps"``.
        precision: ``"auto"``, ``"fp32"``, ``"fp16"``, ``"bf16"``.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.

    Raises:
        ModelNotFoundError: No model and no file has this name.
        CheckpointError: The file is not a CLIP that zsclip can load.
        DownloadError: The weights are not there and cannot be fetched.
        DeviceError: The device does not exist here.
        ParameterError: `precision` is none of these; or `activation`, or the published weights
            have another one.
        ParameterTypeError: `model` or `download_root` is no text and no path.
    """
    model = DEFAULT_MODEL if model is None else model
    if not isinstance(model, str | os.PathLike):
        raise ParameterTypeError(f"`model` must be a name or a path, got {brief(model)}.")
    if not isinstance(download_root, str | os.PathLike | None):
        raise ParameterTypeError(f"`download_root` must be a path, got {brief(download_root)}.")

    def create() -> NativeEncoder:
        chosen = choose_device(device)  # before a download that would be for nothing
        require_precision(precision)
        checkpoint = load_checkpoint(
            model,
            activation=activation,
            download_root=download_root,
            progress=progress,
            offline=offline,
        )
        return NativeEncoder(checkpoint, device=chosen, precision=precision)

    return undisturbed(None, create)


class NativeEncoder:
    """A CLIP checkpoint on a device. Each tower is loaded when it is first needed.

    May be shared between threads. The text tower's memory goes to the image tower when that is
    first needed; texts embedded after it load their tower once more.

    Args:
        checkpoint: The weights.
        device: The device, or ``"auto"``.
        precision: ``"auto"``, ``"fp32"``, ``"fp16"``, ``"bf16"``.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        *,
        device: str | torch.device = "auto",
        precision: str = "auto",
    ) -> None:
        self._checkpoint = checkpoint
        self._device = choose_device(device)
        self._precision, self._dtype = choose_precision(precision, self._device, checkpoint.config)
        self._tokenizer = Tokenizer(checkpoint.config.context_length)
        self._image_tower: _Lazy[nn.Module] = _Lazy()
        self._text_tower: _Lazy[TextTower] = _Lazy()
        self._sha256: _Lazy[str] = _Lazy()
        self._info: _Lazy[ModelInfo] = _Lazy()
        self._in_fp32: _Lazy[NativeEncoder] = _Lazy()
        self._tokens_computed = 0
        self._counting = ForkLock()

    def __repr__(self) -> str:
        return f"<NativeEncoder {self._checkpoint.name} on {self._device} in {self._precision}>"

    @property
    def context_length(self) -> int:
        """How many tokens a text may have, start and end tokens included."""
        return self._checkpoint.config.context_length

    @property
    def weights_sha256(self) -> str:
        """The SHA-256 of the model's tensors, the same for the same numbers in any file.

        What was not read before is read through for it, once.
        """
        return self._sha256.get(lambda: undisturbed(None, lambda: self._checkpoint.sha256))

    @property
    def model_info(self) -> ModelInfo:
        """What this engine runs, and where."""
        return self._info.get(lambda: undisturbed(None, self._describe))

    def _describe(self) -> ModelInfo:
        config, path = self._checkpoint.config, self._checkpoint.path
        return ModelInfo(
            name=self._checkpoint.name,
            encoder="clip",
            parameters=config.parameters,
            input_resolution=config.resolution,
            context_length=config.context_length,
            vocab_size=config.vocab_size,
            embedding_dim=config.embed_dim,
            logit_scale=self._checkpoint.logit_scale,
            device=str(self._device),
            precision=self._precision,
            source=str(path),
            path=None if self._checkpoint.is_published else str(path.absolute()),
            activation=config.activation,
            verified=self._checkpoint.verified,
            recipe=config.peculiarities,
        )

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed RGB pictures of any sizes: float32 (n, d), L2-normalized.

        All of them go through the tower at once; the caller chooses the size of the batch.
        """
        config = self._checkpoint.config
        return self.encode_pixels(to_pixels(images, config.resolution, config.preprocessing))

    @property
    def preprocessing(self) -> str:
        """What `prepare` does, and what its pixels are normalized by: the model's way of both."""
        config = self._checkpoint.config
        return f"clip {config.resolution} {words_of(config.preprocessing)}".rstrip()

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """One RGB picture as the model's square: uint8 (resolution, resolution, 3)."""
        config = self._checkpoint.config
        return np.asarray(resize_and_crop(image, config.resolution, config.preprocessing))

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed pictures that `prepare` made: float32 (n, d), L2-normalized."""
        if not len(pixels):
            return np.empty((0, self._checkpoint.config.embed_dim), np.float32)
        return undisturbed(self._device, self._encode_pixels, pixels)

    @torch.inference_mode()
    def _encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        how = self._checkpoint.config.preprocessing
        x = normalize(send(pixels, self._device), how)
        tower = self._image_tower.get(self._load_image_tower)
        rows = to_unit_rows(tower(x.to(self._dtype)))
        return self._mend(rows, "pictures", lambda exact, bad: exact._encode_pixels(pixels[bad]))

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """Embed texts: float32 (n, d), L2-normalized.

        On a CPU, what texts begin with in common goes through the tower once. Elsewhere they are
        sorted by length, so that a batch holds little padding. Nothing behind a text's end token
        goes through the tower.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        return undisturbed(self._device, self._encode_ids, self.tokenize(texts, too_long=too_long))

    def tokenize(self, texts: Sequence[str], *, too_long: TooLong = "error") -> list[list[int]]:
        """The token ids of each text, which alone say what its embedding is.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        return self._tokenizer.encode(texts, too_long=too_long)

    @torch.inference_mode()
    def _encode_ids(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        rows = np.empty((len(ids), self._checkpoint.config.embed_dim), np.float32)
        if not ids:
            return rows
        tower = self._text_tower.get(self._load_text_tower)
        if self._device.type == "cpu":
            embeddings, computed = encode_packed(tower, ids)
            rows = to_unit_rows(embeddings)
        else:
            computed = 0
            for batch in batches_by_length(list(map(len, ids))):
                tokens = torch.from_numpy(pad([ids[i] for i in batch]))
                rows[batch] = to_unit_rows(tower(tokens.to(self._device)))
                computed += tokens.numel()
        with self._counting:
            self._tokens_computed += computed
        return self._mend(
            rows, "texts", lambda exact, bad: exact._encode_ids([ids[i] for i in bad])
        )

    @property
    def tokens_computed(self) -> int:
        """How many tokens went through the text tower so far, padding included."""
        return self._tokens_computed

    def _mend(
        self,
        rows: NDArray[np.float32],
        what: str,
        again: Callable[[NativeEncoder, list[int]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        return mend(
            rows,
            lambda bad: again(self._in_fp32.get(self._make_exact), bad),
            what=what,
            model=self._checkpoint.name,
            device=self._device,
            precision=self._precision,
        )

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, start and end tokens included."""
        return self._tokenizer.count(texts)

    def plain_tower(self) -> PlainTower:
        """The image tower as it is written down for elsewhere: in fp32, on the CPU."""
        how = self._checkpoint.config.preprocessing
        return PlainTower(self._checkpoint.load_image_tower().float(), how.mean, how.std, how)

    def _load_image_tower(self) -> nn.Module:
        # Most programs embed their labels, then pictures, and no text again. Those that do load
        # the text tower once more, and keep it.
        self._text_tower.forget()
        return lay_out(self._checkpoint.load_image_tower(), self._device, self._dtype)

    def _load_text_tower(self) -> TextTower:
        return lay_out(self._checkpoint.load_text_tower(), self._device, self._dtype)

    def _make_exact(self) -> NativeEncoder:
        return NativeEncoder(self._checkpoint, device=self._device, precision="fp32")


class _Lazy(Generic[T]):
    """A value that is made by the first thread that asks, and kept until it is forgotten.

    It is told how to make it when it is asked: a method kept here would hold its engine, and the
    engine this, so that neither would go before the garbage collector comes.
    """

    def __init__(self) -> None:
        self._lock = ForkLock()
        self._made: tuple[T] | None = None

    def get(self, make: Callable[[], T]) -> T:
        made = self._made  # read once: another thread may forget it
        if made is None:
            with self._lock:
                made = self._made = self._made or (make(),)
        return made[0]

    def forget(self) -> None:
        """Let go of the value; it is made again when it is asked for."""
        with self._lock:
            self._made = None
