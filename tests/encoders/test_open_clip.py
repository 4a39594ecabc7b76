"""The engine `open-clip` where open_clip is not there, or a stand-in for it is."""

from __future__ import annotations

import importlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import zsclip.encoders.native
import zsclip.encoders.open_clip
import zsclip.weights
from zsclip import ZeroShotClassifier, list_encoders
from zsclip.cli import cli
from zsclip.encoders import create_encoder, require_loadable, score_function_of
from zsclip.errors import (
    EncoderError,
    EncoderNotFoundError,
    ForeignModelError,
    ModelNotFoundError,
    OfflineError,
    ParameterError,
    ParameterTypeError,
)

SIGLIP = "ViT-B-16-SigLIP2-256/webli"
EXTRA = 'pip install "zsclip[open-clip]"'

# What zsclip asks of the library before it makes a model.
LIBRARY = """
class pretrained:
    TABLE = {"ViT-B-16-SigLIP2-256": {"webli": {"url": "https://example.org/weights.bin"}}}

    @classmethod
    def is_pretrained_cfg(cls, arch, tag):
        return tag in cls.TABLE.get(arch, {})

    @classmethod
    def get_pretrained_cfg(cls, arch, tag):
        return cls.TABLE.get(arch, {}).get(tag, {})


def get_model_config(arch):
    return {"text_cfg": {}} if arch in pretrained.TABLE else None


def list_pretrained_tags_by_model(arch):
    return [*pretrained.TABLE.get(arch, {})]


def list_pretrained():
    return [(arch, tag) for arch, tags in pretrained.TABLE.items() for tag in tags]


def list_models():
    return []


{change}
"""


@pytest.fixture(autouse=True)
def _forget(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in [name for name in sys.modules if name.partition(".")[0] == "open_clip"]:
        monkeypatch.delitem(sys.modules, name)
    yield
    sys.modules.pop("open_clip", None)


@pytest.fixture
def without(monkeypatch: pytest.MonkeyPatch) -> None:
    """No open_clip, wherever this runs."""
    monkeypatch.setattr("zsclip.encoders.registry.find_spec", lambda name: None)
    monkeypatch.setattr("zsclip.encoders.open_clip_library.find_spec", lambda name: None)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """``library(version="3.3.0", change="")`` puts a stand-in for open_clip on the path."""

    def put(version: str = "3.3.0", change: str = "") -> None:
        site = tmp_path / "site"
        (site / "open_clip").mkdir(parents=True)
        text = LIBRARY.replace("{change}", change)
        (site / "open_clip" / "__init__.py").write_text(text)
        info = site / f"open_clip_torch-{version}.dist-info"
        info.mkdir()
        about = f"Metadata-Version: 2.1\nName: open-clip-torch\nVersion: {version}\n"
        (info / "METADATA").write_text(about)
        monkeypatch.syspath_prepend(site)
        importlib.invalidate_caches()

    return put


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    """zsclip's own engine says of every model but its own that it is no plain CLIP."""
    load = zsclip.weights.load_checkpoint

    def refuse(model: Any, **options: Any) -> Any:
        if model == "tiny-cartoon":
            return load(model, **options)
        raise ForeignModelError(f"{model} is a SigLIP, and no plain CLIP.")

    monkeypatch.setattr("zsclip.encoders.native.load_checkpoint", refuse)


def entry() -> Any:
    [found] = [entry for entry in list_encoders() if entry.name == "open-clip"]
    return found


@pytest.mark.usefixtures("without")
def test_where_the_extra_is_missing_it_is_listed_as_not_installed() -> None:
    assert (entry().distribution, entry().extra) == ("zsclip", "open-clip")
    assert not entry().is_installed
    assert all(other.is_installed for other in list_encoders() if not other.extra)
    require_loadable("open-clip")  # it is not broken


def test_where_the_extra_is_there_it_is_installed(library: Callable[..., None]) -> None:
    library(change="raise RuntimeError('imported')")
    assert entry().is_installed


@pytest.mark.usefixtures("without")
def test_the_doctor_says_so_and_is_content() -> None:
    told = CliRunner().invoke(cli, ["doctor", "--format", "json"])
    report = json.loads(told.stdout)
    [row] = [row for row in report["encoders"] if row["name"] == "open-clip"]
    assert (row["installed"], row["extra"], row["error"]) == (False, "open-clip", None)
    assert not [problem for problem in report["problems"] if "open" in problem]
    told = CliRunner().invoke(cli, ["doctor"])
    assert f"not installed ({EXTRA})" in " ".join(told.stdout.split())


@pytest.mark.usefixtures("without")
def test_asking_for_it_by_name_says_what_to_install() -> None:
    with pytest.raises(EncoderNotFoundError) as caught:
        create_encoder("open-clip", SIGLIP)
    assert str(caught.value) == f"The encoder 'open-clip' needs open_clip. {EXTRA}"


@pytest.mark.usefixtures("without", "foreign")
def test_a_model_that_only_open_clip_runs_says_what_to_install() -> None:
    with pytest.raises(ForeignModelError) as caught:
        ZeroShotClassifier(["cat", "dog"], model=SIGLIP)
    assert str(caught.value) == (
        f"{SIGLIP} is a SigLIP, and no plain CLIP. The encoder 'open-clip' may run it: {EXTRA}"
    )


@pytest.mark.usefixtures("without")
def test_what_to_install_is_said_once() -> None:
    with pytest.raises(ForeignModelError) as caught:
        ZeroShotClassifier(["cat", "dog"], model=SIGLIP)
    assert str(caught.value).count(EXTRA) == 1


class Made(Exception):  # noqa: N818 - the engine was asked
    """What the stand-in for the engine's function was called with."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> None:
    def create(model: Any, **options: Any) -> Any:
        raise Made(model, options)

    monkeypatch.setattr("zsclip.encoders.open_clip.create_encoder", create)


@pytest.mark.usefixtures("foreign", "asked")
def test_the_engine_follows_from_the_model(library: Callable[..., None], tmp_path: Path) -> None:
    library()
    for model in (SIGLIP, "hf-hub:timm/ViT-B-16-SigLIP", tmp_path):
        with pytest.raises(Made) as caught:
            ZeroShotClassifier(["cat", "dog"], model=model, precision="bf16", device="cpu")
        assert caught.value.args[0] == model
        assert caught.value.args[1]["precision"] == "bf16"
    clf = ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", cache=False)
    assert clf.model_info.encoder == "clip"
    with pytest.raises(ForeignModelError):  # what is asked for by name is not changed
        ZeroShotClassifier(["cat", "dog"], model=SIGLIP, encoder="clip")


@pytest.mark.usefixtures("asked")
def test_a_name_that_open_clip_lists_and_zsclip_does_not_is_open_clip_s(
    library: Callable[..., None],
) -> None:
    library(change="pretrained.TABLE['of-tomorrow'] = {'new': {}}")
    with pytest.raises(Made):
        ZeroShotClassifier(["cat", "dog"], model="of-tomorrow/new")
    for model in ("of-tomorrow/old", "ViT-B/33", "no-such-model"):
        with pytest.raises(ModelNotFoundError, match="must be the name of a model"):
            ZeroShotClassifier(["cat", "dog"], model=model)


@pytest.mark.usefixtures("foreign")
def test_what_open_clip_has_not_either_is_told_as_before(
    library: Callable[..., None], tmp_path: Path
) -> None:
    library()
    with pytest.raises(ForeignModelError, match=r"is a SigLIP, and no plain CLIP\.$"):
        ZeroShotClassifier(["cat", "dog"], model=tmp_path)  # no open_clip_config.json


def test_one_label_is_for_the_model_to_judge_where_it_may_score_by_sigmoid() -> None:
    assert score_function_of(None) == score_function_of(None, "ViT-B/32") == "softmax"
    assert score_function_of("clip", SIGLIP) == "softmax"
    assert score_function_of(None, SIGLIP) is None
    assert score_function_of("open-clip") is None


@pytest.mark.parametrize("version", ["3.2.0", "2.32.0", "4.0.0", "30.1"])
def test_an_open_clip_of_another_version_is_not_driven(
    library: Callable[..., None], version: str
) -> None:
    library(version)
    with pytest.raises(EncoderError, match=r"from 3\.3 on and below 4, and '" + version):
        create_encoder("open-clip", SIGLIP)


def test_an_open_clip_that_cannot_be_imported_is_told(library: Callable[..., None]) -> None:
    library(change="raise RuntimeError('operator torchvision::nms does not exist')")
    with pytest.raises(
        EncoderError, match=r"Cannot load open_clip 3\.3\.0: RuntimeError: operator"
    ):
        create_encoder("open-clip", SIGLIP)


def test_importing_it_leaves_zsclip_s_own_tokenizer_its_threads(
    library: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOKENIZERS_PARALLELISM", raising=False)
    library(change="import os; os.environ['TOKENIZERS_PARALLELISM'] = 'false'")
    with pytest.raises(ModelNotFoundError):
        create_encoder("open-clip", "no-such/model")
    assert "TOKENIZERS_PARALLELISM" not in os.environ


def test_a_name_without_weights_is_an_error_and_no_random_model(
    library: Callable[..., None],
) -> None:
    library()
    with pytest.raises(ModelNotFoundError, match=f"Known: '{SIGLIP}'"):
        create_encoder("open-clip", "ViT-B-16-SigLIP2-256")
    with pytest.raises(ModelNotFoundError, match=f"Did you mean '{SIGLIP}'"):
        create_encoder("open-clip", "ViT-B-16-SigLIP2-256/webly")


@pytest.mark.parametrize("name", ["ZSCLIP_OFFLINE", "HF_HUB_OFFLINE"])
def test_offline_nothing_is_fetched(
    library: Callable[..., None], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    library()
    monkeypatch.setenv(name, "1")
    with pytest.raises(OfflineError, match=f"The weights of {SIGLIP} are not here"):
        create_encoder("open-clip", SIGLIP)


def test_options_that_it_cannot_take(library: Callable[..., None], tmp_path: Path) -> None:
    library()
    with pytest.raises(ParameterTypeError, match="`model` must be a name such as"):
        create_encoder("open-clip")
    with pytest.raises(ParameterError, match="`activation` is for bare weights"):
        create_encoder("open-clip", SIGLIP, activation="gelu")
    with pytest.raises(ParameterError, match="`precision` must be"):
        create_encoder("open-clip", SIGLIP, precision="fp8")
    bare = tmp_path / "weights.pt"
    bare.touch()
    with pytest.raises(ModelNotFoundError, match=r"must be a folder with open_clip_config\.json"):
        create_encoder("open-clip", bare)
