"""A dozen drawings of animals, and tiny-cartoon's guesses at them: the whole way, with no download.

Needs nothing beside zsclip itself: drawings, classes and weights are parts of it. Where the
drawings come from, and by which rule they were chosen, says ``drawings/SOURCES.md``.
"""

from __future__ import annotations

import importlib.resources
import os
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zsclip.errors import ParameterError, WouldReplaceError
from zsclip.files import as_path, writing_whole
from zsclip.labels import Label, LabelSet
from zsclip.wording import brief

if TYPE_CHECKING:
    from zsclip.encoders import ModelInfo
    from zsclip.results import Prediction

__all__ = [
    "MODEL",
    "Answer",
    "Drawing",
    "Outcome",
    "copy_drawings",
    "load_drawings",
    "load_labels",
    "run_demo",
]

MODEL = "tiny-cartoon"

_ABOUT = ("SOURCES.md", "LICENSE-APACHE-2.0.txt")  # what the drawings are passed on with


@dataclass(frozen=True, slots=True)
class Drawing:
    """One drawing.

    Attributes:
        file: The name of its file.
        animal: What it shows.
        data: The file's content.
    """

    file: str
    animal: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model made of one drawing.

    Attributes:
        drawing: The drawing.
        truth: The label that would be right.
        prediction: The scores.
    """

    drawing: Drawing
    truth: Label
    prediction: Prediction

    @property
    def rank(self) -> int:
        """The place of the right label among all, from 1 on."""
        order = [score.id for score in self.prediction.top(len(self.prediction.labelset))]
        return order.index(self.truth.id) + 1

    def to_dict(self, k: int = 3) -> dict[str, Any]:
        """Everything as plain values that JSON can hold, with the best `k` labels."""
        return {
            "file": self.drawing.file,
            "shows": self.truth.name,
            "rank": self.rank,
            "right": self.rank == 1,
            "scores": self.prediction.to_dict(k)["scores"],
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the model made of all drawings.

    Attributes:
        answers: One for each drawing.
        labelset: What there was to choose from.
        model_info: The model, and where it ran.
    """

    answers: tuple[Answer, ...]
    labelset: LabelSet
    model_info: ModelInfo

    def hits(self, k: int) -> int:
        """The number of drawings whose right label is among the best `k`."""
        return sum(answer.rank <= k for answer in self.answers)


def load_drawings() -> tuple[Drawing, ...]:
    """The drawings, in the order of their list.

    Examples:
        >>> load_drawings()[0].data[1:4]
        b'PNG'
    """
    folder = importlib.resources.files("zsclip.demo")
    listed = tomllib.loads(folder.joinpath("drawings.toml").read_text("utf-8"))["drawings"]
    return tuple(
        Drawing(
            entry["file"],
            entry["animal"],
            folder.joinpath("drawings", entry["file"]).read_bytes(),
        )
        for entry in listed
    )


def copy_drawings(folder: str | os.PathLike[str]) -> tuple[str, ...]:
    """Put the drawings into a folder, with what says where they come from and their license.

    The folder is made if need be. A file that is there stays; one of other content is an error.

    Args:
        folder: The folder.

    Returns:
        The names of the files, the drawings first.

    Raises:
        WouldReplaceError: A file of the name of one of them is there, and is another. Nothing has
            been written then.
        OSError: The files cannot be written.

    Examples:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     copy_drawings(folder)[0]
        'rat.png'
    """
    target = as_path(folder, "folder")
    files = {drawing.file: drawing.data for drawing in load_drawings()}
    packed = importlib.resources.files("zsclip.demo").joinpath("drawings")
    files |= {name: packed.joinpath(name).read_bytes() for name in _ABOUT}
    missing = []
    for name, data in files.items():
        place = target / name
        if not os.path.lexists(place):
            missing.append(name)
        elif not place.is_file() or place.read_bytes() != data:
            raise WouldReplaceError(
                f"{brief(str(place))} is there already and is something else, which is not "
                "replaced. Name another folder."
            )
    target.mkdir(parents=True, exist_ok=True)
    for name in missing:
        with writing_whole(target / name) as file:
            file.write(files[name])
    return tuple(files)


def load_labels() -> LabelSet:
    """The animals to choose from if no label set is asked for.

    Examples:
        >>> "frog" in load_labels().names
        True
    """
    listed = importlib.resources.files("zsclip.demo").joinpath("animals.toml")
    with importlib.resources.as_file(listed) as path:
        return LabelSet.from_toml(path)


def run_demo(labels: LabelSet | None = None, *, device: str = "auto") -> Outcome:
    """Classify the drawings with tiny-cartoon.

    Args:
        labels: What to choose from; `load_labels` if None.
        device: As in `ZeroShotClassifier`.

    Raises:
        ParameterError: A drawing shows what none of the labels is called.
        DeviceError: The device does not exist here.

    Examples:
        >>> outcome = run_demo(device="cpu")
        >>> len(outcome.answers) >= outcome.hits(3) >= outcome.hits(1)
        True
    """
    from zsclip.classifier import ZeroShotClassifier

    labels = load_labels() if labels is None else labels
    drawings = load_drawings()
    truths = _find_truths(drawings, labels)
    classifier = ZeroShotClassifier(labels, model=MODEL, device=device)
    predictions = classifier.classify_many([drawing.data for drawing in drawings])
    answers = map(Answer, drawings, truths, predictions)
    return Outcome(tuple(answers), labels, classifier.model_info)


def _find_truths(drawings: tuple[Drawing, ...], labels: LabelSet) -> list[Label]:
    """The label of each drawing, by its name or an alias."""
    by_text = {text.casefold(): label for label in labels for text in label.texts}
    missing = [d.animal for d in drawings if d.animal.casefold() not in by_text]
    if missing:
        raise ParameterError(
            f"`labels` must hold what the demo's drawings show, and {brief(labels.name)} lacks "
            f"{', '.join(missing)}. Use a set of animals, or leave it out."
        )
    return [by_text[drawing.animal.casefold()] for drawing in drawings]
