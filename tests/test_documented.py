"""Everything that users may name is documented: names, commands, options, errors, keys of files."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np
import pytest
from documented import directives, rows, undocumented, undocumented_members
from hand_made import some_parts
from safetensors import safe_open

import zsclip
from zsclip import LabelSet, ZeroShotClassifier, search_pictures, tables
from zsclip.cli import cli
from zsclip.labels import Group, Label, Provenance, toml
from zsclip.learnt import Learnt
from zsclip.video import ClassifiedVideo, FramePrediction

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

DOCS = Path(__file__).parents[1] / "docs"
EXAMPLES = [
    DOCS.parent / "README.md",
    *sorted(DOCS.glob("*.md")),
    *sorted(DOCS.glob("examples/*.py")),
]
BLOCK = re.compile(r"^```(?:python|pycon)\n(.*?)^```", re.M | re.S)
PUBLIC = [  # the modules whose names programs import, each with all of its `__all__`
    "zsclip",
    "zsclip.cache",
    "zsclip.errors",
    "zsclip.plot",
    "zsclip.ray",
    "zsclip.report",
    "zsclip.searching",
    "zsclip.serve",
    "zsclip.sorting",
    "zsclip.tables",
    "zsclip.testing",
    "zsclip.video",
]
BETWEEN_ROOMS = {  # public to other rooms, and no program's business
    "zsclip.cache.RACY_NS",
    "zsclip.cache.make_folder",
    *(f"zsclip.tables.{name}" for name in ("arrow_batches", "arrow_schema", "bytes_of_name")),
    "Reading.memory",
    "Reading.scale",
}


def page(name: str) -> str:
    return (DOCS / f"{name}.md").read_text("utf-8")


def section(text: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level."""
    level = heading.partition(" ")[0]
    return text.split(f"\n{heading}\n")[1].split(f"\n{level} ", maxsplit=1)[0]


REFERENCE = page("reference") + page("authors")  # which has what authors of label sets import
COMMANDS = page("command-line")

# ------------------------------------------------------------------------------------------ names


def public_names(module: str) -> list[str]:
    names = (f"{module}.{name}" for name in importlib.import_module(module).__all__)
    return [name for name in names if name not in BETWEEN_ROOMS]


def public_classes() -> Iterator[Any]:
    for module in PUBLIC:
        for name in public_names(module):
            value = getattr(importlib.import_module(module), name.rpartition(".")[2])
            if inspect.isclass(value) and not issubclass(value, Exception):
                yield pytest.param(value, id=name)


def public_dataclasses() -> Iterator[Any]:
    documented = [(d.target, d.value) for d in directives(REFERENCE) if d.kind == "class"]
    for name, value in documented:
        if dataclasses.is_dataclass(value):
            yield pytest.param(value, id=name)


@pytest.mark.parametrize("module", PUBLIC)
def test_every_public_name_is_in_the_reference(module: str) -> None:
    assert undocumented(public_names(module), REFERENCE) == []


@pytest.mark.parametrize("owner", list(public_classes()))
def test_every_public_method_is_in_the_reference(owner: type) -> None:
    missing = [f"{owner.__name__}.{member}" for member in undocumented_members(owner, REFERENCE)]
    assert [member for member in missing if member not in BETWEEN_ROOMS] == []


def test_every_exception_is_in_the_reference() -> None:
    raised = [name for name, value in vars(zsclip.errors).items() if inspect.isclass(value)]
    own = {name for name in raised if getattr(zsclip.errors, name).__module__ == "zsclip.errors"}
    assert own == set(zsclip.errors.__all__)  # whose names are in the reference, as others are


def imported(code: str) -> list[str]:
    """What a program or a session imports from zsclip, as ``zsclip.cache.make_key``."""
    session = [line[4:] for line in code.splitlines() if line.startswith((">>> ", "... "))]
    code = "\n".join(session) or code
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    return [
        f"{node.module}.{alias.name}"
        for node in found
        if node.module is not None and node.module.partition(".")[0] == "zsclip"
        for alias in node.names
    ]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_what_examples_import_is_in_the_reference(path: Path) -> None:
    text = path.read_text("utf-8")
    programs = [text] if path.suffix == ".py" else BLOCK.findall(text)
    names = {name for code in programs for name in imported(code)}
    names -= {*PUBLIC}  # as in `from zsclip import plot`
    assert undocumented(sorted(names), REFERENCE) == []


@pytest.mark.parametrize("owner", [*public_dataclasses()])
def test_every_field_of_a_public_value_is_described(owner: Any) -> None:
    described = set(re.findall(r"^    (\w+): ", inspect.getdoc(owner) or "", re.MULTILINE))
    fields = {field.name for field in dataclasses.fields(owner) if not field.name.startswith("_")}
    assert fields - described == set()


def test_a_name_that_the_reference_lacks_is_found() -> None:
    assert undocumented(["zsclip.Prediction", "zsclip.load_dream"], REFERENCE) == [
        "zsclip.load_dream"
    ]
    without = REFERENCE.replace(".. autoclass:: zsclip.Prediction\n", "")
    assert undocumented(["zsclip.Prediction"], without + "`zsclip.Prediction`") != []
    kept = REFERENCE.replace(":exclude-members: did_you_mean", ":exclude-members: ImageError")
    assert undocumented(public_names("zsclip.errors"), kept) == ["zsclip.errors.ImageError"]


def test_a_method_that_the_reference_lacks_is_found() -> None:
    class Dreamer(zsclip.Reading):
        __module__ = "zsclip.dreams"

        def dream(self) -> None:
            """Dream."""

    assert "dream" in undocumented_members(Dreamer, REFERENCE)
    bases = ":inherited-members:\n   :no-show-inheritance:\n"
    assert bases in REFERENCE
    lost = undocumented_members(ZeroShotClassifier, REFERENCE.replace(bases, ""))
    assert "calibrated" in lost
    listed = REFERENCE.replace(":members: color, key", ":members: color")
    assert "key" in undocumented_members(zsclip.Reading, listed)
    assert "key" not in undocumented_members(zsclip.Reading, REFERENCE)


# --------------------------------------------------------------------------------------- commands


def walk(
    command: click.Command, path: tuple[str, ...] = ("zsclip",)
) -> Iterator[tuple[str, click.Command]]:
    yield " ".join(path), command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(inner, (*path, name))


ALL_COMMANDS = dict(walk(cli))


def sections(text: str) -> dict[str, str]:
    """The text below each heading that is a command, up to the next one of them."""
    parts = re.split(r"^##+ `(zsclip[a-z -]*)`$", text, flags=re.M)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def options_told(text: str) -> set[str]:
    return {key for key, _ in rows(text) if key.startswith("-")} - {"-h", "--help"}


def options_there(command: click.Command) -> set[str]:
    there = [o for o in command.params if isinstance(o, click.Option) and not o.hidden]
    return {name for option in there for name in (*option.opts, *option.secondary_opts)}


@pytest.mark.parametrize("name", ALL_COMMANDS)
def test_every_command_and_option_is_on_the_page(name: str) -> None:
    assert options_told(sections(COMMANDS)[name]) == options_there(ALL_COMMANDS[name])


def test_the_page_has_no_command_that_there_is_not() -> None:
    assert set(sections(COMMANDS)) == set(ALL_COMMANDS)


def test_an_option_that_the_page_lacks_is_found() -> None:
    dream = click.Option(["--dream", "-D/--no-dream"])
    demo = ALL_COMMANDS["zsclip demo"]
    told = options_told(sections(COMMANDS)["zsclip demo"])
    there = options_there(click.Command("demo", params=[*demo.params, dream]))
    assert there - told == {
        "--dream",
        "-D",
        "--no-dream",
    }
    assert "zsclip dream" not in sections(COMMANDS)


# ----------------------------------------------------------------------------------- keys of files


def test_every_key_of_a_label_set_has_one_row() -> None:
    """In four tables: of the file, of a label, of a group and of a published figure."""
    text = section(page("label-set-format"), "## The keys")
    tables = [[key for key, _ in rows(part)] for part in text.split("\n| key |")[1:]]
    keys = [toml._KEYS, toml._LABEL_KEYS, toml._GROUP_KEYS, toml._EXPECTED_KEYS]
    assert [sorted(table) for table in tables] == [sorted(table) for table in keys]


@pytest.fixture
def saved_keys(fake: FakeEncoder, tmp_path: Path) -> list[str]:
    """The keys of a saved classifier that holds all that one can hold, as ``model.name``."""
    labels = LabelSet(
        "all",
        (Label("r", "red", ("crimson",), parent="warm"), Label("b", "blue")),
        groups=(Group("warm", "warm"),),
        templates=("a {}.",),
        null_prompts=("nothing",),
        license="MIT",
        source="own",
        title="t",
        description="d",
        citation="c",
        language="en",
        provenance=(Provenance("d", "1", "f", "0" * 64),),
    )
    clf = ZeroShotClassifier(labels, encoder=fake, multi_label=True)
    clf = clf.calibrated(
        [np.full((4, 4, 3), i, np.uint8) for i in (0, 90, 200)], [["r"], ["b"], []]
    )
    clf.save(tmp_path / "all.zsclip")
    opened: Any
    with safe_open(tmp_path / "all.zsclip", "numpy") as opened:
        about = json.loads(opened.metadata()["zsclip_classifier"])
    return list(keys_of(about, ("model", "labelset", "labels", "provenance", "several", "learnt")))


def keys_of(value: dict[str, Any], entered: tuple[str, ...], above: str = "") -> Iterator[str]:
    for key, inner in value.items():
        yield above + key
        first = inner[0] if isinstance(inner, list) and inner else inner
        if key in entered and isinstance(first, dict):
            yield from keys_of(first, entered, f"{above}{key}.")


def untold(keys: list[str], text: str) -> list[str]:
    """Those keys that have no row, nor what is in them, and stand in no row of what they are in."""
    table = dict(rows(text))
    return [
        key
        for key in keys
        if key not in table
        and not any(row.startswith(f"{key}.") for row in table)
        and f"`{key.rpartition('.')[2]}`" not in table.get(key.rpartition(".")[0], "")
    ]


def test_every_key_of_a_saved_classifier_is_in_its_norm(saved_keys: list[str]) -> None:
    norm = section(page("saved-classifiers"), "## The format")
    assert untold(saved_keys, norm) == []
    assert untold([f"learnt.{part}" for part in some_parts(3, 8)], norm) == []
    assert {field.name for field in dataclasses.fields(Learnt)} == {"tie", *some_parts(3, 8)}
    assert untold(["model.name", "model.dream", "dream"], norm) == ["model.dream", "dream"]


def test_every_key_of_a_result_in_json_is_on_the_page(fake: FakeEncoder) -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    several = ZeroShotClassifier(["red", "blue"], encoder=fake, multi_label=True)
    several = several.calibrated([picture, picture + 200], [["red"], []])
    one = ZeroShotClassifier(["red", "blue"], encoder=fake).rejecting(threshold=0.1)
    keys = {key for clf in (one, several) for key in clf.classify(picture).to_dict()}
    [failure] = one.classify_many(["missing.png"], on_error="record")
    told = set(re.findall(r"[`\"](\w+)[`\"]", sections(COMMANDS)["zsclip classify"]))
    assert sorted((keys | failure.to_dict().keys()) - told) == []
    assert {"label", "error_type"} <= told
    assert "dream" not in told


def inner_keys(value: Any, *, within: tuple[str, ...]) -> Iterator[str]:
    """All keys of an object, and those of what is in the keys ``within``."""
    for key, inner in value.items():
        yield key
        for one in inner if isinstance(inner, list) else [inner]:
            if key in within and isinstance(one, dict):
                yield from inner_keys(one, within=within)


def test_every_key_of_other_json_is_on_its_page(fake: FakeEncoder) -> None:
    """Of a search, an evaluation, a video and the tables."""
    clf, picture = ZeroShotClassifier(["red", "blue"], encoder=fake), np.zeros((4, 4, 3), np.uint8)
    one = clf.classify(picture)
    clip = ClassifiedVideo("clip.mp4", one, (FramePrediction(0.0, one),))
    columns = {name for columns in tables._COLUMNS.values() for name in columns}
    told_of = {
        "search": (search_pictures([picture], "red", encoder=fake).to_dict(), ("matches",)),
        "evaluate": (clf.evaluate([picture] * 2, ["red", "blue"]).to_dict(), ()),
        "classify": (one.to_dict(), ("scores",)),
    }
    text = {name: sections(COMMANDS)[f"zsclip {name}"] for name in told_of}
    told_of["video"] = {k: v for k, v in clip.to_dict().items() if k not in one.to_dict()}, ()
    text["video"] = page("video")
    told_of["tables"], text["tables"] = (dict.fromkeys(columns), ()), page("tables")
    for name, (value, within) in told_of.items():
        words = set(re.findall(r"[`\"](\w+)[`\"]", text[name]))
        assert {*inner_keys(value, within=within)} - words == set(), name
    assert one.origin.to_dict().keys() <= {
        field.name for field in dataclasses.fields(zsclip.Origin)
    }
