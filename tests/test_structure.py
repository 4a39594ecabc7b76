"""What holds of the code as a whole: who sets whose attributes, what rooms tell, sizes, names."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from docs_scripts import load_script
from structure import (
    count_lines,
    foreign_assignments,
    imports_past_faces,
    names_of_several,
    short_docstrings,
    writes,
)

import zsclip

PACKAGE = Path(zsclip.__file__).parent
MOST_LINES = 330
LONG = {  # files that have more, and why
    "classifier.py": "one class that everybody uses; more than half of it is its documentation",
    "errors.py": "every exception, a few lines each: one place to look them up",
    "labels/labelset.py": "one value with all that users do with it; most of it is documentation",
}
WRITES = {  # files that write files, and how they keep from replacing what is not zsclip's
    "files.py": "the rule itself",
    "owners.py": "what is new, or was found to be the user's own when it was opened",
    "cli/group.py": "the null device",
    "packages.py": "a file out of zsclip's own archive, in a temporary folder of its own",
    "authoring/new.py": "into a folder that `files.making_folder` makes",
    "saved/target.py": "by `files.require_replaceable`",
    "weights/keeping.py": "what is kept of an archive, by `files.writing_whole`",
}
MOST_OF_ALL = 0.15  # of the lines, in one room
KNOW_TORCH = {"zsclip.clip", "zsclip.formats", "zsclip.weights", "zsclip.encoders"}


def test_no_file_sets_an_underscore_attribute_of_another_object() -> None:
    found = {
        file: foreign
        for file in sorted(PACKAGE.rglob("*.py"))
        if (foreign := foreign_assignments(file.read_text("utf-8")))
    }
    assert found == {}


def test_every_package_tells_in_some_lines_what_it_is_for() -> None:
    assert short_docstrings(PACKAGE) == []


def test_no_room_has_more_than_its_part_of_the_lines() -> None:
    shares = load_script("architecture").shares(PACKAGE)
    assert {room: share for room, (_, share) in shares.items() if share > MOST_OF_ALL} == {}


def test_the_rules_of_imports_name_every_room_once() -> None:
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))
    layers, torch, _ = project["tool"]["importlinter"]["contracts"]
    rooms = {f"zsclip.{at.stem}" for at in PACKAGE.iterdir() if at.suffix == ".py" or at.is_dir()}
    rooms -= {"zsclip.__init__", "zsclip.__pycache__"}
    named = [room for layer in layers["layers"] for room in layer.split(" | ")]
    assert sorted(named) == sorted(rooms)
    without = rooms - KNOW_TORCH - {"zsclip.__main__"}
    assert sorted(torch["source_modules"]) == sorted(without)


def test_files_that_have_grown_long_are_named_with_the_reason() -> None:
    found = {file for file, lines in count_lines(PACKAGE).items() if lines > MOST_LINES}
    assert found == LONG.keys(), "split them, or say in LONG why not"


def test_what_writes_files_is_named_with_how_it_spares_those_of_others() -> None:
    files = {file.relative_to(PACKAGE).as_posix(): file for file in sorted(PACKAGE.rglob("*.py"))}
    found = {name for name, file in files.items() if writes(file.read_text("utf-8"))}
    assert found == WRITES.keys(), "ask `files.require_replaceable`, and say so in WRITES"


@pytest.mark.parametrize(
    "line",
    [
        "path.open('wb')",
        "open(path, 'x')",
        "open(path, mode='a')",
        "path.open('r+b')",
        "path.open('ab' if start else 'wb')",
        "path.write_text(x)",
        "save_file(x, path)",
    ],
)
def test_a_call_that_writes_a_file_is_found(line: str) -> None:
    assert len(writes(line)) == 1


def test_reading_a_file_is_not_writing_one() -> None:
    assert writes("path.open('rb'); open(path); open('wax.txt'); x.read_text(); os.open(x, y)") == (
        set()
    )


def test_no_two_tests_share_a_name() -> None:
    assert names_of_several(Path(__file__).parent) == {}


def test_the_command_line_imports_the_faces_of_rooms_only() -> None:
    imports = load_script("architecture").read_imports(PACKAGE)
    asked = [(found.importer, found.imported) for found in imports if not found.by_root]
    assert imports_past_faces(asked, "cli") == {}


@pytest.mark.parametrize(
    "line",
    [
        "other._x = 1",
        "other._x += 1",
        "other._x: int = 1",
        "del other._x",
        "a, (other._x, b) = c",
        "for other._x in y: pass",
        "with y as other._x: pass",
        "self.inner._x = 1",
        "made()._x = 1",
        "setattr(other, '_x', 1)",
        "delattr(other, '_x')",
        "object.__setattr__(other, '_x', 1)",
        "other.__dict__['_x'] = 1",
        "vars(other)['_x'] = 1",
    ],
)
def test_an_underscore_attribute_of_another_object_is_found(line: str) -> None:
    [found] = foreign_assignments(f"\n{line}")
    assert found.startswith("line 2: ")
    assert found.endswith("._x")


@pytest.mark.parametrize(
    "line",
    [
        "self._x = cls._x = 1",
        "object.__setattr__(self, '_x', 1)",
        "setattr(self, '_x', 1)",
        "self.__dict__['_x'] = 1",
        "del self._x",
        "other.x = 1",
        "error.__traceback__ = None",
        "_x = 1",
        "x = other._x",
        "other._x[0] = other._x.y",
        "setattr(other, name, 1)",
    ],
)
def test_what_is_ones_own_or_public_or_only_read_is_not_found(line: str) -> None:
    assert foreign_assignments(line) == []


def test_packages_that_tell_little_of_themselves_are_found(tmp_path: Path) -> None:
    for name, doc in {"a": '"""One.\n\nTwo.\n"""', "b": '"""One."""', "c": "x = 1"}.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(doc)
    assert short_docstrings(tmp_path) == ["b/__init__.py", "c/__init__.py"]


def test_the_lines_of_each_file_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1\n\ny = 2\n")
    assert count_lines(tmp_path) == {"a.py": 3}


def test_tests_of_one_name_are_found_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "room").mkdir()
    (tmp_path / "test_a.py").write_text("def test_x(): pass\ndef test_y(): pass\ndef z(): pass")
    (tmp_path / "room" / "test_b.py").write_text("class A:\n    def test_x(self): pass\ndef z(): 1")
    assert names_of_several(tmp_path) == {"test_x": ["room/test_b.py", "test_a.py"]}


def test_imports_past_a_rooms_face_are_found() -> None:
    imports = [
        ("cli/a.py", "images/__init__.py"),
        ("cli/a.py", "errors.py"),
        ("cli/a.py", "cli/b.py"),
        ("cli/a.py", "images/load.py"),
        ("lint.py", "images/load.py"),
    ]
    assert imports_past_faces(imports, "cli") == {"cli/a.py": ["images/load.py"]}
