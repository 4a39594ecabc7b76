"""The library's names, ids, order and templates against the lists in other projects' wheels.

Every difference must stand in differences.toml with its reason, and what stands there must be one.
White space is compared as CLIP's tokenizer reads it: any run of it is one space.
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from zsclip.labels import LabelSet

LIBRARY = Path(__file__).parents[2] / "labelsets"
FILES = {path.stem: path for path in sorted(LIBRARY.glob("*/zsclip_labels_*/*.toml"))}
DIFFERENCES = tomllib.loads(Path(__file__).with_name("differences.toml").read_text("utf-8"))

ReadList = Callable[[str], list[str]]


class Reference(NamedTuple):
    """A published list, and what of which set it is compared with."""

    labelset: str
    what: str
    address: str

    def __str__(self) -> str:
        return f"{self.labelset}-{self.what}-{self.address.replace(' ', '-')}"


CLIP_BENCHMARK = {
    "imagenet": "en imagenet1k",
    "imagenet-ar": "ar imagenet1k",
    "imagenet-zh": "cn imagenet1k",
    "imagenet-ja": "jp imagenet1k",
    "caltech101": "en caltech101",
    "countries": "en country211",
    "faces": "en fer2013",
    "flowers102": "en flowers",
    "mnist": "en mnist",
    "pets": "en pets",
    "satellite": "en eurosat",
    "svhn": "en svhn",
    "traffic-signs": "en gtsrb",
}
CLIP_BENCHMARK_TEMPLATES_ALONE = {
    "aircraft": "en fgvc_aircraft",
    "cars": "en cars",
    "cifar10": "en cifar10",
    "cifar100": "en cifar100",
    "food101": "en food101",
    "resisc45": "en resisc45",
    "stl10": "en stl10",
    "sun397": "en sun397",
    "textures": "en dtd",
}
TENSORFLOW_DATASETS = {
    "imagenet": "datasets/imagenet2012/labels.txt",
    "openimages": "object_detection/open_images_classes_boxable.txt",
    "places365": "image_classification/categories_places365.txt",
    "actions": "video/ucf101_labels.txt",
    "caltech101": "image_classification/caltech101_labels.txt",
    "cars": "image_classification/cars196.py _NAMES",
    "flowers102": "datasets/oxford_flowers102/oxford_flowers102_dataset_builder.py _NAMES",
    "food101": "image_classification/food-101_classes.txt",
    "pets": "datasets/oxford_iiit_pet/oxford_iiit_pet_dataset_builder.py _LABEL_CLASSES",
    "resisc45": "datasets/resisc45/resisc45_dataset_builder.py _LABELS",
    "sun397": "image_classification/sun397_labels.txt",
    "textures": "image_classification/dtd_key_attributes.txt",
}


def _list_references() -> list[Reference]:
    references = [
        Reference("imagenet", "names", "open-clip-torch IMAGENET_CLASSNAMES"),
        Reference("imagenet", "templates", "open-clip-torch OPENAI_IMAGENET_TEMPLATES"),
        Reference("imagenet-7", "names", "open-clip-torch IMAGENET_CLASSNAMES"),
        Reference("imagenet-7", "names", "clip-benchmark en names imagenet1k"),
        Reference("imagenet-7", "templates", "open-clip-torch SIMPLE_IMAGENET_TEMPLATES"),
        Reference("caltech101", "names", "clip-benchmark en names caltech101_vtab"),
        Reference("coco", "names", "mmdet coco"),
        Reference("coco", "ids", "mmdet coco"),
        Reference("openimages", "names", "mmdet oid_v6_classes"),
    ]
    for name, place in CLIP_BENCHMARK.items():
        language, dataset = place.split()
        for what in ("names", "templates"):
            address = f"clip-benchmark {language} {what} {dataset}"
            references.append(Reference(name, what, address))
    for name, place in CLIP_BENCHMARK_TEMPLATES_ALONE.items():
        language, dataset = place.split()
        address = f"clip-benchmark {language} templates {dataset}"
        references.append(Reference(name, "templates", address))
    for name, place in TENSORFLOW_DATASETS.items():
        references.append(Reference(name, "ids", f"tensorflow-datasets {place}"))
    return references


REFERENCES = _list_references()


@functools.cache
def load(name: str) -> LabelSet:
    return LabelSet.from_toml(FILES[name])


def texts_of(labelset: str, what: str) -> list[str]:
    labels = load(labelset)
    if what == "templates":
        return list(labels.templates)
    return [label.id if what == "ids" else label.name for label in labels]


def differences_of(kind: str, reference: Reference) -> list[dict[str, Any]]:
    return [
        row
        for row in DIFFERENCES.get(kind, [])
        if reference.labelset in row["sets"]
        and row["what"] == reference.what
        and reference.address in row["lists"]
    ]


def single_spaced(texts: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_is_the_published_list(reference: Reference, read_list: ReadList) -> None:
    ours = texts_of(reference.labelset, reference.what)
    theirs = single_spaced(read_list(reference.address))
    if reference.what == "templates":  # of which none stands twice
        theirs = list(dict.fromkeys(theirs))

    if differences_of("other", reference):
        assert ours != theirs, "differences.toml has this as another list, but it is the same"
        return
    changes = [
        (change["ours"], change["theirs"])
        for row in differences_of("text", reference)
        for change in row["changes"]
    ]
    for text, published in changes:
        assert text != published
        assert ours.count(text) == 1, f"{text!r} of differences.toml is not there once"
        ours[ours.index(text)] = published
    assert len(ours) == len(theirs)
    if differences_of("order", reference):
        assert ours != theirs, "differences.toml has another order, but it is the same"
        ours, theirs = sorted(ours), sorted(theirs)
    wrong = [(i, a, b) for i, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a != b]
    assert wrong == []


@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_expected_changes_are_where_they_are_said_to_be(
    reference: Reference, read_list: ReadList
) -> None:
    """A change also names the label's id, so that it cannot be another label's by chance."""
    labels = load(reference.labelset)
    theirs = single_spaced(read_list(reference.address))
    for row in differences_of("text", reference):
        assert row["reason"]
        for change in row["changes"]:
            label = labels[change["id"]]
            assert change["ours"] == (label.id if reference.what == "ids" else label.name)
            assert change["theirs"] in theirs


def test_differences_are_of_lists_that_are_compared() -> None:
    known = set(REFERENCES)
    for kind, rows in DIFFERENCES.items():
        for row in rows:
            assert row["reason"].strip()
            assert row["what"] in {"names", "ids", "templates"}
            if kind == "uncompared":
                assert row["checked"].strip()
                continue
            for labelset in row["sets"]:
                for address in row["lists"]:
                    assert Reference(labelset, row["what"], address) in known


@pytest.mark.parametrize("what", ["names", "ids", "templates"])
def test_every_set_is_compared_or_known_to_be_in_no_wheel(what: str) -> None:
    compared = {reference.labelset for reference in REFERENCES if reference.what == what}
    rows = [row for row in DIFFERENCES["uncompared"] if row["what"] == what]
    uncompared = {name for row in rows for name in row["sets"]}
    assert compared & uncompared == set()
    assert compared | uncompared == set(FILES)


@pytest.mark.parametrize(
    "name", ["actions", "cars", "cifar10", "cifar100", "food101", "resisc45", "sun397", "textures"]
)
def test_names_are_the_ids_in_words(name: str) -> None:
    """These names stand in no wheel, but the ids do, so that no name can stand at a wrong id."""
    for label in load(name):
        text, key = label.name, label.id.replace("_", " ")
        if name == "actions":  # ApplyEyeMakeup
            text, key = text.replace(" ", "").casefold(), key.casefold()
        elif name == "sun397":  # /a/apse/indoor
            key = re.sub("^/[a-z]/", "", key).replace("/", " ")
        assert text == key


SPELT = {  # ids of places365 that are said in other words, or spelt as dictionaries have it
    "archaelogical_excavation": "archaeological excavation",
    "artists_loft": "artist's loft",
    "barndoor": "barn door",
    "butchers_shop": "butcher's shop",
    "carrousel": "carousel",
    "childs_room": "child's room",
    "desert/vegetation": "desert with vegetation",
    "fastfood_restaurant": "fast food restaurant",
    "kindergarden_classroom": "kindergarten classroom",
    "moat/water": "moat with water",
    "oilrig": "oil rig",
    "temple/asia": "Asian temple",
    "toyshop": "toy shop",
    "underwater/ocean_deep": "deep ocean underwater",
    "veterinarians_office": "veterinarian's office",
}


def test_names_of_places_are_the_ids_in_words() -> None:
    """In the order of English: outdoor church for church/outdoor."""
    labels = load("places365")
    assert {key: labels[key].name for key in SPELT} == SPELT
    for label in labels:
        if label.id not in SPELT:
            assert sorted(label.name.split()) == sorted(re.split("[_/]", label.id))


def test_ids_of_imagenet_are_the_same_in_every_set() -> None:
    """So that comparing those of one set with a wheel is enough."""
    ids = {tuple(texts_of(name, "ids")) for name in FILES if name.startswith("imagenet")}
    assert len(ids) == 1
