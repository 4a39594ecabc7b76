"""What is found where somebody says it is."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from zsclip.errors import ImageError, ParameterError, ParameterTypeError
from zsclip.ray.entries import look
from zsclip.ray.places import Place


def table_at(path: Path, **columns: list[object]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), path)
    return path


def test_a_folder_of_pictures_is_listed_in_natural_order(tmp_path: Path) -> None:
    for name in ("fox 10.png", "fox 2.png", "notes.txt", "_SUCCESS", ".hidden.png"):
        (tmp_path / name).write_bytes(b"12345")
    source = look(tmp_path, None, None)
    first, second = source.entries()
    assert source.kind == "pictures"
    assert [Path(first.source).name, Path(second.source).name] == ["fox 2.png", "fox 10.png"]
    assert first.size == 5
    assert first.changed == os.stat(first.source).st_mtime_ns  # noqa: PTH116


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_a_name_that_is_no_text_is_an_entry_with_a_problem(tmp_path: Path) -> None:
    try:
        (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    except OSError:
        pytest.skip("the file system has no such names")
    (entry,) = look(tmp_path, None, None).entries()
    assert entry.source.endswith("caf\\udce9.png")
    assert entry.problem is not None
    assert "is no text" in entry.problem


def test_a_list_of_paths_and_addresses_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = tmp_path / "urls.txt"
    listed.write_text("https://example.com/a.jpg\n\nb.png\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    source = look(str(listed), None, None)
    assert [entry.source for entry in source.entries()] == [
        *("https://example.com/a.jpg", str(tmp_path / "b.png")),
    ]


def test_shards_are_told_by_their_endings(tmp_path: Path) -> None:
    table_at(tmp_path / "tables" / "part=1" / "a.parquet", image=[b"1", b"2"])
    (tmp_path / "tables" / "_SUCCESS").write_bytes(b"")
    source = look(tmp_path / "tables", None, None)
    (entry,) = source.entries()
    assert (source.kind, source.column, entry.rows) == ("tables", "image", 2)
    tars = [tmp_path / "a.tar", tmp_path / "b.tgz"]
    assert look(tars, "jpg", None).kind == "tars"


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for given, told in (
        (tmp_path / "gone", "nothing is there"),
        (tmp_path / "empty", "holds no picture, no Parquet file and no tar"),
        ([], "it is empty"),
        ("web://bucket/a", "a file system that Arrow knows"),
        (["a.png", "b.tar"], "1 tars among 2 paths"),
        ("s3://key:secret@bucket/a", "must hold no key or password"),
    ):
        with pytest.raises(ParameterError, match=told):
            look(given, None, None)
    (tmp_path / "a.png").write_bytes(b"")
    table_at(tmp_path / "b.parquet", image=[b""])
    with pytest.raises(ParameterError, match="1 tables, 1 pictures"):
        look(tmp_path, None, None)
    (tmp_path / "odd").write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(ParameterError, match="no text of paths"):
        look(tmp_path / "odd", None, None)
    for wrong in (5, b"a.png", ["a.png", 5]):
        with pytest.raises(ParameterTypeError, match="`source` must"):
            look(wrong, None, None)


def test_what_cannot_be_reached_is_not_taken_for_a_url_of_another_kind() -> None:
    with pytest.raises(OSError, match=r"names 'hdfs://nowhere/a', which cannot be reached.*jvm"):
        look("hdfs://nowhere/a", None, None)


def test_columns_are_found_by_name_or_asked_for(tmp_path: Path) -> None:
    table = table_at(tmp_path / "a.parquet", image=[b"1"], url=["u"], key=[1])
    with pytest.raises(ParameterError, match="`column` must say which column"):
        look(table, None, None)
    assert look(table, "url", "key").kind == "pictures"
    with pytest.raises(
        ParameterError, match=r"'imag', which is no column .* Did you mean 'image'\?$"
    ):
        look(table, "imag", None)
    with pytest.raises(ParameterError, match="`id_column` names 'id', which is no column"):
        look(table, "image", "id")
    with pytest.raises(ParameterError, match="`id_column` names a column of tables"):
        look(["a.png"], None, "id")
    with pytest.raises(ParameterError, match="`column` is of tables and tars"):
        look(["a.png"], "image", None)
    (tmp_path / "bad.parquet").write_bytes(b"no table")
    with pytest.raises(ImageError, match="it cannot be read"):
        look(tmp_path / "bad.parquet", None, None)


def test_a_folder_is_searched_as_find_pictures_does_it_for_tables_as_well(tmp_path: Path) -> None:
    for name in ("_DSC2.jpg", "_DSC10.jpg", "._DSC2.jpg"):  # as cameras and macOS name them
        (tmp_path / "photos" / "@eaDir").mkdir(parents=True, exist_ok=True)
        (tmp_path / "photos" / name).write_bytes(b"")
        (tmp_path / "photos" / "@eaDir" / name).write_bytes(b"")
    table_at(tmp_path / "tables" / "a.parquet", image=[b"1"])
    table_at(tmp_path / "tables" / "_temporary" / "b.parquet", image=[b"1"])
    (tmp_path / "linked").mkdir()
    try:
        for name in ("photos", "tables"):
            (tmp_path / "linked" / name).mkdir()
            (tmp_path / "linked" / name / "there").symlink_to(tmp_path / name)
            (tmp_path / name / "again").symlink_to(tmp_path / name)
    except OSError:
        pytest.skip("no links can be made here")
    for folder in (tmp_path, tmp_path / "linked"):
        for name, held in (("photos", ["_DSC2.jpg", "_DSC10.jpg"]), ("tables", ["a.parquet"])):
            found = look(folder / name, None, None).entries()
            assert [Path(entry.source).name for entry in found] == held


def test_lines_of_a_list_end_where_lines_of_files_do(tmp_path: Path) -> None:
    names = ["/a\u2028b.png", "/c\x85d.png", "/e\x0cf.png"]
    listed = tmp_path / "names.txt"
    for end in ("\n", "\r\n"):
        listed.write_bytes(end.join(names).encode())
        assert [entry.source for entry in look(listed, None, None).entries()] == names


def test_results_in_a_source_are_no_part_of_it(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"")
    for name in ("labels", "labels.job"):
        table_at(tmp_path / "photos" / name / "a.parquet", image=[b"1"])
    for sink in ("photos/labels", "photos/../photos/labels"):
        place = Place.of(tmp_path / sink, "sink")
        (entry,) = look(tmp_path / "photos", None, None, place).entries()
        assert Path(entry.source).name == "a.png"
    with pytest.raises(ParameterError, match="2 tables, 1 pictures"):
        look(tmp_path / "photos", None, None, Place.of(tmp_path / "label", "sink"))


def test_texts_of_a_dictionary_name_pictures(tmp_path: Path) -> None:
    table = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"path": pa.array(["/a", "/b", "/a"]).dictionary_encode()}), table)
    source = look(table, None, None)
    assert source.kind == "pictures"
    assert [entry.source for entry in source.entries()] == ["/a", "/b", "/a"]
