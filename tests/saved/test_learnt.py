"""What was learnt, in a file: it comes back whole, and nothing forged gets in."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hand_made import some_learnt, some_parts
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from safetensors import safe_open
from safetensors.numpy import save_file

from zsclip import Rejection, Thresholds, ZeroShotClassifier
from zsclip.learnt import Learnt, Tie
from zsclip.saved.format import KEY, TENSOR, sealed
from zsclip.saved.learnt import arrays_of_learnt, learnt_of_plain, plain_of_learnt, types_of_arrays
from zsclip.saved.plain import Plain

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Refused = Callable[..., str]
Arrays = dict[str, NDArray[Any]]
UNIT = np.eye(8, dtype=np.float32)

TIE = Tie(
    model="m",
    engine="e",
    weights_sha256=None,
    labels="l",
    templates="t",
    precision="fp32",
    labels_precision="fp32",
    reading="r",
    scores="softmax",
)


def again(learnt: Learnt) -> Learnt:
    text = json.dumps(plain_of_learnt(learnt), allow_nan=False)
    return learnt_of_plain(Plain(json.loads(text), "learnt"), arrays_of_learnt(learnt))


@pytest.mark.parametrize("name", [*some_parts(3, 8)])
def test_each_part_comes_back(name: str) -> None:
    learnt = some_learnt(TIE, 3, 8, name)
    assert again(learnt) == learnt
    assert again(learnt).id == learnt.id


def test_the_types_of_arrays_are_those_of_the_fields() -> None:
    arrays = arrays_of_learnt(some_learnt(TIE, 3, 8))
    words = {"float32": "F32", "float64": "F64"}
    assert types_of_arrays() == {key: words[array.dtype.name] for key, array in arrays.items()}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_any_threshold_comes_back(threshold: float) -> None:
    learnt = Learnt(tie=TIE, rejection=Rejection(method="margin", threshold=threshold))
    assert again(learnt) == learnt


@given(st.lists(st.floats(0, 1) | st.just(np.inf), min_size=1, max_size=5))
def test_any_thresholds_of_labels_come_back(values: list[float]) -> None:
    usual = some_parts(len(values), 8)["thresholds"]
    assert isinstance(usual, Thresholds)
    learnt = Learnt(tie=TIE, thresholds=replace(usual, values=np.array(values)))
    assert again(learnt) == learnt


@pytest.fixture
def taught(fake: FakeEncoder) -> ZeroShotClassifier:
    """A classifier of several labels at once, which learnt one of each kind."""
    several = ZeroShotClassifier(
        ["red", "green", "blue"],
        templates=["a {} thing."],
        multi_label=True,
        null_prompts=["a thing."],
        encoder=fake,
        cache=False,
    )
    several.score_embeddings(several.encode_images([]))
    several._head = replace(several._head, null_matrix=UNIT[:1])
    tie = several._model.tie(several._head)
    return several.with_learnt(some_learnt(tie, 3, 8))


@pytest.fixture
def forge(taught: ZeroShotClassifier, tmp_path: Path) -> Callable[..., Path]:
    """Writes the file of `taught` with changes and a checksum that fits."""

    def forge(change: Callable[[dict[str, Any], Arrays], object]) -> Path:
        path = tmp_path / "forged.zsclip"
        taught.save(path)
        opened: Any
        with safe_open(path, "numpy") as opened:
            said = json.loads(opened.metadata()[KEY])
            arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
        said.pop("sha256")
        change(said, arrays)
        others = {name: array for name, array in arrays.items() if name != TENSOR}
        save_file(arrays, path, {KEY: sealed(said, arrays[TENSOR], others)})
        return path

    return forge


def test_a_file_with_all_of_it(
    taught: ZeroShotClassifier, fake: FakeEncoder, tmp_path: Path
) -> None:
    taught.save(tmp_path / "a.zsclip")
    loaded = ZeroShotClassifier.load(tmp_path / "a.zsclip", encoder=fake)
    assert (loaded.learnt, loaded.origin) == (taught.learnt, taught.origin)
    loaded.save(tmp_path / "b.zsclip")
    assert (tmp_path / "a.zsclip").read_bytes() == (tmp_path / "b.zsclip").read_bytes()


def test_what_learnt_nothing_is_written_as_ever(colors: ZeroShotClassifier, tmp_path: Path) -> None:
    """The bytes that the last version without learning wrote, but for its own number."""
    colors.save(tmp_path / "a.zsclip")
    tie = colors._model.tie(colors._head)
    taught = colors.with_learnt(some_learnt(tie, 3, 8, "calibration", "probe"))
    taught.zero_shot().save(tmp_path / "b.zsclip")
    written = (tmp_path / "a.zsclip").read_bytes()
    assert written == (tmp_path / "b.zsclip").read_bytes()
    opened: Any
    with safe_open(tmp_path / "a.zsclip", "numpy") as opened:
        assert list(opened.keys()) == [TENSOR]
        matrix, text = opened.get_tensor(TENSOR), opened.metadata()[KEY]
    said = json.loads(text)
    assert list(said) == [
        "sha256", "format", "zsclip", "labelset", "templates", "precision", "reading", "model",
    ]  # fmt: skip
    digest, rest = said.pop("sha256"), json.dumps(said, separators=(",", ":"))
    assert digest == hashlib.sha256(rest.encode() + matrix.tobytes()).hexdigest()
    assert said["format"] == 1


def put(*place: str, value: Any) -> Callable[[dict[str, Any], Arrays], None]:
    def change(said: dict[str, Any], _: Arrays) -> None:
        inner = said
        for key in place[:-1]:
            inner = inner[key]
        inner[place[-1]] = value

    return change


def drop(*place: str) -> Callable[[dict[str, Any], Arrays], None]:
    def change(said: dict[str, Any], _: Arrays) -> None:
        inner = said
        for key in place[:-1]:
            inner = inner[key]
        del inner[place[-1]]

    return change


def array(name: str, make: Callable[[Any], Any]) -> Callable[[dict[str, Any], Arrays], None]:
    def change(_: dict[str, Any], arrays: Arrays) -> None:
        arrays[name] = np.array(make(arrays.get(name)), order="C")

    return change


def lack(name: str) -> Callable[[dict[str, Any], Arrays], None]:
    return lambda _, arrays: arrays.pop(name)  # type: ignore[return-value]


NEGATIVES = "learnt.rejection.negatives"


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (put("format", value=1), "it must hold one tensor, `class_matrix`, and holds ['"),
        (put("format", value=2), "it must hold one tensor, `class_matrix`, and holds ['"),
        (put("learnt", value={}), "it holds an array that nothing needs, `learnt.calibration"),
        (put("learnt", value=[]), "`learnt` must be an object, and is []"),
        (drop("learnt"), "it holds an array that nothing needs, `learnt.calibration"),
        (drop("learnt", "tie"), "`learnt.tie` is missing"),
        (drop("learnt", "tie", "scores"), "`learnt.tie.scores` is missing"),
        (put("learnt", "tie", "more", value=""), "there is no `learnt.tie.more`"),
        (put("learnt", "tie", "precision", value=None), "`learnt.tie.precision` must be a text"),
        (put("learnt", "tie", "labels", value="x"), "what it learnt belongs to others: the labels"),
        (put("learnt", "tie", "templates", value="x"), "belongs to others: the templates ('x', "),
        (put("learnt", "tie", "model", value="x"), None),  # a name of the same weights
        (put("learnt", "tie", "weights_sha256", value=None), "belongs to others: the SHA-256"),
        (put("learnt", "tie", "scores", value="sigmoid"), "to others: how scores are made"),
        (put("learnt", "tie", "reading", value=""), "belongs to others: how pictures are read"),
        (put("templates", value=["{}"]), "what it learnt belongs to others: the templates"),
        (drop("several"), "`null_matrix` must be of `several.null_prompts`, and there are none"),
        (
            lambda said, arrays: (said.pop("several"), arrays.pop("null_matrix")),
            "thresholds and a standardization are for several labels at once",
        ),
        (put("several", value=[]), "`several` must be an object, and is []"),
        (put("several", value={}), "`several.null_prompts` is missing"),
        (put("several", value={"null_prompts": [], "x": 1}), "there is no `several.x`"),
        (lack(NEGATIVES), "`rejection` must hold what it compares with"),
        (put("learnt", "calibration", "bound", value="side"), "has no bound called 'side'"),
        (put("learnt", "calibration", "ece_after", value=None), "ece_after` must be a number"),
        (put("learnt", "rejection", "accepted", value=2), "`accepted` must be from 0 to 1"),
        (put("learnt", "rejection", "null_prompts", value="x"), "must be a list of texts"),
        (put("several", value={"null_prompts": "x"}), "`several.null_prompts` must be a list of"),
        (put("several", value={"null_prompts": []}), "and there are none"),
        (put("several", value={"null_prompts": ["x", "y"]}), "must have the shape (2, 8)"),
        (array("null_matrix", lambda _: UNIT[:1, :7]), "`null_matrix` must have the width 8"),
        (array("null_matrix", lambda _: UNIT[:1] * 2), "rows of `null_matrix` must be of length 1"),
        (put("learnt", "magic", value={}), "there is no `learnt.magic`"),
        (put("learnt", "probe", "more", value=1), "there is no `learnt.probe.more`"),
        (put("learnt", "probe", "weights", value=[[1]]), "there is no `learnt.probe.weights`"),
        (put("learnt", "probe", "c", value="large"), "`learnt.probe.c` must be a number"),
        (put("learnt", "probe", "pictures", value=-1), "`learnt.probe.pictures` must be a whole"),
        (drop("learnt", "probe", "start"), "`learnt.probe.start` is missing"),
        (drop("learnt", "probe"), "it holds an array that nothing needs, `learnt.probe.bias`"),
        (lack("learnt.probe.bias"), "the array `learnt.probe.bias` is missing"),
        (array("learnt.probe.weights", lambda w: w[:2]), "a row of weights and a bias for each"),
        (array("learnt.probe.weights", lambda w: w[:, :7]), "`probe` must have the shape (3, 8)"),
        (array("learnt.probe.weights", lambda w: w * np.nan), "weights of a probe must be finite"),
        (array("learnt.probe.weights", np.float64), "`learnt.probe.weights` must be F32, and is"),
        (array("learnt.probe.bias", lambda _: np.float32(1)), "a bias for each label"),
        (array("learnt.standardization.mean", lambda m: m[:2]), "a deviation are needed for each"),
        (array("learnt.standardization.deviation", lambda m: m * 0), "must be positive"),
        (put("learnt", "calibration", "temperature", value=0), "a temperature must be positive"),
        (put("learnt", "calibration", "temperature", value=float("inf")), "must be a finite"),
        (put("learnt", "calibration", "temperature", value="1"), "must be a number, and is '1'"),
        (put("learnt", "calibration", "temperature", value=10**400), "must be a finite number"),
        (array("learnt.calibration.lac", lambda a: a[::-1]), "in ascending order"),
        (array("learnt.calibration.lac", lambda a: a[None]), "in ascending order"),
        (array("learnt.calibration.lac", lambda _: np.float64(1)), "in ascending order"),
        (array("learnt.calibration.aps", lambda a: a * np.nan), "in ascending order"),
        (array("learnt.calibration.aps", np.float16), "must be F64, and is F16"),
        (array("learnt.thresholds.values", lambda v: v[:2]), "is needed for each label"),
        (array("learnt.thresholds.values", lambda v: v * np.nan), "thresholds must be numbers"),
        (put("learnt", "rejection", "method", value="luck"), "there is no way to reject called"),
        (put("learnt", "rejection", "threshold", value=float("nan")), "must be a finite number"),
        (put("learnt", "rejection", "coverage", value="most"), "`learnt.rejection.coverage` must"),
        (array(NEGATIVES, lambda n: n[:, :7]), f"`{NEGATIVES}` must have the width 8"),
        (array(NEGATIVES, lambda n: n[0]), "`negatives` must have a row for each text"),
        (array(NEGATIVES, lambda n: n[:0]), "`negatives` must have a row for each text"),
        (array(NEGATIVES, lambda _: np.float32(1)), "`negatives` must have a row for each text"),
        (array(NEGATIVES, lambda n: n * 2), f"the rows of `{NEGATIVES}` must be of length 1"),
        (array(NEGATIVES, lambda n: n * np.nan), "`negatives` must be finite"),
        (array("learnt.other.x", lambda _: UNIT), "a tensor that nothing needs, 'learnt.other.x'"),
        (array("more", lambda _: UNIT), "it holds a tensor that nothing needs, 'more'"),
    ],
)  # fmt: skip
def test_what_is_forged_is_refused(
    forge: Callable[..., Path], refused: Refused, fake: FakeEncoder, change: Any, told: str | None
) -> None:
    path = forge(change)
    if told is None:
        assert ZeroShotClassifier.load(path, encoder=fake).learnt
        return
    message = refused(path, encoder=fake)
    assert "it is damaged: " in message
    assert told in message


def test_null_prompts_without_their_embeddings_are_refused(
    taught: ZeroShotClassifier, forge: Callable[..., Path], refused: Refused
) -> None:
    """Where something else takes their place they may be missing."""

    def change(said: dict[str, Any], arrays: Arrays) -> None:
        arrays.pop("null_matrix")
        for name in ("standardization", "probe"):
            said["learnt"].pop(name)
            for key in [key for key in arrays if key.startswith(f"learnt.{name}.")]:
                arrays.pop(key)

    assert "`null_matrix` is missing, which scores are made of" in refused(forge(change))


@pytest.mark.parametrize("key", ["several", "learnt"])
@pytest.mark.parametrize("number", [1, 2])
def test_an_older_format_knows_nothing_of_it(
    saved: Path, spoil: Callable[..., None], refused: Refused, key: str, number: int
) -> None:
    spoil(lambda said: said.update({"format": number, key: {"null_prompts": []}}))
    assert f"there is no `{key}` in format {number}" in refused(saved)


def test_keys_twice_are_damage(
    taught: ZeroShotClassifier, refused: Refused, tmp_path: Path
) -> None:
    path = tmp_path / "a.zsclip"
    taught.save(path)
    opened: Any
    with safe_open(path, "numpy") as opened:
        text = opened.metadata()[KEY]
        arrays = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
    twice = text.replace('"temperature":2.5', '"temperature":1.0,"temperature":2.5')
    assert twice != text
    save_file(arrays, path, {KEY: twice})
    assert "its SHA-256 says that it is not what was saved" in refused(path)


def test_a_changed_number_of_an_array_is_damage(
    taught: ZeroShotClassifier, refused: Refused, tmp_path: Path
) -> None:
    path = tmp_path / "a.zsclip"
    taught.save(path)
    whole = path.read_bytes()
    start = 8 + int.from_bytes(whole[:8], "little")
    for position in range(start, len(whole), 16):
        spoiled = bytearray(whole)
        spoiled[position] ^= 1
        path.write_bytes(spoiled)
        assert "its SHA-256 says that it is not what was saved" in refused(path)
