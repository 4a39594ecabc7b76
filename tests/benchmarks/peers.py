"""The systems that zsclip is compared with, each used as its own documentation uses it.

One class each, with the same methods. On a CPU they compute in fp32, and under `autocast` in bf16;
on a GPU in fp16, which is what each of them advises there.
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
from tests.benchmarks.machine import BATCH, usable_cores
from tests.benchmarks.weights import import_clip, quiet_torchscript

AUTOCAST = "autocast bf16"
OPEN_CLIP_CLASSES = 10  # at a time, the default of build_zero_shot_classifier


class Peer(Protocol):
    """What the sections ask of a system."""

    name: str
    precision: str

    def autocast(self) -> Peer:
        """The same model under ``torch.autocast`` to bf16."""
        ...

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
        device: Where it computes; in fp16 if that is a GPU, which `clip.load` sees to.
    """

    name = "openai/CLIP"

    def __init__(self, weights: Weights, device: str = "cpu") -> None:
        self.precision = _precision(device)
        self._clip, self._device = import_clip(), device
        with quiet_torchscript():
            self._model, self._preprocess = self._clip.load(str(weights.archive), device=device)
        self._batch = 1

    def batched(self, batch: int = BATCH) -> OpenAI:
        """The same model with some pictures at a time; its README has one at a time."""
        other = copy.copy(self)
        other.name, other._batch = f"{self.name}, batch {batch}", batch
        return other

    def autocast(self) -> OpenAI:
        other = copy.copy(self)
        other.name, other.precision = f"{self.name}, {AUTOCAST}", "bf16"
        return other

    def images(self, pixels: Tensor) -> Tensor:
        with torch.no_grad(), autocast(self.precision):
            return fetched(unit(self._model.encode_image(pixels.to(self._device))))

    def texts(self, texts: Sequence[str]) -> Tensor:
        tokens = self._clip.tokenize(list(texts))
        with torch.no_grad(), autocast(self.precision):
            return unit(self._model.encode_text(tokens.to(self._device)))

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        rows = []
        for name in names:  # the notebook's loop: all templates of one class at a time
            embeddings = self.texts([template.replace("{}", name) for template in templates])
            rows.append(unit(embeddings.mean(dim=0)))
        return fetched(torch.stack(rows))

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
        device: Where it computes; in fp16 if that is a GPU.
        batch: How many pictures of a folder it takes at once.
    """

    name = "open_clip"

    def __init__(self, weights: Weights, device: str = "cpu", batch: int = BATCH) -> None:
        import open_clip

        self.precision = _precision(device)
        self._open_clip, self._device, self._batch = open_clip, device, batch
        self._model, _, self._preprocess = open_clip.create_model_and_transforms(
            "ViT-B-32-quickgelu",
            pretrained=str(weights.state),
            precision=self.precision,
            device=device,
        )
        self._model.eval()
        self._tokenizer = open_clip.get_tokenizer("ViT-B-32-quickgelu")

    def autocast(self) -> OpenClip:
        other = copy.copy(self)
        other.name, other.precision = f"{self.name}, {AUTOCAST}", "bf16"
        return other

    def images(self, pixels: Tensor) -> Tensor:
        with torch.no_grad(), autocast(self.precision):
            x = _moved(pixels, self._device)
            return fetched(self._model.encode_image(x, normalize=True))

    def texts(self, texts: Sequence[str]) -> Tensor:
        with torch.no_grad(), autocast(self.precision):
            tokens = self._tokenizer(list(texts)).to(self._device)
            embeddings: Tensor = self._model.encode_text(tokens, normalize=True)
        return embeddings

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        with autocast(self.precision):
            columns: Tensor = self._open_clip.build_zero_shot_classifier(
                self._model,
                tokenizer=self._tokenizer,
                classnames=list(names),
                templates=list(templates),
                num_classes_per_batch=OPEN_CLIP_CLASSES,
                device=self._device,
            )
        return fetched(columns.T)

    def classify(self, paths: Sequence[Path], labels: Sequence[str], head: Tensor) -> list[str]:
        dataset: Any = _Pictures(paths, self._preprocess)
        loader: Any = torch.utils.data.DataLoader(
            dataset,
            batch_size=self._batch,
            num_workers=usable_cores(),
            pin_memory=self._device != "cpu",
        )
        return [answer for pixels in loader for answer in _best(self.images(pixels), head, labels)]


class HuggingFace:
    """transformers: ``pipeline("zero-shot-image-classification")``.

    Args:
        weights: The files.
        device: Where it computes; in fp16 if that is a GPU.
        batch: How many pictures of a folder it takes at once.
    """

    name = "HF pipeline"

    def __init__(self, weights: Weights, device: str = "cpu", batch: int = BATCH) -> None:
        transformers = import_transformers()
        self.precision = _precision(device)
        self._device, self._batch = device, batch
        self._pipeline = transformers.pipeline(
            "zero-shot-image-classification",
            model=str(weights.huggingface),
            device=device,
            dtype=torch.float32 if device == "cpu" else torch.float16,
        )

    def autocast(self) -> HuggingFace:
        other = copy.copy(self)
        other.name, other.precision = f"{self.name}, {AUTOCAST}", "bf16"
        return other

    def images(self, pixels: Tensor) -> Tensor:
        with torch.no_grad(), autocast(self.precision):
            x = _moved(pixels, self._device)
            out = self._pipeline.model.get_image_features(pixel_values=x)
            return fetched(unit(out.pooler_output))

    def texts(self, texts: Sequence[str]) -> Tensor:
        tokens = self._pipeline.tokenizer(list(texts), return_tensors="pt", padding=True)
        tokens = tokens.to(self._device)
        with torch.no_grad(), autocast(self.precision):
            return unit(self._pipeline.model.get_text_features(**tokens).pooler_output)

    def longest(self, texts: Sequence[str]) -> int:
        """How many tokens each of these texts is padded to."""
        return int(
            self._pipeline.tokenizer(list(texts), return_tensors="pt", padding=True)[
                "input_ids"
            ].shape[1]
        )

    def head(self, names: Sequence[str], templates: Sequence[str]) -> Tensor:
        total = torch.zeros((), device=self._device)
        for template in templates:  # the pipeline takes one template, and all labels in one batch
            total = total + self.texts([template.replace("{}", name) for name in names])
        return fetched(unit(total))

    def classify(self, paths: Sequence[Path], labels: Sequence[str], head: Tensor) -> list[str]:
        del head  # the pipeline embeds the labels anew for every batch
        with autocast(self.precision):
            results = self._pipeline(
                [str(path) for path in paths],
                candidate_labels=list(labels),
                batch_size=min(self._batch, len(paths)),
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
def load_peers(
    weights: Weights, device: str = "cpu", batch: int = BATCH
) -> tuple[OpenAI, OpenClip, HuggingFace]:
    """All of them, loaded once in a process."""
    return (
        OpenAI(weights, device),
        OpenClip(weights, device, batch),
        HuggingFace(weights, device, batch),
    )


def in_each_precision(peers: Sequence[Peer]) -> list[Peer]:
    """Each as it is, and on a CPU under autocast behind it."""
    both = ([peer, peer.autocast()] if peer.precision == "fp32" else [peer] for peer in peers)
    return [peer for some in both for peer in some]


def import_transformers() -> Any:
    """`transformers`, without its bars and advice."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import transformers

    transformers.utils.logging.disable_progress_bar()
    return transformers


def autocast(precision: str) -> AbstractContextManager[Any]:
    """What a peer's calls stand in: autocast on a CPU, if it computes in bf16."""
    return torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16")


def _precision(device: str) -> str:
    return "fp32" if device == "cpu" else "fp16"


def _moved(pixels: Tensor, device: str) -> Tensor:
    """Pictures on the device, in what the models there take."""
    return pixels if device == "cpu" else pixels.to(device).half()


def fetched(embeddings: Tensor) -> Tensor:
    """Embeddings in the CPU's memory, in fp32; a GPU is done when this returns."""
    return embeddings.float().cpu()


def unit(embeddings: Tensor) -> Tensor:
    """Embeddings (..., d), L2-normalised."""
    rows: Tensor = embeddings / embeddings.norm(dim=-1, keepdim=True)
    return rows


def _best(embeddings: Tensor, head: Tensor, labels: Sequence[str]) -> list[str]:
    scores = (100.0 * embeddings.float() @ head.float().T).softmax(dim=-1)
    return [labels[i] for i in scores.argmax(dim=-1).tolist()]
