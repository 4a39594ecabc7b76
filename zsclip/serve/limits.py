"""`Limits`: how much of anything a service takes from those who ask it."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.images import Reading
from zsclip.values import whole_number
from zsclip.wording import brief

__all__ = ["Limits", "reading_for_strangers"]

MiB = 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """How much of anything a service takes. Beyond it a request is refused, and no other one is.

    Attributes:
        connections: The most connections; beyond it the one that has been silent for longest is
            closed.
        head_seconds: Seconds for the head of a request to arrive; beyond it 408.
        answer_seconds: Seconds for a client to take what it was sent; beyond it the connection is
            closed.
        body_bytes: The most bytes of a request's body; beyond it 413.
        body_seconds: Seconds for a body to arrive; beyond it 408.
        pictures: The most pictures of a request.
        picture_bytes: The most bytes of one encoded picture, sent or out of a URL.
        picture_pixels: The most pixels of one, width times height.
        picture_seconds: Seconds for one, as `Reading.timeout` counts them.
        labels: The most labels that a request may name.
        templates: The most templates.
        prompts: The most prompts that both make together.
        texts: The most texts of a request to be embedded.
        text_length: The most characters of a label, a phrase, a template or a text.
        waiting_pictures: The most pictures of all requests that wait for the model together; one
            that would make them more is answered with 503.
        waiting_bytes: The most bytes of all bodies in memory together; likewise.
        waiting_texts: The most requests that wait for the embeddings of their labels; likewise.
        queue_seconds: Seconds until the next result of a request is there; beyond it 503.
        end_seconds: Seconds that requests are given to end when the service is told to.
        batch_seconds: Seconds that a batch stays open for further pictures.
        label_sets: How many label sets of requests are kept, each embedded once.
        kept_pictures: How many embeddings of pictures are kept, so that a picture is embedded once
            for several label sets; 0 for none.

    Raises:
        ParameterError: A field has a value that it cannot have.
        ParameterTypeError: A field has a type that it cannot have.

    Examples:
        >>> Limits(pictures=8).pictures
        8
    """

    connections: int = 512
    head_seconds: float = 10.0
    answer_seconds: float = 30.0
    body_bytes: int = 32 * MiB
    body_seconds: float = 30.0
    pictures: int = 256
    picture_bytes: int = 20 * MiB
    picture_pixels: int = 50_000_000
    picture_seconds: float = 10.0
    labels: int = 1000
    templates: int = 100
    prompts: int = 10_000
    texts: int = 256
    text_length: int = 300
    waiting_pictures: int = 1024
    waiting_bytes: int = 512 * MiB
    waiting_texts: int = 16
    queue_seconds: float = 30.0
    end_seconds: float = 30.0
    batch_seconds: float = 0.004
    label_sets: int = 64
    kept_pictures: int = 4096

    def __post_init__(self) -> None:
        for field in fields(self):
            value: object = getattr(self, field.name)
            if field.name.endswith("_seconds"):
                object.__setattr__(self, field.name, _seconds(field.name, value))
            else:
                least = 0 if field.name == "kept_pictures" else 1
                object.__setattr__(self, field.name, whole_number(field.name, value, least=least))


def _seconds(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ParameterTypeError(f"`{name}` must be a number of seconds, got {brief(value)}.")
    if not 0 < value <= 86_400:
        raise ParameterError(
            f"`{name}` must be a positive number of seconds, and at most a day, got {brief(value)}."
        )
    return float(value)


def reading_for_strangers(own: Reading, limits: Limits, urls: str) -> Reading:
    """How pictures of strangers are read: to the same pixels, under the tighter limits.

    Args:
        own: How the classifier reads. Where its limits are tighter, they stay.
        limits: Those of the service.
        urls: Which URLs are fetched, as `Reading.urls`.

    Examples:
        >>> reading_for_strangers(Reading(max_pixels=1000), Limits(), "none").max_pixels
        1000
    """
    return replace(
        own,
        urls=urls,
        max_pixels=min(own.max_pixels, limits.picture_pixels),
        max_bytes=min(own.max_bytes, limits.picture_bytes),
        timeout=min(own.timeout, limits.picture_seconds),
    )
