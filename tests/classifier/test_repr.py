"""What a classifier says of itself is short, true, and costs nothing."""

from __future__ import annotations

import dataclasses
import importlib.resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import zsclip
from zsclip import ZeroShotClassifier, load_labelset
from zsclip.weights import checkpoints, proven

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

WEIGHTS = Path(
    str(importlib.resources.files("zsclip.weights") / "data" / "tiny-cartoon.safetensors")
)


@pytest.fixture
def nothing_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object) -> Any:
        pytest.fail(f"was loaded or read through: {args}")

    monkeypatch.setattr(checkpoints.Checkpoint, "load_image_tower", fail)
    monkeypatch.setattr(checkpoints.Checkpoint, "load_text_tower", fail)
    monkeypatch.setattr(proven.ProvenTensors, "identity", property(fail))


@pytest.mark.usefixtures("nothing_loads")
@pytest.mark.parametrize("model", ["tiny-cartoon", WEIGHTS], ids=["by name", "by path"])
def test_making_and_describing_a_classifier_loads_nothing(model: str | Path) -> None:
    clf = ZeroShotClassifier("satellite", model=model, device="cpu", precision="fp32")
    n = len(clf.templates)
    assert repr(clf) == (
        f"<ZeroShotClassifier 'satellite' 10 labels, {n} templates, tiny-cartoon on cpu in fp32>"
    )
    assert repr(clf.encoder) == "<NativeEncoder tiny-cartoon on cpu in fp32>"
    other = clf.with_labels(["cat", "dog"], templates=["a {}."])
    assert repr(other) == ("<ZeroShotClassifier 2 labels, 1 template, tiny-cartoon on cpu in fp32>")
    assert clf.model_info.source == str(WEIGHTS)
    [spec] = [spec for spec in zsclip.MODELS if spec.name == "tiny-cartoon"]
    sizes = f"Model parameters: {spec.parameters:,}\nInput resolution: {spec.resolution}\n"
    assert sizes in str(clf.model_info)
    assert "Context length: 77\nVocab size: 49,408\n" in str(clf.model_info)
    assert "Device: cpu\nPrecision: fp32\n" in str(clf.model_info)


def test_a_checkpoint_given_by_its_path_is_read_through_once(
    monkeypatch: pytest.MonkeyPatch, drawings: Path
) -> None:
    hashed: list[str] = []
    examine: Any = vars(proven)["_examine"]

    def counted(key: str, *rest: Any) -> str:
        hashed.append(key)
        digest: str = examine(key, *rest)
        return digest

    monkeypatch.setattr(proven, "_examine", counted)
    clf = ZeroShotClassifier(["frog", "fish"], model=WEIGHTS, device="cpu", cache=False)
    assert hashed == ["logit_scale"]
    prediction = clf.classify(drawings / "frog.png")
    assert len(set(hashed)) == 206
    hashed.clear()
    clf.classify(drawings / "fish.png")
    assert clf.with_labels(["cat", "dog"]).origin.weights_sha256 == clf.origin.weights_sha256
    assert hashed == []
    by_name = ZeroShotClassifier(["frog", "fish"], model="tiny-cartoon", device="cpu")
    found_by_path = dataclasses.replace(by_name.model_info, path=str(WEIGHTS))
    assert dataclasses.replace(by_name.origin, model=found_by_path) == prediction.origin


def test_provenance_is_enough_to_have_the_prediction_again(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier("satellite", templates=["from above: {}"], encoder=fake)
    origin = clf.origin
    assert origin == zsclip.Origin(
        model=fake.model_info,
        weights_sha256="ab" * 32,
        labelset="satellite",
        provenance=load_labelset("satellite").provenance,
        templates=("from above: {}",),
        zsclip=zsclip.__version__,
    )
    [version] = load_labelset("satellite").provenance
    assert repr(origin) == (
        f"<Origin colors on cpu in fp32, 'satellite' of {version}, zsclip {zsclip.__version__}>"
    )


def test_labels_made_in_code_have_no_provenance(colors: ZeroShotClassifier) -> None:
    assert colors.origin.provenance == ()
    assert repr(colors) == "<ZeroShotClassifier 3 labels, 1 template, colors on cpu in fp32>"
    assert repr(colors.origin).startswith("<Origin colors on cpu in fp32, 'custom', zsclip ")


def test_an_engine_need_not_know_its_weights(fake_encoder: type[FakeEncoder]) -> None:
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake_encoder(weights_sha256=None))
    assert clf.origin.weights_sha256 is None


def test_nothing_can_be_set_by_mistake(colors: ZeroShotClassifier) -> None:
    for name in ("labelset", "templates", "classes_", "model_info", "encoder", "origin"):
        with pytest.raises(AttributeError):
            setattr(colors, name, None)
    colors.classes_[0] = "x"  # a copy
    assert list(colors.classes_) == ["red", "green", "blue"]
