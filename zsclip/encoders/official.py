"""The engine that drives a model of the official `clip` package."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import nn

from zsclip.clip import Tokenizer, pad
from zsclip.encoders.calls import undisturbed
from zsclip.encoders.devices import TEXT_BATCH, to_unit_rows
from zsclip.encoders.protocol import ModelInfo, TooLong
from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.wording import brief

__all__ = ["OfficialEncoder"]

_ATTRIBUTES = ("encode_image", "encode_text", "logit_scale", "context_length", "visual")
_TENSORS = ("visual.conv1.weight", "token_embedding.weight", "text_projection")
_PRECISIONS = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}


class OfficialEncoder:
    """What ``clip.load`` returned, behind zsclip's protocol.

    Args:
        model: The model, in evaluation mode as ``clip.load`` leaves it. Not changed.
        preprocess: The transform that came with it: a picture to a tensor (3, height, width).

    Raises:
        ParameterTypeError: `model` or `preprocess` is not what ``clip.load`` returns.
        ParameterError: The model is in training mode.
    """

    def __init__(self, model: Any, preprocess: Callable[[Image.Image], torch.Tensor]) -> None:
        _require_model(model)
        if not callable(preprocess):
            raise ParameterTypeError(
                "`preprocess` must be the second thing that clip.load returns, got "
                f"{brief(preprocess)}."
            )
        self._model = model
        self._preprocess = preprocess
        state = model.state_dict()
        weight = state["visual.conv1.weight"]
        self._device = weight.device
        self._tokenizer = Tokenizer(int(model.context_length))
        resolution = getattr(model.visual, "input_resolution", None)
        if resolution is None:  # a TorchScript model keeps it at the top
            resolution = model.input_resolution
        self._info = ModelInfo(
            name="CLIP",
            encoder="official clip",
            parameters=sum(p.numel() for p in model.parameters()),
            input_resolution=int(resolution),
            context_length=self._tokenizer.context_length,
            vocab_size=int(state["token_embedding.weight"].shape[0]),
            embedding_dim=int(state["text_projection"].shape[1]),
            logit_scale=float(model.logit_scale.detach().float().exp()),
            device=str(self._device),
            precision=_PRECISIONS.get(weight.dtype, str(weight.dtype)),
            source="a model that was handed over",
            activation=_activation_of(model),
        )

    def __repr__(self) -> str:
        info = self._info
        return f"<OfficialEncoder {info.parameters:,} parameters on {info.device}>"

    @property
    def context_length(self) -> int:
        """How many tokens a text may have, start and end tokens included."""
        return self._tokenizer.context_length

    @property
    def weights_sha256(self) -> None:
        """Not known: the weights came without their file."""
        return

    @property
    def model_info(self) -> ModelInfo:
        """What this engine runs, and where."""
        return self._info

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed RGB pictures of any sizes: float32 (n, d), L2-normalized."""
        if not images:
            return np.empty((0, self._info.embedding_dim), np.float32)
        return undisturbed(self._device, self._encode_images, images)

    @torch.inference_mode()
    def _encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        batch = torch.stack([self._preprocess(image) for image in images]).to(self._device)
        return to_unit_rows(self._model.encode_image(batch))

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """Embed texts: float32 (n, d), L2-normalized.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        ids = self.tokenize(texts, too_long=too_long)
        return undisturbed(self._device, self._encode_ids, ids)

    @torch.inference_mode()
    def _encode_ids(self, ids: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        out = np.empty((len(ids), self._info.embedding_dim), np.float32)
        for start in range(0, len(ids), TEXT_BATCH):
            rows = slice(start, start + TEXT_BATCH)
            tokens = torch.from_numpy(pad(ids[rows], self.context_length)).to(self._device)
            out[rows] = to_unit_rows(self._model.encode_text(tokens))
        return out

    def tokenize(self, texts: Sequence[str], *, too_long: TooLong = "error") -> list[list[int]]:
        """The token ids of each text, which alone say what its embedding is.

        Raises:
            PromptTooLongError: A text is too long, and is not to be cut.
        """
        return self._tokenizer.encode(texts, too_long=too_long)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, start and end tokens included."""
        return self._tokenizer.count(texts)


def _activation_of(model: nn.Module) -> str | None:
    """What stands in the blocks, by the name of the module; None if it is none that is known."""
    # TorchScript has no other way to a module by its name, and keeps that of its class apart
    module = dict(model.named_modules()).get("transformer.resblocks.0.mlp.gelu")
    kind = getattr(module, "original_name", type(module).__name__)
    return {"QuickGELU": "quickgelu", "GELU": "gelu"}.get(kind)


def _require_model(model: object) -> None:
    if not isinstance(model, nn.Module):
        raise _wrong_model(model, "is no PyTorch module")
    state = model.state_dict()
    missing = [name for name in _ATTRIBUTES if not hasattr(model, name)]
    missing += [name for name in _TENSORS if name not in state]
    if missing:
        raise _wrong_model(model, f"lacks {', '.join(missing)}")
    if model.training:
        raise ParameterError(
            "`model` must be in evaluation mode, and it is in training mode, in which batch norm "
            "gives other embeddings. Call model.eval() first."
        )


def _wrong_model(model: object, fault: str) -> ParameterTypeError:
    return ParameterTypeError(
        f"`model` must be the first thing that clip.load returns, and this {type(model).__name__} "
        f"{fault}. A model of another library needs an encoder of its own."
    )
