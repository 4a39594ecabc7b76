"""How many actors there are, and how much of the cluster each has, so that all others have room.

What reads a dataset, and what writes it, are tasks of one CPU each. A pool of actors that holds all
CPUs keeps them from ever beginning, and Ray waits in silence: two actors of one CPU each on a
machine of two do. So actors leave as many CPUs as there are machines: then, however Ray places
them, one of the machines has a whole one.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.values import whole_number
from zsclip.wording import brief

__all__ = ["Actors", "Node", "Share", "cores_of_each", "share_out"]

Actors: TypeAlias = int | tuple[int, int] | None
"""How many actors: so many; from so many to so many, as there is work; or as many as fit."""

MOST_CPUS = 4
"""About how many CPUs an actor has where nothing is said: several towers, each in some threads, do
more than one in many, and take more memory."""

MOST_ON_A_GPU = 4
"""Actors that share a GPU where nothing is said, if each has about so many CPUs: one process does
not decode as fast as a GPU computes, and each holds a tower."""

NEARLY_ONE = 0.99
"""In place of 1: Ray has whatever asks for the same resources done by one process, so that an actor
of one CPU would read as well, and compute nothing while it waits for that."""


@dataclass(frozen=True, slots=True)
class Node:
    """What a machine of the cluster has for Ray to give out."""

    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """What is asked of Ray.

    Attributes:
        num_cpus: CPUs of each actor; 0 where there is no room beside what reads.
        num_gpus: GPUs of each actor, or a part of one.
        least: How many actors there are at least, and at the beginning.
        most: How many there may be; None for as many as Ray finds room for.
    """

    num_cpus: float
    num_gpus: float
    least: int
    most: int | None

    @property
    def threads(self) -> int:
        """How many threads an actor may keep busy."""
        return max(1, round(self.num_cpus))


def share_out(
    nodes: Iterable[Node],
    *,
    actors: Actors = None,
    num_cpus: float | None = None,
    num_gpus: float | None = None,
    wants_gpu: bool = False,
) -> Share:
    """What each actor is to have.

    Args:
        nodes: The machines that there are now.
        actors: How many actors, if that is said.
        num_cpus: CPUs of each, if that is said.
        num_gpus: GPUs of each, if that is said.
        wants_gpu: Whether the model would run on a GPU, where nothing is said.

    Raises:
        ParameterError: What is said leaves no CPU for what reads and writes, or there is no GPU.
        ParameterTypeError: Something is no number.

    Examples:
        >>> share_out([Node(16)])
        Share(num_cpus=3.0, num_gpus=0.0, least=4, most=4)
        >>> share_out([Node(64, gpus=4)] * 2, wants_gpu=True)
        Share(num_cpus=3.0, num_gpus=0.25, least=32, most=32)
    """
    least, most = _asked(actors)
    cpus = None if num_cpus is None else _amount("num_cpus", num_cpus)
    known = [node for node in nodes if node.cpus >= 1 or node.gpus]
    gpus = _gpus_of_each(known, num_gpus, least if least == most else None, wants_gpu=wants_gpu)
    if not known:  # of a cluster that starts machines when they are asked for
        return Share(1.0 if cpus is None else cpus, gpus, least or 1, most)
    places = [(node, n) for node in known if (n := _places(node, cpus, gpus))]
    fit = sum(n for _, n in places)
    if cpus is None:
        cpus = min((_beside(node, n) for node, n in places), default=0.0)
        if least is not None and least == most and not gpus:
            smallest = min(node.cpus for node in known)
            even = (sum(node.cpus for node in known) - len(known)) / least
            cpus = min(_down(even), _beside(Node(smallest), 1))
        cpus = NEARLY_ONE if cpus == 1 and not gpus else cpus
    least = least or max(1, fit)
    _require_room(known, least, cpus)
    return Share(cpus, gpus, least, most or least)


def cores_of_each(nodes: Iterable[Node], share: Share) -> int:
    """How many threads an actor may compute in: its part of all cores of the machines with actors.

    What is left free for what reads has to be free when that begins, and is idle most of the time.

    Examples:
        >>> cores_of_each([Node(2)], Share(0.99, 0, 1, 1))
        2
        >>> cores_of_each([Node(64)] * 2, Share(3, 0, 32, 32))
        4
    """
    hosts = [node.cpus for node in nodes if node.gpus or not share.num_gpus]
    if not hosts or share.most is None:
        return share.threads
    return max(share.threads, math.floor(min(sum(hosts) / share.most, *hosts)))


def _asked(actors: Actors) -> tuple[int | None, int | None]:
    if actors is None:
        return None, None
    if not isinstance(actors, tuple | list):
        number = whole_number("actors", actors)
        return number, number
    if len(actors) != 2:
        raise ParameterError(f"`actors` must be a number, or the least and the most, got {actors}.")
    least, most = (whole_number("actors", number) for number in actors)
    if least > most:
        raise ParameterError(f"`actors` must be the least and then the most, got {actors}.")
    return least, most


def _amount(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ParameterTypeError(f"`{name}` must be a number, got {brief(value)}.")
    if not 0 <= float(value) < math.inf:
        raise ParameterError(f"`{name}` must be 0 or more, got {brief(value)}.")
    return float(value)


def _gpus_of_each(
    nodes: list[Node], asked: float | None, actors: int | None, *, wants_gpu: bool
) -> float:
    largest = max((node.gpus for node in nodes), default=0.0)
    if asked is None:
        if not wants_gpu or largest < 1:
            return 0.0
        with_gpus = [(node.cpus, math.floor(node.gpus)) for node in nodes if node.gpus >= 1]
        on_each = min(round((cpus - 1) / MOST_CPUS / gpus) for cpus, gpus in with_gpus)
        on_each = max(1, min(on_each, MOST_ON_A_GPU))
        if actors is not None:
            on_each = math.ceil(actors / sum(gpus for _, gpus in with_gpus))
        return _down(1 / on_each)
    gpus = _amount("num_gpus", asked)
    if nodes and gpus > largest:
        raise ParameterError(
            f"`num_gpus` is {gpus:g}, and no machine of the cluster has more than {largest:g} "
            "that Ray knows of. Ask for less, or start Ray with --num-gpus there."
        )
    return gpus


def _places(node: Node, cpus: float | None, gpus: float) -> int:
    """How many actors a machine takes beside what reads."""
    free = node.cpus - 1
    by_cpus = _floor(free / cpus) if cpus else None
    if gpus:
        by_gpus = _floor(node.gpus / gpus)
        return by_gpus if by_cpus is None else min(by_gpus, by_cpus)
    if by_cpus is not None:
        return by_cpus
    return max(1, round(free / MOST_CPUS)) if node.cpus >= 1 else 0


def _beside(node: Node, actors: int) -> float:
    """CPUs for each of some actors of a machine, of which a quarter is left to what reads."""
    return _down(max(0.0, node.cpus - max(1.0, node.cpus // 4)) / actors)


def _require_room(nodes: list[Node], actors: int, cpus: float) -> None:
    there = sum(node.cpus for node in nodes)
    if actors * cpus > max(0.0, there - 1) + 1e-9:
        raise ParameterError(
            f"{actors:,} actor{'s' * (actors != 1)} of {cpus:g} CPUs each leave less than one of "
            f"the cluster's {there:g} CPUs to what reads and writes, which would wait for ever. "
            "Pass fewer `actors`, less `num_cpus`, or leave one of the two out."
        )


def _down(amount: float) -> float:
    """A whole number of CPUs where there is at least one, and hundredths below that."""
    return float(_floor(amount)) if amount >= 1 else _floor(amount * 100) / 100


def _floor(amount: float) -> int:
    return math.floor(amount + 1e-9)
