"""The engine `open-clip` on small models: open_clip's ways, and that no other way is taken."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from hub import LocalHub, use_hub
from numpy.typing import NDArray
from open_clip_folders import Oracle, save_folder
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.encoders import create_encoder, engine_key
from zsclip.encoders.open_clip import OpenClipEncoder
from zsclip.encoders.open_clip_pixels import Pixels
from zsclip.errors import (
    CheckpointError,
    OfflineError,
    ParameterError,
    ParameterTypeError,
    PrecisionWarning,
    PromptTooLongError,
    SavedClassifierModelError,
)

DATA = Path(__file__).parents[1] / "data"
TOLERANCE = 1e-5
APART = 1e-2  # of embeddings that are not the same

TEXTS = ["Red Fox.", "a grey owl", "house sparrow, upside_down!"]

SIGLIP: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 32,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {
            "context_length": 12,
            "vocab_size": 64,
            "hf_tokenizer_name": "somebody/far-away",
            "tokenizer_kwargs": {"clean": "canonicalize"},
            "width": 64,
            "heads": 2,
            "layers": 2,
            "no_causal_mask": True,
            "proj_bias": True,
            "pool_type": "last",
        },
    },
    "preprocess_cfg": {
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bilinear",
        "resize_mode": "squash",
    },
}
CLIP: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 32,
        "vision_cfg": {"image_size": 64, "layers": 1, "width": 64, "patch_size": 16},
        "text_cfg": {
            "context_length": 77,
            "vocab_size": 49408,
            "width": 64,
            "heads": 1,
            "layers": 1,
        },
    },
    "preprocess_cfg": {},
}


def changed(config: dict[str, Any], **parts: dict[str, Any]) -> dict[str, Any]:
    """The configuration with other values in its parts."""
    new = copy.deepcopy(config)
    for part, values in parts.items():
        (new if part == "preprocess_cfg" else new["model_cfg"])[part].update(values)
    return new


@pytest.fixture
def siglip(tmp_path: Path) -> Path:
    return save_folder(tmp_path / "siglip", SIGLIP)


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return save_folder(tmp_path / "clip", CLIP)


def engine(folder: Path, **options: Any) -> Any:
    return create_encoder("open-clip", folder, device="cpu", **{"precision": "fp32", **options})


def apart(a: NDArray[Any], b: NDArray[Any]) -> float:
    return float(np.abs(a - b).max())


# ------------------------------------------------------------------------------ mistakes of others


def wrong(folder: Path, tokens: torch.Tensor | None = None, **parts: dict[str, Any]) -> Any:
    """What the same weights give with another configuration, or other tokens."""
    path = folder / "open_clip_config.json"
    right = path.read_text()
    path.write_text(json.dumps(changed(json.loads(right), **parts)))
    try:
        oracle = Oracle(folder)
    finally:
        path.write_text(right)
    if tokens is None:
        return oracle.texts(TEXTS)
    with torch.inference_mode():
        return oracle.model.encode_text(tokens, normalize=True).numpy()


@pytest.mark.parametrize("mistake", ["padding", "length", "case", "mask", "activation"])
def test_texts_are_not_computed_in_the_wrong_way(siglip: Path, mistake: str) -> None:
    oracle, ours = Oracle(siglip), engine(siglip).encode_texts(TEXTS)
    assert apart(ours, oracle.texts(TEXTS)) < TOLERANCE
    tokens = oracle.tokenizer(TEXTS)
    other = {
        "padding": lambda: wrong(siglip, torch.where(tokens == 0, 1, tokens)),  # by end tokens
        "length": lambda: wrong(siglip, tokens[:, : int((tokens != 0).sum(1).max())]),
        "case": lambda: wrong(siglip, text_cfg={"tokenizer_kwargs": {"clean": "whitespace"}}),
        "mask": lambda: wrong(siglip, text_cfg={"no_causal_mask": False}),
        "activation": lambda: wrong(siglip, text_cfg={"act_kwargs": {"approximate": "tanh"}}),
    }[mistake]()
    # the two forms of GELU differ by a thousandth at most
    assert apart(other, ours) > (5 * TOLERANCE if mistake == "activation" else APART)


def test_quickgelu_is_computed_where_the_model_has_it(tmp_path: Path) -> None:
    config = copy.deepcopy(CLIP)
    config["model_cfg"]["quick_gelu"] = True
    folder = save_folder(tmp_path / "quick", config)
    ours, oracle = engine(folder), Oracle(folder)
    assert ours.model_info.activation == "quickgelu"
    assert apart(ours.encode_texts(TEXTS), oracle.texts(TEXTS)) < TOLERANCE
    config["model_cfg"]["quick_gelu"] = False
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    other = engine(folder)
    assert other.model_info.activation == "gelu"
    assert apart(other.encode_texts(TEXTS), ours.encode_texts(TEXTS)) > 10 * TOLERANCE
    assert other.weights_sha256 == ours.weights_sha256
    assert engine_key(other) != engine_key(ours)  # or the cache would give one for the other


def test_what_no_tensor_tells_is_part_of_the_key(siglip: Path) -> None:
    path, keys = siglip / "open_clip_config.json", []
    for parts in (
        {},
        {"text_cfg": {"no_causal_mask": False}},
        {"text_cfg": {"pool_type": "first"}},
        {"text_cfg": {"heads": 1}},
        {"text_cfg": {"norm_kwargs": {"eps": 1e-3}}},
        {"text_cfg": {"tokenizer_kwargs": {"clean": "lower"}}},
        {"vision_cfg": {"head_width": 32}},
        {"vision_cfg": {"pool_type": "avg"}},
        {"vision_cfg": {"final_ln_after_pool": True}},
        {"preprocess_cfg": {"mean": [0.4, 0.5, 0.5]}},
        {"preprocess_cfg": {"interpolation": "bicubic"}},
        {"preprocess_cfg": {"resize_mode": "shortest"}},
    ):
        path.write_text(json.dumps(changed(SIGLIP, **parts)))
        keys.append((engine_key(engine(siglip)), engine(siglip).preprocessing))
    assert len({key for key, _ in keys}) == 12
    assert len({preprocessing for _, preprocessing in keys}) == 4


def test_another_tokenizer_is_another_model(siglip: Path, tmp_path: Path) -> None:
    ours = engine(siglip)
    clf = ZeroShotClassifier(["owl", "fox"], templates=["a {}."], model=siglip, device="cpu")
    clf.save(tmp_path / "owls")
    path = siglip / "tokenizer.json"
    tokenizer = json.loads(path.read_text())
    words = tokenizer["model"]["vocab"]
    words["owl"], words["fox"] = words["fox"], words["owl"]
    path.write_text(json.dumps(tokenizer))
    other = engine(siglip)
    assert other.weights_sha256 == ours.weights_sha256
    assert engine_key(other) != engine_key(ours)
    with pytest.raises(SavedClassifierModelError, match="tokens"):
        ZeroShotClassifier.load(tmp_path / "owls", model=siglip, device="cpu")


def test_scores_are_as_the_model_was_trained(
    siglip: Path, clip: Path, pictures: list[Image.Image]
) -> None:
    for folder, kind, bias, scale in ((siglip, "sigmoid", -3, 2.5), (clip, "softmax", 0, 3.9)):
        info = engine(folder).model_info
        assert (info.score_function, info.logit_bias) == (kind, bias)
        assert info.logit_scale == pytest.approx(np.exp(scale))
    alone = ZeroShotClassifier(
        ["Red Fox"], templates=["{}"], model=siglip, encoder="open-clip", cache=False
    )
    assert 0 < alone.classify(pictures[0]).score < 1  # of one label, each by itself


# --------------------------------------------------------------------------- pictures and folders


@pytest.mark.parametrize("resize", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_pixels_are_open_clip_s(
    resize: str, interpolation: str, pictures: list[Image.Image]
) -> None:
    transform = open_clip.image_transform(
        64,
        is_train=False,
        mean=(0.1, 0.2, 0.3),
        std=(1, 0.5, 0.25),
        resize_mode=resize,
        interpolation=interpolation,
        fill_color=7,
    )
    ours = Pixels(transform)
    assert ours.resolution == 64
    shapes = [(517, 391), (40, 30), (64, 64), (65, 200)]
    for picture in [*pictures, *(pictures[1].resize(shape) for shape in shapes)]:
        rows = torch.from_numpy(ours.prepare(picture)[None].copy())
        assert rows.shape == (1, 64, 64, 3)
        assert torch.equal(ours.normalize(rows)[0], transform(picture))
    strip = pictures[1].resize((3, 500))
    assert ours.prepare(strip).shape == (64, 64, 3)
    if resize == "longest":
        with pytest.raises(ValueError, match="must be > 0"):  # of which open_clip makes nothing
            transform(strip)


def test_a_strip_takes_no_gigabytes() -> None:
    ours = Pixels(open_clip.image_transform(64, is_train=False))
    strip = np.zeros((1, 60_000, 3), np.uint8)
    strip[:, 29_990:30_010] = 255  # 64 times as high and wide, it would be 4 million pixels wide
    for picture in (Image.fromarray(strip), Image.fromarray(strip.transpose(1, 0, 2).copy())):
        assert ours.prepare(picture).min() == 255


def test_a_folder_has_its_own_preprocessing_and_tokenizer_without_a_network(
    tmp_path: Path, pictures: list[Image.Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    config = changed(
        SIGLIP,
        preprocess_cfg={"mean": [0.1, 0.2, 0.3], "resize_mode": "shortest"},
        vision_cfg={"image_size": 48},
    )
    folder = save_folder(tmp_path / "ViT-B-16-SigLIP2-256", config)
    ours, oracle = engine(folder), Oracle(folder)
    assert "Resize size=48 interpolation=bilinear" in ours.preprocessing
    assert "mean (0.1, 0.2, 0.3)" in ours.preprocessing
    assert apart(ours.encode_images(pictures), oracle.images(pictures)) < TOLERANCE
    assert apart(ours.encode_texts(TEXTS), oracle.texts(TEXTS)) < TOLERANCE
    assert ours.model_info.vocab_size == 64


def test_a_text_tower_of_transformers_asks_the_hub_once_and_never_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import AutoConfig, RobertaConfig

    usual: Any = AutoConfig.from_pretrained
    asked = []

    def from_hub(name: Any, **options: Any) -> Any:
        if name != "roberta-base":
            return usual(name, **options)
        asked.append(name)
        return RobertaConfig(
            vocab_size=64,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            pad_token_id=0,
        )

    monkeypatch.setattr(AutoConfig, "from_pretrained", from_hub)
    config = copy.deepcopy(CLIP)
    config["model_cfg"]["text_cfg"] = {
        "hf_model_name": "roberta-base",
        "hf_tokenizer_name": "roberta-base",
        "context_length": 16,
    }
    folder, root = save_folder(tmp_path / "roberta", config), tmp_path / "root"
    oracle = Oracle(folder)
    asked.clear()
    ours = engine(folder, download_root=root)
    assert asked == ["roberta-base"]
    assert apart(ours.encode_texts(TEXTS), oracle.texts(TEXTS)) < TOLERANCE
    again = engine(folder, download_root=root, offline=True)
    assert apart(again.encode_texts(TEXTS), oracle.texts(TEXTS)) < TOLERANCE
    monkeypatch.setenv("ZSCLIP_OFFLINE", "1")
    with pytest.raises(OfflineError, match="roberta-base"):
        engine(folder, download_root=tmp_path / "elsewhere")
    assert asked == ["roberta-base"]


def test_saved_pickled_and_loaded_it_is_found_again(
    siglip: Path, tmp_path: Path, pictures: list[Image.Image]
) -> None:
    clf = ZeroShotClassifier(
        TEXTS, templates=["{}"], model=siglip, encoder="open-clip", precision="fp32"
    )
    assert (clf.model_info.path, clf.model_info.name) == (str(siglip), "siglip")
    expected = clf.predict_proba(pictures)
    clf.save(tmp_path / "saved.zsclip")
    for again in (
        ZeroShotClassifier.load(tmp_path / "saved.zsclip", precision="fp32", cache=False),
        pickle.loads(pickle.dumps(clf)),
    ):
        assert again.model_info == clf.model_info
        assert apart(again.predict_proba(pictures), expected) < TOLERANCE
    save_folder(tmp_path / "other", changed(SIGLIP, text_cfg={"width": 128}))
    with pytest.raises(SavedClassifierModelError, match="SHA-256"):
        ZeroShotClassifier.load(tmp_path / "saved.zsclip", model=tmp_path / "other")


def test_half_precision_has_the_same_identity_and_nearly_the_same_vectors(
    siglip: Path, pictures: list[Image.Image]
) -> None:
    exact, half = engine(siglip), engine(siglip, precision="bf16")
    assert half.model_info.precision == "bf16"
    assert half.weights_sha256 == exact.weights_sha256
    for a, b in (
        (exact.encode_images(pictures), half.encode_images(pictures)),
        (exact.encode_texts(TEXTS), half.encode_texts(TEXTS)),
    ):
        assert 0 < 1 - (a * b).sum(axis=1).min() < 1e-2


def test_what_half_precision_makes_nan_of_is_computed_again_in_fp32(siglip: Path) -> None:
    exact, half = engine(siglip), engine(siglip, precision="fp16")
    half._model.text.text_projection.weight.fill_(torch.inf)
    with pytest.warns(PrecisionWarning, match="gave NaN or infinity for 3 of 3 texts on cpu"):
        rows = half.encode_texts(TEXTS)
    assert apart(rows, exact.encode_texts(TEXTS)) < TOLERANCE


def test_it_comes_up_in_evaluation_mode_and_leaves_logging_as_it_is(
    siglip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", [])
    ours = engine(siglip)
    assert root.handlers == []
    assert not any(module.training for module in ours._model.modules())
    assert not any(parameter.requires_grad for parameter in ours._model.parameters())


# --------------------------------------------------------------------------------------- tokens


def test_tokens_are_open_clip_s(clip: Path, siglip: Path) -> None:
    recorded = json.loads((DATA / "reference-tokens.json").read_text("utf-8"))
    texts = [text for row in recorded["texts"] if "|>" not in (text := row["text"])]
    for folder in (clip, siglip):
        ours, tokenizer = engine(folder), Oracle(folder).tokenizer
        theirs = tokenizer(texts)
        rows = np.zeros(theirs.shape, np.int64)
        for row, ids in zip(rows, ours.tokenize(texts, too_long="cut"), strict=True):
            row[: len(ids)] = ids
        np.testing.assert_array_equal(rows, theirs.numpy())


@pytest.mark.parametrize("clean", ["lower", "canonicalize", "hf", "clips"])
def test_what_open_clip_would_cut_is_an_error(tmp_path: Path, clean: str) -> None:
    if clean in ("lower", "canonicalize"):
        config = changed(
            CLIP, text_cfg={"context_length": 12, "tokenizer_kwargs": {"clean": clean}}
        )
    else:
        config = SIGLIP
    folder = save_folder(tmp_path / "model", config)
    if clean == "clips":
        tokens = json.loads((folder / "tokenizer_config.json").read_text())
        tokens |= {"bos_token": "</s>", "cls_token": "</s>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(tokens))
        config = changed(config, text_cfg={"tokenizer_mode": "clips"})
        (folder / "open_clip_config.json").write_text(json.dumps(config))
    own = {"lower": 2, "canonicalize": 2, "hf": 1, "clips": 3}[clean]  # tokens that are added
    fits, long = " ".join(["fox"] * (12 - own)), " ".join(["fox"] * (13 - own) + ["owl"])
    ours, oracle = engine(folder), Oracle(folder)
    assert ours.context_length == 12
    assert ours.count_tokens([fits, long]) == [12, 14]
    assert apart(ours.encode_texts([fits]), oracle.texts([fits])) < TOLERANCE
    with pytest.raises(PromptTooLongError) as caught:
        ours.encode_texts([fits, long])
    assert (caught.value.n_tokens, caught.value.context_length) == (14, 12)
    assert caught.value.cut.strip() == "fox owl"
    cut = ours.encode_texts([long], too_long="cut")
    assert apart(cut, oracle.texts([long])) < TOLERANCE


def test_threads_share_an_engine(siglip: Path, pictures: list[Image.Image]) -> None:
    ours = engine(siglip)
    texts = [f"Red Fox {'owl ' * i}" for i in range(10)]
    expected = [ours.encode_texts([text]) for text in texts]
    errors: list[Exception] = []

    def ask(start: int) -> None:
        try:
            for i in range(40):
                j = (i + start) % len(texts)
                ours.count_tokens([texts[j]])
                assert apart(ours.encode_texts([texts[j]]), expected[j]) < TOLERANCE
                ours.encode_pixels(ours.prepare(pictures[0])[None])
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


# ----------------------------------------------------------------------------- models handed over


def test_a_model_is_handed_over(clip: Path, pictures: list[Image.Image]) -> None:
    model, train, preprocess = open_clip.create_model_and_transforms(f"local-dir:{clip}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{clip}")
    with pytest.raises(ParameterError, match=r"Call model\.eval\(\) first"):
        OpenClipEncoder(model, preprocess, tokenizer)
    model.eval()
    with pytest.raises(ParameterError, match="'RandomResizedCrop'"):
        OpenClipEncoder(model, train, tokenizer)
    with pytest.raises(ParameterTypeError, match="`preprocess` must be the transform"):
        OpenClipEncoder(model, lambda image: image, tokenizer)
    with pytest.raises(ParameterTypeError, match=r"what open_clip\.get_tokenizer gives"):
        OpenClipEncoder(model, preprocess, lambda texts: texts)
    with pytest.raises(ParameterError, match="the model's context of 77 tokens, and has 32"):
        OpenClipEncoder(model, preprocess, open_clip.get_tokenizer("PE-Core-B-16"))
    with pytest.raises(ParameterTypeError, match="`model` must be the first thing"):
        OpenClipEncoder(model.visual, preprocess, tokenizer)
    random = open_clip.SimpleTokenizer(reduction_mask="random")
    with pytest.raises(ParameterError, match="drops some"):
        OpenClipEncoder(model, preprocess, random)

    ours = OpenClipEncoder(model, preprocess, tokenizer, name="mine")
    clf = ZeroShotClassifier(TEXTS, encoder=ours)
    assert (clf.model_info.name, clf.encoder.weights_sha256) == ("mine", None)
    assert apart(clf.encode_images(pictures), Oracle(clip).images(pictures)) < TOLERANCE


# ---------------------------------------------------------------------------------- out of a hub


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalHub]:
    monkeypatch.setenv("ZSCLIP_CACHE", str(tmp_path / "cache"))
    with LocalHub(tmp_path / "hub") as hub:
        use_hub(monkeypatch, hub, tmp_path / "home")
        yield hub


def test_a_name_of_open_clip_s_is_fetched_from_the_hub_and_found_again(
    siglip: Path,
    tmp_path: Path,
    hub: LocalHub,
    pictures: list[Image.Image],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = {file.name: file.read_bytes() for file in siglip.iterdir()}
    hub.add("somebody/far-away", {**files, "README.md": b"", "evil.py": b"raise SystemExit"})
    # the next release of open_clip lists it, whose table has another preprocessing than the folder
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "SigLIP9", SIGLIP["model_cfg"])
    known = {"hf_hub": "somebody/far-away/", **SIGLIP["preprocess_cfg"], "mean": (0.1, 0.2, 0.3)}
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "SigLIP9", {"webli": known})

    clf = ZeroShotClassifier(TEXTS, templates=["{}"], model="SigLIP9/webli", precision="fp32")
    info = clf.model_info
    assert (info.encoder, info.name, info.path) == ("open-clip", "SigLIP9/webli", None)
    assert (info.verified, info.source) == ("hub", "somebody/far-away on the hub")
    assert "mean (0.1, 0.2, 0.3)" in info.recipe
    assert not hub.requests("evil.py")
    oracle = Oracle(siglip)
    oracle.preprocess.transforms[-1].mean = (0.1, 0.2, 0.3)
    assert apart(clf.encode_images(pictures), oracle.images(pictures)) < TOLERANCE
    assert apart(clf.encode_texts(TEXTS), oracle.texts(TEXTS)) < TOLERANCE

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    asked = len(hub.requests())
    clf.save(tmp_path / "saved.zsclip")
    for again in (
        ZeroShotClassifier.load(tmp_path / "saved.zsclip", precision="fp32"),
        pickle.loads(pickle.dumps(clf)),
    ):
        assert again.model_info == info
    assert len(hub.requests()) == asked


def test_a_repository_in_open_clip_s_layout_needs_no_engine_named(
    siglip: Path, hub: LocalHub, pictures: list[Image.Image]
) -> None:
    hub.add("org/siglip", {file.name: file.read_bytes() for file in siglip.iterdir()})
    for model in ("hf-hub:org/siglip", "hf-hub:org/siglip@main", siglip):
        clf = ZeroShotClassifier(TEXTS, templates=["{}"], model=model, precision="fp32")
        assert clf.model_info.encoder == "open-clip"
        assert apart(clf.encode_images(pictures), Oracle(siglip).images(pictures)) < TOLERANCE


def test_weights_of_another_model_are_told(siglip: Path) -> None:
    (siglip / "open_clip_model.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"open_clip cannot make 'siglip' of"):
        engine(siglip)


def test_a_tag_that_was_trained_with_quickgelu_has_it_under_the_plain_name(
    clip: Path, hub: LocalHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("org/quick", {file.name: file.read_bytes() for file in clip.iterdir()})
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", CLIP["model_cfg"])
    for quick, activation in ((True, "quickgelu"), (False, "gelu")):
        known = {"hf_hub": "org/quick/open_clip_model.safetensors", "quick_gelu": quick}
        monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", {"tag": known})
        made = create_encoder("open-clip", "tiny/tag", device="cpu", precision="fp32")
        assert made.model_info.activation == activation
