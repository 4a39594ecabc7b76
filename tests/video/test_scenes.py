"""Where a scene begins."""

from __future__ import annotations

import av
import numpy as np
import pytest
from PIL import Image

from zsclip.video.scenes import Scenes


def begins(scenes: Scenes, color: str, time: float, size: tuple[int, int] = (64, 48)) -> bool:
    picture = np.asarray(Image.new("RGB", size, color))
    return scenes.begins(av.VideoFrame.from_ndarray(picture, format="rgb24"), time)


def test_the_difference_is_the_mean_over_hue_saturation_and_brightness() -> None:
    """From black to white brightness alone changes, by 255, which is 85 of the three."""
    for threshold, cut in {85.0: True, 85.1: False}.items():
        scenes = Scenes(threshold)
        assert begins(scenes, "black", 0)
        assert begins(scenes, "white", 1) is cut


def test_hues_count_as_in_eight_bits_of_opencv() -> None:
    """From red to cyan it is half of the circle: 90 of 180 steps, a third of which counts."""
    for threshold, cut in {29.0: True, 31.0: False}.items():
        scenes = Scenes(threshold)
        begins(scenes, "red", 0)
        assert begins(scenes, "cyan", 1) is cut


def test_a_flash_begins_no_scene_soon_after_the_last_one_began() -> None:
    scenes = Scenes(27)
    assert begins(scenes, "black", 0)
    assert not begins(scenes, "white", 0.5)
    assert not begins(scenes, "white", 1.0)
    assert begins(scenes, "black", 1.1)


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (300, 1)])
def test_frames_of_any_size_are_compared(size: tuple[int, int]) -> None:
    scenes = Scenes(27)
    assert begins(scenes, "black", 0, size)
    assert not begins(scenes, "black", 1, size)
    assert begins(scenes, "black", 2, (64, 48))  # another size is another scene
