"""Where the benchmark keeps what it makes, and how large it is to be; without torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Weights:
    """The same weights, once for each system.

    Attributes:
        folder: What holds them all.
    """

    folder: Path

    @property
    def archive(self) -> Path:
        """For openai/CLIP: a traced model in fp16 with its sizes, as the published archives are."""
        return self.folder / "ViT-B-32.pt"

    @property
    def state(self) -> Path:
        """For open_clip: the state dict, in fp16."""
        return self.folder / "state.pt"

    @property
    def huggingface(self) -> Path:
        """For transformers: a folder with model, tokenizer and image processor."""
        return self.folder / "huggingface"

    @property
    def zsclip(self) -> Path:
        """For zsclip: a folder of downloads with the safetensors that its first load keeps."""
        return self.folder / "zsclip"


@dataclass(frozen=True)
class Exports:
    """The image tower of the same weights as ONNX.

    Attributes:
        folder: What holds the files.
    """

    folder: Path

    @property
    def whole(self) -> Path:
        """In fp32."""
        return self.folder / "image.onnx"

    @property
    def int8(self) -> Path:
        """The weights of its matrix products in int8."""
        return self.folder / "image-int8.onnx"


@dataclass(frozen=True)
class Work:
    """One run of the benchmark.

    Attributes:
        folder: What is made goes in here.
        quick: Try everything out, with sizes that mean little.
        rounds: How often every system has its turn; None leaves it to the section.
        labels: How many labels of ImageNet zsclip embeds.
        device: Where everybody computes: ``"cpu"`` or ``"cuda"``.
    """

    folder: Path
    quick: bool = False
    rounds: int | None = None
    labels: int = 1000
    device: str = "cpu"

    @property
    def weights(self) -> Weights:
        """The weights, made or not."""
        return Weights(self.folder / "weights")

    @property
    def exports(self) -> Exports:
        """The image tower for engines that run exported models, exported or not."""
        return Exports(self.folder / "exports")

    @property
    def on_gpu(self) -> bool:
        """Whether everybody computes on a GPU."""
        return self.device != "cpu"

    def size(self, full: T, quick: T) -> T:
        """One of two sizes."""
        return quick if self.quick else full

    def turns(self, full: int) -> int:
        """How many rounds, where a section has its own wish."""
        return self.rounds or self.size(full, 1)
