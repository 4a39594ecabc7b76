"""`Reading`: checked as it is made, equal by what it says, and a key of what decides the pixels."""

from __future__ import annotations

import dataclasses
import pickle
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.files import size_in_words
from zsclip.images import Reading, load_image, reading_like

PAGE = Path(__file__).parents[2] / "docs" / "pictures.md"

# A value other than the usual one for every field, and whether it makes other pixels.
FIELDS: dict[str, tuple[Any, bool]] = {
    "background": ("black", True),
    "reduced": (False, True),
    "max_pixels": (7, False),
    "max_bytes": (7, False),
    "timeout": (7.0, False),
    "levels": ("stretch", True),
    "strict": (True, False),
    "urls": ("none", False),
    "max_memory": (7, False),
    "isolate": (True, False),
}


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("background", "no-such-color"),
        ("background", "#12"),
        ("background", "#ff000080"),
        ("background", (0, 0)),
        ("background", (0, 0, 256)),
        ("background", (0, -1, 0)),
        ("background", (0.5, 0.5, 0.5)),
        ("timeout", 0),
        ("timeout", -1.0),
        ("timeout", float("nan")),
        ("timeout", float("inf")),
        ("urls", "private"),
        ("urls", ""),
        ("max_bytes", 0),
        ("max_pixels", -1),
        ("max_memory", 0),
        ("levels", "wide"),
        ("levels", (0,)),
        ("levels", (0, 1, 2)),
        ("levels", (5, 5)),
        ("levels", (5, 0)),
        ("levels", (0, float("inf"))),
        ("levels", (float("nan"), 1)),
    ],
)
def test_row_parameters(option: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"`{option}` must be .*, got "):
        Reading(**{option: value})
    picture = Image.new("RGB", (1, 1))  # though this one needs none of them
    with pytest.raises(ParameterTypeError, match=r"`reading` must be a Reading, got 'white'"):
        load_image(picture, reading="white")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("background", 5),
        ("reduced", 1),
        ("reduced", None),
        ("urls", None),
        ("urls", True),
        ("timeout", None),
        ("timeout", "10"),
        ("timeout", True),
        ("max_bytes", 1.5),
        ("max_bytes", "8"),
        ("max_pixels", True),
        ("max_pixels", None),
        ("levels", None),
        ("levels", 4095),
        ("levels", ("0", "1")),
        ("levels", (False, True)),
        ("strict", 1),
        ("max_memory", "1 GB"),
        ("isolate", None),
    ],
)
def test_a_field_of_another_type_is_a_type_error(option: str, value: Any) -> None:
    with pytest.raises(ParameterTypeError, match=f"`{option}` must be .*, got "):
        Reading(**{option: value})


def test_numbers_may_come_out_of_numpy() -> None:
    numbers = {"max_pixels": np.int64(10), "max_bytes": np.uint8(20), "timeout": np.float32(0.5)}
    reading = Reading(**numbers, background=tuple(np.uint8([1, 2, 3])))  # type: ignore[arg-type]
    assert reading == Reading(background=(1, 2, 3), max_pixels=10, max_bytes=20, timeout=0.5)
    assert {type(number) for number in dataclasses.astuple(reading)[2:5]} == {int, float}
    levels = Reading(levels=np.array([0, 4095]).tolist()).levels
    assert levels == Reading(levels=(np.uint16(0), np.float32(4095))).levels == (0.0, 4095.0)  # type: ignore[arg-type]
    assert repr(reading).startswith("Reading(background=(1, 2, 3), reduced=True, max_pixels=10, ")


class Levels(StrEnum):
    FULL = "full"


def test_a_word_may_come_out_of_an_enumeration() -> None:
    reading = Reading(levels=Levels.FULL)
    assert type(reading.levels) is str
    assert reading_like(Reading(), reading.key) == reading


@pytest.mark.parametrize(
    ("option", "value"),
    [("timeout", 1e300), ("timeout", 10**400), ("levels", (0, 10**400)), ("levels", (1, 2, 3))],
)
def test_numbers_beyond_what_can_be_meant(option: str, value: Any) -> None:
    with pytest.raises(ParameterError, match=f"`{option}` must be .*, got "):
        Reading(**{option: value})


def test_one_color_is_one_reading_however_it_is_spelled() -> None:
    spelled = [Reading(background=color) for color in ("red", "#f00", "#ff0000ff", [255, 0, 0])]
    assert set(spelled) == {Reading(background=(255, 0, 0))}
    assert {reading.color for reading in spelled} == {(255, 0, 0)}
    assert {reading.key for reading in spelled} == {"background=#ff0000 reduced=True"}


def test_the_key_holds_all_that_decides_the_pixels_and_no_limit() -> None:
    assert list(FIELDS) == [field.name for field in dataclasses.fields(Reading)]
    for field, (value, decides) in FIELDS.items():
        changed = dataclasses.replace(Reading(), **{field: value})
        assert changed != Reading()
        assert (changed.key != Reading().key) == decides, field


@pytest.mark.parametrize("levels", ["auto", "full", "stretch", (0, 4095), (-1.5, 1e9)])
def test_a_reading_is_made_again_from_its_key(levels: Any) -> None:
    reading = Reading(levels=levels, background="lime", reduced=False)
    again = reading_like(Reading(max_pixels=7, strict=True), reading.key)
    assert again == dataclasses.replace(reading, max_pixels=7, strict=True)


def test_what_a_reading_says_itself_leaves_the_rest_as_it_was() -> None:
    saved = Reading(background="black", reduced=False)
    assert reading_like(Reading(levels="full"), saved.key) == dataclasses.replace(
        saved, levels="full"
    )
    assert reading_like(Reading(background="red"), saved.key).color == (255, 0, 0)


@pytest.mark.parametrize("levels", ["wide", "0", "0,", "0,1,2", "1,0", "a,b", "nan,1", "0,1"])
def test_a_key_that_no_reading_has_is_refused(levels: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of whatever part of it
        reading_like(Reading(), f"{Reading().key} levels={levels}")


def test_a_reading_travels_and_does_not_change() -> None:
    reading = Reading(background="lime", timeout=1)
    assert pickle.loads(pickle.dumps(reading)) == reading
    with pytest.raises(dataclasses.FrozenInstanceError):
        reading.timeout = 2.0  # type: ignore[misc]


def test_a_pickle_of_an_older_zsclip_has_the_fields_that_there_were() -> None:
    """Version 0.1.0 had seven: none that was added may stand before one of these."""
    found = Reading.__new__(Reading)
    found.__setstate__([(1, 2, 3), False, 7, 8, 9.0, "stretch", True])
    assert found == Reading(
        background=(1, 2, 3), reduced=False, max_pixels=7, max_bytes=8, timeout=9,
        levels="stretch", strict=True,
    )  # fmt: skip
    assert list(FIELDS)[:7] == [
        "background",
        "reduced",
        "max_pixels",
        "max_bytes",
        "timeout",
        "levels",
        "strict",
    ]


def test_the_page_names_the_usual_limits() -> None:
    page, usual = PAGE.read_text(encoding="utf-8"), Reading()
    assert f"by default it is {usual.max_pixels:,}" in page.lower()
    assert f"The limit: {usual.max_bytes // 2**20} MiB unless" in page
    assert f"`timeout`: {usual.timeout:g} seconds" in page
    assert size_in_words(usual.max_bytes) == "67.1 MB"
