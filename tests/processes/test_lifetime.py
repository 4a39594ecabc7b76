"""What is dropped is gone at once, towers and all, and does not wait for the garbage collector."""

from __future__ import annotations

import gc
import pickle
import weakref
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from zsclip import ZeroShotClassifier
from zsclip.encoders.native import NativeEncoder
from zsclip.errors import ZsclipError

LABELS = ["frog", "fish"]
Use = Callable[[ZeroShotClassifier, Path], Any]


@pytest.fixture(autouse=True)
def _no_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def classify(clf: ZeroShotClassifier, folder: Path) -> Any:
    return clf.classify(folder / "frog.png")


def use_all(clf: ZeroShotClassifier, folder: Path) -> Any:
    clf.classify(folder / "frog.png")
    return clf.encode_texts(["a bird"]), clf.encoder.weights_sha256


def relabel(clf: ZeroShotClassifier, folder: Path) -> Any:
    return clf.with_labels(["bird", "tiger"]).classify(folder / "frog.png")


def save_and_load(clf: ZeroShotClassifier, folder: Path) -> Any:
    clf.save(folder / "kept.zsclip")
    return ZeroShotClassifier.load(folder / "kept.zsclip").classify(folder / "frog.png")


def send(clf: ZeroShotClassifier, folder: Path) -> Any:
    return pickle.loads(pickle.dumps(clf)).classify(folder / "frog.png")


def leave_a_stream(clf: ZeroShotClassifier, folder: Path) -> Any:
    return next(clf.stream([folder / "frog.png"] * 9))


def fail(clf: ZeroShotClassifier, folder: Path) -> None:
    with suppress(ZsclipError):
        clf.classify(folder / "no.png")


def fail_among_others(clf: ZeroShotClassifier, folder: Path) -> None:
    pictures = [*[folder / "frog.png"] * 5, folder / "no.png", *[folder / "frog.png"] * 5]
    with suppress(ZsclipError):
        clf.classify_many(pictures)
    with suppress(ZsclipError):
        clf.encode_images(pictures)


def fail_at_the_source(clf: ZeroShotClassifier, folder: Path) -> None:
    def pictures() -> Iterator[Path]:
        yield folder / "frog.png"
        raise KeyError("the source")

    with suppress(KeyError):
        clf.classify_many(pictures())


def fail_in_the_engine(clf: ZeroShotClassifier, folder: Path) -> None:
    engine: Any = clf.encoder
    engine.prepare = lambda image: "no pixels"
    with suppress(ZsclipError):
        clf.classify_many([folder / "frog.png"] * 5)


def record(clf: ZeroShotClassifier, folder: Path) -> Any:
    return clf.classify_many([folder / "no.png", folder / "frog.png"], on_error="record")


def ask_too_much(clf: ZeroShotClassifier, folder: Path) -> None:
    with suppress(ZsclipError):
        clf.encode_texts(["word " * 200])


@pytest.mark.parametrize(
    "use",
    [
        classify, use_all, relabel, save_and_load, send, leave_a_stream, fail, fail_among_others,
        fail_at_the_source, fail_in_the_engine, record, ask_too_much,
    ],
)  # fmt: skip
@pytest.mark.parametrize("cache", [False, True], ids=["uncached", "cached"])
def test_a_classifier_that_is_dropped_is_gone(
    use: Use, cache: bool, drawings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "no.png").write_bytes(b"no picture")
    (tmp_path / "frog.png").write_bytes((drawings / "frog.png").read_bytes())
    living: list[weakref.ref[Any]] = []
    make = NativeEncoder.__init__

    def remember(self: NativeEncoder, *args: Any, **kwargs: Any) -> None:
        make(self, *args, **kwargs)
        living.append(weakref.ref(self))

    for name in ("_load_image_tower", "_load_text_tower"):
        load = getattr(NativeEncoder, name)

        def loaded(self: NativeEncoder, load: Any = load) -> nn.Module:
            tower: nn.Module = load(self)
            living.append(weakref.ref(tower))
            return tower

        monkeypatch.setattr(NativeEncoder, name, loaded)
    monkeypatch.setattr(NativeEncoder, "__init__", remember)
    clf = ZeroShotClassifier(LABELS, model="tiny-cartoon", device="cpu", batch_size=2, cache=cache)
    result = use(clf, tmp_path)  # what came of it may be kept
    del clf
    assert living
    assert [one() for one in living if one() is not None] == []
    del result


def test_a_pipeline_that_is_dropped_mid_stream_is_gone_with_its_threads(
    drawings: Path,
) -> None:
    clf = ZeroShotClassifier(LABELS, model="tiny-cartoon", device="cpu", batch_size=2, cache=False)
    encoder = weakref.ref(clf.encoder)
    results = clf.stream([drawings / "frog.png"] * 50)
    next(results)
    del clf
    assert encoder() is not None
    del results
    assert encoder() is None
