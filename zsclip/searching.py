"""The pictures of a folder that are nearest to words and to pictures.

Stands on the public surface, and is loaded when it is first used. What is asked for twice is taken
out of the cache: a search whose pictures and texts are all there reads no weights.
"""

from __future__ import annotations

import heapq
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from zsclip.cache import make_key
from zsclip.driving import DrivenModel
from zsclip.encoders import ChangedError, engine_key
from zsclip.errors import ParameterError
from zsclip.images import Images, ImageSource, Listed, sources_of
from zsclip.labels import texts_of
from zsclip.options import Options, filled_in, shows_options
from zsclip.pipeline import embed, embed_all
from zsclip.results import Failure, plain_json
from zsclip.values import whole_number
from zsclip.version import __version__
from zsclip.wording import BriefRepr

__all__ = ["Found", "Match", "search_pictures"]

LEAST = 1e-3  # of the length of what is searched for; less is rounding


@dataclass(frozen=True, slots=True, repr=False)
class Match(BriefRepr):
    """A picture that was found.

    Attributes:
        source: The picture, as in `Prediction`.
        similarity: The cosine of its embedding with what was searched for, from -1 to 1.
    """

    source: str
    similarity: float


@dataclass(frozen=True, slots=True, repr=False)
class Found(BriefRepr):
    """What a search found.

    Attributes:
        matches: The nearest pictures, nearest first; of equal ones, the first in their order.
        searched: How many pictures were compared.
        failures: Those that could not be read.
    """

    matches: tuple[Match, ...]
    searched: int
    failures: tuple[Failure, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold; as in `Prediction.to_dict`."""
        return {
            "matches": [
                {"source": plain_json(match.source), "similarity": match.similarity}
                for match in self.matches
            ],
            "searched": self.searched,
            "failures": [failure.to_dict() for failure in self.failures],
        }


@shows_options(Options)
def search_pictures(
    images: Images,
    texts: str | Iterable[str] = (),
    *,
    like: ImageSource | Sequence[ImageSource] = (),
    without: str | Iterable[str] = (),
    k: int = 20,
    **options: Unpack[Options],
) -> Found:
    """Find the pictures that are nearest to texts and to other pictures.

    What is searched for is the sum of the embeddings of what is wanted less those of what is not,
    each of length 1: of texts ``t``, of pictures ``v``, of unwanted texts ``u``,

        q = t_1 + ... + t_l + v_1 + ... + v_m - u_1 - ... - u_n

    and a picture's similarity is the cosine of its embedding with ``q``. It is the arithmetic of
    rclip, whose figures are the same times the length of ``q``, in the same order.

    Texts are taken as they are, without templates; CLIP was trained on captions, so that "a photo
    of a red fox" may find more than "fox". Embeddings are kept in the cache, of texts and of
    pictures. If all of them are there, and the model is one file that was searched with before,
    neither PyTorch nor weights are loaded.

    Args:
        images: The folder, or pictures of any kind.
        texts: What is to be seen, in words: one text, or several.
        like: A picture that those wanted look like, or a list of several.
        without: What is not to be seen: one text, or several.
        k: How many pictures to find.
        options: As in `ZeroShotClassifier`; ``encoder=clf.encoder`` searches with the model of a
            classifier.

    Raises:
        ParameterError: Nothing is searched for, or what is wanted and what is not cancel out; or a
            parameter has a value that it cannot have.
        ParameterTypeError: A parameter has a type that it cannot have.
        ImageError: The folder cannot be opened, or a picture of `like` cannot be read.
        PromptTooLongError: A text does not fit the model, and is not to be cut.
        DownloadError: The weights are not there and cannot be fetched.

    Examples:
        >>> from importlib.resources import files
        >>> folder = str(files("zsclip.demo") / "drawings")
        >>> found = search_pictures(folder, "a green frog", model="tiny-cartoon", k=3)
        >>> found.matches[0].source.rpartition("/")[2], found.searched
        ('frog.png', 13)
    """
    query = _Query(
        _several("texts", texts),
        list(like) if isinstance(like, list | tuple) else [cast(ImageSource, like)],
        _several("without", without),
    )
    k, given = whole_number("k", k), filled_in(options)
    since, once = time.time_ns(), hasattr(images, "__next__")  # which cannot be gone through twice
    model = DrivenModel.recalled(given, anew=once)
    try:
        found = query.search(model, images, k)
    except ChangedError:
        model = DrivenModel.recalled(given, anew=True)
        found = query.search(model, images, k)
    model.remember(given, since=since)
    return found


def _several(param: str, texts: str | Iterable[str]) -> tuple[str, ...]:
    return texts_of(param, [texts] if isinstance(texts, str) else texts)


class _Query:
    """What is searched for."""

    def __init__(
        self, texts: tuple[str, ...], like: list[ImageSource], without: tuple[str, ...]
    ) -> None:
        if not (texts or like):
            raise ParameterError(
                "Nothing is searched for: give a text in `texts` (on the command line, TEXT), or a "
                "picture in `like` (--like)."
            )
        self._texts, self._like, self._without = texts, like, without

    def search(self, model: DrivenModel, images: Images, k: int) -> Found:
        """The nearest of some pictures."""
        sought, failures, searched = self._sum(model), list[Failure](), 0

        def compared() -> Iterator[Match]:
            nonlocal searched
            sources = sources_of(images)
            for described, vectors in embed(sources, model.encoder, model.pictures, stop=False):
                # the same to the last digit, however many are compared at a time
                exact = vectors.astype(np.float64) @ sought
                cosines = iter(exact.astype(np.float32).tolist())
                for source in described:
                    if isinstance(source, Failure):
                        failures.append(source)
                    else:
                        searched += 1
                        yield Match(source, next(cosines))

        # as sorted() would have it: of equal ones, the first
        best = heapq.nlargest(k, compared(), key=lambda match: match.similarity)
        return Found(tuple(best), searched, tuple(failures))

    def _sum(self, model: DrivenModel) -> NDArray[np.float64]:
        """Of all that is wanted, less what is not: float64 (d,), of length 1."""
        texts = _embed_texts(model, [*self._texts, *self._without]).astype(np.float64)
        pictures = embed_all(Listed(self._like), model.encoder, model.pictures)
        wanted = len(self._texts)
        total = texts[:wanted].sum(axis=0) + pictures.sum(axis=0) - texts[wanted:].sum(axis=0)
        length = float(np.linalg.norm(total))
        if length < LEAST:
            raise ParameterError(
                "What is wanted and what is not cancel out, so that nothing is left to search for."
            )
        unit: NDArray[np.float64] = total / length
        return unit


def _embed_texts(model: DrivenModel, texts: list[str]) -> NDArray[np.float32]:
    """The embeddings of texts: float32 (n, d), L2-normalized.

    Those of labels are kept under their tokens. These are kept under the texts as well, for which
    no tokenizer need be loaded.
    """
    cache, weights, width = (
        model.pictures.cache,
        model.encoder.weights_sha256,
        model.info.embedding_dim,
    )
    if cache is None or weights is None or not texts:
        return model.texts.embed([[text] for text in texts], too_long=model.too_long)
    about = ("searched", __version__, weights, *engine_key(model.encoder), model.too_long)
    keys = [make_key(*about, text) for text in texts]
    found = cache.get(keys)
    missing = [i for i, row in enumerate(found) if row is None or row.shape != (width,)]
    if missing:
        made = model.texts.embed([[texts[i]] for i in missing], too_long=model.too_long)
        for i, row in zip(missing, made, strict=True):
            found[i] = row
        cache.put([(keys[i], row) for i, row in zip(missing, made, strict=True)])
    return np.stack([row for row in found if row is not None])
