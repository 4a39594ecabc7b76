"""A folder whose embeddings are kept: the same labels again, and others."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.pictures import make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.sections.folders import LABELS, TEMPLATE, peer_jobs
from tests.benchmarks.timing import say, seconds_of

OTHERS = ("snow", "grass", "water", "sand", "rock", "cloud", "brick", "wood", "metal", "glass")
FIRST, AGAIN, NEW = "first pass", "second pass", "new labels"
HOW = """\
zsclip in auto over {count:,} small pictures with an empty cache; then a classifier with the same
labels, and one with ten others, both made from nothing within the measured time but for the import.
The peers keep nothing: other labels cost them what the first ones did, which is measured over
{sample} of the pictures, with models loaded and labels embedded before."""


def run(work: Work, machine: Mapping[str, Any]) -> Section:
    """Measure it."""
    auto = ours.variants(work, machine["batch"])["zsclip, auto"]
    paths = make_small(work.folder / "many", work.size(2000, 24))
    sample = paths[: work.size(64, 8)]
    cache = work.folder / "cache"
    values: dict[str, list[float]] = {f"zsclip, {name}": [] for name in (NEW, AGAIN, FIRST)}

    def one_pass(labels: Sequence[str]) -> None:
        clf = ours.make(work.weights, labels, templates=[TEMPLATE], cache=cache, **auto)
        clf.classify_many(paths[0].parent)

    jobs = peer_jobs(work, sample, OTHERS, batch=machine["batch"])
    for job in jobs:
        assert job.warm
        job.warm()
        values[job.name] = []
    for _ in range(work.turns(2)):
        for job in jobs:
            values[job.name].append(job.items / seconds_of(job.run))
        for name, labels in ((FIRST, LABELS), (AGAIN, LABELS), (NEW, OTHERS)):
            seconds = seconds_of(partial(one_pass, labels))
            values[f"zsclip, {name}"].append(len(paths) / seconds)
            say(f"zsclip, {name}: {seconds:.2f} s")
        shutil.rmtree(cache, ignore_errors=True)
        cache.unlink(missing_ok=True)
    systems = [System(name, rates) for name, rates in values.items()]
    return Section(
        "A folder seen before",
        HOW.format(count=len(paths), sample=len(sample)),
        [Table("", "pictures/s", True, systems, [f"zsclip, {NEW}", f"zsclip, {AGAIN}"])],
    )
