"""Ways of classifying the pictures of a table on a cluster, each as its documentation has it.

A table here is a folder of Parquet with an ``id`` and the pictures' bytes as ``image``; an answer
is the best label of each id.
"""

from __future__ import annotations

import io
import logging
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from tests.benchmarks.machine import usable_cores
from tests.benchmarks.peers import import_transformers
from tests.benchmarks.timing import say, seconds_of
from zsclip import ZeroShotClassifier

Answers = dict[int, str]
Way = Callable[[Path], Answers]

DAFT, PIPELINE = "Daft, classify_image", "HF pipeline in map_batches"
STORE = 500 * 2**20  # bytes for objects: enough here, and a small machine has as many


def write_table(folder: Path, pictures: Sequence[Path], count: int, files: int) -> Path:
    """So many rows in so many files; a picture comes again where there are fewer of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    contents = [path.read_bytes() for path in pictures[:count]]
    for part in range(files):
        ids = range(part * count // files, (part + 1) * count // files)
        rows = {"id": list(ids), "image": [contents[i % len(contents)] for i in ids]}
        pq.write_table(pa.table(rows), folder / f"{part:04}.parquet")
    return folder


@contextmanager
def cluster() -> Iterator[float]:
    """Ray on this machine, with all of its cores; the seconds that its start took."""
    import ray

    # short, as paths of sockets must be
    folder = tempfile.mkdtemp(prefix="zs-", dir="/tmp" if Path("/tmp").is_dir() else None)
    start = partial(
        ray.init,
        num_cpus=usable_cores(),
        include_dashboard=False,
        object_store_memory=STORE,
        logging_level=logging.ERROR,
        log_to_driver=False,
        _temp_dir=folder,
    )
    try:
        seconds = seconds_of(start)
        say(f"the cluster is there after {seconds:.1f} s")
        ray.data.DataContext.get_current().enable_progress_bars = False
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        yield seconds
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def on_ray(clf: ZeroShotClassifier, folder: Path) -> Answers:
    """``zsclip.ray.classify``."""
    import ray

    from zsclip.ray import classify

    dataset = classify(ray.data.read_parquet(str(folder)), clf, column="image")
    return {row["id"]: row["label"] for row in dataset.select_columns(["id", "label"]).iter_rows()}


def in_one_process(clf: ZeroShotClassifier, folder: Path) -> Answers:
    """``classify_many`` over what pyarrow reads."""
    import pyarrow.parquet as pq

    table = pq.read_table(folder)
    found = clf.classify_many(table["image"].to_pylist())
    return dict(zip(table["id"].to_pylist(), (p.label for p in found), strict=True))


def in_map_batches(
    model: Path, labels: Sequence[str], folder: Path, *, batch: int, device: str = "cpu"
) -> Answers:
    """The pipeline of transformers in an actor of Ray Data."""
    import ray

    dataset = ray.data.read_parquet(str(folder)).map_batches(
        PipelineActor,
        fn_constructor_args=(str(model), list(labels), batch, device, usable_cores()),
        batch_size=batch,
        compute=ray.data.ActorPoolStrategy(size=1),
        num_cpus=1,
    )
    return {row["id"]: row["label"] for row in dataset.iter_rows()}


class PipelineActor:
    """What one writes for `map_batches`: the pipeline made once, called with a batch.

    Ray gives an actor of one CPU one thread of OpenMP; it is given back the cores that are there.
    """

    def __init__(
        self, model: str, labels: list[str], batch: int, device: str, threads: int
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        self._labels, self._batch = labels, batch
        self._pipeline = import_transformers().pipeline(
            "zero-shot-image-classification", model=model, device=device
        )

    def __call__(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        from PIL import Image

        pictures = [Image.open(io.BytesIO(content)).convert("RGB") for content in batch["image"]]
        results = self._pipeline(
            pictures, candidate_labels=self._labels, batch_size=min(self._batch, len(pictures))
        )
        return {"id": batch["id"], "label": [result[0]["label"] for result in results]}


def in_daft(model: Path, labels: Sequence[str], folder: Path, *, batch: int) -> Answers:
    """``daft.functions.classify_image``, in Daft's own runner, which takes all cores."""
    os.environ["DAFT_RUNNER"] = "native"  # and not Ray, which it would find started
    import daft
    from daft.functions import classify_image, decode_image

    import_transformers()  # without its bars
    pictures = decode_image(daft.col("image")).convert_image("RGB")
    label = classify_image(
        pictures, list(labels), provider="transformers", model=str(model), batch_size=batch
    )
    frame = daft.read_parquet(f"{folder}/*.parquet").with_column("label", label)
    found = frame.select("id", "label").to_pydict()
    return dict(zip(found["id"], found["label"], strict=True))
