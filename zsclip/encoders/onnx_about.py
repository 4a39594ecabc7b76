"""What an exported file says of its model, and what of that is believed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from zsclip.clip import Preprocessing
from zsclip.encoders.protocol import ModelInfo
from zsclip.formats.onnx_file import OnnxFault
from zsclip.version import __version__
from zsclip.wording import brief

__all__ = ["ABOUT", "FORMAT", "PRECISIONS", "About", "Precision", "about_of"]

ABOUT = "zsclip.about"
"""The key of the metadata under which a file says it, as JSON."""

FORMAT = 1
"""Raised by a change that makes older versions of zsclip run a file wrongly."""

Precision: TypeAlias = Literal["fp32", "fp16", "int8"]
PRECISIONS: tuple[str, ...] = get_args(Precision)
"""In which a file can have its weights."""

LIMIT = 1 << 24  # bytes of JSON, provenance of a large label set included
_MOST = {"input_resolution": 1 << 12, "embedding_dim": 1 << 16}

_NOT_SAID = {"device", "source", "path", "verified"}  # which are of a place, and not of a model


@dataclass(frozen=True, slots=True)
class About:
    """What a file says of its model.

    Attributes:
        info: The model, without a place.
        square: How pictures become square. What they are normalized by is in the graph.
        with_resize: Whether the file has a way to resize of its own, and takes pictures of any one
            size.
    """

    info: ModelInfo
    square: Preprocessing
    with_resize: bool

    def info_for(self, path: Path, device: str) -> ModelInfo:
        """The model at a place."""
        return replace(self.info, path=str(path), source=str(path), device=device)


def about_of(metadata: Mapping[str, str]) -> About:
    """What the metadata of a file say, checked.

    Raises:
        OnnxFault: They are those of something else, of a newer format, or damaged.
    """
    if ABOUT not in metadata:
        raise OnnxFault("it is an ONNX file of something else")
    try:
        if len(metadata[ABOUT]) > LIMIT:
            raise ValueError(f"its description takes more than {LIMIT:,} characters")
        told = json.loads(metadata[ABOUT])
        if type(number := told["format"]) is not int or number < 1:
            raise ValueError(f"there is no format {brief(number)}")
        if number > FORMAT:
            raise OnnxFault(
                f"it has format {brief(number)}, and this is zsclip {__version__}, which reads "
                f"formats up to {FORMAT}"
            )
        if not isinstance(with_resize := told.get("with_resize", False), bool):
            raise TypeError(f"`with_resize` is {brief(with_resize)}")
        info = _info({**told["model"], "precision": told["precision"]})
        return About(info, _square(told["square"]), with_resize)
    except OnnxFault:
        raise
    except (KeyError, TypeError, ValueError, RecursionError, AttributeError) as error:
        raise OnnxFault(f"its description is damaged ({brief(str(error))})") from error


def _info(told: dict[str, Any]) -> ModelInfo:
    """The model, each value of the type that it must have."""
    values: dict[str, Any] = {"encoder": "onnx", "device": "", "source": ""}
    for field in fields(ModelInfo):
        name = field.name
        if name in _NOT_SAID or name == "encoder":
            continue
        value, kind = told[name], str(field.type)
        if kind == "int":
            if type(value) is not int or not 0 <= value <= _MOST.get(name, 1 << 48):
                raise ValueError(f"`{name}` is {brief(value)}")
        elif kind == "float":
            if type(value) not in (int, float) or not math.isfinite(value):
                raise ValueError(f"`{name}` is {brief(value)}")
        elif not (isinstance(value, str) or (value is None and name == "activation")):
            raise ValueError(f"`{name}` is {brief(value)}")
        values[name] = value
    for name in ("input_resolution", "embedding_dim"):
        if not values[name]:
            raise ValueError(f"`{name}` is 0")
    if values["precision"] not in PRECISIONS:
        raise ValueError(f"there is no precision {brief(values['precision'])}")
    return ModelInfo(**values)


def _square(told: Any) -> Preprocessing:
    if told is None:
        raise OnnxFault(
            "its pictures become square in a way that its own engine alone has; the pixels that it "
            "takes are to be made with that"
        )
    resize, interpolation = told["resize"], told["interpolation"]
    if resize not in ("shortest", "squash") or interpolation not in ("bicubic", "bilinear"):
        raise ValueError(f"pictures are resized by {brief(told)}, which is not known here")
    return Preprocessing(resize=resize, interpolation=interpolation)
