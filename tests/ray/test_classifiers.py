"""Which classifier goes to a cluster, and whether to a GPU."""

from __future__ import annotations

from pathlib import Path

import pytest

from zsclip import ZeroShotClassifier
from zsclip.errors import ParameterError
from zsclip.ray import classifiers
from zsclip.ray.classifiers import classifier_of, model_of, needs_gpu, wants_gpu


def test_a_classifier_is_itself_or_out_of_its_file(
    tiny: ZeroShotClassifier, tmp_path: Path
) -> None:
    assert classifier_of(tiny) is model_of(tiny) is tiny
    tiny.save(tmp_path / "tiny.zsclip")
    for given in (tmp_path / "tiny.zsclip", str(tmp_path / "tiny.zsclip")):
        assert classifier_of(given).labelset == model_of(given).labelset == tiny.labelset


def test_a_model_is_known_by_its_name() -> None:
    assert model_of("tiny-cartoon").model_info.name == "tiny-cartoon"


@pytest.mark.parametrize(
    ("device", "wants", "needs"),
    [("auto", True, False), ("cuda", True, True), ("cuda:0", True, True), ("cpu", False, False)],
)
def test_a_gpu_is_wanted_where_the_device_may_be_one(
    tiny: ZeroShotClassifier,
    device: str,
    wants: bool,
    needs: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(classifiers, "options_of", lambda _: {"device": device})
    assert (wants_gpu(tiny), needs_gpu(tiny)) == (wants, needs)


def test_one_of_several_gpus_is_refused(
    tiny: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(classifiers, "options_of", lambda _: {"device": "cuda:1"})
    with pytest.raises(ParameterError, match=r"Make it with device='cuda'\."):
        wants_gpu(tiny)
