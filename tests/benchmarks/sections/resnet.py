"""The image tower of a ResNet alone: a batch of prepared pictures."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
from torch import Tensor

from tests.benchmarks import ours
from tests.benchmarks.columns import differences
from tests.benchmarks.files import Work
from tests.benchmarks.peers import BATCH, unit
from tests.benchmarks.pixels import normalise, prepared
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.timing import Job, rates_in_turn
from tests.benchmarks.weights import RN50, import_clip, random_model

HOW = f"""\
A random RN50, and one batch of {BATCH} pictures through its image tower, as above. The pipeline has
no ResNets."""


def run(work: Work, machine: object) -> Section:
    """Measure it."""
    del machine
    batch = work.size(BATCH, 2)
    pixels = prepared(batch)
    normalised = normalise(pixels)
    path = work.folder / "resnet.pt"
    clip = import_clip()
    state = dict(random_model(clip, RN50).state_dict())
    torch.save(state, path)
    models = {"openai/CLIP": clip.model.build_model(state).float().eval(), "open_clip": _open(path)}
    loaded = {
        name: ours.make(work.weights, ["a", "b"], model=path, **options)
        for name, options in ours.VARIANTS.items()
    }
    jobs = [Job(name, partial(_embed, model, normalised), batch) for name, model in models.items()]
    jobs += [
        Job(name, partial(ours.image_embeddings, clf, pixels), batch)
        for name, clf in loaded.items()
    ]
    rates = rates_in_turn(jobs, work.turns(7))
    theirs = _embed(models["openai/CLIP"], normalised).numpy()
    systems = []
    for name, values in rates.items():
        extras = {}
        if name in loaded:
            extras = differences(ours.image_embeddings(loaded[name], pixels), theirs)
        systems.append(System(name, values, extras))
    table = Table("", "pictures/s", True, systems, list(loaded))
    return Section("Image tower of a ResNet", HOW, [table])


def _open(path: Any) -> Any:
    import open_clip

    return open_clip.create_model("RN50-quickgelu", pretrained=str(path)).eval()


def _embed(model: Any, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        return unit(model.encode_image(pixels))
