"""Names behind wrappers, and in open_clip's model with a text tower of its own."""

from __future__ import annotations

import pytest

from zsclip.errors import CheckpointError
from zsclip.formats.naming import openai_sources

OPENAI = ["logit_scale", "token_embedding.weight", "ln_final.bias", "visual.conv1.weight"]
TEXT = ["logit_scale", "text.token_embedding.weight", "text.ln_final.bias", "visual.conv1.weight"]


def _names(names: list[str]) -> dict[str, str]:
    sources = openai_sources(dict.fromkeys(names), "'x.pt'")
    return {ours: source.names[0] for ours, source in sources.items()}


@pytest.mark.parametrize("prefix", ["", "module.", "clip.", "module.clip.", "model.", "_orig_mod."])
def test_a_wrapper_is_taken_off_where_every_name_has_it(prefix: str) -> None:
    wrapped = [f"{prefix}{name}" for name in OPENAI]
    assert _names(wrapped) == dict(zip(OPENAI, wrapped, strict=True))


def test_what_only_some_names_have_is_no_wrapper() -> None:
    names = [*(f"clip.{name}" for name in OPENAI), "classifier.weight"]
    assert _names(names) == {name: name for name in names}


def test_a_text_tower_of_its_own_gets_openais_names() -> None:
    assert _names(TEXT) == dict(zip(OPENAI, TEXT, strict=True))


def test_no_tensor_takes_the_place_of_another() -> None:
    assert _names([*TEXT, "ln_final.bias"])["text.ln_final.bias"] == "text.ln_final.bias"


def test_what_is_no_clip_in_any_layout_keeps_its_names() -> None:
    assert _names(["a", "b.c"]) == {"a": "a", "b.c": "b.c"}


def test_the_file_is_named_where_one_tower_is_missing() -> None:
    with pytest.raises(CheckpointError, match=r"'x\.pt' holds the image tower .* no text tower"):
        _names(["module.logit_scale", "module.visual.conv1.weight"])
