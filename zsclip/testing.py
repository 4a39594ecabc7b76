"""What test suites need: the rules of label sets as test cases, and an engine without a model.

A label set's own test suite is three lines:

    from zsclip.testing import parametrize_with_labelset_checks
    @parametrize_with_labelset_checks("garden-birds")
    def test_labelset(check): check()

Importing this module loads neither torch nor pytest.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from zsclip.authoring import RULES, is_distribution, review_target
from zsclip.encoders import ModelInfo, TooLong
from zsclip.errors import LabelSetError, PromptTooLongError
from zsclip.forks import ForkLock
from zsclip.labels import Problem
from zsclip.wording import in_lines

if TYPE_CHECKING:
    import pytest
    from PIL import Image

__all__ = ["FakeEncoder", "parametrize_with_labelset_checks"]

CONTEXT_LENGTH = 77  # of every CLIP that was published


# ------------------------------------------------------------------------------------------ checks


def parametrize_with_labelset_checks(target: str | os.PathLike[str]) -> pytest.MarkDecorator:
    """Make a test run once for each rule of label sets, as a case of its own.

    The test takes one argument, ``check``, and calls it; that raises `AssertionError` with every
    breach of the rule. The label set is read when the first case runs, so that one that is not
    installed makes the tests fail and not their collection. That prompts fit the model (R10) is
    checked with CLIP's tokens and its limit of 77.

    Args:
        target: The name of an installed set, or the path of a label-set file, of a wheel, of an
            sdist, or of the folder with the sources of a distribution, for which the rules of
            distributions (D1 to D7) are cases as well.

    Returns:
        A decorator for a test, of pytest, which is imported by this call and not before.

    Examples:
        >>> @parametrize_with_labelset_checks("cartoon-animals")
        ... def test_labelset(check):
        ...     check()
    """
    import pytest

    find = functools.cache(functools.partial(_find, target))
    rules = [rule for rule in RULES if rule.startswith("R") or is_distribution(target)]
    cases = [functools.partial(_check, find, rule) for rule in rules]
    ids = [f"{rule}-{RULES[rule].replace(' ', '-').replace(',', '')}" for rule in rules]
    return pytest.mark.parametrize("check", cases, ids=ids)


def _find(target: str | os.PathLike[str]) -> tuple[Problem, ...]:
    """What is wrong with it, prompts that are too long included."""
    found = review_target(target)
    return (*found.problems, *found.misfits(_Tokens()))


def _check(find: Callable[[], tuple[Problem, ...]], rule: str) -> None:
    """Raise for every breach of one rule."""
    try:
        breaches = [problem for problem in find() if problem.rule == rule]
    except LabelSetError as error:
        raise AssertionError(str(error)) from error
    if breaches:
        raise AssertionError(f"{rule} ({RULES[rule]}) is broken:{in_lines(breaches)}")


class _Tokens:
    """CLIP's tokenizer as the rules want it."""

    context_length = CONTEXT_LENGTH

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        from zsclip.clip import Tokenizer

        return Tokenizer(CONTEXT_LENGTH).count(texts)

    def tokenize(self, texts: Sequence[str], *, too_long: TooLong) -> list[list[int]]:
        from zsclip.clip import Tokenizer

        return Tokenizer(CONTEXT_LENGTH).encode(texts, too_long=too_long)


# ------------------------------------------------------------------------------------------ engine


class FakeEncoder:
    """An engine without torch and without a model: what it gives means nothing and never changes.

    A picture's vector depends on its pixels and its size, a text's on its characters, and on
    nothing else: not on the machine, on the versions of libraries, or on what else is in the batch.
    Equal input gives equal vectors; those of different inputs are as good as independent. A token
    is a word, and there is one for the start and one for the end.

    It has every member of `zsclip.Encoder`, keeps a record of what it was asked for, and may be
    used from several threads.

    Args:
        name: The model's name.
        embedding_dim: The width of the embeddings.
        logit_scale: What cosines are multiplied by.
        logit_bias: What is added to them then.
        score_function: ``"softmax"`` or ``"sigmoid"``.
        context_length: How many tokens a text may have.
        input_resolution: What `model_info` says of the side of pictures; they may have any size.

    Attributes:
        image_calls: The number of pictures of each call of `encode_images`.
        text_calls: The texts of each call of `encode_texts`.

    Examples:
        >>> from zsclip import ZeroShotClassifier
        >>> encoder = FakeEncoder()
        >>> clf = ZeroShotClassifier(["cat", "dog"], templates=["a {}."], encoder=encoder)
        >>> clf.classify(np.zeros((4, 4, 3), np.uint8)).label in clf.classes_
        True
        >>> encoder.text_calls
        [('a cat.', 'a dog.')]
    """

    def __init__(
        self,
        *,
        name: str = "fake",
        embedding_dim: int = 64,
        logit_scale: float = 100.0,
        logit_bias: float = 0.0,
        score_function: Literal["softmax", "sigmoid"] = "softmax",
        context_length: int = CONTEXT_LENGTH,
        input_resolution: int = 224,
    ) -> None:
        self.context_length = context_length
        self.weights_sha256 = hashlib.sha256(f"{name} {embedding_dim}".encode()).hexdigest()
        self.model_info = ModelInfo(
            name=name,
            encoder="fake",
            parameters=0,
            input_resolution=input_resolution,
            context_length=context_length,
            vocab_size=0,
            embedding_dim=embedding_dim,
            logit_scale=logit_scale,
            logit_bias=logit_bias,
            score_function=score_function,
            device="cpu",
            precision="fp32",
            source="no weights: vectors are hashes",
        )
        self.image_calls: list[int] = []
        self.text_calls: list[tuple[str, ...]] = []
        self._lock = ForkLock()

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in vars(self).items() if key != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        vars(self).update(state, _lock=ForkLock())

    def encode_images(self, images: Sequence[Image.Image]) -> NDArray[np.float32]:
        """Vectors of pictures: float32 (n, d), L2-normalized."""
        with self._lock:
            self.image_calls.append(len(images))
        pictures = [image.convert("RGB") for image in images]
        return self._embed(
            [b"picture %d %d " % picture.size + picture.tobytes() for picture in pictures]
        )

    def encode_texts(
        self, texts: Sequence[str], *, too_long: Literal["error", "cut"] = "error"
    ) -> NDArray[np.float32]:
        """Vectors of texts: float32 (n, d), L2-normalized.

        Raises:
            PromptTooLongError: A text has too many words, and is not to be cut.
        """
        with self._lock:
            self.text_calls.append(tuple(texts))
        fitting = []
        for text, count in zip(texts, self.count_tokens(texts), strict=True):
            words, room = text.split(), self.context_length - 2
            if count > self.context_length and too_long == "error":
                raise PromptTooLongError(text, count, self.context_length, " ".join(words[room:]))
            fitting.append(" ".join(words[:room]) if count > self.context_length else text)
        return self._embed([b"text " + text.encode("utf-8", "surrogatepass") for text in fitting])

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The number of words of each text, and two more."""
        return [len(text.split()) + 2 for text in texts]

    def _embed(self, contents: Sequence[bytes]) -> NDArray[np.float32]:
        """A direction for each content, off its hash, which is the same on every machine."""
        d = self.model_info.embedding_dim
        salt = self.weights_sha256.encode()
        digests = [hashlib.shake_256(salt + content).digest(4 * d) for content in contents]
        whole = np.frombuffer(b"".join(digests), "<u4").reshape(len(contents), d)
        rows = whole / 2.0**31 - 1  # from -1 to 1
        unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(
            np.float32
        )
        return unit
