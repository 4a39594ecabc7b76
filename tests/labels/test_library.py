"""The distributions under labelsets/: complete, alike, and right by zsclip's own checks."""

from __future__ import annotations

import ast
import functools
import itertools
import re
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from zsclip.authoring import check_labelset
from zsclip.clip.tokenizer import Tokenizer
from zsclip.labels import LABELSETS_GROUP, LabelSet
from zsclip.labels.compose import both_licenses
from zsclip.labels.toml import NAME_FORM
from zsclip.weights.models import MODELS, list_models
from zsclip.weights.published import name_of, published_rows

ROOT = Path(__file__).parents[2]
LIBRARY = ROOT / "labelsets"
FOLDERS = sorted(path for path in LIBRARY.glob("*") if path.is_dir())
FILES = sorted(LIBRARY.glob("*/zsclip_labels_*/*.toml"))
CONTEXT_LENGTH = 77

folders = pytest.mark.parametrize("folder", FOLDERS, ids=lambda path: path.name)
TITLES = {
    "MIT": "MIT License",
    "CC0-1.0": "CC0 1.0 Universal",
    "CC-BY-4.0": "Attribution 4.0 International",
    "LicenseRef-WordNet-3.0": "WordNet 3.0 Copyright 2006 by Princeton University.",
    "Apache-2.0": "Apache License\n                           Version 2.0",
}

files = pytest.mark.parametrize("file", FILES, ids=lambda path: path.stem)


def read_project(folder: Path) -> dict[str, Any]:
    return tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))


@functools.cache
def load(file: Path) -> LabelSet:
    return LabelSet.from_toml(file)


def package_of(folder: Path) -> str:
    return f"zsclip_labels_{folder.name.replace('-', '_')}"


def test_the_library_is_beside_the_tests() -> None:
    assert len(FOLDERS) > 1, f"No distributions under {LIBRARY}: these tests need the source tree."
    assert len(FILES) >= len(FOLDERS)


@folders
def test_has_its_files(folder: Path) -> None:
    package = folder / package_of(folder)
    for path in (
        folder / "pyproject.toml",
        folder / "README.md",
        folder / "LICENSE",
        package / "__init__.py",
    ):
        assert path.read_text("utf-8").strip(), path


@folders
def test_entry_points_and_files_belong_together(folder: Path) -> None:
    entry_points = read_project(folder)["project"]["entry-points"][LABELSETS_GROUP]
    package = package_of(folder)
    assert entry_points
    assert set(entry_points.values()) == {package}
    assert {path.stem for path in (folder / package).glob("*.toml")} == set(entry_points)
    assert all(re.fullmatch(NAME_FORM, name) for name in entry_points)


def test_no_name_is_taken_twice() -> None:
    names = [read_project(folder)["project"]["entry-points"][LABELSETS_GROUP] for folder in FOLDERS]
    counts = Counter(itertools.chain.from_iterable(names))
    assert [name for name, count in counts.items() if count > 1] == []


@folders
def test_project_is_like_the_others(folder: Path) -> None:
    """What differs between distributions is their name, words and license, and nothing else."""
    model = read_project(LIBRARY / "satellite")
    config = read_project(folder)
    project = config["project"]
    assert project["name"] == f"zsclip-labels-{folder.name}"
    assert project.keys() == model["project"].keys()
    same = ("readme", "requires-python", "dependencies")
    assert {key: project[key] for key in same} == {key: model["project"][key] for key in same}
    assert project["dependencies"] == ["zsclip>=0.1.0"]
    core = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert project["requires-python"] == core["project"]["requires-python"]
    assert config["build-system"] == model["build-system"]
    licenses = sorted(path.name for path in folder.glob("LICENSE*"))
    assert project["license-files"] == licenses
    package = package_of(folder)
    assert config["tool"]["hatch"]["build"]["targets"] == {
        "wheel": {"packages": [package]},
        "sdist": {"only-include": [package, "README.md", *licenses]},
    }
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])


@folders
def test_license_is_the_same_everywhere(folder: Path) -> None:
    spdx = read_project(folder)["project"]["license"]
    stated = [load(file).license for file in FILES if file.parents[1] == folder]
    assert functools.reduce(both_licenses, stated) == spdx
    text = (folder / "LICENSE").read_text("utf-8")
    parts = spdx.split(" AND ")
    for part in parts:
        assert TITLES[part] in "".join(p.read_text("utf-8") for p in folder.glob("LICENSE*"))
    if "MIT" in parts:  # whose terms ask for the copyright notice
        assert "Copyright (c) " in text
        assert 'THE SOFTWARE IS PROVIDED "AS IS"' in text


def test_the_japanese_names_come_with_the_license_that_they_were_published_under() -> None:
    folder = LIBRARY / "imagenet-intl"
    project = read_project(folder)["project"]
    assert project["license"] == "MIT AND Apache-2.0"
    assert (folder / "LICENSE-APACHE-2.0.txt").read_bytes() == (
        ROOT / "zsclip/demo/drawings/LICENSE-APACHE-2.0.txt"
    ).read_bytes()
    japanese = load(folder / package_of(folder) / "imagenet-ja.toml")
    assert japanese.license == "MIT AND Apache-2.0"
    assert "japanese-clip (Apache-2.0)" in japanese.source


@folders
def test_readme_says_how_to_use_it(folder: Path) -> None:
    text = (folder / "README.md").read_text("utf-8")
    project = read_project(folder)["project"]
    names = list(project["entry-points"][LABELSETS_GROUP])
    assert text.startswith(f"# {project['name']}\n")
    assert f"pip install . ./labelsets/{folder.name}\n" in text
    shown = re.findall(r"--labels (\S+)", text) + re.findall(r'ZeroShotClassifier\("(.*?)"', text)
    assert len(shown) >= 2
    assert set(shown) <= set(names)
    assert all(name in text for name in names)
    for link in re.findall(r"\]\((?!https://)([^)]+)\)", text):
        assert (folder / link).is_file(), link


@folders
def test_package_holds_no_code(folder: Path) -> None:
    text = (folder / package_of(folder) / "__init__.py").read_text("utf-8")
    tree = ast.parse(text)
    assert len(tree.body) == 1
    docstring = ast.get_docstring(tree)
    assert docstring is not None
    assert all(f"``{file.stem}``" in docstring for file in FILES if file.parents[1] == folder)


@files
def test_follows_the_rules(file: Path) -> None:
    assert check_labelset(file) == []


@files
def test_says_what_it_is(file: Path) -> None:
    labels = load(file)
    for field in ("title", "description", "license", "source", "language"):
        assert getattr(labels, field), field
    assert labels.templates
    known = {*list_models()}
    for row in labels.expected:
        assert row.metric in {"top-1", "mean per-class recall"}
        assert 1 / len(labels) < row.value < 1
        # Figures in other languages are of models that read them, which zsclip has no names for.
        assert row.model in known or labels.language != "en"
    assert len({(row.model, row.metric) for row in labels.expected}) == len(labels.expected)


OPEN_CLIP = "open_clip, docs/openclip_results.csv"

# The sets whose names, order and templates are those that open_clip's results were made with.
MEASURED = {
    "aircraft": "FGVC Aircraft",
    "caltech101": "Caltech-101",
    "cars": "Stanford Cars",
    "cifar10": "CIFAR-10",
    "cifar100": "CIFAR-100",
    "countries": "Country211",
    "flowers102": "Oxford Flowers-102",
    "food101": "Food-101",
    "imagenet": "ImageNet 1k",
    "mnist": "MNIST",
    "pets": "Oxford-IIIT Pet",
    "satellite": "EuroSAT",
    "stl10": "STL-10",
    "sun397": "SUN397",
    "svhn": "SVHN",
    "textures": "Describable Textures",
    "traffic-signs": "GTSRB",
}


@files
def test_figures_are_those_of_the_published_weights(file: Path) -> None:
    """All that open_clip publishes of models that zsclip has names for, but what is mere chance."""
    labels = load(file)
    if file.stem not in MEASURED:  # no figures, or others than open_clip's
        assert not {row.source for row in labels.expected} & {OPEN_CLIP}
        return
    found = {row.model: row.value for row in labels.expected}
    rows = [row for row in published_rows() if row["plain CLIP"] == "yes"]
    figures = {MODELS[name_of(row)].name: row[MEASURED[file.stem]] for row in rows}
    expected = {name: float(value) for name, value in figures.items() if value}
    assert len(expected) == 67
    assert {name for name, value in expected.items() if value > 1 / len(labels)} == found.keys()
    assert all(abs(expected[name] - value) < 1e-4 for name, value in found.items())
    assert {row.source for row in labels.expected} == {OPEN_CLIP}
    assert len({row.metric for row in labels.expected}) == 1


@files
def test_longest_prompts_fit(file: Path) -> None:
    """Of each set the labels whose names have the most tokens, in every template."""
    labels = load(file)
    tokenizer = Tokenizer(CONTEXT_LENGTH)
    lengths = [max(tokenizer.count(list(label.texts))) for label in labels]
    longest = sorted(zip(lengths, labels, strict=True), key=lambda pair: -pair[0])[:20]
    prompts = [prompt for _, label in longest for prompt in label.prompts_with(labels.templates)]
    counts = tokenizer.count(prompts)
    too_long = [(p, n) for p, n in zip(prompts, counts, strict=True) if n > CONTEXT_LENGTH]
    assert too_long == []


def test_sets_of_one_dataset_have_the_same_ids() -> None:
    """ImageNet in five versions: answers compare across them."""
    versions = [load(file) for file in FILES if file.stem.startswith("imagenet")]
    assert len(versions) == 5
    ids = {tuple(label.id for label in labels) for labels in versions}
    assert len(ids) == 1
    (order,) = ids
    assert list(order) == sorted(order)
    assert all(re.fullmatch(r"n\d{8}", key) for key in order)
