"""Threads that share one classifier, a great many pictures, one in fifty of them broken.

    python -m tests.fuzz.soak [--pictures 100000] [--threads 8] [--model tiny-cartoon]

Every answer is compared with that of a classifier that one thread uses, failures are counted, and
the memory that the process holds is sampled ten times a second: its median over the fifth of the
pictures that follows the first one, to warm up, and that over the last fifth differ by less than
5 %. At the end no thread and no descriptor is left. The exit status is 1 where any of it fails.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import sys
import tempfile
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.targets.pictures import limited, small_pictures
from zsclip import ZeroShotClassifier
from zsclip.errors import ImageError
from zsclip.results import Failure
from zsclip.testing import FakeEncoder

_ONE_IN = 50
_FLAT = 0.05
_CHUNK = 64


class Soak:
    """One run of it.

    Args:
        folder: Where half of the pictures are files.
        model: None for an engine that takes no time, so that most of it is reading pictures.
        pictures: How many.
        threads: How many share the classifier.
    """

    def __init__(self, folder: Path, model: str | None, pictures: int, threads: int) -> None:
        self._model = model
        self._pictures, self._threads = pictures, threads
        self._shared = self._make()
        self._sound: list[tuple[Any, str, float]] = []
        self._broken: list[Any] = []
        self._sort(folder)
        self._done = 0
        self._lock = threading.Lock()
        self.wrong: list[str] = []
        self.failures = 0
        self.samples: list[tuple[int, int]] = []

    def _make(self) -> ZeroShotClassifier:
        return ZeroShotClassifier(
            ["ant", "bee", "cat"],
            encoder=None if self._model else FakeEncoder(embedding_dim=16),
            model=self._model,
            cache=False,
            reading=limited(strict=True),
            workers=2,
        )

    def _sort(self, folder: Path) -> None:
        """Find out with one thread which pictures can be read, and what they are."""
        alone = self._make()
        for i, seed in enumerate(small_pictures()):
            whole, cut = seed.data, seed.data[: len(seed.data) * 2 // 3]
            for data in (whole, cut, bytes(len(whole)), whole[:8] + whole[9:]):
                source: Any = data
                if i % 2:
                    source = folder / f"{len(self._sound) + len(self._broken)}"
                    source.write_bytes(data)
                try:
                    found = alone.classify(source)
                except ImageError:
                    self._broken.append(source)
                else:
                    self._sound.append((source, found.label, found.score))
        self._broken += [folder / "missing", folder, "data:image/png;base64,????"]

    def run(self) -> None:
        """Have the threads classify, and sample memory meanwhile."""
        ended = threading.Event()
        sampler = threading.Thread(target=self._sample, args=[ended])
        sampler.start()
        with ThreadPoolExecutor(self._threads) as pool:
            list(pool.map(self._chunk, range(0, self._pictures, _CHUNK)))
        ended.set()
        sampler.join()

    def _chunk(self, start: int) -> None:
        rng = Random(start)
        chosen: list[tuple[Any, str | None, float]] = []
        for number in range(start, min(start + _CHUNK, self._pictures)):
            if number % _ONE_IN == 0:
                chosen.append((rng.choice(self._broken), None, 0.0))
            else:
                chosen.append(rng.choice(self._sound))
        found = self._classified([source for source, _, _ in chosen], rng.randrange(3))
        wrong, failures = [], 0
        for (source, label, score), got in zip(chosen, found, strict=True):
            if isinstance(got, Failure | ImageError):
                failures += 1
                right = label is None
            else:
                right = got.label == label and abs(got.score - score) < 1e-4
            if not right:
                wrong.append(f"{str(source)[:60]}: {got!r:.200} in place of {label} {score}")
        with self._lock:
            self._done += len(chosen)
            self.failures += failures
            self.wrong += wrong

    def _classified(self, sources: list[Any], way: int) -> list[Any]:
        if way == 0:
            return self._shared.classify_many(sources, on_error="record")
        if way == 1:
            return list(self._shared.stream(iter(sources), on_error="record"))
        return [self._one(source) for source in sources]

    def _one(self, source: Any) -> Any:
        try:
            return self._shared.classify(source)
        except ImageError as error:
            return error

    def _sample(self, ended: threading.Event) -> None:
        page = os.sysconf("SC_PAGE_SIZE")
        while not ended.wait(0.1):
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            self.samples.append((self._done, pages * page))

    def memory(self, part: int) -> float:
        """The median of what was held during one of the five fifths, in MB."""
        low, high = (self._pictures * fifth // 5 for fifth in (part, part + 1))
        held = [size for done, size in self.samples if low <= done < high]
        return statistics.median(held or [size for _, size in self.samples]) / 1e6


def main() -> None:
    """Run it and print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz.soak", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--pictures", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--model", help="with this model; else an engine that takes no time")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="zsclip-soak-") as folder:
        soak = Soak(Path(folder), given.model, given.pictures, given.threads)
        gc.collect()
        before = _held()
        start = time.monotonic()
        soak.run()
        minutes = (time.monotonic() - start) / 60
    gc.collect()
    after = _held()
    expected = -(-given.pictures // _ONE_IN)
    first, last = soak.memory(1), soak.memory(4)
    print(
        f"{given.threads} threads, {given.pictures:,} pictures, {minutes:.1f} minutes\n"
        f"failures: {soak.failures:,}, expected {expected:,}; wrong: {len(soak.wrong)}\n"
        f"memory: {first:.0f} MB in the second fifth, {last:.0f} MB in the last, "
        f"{last / first - 1:+.1%}; at most {max(size for _, size in soak.samples) / 1e6:.0f} MB\n"
        f"threads left: {after[0] - before[0]}, descriptors left: {after[1] - before[1]}"
    )
    for line in soak.wrong[:10]:
        print(line)
    well = not soak.wrong and soak.failures == expected and after == before
    sys.exit(not (well and last / first - 1 < _FLAT))


def _held() -> tuple[int, int]:
    return threading.active_count(), len(list(Path("/proc/self/fd").iterdir()))


if __name__ == "__main__":
    main()
