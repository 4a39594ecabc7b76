"""The engine that drives whatever open_clip makes: SigLIP, CoCa, MobileCLIP, PE, EVA, ConvNeXt.

Texts go through the tower as open_clip's tokenizer pads them, to the whole context, since many of
these towers see the padding: nothing is trimmed, and no beginnings are shared.
"""

from __future__ import annotations

import copy
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from zsclip.clip import pad
from zsclip.downloads.wanted import Verified
from zsclip.encoders.calls import undisturbed
from zsclip.encoders.devices import (
    TEXT_BATCH,
    choose_device,
    choose_precision,
    require_precision,
    to_unit_rows,
)
from zsclip.encoders.mending import mend
from zsclip.encoders.open_clip_about import (
    activation_of,
    activations_of,
    recipe_of,
    require_fitting,
    require_model,
    text_size,
)
from zsclip.encoders.open_clip_library import import_open_clip
from zsclip.encoders.open_clip_loading import Found, find
from zsclip.encoders.open_clip_pixels import Pixels
from zsclip.encoders.open_clip_texts import Tokens
from zsclip.encoders.protocol import ModelInfo, TooLong
from zsclip.encoders.towers import PlainTower
from zsclip.encoders.transfer import send
from zsclip.errors import ParameterError
from zsclip.forks import ForkLock
from zsclip.formats.layouts import in_memory
from zsclip.weights.proven import ProvenTensors
from zsclip.wording import brief

__all__ = ["OpenClipEncoder", "create_encoder"]

_PRECISIONS = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}


def create_encoder(
    model: str | os.PathLike[str] | None = None,
    *,
    device: str | torch.device = "auto",
    precision: str = "auto",
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
    activation: str | None = None,
) -> OpenClipEncoder:
    """Find a model by its name or folder, and make the engine that has open_clip run it.

    Args:
        model: ``architecture/tag`` in open_clip's words, ``hf-hub:organization/name``, or a folder
            with ``open_clip_config.json`` and the weights.
        device: As for zsclip's own engine.
        precision: As for zsclip's own engine.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.
        activation: None: a model of open_clip's says itself which it was trained with.

    Raises:
        EncoderNotFoundError: open_clip is not installed.
        ModelNotFoundError: open_clip has no model of this name, and there is no such folder.
        CheckpointError: The weights do not fit, are damaged, or are not let through.
        DownloadError: The weights are not there and cannot be fetched.
        DeviceError: The device does not exist here.
        ParameterError: `precision` is none of these.
        ParameterTypeError: `model` is no text and no path.
    """
    if activation is not None:
        raise ParameterError(
            "`activation` is for bare weights, and a model of the encoder 'open-clip' says itself "
            "what it was trained with. Leave it out."
        )

    def create() -> OpenClipEncoder:
        chosen = choose_device(device)  # before a download that would be for nothing
        require_precision(precision)
        import_open_clip()
        found = find(model, download_root=download_root, progress=progress, offline=offline)
        return OpenClipEncoder.of(found, chosen, precision)

    return undisturbed(None, create)


class OpenClipEncoder:
    """A model of open_clip's, behind zsclip's protocol. May be shared between threads.

    Args:
        model: What ``open_clip.create_model`` returned, in evaluation mode. Not changed.
        preprocess: The transform for inference, the last thing that
            ``open_clip.create_model_and_transforms`` returns.
        tokenizer: What ``open_clip.get_tokenizer`` returned.
        name: What to call it.

    Raises:
        ParameterTypeError: One of them is not what open_clip makes.
        ParameterError: The model is in training mode, or has another context than the tokenizer.
    """

    def __init__(
        self, model: Any, preprocess: Any, tokenizer: Any, *, name: str = "open_clip"
    ) -> None:
        import_open_clip()
        require_model(model)
        pixels, tokens = Pixels(preprocess), Tokens(tokenizer)
        self._set(model, pixels, tokens, None, name, "a model that was handed over")
        require_fitting(model, tokens)

    @classmethod
    def of(cls, found: Found, device: torch.device, precision: str) -> OpenClipEncoder:
        """A model that was found by its name, on a device, in a precision.

        Raises:
            CheckpointError: The weights do not fit, or are damaged.
            NonFiniteError: They hold NaN, infinity, or a variance below zero.
        """
        self = cls.__new__(cls)
        model, pixels, tokens = found.make()
        # of what was loaded, before it is rounded: the same in every precision
        state, where = model.state_dict(), Path(found.weights or found.source)
        weights = ProvenTensors(in_memory(state), where, None, "").identity
        self._set(
            model,
            pixels,
            tokens,
            weights,
            found.name,
            found.source,
            path=found.path,
            verified=found.verified,
            precision=choose_precision(precision, device),
            device=device,
            again=found,
        )
        return self

    def _set(
        self,
        model: Any,
        pixels: Pixels,
        tokens: Tokens,
        sha256: str | None,
        name: str,
        source: str,
        *,
        path: str | None = None,
        verified: Verified | None = None,
        precision: tuple[str, torch.dtype] | None = None,
        device: torch.device | None = None,
        again: Found | None = None,
    ) -> None:
        weight = next(model.visual.parameters())
        bias: Any = getattr(model, "logit_bias", None)
        scale: Any = model.logit_scale
        activations = activations_of(model)
        self._pixels, self._tokens, self._sha256, self._again = pixels, tokens, sha256, again
        self._device = weight.device if device is None else device
        called, dtype = precision or (_PRECISIONS.get(weight.dtype, ""), weight.dtype)
        self._dtype: torch.dtype = dtype
        self._info = ModelInfo(
            name=name,
            encoder="open-clip",
            parameters=sum(p.numel() for p in model.parameters()),
            input_resolution=pixels.resolution,
            context_length=tokens.context_length,
            vocab_size=text_size(model, "vocab_size"),
            embedding_dim=text_size(model, "output_dim"),
            logit_scale=float(scale.detach().float().exp()),
            logit_bias=0.0 if bias is None else float(bias.detach().float()),
            score_function="softmax" if bias is None else "sigmoid",
            device=str(self._device),
            precision=called or str(weight.dtype),
            source=source,
            path=path,
            activation=activation_of(activations),
            verified=verified,
            recipe=recipe_of(model, pixels, tokens, activations),
        )
        self._model: Any = model if again is None else _lay_out(model, self._device, self._dtype)
        self._in_fp32: OpenClipEncoder | None = None
        self._mending = ForkLock()

    def __repr__(self) -> str:
        info = self._info
        return f"<OpenClipEncoder {brief(info.name)} on {info.device} in {info.precision}>"

    @property
    def context_length(self) -> int:
        """How many tokens a text may have, those that the model adds included."""
        return self._tokens.context_length

    @property
    def weights_sha256(self) -> str | None:
        """The SHA-256 of the model's tensors, the same for the same numbers in any file.

        None for a model that was handed over, which may change.
        """
        return self._sha256

    @property
    def model_info(self) -> ModelInfo:
        """What this engine runs, and where."""
        return self._info

    # ------------------------------------------------------------------------------- pictures

    @property
    def preprocessing(self) -> str:
        """What `prepare` and the scaling after it do."""
        return f"open_clip {self._pixels.description}"

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """Make one RGB picture square as the model wants it: uint8 (resolution, resolution, 3)."""
        return self._pixels.prepare(image)

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed RGB pictures of any sizes: float32 (n, d), L2-normalized."""
        side = self._pixels.resolution
        pixels = np.empty((len(images), side, side, 3), np.uint8)
        for row, image in zip(pixels, images, strict=True):
            row[...] = self.prepare(image)
        return self.encode_pixels(pixels)

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed pictures that `prepare` made: float32 (n, d), L2-normalized."""
        if not len(pixels):
            return np.empty((0, self._info.embedding_dim), np.float32)
        return undisturbed(self._device, self._encode_pixels, pixels)

    @torch.inference_mode()
    def _encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        x = self._pixels.normalize(send(pixels, self._device))
        rows = to_unit_rows(self._model.encode_image(x.to(self._dtype)))
        return self._mend(rows, "pictures", lambda exact, bad: exact._encode_pixels(pixels[bad]))

    def plain_tower(self) -> PlainTower:
        """The image tower as it is written down for elsewhere: in fp32, on the CPU."""
        model = self._again.make()[0] if self._again else copy.deepcopy(self._model)
        return self._pixels.plain_tower(model)

    # ---------------------------------------------------------------------------------- texts

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """Embed texts: float32 (n, d), L2-normalized.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        return undisturbed(self._device, self._encode_ids, self.tokenize(texts, too_long=too_long))

    def tokenize(self, texts: Sequence[str], *, too_long: TooLong = "error") -> list[list[int]]:
        """The token ids of each text, which alone say what its embedding is.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        return self._tokens.encode(texts, too_long=too_long)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, those that the model adds included."""
        return self._tokens.count(texts)

    @torch.inference_mode()
    def _encode_ids(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        rows = np.empty((len(ids), self._info.embedding_dim), np.float32)
        for start in range(0, len(ids), TEXT_BATCH):
            batch = slice(start, start + TEXT_BATCH)
            tokens = torch.from_numpy(pad(ids[batch], self.context_length)).to(self._device)
            rows[batch] = to_unit_rows(self._model.encode_text(tokens))
        return self._mend(
            rows, "texts", lambda exact, bad: exact._encode_ids([ids[i] for i in bad])
        )

    def _mend(
        self,
        rows: NDArray[np.float32],
        what: str,
        again: Callable[[OpenClipEncoder, list[int]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        found = self._again
        if found is None:  # handed over: it is computed with as it is
            return rows

        def exact(bad: list[int]) -> NDArray[np.float32]:
            with self._mending:
                if self._in_fp32 is None:
                    self._in_fp32 = OpenClipEncoder.of(found, self._device, "fp32")
            return again(self._in_fp32, bad)

        return mend(
            rows,
            exact,
            what=what,
            model=self._info.name,
            device=self._device,
            precision=self._info.precision,
        )


def _lay_out(model: nn.Module, device: torch.device, dtype: torch.dtype) -> Any:
    """A model that is zsclip's own, in a precision on a device, without what embeds nothing."""
    if hasattr(model, "text_decoder"):  # CoCa's, which writes captions
        del model.text_decoder
    model.to(device=device, dtype=dtype)
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.float()  # statistics are not rounded; it takes inputs of either precision
    return model
