"""A table of pictures through a cluster, with ten labels and with a thousand."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.benchmarks import clusters, ours
from tests.benchmarks.clusters import DAFT, PIPELINE, Answers, Way
from tests.benchmarks.files import Work
from tests.benchmarks.machine import usable_cores
from tests.benchmarks.pictures import SMALL, make_large, make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.sections.folders import LABELS
from tests.benchmarks.timing import Job, growth_in_turn, rates_in_turn
from zsclip.labels import load_labelset

TEMPLATE = "This is a photo of {}."  # the pipeline's own, which Daft gives no way to change
RAY, ALONE = "zsclip.ray", "zsclip, classify_many"
SMALL_ALONE, LARGE_ALONE = "zsclip, small pictures", "zsclip, 12-megapixel JPEGs"
HOW = """\
Pictures of {width} x {height}, half of them JPEG and half PNG, as bytes in a table of Parquet, on
a local cluster of Ray with {cores} CPUs: read, decoded, and the best of the labels given for each
row. A rate is that of the pictures a long table has more than a short one, over the seconds that it
takes longer: {few} and {many} pictures, and {some_few} and {some} where the texts of a thousand
labels are embedded anew for each batch. What comes before the first picture (processes, imports,
the model) stands beside it as "start", and what starts the cluster, {seconds:.1f} s here, counts
nowhere. `{ray}` is `zsclip.ray.classify` with its defaults. Daft's `classify_image` runs in Daft's
own runner with its own `batch_size=16`; it gives a label and no score. The pipeline is made in an
actor of `map_batches` and takes {batch} pictures at a time; Ray would give that actor one thread of
PyTorch, and here it has {cores}. Both compute in fp32, with the pipeline's own template, which is
the only one for all here. `{alone}` is one process without a cluster, over what pyarrow reads. The
labels are ten, or {count:,} names of the label set `imagenet`; the last column tells how often the
label is that of `{exact}`. Reading alone is `classify_many` over the folders of the sections above
on all cores, with a tower that computes nothing, for one core."""


@dataclass(frozen=True)
class Sizes:
    """How many pictures the short and the long table hold."""

    few: int
    many: int

    @property
    def more(self) -> int:
        """What a rate is taken of."""
        return self.many - self.few


def run(work: Work, machine: Mapping[str, Any]) -> Section:
    """Measure it."""
    sizes, some = work.size((Sizes(64, 640), Sizes(32, 96)), (Sizes(4, 8), Sizes(2, 4)))
    pictures = make_small(work.folder / "small", work.size(128, 8))
    tables = {
        count: clusters.write_table(work.folder / f"table-{count}", pictures, count, 4)
        for size in (sizes, some)
        for count in (size.few, size.many)
    }
    thousand = [label.name for label in load_labelset("imagenet")][: work.labels]
    gaps = missing()
    with clusters.cluster() as seconds:
        found = [
            _measured(work, machine, tables, labels, sizes, theirs, gaps)
            for labels, theirs in ((LABELS, sizes), (thousand, some))
        ]
    found.append(_reading(work, machine["batch"]))
    how = HOW.format(
        width=SMALL[0],
        height=SMALL[1],
        cores=usable_cores(),
        few=sizes.few,
        many=sizes.many,
        some_few=some.few,
        some=some.many,
        seconds=seconds,
        batch=machine["batch"],
        count=len(thousand),
        ray=RAY,
        alone=ALONE,
        exact=f"{RAY}, exact",
    )
    return Section("A table on a cluster", how, found)


def _reading(work: Work, batch: int) -> Table:
    """How many pictures one core reads and decodes, of the kinds that the folders have."""
    clf = ours.make(work.weights, LABELS[:2], templates=[TEMPLATE], batch_size=batch)
    alone = ours.reading_only(clf)
    folders = {
        SMALL_ALONE: make_small(work.folder / "small", work.size(128, 8)),
        LARGE_ALONE: make_large(work.folder / "large", work.size(24, 3)),
    }
    jobs = [
        Job(name, partial(alone.classify_many, paths[0].parent), items=len(paths))
        for name, paths in folders.items()
    ]
    rates = rates_in_turn(jobs, work.turns(5))
    cores = usable_cores()
    systems = [System(name, [value / cores for value in values]) for name, values in rates.items()]
    return Table("Reading and decoding alone, on one core", "pictures/s", True, systems)


def missing() -> dict[str, str]:
    """The systems that cannot be measured here, and why."""
    needs = {DAFT: ("daft",), PIPELINE: ("transformers",)}
    gaps = {name: [need for need in needs[name] if find_spec(need) is None] for name in needs}
    return {
        name: f"not installed: {', '.join(lacking)}" for name, lacking in gaps.items() if lacking
    }


def _measured(
    work: Work,
    machine: Mapping[str, Any],
    tables: Mapping[int, Path],
    labels: Sequence[str],
    sizes: Sizes,
    theirs: Sizes,
    gaps: Mapping[str, str],
) -> Table:
    ways = [
        (name, way, theirs if name in (DAFT, PIPELINE) else sizes)
        for name, way in _ways(work, machine["batch"], labels).items()
        if name not in gaps
    ]
    answers: dict[str, Answers] = {}

    def job(name: str, way: Way, count: int) -> Job:
        def once() -> None:
            answers[name] = way(tables[count])

        return Job(name, once, items=count)

    pairs = [(job(name, way, size.few), job(name, way, size.many)) for name, way, size in ways]
    rates, starts = growth_in_turn(pairs, work.turns(3), warm=not work.quick)
    systems = [
        System(
            name,
            rates[name],
            {
                "start": f"{statistics.median(starts[name]):.1f} s",
                "same label": agreement(answers[name], answers[f"{RAY}, exact"]),
            },
        )
        for name, _, _ in ways
    ]
    systems += [System(name, [], gap=why) for name, why in gaps.items()]
    title = f"{len(labels):,} labels"
    return Table(title, "pictures/s", True, systems, [f"{RAY}, exact", f"{RAY}, auto"])


def _ways(work: Work, batch: int, labels: Sequence[str]) -> dict[str, Way]:
    """Every way, by its name; zsclip's labels are embedded here, once."""
    model = work.weights.huggingface
    exact, auto = (
        ours.make(work.weights, labels, templates=[TEMPLATE], **options)
        for options in ours.variants(work, batch).values()
    )
    return {
        DAFT: partial(clusters.in_daft, model, labels, batch=16),
        PIPELINE: partial(clusters.in_map_batches, model, labels, batch=batch),
        f"{ALONE}, exact": partial(clusters.in_one_process, exact),
        f"{ALONE}, auto": partial(clusters.in_one_process, auto),
        f"{RAY}, exact": partial(clusters.on_ray, exact),
        f"{RAY}, auto": partial(clusters.on_ray, auto),
    }


def agreement(answers: Answers, reference: Answers) -> str:
    """How many of the ids that both have got the same label.

    Raises:
        SystemExit: They have no id in common.
    """
    both = answers.keys() & reference.keys()
    if not both:
        raise SystemExit("Two systems answered for different pictures.")
    return f"{sum(answers[i] == reference[i] for i in both) / len(both):.0%}"
