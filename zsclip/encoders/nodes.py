"""A graph of ONNX as it grows: nodes one after the other, and the arrays that they need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Nodes"]


class Nodes:
    """Nodes whose values are named as they come.

    Arrays stay apart from the nodes: a message of protobuf that held them would be one more copy
    of them in memory.

    Args:
        prefix: What names begin with, so that they are no others'.

    Attributes:
        nodes: The nodes in the order in which they can be computed: ``onnx.NodeProto``.
        weights: The arrays that they name.
    """

    def __init__(self, prefix: str) -> None:
        self.nodes: list[Any] = []
        self.weights: dict[str, NDArray[Any]] = {}
        self._prefix = prefix

    def add(self, kind: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node with one output, and give the name of that.

        Args:
            kind: The operator.
            inputs: The names of its inputs, "" for one that is left out.
            name: That of its output, if it has to have a certain one.
            attributes: As the operator has them.
        """
        return self.split(kind, *inputs, names=[name or self._next(kind)], **attributes)[0]

    def split(
        self, kind: str, *inputs: str, names: list[str] | int, **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs, and give their names, of which one can say how many."""
        from onnx import helper

        own = self._next(kind)
        if isinstance(names, int):
            names = [f"{own}.{i}" for i in range(names)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, name=own, **attributes))
        return names

    def numbers(self, name: str, values: ArrayLike, dtype: Any = np.float32) -> str:
        """Keep numbers that nodes need, and give the name that they have there."""
        own = f"{self._prefix}.{name}"
        self.weights[own] = np.asarray(values, dtype)
        return own

    def whole(self, *values: int) -> str:
        """Whole numbers as operators take axes, bounds and sizes: int64 (m,)."""
        return self.numbers("ints." + "_".join(map(str, values)), values, np.int64)

    def _next(self, kind: str) -> str:
        return f"{self._prefix}.{len(self.nodes)}.{kind}"
