"""`run`: each row once in the sink, and what it says of what it cannot read or go on with."""

from __future__ import annotations

import io
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from pyarrow import parquet

import zsclip.ray
from zsclip import ZeroShotClassifier
from zsclip.errors import ImageError, ParameterError, ParameterTypeError, ResumeError

ray: Any = pytest.importorskip("ray")
pytestmark = pytest.mark.usefixtures("cluster")


@pytest.fixture
def files(drawings: Path) -> list[Path]:
    return sorted(drawings.glob("*.png"))


def rows_of(sink: Path, by: str = "id") -> pd.DataFrame:
    """What a reader sees that knows nothing of how it was written."""
    rows = pd.read_parquet(sink).sort_values(by, ignore_index=True)
    return rows.astype(object).where(rows.notna(), None)


def write_tar(path: Path, members: Sequence[tuple[str, bytes]]) -> None:
    with tarfile.open(path, "w") as tar:
        for name, content in members:
            about = tarfile.TarInfo(name)
            about.size = len(content)
            tar.addfile(about, io.BytesIO(content))


def test_the_same_picture_under_three_names_is_three_rows_for_every_reader(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    folder, sink = tmp_path / "photos", tmp_path / "out"
    folder.mkdir()
    for name in ("one.png", "two.png", "three.png"):
        shutil.copy(files[0], folder / name)
    (folder / "broken.png").write_bytes(b"no picture")
    finished = zsclip.ray.run(folder, sink, tiny, top=2, embeddings=True, rows_per_file=2)
    assert finished == zsclip.ray.Finished(str(sink), rows=4, failed=1, before=0)

    rows = rows_of(sink)
    assert rows["id"].tolist() == [0, 1, 2, 3]
    assert [Path(s).name for s in rows["source"]] == [
        *("broken.png", "one.png", "three.png", "two.png"),
    ]
    assert rows["error_type"].tolist() == ["ImageError", None, None, None]
    expected = tiny.classify(files[0])
    assert rows["label"][1:].tolist() == [expected.label] * 3
    assert rows["score"][1:].to_numpy() == pytest.approx(expected.score, abs=1e-6)
    assert len(rows["embedding"][1]) == tiny.model_info.embedding_dim
    assert len(rows["scores"][1]) == 2
    assert ds.dataset(sink).count_rows() == 4
    assert ray.data.read_parquet(str(sink)).count() == 4

    again = zsclip.ray.run(folder, sink, tiny, top=2, embeddings=True, rows_per_file=2)
    assert again == zsclip.ray.Finished(str(sink), rows=4, failed=1, before=4)
    assert {path.name for path in Path(f"{sink}.job").iterdir()} == {
        *("listing.parquet", "lock", "run.json"),
    }


def test_a_run_goes_on_with_what_was_there_and_not_with_what_has_come(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder, sink = tmp_path / "photos", tmp_path / "out"
    folder.mkdir()
    for n, file in enumerate(files[:6]):
        shutil.copy(file, folder / f"{n}.png")
    zsclip.ray.run(folder, sink, tiny, rows_per_file=2)
    (sink / "_SUCCESS").unlink()
    kept = sorted(sink.glob("*.parquet"))
    kept[0].write_bytes(b"PAR1 half of it")  # nobody knows of these any more:
    checkpoints = Path(f"{sink}.job/checkpoints")
    checkpoints.mkdir()
    for file in kept[:2]:
        base = file.name.removesuffix("-0.parquet")
        parquet.write_table(
            pa.table({"id": [0, 1] if file == kept[0] else parquet.read_table(file).column("id")}),
            checkpoints / f"{base}.parquet",
        )
    (checkpoints / f"{'a' * 22}_{'b' * 32}_000000.pending.parquet").write_bytes(b"half")
    shutil.copy(files[7], folder / "new.png")
    (folder / "5.png").unlink()
    finished = zsclip.ray.run(folder, sink, tiny, rows_per_file=2)
    assert finished.before == 2
    rows = rows_of(sink)
    assert rows["id"].tolist() == [0, 1, 2, 3, 4, 5]
    assert not any(Path(source).name == "new.png" for source in rows["source"])
    assert "1 added, 1 removed" in caplog.text


def test_rows_that_two_runs_wrote_are_there_once(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sink = tmp_path / "out"
    names = [str(file) for file in files[:6]]
    write = zsclip.ray.running._write

    def and_so_does_another(job: Any, *rest: Any) -> None:
        write(job, *rest)
        # a task of a run that was killed, which ended only now
        file = sorted(sink.glob("*.parquet"))[0]
        base = file.name.removesuffix("-0.parquet")
        late = f"{base[:-6]}900000"
        shutil.copy(sink / f"{base}-0.parquet", sink / f"{late}-0.parquet")
        mark = Path(job.checkpoints.path) / f"{base}.parquet"
        shutil.copy(mark, mark.with_name(f"{late}.parquet"))
        shutil.copy(file, sink / f"{base[:-6]}900001-0.parquet")  # without a checkpoint

    monkeypatch.setattr("zsclip.ray.running._write", and_so_does_another)
    zsclip.ray.run(names, sink, tiny, rows_per_file=2)
    assert rows_of(sink)["id"].tolist() == [0, 1, 2, 3, 4, 5]


def test_tables_of_bytes_are_read_up_to_where_they_are_damaged(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    folder, sink = tmp_path / "tables", tmp_path / "out"
    folder.mkdir()
    column = [file.read_bytes() for file in files[:4]]
    parquet.write_table(pa.table({"image": column, "n": [1, 2, 3, 4]}), folder / "a.parquet")
    (folder / "b.parquet").write_bytes(b"PAR1, and no more of it")
    parquet.write_table(
        pa.table({"image": column, "n": [1, 2, 3, 4]}), folder / "c.parquet", row_group_size=2,
        compression="none",
    )  # fmt: skip
    whole = (folder / "c.parquet").read_bytes()
    at = whole.rindex(column[2][:64])  # of the second group of rows
    (folder / "c.parquet").write_bytes(whole[: at - 100] + b"\xff" * 100 + whole[at:])
    finished = zsclip.ray.run(folder, sink, tiny)
    rows = rows_of(sink)
    told = [(Path(table).name, row) for table, row in zip(rows["table"], rows["row"], strict=True)]
    assert told[:5] == [("a.parquet", n) for n in range(4)] + [("b.parquet", 0)]
    assert "b.parquet" in rows["error"][4] or "Parquet" in rows["error"][4]
    assert rows["label"][:4].tolist() == [p.label for p in tiny.classify_many(files[:4])]
    assert rows["id"].is_unique
    assert finished.failed == rows["error"].notna().sum() >= 2
    with pytest.raises(ImageError, match=r"b\.parquet"):
        zsclip.ray.run(folder, tmp_path / "other", tiny, on_error="raise")


def test_tars_give_a_row_for_each_sample(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    folder, sink = tmp_path / "tars", tmp_path / "out"
    folder.mkdir()
    samples = [(f"{n}.png", file.read_bytes()) for n, file in enumerate(files[:3])]
    write_tar(folder / "0.tar", [*samples, ("3.txt", b"a note"), ("4.json", b"{}")])
    write_tar(folder / "1.tar", samples)
    cut = (folder / "1.tar").read_bytes()[: 512 + 100]
    (folder / "1.tar").write_bytes(cut)
    finished = zsclip.ray.run(folder, sink, tiny)
    rows = rows_of(sink)
    assert rows["member"][:5].tolist() == ["0.png", "1.png", "2.png", "3.txt", "4.json"]
    assert rows["label"][:3].tolist() == [p.label for p in tiny.classify_many(files[:3])]
    assert rows["error"][3] == "There is no picture in this sample."
    assert "1.tar" in rows["error"][5]
    assert finished.rows == len(rows) == 6
    assert finished.failed == 3


def test_tables_with_ids_of_their_own(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    table, sink = tmp_path / "vectors.parquet", tmp_path / "out"
    vectors = tiny.encode_images([str(file) for file in files[:5]])
    keys = [f"key {n}" for n in range(5)]
    columns = {"key": keys, "embedding": list(vectors), "copy": ["a", "b", "b", None, "c"]}
    parquet.write_table(pa.table(columns), table)
    zsclip.ray.run(table, sink, tiny, id_column="key")
    rows = rows_of(sink, "key")
    assert rows["key"].tolist() == keys
    assert rows["label"].tolist() == [p.label for p in tiny.classify_many(files[:5])]
    with pytest.raises(ParameterError, match=r"1 of 5 rows have none"):
        zsclip.ray.run(table, tmp_path / "other", tiny, id_column="copy")
    parquet.write_table(pa.table({"embedding": list(vectors), "copy": [1, 2, 2, 3, 1]}), table)
    with pytest.raises(ParameterError, match=r"2 ids of 'copy' are there more than once"):
        zsclip.ray.run(table, tmp_path / "other", tiny, id_column="copy")
    parquet.write_table(pa.table({"embedding": list(vectors), "copy": np.arange(5) / 2}), table)
    with pytest.raises(ParameterTypeError, match="whole numbers or of texts"):
        zsclip.ray.run(table, tmp_path / "other", tiny, id_column="copy")


def test_tables_that_name_pictures(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    shutil.copy(files[0], tmp_path / "beside.png")
    table = tmp_path / "names.parquet"
    paths = ["beside.png", str(files[1]), None, "gone.png"]
    parquet.write_table(pa.table({"path": paths}), table)
    finished = zsclip.ray.run(table, tmp_path / "out", tiny)
    rows = rows_of(tmp_path / "out")
    assert rows["row"].tolist() == [0, 1, 2, 3]
    assert rows["label"][:2].tolist() == [p.label for p in tiny.classify_many(files[:2])]
    assert rows["error"][2] == "The row names no picture."
    assert finished.failed == 2


def test_a_dataset_of_ray_goes_on_by_its_ids(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    sink = tmp_path / "out"
    table = tmp_path / "names.parquet"
    columns = {"path": [str(file) for file in files[:4]], "key": list("abcd")}
    parquet.write_table(pa.table(columns), table)
    dataset = ray.data.read_parquet(str(table))
    with pytest.raises(ParameterError, match="`id_column` must name the column"):
        zsclip.ray.run(dataset, sink, tiny, column="path")
    with pytest.raises(ParameterError, match="'kez', which is no column of the dataset"):
        zsclip.ray.run(dataset, sink, tiny, column="path", id_column="kez")
    before = {**vars(dataset.context), "_execution_idx": 0}
    zsclip.ray.run(dataset, sink, tiny, column="path", id_column="key")
    # what else is made of it has no checkpoints
    assert {**vars(dataset.context), "_execution_idx": 0} == before
    (written,) = sink.glob("*.parquet")
    (sink / "_SUCCESS").unlink()
    rows = parquet.read_table(written).slice(0, 3)
    parquet.write_table(rows, written)
    checkpoints = Path(f"{sink}.job/checkpoints")
    checkpoints.mkdir()
    mark = written.name.removesuffix("-0.parquet") + ".parquet"
    parquet.write_table(rows.select(["key"]), checkpoints / mark)
    finished = zsclip.ray.run(dataset, sink, tiny, column="path", id_column="key")
    assert (finished.before, finished.rows) == (3, 4)
    assert rows_of(sink, "key")["key"].tolist() == list("abcd")


def test_another_classifier_does_not_go_on(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path
) -> None:
    sink = tmp_path / "out"
    zsclip.ray.run(files[:2], sink, tiny)
    with pytest.raises(ResumeError, match=r"templates was .*, and is "):
        zsclip.ray.run(files[:2], sink, tiny.with_labels(["cat", "dog"]))
    with pytest.raises(ResumeError, match=r"top was 0, and is 3"):
        zsclip.ray.run(files[:2], sink, tiny, top=3)
    with pytest.raises(ResumeError, match=r"holds what another run wrote"):
        zsclip.ray.run(files[:2], sink, tiny, resume=False)


@pytest.mark.parametrize(
    "wrong", [{"embeddings": "no"}, {"resume": "no"}, {"quiet": 1}, {"batch_size": "3"}], ids=str
)
def test_nothing_is_begun_with_what_cannot_be(
    tiny: ZeroShotClassifier, files: list[Path], tmp_path: Path, wrong: dict[str, Any]
) -> None:
    with pytest.raises(ParameterTypeError, match=f"`{next(iter(wrong))}` must be"):
        zsclip.ray.run(files[0].parent, tmp_path / "out", tiny, **wrong)
    assert list(tmp_path.iterdir()) == []
