"""The nearest pictures: the arithmetic, and what a second search does not do again."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from zsclip import EmbeddingCache, Found, Match, ZeroShotClassifier, search_pictures
from zsclip.errors import (
    ImageError,
    ParameterError,
    ParameterTypeError,
    PromptTooLongError,
)


def names(found: Found) -> list[str]:
    return [Path(match.source).stem for match in found.matches]


def test_the_nearest_come_first_and_k_of_them(fake: Any, swatches: Path) -> None:
    found = search_pictures(swatches, "red", encoder=fake, cache=False, k=2)
    assert names(found)[0] == "1-red"
    assert (len(found.matches), found.searched, found.failures) == (2, 3, ())
    assert found.matches[0].similarity > found.matches[1].similarity


def test_what_is_sought_is_the_sum_less_what_is_not_wanted(fake: Any, swatches: Path) -> None:
    """By rclip's arithmetic, of which the length goes into no cosine."""
    clf = ZeroShotClassifier(["x", "y"], encoder=fake, cache=False)
    texts, unwanted = ["red", "a blue thing"], ["white"]
    like: list[str | Path] = [str(swatches / "2-green.png"), swatches / "1-red.png"]
    sought = (
        clf.encode_texts(texts).sum(axis=0)
        + clf.encode_images(like).sum(axis=0)
        - clf.encode_texts(unwanted).sum(axis=0)
    )
    cosines = clf.encode_images(swatches) @ (sought / np.linalg.norm(sought))
    found = search_pictures(
        swatches, texts, like=like, without=unwanted, encoder=clf.encoder, cache=False
    )
    assert [m.similarity for m in found.matches] == pytest.approx(sorted(cosines)[::-1], abs=1e-6)


def test_one_thing_stands_for_a_list_of_one(fake: Any, swatches: Path) -> None:
    options: dict[str, Any] = {"encoder": fake, "cache": False}
    picture = swatches / "3-blue.png"
    one = search_pictures(swatches, "red", like=picture, without="green", **options)
    listed = search_pictures(swatches, ["red"], like=[picture], without=["green"], **options)
    assert one.matches == listed.matches
    assert names(
        search_pictures(swatches, like=np.asarray(np.zeros((2, 2, 3), np.uint8)), **options)
    )


def test_of_equal_ones_the_first_comes_first(fake: Any, swatches: Path) -> None:
    for name in ("5", "4", "6"):
        shutil.copy(swatches / "1-red.png", swatches / f"{name}.png")
    found = search_pictures(swatches, "red", encoder=fake, cache=False, k=3)
    assert names(found) == ["1-red", "4", "5"]


def test_pictures_that_cannot_be_read_are_counted(fake: Any, swatches: Path) -> None:
    (swatches / "0.png").write_text("no picture")
    found = search_pictures(swatches, "red", encoder=fake, cache=False)
    assert found.searched == 3
    [failure] = found.failures
    assert isinstance(failure.error, ImageError)
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["failures"][0]["error_type"] == "ImageError"
    assert plain["matches"][0] == {
        "source": found.matches[0].source,
        "similarity": found.matches[0].similarity,
    }


def test_any_pictures_can_be_searched(fake: Any, swatches: Path) -> None:
    pictures = (path.read_bytes() for path in sorted(swatches.iterdir()))
    found = search_pictures(pictures, "red", encoder=fake, cache=False, k=1)
    assert found.matches[0].source.startswith("<bytes")
    assert search_pictures([], "red", encoder=fake, cache=False) == Found((), 0)


def test_what_cannot_be_searched_for(fake: Any, swatches: Path) -> None:
    def search(*args: Any, **options: Any) -> None:
        search_pictures(swatches, *args, encoder=fake, cache=False, **options)

    with pytest.raises(ParameterError, match="Nothing is searched for"):
        search()
    with pytest.raises(ParameterError, match="Nothing is searched for"):
        search(without="red")
    with pytest.raises(ParameterError, match="cancel out"):
        search("red", without="red")
    with pytest.raises(ParameterError, match="`k` must be 1 or more"):
        search("red", k=0)
    with pytest.raises(ParameterTypeError, match="texts"):
        search(3)
    with pytest.raises(ParameterTypeError, match=r"without\[0\]"):
        search("red", without=[3])
    with pytest.raises(PromptTooLongError):
        search("red " * 100)
    with pytest.raises(ImageError):
        search(like="missing.png")
    with pytest.raises(TypeError):
        search("red", colour=1)
    with pytest.raises(ImageError, match="no such folder"):
        search_pictures(swatches / "none", "red", encoder=fake, cache=False)


def test_a_second_search_asks_the_engine_for_nothing(swatches: Path, cache: EmbeddingCache) -> None:
    from zsclip import testing

    class Counting(testing.FakeEncoder):
        """With the members by which pictures can be kept."""

        preprocessing = "as they are"
        prepared = 0

        def prepare(self, image: Any) -> Any:
            type(self).prepared += 1
            return np.asarray(image.resize((224, 224)))

        def encode_pixels(self, pixels: Any) -> Any:
            self.image_calls.append(len(pixels))
            return self._embed([one.tobytes() for one in pixels])

    first, second = Counting(), Counting()
    options: dict[str, Any] = {"like": swatches / "1-red.png", "without": "a dog", "cache": cache}
    before = search_pictures(swatches, ["a cat", "a fox"], encoder=first, **options)
    assert sum(first.image_calls) == 3  # one of them for itself and as what is sought
    assert first.text_calls == [("a cat", "a fox", "a dog")]
    prepared = Counting.prepared
    again = search_pictures(swatches, ["a cat", "a fox"], encoder=second, **options)
    assert again == before
    assert (second.image_calls, second.text_calls, Counting.prepared) == ([], [], prepared)
    search_pictures(swatches, ["a cat", "a bird"], encoder=second, **options)
    assert second.text_calls == [("a bird",)]


def test_a_second_search_loads_neither_torch_nor_a_tokenizer(
    tmp_path: Path, drawings: Path
) -> None:
    """Of a folder in which a file is no picture, as well."""
    folder = tmp_path / "pictures"
    shutil.copytree(drawings, folder)
    (folder / "0.png").write_text("no picture")
    code = f"""
import sys
from zsclip import search_pictures
found = search_pictures({str(folder)!r}, sys.argv[1], like={str(folder / "fish.png")!r},
                        without="a fox", model="tiny-cartoon", k=3)
print(sorted({{"torch", "tokenizers", "safetensors"}} & set(sys.modules)))
print([(match.source, match.similarity) for match in found.matches], found.searched)
"""

    def run(text: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, text], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    loaded, result = run("a green frog")
    assert "torch" in loaded
    assert run("a green frog") == ["[]", result]
    assert "torch" in run("a text that is new")[0]


def test_a_match_shows_itself() -> None:
    assert repr(Match("fox.png", 0.25)) == "Match(source='fox.png', similarity=0.25)"
