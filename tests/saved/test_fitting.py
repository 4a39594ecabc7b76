"""A saved classifier and its model: found again, found to be another one, or not found."""

from __future__ import annotations

import dataclasses
import importlib
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from zsclip import MODELS, ZeroShotClassifier
from zsclip.errors import (
    EncoderNotFoundError,
    ModelNotFoundError,
    ParameterError,
    SavedClassifierError,
    SavedClassifierModelError,
)
from zsclip.saved.format import KEY, sealed
from zsclip.weights import load_checkpoint
from zsclip.weights.sources import bundled_path

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Refused = Callable[..., str]
Spoil = Callable[..., None]

[SPEC] = [spec for spec in MODELS if spec.name == "tiny-cartoon"]
LABELS = ["frog", "fish", "octopus", "tiger"]


# ----------------------------------------------------------------------------------- for real


def test_the_text_tower_is_not_loaded(
    tiny: ZeroShotClassifier, drawings: Path, tmp_path: Path, loads: list[str]
) -> None:
    tiny.save(tmp_path / "tiny.zsclip")
    expected = tiny.predict_proba(drawings)
    loads.clear()
    loaded = ZeroShotClassifier.load(
        tmp_path / "tiny.zsclip", device="cpu", precision="fp32", cache=False
    )
    assert loads == []
    np.testing.assert_allclose(loaded.predict_proba(drawings), expected, atol=1e-5)
    assert loads == ["load_image_tower"]
    assert (loaded.labelset, loaded.origin) == (tiny.labelset, tiny.origin)
    assert loaded.with_labels(["cat", "frog"]).classify(drawings / "frog.png").label == "frog"
    assert loads == ["load_image_tower", "load_text_tower"]


def test_from_one_process_to_another(drawings: Path, tmp_path: Path) -> None:
    path = tmp_path / "animals.zsclip"
    code = {
        "save": f"clf = ZeroShotClassifier({LABELS!r}, model='tiny-cartoon', device='cpu'); "
        f"clf.save({str(path)!r})",
        "load": f"clf = ZeroShotClassifier.load({str(path)!r}, device='cpu')",
    }
    scores = {}
    for step, line in code.items():
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                f"import json; from zsclip import ZeroShotClassifier; {line}; "
                f"print(json.dumps(clf.predict_proba({str(drawings)!r}).tolist()))",
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        scores[step] = json.loads(done.stdout)
    assert len(scores["save"]) == 13
    assert scores["load"] == scores["save"]


def test_another_precision_is_allowed(
    tiny: ZeroShotClassifier, drawings: Path, tmp_path: Path
) -> None:
    tiny.save(tmp_path / "tiny.zsclip")
    loaded = ZeroShotClassifier.load(tmp_path / "tiny.zsclip", device="cpu", precision="bf16")
    assert (loaded.origin.model.precision, loaded.origin.labels_precision) == ("bf16", "fp32")
    drift = np.abs(loaded.predict_proba(drawings) - tiny.predict_proba(drawings))
    assert 0 < drift.max() < 0.2


# ------------------------------------------------------------------------- checkpoints of one's own


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A checkpoint that was never published: tiny-cartoon with another bias."""
    path = tmp_path / "weights" / "own.safetensors"
    path.parent.mkdir()
    tensors = load_file(bundled_path(SPEC))
    tensors["ln_final.bias"] = tensors["ln_final.bias"] + np.float16(0.01)
    save_file(tensors, path)
    return path


@pytest.fixture
def by_path(own: Path, tmp_path: Path) -> Path:
    path = tmp_path / "own.zsclip"
    ZeroShotClassifier(LABELS, model=own, activation="quickgelu", device="cpu").save(path)
    return path


def test_it_is_found_where_it_was_and_beside_the_file_and_where_one_says(
    own: Path, by_path: Path, tmp_path: Path, refused: Refused, about: Callable[[Path], Any]
) -> None:
    assert about(by_path)["model"]["path"] == str(own)
    assert str(own) == ZeroShotClassifier.load(by_path).model_info.source
    beside = own.rename(tmp_path / own.name)
    assert str(beside) == ZeroShotClassifier.load(by_path).model_info.source
    elsewhere = beside.rename(tmp_path / "weights" / "renamed.safetensors")
    message = refused(by_path, SavedClassifierModelError, device="cpu")
    assert f"neither at {str(own)!r} nor at {str(beside)!r}. Pass model=" in message
    loaded = ZeroShotClassifier.load(by_path, model=elsewhere, device="cpu")
    assert loaded.model_info.source == str(elsewhere)


def test_it_is_found_from_another_folder(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own.parent)
    ZeroShotClassifier(LABELS, model=Path(own.name), activation="quickgelu", device="cpu").save(
        tmp_path / "x.zsclip"
    )
    monkeypatch.chdir("/")
    assert ZeroShotClassifier.load(tmp_path / "x.zsclip").model_info.source == str(own)


def test_a_path_of_another_system(
    own: Path, by_path: Path, spoil_at: Callable[[Path, str], None]
) -> None:
    spoil_at(by_path, "C:\\weights\\own.safetensors")
    beside = own.rename(by_path.parent / own.name)
    assert ZeroShotClassifier.load(by_path).model_info.source == str(beside)


@pytest.fixture
def spoil_at(about: Callable[[Path], Any]) -> Callable[[Path, str], None]:
    """Names another path of the checkpoint in a file."""

    def spoil_at(path: Path, checkpoint: str) -> None:
        said = about(path)
        said["model"]["path"] = checkpoint
        del said["sha256"]
        tensors = load_file(path)
        save_file(tensors, path, {KEY: sealed(said, tensors["class_matrix"])})

    return spoil_at


def test_a_copy_of_published_weights_is_found_by_its_name(
    tmp_path: Path, about: Callable[[Path], Any]
) -> None:
    copy = tmp_path / "copied.safetensors"
    shutil.copy(bundled_path(SPEC), copy)
    ZeroShotClassifier(LABELS, model=copy, device="cpu").save(tmp_path / "x.zsclip")
    assert about(tmp_path / "x.zsclip")["model"]["path"] == str(copy)
    assert ZeroShotClassifier.load(tmp_path / "x.zsclip").model_info.name == "copied"
    copy.unlink()
    assert ZeroShotClassifier.load(tmp_path / "x.zsclip").model_info.name == "tiny-cartoon"


def test_other_weights_under_the_same_name(own: Path, by_path: Path, refused: Refused) -> None:
    before = load_checkpoint(own, activation="quickgelu").sha256
    tensors = load_file(own)
    tensors["logit_scale"] = np.array(math.log(50), tensors["logit_scale"].dtype)
    save_file(tensors, own)
    message = refused(by_path, SavedClassifierModelError, device="cpu")
    assert f"with weights of 'own' that have the SHA-256 {before}, and those of" in message
    assert (
        f"'own' here ({own}) have {load_checkpoint(own, activation='quickgelu').sha256}" in message
    )
    assert "Pass model=, the file that it was made with, or save the classifier anew" in message


def test_another_published_model(tiny: ZeroShotClassifier, own: Path, tmp_path: Path) -> None:
    tiny.save(tmp_path / "tiny.zsclip")
    with pytest.raises(
        SavedClassifierError, match=f"have the SHA-256 {tiny.origin.weights_sha256}, "
    ):
        ZeroShotClassifier.load(tmp_path / "tiny.zsclip", model=own, device="cpu")


def test_published_weights_are_compared_before_they_are_fetched(
    tiny: ZeroShotClassifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.zsclip"
    tiny.save(path)
    asked = []
    monkeypatch.setattr("zsclip.downloads.download.fetch", lambda url, *_, **__: asked.append(url))
    with pytest.raises(SavedClassifierModelError) as caught:
        ZeroShotClassifier.load(path, model="RN50", device="cpu", download_root=tmp_path)
    assert asked == []
    assert "weights of 'tiny-cartoon', and 'RN50' is another model" in str(caught.value)
    again = ZeroShotClassifier.load(path, model="tiny-cartoon", device="cpu")
    assert again.labelset == tiny.labelset


def test_no_such_model(tiny: ZeroShotClassifier, tmp_path: Path) -> None:
    tiny.save(tmp_path / "tiny.zsclip")
    with pytest.raises(ModelNotFoundError, match="does not exist"):
        ZeroShotClassifier.load(tmp_path / "tiny.zsclip", model=tmp_path / "none.pt")


def test_a_model_that_a_later_version_knows(saved: Path, spoil: Spoil, refused: Refused) -> None:
    spoil(lambda said: said["model"].update(encoder="clip", name="ViT-Z/9"))
    message = refused(saved, SavedClassifierModelError)
    assert "'ViT-Z/9', which is no model that zsclip" in message
    assert "Pass model=, the file of its weights." in message


# ------------------------------------------------------------------------------- other engines


def test_an_engine_that_was_handed_over_is_to_be_handed_over_again(
    saved: Path, refused: Refused, fake: FakeEncoder
) -> None:
    message = refused(saved, SavedClassifierModelError)
    assert "with the engine 'fake', and none of this name is installed. Pass encoder=" in message
    assert ZeroShotClassifier.load(saved, encoder=fake).encoder is fake
    with pytest.raises(ParameterError, match="`encoder` is an object"):
        ZeroShotClassifier.load(saved, encoder=fake, device="cpu")
    with pytest.raises(EncoderNotFoundError, match="got 'none'"):
        ZeroShotClassifier.load(saved, encoder="none")


ENGINE = """
import zsclip.testing

def create(model, **options):
    return zsclip.testing.FakeEncoder(name=model or "its own choice")
"""


def test_an_installed_engine_is_found_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, saved: Path
) -> None:
    info = tmp_path / "engine_x-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: engine-x\nVersion: 1.0\n")
    names = "fake = engine_x:create\nother = engine_x:create\n"
    (info / "entry_points.txt").write_text(f"[zsclip.encoders]\n{names}")
    (tmp_path / "engine_x.py").write_text(ENGINE)
    monkeypatch.syspath_prepend(tmp_path)
    importlib.invalidate_caches()
    ZeroShotClassifier(["cat", "dog"], encoder="fake", model="big").save(saved)
    assert ZeroShotClassifier.load(saved).model_info.name == "big"
    assert ZeroShotClassifier.load(saved, encoder="other").model_info.name == "big"
    with pytest.raises(SavedClassifierModelError, match="weights of 'big'"):
        ZeroShotClassifier.load(saved, model="small")
    del sys.modules["engine_x"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"embedding_dim": 9}, "embedding_dim 8 there and 9 here"),
        ({"input_resolution": 224}, "input_resolution 1 there and 224 here"),
        ({"parameters": 25}, "parameters 24 there and 25 here"),
        ({"logit_scale": 20.5}, "logit_scale 20 there and 20.5 here"),
        ({"logit_bias": -10.0}, "logit_bias 0 there and -10 here"),
        ({"score_function": "sigmoid"}, "score_function softmax there and sigmoid here"),
        ({"recipe": "squash"}, "recipe as usual there and squash here"),
    ],
)
@pytest.mark.parametrize("weights_sha256", [None, "ab" * 32])
def test_an_engine_that_differs(
    saved: Path, fake: FakeEncoder, change: Any, told: str, weights_sha256: str | None
) -> None:
    fake.weights_sha256 = weights_sha256
    for name, value in change.items():
        fake.model_info = dataclasses.replace(fake.model_info, **{name: value})
    with pytest.raises(SavedClassifierModelError) as caught:
        ZeroShotClassifier.load(saved, encoder=fake)
    message = str(caught.value)
    assert f"it was made with another model than 'colors': {told}. Give the model" in message


def test_what_may_differ(saved: Path, fake_encoder: type[FakeEncoder]) -> None:
    """Rounding of the scale; engines that do not know their weights, or count no parameters."""
    near = fake_encoder(logit_scale=20.005, weights_sha256=None)
    near.model_info = dataclasses.replace(near.model_info, parameters=0, name="other", device="x")
    assert ZeroShotClassifier.load(saved, encoder=near).origin.weights_sha256 is None


def test_the_weights_of_an_engine_differ(saved: Path, fake_encoder: type[FakeEncoder]) -> None:
    with pytest.raises(SavedClassifierModelError) as caught:
        ZeroShotClassifier.load(saved, encoder=fake_encoder(weights_sha256="cd" * 32))
    assert "ab" * 32 in str(caught.value)
    assert "cd" * 32 in str(caught.value)


def test_settings_are_checked_before_the_model_is_opened(saved: Path, fake: FakeEncoder) -> None:
    with pytest.raises(ParameterError, match="`batch_size` must be 1 or more"):
        ZeroShotClassifier.load(saved, encoder=fake, batch_size=0)


def test_a_bare_file_is_found_with_the_activation_that_it_was_loaded_with(
    own: Path, tmp_path: Path, refused: Refused, about: Callable[[Path], Any]
) -> None:
    """Nobody says it again, and nothing warns."""
    path = tmp_path / "x.zsclip"
    clf = ZeroShotClassifier(LABELS, model=own, activation="gelu", device="cpu", precision="fp32")
    clf.save(path)
    assert (
        about(path)["format"] == 2
    )  # which an older zsclip refuses, as it would compute QuickGELU
    assert about(path)["model"]["activation"] == "gelu"
    picture = np.random.default_rng(0).integers(0, 256, (64, 64, 3)).astype(np.uint8)
    loaded = ZeroShotClassifier.load(path, device="cpu", precision="fp32")
    assert loaded.model_info.activation == "gelu"
    assert loaded.classify(picture).scores.tolist() == clf.classify(picture).scores.tolist()
    elsewhere = own.rename(tmp_path / "elsewhere.safetensors")
    assert ZeroShotClassifier.load(path, model=elsewhere).model_info.activation == "gelu"
    message = refused(
        path, SavedClassifierModelError, model=elsewhere, activation="quickgelu", device="cpu"
    )
    assert "activation gelu there and quickgelu here" in message


def test_a_file_of_before_is_quickgelus(
    by_path: Path, own: Path, about: Callable[[Path], Any], refused: Refused
) -> None:
    """As older versions of zsclip wrote it, which said nothing of an activation."""
    said = about(by_path)
    assert (said["format"], said["model"].pop("activation")) == (1, "quickgelu")
    del said["sha256"]
    tensors = load_file(by_path)
    save_file(tensors, by_path, {KEY: sealed(said, tensors["class_matrix"])})
    assert ZeroShotClassifier.load(by_path, device="cpu").model_info.activation == "quickgelu"
    message = refused(by_path, SavedClassifierModelError, activation="gelu", device="cpu")
    assert "activation quickgelu there and gelu here" in message


def test_published_weights_are_told_no_activation_again(
    tiny: ZeroShotClassifier, tmp_path: Path
) -> None:
    tiny.save(tmp_path / "tiny.zsclip")
    again = ZeroShotClassifier.load(tmp_path / "tiny.zsclip", model="tiny-cartoon", device="cpu")
    assert again.model_info.activation == "quickgelu"
