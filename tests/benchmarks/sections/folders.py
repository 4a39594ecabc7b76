"""End to end over folders: 12-megapixel JPEGs, and small pictures of two kinds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.peers import in_each_precision, load_peers
from tests.benchmarks.pictures import LARGE, SMALL, make_large, make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn

LABELS = ("cat", "dog", "fox", "owl", "car", "boat", "house", "bridge", "tree", "flower")
TEMPLATE = "a photo of a {}."
HOW = """\
From files on disk, read before and so in the system's memory, to the best of {labels} labels,
with models loaded and labels embedded before. openai/CLIP takes one picture at a time, as its
README does (`preprocess`, `encode_image`, softmax), and {batch} at a time in another line;
open_clip a `DataLoader` with a worker for each core and batches of {batch}; the pipeline a list of
paths and `batch_size={batch}`, and it embeds the labels anew for each batch. zsclip's
`classify_many` takes the folder, with the cache off."""


def run_large(work: Work, machine: Mapping[str, Any]) -> Section:
    """Large JPEGs."""
    paths = make_large(work.folder / "large", work.size(96 if work.on_gpu else 24, 3))
    size = sum(path.stat().st_size for path in paths) / len(paths) / 1e6
    width, height = LARGE
    about = f"{len(paths)} JPEGs of {width} x {height}, {size:.1f} MB each. "
    return _measure(work, "Folder of 12-megapixel JPEGs", about, paths, machine["batch"])


def run_small(work: Work, machine: Mapping[str, Any]) -> Section:
    """Small pictures."""
    paths = make_small(work.folder / "small", work.size(2048 if work.on_gpu else 128, 8))
    width, height = SMALL
    about = f"{len(paths)} pictures of {width} x {height}, half of them JPEG and half PNG. "
    return _measure(work, "Folder of small pictures", about, paths, machine["batch"])


def _measure(work: Work, title: str, about: str, paths: Sequence[Path], batch: int) -> Section:
    jobs = peer_jobs(work, paths, batch=batch)
    loaded = {
        name: ours.make(work.weights, LABELS, templates=[TEMPLATE], **options)
        for name, options in ours.variants(work, batch).items()
    }
    jobs += [
        Job(
            name,
            partial(clf.classify_many, paths[0].parent),
            items=len(paths),
            warm=partial(clf.classify, paths[0]),
        )
        for name, clf in loaded.items()
    ]
    rates = rates_in_turn(jobs, work.turns(3))
    systems = [System(name, values) for name, values in rates.items()]
    how = about + HOW.format(labels=len(LABELS), batch=batch)
    return Section(title, how, [Table("", "pictures/s", True, systems, list(loaded))])


def peer_jobs(
    work: Work, paths: Sequence[Path], labels: Sequence[str] = LABELS, *, batch: int
) -> list[Job]:
    """What each peer does with the pictures, in each precision; its labels are embedded here.

    openai/CLIP's README, one picture at a time, as it stands there and no more.
    """
    openai, open_clip, pipeline = load_peers(work.weights, work.device, batch)
    jobs = []
    for peer in [openai, *in_each_precision([openai.batched(batch), open_clip, pipeline])]:
        head = peer.head(labels, [TEMPLATE])
        everything = partial(peer.classify, paths, labels, head)
        some = partial(peer.classify, paths[:2], labels, head)
        jobs.append(Job(peer.name, everything, items=len(paths), warm=some))
    return jobs
