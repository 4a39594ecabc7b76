"""The systems that zsclip is compared with, each used as its own documentation uses it.

One class each, with the same methods.
"""

from __future__ import annotations

import copy
import functools
import os
import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import torch
from PIL import Image
from torch import Tensor

from tests.benchmarks.files import Weights
from tests.benchmarks.weights import import_clip, quiet_torchscript

BATCH = 32
OPEN_CLIP_CLASSES = 10  # at a time, the default of build_zero_shot_classifier


class Peer(Protocol):
    """What the sections ask of a system."""

    name: str

    def images(self, pixels: Tensor) -> Tensor:
        """Embed prepared pictures, float32 (n, 3, 224, 224): (n, d), L2-normalised."""
        ...

    def texts(self, texts: Sequence[str]) -> Tensor:
        """Embed texts: (n, d), L2-normalised."""
        ...

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        """One embedding for each class: (n, d), L2-normalised."""
        ...

    def classify(self, paths: Sequence[Path], labels: Sequence[str], head: Tensor) -> list[str]:
        """The best label of each picture; only systems that keep a head use the one given."""
        ...


class OpenAI:
    """openai/CLIP: ``clip.load``, and the loops of its README and notebook.

    Args:
        weights: The files.
    """

    name = "openai/CLIP"

    def __init__(self, weights: Weights) -> None:
        self._clip = import_clip()
        with quiet_torchscript():
            self._model, self._preprocess = self._clip.load(str(weights.archive), device="cpu")
        self._batch = 1
        self._autocast = False

    def batched(self) -> OpenAI:
        """The same model with pictures 32 at a time; its README has one at a time."""
        other = copy.copy(self)
        other.name, other._batch = f"{self.name}, batch {BATCH}", BATCH
        return other

    def autocast(self) -> OpenAI:
        """The same model under ``torch.autocast`` to bf16."""
        other = copy.copy(self)
        other.name, other._autocast = f"{self.name}, autocast bf16", True
        return other

    def images(self, pixels: Tensor) -> Tensor:
        with torch.no_grad(), _autocast(self._autocast):
            return unit(self._model.encode_image(pixels))

    def texts(self, texts: Sequence[str]) -> Tensor:
        with torch.no_grad(), _autocast(self._autocast):
            return unit(self._model.encode_text(self._clip.tokenize(list(texts))))

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        rows = []
        for name in names:  # the notebook's loop: all templates of one class at a time
            embeddings = self.texts([template.replace("{}", name) for template in templates])
            rows.append(unit(embeddings.mean(dim=0)))
        return torch.stack(rows)

    def classify(self, paths: Sequence[Path], labels: Sequence[str], head: Tensor) -> list[str]:
        answers: list[str] = []
        for start in range(0, len(paths), self._batch):
            chunk = paths[start : start + self._batch]
            pixels = torch.stack([self._preprocess(Image.open(path)) for path in chunk])
            answers += _best(self.images(pixels), head, labels)
        return answers


class OpenClip:
    """open_clip: ``create_model_and_transforms``, ``build_zero_shot_classifier``, a ``DataLoader``.

    Args:
        weights: The files.
    """

    name = "open_clip"

    def __init__(self, weights: Weights) -> None:
        import open_clip

        self._open_clip = open_clip
        self._model, _, self._preprocess = open_clip.create_model_and_transforms(
            "ViT-B-32-quickgelu", pretrained=str(weights.state)
        )
        self._model.eval()
        self._tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")
        self._autocast = False

    def autocast(self) -> OpenClip:
        """The same model under ``torch.autocast`` to bf16."""
        other = copy.copy(self)
        other.name, other._autocast = f"{self.name}, autocast bf16", True
        return other

    def images(self, pixels: Tensor) -> Tensor:
        with torch.no_grad(), _autocast(self._autocast):
            embeddings: Tensor = self._model.encode_image(pixels, normalize=True)
        return embeddings

    def texts(self, texts: Sequence[str]) -> Tensor:
        with torch.no_grad(), _autocast(self._autocast):
            tokens = self._tokenizer(list(texts))
            embeddings: Tensor = self._model.encode_text(tokens, normalize=True)
        return embeddings

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        with _autocast(self._autocast):
            columns: Tensor = self._open_clip.build_zero_shot_classifier(
                self._model,
                tokenizer=self._tokenizer,
                classnames=list(names),
                templates=list(templates),
                num_classes_per_batch=OPEN_CLIP_CLASSES,
            )
        return columns.T

    def classify(self, paths: Sequence[Path], labels: Sequence[str], head: Tensor) -> list[str]:
        dataset: Any = _Pictures(paths, self._preprocess)
        loader: Any = torch.utils.data.DataLoader(dataset, batch_size=BATCH, num_workers=2)
        return [answer for pixels in loader for answer in _best(self.images(pixels), head, labels)]


class HuggingFace:
    """transformers: ``pipeline("zero-shot-image-classification")``.

    Args:
        weights: The files.
    """

    name = "HF pipeline"

    def __init__(self, weights: Weights) -> None:
        transformers = import_transformers()
        self._pipeline = transformers.pipeline(
            "zero-shot-image-classification", model=str(weights.huggingface), device="cpu"
        )
        self._autocast = False

    def autocast(self) -> HuggingFace:
        """The same model under ``torch.autocast`` to bf16."""
        other = copy.copy(self)
        other.name, other._autocast = f"{self.name}, autocast bf16", True
        return other

    def images(self, pixels: Tensor) -> Tensor:
        with torch.no_grad(), _autocast(self._autocast):
            out = self._pipeline.model.get_image_features(pixel_values=pixels)
            return unit(out.pooler_output)

    def texts(self, texts: Sequence[str]) -> Tensor:
        tokens = self._pipeline.tokenizer(list(texts), return_tensors="pt", padding=True)
        with torch.no_grad(), _autocast(self._autocast):
            return unit(self._pipeline.model.get_text_features(**tokens).pooler_output)

    def longest(self, texts: Sequence[str]) -> int:
        """How many tokens each of these texts is padded to."""
        return int(
            self._pipeline.tokenizer(list(texts), return_tensors="pt", padding=True)[
                "input_ids"
            ].shape[1]
        )

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        total = torch.zeros(())
        for template in templates:  # the pipeline takes one template, and all labels in one batch
            total = total + self.texts([template.replace("{}", name) for name in names])
        return unit(total)

    def classify(self, paths: Sequence[Path], labels: Sequence[str], head: Tensor) -> list[str]:
        del head  # the pipeline embeds the labels anew for every batch
        with _autocast(self._autocast):
            results = self._pipeline(
                [str(path) for path in paths],
                candidate_labels=list(labels),
                batch_size=min(BATCH, len(paths)),
            )
        return [result[0]["label"] for result in results]


class _Pictures:
    """A dataset of pictures, as `DataLoader` takes it."""

    def __init__(self, paths: Sequence[Path], preprocess: Any) -> None:
        self._paths = paths
        self._preprocess = preprocess

    def __len__(self) -> int:
        return len(self._paths)

    def __getitem__(self, i: int) -> Any:
        return self._preprocess(Image.open(self._paths[i]))


@functools.cache
def load_peers(weights: Weights) -> tuple[OpenAI, OpenClip, HuggingFace]:
    """All of them, loaded once in a process."""
    return OpenAI(weights), OpenClip(weights), HuggingFace(weights)


def import_transformers() -> Any:
    """`transformers`, without its bars and advice."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers

    transformers.utils.logging.disable_progress_bar()
    return transformers


def _autocast(on: bool) -> AbstractContextManager[Any]:
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=on)


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (..., d), L2-normalised."""
    rows: Tensor = embeddings / embeddings.norm(dim=-1, keepdim=True)
    return rows


def _best(embeddings: Tensor, head: Tensor, labels: Sequence[str]) -> list[str]:
    scores = (100.0 * embeddings.float() @ head.float().T).softmax(dim=-1)
    return [labels[i] for i in scores.argmax(dim=-1).tolist()]
