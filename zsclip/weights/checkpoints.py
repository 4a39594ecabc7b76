"""From the name of a model, or the path of a file, to towers with their weights."""

from __future__ import annotations

import functools
import logging
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal, TypeVar

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from zsclip.clip import ModifiedResNet, TextTower, VisionTransformer, unfilled
from zsclip.errors import CheckpointError
from zsclip.files import as_path, writing_whole
from zsclip.weights.identity import SOURCE, weights_sha256
from zsclip.weights.layouts import Tensors, open_tensors
from zsclip.weights.models import ModelSpec, get_model_spec, list_models
from zsclip.weights.shapes import read_config
from zsclip.weights.sources import check_kept, fetch_weights, kept_path

__all__ = ["Checkpoint", "load_checkpoint"]

log = logging.getLogger("zsclip")

Tower = TypeVar("Tower", bound=nn.Module)

# Present in some checkpoints and computed anew by the modules.
_IGNORED_ENDS = ("num_batches_tracked", "attn_mask")


class Checkpoint:
    """The weights of one CLIP model; each tower is read when it is first asked for.

    Attributes:
        name: The model's name, or the name of the file.
        path: The file that the weights are read from.
        config: What the model is made from.
        logit_scale: What cosines are multiplied by before the softmax, `exp(logit_scale)`.
    """

    def __init__(self, name: str, path: Path, tensors: Tensors, sha256: str | None = None) -> None:
        self.name = name
        self.path = path
        self._tensors = tensors
        self._sha256 = sha256
        try:
            self.config = read_config(tensors.shapes)
            self.logit_scale = _read_scale(tensors)
        except CheckpointError as e:
            raise CheckpointError(f"The checkpoint {str(path)!r} cannot be loaded. {e}") from None

    def __repr__(self) -> str:
        return f"Checkpoint({self.name!r}, path={str(self.path)!r})"

    @property
    def is_published(self) -> bool:
        """Whether these are published weights, which are found again by their name."""
        return self._sha256 is not None

    @functools.cached_property
    def sha256(self) -> str:
        """The SHA-256 of the file that was published, or of this file if none was."""
        return weights_sha256(self.path, self._sha256)

    def load_image_tower(self) -> VisionTransformer | ModifiedResNet:
        """The image tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.config.image_tower, "visual.")

    def load_text_tower(self) -> TextTower:
        """The text tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.config.text_tower, "")

    def _load(self, make: Callable[[], Tower], prefix: Literal["visual.", ""]) -> Tower:
        with unfilled():  # no memory is taken before the weights come
            tower = make()
        expected = {key: tuple(t.shape) for key, t in tower.state_dict().items()}
        found = {
            key.removeprefix(prefix): shape
            for key, shape in self._tensors.shapes.items()
            if key.startswith("visual.") == bool(prefix) and key != "logit_scale"
        }
        problems = [
            f"{prefix}{key}: expected {expected.get(key, 'nothing')}, "
            f"found {found.get(key, 'nothing')}"
            for key in sorted(expected.keys() | found.keys())
            if expected.get(key) != found.get(key) and not key.endswith(_IGNORED_ENDS)
        ]
        if problems:
            more = f" and {len(problems) - 5} more" if len(problems) > 5 else ""
            raise CheckpointError(
                f"The checkpoint {str(self.path)!r} does not fit the architecture that its shapes "
                f"speak of: {'; '.join(problems[:5])}{more}."
            )
        state: dict[str, Tensor] = {}
        for key in expected:
            if key.endswith("num_batches_tracked"):
                state[key] = torch.tensor(0)
                continue
            state[key] = self._tensors[prefix + key]
            if not state[key].is_floating_point():
                raise CheckpointError(
                    f"The checkpoint {str(self.path)!r} holds {prefix}{key} as {state[key].dtype}. "
                    "zsclip computes with floating-point weights: give the model as it was before "
                    "it was quantized."
                )
        tower.load_state_dict(state, assign=True)
        return tower.eval().requires_grad_(False)


def _read_scale(tensors: Tensors) -> float:
    shape = tensors.shapes.get("logit_scale")
    if shape is None:
        raise CheckpointError("The tensor 'logit_scale' is missing.")
    if math.prod(shape) != 1:
        raise CheckpointError(f"The tensor 'logit_scale' must be one number, and is {shape}.")
    value = float(tensors["logit_scale"])
    if not -100 < value < 100:  # of which exp() would be nothing, or infinite, or NaN
        raise CheckpointError(f"The tensor 'logit_scale' is {value}: the weights are damaged.")
    return math.exp(value)


def load_checkpoint(
    model: str | os.PathLike[str],
    *,
    download_root: str | os.PathLike[str] | None = None,
    progress: bool = False,
    offline: bool = False,
) -> Checkpoint:
    """Find the weights of a model, download them if need be, and open them.

    An archive that was downloaded is kept as safetensors beside it, so that later loads map the
    file in place of unpacking it.

    Args:
        model: One of `list_models()`, or the path of a checkpoint.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.
        offline: Download nothing, whatever ``ZSCLIP_OFFLINE`` says.

    Raises:
        ModelNotFoundError: No model and no file has this name.
        CheckpointError: The file is not a CLIP that zsclip can load.
        DownloadError: The weights are not there and cannot be fetched.

    Examples:
        >>> load_checkpoint("tiny-cartoon").config.resolution
        64
    """
    if model not in list_models() and (not isinstance(model, str) or _looks_like_path(model)):
        path = as_path(model, "model")
        return Checkpoint(path.stem, path, open_tensors(path))
    spec = get_model_spec(str(model))  # raises for an unknown one, and names the nearest
    path = fetch_weights(spec, download_root=download_root, progress=progress, offline=offline)
    tensors = open_tensors(path)
    kept = kept_path(path)
    if kept != path and _keep(tensors, kept, spec):  # it is an archive
        path, tensors = kept, open_tensors(kept)
    return Checkpoint(spec.name, path, tensors, spec.sha256)


def _looks_like_path(model: str) -> bool:
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    is_file_name = model.endswith((".pt", ".pth", ".bin", ".ckpt", ".safetensors"))
    return is_file_name or model.startswith(("~", ".", *separators)) or Path(model).is_file()


def _keep(tensors: Tensors, kept: Path, spec: ModelSpec) -> bool:
    """Have the tensors of an archive as safetensors beside it; False if that cannot be."""
    state = check_kept(kept, spec)
    if state == "ours":  # another thread was first
        return True
    if state == "foreign":
        log.warning("%s was not made from %s's archive and is left alone.", kept, spec.name)
        return False
    if state == "damaged":
        log.warning("%s is damaged or cut short. It is made anew from the archive.", kept)
    metadata = {"format": "pt", "name": spec.name, SOURCE: spec.sha256}
    try:
        contiguous = {key: tensors[key].contiguous() for key in tensors.shapes}
        with writing_whole(kept) as file:
            save_file(contiguous, Path(file.name), metadata=metadata)
    except Exception as e:  # noqa: BLE001 - a full or read-only disk only costs a slower next load
        log.warning(
            "Could not keep %s as safetensors: %s Later loads unpack it again.", spec.name, e
        )
        return False
    return True
