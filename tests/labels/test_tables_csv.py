"""Label sets out of CSV files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from growth import run_limited
from hypothesis import given
from hypothesis import strategies as st

from zsclip.errors import LabelSetFormatError, LabelSetUnreadableError
from zsclip.labels import Group, Label, LabelSet
from zsclip.labels.drafts import Text
from zsclip.labels.rules import check_text, fold

PETS = (
    Label("c", "cat", ("kitten", "tom, big"), parent="mammal"),
    Label("dog", "dog", prompts=('my "dog"', "a dog; mine")),
    Label("pup", "puppy", parent="dog"),
)
ROWS = [
    ["Name", "ID", "aliases", "prompts", "Parent"],
    ["cat", "c", "kitten|tom, big", "", "mammal"],
    ["", "", "", "", ""],
    ["dog", "", "", 'my "dog" | a dog; mine', ""],
    ["puppy", "pup", "", "", "dog"],
]


def read(folder: Path, data: str | bytes, name: str = "pets.csv") -> LabelSet:
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return LabelSet.from_csv(path)


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("quoting", [csv.QUOTE_MINIMAL, csv.QUOTE_ALL])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_as_spreadsheets_write_them(
    tmp_path: Path, delimiter: str, quoting: int, end: str, mark: str
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]
    writer.writerows(ROWS)

    pets = read(tmp_path, mark + out.getvalue())

    assert pets.labels == PETS
    assert pets.groups == (Group("mammal", "mammal"),)
    assert pets.name == "pets"
    [read_from] = pets.provenance
    assert read_from.file.endswith("pets.csv")


def test_columns_in_any_order_and_rows_that_end_early(tmp_path: Path) -> None:
    pets = read(tmp_path, "parent, name,\nmammal, cat\n,dog,,\n mammal ,cow,\n")
    assert pets.names == ("cat", "dog", "cow")
    assert [label.parent for label in pets] == ["mammal", None, "mammal"]


@pytest.mark.parametrize("head", ["", "name\n", "NAME,\n", '"name"\n'])
def test_one_column_is_names(tmp_path: Path, head: str) -> None:
    pets = read(tmp_path, f'{head}cat\n\n"dog, big"\n"a ""b"";c"\n# no comment\n')
    assert pets.names == pets.ids == ("cat", "dog, big", 'a "b";c', "# no comment")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("name,colour\ncat,red\n", "R4 line 1: 'colour' is no column. Known: 'name', 'id'"),
        ("name;alias\ncat;tom\n", "R4 line 1: 'alias' is no column. Did you mean 'aliases'?"),
        ("id,parent\nc,x\nd,x\n", "R4 line 1: has no column 'name'. Add it."),
        ("name,name\ncat,c\n", "R4 line 1: the column 'name' stands there twice."),
        ("\n\nname,id\ncat,c\ndog,d,e\n", "R4 line 5: has 3 cells, and the head has 2."),
        ("name\ncat\ndog, big\n", "R4 line 3: has 2 cells, and the head has 1."),
        ("cat\ndog, big\ncow\n", "R4 line 2: has several cells, and the first line names no col"),
        ("cat;tom\ndog;x\n", "R4 line 1: has several cells, and the first line names no columns"),
        ("cat\tx\ndog\n", "R4 line 1: has several cells"),
        ("name,id\n,c\ndog,d\n", "R8 line 2, name: is empty"),
        ("name,aliases\ncat,tom||kit\ndog\n", "R8 line 2, aliases: is empty"),
        ('name,id\n"a\nb",c\nd\nD,e\n', "R6 line 5, name: 'D' belongs to 'd' (line 4, name)"),
        ('name,id\n"a\nb",c\nd\n', "R8 line 2, name: holds characters that nobody can see (U+000A"),
        ("name,id\ncat,c\ndog,c\n", "R5 line 3: the id 'c' is taken by line 2."),
        ("name,prompts\ncat,a {}\ndog\n", "R7 line 2, prompts: is a complete prompt"),
        ("name,id,parent\na,a,b\nb,b,a\n", "R11 line 2, parent: the parents go round"),
        ("name,parent\ncat,m\u200bm\ndog\n", "R8 line 2, parent: holds characters that nobody"),
        ("name\n", "R4 labels: must hold one label or more, got none"),
        ("", "R4 labels: must hold one label or more, got none"),
        ('name,id\ncat,"c"x\n', "R1 file: is no table: line 2: ',' expected after '\"'."),
        ('name,id\ncat,c\n"dog\n', "R1 file: is no table: line 3: unexpected end of data."),
        ("name\n" + "x" * 200_000, "R1 file: is no table: line 2: field larger than field limit"),
    ],
)
def test_breaches_in_a_table_are_told_with_their_lines(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(LabelSetFormatError) as caught:
        read(tmp_path, text)
    assert any(p.startswith(problem) for p in caught.value.problems), caught.value.problems
    assert len(set(caught.value.problems)) == len(caught.value.problems)
    assert "pets.csv' breaks" in str(caught.value)


def test_a_table_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(LabelSetUnreadableError, match=r"not UTF-8 text \(.* in line 2\)"):
        read(tmp_path, "name\ncafé\n".encode("latin-1"))
    with pytest.raises(LabelSetUnreadableError, match="not UTF-8 text"):
        read(tmp_path, "name\ncat\n".encode("utf-16"))


WORDS = st.text(min_size=1, max_size=5).filter(lambda text: not check_text(Text("", text)))


@given(
    st.lists(WORDS, min_size=2, max_size=5, unique_by=fold),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)
def test_what_a_writer_of_tables_writes_is_read(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], delimiter: str, with_ids: bool
) -> None:
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "name"] if with_ids else ["name"])
    writer.writerows([f"{i}", name] if with_ids else [name] for i, name in enumerate(names))
    made = read(tmp_path_factory.getbasetemp(), out.getvalue())
    assert made.names == tuple(names)
    assert made.ids == (tuple(map(str, range(len(names)))) if with_ids else tuple(names))


@given(st.text(st.sampled_from('name,id;\t"|\r\n a\ufeff\0é{}')) | st.text() | st.binary())
def test_no_table_ends_in_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: str | bytes
) -> None:
    try:
        made = read(tmp_path_factory.getbasetemp(), data)
    except (LabelSetFormatError, LabelSetUnreadableError) as error:
        str(error).encode()
    else:
        assert len(made) >= 1


@pytest.mark.parametrize("column", ["id", "nome"])
def test_a_table_of_more_columns_than_labels_have_is_told_in_one_line(
    tmp_path: Path, column: str
) -> None:
    (tmp_path / "names.csv").write_text("name" + f",{column}" * 600_000 + "\na,b\n")
    program = """
from zsclip.labels import LabelSet
try:
    LabelSet.from_csv("names.csv")
except ValueError as error:
    print(error)
"""
    printed = run_limited(program, folder=tmp_path)
    assert "line 1: names 600,001 columns, and may name 1,000. Remove the rest." in printed
    assert printed.count("\n") == 2
