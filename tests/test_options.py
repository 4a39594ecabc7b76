"""The options of a classifier: filled in, and shown to people and to tools."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from zsclip import Reading, ZeroShotClassifier
from zsclip.errors import ParameterError
from zsclip.options import DEFAULTS, Options, Settings


def test_exact_means_fp32() -> None:
    clf = ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", exact=True)
    assert clf.model_info.precision == "fp32"
    same = ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", exact=True, precision="fp32")
    assert same.model_info.precision == "fp32"
    with pytest.raises(ParameterError, match="`exact` means fp32, and `precision` is 'bf16'"):
        ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", exact=True, precision="bf16")


def test_every_option_has_a_type_and_a_default() -> None:
    assert set(Options.__annotations__) | set(Settings.__annotations__) == set(DEFAULTS)


@pytest.mark.parametrize(
    ("function", "own"),
    [
        (ZeroShotClassifier, ["labels", "templates", "multi_label", "null_prompts"]),
        (ZeroShotClassifier.load, ["path"]),
    ],
)
def test_every_option_is_shown_with_type_and_default(function: Any, own: list[str]) -> None:
    parameters = inspect.signature(function).parameters
    assert list(parameters) == [*own, *DEFAULTS]
    for name, default in DEFAULTS.items():
        assert parameters[name].default is default
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY
        assert isinstance(parameters[name].annotation, str)
    assert parameters["batch_size"].annotation == "int"
    assert "EmbeddingCache" in parameters["cache"].annotation


def test_what_belongs_to_a_named_engine_is_no_option_of_from_clip() -> None:
    shown = inspect.signature(ZeroShotClassifier.from_clip).parameters
    assert {"batch_size", "too_long", "reading", "exact", "workers", "cache"} <= set(shown)
    assert not {"model_info", "device", "precision", "download_root"} & set(shown)


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    help(ZeroShotClassifier)
    told = capsys.readouterr().out
    for name in DEFAULTS:
        assert f"{name}: " in told


def test_an_option_that_does_not_exist_is_an_error_as_in_python() -> None:
    wrong: Any = {"modle": "tiny-cartoon"}
    with pytest.raises(TypeError, match="unexpected keyword argument 'modle'"):
        ZeroShotClassifier(["cat", "dog"], **wrong)


def test_too_long_is_one_of_two_words() -> None:
    wrong: Any = {"too_long": True}
    with pytest.raises(ParameterError, match="`too_long` must be 'error' or 'cut', got True"):
        ZeroShotClassifier(["cat", "dog"], model="tiny-cartoon", **wrong)


def test_the_defaults_cannot_change() -> None:
    assert DEFAULTS["reading"] == Reading()
    with pytest.raises(AttributeError):
        DEFAULTS["reading"].max_pixels = 1  # type: ignore[misc]
