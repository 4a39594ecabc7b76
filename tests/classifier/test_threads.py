"""One classifier, many threads: equal results, each tower and each text loaded once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from zsclip import ZeroShotClassifier
from zsclip.encoders import TooLong

if TYPE_CHECKING:
    from tests.conftest import FakeEncoder

THREADS = 8


def at_once(work: Any) -> list[Any]:
    """Call ``work(i)`` in eight threads that start together."""
    start = threading.Barrier(THREADS)

    def run(i: int) -> Any:
        start.wait()
        return work(i)

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_threads_share_a_classifier(drawings: Path, loads: list[str]) -> None:
    clf = ZeroShotClassifier(
        ["frog", "fish", "octopus", "tiger"], model="tiny-cartoon", device="cpu", batch_size=2
    )
    assert loads == []
    paths = [drawings / f"{name}.png" for name in ("frog", "fish", "octopus", "tigerside", "ram")]

    def work(i: int) -> Any:
        order = np.roll(np.arange(len(paths)), i)
        scores = clf.predict_proba([paths[j] for j in order])
        other = clf.with_labels(["a circle", "a square"], templates=["{}"])
        return scores[np.argsort(order)], other.predict_proba(paths[:1]), clf.origin

    results = at_once(work)
    assert loads.count("load_image_tower") == 1
    assert loads.count("load_text_tower") <= 2  # once more after the image tower took its place
    for scores, other, origin in results:
        np.testing.assert_allclose(scores, results[0][0], rtol=0, atol=1e-5)
        np.testing.assert_allclose(other, results[0][1], rtol=0, atol=1e-5)
        assert origin == results[0][2]


def test_texts_are_embedded_by_the_first_thread_alone(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake)
    encode, second = fake.encode_texts, threading.Event()

    def slow(texts: Sequence[str], *, too_long: TooLong = "error") -> Any:
        if fake.text_batches:
            second.set()
        embeddings = encode(texts, too_long=too_long)
        second.wait(0.2)  # time for another thread to come in, if any can
        return embeddings

    fake.encode_texts = slow  # type: ignore[method-assign]
    names = at_once(lambda _: clf.predict([Image.new("RGB", (2, 2), "blue")]))
    assert [list(name) for name in names] == [["blue"]] * THREADS
    assert len(fake.text_batches) == 1


def test_an_error_in_one_thread_leaves_the_others(fake: FakeEncoder) -> None:
    clf = ZeroShotClassifier(["red", "blue"], encoder=fake, batch_size=1)
    blue = Image.new("RGB", (2, 2), "blue")

    def work(i: int) -> list[str]:
        pictures: list[Any] = [blue, b"no picture" if i % 2 else blue]
        return [type(r).__name__ for r in clf.classify_many(pictures, on_error="record")]

    for i, kinds in enumerate(at_once(work)):
        assert kinds == ["Prediction", "Failure" if i % 2 else "Prediction"]
