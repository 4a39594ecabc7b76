"""A checkpoint that is written anew while classifiers are made with it and used.

Whatever comes first, an answer belongs to the weights that it says it comes from, and so does every
row of the cache and every saved classifier; or there is an error.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from torch import Tensor

from zsclip import EmbeddingCache, ZeroShotClassifier
from zsclip.errors import CheckpointError, SavedClassifierModelError

State = dict[str, Tensor]
Write = Callable[[Path, State], None]

LABELS = ["frog", "fish", "owl"]
PICTURE = Image.radial_gradient("L").convert("RGB")


def _into(path: Path, state: State) -> None:
    """Write a checkpoint of the kind that the name says."""
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)


def _elsewhere(path: Path, state: State) -> Path:
    """The same in a folder of its own; of the same name, which archives hold."""
    part = path.parent / "part" / path.name
    part.parent.mkdir(exist_ok=True)
    _into(part, state)
    return part


def _replace(path: Path, state: State) -> None:
    _elsewhere(path, state).replace(path)


def _write_in_place(path: Path, state: State) -> None:
    part = _elsewhere(path, state)
    with path.open("r+b") as file:
        file.write(part.read_bytes())
        file.truncate()


WRITES: dict[str, Write] = {"replaced": _replace, "in place": _write_in_place}


def _first_use(clf: ZeroShotClassifier, use: str) -> None:
    """What a program does with a classifier before its weights are written anew."""
    if use == "texts":
        clf.encode_texts(["a frog"])
    elif use == "pictures":
        clf.encode_images([PICTURE])
    elif use == "a prediction":
        clf.classify(PICTURE)
    elif use == "provenance":
        assert clf.origin.weights_sha256


class Known:
    """Two checkpoints: the scores of each by its identity."""

    def __init__(self, path: Path, *states: State) -> None:
        self.scores: dict[str | None, NDArray[np.float32]] = {}
        self.identities = []
        for state in states:
            _into(path, state)
            clf = _make(path, cache=False)
            self.identities.append(clf.origin.weights_sha256)
            self.scores[self.identities[-1]] = clf.predict_proba([PICTURE])[0]

    def fits(self, clf: ZeroShotClassifier) -> bool:
        """Whether a classifier's answer is that of the weights that it says it has."""
        prediction = clf.classify(PICTURE)
        due = self.scores[prediction.origin.weights_sha256]
        return bool(np.allclose(prediction.scores, due, atol=1e-5))


def _make(path: Path, **options: Any) -> ZeroShotClassifier:
    return ZeroShotClassifier(
        LABELS, model=path, activation="quickgelu", device="cpu", precision="fp32", **options
    )


@pytest.fixture
def second_state(vit_state: State) -> State:
    """The same model after more training."""
    random = torch.Generator().manual_seed(9)
    return {
        key: t if t.dim() < 2 else t + torch.randn(t.shape, generator=random) * t.std()
        for key, t in vit_state.items()
    }


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("use", ["nothing", "texts", "pictures", "provenance", "a prediction"])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_an_answer_and_its_rows_belong_to_the_weights_that_it_names(
    suffix: str,
    use: str,
    write: str,
    vit_state: State,
    second_state: State,
    cache: EmbeddingCache,
    tmp_path: Path,
) -> None:
    path = tmp_path / f"m{suffix}"
    known = Known(path, vit_state, second_state)
    first, second = known.scores.values()
    assert not np.allclose(first, second, atol=0.01)
    _into(path, vit_state)
    old = _make(path, cache=cache)
    _first_use(old, use)
    WRITES[write](path, second_state)
    if suffix == ".pt" or use == "a prediction":  # which have read all that they need
        assert known.fits(old)
    else:
        with pytest.raises(CheckpointError, match="has changed since it was opened"):
            known.fits(old)
    new = _make(path, cache=cache)
    assert known.fits(new)
    assert new.origin.weights_sha256 == known.identities[1]
    WRITES[write](path, vit_state)
    again = _make(path, cache=cache)
    assert known.fits(again)
    assert again.origin.weights_sha256 == known.identities[0]


@pytest.mark.parametrize("use", ["nothing", "a prediction"])
def test_a_saved_classifier_is_bound_to_the_weights_that_embedded_its_labels(
    use: str, vit_state: State, second_state: State, tmp_path: Path
) -> None:
    path, saved = tmp_path / "m.pt", tmp_path / "animals.zsclip"
    known = Known(path, vit_state, second_state)
    torch.save(vit_state, path)
    clf = _make(path, cache=False)
    _first_use(clf, use)
    torch.save(second_state, path)
    clf.save(saved)
    with pytest.raises(SavedClassifierModelError, match="Embeddings of different weights"):
        ZeroShotClassifier.load(saved, device="cpu")
    torch.save(vit_state, path)
    assert known.fits(ZeroShotClassifier.load(saved, device="cpu", precision="fp32"))


def test_a_checkpoint_that_is_cut_short_ends_no_process(vit_state: State, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    save_file(vit_state, path)
    code = f"""
import os
from PIL import Image
from zsclip import ZeroShotClassifier
from zsclip.errors import CheckpointError
options = dict(activation="quickgelu", device="cpu", cache=False)
clf = ZeroShotClassifier({LABELS!r}, model={str(path)!r}, **options)
clf.encode_texts(["a frog"])
os.truncate({str(path)!r}, {path.stat().st_size // 3})
clf.encode_texts(["a zebra crossing the street"])
try:
    clf.classify(Image.new("RGB", (40, 40)))
except CheckpointError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "has changed since it was opened" in done.stdout


def test_a_picture_is_no_fish_because_a_tensor_is_nan(drawings: Path, tmp_path: Path) -> None:
    """A convolution that is fused with its ReLU makes 0 of NaN."""
    from safetensors.torch import load_file

    from zsclip.errors import NonFiniteError
    from zsclip.weights import get_model_spec
    from zsclip.weights.sources import bundled_path

    state = load_file(bundled_path(get_model_spec("tiny-cartoon")))
    state["visual.conv1.weight"].fill_(torch.nan)
    torch.save(state, tmp_path / "m.pt")
    clf = ZeroShotClassifier(
        ["frog", "fish"], model=tmp_path / "m.pt", activation="quickgelu", device="cpu", cache=False
    )
    with pytest.raises(NonFiniteError, match=r"holds NaN .* tensor 'visual\.conv1\.weight'"):
        clf.classify(drawings / "frog.png")
