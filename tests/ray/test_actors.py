"""What an actor does with batches, without a cluster around it."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pytest
from counted_engine import CountedEngine, notes
from PIL import Image

from zsclip import Reading, ZeroShotClassifier, to_arrow
from zsclip.errors import ImageError, ParameterError
from zsclip.ray.actors import Mapper
from zsclip.ray.plan import Plan

BROKEN = b"no picture"


def plan(**changes: Any) -> Plan:
    usual: dict[str, Any] = {
        "column": "image",
        "labels": True,
        "embeddings": False,
        "width": 4,
        "on_error": "record",
        "most_rows": 1000,
        "most_bytes": 1 << 26,
    }
    return Plan(**{**usual, **changes})


@pytest.fixture
def counted(tmp_path: Path) -> ZeroShotClassifier:
    (tmp_path / "notes").mkdir()
    engine = CountedEngine(tmp_path / "notes")
    return ZeroShotClassifier(["red", "green", "blue"], encoder=engine, cache=False)


def png(color: str, mode: str = "RGB", size: tuple[int, int] = (4, 4)) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, color).save(file, "png")
    return file.getvalue()


def mapped(classifier: ZeroShotClassifier, table: pyarrow.Table, made: Plan) -> pyarrow.Table:
    return pyarrow.concat_tables(list(Mapper(pickle.dumps(classifier), made)(table)))


def test_new_columns_are_those_of_a_table_of_results(counted: ZeroShotClassifier) -> None:
    pictures = [png("red"), BROKEN, png("blue")]
    table = pyarrow.table({"id": [7, 8, 9], "image": pictures})
    made = mapped(counted.rejecting(threshold=0.5), table, plan(keep=("id",)))
    results = counted.rejecting(threshold=0.5).classify_many(pictures, on_error="record")
    expected = to_arrow(results)
    names = [name for name in expected.column_names if not name.startswith("source")]
    assert made.column_names == ["id", *names]
    assert made.select(names).equals(expected.select(names))
    assert made.column("id").to_pylist() == [7, 8, 9]


def test_the_best_labels_and_the_embedding_are_added_on_demand(counted: ZeroShotClassifier) -> None:
    table = pyarrow.table({"image": [png("red"), None, png("lime")]})
    made = mapped(counted, table, plan(top=2, embeddings=True))
    [red, none, green] = made.to_pylist()
    assert [score["label"] for score in red["scores"]] == [red["label"], "green"]
    assert green["scores"][0]["id"] == green["label_id"] == "green"
    assert red["scores"][0]["score"] == red["score"]
    assert np.array(red["embedding"], np.float32) == pytest.approx(
        counted.encode_images([png("red")])[0]
    )
    assert {name for name, value in none.items() if value is not None} == {"error", "error_type"}
    assert none["error"].endswith("there is none in this row: it is null.")
    assert made.schema.field("embedding").type == pyarrow.list_(pyarrow.float32(), 4)


def test_pictures_are_embedded_alone(counted: ZeroShotClassifier) -> None:
    table = pyarrow.table({"image": [png("red"), BROKEN]})
    made = mapped(counted, table, plan(labels=False, embeddings=True, prefix="clip_"))
    assert made.column_names == ["image", "clip_embedding", "clip_error", "clip_error_type"]
    assert made.column("clip_embedding").null_count == 1
    assert made.column("clip_error_type").to_pylist() == [None, "ImageError"]


@pytest.mark.parametrize("embeddings", [False, True])
@pytest.mark.parametrize("picture", [BROKEN, None])
def test_a_row_that_fails_raises_where_that_is_wanted(
    counted: ZeroShotClassifier, picture: bytes | None, embeddings: bool
) -> None:
    table = pyarrow.table({"image": pyarrow.array([png("red"), picture], pyarrow.binary())})
    with pytest.raises(ImageError):
        mapped(counted, table, plan(on_error="raise", embeddings=embeddings))


def test_a_batch_without_rows_has_the_columns(counted: ZeroShotClassifier) -> None:
    table = pyarrow.table({"image": pyarrow.array([], pyarrow.binary())})
    for made in (plan(), plan(embeddings=True, top=1), plan(labels=False, embeddings=True)):
        result = mapped(counted, table, made)
        assert len(result) == 0
        assert result.schema.names == ["image", *made.schema().names]
    assert list(Mapper(pickle.dumps(counted), plan())(pyarrow.table({}))) == []


def test_other_columns_go_through_without_a_copy(counted: ZeroShotClassifier) -> None:
    table = pyarrow.table({"image": [png("red")] * 4, "other": [b"x" * 1000] * 4})
    [first, second] = Mapper(pickle.dumps(counted), plan(most_rows=2))(table)
    for piece in (first, second):
        [chunk] = piece.column("other").chunks
        assert chunk.buffers()[2].address == table.column("other").chunks[0].buffers()[2].address


def test_vectors_are_scored_and_no_tower_is_asked(
    counted: ZeroShotClassifier, tmp_path: Path
) -> None:
    rows = counted.encode_images([png("red"), png("lime")])
    given = [rows[0].tolist(), None, rows[1].tolist(), [1.0], (2 * rows[0]).tolist(), [np.nan] * 4]
    for file in (tmp_path / "notes").iterdir():
        file.unlink()
    table = pyarrow.table({"image": pyarrow.array(given, pyarrow.list_(pyarrow.float32()))})
    made = mapped(counted, table, plan(embeddings=True)).to_pylist()
    assert [row["label"] for row in made] == ["red", None, "green", None, None, None]
    assert [row["score"] for row in made if row["error"] is None] == [
        p.score for p in counted.classify_embeddings(rows)
    ]
    for row, told in {1: "it is null", 3: "1 numbers", 4: "the length 2", 5: "NaN"}.items():
        assert told in made[row]["error"]
        assert made[row]["embedding"] is None
    assert [*notes(tmp_path / "notes").values()] == [["loaded"]]


def test_a_vector_that_is_none_raises_where_that_is_wanted(counted: ZeroShotClassifier) -> None:
    table = pyarrow.table({"image": pyarrow.array([[1.0]], pyarrow.list_(pyarrow.float32()))})
    with pytest.raises(ParameterError, match="1 numbers, and those of this model have 4"):
        mapped(counted, table, plan(on_error="raise"))


def test_the_tower_is_loaded_once_and_that_of_texts_never(
    tiny: ZeroShotClassifier, drawings: Path, loads: list[str]
) -> None:
    tiny.score_embeddings(np.empty((0, tiny.model_info.embedding_dim), np.float32))
    packed = pickle.dumps(tiny.with_settings(cache=False))
    del loads[:]
    mapper = Mapper(packed, plan(width=tiny.model_info.embedding_dim))
    table = pyarrow.table({"image": [str(file) for file in sorted(drawings.glob("*.png"))]})
    first, second = (pyarrow.concat_tables(list(mapper(table))) for _ in range(2))
    assert first.equals(second)
    assert loads == ["load_image_tower"]
    expected = tiny.with_settings(cache=False).classify_many(sorted(drawings.glob("*.png")))
    assert first.column("score").to_pylist() == [p.score for p in expected]  # bit for bit


def test_nothing_is_kept_on_disk_unless_that_is_wanted(
    counted: ZeroShotClassifier, cache_folder: Path
) -> None:
    kept = counted.with_settings(cache=True)
    mapped(kept.with_settings(cache=False), pyarrow.table({"image": [png("red")]}), plan())
    assert not list(cache_folder.rglob("*.sqlite"))


def test_what_travels_has_the_precision_of_the_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZSCLIP_PRECISION", "bf16")
    clf = ZeroShotClassifier(["frog", "owl"], model="tiny-cartoon", device="cpu", cache=False)
    packed = pickle.dumps(clf)
    monkeypatch.setenv("ZSCLIP_PRECISION", "fp32")
    width = clf.model_info.embedding_dim
    table = pyarrow.table({"image": [png("red", size=(64, 64))]})
    made = pyarrow.concat_tables(
        list(Mapper(packed, plan(width=width, embeddings=True, labels=False))(table))
    )
    assert pickle.loads(packed).model_info.precision == "bf16"
    in_bf16 = clf.encode_images([png("red", size=(64, 64))])[0]
    assert made.column("embedding")[0].as_py() == in_bf16.tolist()


def test_reading_has_its_limits_in_an_actor(counted: ZeroShotClassifier, tmp_path: Path) -> None:
    strict = ZeroShotClassifier(
        ["red", "green"], encoder=counted.encoder, reading=Reading(urls="none"), cache=False
    )
    table = pyarrow.table({"image": ["http://127.0.0.1:1/fox.png", str(tmp_path / "none.png")]})
    made = mapped(strict, table, plan())
    assert made.column("error_type").to_pylist() == ["ImageError", "ImageError"]
    assert "`urls` is 'none'" in made.column("error")[0].as_py()


@pytest.mark.parametrize(("sets", "expected"), [(True, "3"), (False, "1")])
def test_pytorch_gets_the_threads_of_the_plan_in_place_of_rays(
    counted: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch, *, sets: bool, expected: str
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # as Ray has it for an actor of one CPU
    Mapper(pickle.dumps(counted), plan(threads=3, sets_threads=sets))
    assert os.environ["OMP_NUM_THREADS"] == expected
