"""One picture, several pictures, folders, arrays: every kind, in order."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from PIL import Image

from zsclip import Failure, Prediction, ZeroShotClassifier
from zsclip.errors import ImageError, ParameterTypeError

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

Solid = Callable[[str], Image.Image]


def of_every_kind(folder: Path, solid: Solid) -> list[Any]:
    """Red, green, blue, again and again, each given in another way."""
    paths = sorted(folder.iterdir())
    red, green, blue = map(np.asarray, map(solid, ("red", "green", "blue")))
    return [
        str(paths[0]),
        paths[1],
        paths[2].read_bytes(),
        io.BytesIO(paths[0].read_bytes()),
        solid("green"),
        blue,
        red / 255,
        torch.from_numpy(green.copy()).permute(2, 0, 1),
        bytearray(paths[2].read_bytes()),
    ]


def test_kinds_of_pictures_mix_and_their_order_is_kept(
    colors: ZeroShotClassifier, fake: FakeEncoder, swatches: Path, solid: Solid
) -> None:
    found = colors.classify_many(of_every_kind(swatches, solid))
    assert [p.label for p in found] == ["red", "green", "blue"] * 3
    assert fake.image_batches == [3, 3, 3]
    assert [p.source for p in found[:2]] == [
        str(swatches / "1-red.png"),
        str(swatches / "2-green.png"),
    ]
    assert [p.source for p in found[4:6]] == ["<PIL.Image RGB 4x4>", "<array uint8 4x4x3>"]


def test_one_picture_of_each_kind(colors: ZeroShotClassifier, swatches: Path, solid: Solid) -> None:
    for picture, label in zip(
        of_every_kind(swatches, solid), ["red", "green", "blue"] * 3, strict=True
    ):
        prediction = colors.classify(picture)
        assert isinstance(prediction, Prediction)
        assert prediction.label == label
        assert prediction.labelset is colors.labelset
        assert prediction.origin == colors.origin


def test_a_folder_in_natural_order(colors: ZeroShotClassifier, swatches: Path) -> None:
    (swatches / "notes.txt").write_text("no picture")
    (swatches / "deeper").mkdir()
    for name in ("10.png", "9.png"):
        Image.new("RGB", (2, 2), "blue").save(swatches / "deeper" / name)
    names = ["1-red.png", "2-green.png", "3-blue.png", "deeper/9.png", "deeper/10.png"]
    for folder in (swatches, str(swatches)):
        found = colors.classify_many(folder)
        assert [p.source for p in found] == [str(swatches / name) for name in names]
    assert list(colors.predict(swatches)) == ["red", "green", "blue", "blue", "blue"]


def test_an_empty_folder_and_an_empty_list(colors: ZeroShotClassifier, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    nothings: list[Any] = [[], (), iter(()), tmp_path / "empty", np.empty((0, 4, 4, 3), np.uint8)]
    for nothing in nothings:
        assert colors.classify_many(nothing) == []
    assert list(colors.stream([])) == []


def test_a_batch_as_an_array_or_a_tensor(colors: ZeroShotClassifier, solid: Solid) -> None:
    batch = np.stack([np.asarray(solid(c)) for c in ("red", "green", "blue", "green")])
    expected = ["red", "green", "blue", "green"]
    assert list(colors.predict(batch)) == expected
    assert list(colors.predict(batch / np.float32(255))) == expected
    assert list(colors.predict(torch.from_numpy(batch).permute(0, 3, 1, 2))) == expected


def test_a_column_of_paths(colors: ZeroShotClassifier, swatches: Path) -> None:
    """As it comes out of a table: an array of one dimension, of texts or of objects."""
    paths = [str(path) for path in sorted(swatches.iterdir())]
    assert list(colors.predict(np.array(paths))) == ["red", "green", "blue"]
    assert list(colors.predict(np.array(paths, dtype=object))) == ["red", "green", "blue"]


class Table:
    """A column of a data frame, as far as iteration goes: one dimension, and no array."""

    ndim = 1

    def __init__(self, values: list[str]) -> None:
        self.values = values

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)


def test_a_column_of_a_data_frame(colors: ZeroShotClassifier, swatches: Path) -> None:
    paths = [str(path) for path in sorted(swatches.iterdir())]
    assert list(colors.predict(Table(paths))) == ["red", "green", "blue"]


@pytest.mark.parametrize("method", ["classify_many", "stream", "predict", "predict_proba"])
@pytest.mark.parametrize(
    ("single", "shown"),
    [
        ("fox.png", "'fox.png'"),
        (Path("fox.png"), "PosixPath('fox.png')"),
        ("https://example.org/fox.png", "'https://example.org/fox.png'"),
        ("", "''"),
        (b"\x89PNG", "<bytes, 4 B>"),
        (bytearray(3), "<bytearray, 3 B>"),
        (io.BytesIO(b"\x89PNG"), "<file BytesIO>"),
        (Image.new("RGB", (2, 3)), "<PIL.Image RGB 2x3>"),
        (np.zeros((4, 4, 3), np.uint8), "<array uint8 4x4x3>"),
        (np.zeros((4, 4), np.uint8), "<array uint8 4x4>"),
        (np.zeros(3), "<array float64 3>"),
        (np.array("fox.png"), "<array <U7 scalar>"),
        (torch.zeros(3, 4, 4), "<tensor float32 3x4x4>"),
        (torch.zeros(()), "<tensor float32 scalar>"),
        (7, "<int>"),
        (None, "<NoneType>"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_single_picture_is_no_several(
    colors: ZeroShotClassifier, method: str, single: Any, shown: str
) -> None:
    with pytest.raises(ParameterTypeError) as caught:
        getattr(colors, method)(single)
    message = str(caught.value)
    assert message.startswith("`images` must be several pictures, or a folder that exists, got ")
    assert shown.replace("PosixPath", type(Path()).__name__) in message
    assert "use classify(image), or put it in a list" in message


@pytest.mark.parametrize("several", [["fox.png", "hare.png"], 7, np.zeros((2, 4, 4, 3))])
def test_several_pictures_are_no_single_one(colors: ZeroShotClassifier, several: Any) -> None:
    with pytest.raises((ParameterTypeError, ImageError), match=r"one by one|got int"):
        colors.classify(several)


def test_a_picture_that_cannot_be_read_is_not_classified(
    colors: ZeroShotClassifier, tmp_path: Path
) -> None:
    missing = tmp_path / "fox.png"
    with pytest.raises(ImageError) as caught:
        colors.classify(missing)
    assert caught.value.source == str(missing)
    with pytest.raises(ImageError):
        colors.classify_many([missing])
    [failure] = colors.classify_many([missing], on_error="record")
    assert isinstance(failure, Failure)
    assert (failure.source, failure.error) == (str(missing), failure.error)
    assert str(failure.error) == str(caught.value)


def test_a_folder_is_no_single_picture(colors: ZeroShotClassifier, swatches: Path) -> None:
    with pytest.raises(ImageError, match="folder"):
        colors.classify(swatches)


def test_nothing_is_printed(drawings: Path, capfd: pytest.CaptureFixture[str]) -> None:
    clf = ZeroShotClassifier(["frog", "fish"], model="tiny-cartoon")
    clf.classify_many([drawings / "frog.png", drawings / "missing.png"], on_error="record")
    assert capfd.readouterr() == ("", "")


def test_the_embedded_model_reads_drawings(tiny: ZeroShotClassifier, drawings: Path) -> None:
    names = ["tigerside", "frog", "octopus", "fish"]
    found = tiny.classify_many(drawings / f"{name}.png" for name in names)
    assert [p.label for p in found] == ["tiger", "frog", "octopus", "fish"]
    for prediction in found:
        assert prediction.scores.sum() == pytest.approx(1, abs=1e-6)
        assert prediction.score > 0.5
