"""From the name of a model, or the path of a file, to weights that are ready to load."""

from __future__ import annotations

import functools
import logging
import math
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from zsclip.clip.architecture import Architecture, TextTower, VisionTransformer
from zsclip.clip.resnet import ModifiedResNet
from zsclip.clip.unfilled import unfilled
from zsclip.errors import CheckpointError
from zsclip.weights.download import file_sha256
from zsclip.weights.layouts import Tensors, open_tensors
from zsclip.weights.models import MODELS, ModelSpec, get_model_spec
from zsclip.weights.sources import archive_path, bundled_path, fetch_archive

log = logging.getLogger("zsclip")

Tower = TypeVar("Tower", bound=nn.Module)

# Present in some checkpoints and computed anew by the modules.
_IGNORED_ENDS = ("num_batches_tracked", "attn_mask")


class Checkpoint:
    """The weights of one CLIP model; each tower is read when it is first asked for.

    Attributes:
        name: The model's name, or the name of the file.
        path: The file that the weights are read from.
        architecture: The sizes of the model.
        logit_scale: What cosines are multiplied by before the softmax, `exp(logit_scale)`.
    """

    def __init__(self, name: str, path: Path, tensors: Tensors, sha256: str | None = None) -> None:
        self.name = name
        self.path = path
        self._tensors = tensors
        self._sha256 = sha256
        try:
            self.architecture = Architecture.read(tensors.shapes)
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
        return self._sha256 or file_sha256(self.path)

    def load_image_tower(self) -> VisionTransformer | ModifiedResNet:
        """The image tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(self.architecture.image_tower, "visual.", lambda _: True)

    def load_text_tower(self) -> TextTower:
        """The text tower with its weights, in the checkpoint's own precision, on the CPU."""
        return self._load(
            self.architecture.text_tower,
            "",
            lambda key: not key.startswith("visual.") and key != "logit_scale",
        )

    def _load(self, make: Callable[[], Tower], prefix: str, wanted: Callable[[str], bool]) -> Tower:
        with unfilled():  # no memory is taken before the weights come
            tower = make()
        expected = {key: tuple(t.shape) for key, t in tower.state_dict().items()}
        found = {
            key.removeprefix(prefix): shape
            for key, shape in self._tensors.shapes.items()
            if key.startswith(prefix) and wanted(key)
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
) -> Checkpoint:
    """Find the weights of a model, download them if need be, and open them.

    An archive that was downloaded is kept as safetensors beside it, so that later loads map the
    file in place of unpacking it.

    Args:
        model: One of `list_models()`, or the path of a checkpoint.
        download_root: The folder of downloads; ``$ZSCLIP_CACHE/clip`` or ``~/.cache/clip`` if None.
        progress: Show a bar while downloading.

    Raises:
        ModelNotFoundError: No model and no file has this name.
        CheckpointError: The file is not a CLIP that zsclip can load.
        DownloadError: The weights are not there and cannot be fetched.

    Examples:
        >>> load_checkpoint("tiny-cartoon").architecture.resolution
        64
    """
    known = {spec.name for spec in MODELS}
    if isinstance(model, str) and model not in known and not _looks_like_path(model):
        get_model_spec(model)  # raises, and names the nearest ones
    if not isinstance(model, str) or model not in known:
        path = Path(model).expanduser()
        return Checkpoint(path.stem, path, open_tensors(path))
    spec = get_model_spec(model)
    if spec.bundled:
        bundled = bundled_path(spec)
        return Checkpoint(spec.name, bundled, open_tensors(bundled), spec.sha256)
    return _load_published(spec, download_root, progress=progress)


def _looks_like_path(model: str) -> bool:
    separators = (os.sep, os.altsep) if os.altsep else (os.sep,)
    is_file_name = model.endswith((".pt", ".pth", ".bin", ".ckpt", ".safetensors"))
    return is_file_name or model.startswith(("~", ".", *separators)) or Path(model).is_file()


def _load_published(
    spec: ModelSpec, download_root: str | os.PathLike[str] | None, *, progress: bool
) -> Checkpoint:
    kept = archive_path(spec, download_root).with_suffix(".safetensors")
    foreign = False
    if kept.is_file():
        try:
            tensors = open_tensors(kept)
        except CheckpointError as e:
            log.warning("%s It is made anew from the archive.", e)
        else:
            if tensors.metadata.get("source_sha256") == spec.sha256:
                return Checkpoint(spec.name, kept, tensors, spec.sha256)
            log.warning("%s was not made from %s's archive and is left alone.", kept, spec.name)
            foreign = True
    archive = fetch_archive(spec, download_root=download_root, progress=progress)
    tensors = open_tensors(archive)
    if not foreign and _keep(tensors, kept, spec):
        return Checkpoint(spec.name, kept, open_tensors(kept), spec.sha256)
    return Checkpoint(spec.name, archive, tensors, spec.sha256)


def _keep(tensors: Tensors, target: Path, spec: ModelSpec) -> bool:
    """Write the tensors of an archive as safetensors, whole or not at all; False if it fails."""
    part = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.part")
    metadata = {"format": "pt", "name": spec.name, "source_sha256": spec.sha256}
    try:
        state = {key: tensors[key].contiguous() for key in tensors.shapes}
        save_file(state, part, metadata=metadata)
        part.replace(target)
    except Exception as e:  # noqa: BLE001 - a full or read-only disk only costs a slower next load
        log.warning(
            "Could not keep %s as safetensors: %s Later loads unpack it again.", spec.name, e
        )
        with suppress(OSError):  # a read-only file system refuses even what is not there
            part.unlink(missing_ok=True)
        return False
    return True
