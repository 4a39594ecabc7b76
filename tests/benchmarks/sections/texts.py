"""The text head of ImageNet: 1,000 names, 80 templates."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.benchmarks import ours
from tests.benchmarks.columns import differences, flops_shown
from tests.benchmarks.files import Work
from tests.benchmarks.flops import text_flops
from tests.benchmarks.peers import OPEN_CLIP_CLASSES, in_each_precision, load_peers
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn
from zsclip import ZeroShotClassifier
from zsclip.labels import load_labelset

CONTEXT = 77
HOW = """\
Embedding {labels:,} names of the label set `imagenet` in its {templates} templates, from texts to
one vector for each class, with the model loaded. zsclip embeds all of them in every round, by
making a classifier and asking it for one picture, which is counted as well. The peers are
extrapolated from a part, since a prompt costs them as much however many there are: openai/CLIP from
{few} labels, one label with all templates at a time as in its notebook; open_clip from {ten} labels
in `build_zero_shot_classifier`, which takes {at_once} at a time; the pipeline from {some} of the
templates with all labels in one batch, which is what it does with candidate labels. The classes of
zsclip are compared with those that openai/CLIP gives in {precision} for its {few} labels. GFLOP/s
count the matrix products of the tokens that go through the tower, padding and all; the percentage
is of the best plain matrix product in that precision."""


def run(work: Work, machine: dict[str, Any]) -> Section:
    """Measure it."""
    labelset = load_labelset("imagenet")
    names = labelset.names[: work.labels]
    templates = labelset.templates[: work.size(None, 8)]
    few, ten = names[: work.size(4, 1)], names[: work.size(OPEN_CLIP_CLASSES, 1)]
    some = templates[:1]

    openai, open_clip, pipeline = load_peers(work.weights, work.device, machine["batch"])
    parts = [
        (each, part, used)
        for peer, part, used in (
            (openai, few, templates),
            (open_clip, ten, templates),
            (pipeline, names, some),
        )
        for each in in_each_precision([peer])
    ]
    jobs = [
        Job(
            peer.name,
            partial(peer.head, part, used),
            items=len(part) * len(used),
            warm=partial(peer.head, names[:1], templates[:2]),
        )
        for peer, part, used in parts
    ]
    heads = {
        name: _Head(name, ours.make(work.weights, ["a", "b"], **options), names, templates)
        for name, options in ours.variants(work, machine["batch"]).items()
    }
    jobs += [Job(h.name, h.build, len(names) * len(templates), h.warm) for h in heads.values()]
    rates = rates_in_turn(jobs, work.turns(3))

    padded = pipeline.longest([some[0].replace("{}", name) for name in names])
    theirs = openai.head(few, templates).numpy()
    precisions = {peer.name: peer.precision for peer, _, _ in parts}
    systems = []
    for name, values in rates.items():
        rate = statistics.median(values)
        extras = {"all prompts": _duration(len(names) * len(templates) / rate)}
        if name in heads:
            extras |= heads[name].describe(rate, machine)
            extras |= differences(heads[name].classes[: len(few)], theirs)
        else:
            tokens = padded if name.startswith(pipeline.name) else CONTEXT
            precision = precisions[name]
            extras["tokens a prompt"] = str(tokens)
            extras["GFLOP/s"] = flops_shown(rate * text_flops(tokens, tokens), machine, precision)
        systems.append(System(name, values, extras))
    how = HOW.format(
        precision=openai.precision,
        labels=len(names),
        templates=len(templates),
        few=len(few),
        ten=len(ten),
        at_once=OPEN_CLIP_CLASSES,
        some=len(some),
    )
    return Section("Text head", how, [Table("", "prompts/s", True, systems, list(heads))])


class _Head:
    """One variant of zsclip, loaded, and what it made in its latest round."""

    def __init__(
        self,
        name: str,
        loaded: ZeroShotClassifier,
        names: Sequence[str],
        templates: Sequence[str],
    ) -> None:
        self.name = name
        self._names, self._templates = names, templates
        self._loaded = loaded
        self.classes: NDArray[np.float32] = np.empty((0, 0), np.float32)
        self._tokens: int | None = None

    def warm(self) -> None:
        """Load both towers."""
        ours.build_head(self._loaded, ["a", "b"], ["{}"])

    def build(self) -> None:
        """Embed everything."""
        before = ours.tokens_through_tower(self._loaded)
        clf = ours.build_head(self._loaded, self._names, self._templates)
        self.classes = ours.class_embeddings(clf)
        after = ours.tokens_through_tower(clf)
        self._tokens = None if before is None or after is None else after - before

    def describe(self, rate: float, machine: dict[str, Any]) -> dict[str, str]:
        """Tokens that a prompt took, and what the tower did in a second; "" where not counted."""
        if self._tokens is None:
            return {"tokens a prompt": "", "GFLOP/s": ""}
        tokens = self._tokens / (len(self._names) * len(self._templates))
        # what a token attends to differs, and is a hundredth of what it takes
        flops = rate * text_flops(tokens, seen=0)
        precision = self._loaded.model_info.precision
        return {
            "tokens a prompt": f"{tokens:.2f}",
            "GFLOP/s": flops_shown(flops, machine, precision),
        }


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.1f} min"
