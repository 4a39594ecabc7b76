"""How fast this processor multiplies matrices in fp32 and in bf16: measured once, and kept.

Neither a name nor a flag tells. Of processors that have the same instructions for bf16, one was
measured to be three times as fast in it as in fp32, and another half as fast. So a product of the
tower's own width is computed in both, in turn, through the layers that the towers are made of, and
the best of each counts: a busy neighbor slows either by far more than they differ.

It is computed by one thread. Several that share their cores with other work wait for each other,
each time for as long as the system lets somebody else run, which says nothing of the processor.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import platform
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import torch

from zsclip.clip import Sample, sample_product
from zsclip.encoders.notes import place_of_notes, read_notes, write_notes
from zsclip.encoders.settings import are_unfit, kept_fit
from zsclip.forks import ForkLock, on_new_thread
from zsclip.logs import logger_for
from zsclip.owners import open_plain

__all__ = ["Rate", "has_bf16", "rate_of"]

log = logger_for("zsclip")

ENOUGH = 1.3
"""bf16 is taken where it is so many times as fast as fp32: it costs digits as well."""

_IN_DOUBT = (1.1, 1.6)
_FEWEST_TRIES = 5  # of fewer, the best may have been disturbed like all of them
_MOST_PROBES = 5  # of what stays in doubt
_SECONDS = 0.04  # for the products; with what comes before them, a probe takes less than 0.05
_FILE = "rates.json"
_MOST_KEPT = 100  # the newest: one for each width on each processor that shares the folder


@dataclass(frozen=True, slots=True)
class Rate:
    """What one core of this processor computes.

    Attributes:
        fp32: Billions of operations a second in fp32, a multiplication and an addition being two.
        bf16: The same in bf16.
        tries: How many products in each this is the best of.
        probes: In how many starts they were computed.
        measured: When the last of them was, in seconds since 1970.
    """

    fp32: float
    bf16: float
    tries: int
    probes: int
    measured: int

    @property
    def ratio(self) -> float:
        """How many times as fast bf16 is."""
        return self.bf16 / self.fp32

    @property
    def precision(self) -> str:
        """``"bf16"`` where it is known to be faster by enough, or else ``"fp32"``."""
        known = self.tries >= _FEWEST_TRIES
        return "bf16" if known and self.ratio >= ENOUGH else "fp32"

    @property
    def in_doubt(self) -> bool:
        """Whether measuring once more may come to the other precision."""
        low, high = _IN_DOUBT
        unsure = low < self.ratio < high or self.tries < _FEWEST_TRIES
        return unsure and self.probes < _MOST_PROBES

    def with_more(self, other: Rate) -> Rate:
        """The best of both."""
        return Rate(
            max(self.fp32, other.fp32),
            max(self.bf16, other.bf16),
            self.tries + other.tries,
            self.probes + other.probes,
            max(self.measured, other.measured),
        )


def has_bf16() -> bool:
    """Whether PyTorch has anything for bf16 on this processor but plain loops, which take ages."""
    if not torch._C._has_mkldnn:
        return False
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except (AttributeError, RuntimeError):  # another build of PyTorch
        return False


def rate_of(width: int, *, convolution: bool = False) -> Rate | None:
    """How fast this processor computes an image tower of a width, by one core; None if not known.

    It is measured, in about 50 ms, where that was not done before or was in doubt, once in a
    process. What is known stands in ``rates.json`` beside the embeddings, for each processor,
    version of PyTorch and width. Nothing that goes wrong on the way is an error.

    Args:
        width: As for `sample_product`, as is the other.
        convolution: Whether the tower is a ResNet.
    """
    key = _key(width, convolution=convolution)
    with _lock:
        if key not in _known:
            _known[key] = _found(key, width, convolution=convolution)
        return _known[key]


_lock = ForkLock()
_known: dict[str, Rate | None] = {}


def _found(key: str, width: int, *, convolution: bool) -> Rate | None:
    path = place_of_notes(_FILE)
    kept = None if path is None else _read(path).get(key)
    if kept is not None and not kept.in_doubt:
        return kept
    if not has_bf16():
        return None
    try:
        found = _apart(lambda: probe(width, convolution=convolution))
    except Exception as error:  # noqa: BLE001 - whatever a build of PyTorch raises, fp32 is there
        log.debug("Could not measure how fast this processor is: %s", error)
        return kept
    if path is not None:
        found = _keep(path, key, found)
    log.info(
        "One core computes %.0f GFLOP/s in fp32 and %.0f in bf16, %.2f times as many.",
        found.fp32, found.bf16, found.ratio,
    )  # fmt: skip
    return found


# ---------------------------------------------------------------------------------------- measuring


def probe(
    width: int, *, convolution: bool = False, clock: Callable[[], float] = time.perf_counter
) -> Rate:
    """Compute a product in both precisions, in turn, until the clock says that it is enough."""
    samples = [
        sample_product(width, dtype, convolution=convolution)
        for dtype in (torch.float32, torch.bfloat16)
    ]
    end = clock() + _SECONDS
    # oneDNN writes the code for a shape when it first meets it; these may be all there is time for
    best, tries = [_seconds(sample, clock) for sample in samples], 0
    while clock() < end:
        for i, sample in enumerate(samples):
            best[i] = min(best[i], _seconds(sample, clock))
        tries += 1
    fp32, bf16 = (
        sample.operations / seconds / 1e9 for sample, seconds in zip(samples, best, strict=True)
    )
    return Rate(fp32, bf16, tries, 1, int(time.time()))


def _seconds(sample: Sample, clock: Callable[[], float]) -> float:
    start = clock()
    sample.run()
    return max(clock() - start, 1e-9)


def _apart(call: Callable[[], Rate]) -> Rate:
    """Measure on a thread of its own, with nothing set around it, and let it compute alone."""

    def alone() -> Rate:
        torch.get_num_threads()  # PyTorch sets a new thread's number when it is first asked for it
        _limit_this_thread()
        with torch.inference_mode():
            return call()

    with kept_fit() if are_unfit() else nullcontext():
        return on_new_thread(alone)


def _limit_this_thread() -> None:
    """Have OpenMP compute in this thread alone; others keep their number.

    PyTorch's own function sets the number of the whole process. OpenMP's sets that of the thread
    which calls it (OpenMP 5.2, 18.2.1). PyTorch loads OpenMP so that all of the process sees it;
    where it does not, the product is computed by all threads.
    """
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).omp_set_num_threads(1)


# ------------------------------------------------------------------------------------------ keeping


def _key(width: int, *, convolution: bool) -> str:
    kind = "resnet" if convolution else "transformer"
    return f"{_processor()} torch {torch.__version__} {kind} {width}"


@cache
def _processor() -> str:
    """What tells processors apart that differ in speed, and what oneDNN was told to use of them."""
    told = [platform.machine(), platform.system()]
    told += [os.environ.get(f"{name}_MAX_CPU_ISA", "") for name in ("ONEDNN", "DNNL")]
    try:
        with open_plain("/proc/cpuinfo") as file:
            # of the first one: where there are hundreds, the whole file takes long to be made
            first = file.read1(16 * 1024).decode("utf-8", "replace").partition("\n\n")[0]
        wanted = ("vendor", "cpu family", "model", "stepping", "flags", "Features", "CPU ")
        told += [line for line in first.splitlines() if line.startswith(wanted)]
    except OSError:  # not Linux
        told.append(platform.processor())
    return hashlib.sha256("\n".join(told).encode("utf-8", "replace")).hexdigest()[:16]


def _read(path: Path) -> dict[str, Rate]:
    """What is kept; nothing where that is damaged, which costs no more than another probe."""
    found = ((key, _as_rate(values)) for key, values in read_notes(path).items())
    return {key: rate for key, rate in found if rate is not None}


def _as_rate(values: Any) -> Rate | None:
    """A rate as it was kept, if it can be one."""
    names = [field.name for field in fields(Rate)]
    if not isinstance(values, dict) or values.keys() != set(names):
        return None
    fp32, bf16, *counts = (values[name] for name in names)
    speeds = (fp32, bf16)
    if not all(isinstance(speed, float) and 0 < speed < 1e9 for speed in speeds):
        return None
    if not all(type(count) is int and 0 <= count < 2**32 for count in counts):
        return None
    return Rate(fp32, bf16, *counts)


def _keep(path: Path, key: str, found: Rate) -> Rate:
    """Keep a rate, and give the best of it and of what is kept, which others may have written."""
    kept = _read(path)
    if (before := kept.pop(key, None)) is not None:
        found = before.with_more(found)
    newest = sorted(kept.items(), key=lambda item: -item[1].measured)[: _MOST_KEPT - 1]
    write_notes(path, {name: asdict(rate) for name, rate in [(key, found), *newest]})
    return found
