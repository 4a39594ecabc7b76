"""A saved classifier, and means to spoil it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from zsclip import ZeroShotClassifier
from zsclip.errors import SavedClassifierError
from zsclip.saved.format import KEY, TENSOR, sealed

About = dict[str, Any]


@pytest.fixture
def saved(colors: ZeroShotClassifier, tmp_path: Path) -> Path:
    """The file of `colors`, made with an engine that was handed over."""
    path = tmp_path / "colors.zsclip"
    colors.save(path)
    return path


@pytest.fixture
def about() -> Callable[[Path], About]:
    """What a file says of itself."""

    def about(path: Path) -> About:
        opened: Any
        with safe_open(path, "numpy") as opened:
            value: About = json.loads(opened.metadata()[KEY])
        return value

    return about


@pytest.fixture
def spoil(saved: Path, about: Callable[[Path], About]) -> Callable[..., None]:
    """Writes the file anew, with what the caller changes in it and a checksum that fits."""

    def spoil(
        change: Callable[[About], object] = lambda _: None,
        *,
        matrix: NDArray[Any] | None = None,
        text: str | None = None,
        name: str = TENSOR,
    ) -> None:
        opened: Any
        with safe_open(saved, "numpy") as opened:
            kept = opened.get_tensor(TENSOR)
        said = about(saved)
        change(said)
        numbers = np.ascontiguousarray(kept if matrix is None else matrix)
        said.pop("sha256")
        save_file({name: numbers}, saved, {KEY: sealed(said, numbers) if text is None else text})

    return spoil


@pytest.fixture
def refused() -> Callable[..., str]:
    """Fails to load a file, and gives the message, which names the file."""

    def refused(path: object, error: type[Exception] = SavedClassifierError, **given: Any) -> str:
        with pytest.raises(error) as caught:
            ZeroShotClassifier.load(path, **given)  # type: ignore[arg-type]
        assert caught.type is error
        message = str(caught.value)
        assert str(path) in message
        assert message.endswith(".")
        message.encode()  # whatever stood in the file
        return message

    return refused
