"""ONNX Runtime: where it computes, with how many threads, and one session for each process."""

from __future__ import annotations

import os
import re
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import FileStamp
from zsclip.encoders.onnx_about import About
from zsclip.errors import CheckpointError, DeviceError, MissingExtraError
from zsclip.forks import ForkLock, PerProcess, usable_cores
from zsclip.wording import brief

__all__ = [
    "Provider",
    "Sessions",
    "choose_provider",
    "computing_threads",
    "require_unchanged",
    "runtime",
]

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
QUIET = 4  # of ONNX Runtime's log: what is fatal, which is raised as well


class Provider(NamedTuple):
    """What computes, in ONNX Runtime's words: its name, and which device of its kind."""

    name: str
    device: int


def runtime() -> Any:
    """The module `onnxruntime`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        if error.name != "onnxruntime":
            raise
        # not the extra: that brings torch along, which is just what may not be wanted here
        raise MissingExtraError(
            "An exported classifier needs ONNX Runtime, and onnxruntime is not installed: "
            "pip install onnxruntime."
        ) from error
    return onnxruntime


def choose_provider(device: str) -> tuple[Provider, str]:
    """What computes, and the name of its device.

    Args:
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"cuda:1"``.

    Raises:
        DeviceError: ONNX Runtime cannot use it here.
    """
    ort = runtime()
    found = re.fullmatch(r"(auto|cpu|cuda)(?::(\d{1,3}))?", device)
    if found is None or (found[2] is not None and found[1] != "cuda"):
        raise DeviceError(
            "`device` must be 'auto', 'cpu', 'cuda' or 'cuda:0' for an exported classifier, got "
            f"{brief(device)}."
        )
    has_cuda = CUDA in ort.get_available_providers()
    if found[1] == "cpu" or (found[1] == "auto" and not has_cuda):
        return Provider(CPU, 0), "cpu"
    if not has_cuda:
        raise DeviceError(
            f"`device` is {brief(device)}, and this onnxruntime {ort.__version__} has no CUDA. "
            "Install onnxruntime-gpu in its place, or use device='cpu'."
        )
    index = int(found[2] or 0)
    if found[1] == "auto" and not _cuda_works(ort, index):
        return Provider(CPU, 0), "cpu"
    return Provider(CUDA, index), f"cuda:{index}"


def _cuda_works(ort: Any, index: int) -> bool:
    """Whether a session gets the GPU; ONNX Runtime takes the CPU in silence where it does not."""
    try:
        session = ort.InferenceSession(
            _IDENTITY, _options(ort), providers=[(CUDA, {"device_id": index})]
        )
    except Exception:  # noqa: BLE001 - whatever a driver that is not there comes to
        return False
    return bool(session.get_providers()[0] == CUDA)


# A graph that gives what it gets, one float: opset 13, IR version 8.
_IDENTITY = bytes.fromhex(
    "08083a370a100a017812017922084964656e746974791201675a0f0a0178120a0a08080112040a02"
    "0801620f0a0179120a0a08080112040a02080142040a00100d"
)


def computing_threads() -> int:
    """How many threads compute: as many as there are cores, or as ``OMP_NUM_THREADS`` says.

    ONNX Runtime by itself counts the cores of the machine, also where a process may use few of
    them, and knows nothing of that variable.
    """
    said = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    cores = usable_cores()
    return min(int(said), cores) if said.isdecimal() and int(said) else cores


def _options(ort: Any) -> Any:
    options = ort.SessionOptions()
    options.intra_op_num_threads = computing_threads()
    options.log_severity_level = QUIET
    # whatever the file begins with: the other format is not one that was looked through
    options.add_session_config_entry("session.load_model_format", "ONNX")
    return options


class Sessions:
    """A model in ONNX Runtime, loaded by each process when it first computes.

    The threads of a session do not live on in a forked child, which would wait for them for ever.

    Args:
        path: The file.
        provider: What computes.
        about: What the file says of its model.
        stamp: The file as it was when it was looked through.
    """

    def __init__(
        self, path: Path, provider: Provider, about: About, stamp: FileStamp | None
    ) -> None:
        self._path = path
        self._lock = ForkLock()
        # no method of this: each would hold the other
        self._session: PerProcess[Any] = PerProcess(partial(_load, path, provider, about, stamp))

    def embed(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Embed squares: uint8 (n, resolution, resolution, 3) to float32 (n, d).

        Raises:
            CheckpointError: The file cannot be loaded or computed with.
        """
        with self._lock:  # of several threads, one loads
            session = self._session.get()
        name = session.get_inputs()[0].name
        try:
            [embeddings] = session.run(["embeddings"], {name: np.ascontiguousarray(pixels)})
        except Exception as error:  # ONNX Runtime's errors have no common class
            raise _unusable(self._path, "computed with", error) from error
        found: NDArray[np.float32] = embeddings
        return found


def require_unchanged(path: Path, stamp: FileStamp | None) -> None:
    """Raise unless a file is what it was.

    Raises:
        CheckpointError: It was changed, or is gone.
    """
    if FileStamp.of(path) != stamp:
        raise CheckpointError(
            f"{brief(str(path))} was changed since it was opened. Load the classifier anew."
        )


def _load(path: Path, provider: Provider, about: About, stamp: FileStamp | None) -> Any:
    ort = runtime()
    name, index = provider
    providers = [(name, {"device_id": index})] if name == CUDA else [name]
    require_unchanged(path, stamp)
    try:
        session = ort.InferenceSession(
            str(path),
            _options(ort),
            providers=providers,
            enable_fallback=int(name == CUDA),  # which on the CPU prints what the file says
        )
    except Exception as error:
        raise _unusable(path, "loaded", error) from error
    require_unchanged(path, stamp)
    if session.get_providers()[0] != name:
        raise DeviceError(
            f"onnxruntime {ort.__version__} cannot use `device` 'cuda:{index}' here, and would "
            "have taken the CPU. Install the CUDA and cuDNN that it was built for, or use "
            "device='cpu'."
        )
    _require_ours(session, path, about)
    return session


def _require_ours(session: Any, path: Path, about: About) -> None:
    """Raise unless what goes in and what comes out is what the file says."""
    info, inputs = about.info, session.get_inputs()
    outputs = {output.name: output for output in session.get_outputs()}
    name = "image" if about.with_resize else "pixels"
    good = [(one.name, one.type) for one in inputs] == [(name, "tensor(uint8)")]
    good = good and len(inputs[0].shape) == 4 and inputs[0].shape[3] == 3
    if not about.with_resize:
        good = good and inputs[0].shape[1:3] == [info.input_resolution] * 2
    good = good and "embeddings" in outputs
    good = good and outputs["embeddings"].shape[1:] == [info.embedding_dim]
    if not good:
        shown = [(one.name, one.type, one.shape) for one in [*inputs, *outputs.values()]]
        raise CheckpointError(
            f"Cannot run {brief(str(path))}: what its graph takes and gives is not what its "
            f"description says ({brief(str(shown))}). Export the classifier anew."
        )


def _unusable(path: Path, what: str, error: Exception) -> CheckpointError:
    return CheckpointError(
        f"{brief(str(path))} cannot be {what} by ONNX Runtime {runtime().__version__}: "
        f"{brief(str(error))}. If it was made by a newer zsclip, update onnxruntime; else export "
        "the classifier anew."
    )
