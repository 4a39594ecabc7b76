"""`from_clip` over a stand-in with the interface of the official package's models."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from zsclip import MODELS, ZeroShotClassifier
from zsclip.clip.preprocess import normalize, to_pixels
from zsclip.errors import ParameterError, ParameterTypeError, PromptTooLongError
from zsclip.weights import load_checkpoint

[SPEC] = [spec for spec in MODELS if spec.name == "tiny-cartoon"]


class Official(nn.Module):
    """tiny-cartoon's towers behind the official interface: `clip.model.CLIP`, as it is loaded."""

    def __init__(self) -> None:
        super().__init__()
        checkpoint = load_checkpoint("tiny-cartoon")
        visual: Any = checkpoint.load_image_tower().float()
        visual.input_resolution = SPEC.resolution
        self.visual = visual
        text: Any = checkpoint.load_text_tower().float()
        self.context_length = 77
        self.token_embedding = text.token_embedding
        self.positional_embedding = text.positional_embedding
        self.transformer = text.transformer
        self.ln_final = text.ln_final
        self.text_projection = text.text_projection
        self.logit_scale = nn.Parameter(torch.tensor(checkpoint.logit_scale).log())
        self._text = [text]  # out of sight of PyTorch, which would count it twice
        self.lengths: list[int] = []

    def encode_image(self, image: Tensor) -> Tensor:
        return self.visual(image)  # type: ignore[no-any-return]

    def encode_text(self, text: Tensor) -> Tensor:
        self.lengths.append(text.shape[1])
        return self._text[0](text)  # type: ignore[no-any-return]


def preprocess(image: Image.Image) -> Tensor:
    assert image.mode == "RGB"
    return normalize(torch.from_numpy(to_pixels([image], SPEC.resolution)))[0]


@pytest.fixture(scope="module")
def official() -> Official:
    return Official().eval()


def test_it_gives_what_the_native_engine_gives(
    official: Official, tiny: ZeroShotClassifier, drawings: Path
) -> None:
    clf = ZeroShotClassifier.from_clip(
        official, preprocess, labels=tiny.labelset, templates=tiny.templates, batch_size=4
    )
    assert clf.model_info.logit_scale == pytest.approx(tiny.model_info.logit_scale, rel=1e-6)
    np.testing.assert_allclose(clf.encode_images(drawings), tiny.encode_images(drawings), atol=1e-5)
    np.testing.assert_allclose(clf.predict_proba(drawings), tiny.predict_proba(drawings), atol=1e-5)
    assert set(official.lengths) == {77}  # what the official code wants, whatever the text
    assert not any(p.grad_fn for p in official.parameters())


def test_what_it_says_of_the_model(official: Official) -> None:
    clf = ZeroShotClassifier.from_clip(official, preprocess, labels="satellite")
    info = clf.model_info
    assert (info.name, info.encoder) == ("CLIP", "official clip")
    assert (info.device, info.precision) == ("cpu", "fp32")
    assert (info.parameters, info.input_resolution) == (SPEC.parameters, SPEC.resolution)
    assert (info.context_length, info.vocab_size) == (77, 49_408)
    assert info.embedding_dim == SPEC.embed_dim
    assert info.activation == "quickgelu"
    assert clf.origin.weights_sha256 is None
    assert repr(clf.encoder) == f"<OfficialEncoder {SPEC.parameters:,} parameters on cpu>"
    assert clf.with_labels(["cat", "dog"]).encoder is clf.encoder


@pytest.mark.parametrize(("module", "told"), [(nn.GELU(), "gelu"), (nn.SiLU(), None), (None, None)])
def test_the_activation_is_read_off_the_blocks(module: nn.Module | None, told: str | None) -> None:
    from zsclip.encoders.official import OfficialEncoder

    model = Official().eval()
    mlp: Any = model.get_submodule("transformer.resblocks.0.mlp")
    if module is None:
        del mlp.gelu
    else:
        mlp.gelu = module
    assert OfficialEncoder(model, preprocess).model_info.activation == told


def test_the_activation_of_torchscript_is_read_by_the_name_of_its_class(tmp_path: Path) -> None:
    from zsclip.encoders.official import _activation_of

    class QuickGELU(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * torch.sigmoid(1.702 * x)

    model: Any = QuickGELU()
    for name in reversed(["transformer", "resblocks", "0", "mlp", "gelu"]):
        model = nn.Sequential(OrderedDict([(name, model)]))
    trace: Any = torch.jit.trace
    load: Any = torch.jit.load
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TorchScript is deprecated; the archives remain
        torch.jit.save(trace(model, torch.zeros(1)), tmp_path / "m.pt")
        assert _activation_of(load(tmp_path / "m.pt")) == "quickgelu"


def test_the_other_parameters_are_the_constructors(official: Official, drawings: Path) -> None:
    long = "a cat " * 60
    with pytest.raises(PromptTooLongError):
        ZeroShotClassifier.from_clip(official, preprocess, labels={"a": [long.strip()], "b": ["b"]})
    clf = ZeroShotClassifier.from_clip(
        official, preprocess, labels={"a": [long.strip()], "b": ["b"]}, too_long="cut"
    )
    assert clf.predict([drawings / "frog.png"]).shape == (1,)
    with pytest.raises(ParameterTypeError, match="`reading`"):
        ZeroShotClassifier.from_clip(
            official,
            preprocess,
            labels=["a", "b"],
            reading="white",  # type: ignore[arg-type]
        )
    with pytest.raises(ParameterError, match="`batch_size`"):
        ZeroShotClassifier.from_clip(official, preprocess, labels=["a", "b"], batch_size=0)


def test_nothing_to_embed(official: Official) -> None:
    from zsclip.encoders.official import OfficialEncoder

    encoder = OfficialEncoder(official, preprocess)
    assert encoder.encode_images([]).shape == (0, SPEC.embed_dim)
    assert encoder.encode_texts([]).shape == (0, SPEC.embed_dim)
    assert encoder.count_tokens(["a fox"]) == [4]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("ViT-B/32", "this str is no PyTorch module"),
        (None, "this NoneType is no PyTorch module"),
        (nn.Linear(1, 1), "this Linear lacks encode_image, encode_text, logit_scale"),
    ],
)
def test_what_is_no_model_of_the_official_package(model: Any, message: str) -> None:
    with pytest.raises(ParameterTypeError) as caught:
        ZeroShotClassifier.from_clip(model, preprocess, labels=["a", "b"])
    assert message in str(caught.value)
    assert str(caught.value).startswith("`model` must be the first thing that clip.load returns")


def test_a_model_with_other_weights_inside(official: Official) -> None:
    """As another library's is, whose methods have the same names."""
    other = Official().eval()
    other.text_projection = None
    with pytest.raises(ParameterTypeError, match="this Official lacks text_projection"):
        ZeroShotClassifier.from_clip(other, preprocess, labels=["a", "b"])


def test_a_preprocess_that_is_none(official: Official) -> None:
    with pytest.raises(ParameterTypeError, match="`preprocess` must be the second thing"):
        ZeroShotClassifier.from_clip(official, 224, labels=["a", "b"])  # type: ignore[arg-type]


def test_a_model_in_training_mode(official: Official) -> None:
    official.train()
    try:
        with pytest.raises(ParameterError, match=r"Call model\.eval\(\) first"):
            ZeroShotClassifier.from_clip(official, preprocess, labels=["a", "b"])
    finally:
        official.eval()
