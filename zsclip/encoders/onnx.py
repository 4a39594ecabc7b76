"""The engine for a classifier that was exported to one ONNX file: pictures only, and no torch.

ONNX Runtime computes the embeddings. What happens to a picture before that is CLIP's preprocessing
on Pillow pictures, the same code as where torch is, also for files that hold a way to resize of
their own: for a square of the model's size that changes nothing. The tower for texts stayed behind
when the file was made.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from zsclip.cache import FileStamp
from zsclip.clip import resize_and_crop, to_pixels
from zsclip.encoders.onnx_about import About, about_of
from zsclip.encoders.onnx_session import Sessions, choose_provider, require_unchanged
from zsclip.encoders.protocol import ModelInfo, TooLong
from zsclip.errors import CheckpointError, NoTextTowerError, ParameterError, ParameterTypeError
from zsclip.files import file_sha256, reason_of
from zsclip.forks import ForkLock, PerProcess
from zsclip.formats.onnx_file import OnnxFault, read_onnx_metadata
from zsclip.wording import brief

__all__ = ["OnnxEncoder", "create_encoder"]


def create_encoder(
    model: str | os.PathLike[str] | None = None,
    *,
    activation: str | None = None,
    device: str = "auto",
    precision: str = "auto",
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
) -> OnnxEncoder:
    """Make the engine that runs an exported file.

    Args:
        model: The path of the file.
        activation: None; the file has its own.
        device: ``"auto"`` (CUDA where ONNX Runtime can use it, else the CPU), ``"cpu"``,
            ``"cuda"``, ``"cuda:1"``.
        precision: ``"auto"``, or the one that the file was exported in.
        download_root: Nothing is downloaded.
        progress: Nothing is downloaded.

    Raises:
        MissingExtraError: ONNX Runtime is not installed.
        CheckpointError: The file is no exported classifier, or damaged.
        DeviceError: ONNX Runtime cannot use the device here.
        ParameterError: `precision` is not that of the file, or `activation` is given.
        ParameterTypeError: `model` is no path.
    """
    if not isinstance(model, str | os.PathLike):
        raise ParameterTypeError(
            "`model` must be the path of a file that `ZeroShotClassifier.export` wrote, for the "
            f"encoder 'onnx', got {brief(model)}."
        )
    path = Path(os.path.abspath(os.fspath(model)))  # noqa: PTH100 - links stay as they are
    stamp = FileStamp.of(path)
    try:
        about = about_of(read_onnx_metadata(path))
    except (OSError, OnnxFault) as error:
        reason = reason_of(error) if isinstance(error, OSError) else str(error)
        raise CheckpointError(
            f"Cannot run {brief(str(path))}: {reason}. Give a file that "
            "`ZeroShotClassifier.export` wrote."
        ) from error
    if activation is not None:
        raise ParameterError(
            f"`activation` is {brief(activation)}, and an exported file has its own. Leave it out."
        )
    if precision not in ("auto", about.info.precision):
        raise ParameterError(
            f"`precision` is {brief(precision)}, and {brief(path.name)} was exported in "
            f"{about.info.precision}. Leave it out, or export the classifier anew in the precision "
            "that is wanted."
        )
    return OnnxEncoder(path, stamp, about, device)


def _hashing(path: Path, stamp: FileStamp | None) -> Future[str]:
    """The SHA-256 of a file, read through on a thread of its own."""
    found: Future[str] = Future()

    def run() -> None:
        try:
            require_unchanged(path, stamp)
            sha256 = file_sha256(path)
            require_unchanged(path, stamp)
            found.set_result(sha256)
        except BaseException as error:  # noqa: BLE001 - raised where it is asked for
            found.set_exception(error)

    threading.Thread(target=run, name="zsclip-hash", daemon=True).start()
    return found


class OnnxEncoder:
    """The tower for pictures of an exported file. It is loaded when it is first needed.

    May be shared between threads, and found again by a forked child, which loads its own.

    Args:
        path: The file, absolute.
        stamp: The file as it was before it was read.
        about: What it says of itself.
        device: The device, or ``"auto"``.
    """

    def __init__(self, path: Path, stamp: FileStamp | None, about: About, device: str) -> None:
        self._path, self._stamp, self._about = path, stamp, about
        provider, where = choose_provider(device)
        self._info = about.info_for(path, where)
        self._sessions = Sessions(path, provider, about, stamp)
        self._sha256: str | None = None
        self._hashing: PerProcess[Future[str]] = PerProcess(partial(_hashing, path, stamp))
        self._lock = ForkLock()

    def __repr__(self) -> str:
        return f"<OnnxEncoder {brief(self._path.name)} on {self._info.device}>"

    @property
    def context_length(self) -> int:
        """0: no text may have any, so that new labels are refused before they are used."""
        return 0

    @property
    def model_info(self) -> ModelInfo:
        """What this engine runs, and where."""
        return self._info

    @property
    def weights_sha256(self) -> str:
        """The SHA-256 of the whole file, which is read through for it, once."""
        if self._sha256 is None:
            self._sha256 = self._hashed().result()
        return self._sha256

    def _hashed(self) -> Future[str]:
        with self._lock:
            return self._hashing.get()

    @property
    def preprocessing(self) -> str:
        """What `prepare` does."""
        square = self._about.square
        return f"onnx {self._info.input_resolution} {square.resize} {square.interpolation}"

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """One RGB picture as the model's square: uint8 (resolution, resolution, 3)."""
        resolution = self._info.input_resolution
        return np.asarray(resize_and_crop(image, resolution, self._about.square))

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed RGB pictures of any sizes: float32 (n, d), L2-normalized."""
        resolution = self._info.input_resolution
        return self.encode_pixels(to_pixels(images, resolution, self._about.square))

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed pictures that `prepare` made: float32 (n, d), L2-normalized."""
        if not len(pixels):
            return np.empty((0, self._info.embedding_dim), np.float32)
        if self._sha256 is None:  # predictions name it: beside the loading of the model
            self._hashed()
        return self._sessions.embed(pixels)

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """There is no tower for texts.

        Raises:
            NoTextTowerError: Always.
        """
        self._refuse(texts)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """There is no tower for texts.

        Raises:
            NoTextTowerError: Always.
        """
        self._refuse(texts)

    def _refuse(self, texts: Sequence[str]) -> NoReturn:
        raise NoTextTowerError(
            f"Cannot embed {brief(texts[0]) if len(texts) else 'texts'}: {brief(self._path.name)} "
            "is an exported classifier, which knows its own labels alone; the tower for texts "
            f"stayed with {brief(self._info.name)}. Make the classifier with the new labels where "
            "that is (and torch), and export it anew."
        )
