"""Scores out of embeddings as nodes of a graph: what `Head.scores` computes, step by step.

In fp32, where the library computes in fp64: logits of a hundred are exact to 1e-5 in it.
"""

from __future__ import annotations

import numpy as np

from zsclip.encoders import ModelInfo, Nodes
from zsclip.head import Head
from zsclip.scoring import Z_EVEN, Z_SLOPE

__all__ = ["scores_of"]


def scores_of(head: Head, model: ModelInfo, embeddings: str, scores: str) -> Nodes:
    """The nodes that make scores of embeddings.

    Args:
        head: The labels, embedded, with all that was learnt.
        model: What the engine said of the model.
        embeddings: The name of the embeddings: float32 (n, d), L2-normalized.
        scores: The name that the scores get: float32 (n, labels).
    """
    nodes = Nodes("scores")
    logits, learnt = _logits(nodes, head, model, embeddings), head.learnt
    if (thresholds := learnt.thresholds) is not None:  # which have a temperature of their own
        logits = nodes.add("Div", logits, nodes.numbers("temperature", thresholds.temperature))
        logits = nodes.add("Add", logits, nodes.numbers("bias", thresholds.bias))
    elif (calibration := learnt.calibration) is not None:
        logits = nodes.add("Div", logits, nodes.numbers("temperature", calibration.temperature))
    if head.scores_alone(model):
        # exp(-log(1 + exp(-x))): runtimes clip the `Sigmoid` of what is small, so that
        # unlikely labels would all be equally unlikely
        away = nodes.add("Softplus", nodes.add("Neg", logits))
        nodes.add("Exp", nodes.add("Neg", away), name=scores)
    else:
        nodes.add("Softmax", logits, name=scores, axis=1)
    return nodes


def _logits(nodes: Nodes, head: Head, model: ModelInfo, embeddings: str) -> str:
    assert head.class_matrix is not None
    if (probe := head.learnt.probe) is not None:
        shares = nodes.add("MatMul", embeddings, nodes.numbers("probe", probe.weights.T))
        return str(nodes.add("Add", shares, nodes.numbers("probe_bias", probe.bias)))
    cosines = nodes.add("MatMul", embeddings, nodes.numbers("class_matrix", head.class_matrix.T))
    if (spread := head.learnt.standardization) is not None:
        away = nodes.add("Sub", cosines, nodes.numbers("mean", spread.mean))
        z = nodes.add("Div", away, nodes.numbers("deviation", spread.deviation))
        above = nodes.add("Sub", z, nodes.numbers("even", Z_EVEN))
        return str(nodes.add("Mul", above, nodes.numbers("slope", Z_SLOPE)))
    logits = _scaled(nodes, cosines, model)
    if head.compares_with_null(model):
        assert head.null_matrix is not None
        matrix = nodes.numbers("null_matrix", head.null_matrix.T)
        nulls = _scaled(nodes, nodes.add("MatMul", embeddings, matrix), model)
        logits = nodes.add("Sub", logits, _shared(nodes, nulls, len(head.null_matrix)))
    return logits


def _scaled(nodes: Nodes, cosines: str, model: ModelInfo) -> str:
    logits = nodes.add("Mul", cosines, nodes.numbers("scale", model.logit_scale))
    if model.logit_bias:
        logits = nodes.add("Add", logits, nodes.numbers("logit_bias", model.logit_bias))
    return str(logits)


def _shared(nodes: Nodes, nulls: str, count: int) -> str:
    """The vote that null prompts share, ``log(mean(exp(g)))``, where no power is too large."""
    axis = nodes.whole(1)
    highest = nodes.add("ReduceMax", nulls, axis, keepdims=1)
    powers = nodes.add("Exp", nodes.add("Sub", nulls, highest))
    total = nodes.add("Log", nodes.add("ReduceSum", powers, axis, keepdims=1))
    mean = nodes.add("Sub", total, nodes.numbers("count", np.log(count)))
    return str(nodes.add("Add", highest, mean))
