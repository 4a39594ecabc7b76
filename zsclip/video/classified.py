"""`classify_video`: what the frames of a video show, and the clip as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from zsclip.errors import VideoError
from zsclip.images import Reading
from zsclip.progress import Progress
from zsclip.results import Prediction
from zsclip.video.sampling import Frame, Sampling, VideoSource

if TYPE_CHECKING:
    from zsclip.classifier import ZeroShotClassifier

ENLARGED = 2  # times the model's resolution: what is left of a frame, as of a large JPEG

__all__ = ["ClassifiedVideo", "FramePrediction", "Span", "classify_video"]


@dataclass(frozen=True, slots=True)
class FramePrediction:
    """What one frame of a video shows.

    Attributes:
        time: Seconds from the first frame of the video.
        prediction: The scores; its `source` is the video and the time.
    """

    time: float
    prediction: Prediction


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a video in which every frame that was looked at has the same answer.

    Attributes:
        start: Seconds at which the first of these frames is.
        end: Seconds at which the next other one is, or else the last of these.
        answer: The name of the label, as `Prediction.answer`; None where they were rejected.
        frames: How many there are.
    """

    start: float
    end: float
    answer: str | None
    frames: int


@dataclass(frozen=True, slots=True)
class ClassifiedVideo:
    """What a video shows.

    Attributes:
        source: The video: its path exactly as it was given, or what it is in a few words.
        prediction: The clip as a whole.
        frames: The frames that were looked at, in the order of their times.
        damage: Why frames are missing, in a few words; empty if none is known to be.
    """

    source: str
    prediction: Prediction
    frames: tuple[FramePrediction, ...]
    damage: str = ""

    def spans(self) -> list[Span]:
        """The video in parts of one answer each, in the order of their times."""
        spans: list[Span] = []
        for frame in self.frames:
            answer = frame.prediction.answer
            if spans:
                spans[-1] = replace(spans[-1], end=frame.time)
            if spans and spans[-1].answer == answer:
                spans[-1] = replace(spans[-1], frames=spans[-1].frames + 1)
            else:
                spans.append(Span(frame.time, frame.time, answer, 1))
        return spans

    def to_dict(self, k: int | None = None) -> dict[str, Any]:
        """Everything as plain values that JSON can hold.

        How the scores came about stands with the clip alone, since it is the same for each frame.

        Args:
            k: How many labels each `scores` lists, best first; all if None.
        """
        told = self.prediction.to_dict(k)
        told["damage"] = self.damage
        told["frames"] = []
        for frame in self.frames:
            values = frame.prediction.to_dict(k)
            del values["origin"], values["source"]
            told["frames"].append({"time": frame.time, **values})
        return told


def classify_video(
    classifier: ZeroShotClassifier,
    source: VideoSource,
    *,
    every: float | None = None,
    per_second: float | None = None,
    scenes: bool | float = False,
    start: float = 0.0,
    end: float | None = None,
    limit: int | None = None,
    reading: Reading = Reading(),
    progress: Progress = False,
) -> ClassifiedVideo:
    """Classify frames of a video, and the clip as a whole.

    The clip's embedding is the mean of those of its frames, each of length 1, brought to length 1
    again: the parameter-free pooling of CLIP4Clip (Luo et al. 2021, §3.3). It is classified as any
    picture's is, so that rejection, several labels and whatever else a classifier learnt hold for
    it. A clip of several things is something between them: look at `ClassifiedVideo.spans`.

    A damaged file is read as far as it goes, with a warning, and no prediction is lost.

    Args:
        classifier: The classifier.
        source: The video, as in `frames`.
        every: As in `frames`.
        per_second: As in `frames`.
        scenes: As in `frames`.
        start: As in `frames`.
        end: As in `frames`.
        limit: As in `frames`.
        reading: As in `frames`; with `reduced`, frames of more than twice the model's resolution
            are made smaller by a whole factor first. The classifier's own is for pictures.
        progress: Show how many frames were classified, as in `ZeroShotClassifier.encode_images`.

    Raises:
        VideoError: The video cannot be read, or has no frame in that time.
        MissingExtraError: PyAV is not installed: ``pip install "zsclip[video]"``.
        ParameterError: A parameter has a value that it cannot have, or two exclude each other.
        ParameterTypeError: A parameter has a type that it cannot have.
        NonFiniteError: The model gave NaN or infinity.

    Warns:
        DamagedVideoWarning: Frames are missing because the file is damaged or cut off.

    Examples:
        >>> clip = classify_video(classifier, "clip.mp4", every=0.5)  # doctest: +SKIP
        >>> clip.prediction.label  # doctest: +SKIP
        'frog'
        >>> [(span.start, span.end, span.answer) for span in clip.spans()]  # doctest: +SKIP
        [(0.0, 2.0, 'frog'), (2.0, 3.5, 'octopus')]
    """
    sampling = Sampling(
        source,
        every=every,
        per_second=per_second,
        scenes=scenes,
        start=start,
        end=end,
        limit=limit,
        reading=reading,
    )
    taken: list[tuple[float, str]] = []
    least = ENLARGED * classifier.model_info.input_resolution if reading.reduced else None
    rows = classifier.encode_images(_pictures(sampling, taken, least), progress=progress)
    if not taken:
        raise VideoError(sampling.name, f"it has no frame in the time from {start:g} s on.")
    mean = rows.mean(axis=0, dtype=np.float64)
    pooled = (mean / np.linalg.norm(mean)).astype(np.float32)
    *each, whole = classifier.classify_embeddings(np.vstack([rows, pooled]))
    return ClassifiedVideo(
        sampling.name,
        replace(whole, source=sampling.name),
        tuple(
            FramePrediction(time, replace(one, source=source))
            for (time, source), one in zip(taken, each, strict=True)
        ),
        sampling.damage,
    )


def _pictures(
    frames: Iterable[Frame], taken: list[tuple[float, str]], least: int | None
) -> Iterator[Image.Image]:
    """The pictures of the frames, whose times and names are noted; large ones made smaller.

    Some are held until the model has taken them, and those of a film in 4K would be gigabytes.
    """
    for frame in frames:
        taken.append((frame.time, frame.source))
        factor = 1 if least is None else min(frame.image.size) // least
        yield frame.image.reduce(factor) if factor > 1 else frame.image
