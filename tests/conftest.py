"""What tests of several rooms share: an engine without torch, pictures of one color, drawings."""

from __future__ import annotations

import dataclasses
import hashlib
import importlib.resources
import itertools
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from zsclip import EmbeddingCache, ModelInfo, ZeroShotClassifier
from zsclip.cache import FileStamp
from zsclip.errors import PromptTooLongError

if TYPE_CHECKING:
    from zsclip.weights.checkpoints import Checkpoint

pytest_plugins = ["checkpoint_fixtures", "distribution_fixtures"]  # of tests/support

# Before torch is loaded: on a machine that does other work as well, several threads that wait for
# each other take forty times as long over a small model as one does.
os.environ.setdefault("OMP_NUM_THREADS", "1")

hypothesis.settings.register_profile("zsclip", deadline=None)  # nothing here depends on time
hypothesis.settings.load_profile("zsclip")

COLORS = {
    "red": (255, 0, 0),
    "green": (0, 255, 0),
    "blue": (0, 0, 255),
    "white": (255, 255, 255),
}


_serial = itertools.count(1)


class FakeEncoder:
    """An engine that knows four colors, and keeps a record of what it was asked for.

    A text's vector is that of the color it names, moved a little by the rest of its words; that of
    a text without a color is random but always the same. A token is a word.

    Attributes:
        image_batches: The number of pictures of each call.
        text_batches: The texts of each call.
    """

    def __init__(
        self,
        *,
        logit_scale: float = 20.0,
        logit_bias: float = 0.0,
        score_function: Literal["softmax", "sigmoid"] = "softmax",
        context_length: int = 77,
        precision: str = "fp32",
        weights_sha256: str | None = "ab" * 32,
    ) -> None:
        self.context_length = context_length
        self.weights_sha256 = weights_sha256
        self.model_info = ModelInfo(
            name="colors",
            encoder="fake",
            parameters=24,
            input_resolution=1,
            context_length=context_length,
            vocab_size=4,
            embedding_dim=8,
            logit_scale=logit_scale,
            logit_bias=logit_bias,
            score_function=score_function,
            device="cpu",
            precision=precision,
            source="tests",
        )
        self.image_batches: list[int] = []
        self.text_batches: list[list[str]] = []
        self._basis = np.linalg.qr(np.random.default_rng(0).normal(size=(8, 8)))[0][:4]

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        self.image_batches.append(len(images))
        return _unit([self._color(np.asarray(image).mean(axis=(0, 1))) for image in images])

    def encode_texts(
        self, texts: Sequence[str], *, too_long: Literal["error", "cut"] = "error"
    ) -> NDArray[np.float32]:
        self.text_batches.append(list(texts))
        rows = []
        for text in texts:
            words = text.split()
            if len(words) + 2 > self.context_length:
                fits = self.context_length - 2
                if too_long == "error":
                    cut = " ".join(words[fits:])
                    raise PromptTooLongError(text, len(words) + 2, self.context_length, cut)
                words = words[:fits]
            vector = 0.3 * _unit([_random_vector(" ".join(words))])[0].astype(np.float64)
            for name, color in COLORS.items():
                if name in " ".join(words):
                    vector += self._color(np.array(color))
            rows.append(vector)
        return _unit(rows)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) + 2 for text in texts]

    def _color(self, rgb: NDArray[np.float64]) -> NDArray[np.float64]:
        """One direction for each channel, and one that all colors have in common."""
        color: NDArray[np.float64] = np.array([*rgb / 255, 0.2]) @ self._basis
        return color


def _random_vector(text: str) -> NDArray[np.float64]:
    seed = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).normal(size=8)


def _unit(
    rows: Sequence[NDArray[np.float64]] | Sequence[NDArray[np.float32]],
) -> NDArray[np.float32]:
    stacked = np.stack(rows)
    unit: NDArray[np.float32] = (stacked / np.linalg.norm(stacked, axis=1, keepdims=True)).astype(
        np.float32
    )
    return unit


@pytest.fixture(scope="session", autouse=True)
def _not_the_cache_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("caches")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ZSCLIP_CACHE", str(folder / "shared"))  # by what is made for several tests
        patch.setenv("ZSCLIP_PRECISION", "fp32")  # whichever this processor is faster in
        yield folder


@pytest.fixture(autouse=True)
def cache_folder(_not_the_cache_of_the_user: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the cache, which each test has to itself."""
    folder = _not_the_cache_of_the_user / str(next(_serial))
    monkeypatch.setenv("ZSCLIP_CACHE", str(folder))
    for name in ("ZSCLIP_TRUST", "ZSCLIP_MIRROR", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")  # where nobody answers
    monkeypatch.setenv("HF_HOME", str(folder / "huggingface"))
    return folder


@pytest.fixture
def plain_stamps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stamps as on a file system without inodes and times of change, so that a test can set all."""
    stamp_of = FileStamp.of

    def plain(path: Any, **options: Any) -> FileStamp | None:
        stamp = stamp_of(path, **options)
        return stamp and dataclasses.replace(stamp, ctime_ns=0, inode=0)

    monkeypatch.setattr(FileStamp, "of", staticmethod(plain))


@pytest.fixture
def fake_encoder() -> type[FakeEncoder]:
    """The class `FakeEncoder`."""
    return FakeEncoder


@pytest.fixture
def fake() -> FakeEncoder:
    """An engine without torch, new for each test."""
    return FakeEncoder()


@pytest.fixture
def colors(fake: FakeEncoder) -> ZeroShotClassifier:
    """A classifier of red, green and blue over `fake`, three pictures at a time, uncached."""
    return ZeroShotClassifier(
        ["red", "green", "blue"], templates=["a {} thing."], encoder=fake, batch_size=3, cache=False
    )


@pytest.fixture
def solid() -> Callable[[str], Image.Image]:
    """Makes a picture of one color, by its name."""
    return lambda color: Image.new("RGB", (4, 4), COLORS[color])


@pytest.fixture
def swatches(tmp_path: Path, solid: Callable[[str], Image.Image]) -> Path:
    """A folder with ``1-red.png``, ``2-green.png`` and ``3-blue.png``."""
    folder = tmp_path / "swatches"
    folder.mkdir()
    for i, color in enumerate(("red", "green", "blue"), start=1):
        solid(color).save(folder / f"{i}-{color}.png")
    return folder


@pytest.fixture(scope="session")
def drawings() -> Path:
    """The folder of the demo's drawings, of 13 animals."""
    return Path(str(importlib.resources.files("zsclip") / "demo" / "drawings"))


@pytest.fixture(scope="session")
def tiny() -> ZeroShotClassifier:
    """A classifier of four animals over the embedded model."""
    return ZeroShotClassifier(
        ["frog", "fish", "octopus", "tiger"],
        templates=["a cartoon {}.", "a drawing of a {}."],
        model="tiny-cartoon",
        device="cpu",
        precision="fp32",
    )


@pytest.fixture
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The towers that are loaded from here on."""
    from zsclip.weights import checkpoints  # loads torch, which few tests need

    loaded: list[str] = []
    for name in ("load_image_tower", "load_text_tower"):
        method: Any = getattr(checkpoints.Checkpoint, name)

        def counted(self: Checkpoint, name: str = name, method: Any = method) -> Any:
            loaded.append(name)
            return method(self)

        monkeypatch.setattr(checkpoints.Checkpoint, name, counted)
    return loaded


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[EmbeddingCache]:
    """An empty cache."""
    made = EmbeddingCache(tmp_path / "kept")
    yield made
    made.close()
