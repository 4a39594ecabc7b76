"""Nodes added one after the other to a graph, and the numbers that they need beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Nodes"]


class Nodes:
    """A growing list of nodes, whose values are named as they come.

    Args:
        prefix: What names begin with, so that they are no others'.

    Attributes:
        nodes: The nodes in the order in which they can be computed: ``onnx.NodeProto``.
        weights: The numbers that they name.
    """

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Any] = []
        self.weights: dict[str, NDArray[Any]] = {}
        self._prefix = prefix

    def add(
        self, kind: str, *inputs: str, name: str | None = None, outputs: int = 1, **attributes: Any
    ) -> Any:
        """Add a node.

        Args:
            kind: The operator.
            inputs: The names of its inputs, "" for one that is left out.
            name: That of its output, if it has to have a certain one.
            outputs: How many it has.
            attributes: As the operator has them.

        Returns:
            The name of its output, or a list of names if there are several.
        """
        from onnx import helper

        own = f"{self._prefix}.{len(self.nodes)}.{kind}"
        names = [name or own] if outputs == 1 else [f"{own}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=own, **attributes))
        return names[0] if outputs == 1 else names

    def numbers(self, name: str, values: ArrayLike, dtype: Any = np.float32) -> str:
        """Keep numbers that nodes need, and give the name that they have there."""
        own = f"{self._prefix}.{name}"
        self.weights[own] = np.asarray(values, dtype)
        return own

    def whole(self, *values: int) -> str:
        """Whole numbers as operators take axes, bounds and sizes: int64 (m,)."""
        return self.numbers("ints." + "_".join(map(str, values)), values, np.int64)

    def put_behind(self, graph: Any, weights: dict[str, NDArray[Any]]) -> None:
        """Put the nodes behind those of a graph, and the numbers beside its own."""
        graph.node.extend(self.nodes)
        weights.update(self.weights)

    def put_before(self, graph: Any, weights: dict[str, NDArray[Any]]) -> None:
        """Put the nodes before those of a graph, and the numbers beside its own."""
        behind: Sequence[Any] = list(graph.node)
        graph.ClearField("node")
        graph.node.extend([*self.nodes, *behind])
        weights.update(self.weights)
