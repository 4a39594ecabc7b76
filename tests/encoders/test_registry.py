"""Engines by name, out of installed distributions, good ones and broken ones."""

from __future__ import annotations

import dataclasses
import shutil
import sys
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import zsclip
from zsclip import ZeroShotClassifier, list_encoders
from zsclip.encoders import EncoderEntry, create_encoder, engine_key
from zsclip.errors import EncoderError, EncoderNotFoundError

Install = Callable[..., Path]

RED_OR_BLUE = ["red", "blue"]


def test_zsclips_own_comes_first() -> None:
    assert list_encoders()[0] == EncoderEntry(
        "clip", "zsclip", zsclip.__version__, "zsclip.encoders.native:create_encoder"
    )


def test_an_installed_engine_works_by_its_name(install: Install) -> None:
    install("engine-dist", "engine_good", "outside = engine_good:create")
    assert EncoderEntry("outside", "engine-dist", "2.0", "engine_good:create") in list_encoders()
    assert "engine_good" not in sys.modules  # listing runs no code of it

    clf = ZeroShotClassifier(RED_OR_BLUE, encoder="outside", model="tiny", device="cpu")
    assert repr(clf).endswith("tiny on cpu in fp32>")
    assert clf.classify(Image.new("RGB", (2, 2), "blue")).label == "blue"
    assert clf.origin.model.encoder == "outside"
    assert clf.with_labels(["red", "green"]).encoder is clf.encoder


def test_its_function_gets_every_option_as_text(install: Install, tmp_path: Path) -> None:
    install("engine-dist", "engine_good", "outside = engine_good:create")
    clf = ZeroShotClassifier(RED_OR_BLUE, encoder="outside")
    encoder: Any = clf.encoder
    assert encoder.options == {
        "model": None,  # its own choice, not that of another engine
        "device": "auto",
        "precision": "auto",
        "download_root": None,
        "progress": False,
    }
    clf = ZeroShotClassifier(
        RED_OR_BLUE,
        encoder="outside",
        model="x/y",
        device=torch.device("cuda", 1),
        precision="int8",
        download_root=tmp_path,
    )
    encoder = clf.encoder
    assert encoder.options == {
        "model": "x/y",
        "device": "cuda:1",
        "precision": "int8",
        "download_root": tmp_path,
        "progress": False,
    }


def test_a_class_and_an_attribute_of_one_will_do(install: Install) -> None:
    install(
        "engine-dist",
        "engine_good",
        "outside = engine_good:Engine\nmade = engine_good:Engine.make",
        change="Engine.make = classmethod(lambda cls, model, **options: cls('made'))",
    )
    assert create_encoder("outside", "x").model_info.name == "x"
    assert create_encoder("made", None).model_info.name == "made"


def test_an_unknown_name_is_answered_with_the_nearest(install: Install) -> None:
    install("engine-dist", "engine_good", "outside = engine_good:create")
    with pytest.raises(EncoderNotFoundError) as caught:
        ZeroShotClassifier(RED_OR_BLUE, encoder="outsite")
    assert str(caught.value) == (
        "`encoder` must be the name of an installed engine, got 'outsite'. Did you mean 'outside'?"
    )
    with pytest.raises(LookupError, match="Known: 'clip', 'onnx', 'open-clip', 'outside'"):
        create_encoder("qwertz", None)


@pytest.mark.parametrize(
    ("target", "change", "reason"),
    [
        ("engine_bad:create", "raise OSError('no GPU library')", "OSError: no GPU library"),
        ("engine_bad:create", "import no_such_module_at_all", "ModuleNotFoundError: No module"),
        ("engine_bad:create", "def", "SyntaxError: "),
        ("engine_bad:make", "", "AttributeError: module 'engine_bad' has no attribute 'make'"),
        ("engine_bad.deeper:create", "", "ModuleNotFoundError: No module named"),
        ("engine_bad", "", "TypeError: 'module' object is not callable"),
        ("engine_bad:Engine.context_length", "", "TypeError: 'int' object is not callable"),
        ("???", "", "cannot load"),
        ("engine_bad:create", "raise SystemExit('no license key')", "SystemExit: no license key"),
        ("engine_bad:create", "raise GeneratorExit", "GeneratorExit: "),
        ("engine_bad:create", "raise BaseException('odd')", "BaseException: odd"),
    ],
)
def test_an_engine_that_cannot_be_loaded(
    install: Install, target: str, change: str, reason: str
) -> None:
    install("engine-bad", "engine_bad", f"broken = {target}", change=change)
    install("engine-dist", "engine_good", "outside = engine_good:create")
    with pytest.raises(EncoderError) as caught:
        ZeroShotClassifier(RED_OR_BLUE, encoder="broken")
    message = str(caught.value)
    assert message.startswith(
        f"Cannot load the encoder 'broken' of engine-bad 2.0 from {target!r}: "
    )
    assert reason.lower() in message.lower() or reason == "cannot load"
    assert caught.value.__cause__ is not None
    # and it stands in nobody's way
    assert {"clip", "broken", "outside"} <= {entry.name for entry in list_encoders()}
    assert create_encoder("outside", None).model_info.name == "its own choice"


def test_who_interrupts_an_engine_s_import_is_obeyed(install: Install) -> None:
    install("engine-bad", "engine_bad", "b = engine_bad:create", change="raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        create_encoder("b", None)


def test_an_engine_that_exits_when_it_is_made_ends_no_program(install: Install) -> None:
    change = "def create(model, **options): raise SystemExit('no license key')"
    install("engine-dist", "engine_good", "outside = engine_good:create", change=change)
    with pytest.raises(EncoderError, match=r"'outside' of engine-dist 2.0 ends.*no license key"):
        create_encoder("outside", None)


def test_a_device_out_of_an_enumeration_is_its_value(install: Install) -> None:
    class Device(str, Enum):  # noqa: UP042 - as users write them
        GPU = "cuda:1"

    install("engine-dist", "engine_good", "outside = engine_good:create")
    encoder: Any = create_encoder("outside", None, device=Device.GPU)
    assert encoder.options["device"] == "cuda:1"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("del Engine.encode_texts, Engine.count_tokens", "lacks count_tokens, encode_texts."),
        ("create = lambda *a, **k: None", "lacks context_length, count_tokens, "),
        (
            "Engine.about = {'score_function': 'Softmax'}",
            "`score_function` of .* must be 'softmax' or 'sigmoid'",
        ),
        (
            "Engine.about = {'logit_scale': 0}",
            "`logit_scale` of .* must be a positive number, got 0",
        ),
        ("Engine.about = {'logit_scale': float('nan')}", "`logit_scale` of .* got nan"),
        ("Engine.about = {'logit_scale': '100'}", "`logit_scale` of .* got '100'"),
        ("Engine.about = {'logit_bias': None}", "`logit_bias` of .* must be a number, got None"),
        (
            "Engine.model_info = property(lambda self: {}, lambda self, value: None)",
            r"`model_info` of .* must be a zsclip.ModelInfo, got \{\}",
        ),
    ],
)
def test_an_engine_that_does_not_keep_to_the_protocol(
    install: Install, change: str, message: str
) -> None:
    install("engine-dist", "engine_good", "outside = engine_good:create", change=change)
    with pytest.raises(EncoderError, match=message) as caught:
        ZeroShotClassifier(RED_OR_BLUE, encoder="outside")
    assert "the encoder 'outside' of engine-dist 2.0" in str(caught.value)


def test_what_its_function_raises_comes_through(install: Install) -> None:
    install(
        "engine-dist",
        "engine_good",
        "outside = engine_good:create",
        change="def create(model, **options): raise MemoryError('its own words')",
    )
    with pytest.raises(MemoryError, match="its own words"):
        ZeroShotClassifier(RED_OR_BLUE, encoder="outside")


def test_a_property_that_is_slow_is_not_asked_for(install: Install) -> None:
    install(
        "engine-dist",
        "engine_good",
        "outside = engine_good:create",
        change="Engine.weights_sha256 = property(lambda self: 1 / 0)",
    )
    clf = ZeroShotClassifier(RED_OR_BLUE, encoder="outside")
    with pytest.raises(ZeroDivisionError):
        _ = clf.origin


def test_an_object_that_stands_in_for_an_engine_will_do(install: Install) -> None:
    """One that passes on what it does not have itself, as wrappers do."""
    install("engine-dist", "engine_good", "outside = engine_good:create")

    class Wrapper:
        def __init__(self, inner: object) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    wrapped: Any = Wrapper(create_encoder("outside", None))
    clf = ZeroShotClassifier(RED_OR_BLUE, encoder=wrapped)
    assert clf.classify(Image.new("RGB", (2, 2), "red")).label == "red"


def test_a_name_that_two_distributions_offer(install: Install) -> None:
    install("engine-dist", "engine_good", "outside = engine_good:create")
    install("engine-other", "engine_other", "outside = engine_other:create", version="0.1")
    with pytest.raises(EncoderError) as caught:
        ZeroShotClassifier(RED_OR_BLUE, encoder="outside")
    message = str(caught.value)
    assert "engine-dist 2.0" in message
    assert "engine-other 0.1" in message
    assert "Uninstall all but one" in message
    assert [e.name for e in list_encoders()].count("outside") == 2


def test_an_engine_found_twice_on_the_path_counts_once(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one, as for Python itself."""
    site = install("engine-dist", "engine_good", "outside = engine_good:create")
    shutil.copytree(site, tmp_path / "second")
    info = tmp_path / "second" / "engine_dist-2.0.dist-info"
    metadata = (info / "METADATA").read_text().replace("2.0", "3.0")
    (info / "METADATA").write_text(metadata)
    info.rename(info.with_name("engine_dist-3.0.dist-info"))
    monkeypatch.syspath_prepend(tmp_path / "second")
    assert [e.version for e in list_encoders() if e.name == "outside"] == ["3.0"]
    assert create_encoder("outside").context_length == 16


def test_the_name_of_zsclips_own_cannot_be_taken(install: Install) -> None:
    install("engine-dist", "engine_good", "clip = engine_good:create")
    assert [e.distribution for e in list_encoders() if e.name == "clip"] == ["zsclip"]
    clf = ZeroShotClassifier(RED_OR_BLUE, encoder="clip", model="tiny-cartoon", device="cpu")
    assert clf.model_info.encoder == "clip"


def test_malformed_metadata_leaves_the_others_alone(install: Install) -> None:
    install("engine-malformed", "engine_bad", "[zsclip.encoders]\nno equals sign here\n[")
    install("engine-dist", "engine_good", "outside = engine_good:create")
    assert {"clip", "outside"} <= {entry.name for entry in list_encoders()}
    assert create_encoder("outside", None).context_length == 16
    with pytest.raises(EncoderNotFoundError) as caught:
        create_encoder("mine", None)
    assert "What these declare cannot be parsed: engine-malformed 2.0." in str(caught.value)


def test_other_groups_are_none_of_ours(install: Install) -> None:
    install(
        "engine-dist",
        "engine_good",
        "[console_scripts]\noutside = engine_good:create\n[zsclip.labelsets]\nx = engine_good\n",
    )
    assert [e for e in list_encoders() if e.distribution == "engine-dist"] == []


def test_what_no_tensor_tells_is_part_of_the_key_of_embeddings(fake: Any) -> None:
    """Two models over the same tensors, with another activation or other heads, share nothing."""
    info, keys = fake.model_info, {engine_key(fake)}
    changes: list[dict[str, Any]] = [
        {"activation": "gelu"},
        {"activation": "quickgelu"},
        {"recipe": "4 image heads"},
    ]
    for change in changes:
        fake.model_info = dataclasses.replace(info, **change)
        keys.add(engine_key(fake))
    assert len(keys) == 4
