"""What can be known before pictures are embedded is told before."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import pytest
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.errors import LabelNotFoundError, MissingExtraError, ParameterError, ParameterTypeError
from zsclip.testing import FakeEncoder

Learn: TypeAlias = Callable[[ZeroShotClassifier, Any, Any], object]

EVALUATE: Learn = lambda clf, images, truth: clf.evaluate(images, truth)  # noqa: E731

LEARNING: dict[str, Learn] = {
    "linear_probe": lambda clf, images, truth: clf.linear_probe(images, truth),
    "calibrated": lambda clf, images, truth: clf.calibrated(images, truth),
    "rejecting": lambda clf, images, truth: clf.rejecting(images, truth, max_error=0.5),
}


@pytest.fixture
def clf() -> ZeroShotClassifier:
    return ZeroShotClassifier(["cat", "dog"], templates=["a {}."], encoder=FakeEncoder())


def pictures(n: int) -> Iterator[Image.Image]:
    return (Image.new("RGB", (8, 8), (20 * i, 0, 0)) for i in range(n))


def embedded(clf: ZeroShotClassifier) -> int:
    assert isinstance(clf.encoder, FakeEncoder)
    return sum(clf.encoder.image_calls)


@pytest.mark.parametrize("learn", LEARNING.values(), ids=LEARNING)
def test_no_picture_is_embedded_where_the_truth_is_no_label_or_of_another_length(
    clf: ZeroShotClassifier, learn: Learn
) -> None:
    with pytest.raises(LabelNotFoundError, match=r"`truth\[1\]` is 'cow'"):
        learn(clf, pictures(4), ["cat", "cow", "dog", "dog"])
    with pytest.raises(ParameterError, match="there are 4 pictures, and 3 in `truth`"):
        learn(clf, list(pictures(4)), ["cat", "dog", "dog"])
    assert embedded(clf) == 0
    with pytest.raises(ParameterError, match="there are 4 pictures, and 3 in `truth`"):
        learn(clf, pictures(4), ["cat", "dog", "dog"])
    assert embedded(clf) == 4  # of an iterator it is not known before


def test_no_picture_is_embedded_for_a_probe_that_cannot_be_fitted(
    clf: ZeroShotClassifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ParameterError, match="none shows 'dog'"):
        clf.linear_probe(pictures(2), ["cat", "cat"])
    for name, start in (("sklearn.linear_model", "zero"), ("scipy.optimize", "text")):
        with monkeypatch.context() as without:
            without.setitem(sys.modules, name, None)
            with pytest.raises(MissingExtraError, match="needs scikit-learn and SciPy"):
                clf.linear_probe(pictures(2), ["cat", "dog"], start=start)
    assert embedded(clf) == 0


@pytest.mark.parametrize("use", [EVALUATE, *LEARNING.values()], ids=["evaluate", *LEARNING])
def test_pictures_without_an_order_have_no_truth(clf: ZeroShotClassifier, use: Learn) -> None:
    for images in ({"a.png", "b.png"}, frozenset({b"a", b"b"})):
        with pytest.raises(ParameterTypeError, match="`images` must have an order"):
            use(clf, images, ["cat", "dog"])
    assert embedded(clf) == 0
