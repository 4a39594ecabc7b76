"""The label sets for everyday pictures: what they promise, and that the trees are trees."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from zsclip import LabelSet, ZeroShotClassifier
from zsclip.demo import load_drawings
from zsclip.testing import FakeEncoder

LIBRARY = Path(__file__).parents[2] / "labelsets"
OWN = ("art-styles", "document-types", "photo-or-not", "weather-and-light")
PUBLISHED_LISTS = ("coco", "openimages", "places365")

DRAWN = ("tiger", "cow", "whale", "frog", "octopus", "fish", "dog")


def load(name: str) -> LabelSet:
    return LabelSet.from_toml(
        LIBRARY / name / f"zsclip_labels_{name.replace('-', '_')}" / f"{name}.toml"
    )


@pytest.mark.parametrize("name", [*OWN, *PUBLISHED_LISTS, "everyday"])
def test_no_group_is_lonely(name: str) -> None:
    """A group has two nodes below it or more, or it would say nothing that they do not."""
    labels = load(name)
    below = Counter(node.parent for node in (*labels.groups, *labels))
    assert {group.id for group in labels.groups if below[group.id] < 2} == set()


@pytest.mark.parametrize("name", [*OWN, "everyday"])
def test_every_label_of_our_own_lists_is_in_a_group(name: str) -> None:
    labels = load(name)
    assert labels.null_prompts
    assert all(label.parent for label in labels)


@pytest.mark.parametrize("name", OWN)
def test_small_lists_are_small(name: str) -> None:
    labels = load(name)
    assert 10 <= len(labels) <= 40
    assert 3 <= len(labels.groups) <= 6
    assert sum(bool(label.aliases or label.prompts) for label in labels) > len(labels) / 2


def test_everyday_has_about_four_hundred_tags_of_nine_kinds() -> None:
    labels = load("everyday")
    assert 390 <= len(labels) <= 430
    assert [group.id for group in labels.groups if group.parent is None] == [
        *("people", "animal", "plant", "food", "thing", "vehicle", "place", "activity", "picture")
    ]
    assert {node.depth for node in labels.tree.nodes if node.label is not None} == {1, 2}
    assert labels.only("bird").ids[0] == "bird"  # which is a label itself
    assert f"`everyday`, {len(labels)} things" in (LIBRARY / "everyday/README.md").read_text(
        "utf-8"
    )


@pytest.mark.parametrize("name", [*OWN, "everyday"])
def test_no_two_texts_are_the_same_but_for_articles_hyphens_and_plurals(name: str) -> None:
    """Two labels that such a pair belonged to would be one to a model."""
    owners: dict[str, set[str]] = {}
    for label in load(name):
        for text in label.texts:
            words = re.sub("[^a-z0-9]+", " ", text.casefold()).split()
            bare = [word.removesuffix("s") for word in words if word not in {"a", "an", "the"}]
            owners.setdefault("".join(bare), set()).add(label.id)
    assert {text: ids for text, ids in owners.items() if len(ids) > 1} == {}


@pytest.fixture(scope="module")
def tagging() -> ZeroShotClassifier:
    return ZeroShotClassifier(load("everyday"), model="tiny-cartoon", multi_label=True)


def test_everyday_tags_drawn_animals_among_all_its_tags(tagging: ZeroShotClassifier) -> None:
    """By a model that knows drawings, among 400 tags that it mostly does not know."""
    drawings = {drawing.animal: drawing.data for drawing in load_drawings()}
    found = {animal: tagging.classify(drawings[animal]) for animal in DRAWN}
    assert {animal: tags.label for animal, tags in found.items()} == {a: a for a in DRAWN}
    assert all(tags.score > 0.9 for tags in found.values())
    tags = tagging.classify(drawings["fish"])
    assert "fishing" in [score.label for score in tags.top(3)]  # several at once


def test_everyday_asks_each_tag_by_itself(tagging: ZeroShotClassifier) -> None:
    frog = next(drawing.data for drawing in load_drawings() if drawing.animal == "frog")
    part = tagging.with_labels(load("everyday").only("animal"))
    whole = {score.label: score.score for score in tagging.classify(frog).top(500)}
    for score in part.classify(frog).top(500):
        assert score.score == pytest.approx(whole[score.label], abs=1e-6)


@pytest.mark.parametrize("name", [*OWN, *PUBLISHED_LISTS, "everyday"])
def test_null_prompts_of_the_set_are_what_labels_are_set_against(name: str) -> None:
    labels, encoder = load(name), FakeEncoder()
    picture = np.zeros((8, 8, 3), np.uint8)
    ZeroShotClassifier(labels, encoder=encoder, multi_label=True).classify(picture)
    embedded = {text for call in encoder.text_calls for text in call}
    assert set(labels.null_prompts) <= embedded
    assert len(labels.null_prompts) == len(set(labels.null_prompts)) >= 4


def test_photo_or_not_says_whether_it_is_a_photograph() -> None:
    labels = load("photo-or-not")
    assert {group.id for group in labels.groups} == {"photo", "art", "paper", "graphic"}
    photos = labels.only("photo").ids
    assert "photograph" in photos
    assert not {"screenshot", "drawing", "chart", "scanned-document", "page-of-text"} & {*photos}
    drawing = load_drawings()[0].data
    kinds = ZeroShotClassifier(labels, model="tiny-cartoon").classify(drawing)
    shares = [kinds.at(group.id) for group in labels.groups]
    assert sum(shares) == pytest.approx(1, abs=1e-6)


# Names and aliases that another thing has, which a photograph tells from that one at a glance.
STRANGERS = {
    "everyday": {"spider web", "cauliflower", "cello", "waffles", "iceberg", "teapot", "wrestling"},
    "art-styles": {"Suprematism", "outsider art", "Mughal miniature", "Roman wall painting"},
    "document-types": {"table of figures"},
    "weather-and-light": {"smog", "full moon"},
}
UNCOUNTED = {"people", "cattle", "handwriting", "sheet music", "clip art"}  # never after "a"


@pytest.mark.parametrize("name", STRANGERS)
def test_an_alias_is_no_other_thing(name: str) -> None:
    assert {text for label in load(name) for text in label.texts} & STRANGERS[name] == set()


@pytest.mark.parametrize("name", [*OWN, *PUBLISHED_LISTS])
def test_no_prompt_has_an_article_before_what_cannot_be_counted(name: str) -> None:
    labels = load(name)
    prompts = {prompt for label in labels for prompt in label.prompts_with(labels.templates)}
    assert {p for p in prompts if any(f" a {word}." in f" {p}" for word in UNCOUNTED)} == set()


def test_coco_has_its_supercategories() -> None:
    labels = load("coco")
    assert len(labels) == 80
    assert len(labels.groups) == 11
    assert [label.id for label in labels if label.parent is None] == ["person"]
    sizes = Counter(label.parent for label in labels)
    assert [sizes[group.id] for group in labels.groups] == [8, 5, 10, 5, 10, 7, 10, 6, 6, 5, 7]


def test_places_are_indoor_or_outdoor() -> None:
    labels = load("places365")
    assert Counter(label.parent for label in labels) == {"indoor": 161, "outdoor": 204}
    for label in labels:
        if label.name.startswith(("indoor ", "outdoor ")):
            assert label.parent == label.name.split()[0]


def test_openimages_has_its_tree_of_labels() -> None:
    labels = load("openimages")
    assert len(labels) == 601
    assert labels.groups == ()
    parents = {label.name: label.parent for label in labels}
    names = {label.id: label.name for label in labels}
    way = ["Owl"]
    while parent := parents[way[-1]]:
        way.append(names[parent])
    assert way == ["Owl", "Bird", "Animal"]
    assert names[parents["Teddy bear"] or ""] == "Toy"
    for animal, kind in (("Crocodile", "Reptile"), ("Hippopotamus", "Mammal"), ("Frog", "Reptile")):
        assert names[parents[animal] or ""] == kind  # ids and names come from two lists
    assert labels["/m/09f20"].name == "Hippopotamus"
    assert {"Animal", "Crab", "Koala"} <= {*labels.only("Animal").names}


def test_the_guide_says_how_many_labels_each_list_has() -> None:
    page = (LIBRARY.parent / "docs" / "everyday.md").read_text("utf-8")
    said = {name: int(count) for name, count in re.findall(r"\| `([\w-]+)` \| (\d+) \|", page)}
    assert said == {name: len(load(name)) for name in (*OWN, *PUBLISHED_LISTS, "everyday")}
