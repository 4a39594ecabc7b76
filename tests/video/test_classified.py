"""What a clip shows, frame by frame and as a whole."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from videos import drawings_of, grays, write_video

from zsclip import Reading, ZeroShotClassifier
from zsclip.errors import DamagedVideoWarning, VideoError
from zsclip.video import FramePrediction, Span, classify_video, frames

CLIP = write_video(drawings_of("frog", "octopus", frames=20), codec="libx264")


@pytest.fixture(scope="module")
def clf() -> ZeroShotClassifier:
    return ZeroShotClassifier(["frog", "fish", "octopus"], model="tiny-cartoon", cache=False)


def test_a_clip_of_a_frog_and_an_octopus_is_told_so(
    clf: ZeroShotClassifier, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(CLIP)
    clip = classify_video(clf, path, every=0.5)
    assert clip.spans() == [Span(0.0, 2.0, "frog", 4), Span(2.0, 3.5, "octopus", 4)]
    assert [frame.time for frame in clip.frames] == [0.5 * i for i in range(8)]
    assert clip.frames[3].prediction.source == f"{path}@00:00:01.500"
    assert clip.source == clip.prediction.source == str(path)
    assert clip.damage == ""
    assert clip.prediction.label in {"frog", "octopus"}


def test_scenes_are_classified_by_their_first_frames(clf: ZeroShotClassifier) -> None:
    clip = classify_video(clf, CLIP, scenes=True)
    assert [(frame.time, frame.prediction.label) for frame in clip.frames] == [
        (0.0, "frog"),
        (2.0, "octopus"),
    ]


def test_the_clip_is_the_mean_of_its_frames_brought_to_length_1(clf: ZeroShotClassifier) -> None:
    clip = classify_video(clf, CLIP, every=1)
    rows = clf.encode_images(frame.image for frame in frames(CLIP, every=1))
    mean = rows.mean(axis=0)
    [whole] = clf.classify_embeddings([mean / np.linalg.norm(mean)])
    np.testing.assert_allclose(clip.prediction.scores, whole.scores, atol=1e-5)
    for frame, one in zip(clip.frames, clf.classify_embeddings(rows), strict=True):
        np.testing.assert_allclose(frame.prediction.scores, one.scores, atol=1e-5)


def test_what_a_classifier_rejects_it_rejects_in_a_clip(clf: ZeroShotClassifier) -> None:
    clip = classify_video(clf.rejecting(threshold=0.999999), CLIP, every=1)
    assert clip.prediction.answer is None
    assert clip.spans() == [Span(0.0, 3.0, None, 4)]


def test_several_labels_at_once_hold_for_clips_as_well() -> None:
    clf = ZeroShotClassifier(["frog", "fish"], model="tiny-cartoon", multi_label=True, cache=False)
    clip = classify_video(clf, CLIP, every=1)
    assert clip.prediction.origin.multi_label
    assert clip.frames[0].prediction.above(0.5)[0].label == "frog"


def test_everything_can_be_told_in_json(clf: ZeroShotClassifier) -> None:
    told = json.loads(json.dumps(classify_video(clf, CLIP, every=2).to_dict(2)))
    assert told["label"] in {"frog", "octopus"}
    assert told["damage"] == ""
    assert [(frame["time"], frame["label"]) for frame in told["frames"]] == [
        (0.0, "frog"),
        (2.0, "octopus"),
    ]
    assert [len(frame["scores"]) for frame in told["frames"]] == [2, 2]
    assert "origin" in told
    assert "origin" not in told["frames"][0]


def test_of_a_damaged_clip_the_predictions_up_to_there_are_kept(clf: ZeroShotClassifier) -> None:
    whole = write_video(grays(40), form="matroska", codec="libx264", gop_size=10)
    with pytest.warns(DamagedVideoWarning):
        clip = classify_video(clf, whole[: len(whole) * 7 // 10], per_second=10)
    assert "it ends after" in clip.damage
    assert 10 < len(clip.frames) < 40


def test_a_time_without_frames_is_an_error(clf: ZeroShotClassifier) -> None:
    with pytest.raises(VideoError, match="it has no frame in the time from 99 s on"):
        classify_video(clf, CLIP, start=99)


@pytest.mark.parametrize("reduced", [True, False])
def test_large_frames_are_made_smaller_before_they_wait_for_the_model(
    clf: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch, *, reduced: bool
) -> None:
    sizes: list[tuple[int, int]] = []
    encode = clf.encode_images

    def noted(images: Iterable[Image.Image], **asked: Any) -> Any:
        held = list(images)
        sizes.extend(image.size for image in held)
        return encode(held, **asked)

    monkeypatch.setattr(clf, "encode_images", noted)
    video = write_video([Image.new("RGB", (1200, 900), "green")] * 2)
    classify_video(clf, video, reading=Reading(reduced=reduced))
    factor = 900 // (2 * clf.model_info.input_resolution) if reduced else 1
    assert sizes == [(math.ceil(1200 / factor), math.ceil(900 / factor))]
    assert factor > 1 or not reduced


def test_a_bar_is_shown_where_it_is_asked_for(
    clf: ZeroShotClassifier, capsys: pytest.CaptureFixture[str]
) -> None:
    classify_video(clf, CLIP)
    assert capsys.readouterr().err == ""
    classify_video(clf, CLIP, progress="text")
    assert "4 pictures" in capsys.readouterr().err


def test_parts_of_a_clip_need_a_frame_each(clf: ZeroShotClassifier) -> None:
    clip = classify_video(clf, CLIP, limit=1)
    [frame] = clip.frames
    assert isinstance(frame, FramePrediction)
    assert clip.spans() == [Span(0.0, 0.0, "frog", 1)]
    assert math.isclose(clip.prediction.score, frame.prediction.score, abs_tol=1e-5)
