"""The targets by name, and what a target is."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from tests.fuzz.mutations import Seed, mutate

__all__ = ["SELFTESTS", "TARGETS", "Examples", "Target", "find_target"]


@dataclass(frozen=True)
class Target:
    """One thing that reads what strangers wrote.

    Attributes:
        seeds: Makes what examples are made of; the first examples are these themselves.
        run: Reads one; what came of it, in a word or two.
        expected: What it may raise: the promise.
        pieces: Words of the format, which get in anywhere.
    """

    seeds: Callable[[], Sequence[Seed]]
    run: Callable[[bytes], str]
    expected: tuple[type[Exception], ...]
    pieces: Sequence[bytes] = ()


class Examples:
    """The examples of a target: each depends on the seed and its own number alone."""

    def __init__(self, name: str, target: Target, seed: int) -> None:
        self._name, self._target, self._seed = name, target, seed
        self.seeds = list(target.seeds())
        self._mutable = [one for one in self.seeds if not one.is_large]

    def __getitem__(self, number: int) -> tuple[str, bytes]:
        """What it was made of, and the example."""
        if number < len(self.seeds):
            return self.seeds[number].name, self.seeds[number].data
        rng = Random(f"{self._name}/{self._seed}/{number}")
        chosen = rng.choice(self._mutable)
        return chosen.name, mutate(chosen, self._mutable, self._target.pieces, rng)


# Where each is, and how many examples of it a quick run has; all of them together take a minute.
TARGETS = {
    "pictures": ("pictures", "PICTURES", 2_000),
    "data-uris": ("pictures", "DATA_URIS", 1_000),
    "videos": ("videos", "VIDEOS", 400),
    "http": ("web", "HTTP", 100),
    "bodies": ("bodies", "BODIES", 600),
    "toml": ("labels", "TOML", 1_500),
    "tables": ("labels", "TABLES", 1_000),
    "expressions": ("labels", "EXPRESSIONS", 1_000),
    "texts": ("labels", "TEXTS", 1_000),
    "wheels": ("distributions", "WHEELS", 500),
    "sdists": ("distributions", "SDISTS", 500),
    "saved": ("files", "SAVED", 1_000),
    "exported": ("exported", "EXPORTED", 600),
    "caches": ("files", "CACHES", 150),
    "checkpoints": ("checkpoints", "CHECKPOINTS", 800),
    "open-clip-configs": ("folders", "OPEN_CLIP", 150),
    "transformers-configs": ("folders", "TRANSFORMERS", 150),
    "processor-configs": ("folders", "PROCESSORS", 150),
    "shard-indexes": ("folders", "INDEXES", 150),
    "model-folders": ("folders", "FOLDERS", 150),
}
# They do what is looked for; `tests/test_fuzz.py` sees that it is found.
SELFTESTS = {
    f"selftest-{name}": ("selftest", name.upper(), 4)
    for name in ("well", "crash", "hang", "growth", "raise", "thread", "file", "descriptor",
                 "program", "elsewhere")
}  # fmt: skip


def find_target(name: str) -> Target:
    """A target by its name; its file is loaded for it."""
    module, attribute, _ = {**TARGETS, **SELFTESTS}[name]
    target = getattr(importlib.import_module(f"tests.fuzz.targets.{module}"), attribute)
    assert isinstance(target, Target)
    return target
