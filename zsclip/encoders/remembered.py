"""`RememberedEncoder`: an engine known from the last start, which is made when it must compute.

What an engine is for a cache (its weights' SHA-256, its sizes, how it prepares pictures) takes
PyTorch to find out, which takes longer to load than all else that is asked of a cache in which
everything is. So it is noted in ``models.json`` beside the embeddings, and holds for as long as the
file of the weights has its stamp and all is asked for in the same words. The engine that is made in
the end is compared with it.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import RACY_NS, FileStamp
from zsclip.encoders.contract import as_pixel_encoder
from zsclip.encoders.notes import place_of_notes, read_notes, write_notes
from zsclip.encoders.protocol import Encoder, ModelInfo, PixelEncoder, TokenEncoder, TooLong
from zsclip.encoders.registry import (
    OWN,
    create_encoder,
    engine_key,
    is_own,
    note_making,
    resolve_encoder,
)
from zsclip.forks import ForkLock
from zsclip.version import __version__
from zsclip.weights import is_known

if TYPE_CHECKING:
    from PIL import Image

__all__ = ["ChangedError", "RememberedEncoder", "recall_encoder", "remember_encoder"]

FILE = "models.json"
MOST_KEPT = 20

# What decides, beside what is asked for, which model a name comes to, and what is computed with.
_VARIABLES = (
    *("ZSCLIP_PRECISION", "ZSCLIP_CACHE", "ZSCLIP_MIRROR", "HOME"),
    *("CUDA_VISIBLE_DEVICES", "PYTORCH_ENABLE_MPS_FALLBACK"),
)


class ChangedError(Exception):
    """The engine that was made is another one than was remembered; what is kept of it is not."""


class RememberedEncoder:
    """zsclip's own engine, known by what it was the last time.

    Args:
        info: What it said of its model.
        weights_sha256: The SHA-256 of its weights.
        preprocessing: What it called its way to prepare pictures.
        model: What it is made of when it must compute, as for `create_encoder`.
        options: What it is made with.
    """

    def __init__(
        self,
        info: ModelInfo,
        weights_sha256: str,
        preprocessing: str,
        model: str | os.PathLike[str] | None,
        options: dict[str, Any],
    ) -> None:
        self.model_info = info
        self.weights_sha256 = weights_sha256
        self.preprocessing = preprocessing
        self._model, self._options = model, options
        self._made: PixelEncoder | None = None
        self._lock = ForkLock()

    @property
    def context_length(self) -> int:
        """How many tokens a text may have, start and end tokens included."""
        return self.model_info.context_length

    @property
    def made(self) -> PixelEncoder:
        """The engine itself, made by now.

        Raises:
            ChangedError: It is another one than was remembered.
        """
        with self._lock:
            if self._made is None:
                made = as_pixel_encoder(create_encoder(OWN[0].name, self._model, **self._options))
                if made is None or _identity(made) != _identity(self):
                    raise ChangedError(
                        f"The model {self.model_info.name!r} is not what it was the last time. "
                        "Ask again: it is known anew."
                    )
                self._made = made
            return self._made

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Embed pictures: float32 (n, d), L2-normalized."""
        return self.made.encode_images(images)

    def prepare(self, image: Image.Image) -> NDArray[np.uint8]:
        """One picture as the model's square: uint8 (resolution, resolution, 3)."""
        return self.made.prepare(image)

    def encode_pixels(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed what `prepare` made: float32 (n, d), L2-normalized."""
        return self.made.encode_pixels(pixels)

    def encode_texts(
        self, texts: Sequence[str], *, too_long: TooLong = "error"
    ) -> NDArray[np.float32]:
        """Embed texts: float32 (n, d), L2-normalized."""
        return self.made.encode_texts(texts, too_long=too_long)

    def tokenize(self, texts: Sequence[str], *, too_long: TooLong = "error") -> list[list[int]]:
        """The token ids of each text."""
        return cast(TokenEncoder, self.made).tokenize(texts, too_long=too_long)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, start and end tokens included."""
        return self.made.count_tokens(texts)


def _identity(encoder: PixelEncoder) -> tuple[object, ...]:
    """What embeddings are kept under."""
    return encoder.weights_sha256, encoder.preprocessing, engine_key(encoder)


def recall_encoder(
    encoder: str | Encoder | None,
    model: str | os.PathLike[str] | None,
    *,
    anew: bool = False,
    **options: Any,
) -> Encoder:
    """The engine that a user named, as it is remembered, or else made now.

    Args:
        encoder: As for `resolve_encoder`, as is all else.
        model: As for `resolve_encoder`.
        anew: Whether to make it whatever is remembered.
        options: As for `resolve_encoder`.

    Raises:
        ZsclipError: As of `resolve_encoder`.
    """
    if not anew and encoder in (None, OWN[0].name):
        noted = _recall(_key(model, options))
        if noted is not None:
            remembered = RememberedEncoder(*noted, model, options)
            note_making(remembered, OWN[0], options)
            return remembered
    return resolve_encoder(encoder, model, **options)


def remember_encoder(
    encoder: Encoder, model: str | os.PathLike[str] | None, *, since: int, **options: Any
) -> None:
    """Note what an engine is, if it is zsclip's own, and its weights are one file.

    Args:
        encoder: The engine, which knows the SHA-256 of its weights by now.
        model: What it was made of.
        since: When it was about to be made, in nanoseconds: a file that has changed since then, or
            shortly before, may be another one.
        options: What it was made with.
    """
    engine, path = as_pixel_encoder(encoder), place_of_notes(FILE)
    if engine is None or path is None or isinstance(encoder, RememberedEncoder):
        return
    info = engine.model_info
    stamp = FileStamp.of(info.source)
    if not is_own(encoder) or stamp is None or engine.weights_sha256 is None:
        return
    if max(stamp.mtime_ns, stamp.ctime_ns) + RACY_NS > since:
        return
    noted = {
        "weights": [stamp.path, stamp.text.decode()],
        "sha256": engine.weights_sha256,
        "preprocessing": engine.preprocessing,
        "info": asdict(info),
        "noted": int(time.time()),
    }
    notes = read_notes(path)
    key = _key(model, options)
    if {**notes.get(key, {}), "noted": 0} == {**noted, "noted": 0}:
        return
    others = [(name, note) for name, note in notes.items() if name != key]
    others.sort(key=lambda item: -_noted(item[1]))
    write_notes(path, dict([(key, noted), *others[: MOST_KEPT - 1]]))


def _noted(note: Any) -> int:
    when = note.get("noted") if isinstance(note, dict) else None
    return when if type(when) is int else 0


def _key(model: str | os.PathLike[str] | None, options: dict[str, Any]) -> str:
    """What is asked for, and all that it may depend on; not as words, which may be private."""
    asked = sorted((name, value) for name, value in options.items() if name != "progress")
    where = None  # where a name does not lead elsewhere from another folder
    if not (model is None or is_known(model)) or options.get("download_root") is not None:
        where = str(Path.cwd())
    named = None if model is None else os.fspath(model)
    around = [os.environ.get(name) for name in _VARIABLES]
    text = json.dumps([__version__, platform.node(), named, where, asked, around], default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def _recall(key: str) -> tuple[ModelInfo, str, str] | None:
    """What is noted, if the weights are as they were, and it can be what an engine says."""
    path = place_of_notes(FILE)
    note = None if path is None else read_notes(path).get(key)
    try:
        weights, text = note["weights"]  # type: ignore[index]
        stamp = FileStamp.of(weights)
        if stamp is None or stamp.text.decode() != text:
            return None
        info = _as_info(note["info"])  # type: ignore[index]
        sha256, preprocessing = note["sha256"], note["preprocessing"]  # type: ignore[index]
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    known = isinstance(sha256, str) and isinstance(preprocessing, str)
    return (info, sha256, preprocessing) if known else None


def _as_info(values: Any) -> ModelInfo:
    kinds = {field.name: str(field.type) for field in fields(ModelInfo)}
    for name, value in values.items():
        kind = {"int": int, "float": float}.get(kinds[name], str | None)
        if type(value) is bool or not isinstance(value, kind):
            raise TypeError(name)
    return ModelInfo(**values)
