"""Whatever a classifier learnt, a file gives the scores that the classifier gives."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from hand_made import some_learnt
from onnx import TensorProto, helper, numpy_helper

from zsclip import LabelSet, ZeroShotClassifier
from zsclip.encoders import ModelInfo
from zsclip.errors import LearntMismatchError
from zsclip.export.scoring import scores_of
from zsclip.head import Head
from zsclip.testing import FakeEncoder as HashEncoder

EXACT = 1e-5
SEVERAL = ("standardization", "thresholds")
KINDS = [
    (),
    ("probe",),
    ("calibration",),
    ("rejection",),
    ("probe", "calibration", "rejection"),
    ("standardization",),
    ("thresholds",),
    ("standardization", "thresholds"),
]


def by_the_graph(head: Head, model: ModelInfo, embeddings: Any) -> Any:
    """Scores that the nodes of `scores_of` make of embeddings."""
    nodes = scores_of(head, model, "embeddings", "scores")
    graph = helper.make_graph(
        nodes.nodes,
        "scores",
        [helper.make_tensor_value_info("embeddings", TensorProto.FLOAT, ["n", None])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", None])],
        [numpy_helper.from_array(values, name) for name, values in nodes.weights.items()],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = onnxruntime.InferenceSession(made.SerializeToString())
    return session.run(["scores"], {"embeddings": embeddings})[0]


@pytest.mark.parametrize("names", KINDS, ids=" ".join)
@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize(
    "model",
    [{}, {"logit_scale": 100.0}, {"score_function": "sigmoid", "logit_bias": -12.0}],
    ids=["softmax", "scale 100", "sigmoid"],
)
def test_scores_of_a_graph_are_those_of_the_head(
    model: dict[str, Any], several: bool, names: tuple[str, ...], fake_encoder: Any
) -> None:
    if (several and "probe" in names) or (not several and any(name in SEVERAL for name in names)):
        return
    engine = fake_encoder(**model)
    nulls = ["a thing", "a picture of nothing", "none"]
    options: dict[str, Any] = {"null_prompts": nulls} if several else {}
    clf = ZeroShotClassifier(
        ["red", "green", "blue"], encoder=engine, multi_label=several, cache=False, **options
    )
    clf.predict([np.zeros((2, 2, 3), np.uint8)])
    tie = clf._model.tie(clf._head)
    if names:
        clf = clf.with_learnt(some_learnt(tie, 3, 8, *names))
    rows = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = by_the_graph(clf._embedded_head(), clf.model_info, rows)
    np.testing.assert_allclose(found, clf.score_embeddings(rows), atol=EXACT)


def test_scores_of_labels_by_themselves_stay_apart_however_small_they_are() -> None:
    engine = HashEncoder(score_function="sigmoid", logit_bias=-40.0, logit_scale=10.0)
    clf = ZeroShotClassifier(["red", "green", "blue"], encoder=engine, cache=False)
    rows = clf.encode_texts(["a", "b"])
    found = by_the_graph(clf._embedded_head(), clf.model_info, rows)
    due = clf.score_embeddings(rows)
    assert 0 < due.max() < 1e-12
    np.testing.assert_allclose(found, due, rtol=1e-4)


# ------------------------------------------------------------------------------------- whole files


def test_a_file_of_several_labels_compares_with_null_prompts(
    pictures: list[Any], prepared: Callable[..., Any], run: Callable[..., Any], tmp_path: Path
) -> None:
    clf = ZeroShotClassifier(
        ["frog", "fish"], model="tiny-cartoon", precision="fp32", multi_label=True
    )
    clf.export(tmp_path / "several.onnx")
    scores, _ = run(tmp_path / "several.onnx", prepared(clf, pictures))
    np.testing.assert_allclose(scores, clf.predict_proba(pictures), atol=EXACT)


def test_a_file_of_what_learnt_has_it_all(
    tiny: ZeroShotClassifier,
    pictures: list[Any],
    prepared: Callable[..., Any],
    run: Callable[..., Any],
    about: Callable[[Path], dict[str, str]],
    tmp_path: Path,
) -> None:
    tiny.predict(pictures[:1])
    learnt = some_learnt(tiny._model.tie(tiny._head), 4, 256, "probe", "calibration", "rejection")
    clf = tiny.with_learnt(learnt)
    file = tmp_path / "learnt.onnx"
    clf.export(file)
    scores, embeddings = run(file, prepared(clf, pictures))
    np.testing.assert_allclose(scores, clf.predict_proba(pictures), atol=EXACT)
    accepted = [p.accepted for p in clf.classify_embeddings(embeddings)]
    assert accepted == [p.accepted for p in clf.classify_many(pictures)]
    told = json.loads(about(file)["zsclip.about"])
    assert told["learnt"] == ["probe", "calibration", "rejection"]
    assert (told["temperature"], told["rejection"]) == (2.5, {"method": "null", "threshold": 0.4})


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_what_was_learnt_in_fp32_is_not_exported_in_fewer_bits(
    precision: Any, tiny: ZeroShotClassifier, pictures: list[Any], tmp_path: Path
) -> None:
    tiny.predict(pictures[:1])
    clf = tiny.with_learnt(some_learnt(tiny._model.tie(tiny._head), 4, 256, "calibration"))
    with pytest.raises(LearntMismatchError, match=f"in fp32, and the file .* in {precision}"):
        clf.export(tmp_path / "x.onnx", precision=precision)
    assert not list(tmp_path.iterdir())


def test_a_file_keeps_the_tree_of_its_labels_in_what_is_saved(
    about: Callable[[Path], dict[str, str]], saved_in: Callable[[Path], Any], tmp_path: Path
) -> None:
    clf = ZeroShotClassifier("cartoon-animals/bird", model="tiny-cartoon", precision="fp32")
    clf.export(tmp_path / "birds.onnx")
    labelset: LabelSet = saved_in(tmp_path / "birds.onnx").head.labelset
    assert labelset == clf.labelset
    assert labelset.groups
    assert json.loads(about(tmp_path / "birds.onnx")["zsclip.labels"]) == list(labelset.names)
