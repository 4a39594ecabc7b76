"""What of a stranger's folder in open_clip's layout is let through, before open_clip sees it."""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from zsclip.encoders import open_clip_folders
from zsclip.encoders.open_clip_folders import require_known_config, require_known_tokenizer
from zsclip.errors import CheckpointError

CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 768,
        "vision_cfg": {"image_size": 256, "timm_model_name": "vit_base_patch16_siglip_256"},
        "text_cfg": {
            "vocab_size": 256_000,
            "layers": 12,
            "hf_tokenizer_name": "timm/ViT-B-16-SigLIP2-256",
            "tokenizer_kwargs": {"clean": "canonicalize"},
        },
    },
    "preprocess_cfg": {"mean": [0.5, 0.5, 0.5]},
}


def write(folder: Path, value: object, name: str = "open_clip_config.json") -> Path:
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value))
    return folder


def changed(part: str, **values: Any) -> dict[str, Any]:
    config = copy.deepcopy(CONFIG)
    config["model_cfg"][part].update(values)
    return config


@pytest.fixture(autouse=True)
def _library(monkeypatch: pytest.MonkeyPatch) -> None:
    """open_clip knows one architecture with a text model of transformers."""
    known = SimpleNamespace(
        list_models=lambda: ["roberta-ViT-B-32"],
        get_model_config=lambda name: {"text_cfg": {"hf_model_name": "roberta-base"}},
    )
    monkeypatch.setitem(sys.modules, "open_clip", known)


def test_a_published_configuration_passes(tmp_path: Path) -> None:
    assert require_known_config(write(tmp_path, CONFIG)) == CONFIG["model_cfg"]["text_cfg"]
    require_known_config(write(tmp_path, changed("text_cfg", hf_model_name="roberta-base")))
    require_known_config(write(tmp_path, changed("vision_cfg", layers=[3, 4, 6, 3])))


@pytest.mark.parametrize(
    ("config", "why"),
    [
        # what would run code, open a file, or fetch something
        (
            changed("text_cfg", tokenizer_kwargs={"trust_remote_code": True}),
            "sets 'trust_remote_code' of a tokenizer",
        ),
        (changed("text_cfg", tokenizer_kwargs={"bpe_path": "/etc/shadow"}), "sets 'bpe_path' of"),
        (changed("text_cfg", tokenizer_kwargs={"cache_dir": "/"}), "sets 'cache_dir' of"),
        (changed("text_cfg", tokenizer_kwargs={"reduction_mask": "syntax"}), "'reduction_mask'"),
        (changed("text_cfg", tokenizer_kwargs=["clean"]), "sets"),
        (changed("text_cfg", hf_model_name="evil/model"), "names the text model 'evil/model'"),
        (changed("vision_cfg", timm_model_name="hf-hub:evil/model"), "'hf-hub:evil/model', to be"),
        (changed("vision_cfg", timm_model_name="local-dir:/tmp"), "'local-dir:/tmp', to be"),
        # what would take all memory, or all time
        (changed("text_cfg", vocab_size=10**12), "has 1000000000000 for 'vocab_size'"),
        (changed("text_cfg", layers=10**4), "has 10000 for 'layers', and may have 256"),
        (changed("vision_cfg", layers=[1, 10**6]), "has 1000000 for 'layers'"),
        (changed("vision_cfg", width=float("nan")), "has nan for 'width'"),
        (changed("vision_cfg", layers=[1] * 100), "has 100 values for 'layers'"),
        # what is none
        ({}, "has no model_cfg with vision_cfg and text_cfg"),
        ({"model_cfg": {"vision_cfg": 3, "text_cfg": {}}}, "has no model_cfg"),
        ([], "is no JSON object"),
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("{" + " " * 1_000_000, "has more than 1,000,000 bytes"),
    ],
)
def test_what_a_configuration_may_not_say(tmp_path: Path, config: object, why: str) -> None:
    with pytest.raises(CheckpointError) as caught:
        require_known_config(write(tmp_path, config))
    assert "open_clip_config.json' is not loaded: it " in str(caught.value)
    assert why in str(caught.value)


def test_a_configuration_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="Cannot read"):
        require_known_config(tmp_path)


def test_a_tokenizer_is_data_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CheckpointError, match=r"has no tokenizer\.json"):
        require_known_tokenizer(tmp_path)
    write(tmp_path, {}, "tokenizer.json")
    require_known_tokenizer(tmp_path)
    write(tmp_path, {"tokenizer_class": "GemmaTokenizerFast"}, "tokenizer_config.json")
    require_known_tokenizer(tmp_path)
    for name in ("tokenizer_config.json", "config.json"):
        before = (tmp_path / name).read_text() if (tmp_path / name).exists() else "{}"
        write(tmp_path, {"auto_map": {"AutoTokenizer": ["evil.Tokenizer", None]}}, name)
        with pytest.raises(CheckpointError, match="asks for code of its own to be run"):
            require_known_tokenizer(tmp_path)
        write(tmp_path, before, name)
    monkeypatch.setattr(open_clip_folders, "MOST_TOKENIZER", 1)
    with pytest.raises(CheckpointError, match="has more than 1 bytes"):
        require_known_tokenizer(tmp_path)
