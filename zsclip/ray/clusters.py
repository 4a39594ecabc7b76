"""A cluster for as long as a run takes: the one that there is, or one of this machine alone."""

from __future__ import annotations

import errno
import logging
import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zsclip.errors import ClusterError, ImageError, ParameterError, ZsclipError
from zsclip.files import reason_of
from zsclip.needs import needed
from zsclip.ray.places import Place
from zsclip.wording import brief, shown

__all__ = ["cluster", "errors_of_ray", "living_nodes", "require_listening", "require_shared"]

MESSAGE = 500  # characters of what an error says
LISTENS_WITHIN = 10.0  # seconds
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
QUIET = ("ray", "ray.data")  # loggers that tell of every start and every step


@contextmanager
def cluster(address: str | None, *, quiet: bool) -> Iterator[None]:
    """Where a cluster is connected to.

    Args:
        address: ``"local"`` for a new one of this machine, which ends with this; ``"auto"`` or an
            address for one that runs; None for one that runs here or is named by ``RAY_ADDRESS``,
            or else a new one. One that the program is connected to already is taken in any case.
        quiet: Whether Ray logs nothing; its errors are raised.

    Raises:
        ClusterError: There is none.
        MissingExtraError: Ray is not installed.
    """
    with needed("A cluster", "ray"):
        import ray
        import ray.data
    before = {name: logging.getLogger(name).level for name in QUIET}
    if quiet:
        for name in QUIET:
            logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        if ray.is_initialized():
            yield
            return
        _start(ray, address, quiet=quiet)
        try:
            yield
        finally:
            ray.shutdown()
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


def _start(ray: Any, address: str | None, *, quiet: bool) -> None:
    # nobody is told of what runs here, unless the user says so
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    if quiet:
        os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    asked: dict[str, Any] = {"include_dashboard": False} if address == "local" else {}
    named = os.environ.get("RAY_ADDRESS", "") if address in (None, "auto") else address
    require_listening(named or "")
    try:
        ray.init(
            address=address,
            log_to_driver=not quiet,
            logging_level=logging.CRITICAL if quiet else logging.INFO,
            **asked,
        )
    except Exception as error:  # of whichever kind, when a process of it does not come up
        where = "on this machine" if address in (None, "local") else f"at {brief(address)}"
        told = f"No cluster of Ray can be used {where}: {shown(str(error), MESSAGE)}"
        raise ClusterError(told) from error


def require_listening(address: str) -> None:
    """Raise where nothing listens, which Ray would try for minutes.

    Args:
        address: ``host:port``, with or without ``ray://``; others are for Ray to understand.

    Raises:
        ClusterError: Nothing does.
    """
    found = re.fullmatch(r"(?:ray://)?(?P<host>[^/]+):(?P<port>\d{1,5})", address)
    if found is None:
        return
    try:
        host, port = found["host"].strip("[]"), int(found["port"])
        if port > 0xFFFF:
            raise OverflowError("there is no such port")
        socket.create_connection((host, port), LISTENS_WITHIN).close()
    except (OSError, OverflowError, UnicodeError) as error:
        raise ClusterError(
            f"No cluster of Ray can be used at {brief(address)}: {shown(reason_of(error))}. Give "
            "the address of one that runs, or 'local' for one of this machine."
        ) from error


def require_shared(places: list[Place]) -> None:
    """Raise where files on disks of this machine are not there on every machine of the cluster.

    Raises:
        ParameterError: Some machine does not see one.
    """
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    nodes = living_nodes()
    local = [place for place in places if place.local]
    if len(nodes) < 2 or not local:
        return
    look = ray.remote(num_cpus=0)(_seen)
    paths = [place.path for place in local]
    asked = [
        look.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote(paths)
        for node in nodes
    ]
    for node, seen in zip(nodes, ray.get(asked), strict=True):
        for path, there in zip(paths, seen, strict=True):
            if not there:
                raise ParameterError(
                    f"{brief(path)} is not there on {brief(node['NodeManagerHostname'])}, and each "
                    "machine of the cluster reads and writes such files. Name a folder that all "
                    "share, or a bucket."
                )


def living_nodes() -> list[dict[str, Any]]:
    """The machines of the cluster as Ray describes them, those that went away left out."""
    import ray

    ask: Any = ray.nodes  # typed as nothing
    return [node for node in ask() if node["Alive"]]


def _seen(paths: list[str]) -> list[bool]:
    return [Path(path).exists() for path in paths]


@contextmanager
def errors_of_ray(sink: Place) -> Iterator[None]:
    """Where errors of Ray's are turned into what caused them, in words that say how to go on.

    Args:
        sink: What is written to.

    Raises:
        ClusterError: The cause has no class of its own.
        OSError: A disk is full.
        ZsclipError: The cause is one.
    """
    from ray.exceptions import RayError

    try:
        yield
    except (RayError, ZsclipError) as error:
        cause = _raised(error, sink)
        if cause is error:
            raise
        raise cause from error
    except OSError as error:
        if _is_full(error):
            raise _raised(error, sink) from error
        raise


def _raised(error: Exception, sink: Place) -> Exception:
    cause = _cause(error)
    if isinstance(cause, ZsclipError):
        return cause
    onward = "What is written stays, and the same run goes on"
    if isinstance(cause, OSError) and _is_full(cause):
        number = cause.errno or errno.ENOSPC
        return OSError(number, f"{os.strerror(number)}. {onward} when there is space", sink.url)
    kind, told = type(cause).__name__, str(cause)
    if (match := _RAISED.search(str(error))) is not None:  # of which Ray keeps the text alone
        kind, told = match["kind"].rpartition(".")[2], match["told"]
        if kind == ImageError.__name__:
            name, _, reason = told.removeprefix("Cannot read the picture ").partition(": ")
            return ImageError(name, reason)
    return ClusterError(f"The run ended with {kind}: {shown(told, MESSAGE)} {onward}.")


_RAISED = re.compile(
    r"^(?P<kind>[\w.]+): (?P<told>.*)\n\nThe above exception was the direct cause", re.MULTILINE
)


def _is_full(error: OSError) -> bool:
    # Arrow's own errors have the number in their text
    return error.errno in _FULL or any(
        f"[errno {number}]" in str(error).lower() for number in _FULL
    )


def _cause(error: BaseException) -> BaseException:
    """The error that was raised first, as far as Ray tells."""
    seen: set[int] = set()
    while id(error) not in seen and not isinstance(error, ZsclipError):
        seen.add(id(error))
        inner = getattr(error, "cause", None) or error.__cause__
        if not isinstance(inner, BaseException):
            break
        error = inner
    return error
