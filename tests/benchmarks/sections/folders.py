"""End to end over folders: 12-megapixel JPEGs, and small pictures of two kinds."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.peers import BATCH, Peer, load_peers
from tests.benchmarks.pictures import LARGE, SMALL, make_large, make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn

LABELS = ("cat", "dog", "fox", "owl", "car", "boat", "house", "bridge", "tree", "flower")
TEMPLATE = "a photo of a {}."
HOW = f"""\
From files on disk, read before and so in the system's memory, to the best of {len(LABELS)} labels,
with models loaded and labels embedded before. openai/CLIP takes one picture at a time, as its
README does (`preprocess`, `encode_image`, softmax), and {BATCH} at a time in another line;
open_clip a `DataLoader` with two workers and batches of {BATCH}; the pipeline a list of paths and
`batch_size={BATCH}`, and it embeds the labels anew for each batch. zsclip's `classify_many` takes
the folder, with the cache off."""


def run_large(work: Work, machine: object) -> Section:
    """Large JPEGs."""
    del machine
    paths = make_large(work.folder / "large", work.size(24, 3))
    size = sum(path.stat().st_size for path in paths) / len(paths) / 1e6
    width, height = LARGE
    about = f"{len(paths)} JPEGs of {width} x {height}, {size:.1f} MB each. "
    return _measure(work, "Folder of 12-megapixel JPEGs", about, paths, rounds=3)


def run_small(work: Work, machine: object) -> Section:
    """Small pictures."""
    del machine
    paths = make_small(work.folder / "small", work.size(256, 8))
    width, height = SMALL
    about = f"{len(paths)} pictures of {width} x {height}, half of them JPEG and half PNG. "
    return _measure(work, "Folder of small pictures", about, paths, rounds=3)


def _measure(work: Work, title: str, about: str, paths: Sequence[Path], rounds: int) -> Section:
    jobs = peer_jobs(work, paths)
    loaded = {
        name: ours.make(work.weights, LABELS, templates=[TEMPLATE], **options)
        for name, options in ours.VARIANTS.items()
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
    rates = rates_in_turn(jobs, work.turns(rounds))
    systems = [System(name, values) for name, values in rates.items()]
    return Section(title, about + HOW, [Table("", "pictures/s", True, systems, list(loaded))])


def peer_jobs(work: Work, paths: Sequence[Path], labels: Sequence[str] = LABELS) -> list[Job]:
    """What each peer does with the pictures; its labels are embedded here."""
    openai, open_clip, pipeline = load_peers(work.weights)
    peers: list[Peer] = [openai, openai.batched(), open_clip, pipeline]
    jobs = []
    for peer in peers:
        head = peer.head(labels, [TEMPLATE])
        everything = partial(peer.classify, paths, labels, head)
        some = partial(peer.classify, paths[:2], labels, head)
        jobs.append(Job(peer.name, everything, items=len(paths), warm=some))
    return jobs
