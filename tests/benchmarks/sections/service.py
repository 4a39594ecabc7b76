"""A service asked by one client and by many: zsclip's, a plain handler, and infinity."""

from __future__ import annotations

import base64
import functools
import importlib.util
import os
import statistics
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tests.benchmarks import ours
from tests.benchmarks.files import Work
from tests.benchmarks.pictures import SMALL, make_small
from tests.benchmarks.record import Section, System, Table
from tests.benchmarks.services import Known, Round, ask, module, multipart, running
from tests.benchmarks.starts.marks import LABELS, TEMPLATE
from tests.benchmarks.timing import say, seconds_of
from zsclip import ZeroShotClassifier

CLIENTS = (1, 8, 64)
BATCH = 32
INFINITY = "ZSCLIP_BENCHMARK_INFINITY"
MANY = "classify_many"
HOW = """\
Clients of one process send pictures of {width} x {height}, half of them JPEG and half PNG, to a
service on loopback, each client one at a time over a connection of its own, and the next as soon as
an answer is there; {count} different pictures, read before, each time with other bytes behind its
end, so that nothing that is kept of a file helps. Ten labels, embedded before. Time is
from the first byte of a request to the last of its answer; who is told to come again does, and that
time counts. The handlers are open_clip in FastAPI as tutorials write it, one picture a request:
`async def`, which computes where all else waits, and `def`, which runs in a pool of threads.
infinity (`infinity_emb v2`, its own environment, as it needs numpy 1) gives embeddings only, of
`data:` URIs in JSON, in fp32. `classify_many` is zsclip without a service, in its turn among the
others: the same pictures, as bytes, in one process; a batch is what {batch} of them take there. The
clients compute on the same cores as the service."""


class Alone(NamedTuple):
    """zsclip without a service, in one round.

    Attributes:
        rate: Pictures a second.
        batch: Seconds of one batch.
    """

    rate: float
    batch: float


def run(work: Work, machine: Mapping[str, Any]) -> Section:
    """Measure it."""
    del machine
    if gap := _missing():
        table = Table("", "pictures/s", True, [System("zsclip serve", [], gap=gap)])
        return Section("A service", gap, [table])
    paths = make_small(work.folder / "service", work.size(128, 4))
    pictures = [path.read_bytes() for path in paths]
    counts = CLIENTS[: work.size(len(CLIENTS), 2)]
    rounds: dict[int, dict[str, list[Round]]] = {clients: {} for clients in counts}
    alone: dict[int, dict[str, list[Alone]]] = {clients: {} for clients in counts}
    gaps: dict[str, str] = {}
    without = {
        name.removeprefix("zsclip, "): _make(work, options, pictures)
        for name, options in ours.variants(work, BATCH).items()
    }
    with ExitStack() as stack:
        services: list[tuple[Known, str]] = []
        for known in _known(work):
            log = work.folder / f"service-{len(services) + len(gaps)}.log"
            try:
                url = stack.enter_context(running(known, log))
                ask(known, url, pictures, 2, len(pictures))
            except Exception as error:
                gaps[known.name] = f"{error}".splitlines()[0]
                say(f"{known.name}: {gaps[known.name]}")
            else:
                services.append((known, url))
        _agree(work, services, pictures)
        for i in range(work.turns(3)):
            for clients in counts:
                for name, clf in without.items():
                    alone[clients].setdefault(name, []).append(_alone(work, name, clf, pictures))
                for known, url in services[:: -1 if i % 2 else 1]:
                    requests = work.size(max(100, 8 * clients), clients)
                    found, _ = ask(known, url, pictures, clients, requests)
                    rounds[clients].setdefault(known.name, []).append(found)
                    say(f"{known.name}, {clients}: {found.rate:.1f}/s, p99 {found.p99:.3f} s")
    if not os.environ.get(INFINITY):
        gaps["infinity-emb"] = f"{INFINITY} names no Python that has it"
    tables = [_table(clients, found, alone[clients], gaps) for clients, found in rounds.items()]
    how = HOW.format(width=SMALL[0], height=SMALL[1], count=len(pictures), batch=BATCH)
    return Section("A service", how, tables)


def _missing() -> str:
    """What is not there for it; empty if all is."""
    lacking = [
        name
        for name in ("fastapi", "uvicorn", "starlette", "multipart", "prometheus_client")
        if importlib.util.find_spec(name) is None
    ]
    return f"not installed: {', '.join(lacking)}" if lacking else ""


def _known(work: Work) -> list[Known]:
    """All that are asked, ours first."""
    labels = ["--labels", ",".join(LABELS), "--template", TEMPLATE, "--model", ours.MODEL]
    labels += ["--no-cache", "--device", work.device, "--batch-size", str(BATCH)]
    common = [*labels, "--download-root", str(work.weights.zsclip)]
    found = [
        Known(
            f"zsclip serve, {name}",
            functools.partial(_serve, [*common, *more]),
            "/classify",
            multipart,
        )
        for name, more in {"exact": ["--exact", "--precision", "fp32"], "auto": []}.items()
    ]
    for precision in ("fp32", "bf16"):
        for kind, about in {"async": "async def", "threads": "def"}.items():
            name = f"FastAPI and open_clip, `{about}`" + ", bf16" * (precision == "bf16")
            start = functools.partial(_plain, work, kind, precision)
            found.append(Known(name, start, "/classify", multipart))
    if python := os.environ.get(INFINITY):
        start = functools.partial(_infinity, work, python)
        quiet = {"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1", "PYTHONPATH": ""}
        found.append(Known("infinity-emb", start, "/embeddings", _embedding, "/health", quiet))
    return found


def _serve(options: Sequence[str], port: int) -> list[str]:
    return module("zsclip", "serve", *options, "--port", port)


def _plain(work: Work, kind: str, precision: str, port: int) -> list[str]:
    program = "tests.benchmarks.plain_service"
    return module(program, work.weights.state, port, kind, precision)


def _infinity(work: Work, python: str, port: int) -> list[str]:
    return [
        str(Path(python).with_name("infinity_emb")), "v2",
        "--model-id", str(work.weights.huggingface), "--served-model-name", "clip",
        "--engine", "torch", "--device", work.device, "--dtype", "float32",
        "--batch-size", str(BATCH), "--no-bettertransformer", "--no-model-warmup",
        "--port", str(port),
    ]  # fmt: skip


def _embedding(picture: bytes) -> dict[str, Any]:
    kind = "png" if picture.startswith(b"\x89PNG") else "jpeg"
    uri = f"data:image/{kind};base64,{base64.b64encode(picture).decode('ascii')}"
    return {"json": {"model": "clip", "modality": "image", "input": [uri]}}


def _make(work: Work, options: Mapping[str, Any], pictures: Sequence[bytes]) -> ZeroShotClassifier:
    """A classifier that has seen a batch."""
    made = ours.make(work.weights, LABELS, templates=[TEMPLATE], **options)
    made.classify_many(pictures[:BATCH])
    return made


def _alone(work: Work, name: str, clf: ZeroShotClassifier, pictures: Sequence[bytes]) -> Alone:
    """`classify_many`'s pictures a second, and the seconds of one batch."""
    many = [pictures[i % len(pictures)] for i in range(work.size(8 * BATCH, 4))]
    batch = seconds_of(functools.partial(clf.classify_many, many[:BATCH]))
    found = Alone(len(many) / seconds_of(functools.partial(clf.classify_many, many)), batch)
    say(f"{MANY}, {name}: {found.rate:.1f}/s, a batch in {batch:.3f} s")
    return found


def _agree(work: Work, services: Sequence[tuple[Known, str]], pictures: Sequence[bytes]) -> None:
    """See that all answer the same question, within what their precision changes."""
    exact = ours.make(work.weights, LABELS, templates=[TEMPLATE], **ours.EXACT)
    right = exact.classify_many(pictures[:8])
    rows = exact.encode_images(pictures[:8])
    for known, url in services:
        _, answers = ask(known, url, pictures[:8], 2, len(pictures[:8]))
        for answer, result, row in zip(answers, right, rows, strict=True):
            if "data" in answer:
                theirs = np.array(answer["data"][0]["embedding"])
                off = 1 - float(theirs @ row / np.linalg.norm(theirs))
            else:
                scores = answer["scores"]
                if isinstance(scores, list):
                    scores = {one["label"]: one["score"] for one in scores}
                off = max(abs(result[label] - score) for label, score in scores.items())
            if off > 0.05:
                raise SystemExit(f"{known.name} answers something else: {off:.3f} off")


def _table(
    clients: int,
    found: Mapping[str, Sequence[Round]],
    alone: Mapping[str, Sequence[Alone]],
    gaps: Mapping[str, str],
) -> Table:
    systems = []
    for name, rounds in found.items():
        extras = {
            "p50, ms": f"{1000 * statistics.median(one.p50 for one in rounds):,.0f}",
            "p99, ms": f"{1000 * statistics.median(one.p99 for one in rounds):,.0f}",
        }
        variant = name.removeprefix("zsclip serve, ")
        if variant in alone:
            pairs = list(zip(rounds, alone[variant], strict=True))
            share = statistics.median(one.rate / many.rate for one, many in pairs)
            batches = statistics.median(one.p99 / many.batch for one, many in pairs)
            extras["of `classify_many`"] = f"{share:.0%}"
            extras["p99 / a batch"] = f"{batches:.1f}"
        systems.append(System(name, [one.rate for one in rounds], extras))
    systems += [System(name, [], gap=gap) for name, gap in gaps.items()]
    systems += [
        System(
            f"zsclip, `{MANY}`, {name}",
            [many.rate for many in found],
            {"of `classify_many`": "100%", "p99 / a batch": ""},
        )
        for name, found in alone.items()
    ]
    mine = [system.name for system in systems if system.name.startswith("zsclip serve")]
    title = f"{clients} clients" if clients > 1 else "One client"
    return Table(title, "pictures/s", True, systems, mine)
