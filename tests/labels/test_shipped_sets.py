"""The label sets that are installed beside the tests, as installed and as built."""

from __future__ import annotations

import importlib.metadata
import itertools
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from zsclip import MODELS
from zsclip.authoring import check_labelset
from zsclip.labels import load_labelset

FOLDER = Path(__file__).parents[2] / "labelsets"
NAMES = ("cartoon-animals", "satellite")


@pytest.mark.parametrize("name", NAMES)
def test_an_installed_set_keeps_the_contract(name: str) -> None:
    labels = load_labelset(name)

    assert check_labelset(name) == []
    assert labels.title
    assert labels.description
    assert labels.language == "en"
    assert labels.templates
    [provenance] = labels.provenance
    assert provenance.distribution == f"zsclip-labels-{name}"
    metadata = importlib.metadata.metadata(f"zsclip-labels-{name}")
    assert metadata["Version"] == provenance.version
    assert metadata["License-Expression"] == labels.license
    # No upper bound: a later zsclip reads every earlier schema.
    assert importlib.metadata.requires(f"zsclip-labels-{name}") == ["zsclip>=0.1.0"]


@pytest.mark.parametrize("name", NAMES)
def test_a_build_carries_the_file(
    name: str, add_path: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "install"]
    options = ["--no-index", "--no-deps", "--no-build-isolation", "--target", str(tmp_path)]
    subprocess.run([*pip, *options, str(FOLDER / name)], check=True)
    package = f"zsclip_labels_{name.replace('-', '_')}"

    # The data is the same as in the source tree, and the license lies beside the metadata.
    source = FOLDER / name / package / f"{name}.toml"
    assert (tmp_path / package / f"{name}.toml").read_bytes() == source.read_bytes()
    (license_file,) = tmp_path.glob("*.dist-info/licenses/LICENSE")
    assert license_file.read_bytes() == (FOLDER / name / "LICENSE").read_bytes()
    assert check_labelset(source) == []
    # And it is what a program without any other installation finds.
    add_path(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert load_labelset(name) == load_labelset(f"zsclip-labels-{name}:{name}")


def test_cartoon_animals() -> None:
    animals = load_labelset("cartoon-animals")

    assert len(animals) == 103
    assert animals.templates[0] == "this is a painting of cartoon {}."
    assert "bunny" in animals["rabbit"].texts
    assert "hen" in animals["chicken"].texts
    assert "pony" in animals["horse"].texts
    # Every animal is in a group, and every group holds something.
    groups = {group.id for group in animals.groups}
    used = {label.parent for label in animals} | {group.parent for group in animals.groups} - {None}
    assert used == groups
    assert {"mammal", "bird", "reptile", "amphibian", "fishes", "insect"} <= groups
    assert animals["t-rex"].parent == "dinosaur"


def test_prompts_for_cartoon_animals_read_right() -> None:
    animals = load_labelset("cartoon-animals")
    prompts = [prompt for label in animals for prompt in label.prompts_with(animals.templates)]

    assert len(prompts) == len(set(prompts))
    vowels = ("a", "e", "i", "o", "u")
    for prompt in prompts:
        words = prompt.rstrip(".").split()
        for article, word in itertools.pairwise(words):
            assert article != "a" or not word.startswith(vowels), prompt
            assert article != "an" or word.startswith(vowels), prompt


def test_satellite() -> None:
    satellite = load_labelset("satellite")

    # The dataset's integer labels are the positions of its class folders in sorted order.
    assert satellite.ids == (
        "AnnualCrop",
        "Forest",
        "HerbaceousVegetation",
        "Highway",
        "Industrial",
        "Pasture",
        "PermanentCrop",
        "Residential",
        "River",
        "SeaLake",
    )
    assert list(satellite.ids) == sorted(satellite.ids)
    # As in data/prompts.md of openai/CLIP, in that file's own order.
    assert [satellite[i].name for i in (1, 6, 7, 8, 5, 9, 2, 0, 4, 3)] == [
        "forest",
        "permanent crop land",
        "residential buildings or homes or apartments",
        "river",
        "pasture land",
        "lake or sea",
        "brushland or shrubland",
        "annual crop land",
        "industrial buildings or commercial buildings",
        "highway or road",
    ]
    assert satellite.templates == (
        "a centered satellite photo of {}.",
        "a centered satellite photo of a {}.",
        "a centered satellite photo of the {}.",
    )
    figures = {row.model: row.value for row in satellite.expected}
    assert len(figures) == len(satellite.expected) == 65
    assert (figures["ViT-B/32"], figures["ViT-B-32/datacomp_xl_s13b_b90k"]) == (0.5044, 0.5746)
    assert all(name in MODELS for name in figures)
    assert "Helber" in satellite.citation
