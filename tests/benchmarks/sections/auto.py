"""What ``precision="auto"`` comes to on this processor, and whether that is the faster one."""

from __future__ import annotations

import statistics
from functools import partial
from typing import Any

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.pixels import prepared
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn, say
from zsclip.labels import load_labelset

BATCH = 32
HOW = f"""\
`precision="auto"` beside `precision="fp32"` in one process, in turn: {BATCH} prepared pictures
through the image tower, and names of the label set `imagenet` in seven of its templates through the
text tower. It is a first start, with no rate kept: what the probe took is told, and the column
"probe included" adds all of it to a single round."""


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    auto, probe = ours.first_auto(work.folder / "auto-cache")
    labelset = load_labelset("imagenet")
    texts = [
        template.replace("{}", name)
        for template in labelset.templates[:7]
        for name in labelset.names[: work.size(100, 5)]
    ]
    pixels = prepared(work.size(BATCH, 4))
    loaded = {
        f"zsclip, {precision}": ours.make(work.weights, ["a", "b"], precision=precision)
        for precision in ("auto", "fp32")
    }
    images = rates_in_turn(
        [
            Job(name, partial(ours.image_embeddings, clf, pixels), len(pixels))
            for name, clf in loaded.items()
        ],
        work.turns(7),
    )
    prompts = rates_in_turn(
        [Job(name, partial(clf.encode_texts, texts), len(texts)) for name, clf in loaded.items()],
        work.turns(5),
    )

    def systems(rates: dict[str, list[float]], items: int) -> list[System]:
        found = []
        for name, values in rates.items():
            rate = statistics.median(values)
            extras = {"precision": loaded[name].model_info.precision}
            if name.endswith("auto"):
                extras["probe included"] = f"{items / (items / rate + probe):.3g}"
            found.append(System(name, values, extras))
        return found

    note = f"auto came to {auto.precision} ({auto.why}) after a probe of {probe * 1000:.0f} ms."
    if (rate := auto.rate) is not None:
        note += (
            f" One core computed {rate.fp32:.0f} GFLOP/s in fp32 and {rate.bf16:.0f} in bf16, "
            f"{rate.ratio:.2f} times as many, in the best of {rate.tries:,} products each."
        )
    say(note)
    first: list[Any] = ["zsclip, auto"]
    return Section(
        "What auto comes to",
        HOW,
        [
            Table("Image tower", "pictures/s", True, systems(images, len(pixels)), first),
            Table("Text tower", "prompts/s", True, systems(prompts, len(texts)), first),
        ],
        [note],
    )
