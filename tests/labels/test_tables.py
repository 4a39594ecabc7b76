"""Label sets out of text files and class folders."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip.errors import LabelSetFormatError, LabelSetUnreadableError, ParameterTypeError
from zsclip.labels import Label, LabelSet, Provenance
from zsclip.labels.tables import words_of
from zsclip.spelling import parse_labels

# --------------------------------------------------------------------------------- lines of names


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_from_txt(tmp_path: Path, end: str) -> None:
    path = tmp_path / "my pets.txt"
    lines = ["\ufeff# pets, mine", "cat", "", "  dog, big\t", "#fish", "fish # 2"]
    path.write_bytes(end.join(lines).encode())

    pets = LabelSet.from_txt(path)

    assert pets.ids == pets.names == ("cat", "dog, big", "fish # 2")
    assert pets.name == "my pets"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert pets.provenance == (Provenance("", "", str(path), digest),)
    assert repr(pets) == "<LabelSet 'my pets' 3 labels, 0 templates, my pets.txt>"
    assert LabelSet.from_txt(str(path), name="pets").name == "pets"


def test_breaches_in_lines_are_told_with_their_numbers(tmp_path: Path) -> None:
    path = tmp_path / "pets.txt"
    path.write_text("cat\n\ndo\u200bg\nCAT\nbird\u2028fish\n", "utf-8")

    with pytest.raises(LabelSetFormatError) as caught:
        LabelSet.from_txt(path)

    assert str(caught.value).startswith(f"The labels file {str(path)!r} breaks the rules in 3 pla")
    first, second, third = caught.value.problems
    assert first.startswith("R6 line 4: 'CAT' belongs to 'cat' (line 1) and to 'CAT'.")
    assert second.startswith("R8 line 3: holds characters that nobody can see (U+200B)")
    assert third.startswith("R8 line 5: holds characters that nobody can see (U+2028)")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "pets.txt"
    with pytest.raises(
        LabelSetUnreadableError, match=r"Cannot read the labels file .*No such file"
    ):
        LabelSet.from_txt(path)
    path.write_bytes("cat\ncafé\n".encode("latin-1"))
    with pytest.raises(OSError, match=r"is not UTF-8 text \(.* in line 2\)\. Save it as UTF-8"):
        LabelSet.from_txt(path)
    with pytest.raises(LabelSetUnreadableError, match="null"):
        LabelSet.from_txt("a\0b.txt")
    with pytest.raises(ParameterTypeError, match="`path` must be a path, got list"):
        LabelSet.from_txt(["cat", "dog"])  # type: ignore[arg-type]


@pytest.mark.parametrize("read", [LabelSet.from_txt, LabelSet.from_csv, LabelSet.from_toml])
def test_a_file_that_never_ends(read: Callable[[str], LabelSet]) -> None:
    with pytest.raises(LabelSetUnreadableError, match="'/dev/zero': it has more than 16 MiB"):
        read("/dev/zero")


# ---------------------------------------------------------------------------------- class folders


def test_from_folder(tmp_path: Path) -> None:
    root = tmp_path / "Pets 2"
    names = ["golden-retriever", "Blue_Jay", "a b", "black-footed_ferret", "10", "9", "Z", ".git"]
    for name in names:
        (root / name / "below").mkdir(parents=True)
    (root / "picture.png").touch()
    (root / "linked").symlink_to(root / "10")

    pets = LabelSet.from_folder(root)

    # ImageFolder: sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    assert pets.ids == (
        "10", "9", "Blue_Jay", "Z", "a b", "black-footed_ferret", "golden-retriever", "linked",
    )  # fmt: skip
    assert pets["Blue_Jay"] == Label("Blue_Jay", "Blue Jay")
    assert pets["golden-retriever"].name == "golden retriever"
    assert pets["black-footed_ferret"].name == "black-footed ferret"
    assert pets.name == "Pets 2"
    digest = hashlib.sha256("".join(f"{name}\n" for name in pets.ids).encode()).hexdigest()
    assert pets.provenance == (Provenance("", "", str(root), digest),)
    assert LabelSet.from_folder(root, name="pets").labels == pets.labels


def test_folders_of_the_system_are_no_classes(tmp_path: Path) -> None:
    for name in ("cat", "dog", "recycle", "trash"):
        (tmp_path / name).mkdir()
    for name in (
        "@eaDir",
        "#recycle",
        "$RECYCLE.BIN",
        "System Volume Information",
        "__MACOSX",
        "lost+found",
        ".Trash-1000",
    ):
        (tmp_path / name).mkdir()
    assert LabelSet.from_folder(tmp_path).ids == ("cat", "dog", "recycle", "trash")


def test_the_name_of_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    monkeypatch.chdir(tmp_path)
    for path in (".", "./", "a/.."):
        assert LabelSet.from_folder(path).name in (tmp_path.name, "a")
        assert LabelSet.from_folder(path).ids == ("a", "b")


def test_folders_that_make_no_set(tmp_path: Path) -> None:
    with pytest.raises(LabelSetUnreadableError, match=r"Cannot read the folder .*No such file"):
        LabelSet.from_folder(tmp_path / "nowhere")
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(LabelSetUnreadableError, match=r"Not a directory.*holds the class folders"):
        LabelSet.from_folder(file)
    with pytest.raises(LabelSetFormatError, match="R4 labels: must hold one label or more, got no"):
        LabelSet.from_folder(tmp_path)
    for name in ("blue_jay", "blue-jay", "x\u200b"):
        (tmp_path / name).mkdir()
    with pytest.raises(LabelSetFormatError) as caught:
        LabelSet.from_folder(tmp_path)
    assert [problem[:26] for problem in caught.value.problems] == [
        "R6 folder 'blue_jay': 'blu",
        "R8 folder 'x\\u200b': holds",
    ]


def test_a_folder_whose_name_is_no_text(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / os.fsdecode(b"caf\xe9")).mkdir()
    with pytest.raises(LabelSetFormatError, match=r"R8 .*U\+DCE9"):
        LabelSet.from_folder(tmp_path)


@pytest.mark.parametrize(
    ("identifier", "words"),
    [
        ("cat", "cat"),
        ("__", "__"),
        ("-", "-"),
        ("_cat__dog_", "cat dog"),
        ("T-shirt", "T shirt"),
        ("a t-shirt", "a t-shirt"),
        ("AnnualCrop", "AnnualCrop"),
        ("DSLR", "DSLR"),
    ],
)
def test_words_of_a_folder(identifier: str, words: str) -> None:
    assert words_of(identifier) == words


def test_numbers_of_thousands_of_digits_are_names(tmp_path: Path) -> None:
    """Python reads no integer of more than 4,300 digits, and no list has as many items."""
    path = tmp_path / "names.txt"
    path.write_text("".join(f"{digit * 5000} a\n" for digit in "12"))
    assert len(parse_labels(path)) == 2
