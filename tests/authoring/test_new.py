"""New distributions: what is written, what is done to the names, and what is refused."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zsclip.authoring import check_distribution
from zsclip.authoring.layout import known_licenses
from zsclip.authoring.metadata import FIRST_ZSCLIP
from zsclip.authoring.new import create_distribution, suggest_name
from zsclip.errors import (
    LabelError,
    LabelSetFormatError,
    LabelSetUnreadableError,
    ParameterError,
    ParameterTypeError,
    ZsclipError,
)
from zsclip.labels import LabelSet

LIBRARY = Path(__file__).parents[2] / "labelsets"


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join([*lines, ""]), "utf-8")
    return path


def test_an_example_is_complete_and_passes_its_checks(tmp_path: Path) -> None:
    made = create_distribution("garden-birds", into=tmp_path)
    assert made.folder == tmp_path / "garden-birds"
    found = [path for path in made.folder.rglob("*") if path.is_file()]
    assert sorted(path.relative_to(made.folder).as_posix() for path in found) == sorted(made.files)
    assert check_distribution(made.folder) == []
    file = made.folder / "zsclip_labels_garden_birds" / "garden-birds.toml"
    assert LabelSet.from_toml(file).labels == made.labelset.labels
    assert made.labelset.groups
    assert made.labelset.templates
    assert any(label.aliases for label in made.labelset)
    assert "the labels are an example" in made.account[0]


def test_the_project_is_like_those_of_the_library(tmp_path: Path) -> None:
    made = create_distribution("garden-birds", into=tmp_path, license="MIT")
    own = tomllib.loads((made.folder / "pyproject.toml").read_text("utf-8"))
    model = tomllib.loads((LIBRARY / "satellite/pyproject.toml").read_text("utf-8"))
    assert own["build-system"] == model["build-system"]
    assert own["project"].keys() == model["project"].keys()
    for key in ("version", "readme", "requires-python", "license-files", "dependencies"):
        assert own["project"][key] == model["project"][key]
    assert own["project"]["dependencies"] == [f"zsclip>={FIRST_ZSCLIP}"]
    package = "zsclip_labels_garden_birds"
    assert own["tool"]["hatch"]["build"]["targets"]["wheel"] == {"packages": [package]}
    init = (made.folder / package / "__init__.py").read_text("utf-8")
    assert len(ast.parse(init).body) == 1
    assert "``garden-birds.toml``" in init


def test_the_test_suite_is_three_lines_that_are_python(tmp_path: Path) -> None:
    made = create_distribution("garden-birds", into=tmp_path)
    text = (made.folder / "tests" / "test_labelset.py").read_text("utf-8")
    assert len(text.splitlines()) == 3
    imported, test = ast.parse(text).body
    assert isinstance(imported, ast.ImportFrom)
    assert isinstance(test, ast.FunctionDef)
    assert ast.unparse(test.decorator_list[0]) == (
        "parametrize_with_labelset_checks('garden-birds')"
    )


# ------------------------------------------------------------------------------------------- names


def test_what_is_done_to_lines(tmp_path: Path) -> None:
    names = write(
        tmp_path / "n.txt", "# birds", "\trobin ", "", "Blue_Tit", " great_tit", "t-shirt"
    )
    made = create_distribution("birds", names, into=tmp_path)
    assert [(label.id, label.name) for label in made.labelset] == [
        ("robin", "robin"),
        ("Blue_Tit", "Blue Tit"),
        ("great_tit", "great tit"),
        ("t-shirt", "t-shirt"),
    ]
    assert made.account[:6] == (
        "n.txt: 6 lines, 4 labels",
        "  line 1: a comment, skipped",
        "  line 2: white space removed around 'robin'",
        "  line 3: blank, skipped",
        "  line 4: 'Blue_Tit' is called 'Blue Tit'; its id stays",
        "  line 5: white space removed around 'great_tit'; 'great_tit' is called 'great tit'; its "
        "id stays",
    )


def test_tables_folders_and_label_set_files(tmp_path: Path) -> None:
    table = write(tmp_path / "n.csv", "name;id;aliases", "Blue_Tit;;tit|titmouse", "a_b;x;")
    made = create_distribution("table", table, into=tmp_path)
    assert [(label.id, label.name) for label in made.labelset] == [
        ("Blue_Tit", "Blue Tit"),
        ("x", "a_b"),  # whoever gave an id has thought of the name
    ]
    assert made.labelset[0].aliases == ("tit", "titmouse")
    assert made.account[:2] == (
        "n.csv: 2 labels",
        "  'Blue_Tit' is called 'Blue Tit'; its id stays",
    )

    for folder in ("golden-retriever", "Blue_Jay", ".hidden"):
        (tmp_path / "photos" / folder).mkdir(parents=True)
    made = create_distribution("folders", tmp_path / "photos", into=tmp_path)
    assert made.labelset.ids == ("Blue_Jay", "golden-retriever")
    assert made.account[:3] == (
        "photos: 2 class folders",
        "  'Blue_Jay' is called 'Blue Jay'; its id stays 'Blue_Jay'",
        "  'golden-retriever' is called 'golden retriever'; its id stays 'golden-retriever'",
    )

    file = LIBRARY / "satellite/zsclip_labels_satellite/satellite.toml"
    made = create_distribution("again", file, into=tmp_path)
    original = LabelSet.from_toml(file)
    for key in ("labels", "templates", "license", "source", "title", "citation", "expected"):
        assert getattr(made.labelset, key) == getattr(original, key)
    assert made.account == ("satellite.toml: 10 labels",)
    assert check_distribution(made.folder) == []


def test_names_that_cannot_be_taken(tmp_path: Path) -> None:
    names = write(tmp_path / "n.txt", "robin", "wren", "Robin", "wr\u200ben")
    with pytest.raises(LabelSetFormatError) as caught:
        create_distribution("birds", names, into=tmp_path)
    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "R6 line 3",
        "R8 line 4",
    ]
    names = write(tmp_path / "n.txt", "blue tit", "blue_tit")  # which are two until they are tidied
    with pytest.raises(LabelError, match="'blue tit' belongs to 'blue tit'"):
        create_distribution("birds", names, into=tmp_path)
    with pytest.raises(LabelSetUnreadableError):
        create_distribution("birds", tmp_path / "nowhere.txt", into=tmp_path)
    with pytest.raises(LabelError, match=r"must hold \{\} once"):
        create_distribution("birds", templates=["a bird"], into=tmp_path)
    assert not (tmp_path / "birds").exists()


def test_a_name_that_no_label_set_can_have(tmp_path: Path) -> None:
    for name in ("", "Birds", "a--b", "-a", "a_b", "a/b", "../a", "vögel", "a\n"):
        with pytest.raises(ParameterError, match="`name` must be lower-case letters and digits"):
            create_distribution(name, into=tmp_path)
    with pytest.raises(ParameterError, match="Try 'garden-birds'"):
        create_distribution("Garden  Birds!", into=tmp_path)
    with pytest.raises(ParameterTypeError, match="`name` must be a text, got 3"):
        create_distribution(3, into=tmp_path)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


@given(st.text())
def test_what_is_suggested_can_be_taken(text: str) -> None:
    suggested = suggest_name(text)
    assert suggested == "" or suggest_name(suggested) == suggested


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    for make in (Path.mkdir, Path.touch, lambda path: path.symlink_to("nowhere")):
        path = tmp_path / "birds"
        make(path)
        with pytest.raises(ParameterError, match="is there already, and nothing is overwritten"):
            create_distribution("birds", into=tmp_path)
        path.rmdir() if path.is_dir() else path.unlink()


# ----------------------------------------------------------------------------- license and source


def test_licenses(tmp_path: Path) -> None:
    def license_of(name: str, **options: str) -> tuple[str, str, tuple[str, ...]]:
        made = create_distribution(name, into=tmp_path, **options)
        text = (made.folder / "LICENSE").read_text("utf-8")
        return made.labelset.license, text, made.account

    spdx, text, account = license_of("a")
    assert spdx == "CC0-1.0"
    assert text == (LIBRARY / "cartoon-animals/LICENSE").read_text("utf-8")
    assert any("it says CC0-1.0, which gives all rights away" in line for line in account)

    spdx, text, account = license_of("b", license="mit")
    assert spdx == "MIT"
    head = r"MIT License\n\nCopyright \(c\) 2\d{3} The authors of zsclip-labels-b\n\nPermission "
    assert re.match(head, text)
    assert (
        text.partition("Permission")[2]
        == ((LIBRARY / "satellite/LICENSE").read_text("utf-8").partition("Permission")[2])
    )
    assert len(account) == 1

    spdx, text, _ = license_of("c", license="CC-BY-4.0 AND (MIT OR Apache-2.0)")
    assert spdx == "CC-BY-4.0 AND (MIT OR Apache-2.0)"
    assert "https://creativecommons.org/licenses/by/4.0/legalcode.txt" in text
    assert "This notice stands in place of the full text." in text

    _, _, account = license_of("d", license="LicenseRef-Own AND CC-BY-5")
    assert [line for line in account if "no license that is common" in line] == [
        "'CC-BY-5' is no license that is common for data. If it is none of https://spdx.org/"
        "licenses, building the package will fail."
    ]
    for wrong in ("my own", "CC BY 4.0", "MIT,", "AND", "(MIT", ' "', "M\nIT"):
        with pytest.raises(ParameterError, match="`license` must be an SPDX expression"):
            license_of("e", license=wrong)
    assert {"CC0-1.0", "MIT", "CC-BY-4.0"} <= set(known_licenses())


def test_texts_that_toml_python_and_markdown_have_a_use_for(tmp_path: Path) -> None:
    names = write(tmp_path / "n.txt", '"quoted" \\ `x` {name}', "[b](c) <d> & {} é 鳥")
    source = 'A "book", page {source} \\ of *many*'
    made = create_distribution("birds", names, source=source, into=tmp_path)
    assert check_distribution(made.folder) == []
    assert made.labelset.names == ('"quoted" \\ `x` {name}', "[b](c) <d> & {} é 鳥")
    readme = (made.folder / "README.md").read_text("utf-8")
    assert 'Source: A "book", page \\{source\\} \\\\ of \\*many\\*' in readme


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_a_package_that_is_not_finished_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException] | OSError
) -> None:
    written: list[str] = []
    write_text = Path.write_text

    def interrupted(self: Path, *args: str, **options: str) -> int:
        if len(written) == 2:
            raise error
        written.append(self.name)
        return write_text(self, *args, **options)

    monkeypatch.setattr(Path, "write_text", interrupted)
    with pytest.raises(error if isinstance(error, type) else OSError):
        create_distribution("garden-birds", into=tmp_path)
    assert len(written) == 2
    assert list(tmp_path.iterdir()) == []


names_of_labels = st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=5)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=names_of_labels, delimiter=st.sampled_from("\n\r,;\t|"), ending=st.sampled_from("tc"))
def test_whatever_the_names_a_package_passes_its_checks_or_is_not_made(
    tmp_path_factory: pytest.TempPathFactory, names: Sequence[str], delimiter: str, ending: str
) -> None:
    folder = tmp_path_factory.mktemp("any")
    file = folder / {"t": "names.txt", "c": "names.csv"}[ending]
    file.write_text(delimiter.join(names), "utf-8", newline="")
    try:
        made = create_distribution("birds", file, into=folder)
    except ZsclipError:
        assert not (folder / "birds").exists()
    else:
        assert check_distribution(made.folder) == []
