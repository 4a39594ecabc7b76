"""How many actors there are, and how much of the cluster each has, so that all others have room.

What reads a dataset, and what writes it, are tasks of one CPU each. A pool of actors of a fixed
size that holds all CPUs keeps them from ever beginning, and Ray waits in silence: two actors of one
CPU each on a machine of two do. So actors leave one CPU for each node: then, however Ray places
them, there is a node with a whole one.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from zsclip.errors import ParameterError, ParameterTypeError
from zsclip.files import whole_number
from zsclip.wording import brief

__all__ = ["Actors", "Node", "Share", "share_out"]

Actors: TypeAlias = int | tuple[int, int] | None
"""How many actors: so many, from so many to so many as there is work, or as fit."""

MOST_CPUS = 4
"""CPUs of an actor, where nothing is said: with more threads than that a tower gains little, and
several towers more; each takes its memory."""


@dataclass(frozen=True, slots=True)
class Node:
    """What a machine of the cluster has."""

    cpus: float
    gpus: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """What is asked of Ray.

    Attributes:
        num_cpus: CPUs of each actor; 0 where there is no room beside what reads.
        num_gpus: GPUs of each actor, or a part of one.
        least: How many actors there are at least.
        most: How many there may be; None for as many as Ray finds room for.
    """

    num_cpus: float
    num_gpus: float
    least: int
    most: int | None

    @property
    def threads(self) -> int:
        """How many threads an actor may keep busy."""
        return max(1, math.floor(self.num_cpus))


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
        nodes: The machines that there are.
        actors: How many actors, if that is said.
        num_cpus: CPUs of each, if that is said.
        num_gpus: GPUs of each, if that is said.
        wants_gpu: Whether the model would run on a GPU, where nothing is said.

    Raises:
        ParameterError: What is said leaves no CPU for what reads and writes, or there is no GPU.
        ParameterTypeError: Something is no number.

    Examples:
        >>> share_out([Node(2)])
        Share(num_cpus=1, num_gpus=0, least=1, most=1)
        >>> share_out([Node(64, gpus=4)] * 2, wants_gpu=True)
        Share(num_cpus=12, num_gpus=1, least=8, most=8)
    """
    least, most = _asked(actors)
    cpus = None if num_cpus is None else _amount("num_cpus", num_cpus)
    known = [node for node in nodes if node.cpus >= 1 or node.gpus]
    with_gpu = [node for node in known if node.gpus]
    if num_gpus is None:
        gpus = 1.0 if wants_gpu and with_gpu else 0.0
    else:
        gpus = _amount("num_gpus", num_gpus)
        if gpus and known and not with_gpu:
            raise ParameterError(
                f"`num_gpus` is {brief(num_gpus)}, and no machine of the cluster has a GPU that "
                "Ray knows of. Leave it out, or start Ray with --num-gpus."
            )
    if not known:  # they are started when they are asked for
        return Share(_plain(1.0 if cpus is None else cpus), _plain(gpus), least or 1, most)
    if gpus:
        places = sum(_floor(node.gpus / gpus) for node in with_gpu)
        fits = [_beside(node, _floor(node.gpus / gpus)) for node in with_gpu if node.gpus >= gpus]
    else:
        places = sum(_per_node(node, cpus) for node in known)
        fits = [_beside(node, _per_node(node, cpus)) for node in known if node.cpus >= 1]
    if cpus is None:
        cpus = min(fits, default=0.0)
        if least is not None:  # as many as that have to fit
            cpus = min(cpus, _even(known, least)) if least > places else _larger(known, least, gpus)
    first = least or max(1, places)
    _require_room(known, first, cpus)
    return Share(_plain(cpus), _plain(gpus), first, most or first)


def _asked(actors: Actors) -> tuple[int | None, int | None]:
    if actors is None:
        return None, None
    if isinstance(actors, Sequence) and not isinstance(actors, str) and len(actors) == 2:
        least, most = (whole_number("actors", number) for number in actors)
        if least > most:
            raise ParameterError(f"`actors` must be the least and the most, got {brief(actors)}.")
        return least, most
    number = whole_number("actors", actors)
    return number, number


def _amount(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ParameterTypeError(f"`{name}` must be a number, got {brief(value)}.")
    if not 0 <= float(value) < math.inf:
        raise ParameterError(f"`{name}` must be 0 or more, got {brief(value)}.")
    return float(value)


def _per_node(node: Node, cpus: float | None) -> int:
    """How many actors a machine without GPUs takes beside what reads."""
    free = node.cpus - 1
    if cpus is None:
        return max(1, round(free / MOST_CPUS)) if node.cpus >= 1 else 0
    return _floor(free / cpus) if cpus else 1


def _beside(node: Node, actors: int) -> float:
    """CPUs for each of some actors of a machine, a quarter of which is left to what reads."""
    free = node.cpus - max(1.0, node.cpus // 4)
    return _down(free / actors) if actors and free > 0 else 0.0


def _even(nodes: list[Node], actors: int) -> float:
    """CPUs for each of more actors than would be started unasked."""
    return _down(max(0.0, sum(node.cpus for node in nodes) - len(nodes)) / actors)


def _larger(nodes: list[Node], actors: int, gpus: float) -> float:
    """CPUs for each of fewer actors than would be started unasked: no more than one node has."""
    smallest = min((n.cpus for n in nodes if (n.gpus if gpus else n.cpus >= 1)), default=1.0)
    return min(_even(nodes, actors), _beside(Node(smallest), 1))


def _require_room(nodes: list[Node], actors: int, cpus: float) -> None:
    there = sum(node.cpus for node in nodes)
    if there and actors * cpus > there - 1:
        raise ParameterError(
            f"{actors:,} actor{'s' * (actors != 1)} of {cpus:g} CPUs each leave less than one of "
            f"the cluster's {there:g} CPUs for what reads and writes, which would wait for ever. "
            "Pass fewer `actors`, less `num_cpus`, or leave one of the two out."
        )


def _down(amount: float) -> float:
    """A whole number of CPUs where there is at least one, and hundredths below that."""
    return float(math.floor(amount)) if amount >= 1 else math.floor(amount * 100 + 1e-9) / 100


def _floor(amount: float) -> int:
    return math.floor(amount + 1e-9)


def _plain(amount: float) -> float:
    return int(amount) if amount == int(amount) else amount
