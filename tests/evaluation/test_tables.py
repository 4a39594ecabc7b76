"""Tables of pictures and their truth."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import ParameterTypeError, TruthTableError
from zsclip.evaluation import read_truth, tables


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "truth.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_paths_are_from_the_folder_of_the_table(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na.png,cat\nsub/b.png,dog\n/else/c.png,cat\n")
    found = read_truth(path)
    assert found.images == (str(tmp_path / "a.png"), str(tmp_path / "sub/b.png"), "/else/c.png")
    assert found.truth == ("cat", "dog", "cat")


def test_urls_stay_as_they_are(tmp_path: Path) -> None:
    url = "https://example.org/a.png?x=1"
    assert read_truth(table(tmp_path, f"image,label\n{url},cat\n")).images == (url,)


@pytest.mark.parametrize("head", ["image,label", "PATH;Label", "file\tlabel", '"image","label"'])
def test_columns_have_several_names_and_cells_several_separators(tmp_path: Path, head: str) -> None:
    between = next(c for c in ",;\t" if c in head)
    found = read_truth(table(tmp_path, f"{head}\na.png{between} cat \n\n"))
    assert found.truth == ("cat",)


def test_other_columns_are_passed_over_in_any_order(tmp_path: Path) -> None:
    text = '\ufeffsplit,label,note,image\ntest,cat,"one, two",a.png\r\ntest,,,b.png\n'
    found = read_truth(table(tmp_path, text))
    assert [Path(image).name for image in found.images] == ["a.png", "b.png"]
    assert found.truth == ("cat", None)


def test_numbers_are_texts_in_one_column_and_positions_in_the_other(tmp_path: Path) -> None:
    assert read_truth(table(tmp_path, "image,label\na.png,3\n")).truth == ("3",)
    assert read_truth(table(tmp_path, "image,position\na.png,3\nb.png,\n")).truth == (3, None)


def test_several_labels_stand_in_one_cell(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na.png,cat | dog\nb.png,\nc.png,cow|\n")
    assert read_truth(path, several=True).truth == (("cat", "dog"), (), ("cow",))
    path = table(tmp_path, "image,position\na.png,0|2\n")
    assert read_truth(path, several=True).truth == ((0, 2),)


def test_an_empty_cell_too_many_is_passed_over(tmp_path: Path) -> None:
    found = read_truth(table(tmp_path, "image,label\na.png,cat,\nb.png,dog\n"))
    assert found.truth == ("cat", "dog")


def test_a_picture_whose_labels_stand_in_several_lines_is_told(tmp_path: Path) -> None:
    path = table(tmp_path, "image,label\na.png,cat|dog\na.png,dog | cat\n")
    assert read_truth(path, several=True).truth == (("cat", "dog"), ("dog", "cat"))
    path = table(tmp_path, "image,label\na.png,cat\na.png,dog\n")
    assert read_truth(path).truth == ("cat", "dog")
    with pytest.raises(TruthTableError, match=r"line 3 names 'a.png' again.* with [|] between"):
        read_truth(path, several=True)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "names nothing"),
        ("image,label\n", "no picture"),
        ("a.png,cat\n", r"names 'a.png', 'cat'\. It must name"),
        ("image,path,label\na,b,cat\n", "one picture and one label"),
        ("image,label,position\na,b,1\n", "one picture and one label"),
        ("image,label\na.png,cat\n,dog\n", "line 3 names no picture"),
        ("image,label\na.png,cat,1\n", "line 2 has 3 cells"),
        ("image,position\na.png,cat\n", "line 2 has the position 'cat'"),
        ('image,label\n"a.png,cat\n', "line 2 is no line"),
        (b"image,label\na.png,caf\xe9\n", "line 2 is not UTF-8"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(TruthTableError, match=told):
        read_truth(table(tmp_path, text))


def test_a_table_that_is_not_there_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path, "a\0b"):
        with pytest.raises(TruthTableError, match=r"Cannot read the table.*Check the path"):
            read_truth(path)
    with pytest.raises(ParameterTypeError):
        read_truth(3)  # type: ignore[arg-type]


def test_a_table_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "FILE_LIMIT", 10)
    with pytest.raises(TruthTableError, match="more than 0 MiB"):
        read_truth(table(tmp_path, "image,label\na.png,cat\n"))


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode("utf-8")))
def test_any_file_is_a_table_or_told(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    for head in (b"", b"image,label\n", b"file;position\n"):
        try:
            found = read_truth(table(folder, head + data))
        except TruthTableError:
            continue
        assert len(found.images) == len(found.truth) > 0
