"""CLIP's image towers as graphs of ONNX, written node by node from their weights.

They compute what `clip.model` does, with what is known beforehand taken into the weights: batch
norms, the scale of attention, the class embedding. PyTorch's exporter would need ten times as long
and a graph three times as large for the same.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from zsclip.clip import ModifiedResNet, VisionTransformer
from zsclip.clip.model import AttentionPool, Bottleneck
from zsclip.clip.transformer import QUICK, Block
from zsclip.encoders.nodes import Nodes

__all__ = ["graph_of"]


def graph_of(tower: nn.Module, images: str, rows: str) -> Nodes | None:
    """The graph of a tower of CLIP's; None of any other.

    Args:
        tower: The tower in fp32.
        images: The name of what it takes: float32 (n, 3, resolution, resolution), normalized.
        rows: The name of what it gives: float32 (n, d), not normalized.
    """
    nodes = Nodes("tower")
    if isinstance(tower, VisionTransformer):
        _vision_transformer(nodes, tower, images, rows)
    elif isinstance(tower, ModifiedResNet):
        _resnet(nodes, tower, images, rows)
    else:
        return None
    return nodes


# ------------------------------------------------------------------------------------- transformers


def _vision_transformer(nodes: Nodes, tower: VisionTransformer, images: str, rows: str) -> None:
    patch, width = tower.conv1.kernel_size[0], tower.conv1.out_channels
    kernel = nodes.numbers("conv1", _array(tower.conv1.weight))
    x = nodes.add("Conv", images, kernel, kernel_shape=(patch, patch), strides=(patch, patch))
    x = nodes.add("Reshape", x, nodes.whole(0, width, -1))
    x = nodes.add("Transpose", x, perm=(0, 2, 1))  # (n, places, width)
    # room for one more place before the others, and in it the class embedding
    x = nodes.add("Pad", x, nodes.whole(0, 1, 0, 0, 0, 0))
    places = _array(tower.positional_embedding).copy()
    places[0] += _array(tower.class_embedding)
    x = nodes.add("Add", x, nodes.numbers("positional_embedding", places))
    x = _layer_norm(nodes, tower.ln_pre, x, "ln_pre")
    last = len(tower.transformer.resblocks) - 1
    for i, block in enumerate(tower.transformer.resblocks):
        assert isinstance(block, Block)
        x = _block(nodes, block, x, len(places), f"{i}", first_only=i == last)
    x = _layer_norm(nodes, tower.ln_post, x, "ln_post")
    x = nodes.add("MatMul", x, nodes.numbers("proj", _array(tower.proj)))
    nodes.add("Squeeze", x, nodes.whole(1), name=rows)


def _block(nodes: Nodes, block: Block, x: str, length: int, name: str, *, first_only: bool) -> str:
    """A block; of the last one nothing but the first place is read, and no other computed."""
    attention = block.attn
    y = _layer_norm(nodes, block.ln_1, x, f"{name}.ln_1")
    asking = y
    if first_only:
        x, asking = (
            nodes.add("Slice", value, nodes.whole(0), nodes.whole(1), nodes.whole(1))
            for value in (x, y)
        )
    weights = np.split(_array(attention.in_proj_weight), 3)
    biases = np.split(_array(attention.in_proj_bias), 3)
    mixed = _attention(
        nodes,
        asking,
        y,
        [*zip(weights, biases, strict=True)],
        (1 if first_only else length, length),
        attention.heads,
        f"{name}.attn",
    )
    out = attention.out_proj
    mixed = _linear(nodes, mixed, _array(out.weight), _array(out.bias), f"{name}.out_proj")
    x = nodes.add("Add", x, mixed)
    y, mlp = _layer_norm(nodes, block.ln_2, x, f"{name}.ln_2"), block.mlp
    y = _linear(nodes, y, _array(mlp.c_fc.weight), _array(mlp.c_fc.bias), f"{name}.c_fc")
    y = _quick_gelu(nodes, y) if mlp.activation == "quickgelu" else _gelu(nodes, y)
    y = _linear(nodes, y, _array(mlp.c_proj.weight), _array(mlp.c_proj.bias), f"{name}.c_proj")
    return nodes.add("Add", x, y)


def _attention(
    nodes: Nodes,
    asking: str,
    asked: str,
    projections: list[tuple[NDArray[Any], NDArray[Any]]],
    lengths: tuple[int, int],
    heads: int,
    name: str,
) -> str:
    """Multi-head attention before its output projection.

    Args:
        nodes: What it is added to.
        asking: Where queries come from: (n, m, width).
        asked: Where keys and values come from: (n, length, width).
        projections: Weights and biases of queries, keys and values.
        lengths: m and length.
        heads: The number of heads.
        name: What its arrays are called.

    Returns:
        The name of (n, m, width).
    """
    (queries, query_bias), (keys, key_bias), (values, value_bias) = projections
    head = len(queries) // heads
    scale = np.float32(head**-0.5)  # of the products, of which it is taken into one factor
    m, length = lengths
    q = _linear(nodes, asking, queries * scale, query_bias * scale, f"{name}.q")
    k = _linear(nodes, asked, keys, key_bias, f"{name}.k")
    v = _linear(nodes, asked, values, value_bias, f"{name}.v")
    q, k, v = (
        nodes.add(
            "Transpose", nodes.add("Reshape", part, nodes.whole(0, places, heads, head)), perm=perm
        )
        for part, places, perm in (
            (q, m, (0, 2, 1, 3)),
            (k, length, (0, 2, 3, 1)),
            (v, length, (0, 2, 1, 3)),
        )
    )
    shares = nodes.add("Softmax", nodes.add("MatMul", q, k), axis=-1)
    mixed = nodes.add("Transpose", nodes.add("MatMul", shares, v), perm=(0, 2, 1, 3))
    return nodes.add("Reshape", mixed, nodes.whole(0, m, heads * head))


def _quick_gelu(nodes: Nodes, x: str) -> str:
    return nodes.add(
        "Mul", x, nodes.add("Sigmoid", nodes.add("Mul", x, nodes.numbers("quick", QUICK)))
    )


def _gelu(nodes: Nodes, x: str) -> str:
    shares = nodes.add("Erf", nodes.add("Div", x, nodes.numbers("root", math.sqrt(2))))
    shares = nodes.add("Add", shares, nodes.numbers("one", 1))
    return nodes.add("Mul", nodes.add("Mul", x, nodes.numbers("half", 0.5)), shares)


def _layer_norm(nodes: Nodes, norm: nn.LayerNorm, x: str, name: str) -> str:
    weight = nodes.numbers(f"{name}.weight", _array(norm.weight))
    bias = nodes.numbers(f"{name}.bias", _array(norm.bias))
    return nodes.add("LayerNormalization", x, weight, bias, axis=-1, epsilon=norm.eps)


def _linear(nodes: Nodes, x: str, weight: NDArray[Any], bias: NDArray[Any], name: str) -> str:
    product = nodes.add("MatMul", x, nodes.numbers(f"{name}.weight", weight.T))
    return nodes.add("Add", product, nodes.numbers(f"{name}.bias", bias))


# ------------------------------------------------------------------------------------------- ResNet


def _resnet(nodes: Nodes, tower: ModifiedResNet, images: str, rows: str) -> None:
    x = images
    for i, stride in ((1, 2), (2, 1), (3, 1)):
        conv, norm = getattr(tower, f"conv{i}"), getattr(tower, f"bn{i}")
        x = nodes.add("Relu", _convolution(nodes, conv, norm, x, f"conv{i}", stride=stride))
    x = _average_pool(nodes, tower.avgpool, x)
    for i, stage in enumerate(tower.get_stages()):
        for j, block in enumerate(stage):
            assert isinstance(block, Bottleneck)
            x = _bottleneck(nodes, block, x, f"layer{i + 1}.{j}")
    _attention_pool(nodes, tower.attnpool, x, rows)


def _bottleneck(nodes: Nodes, block: Bottleneck, x: str, name: str) -> str:
    y = x
    for i in (1, 2):
        conv, norm = getattr(block, f"conv{i}"), getattr(block, f"bn{i}")
        y = nodes.add("Relu", _convolution(nodes, conv, norm, y, f"{name}.conv{i}"))
    y = _average_pool(nodes, block.avgpool, y)
    y = _convolution(nodes, block.conv3, block.bn3, y, f"{name}.conv3")
    if isinstance(block.downsample, nn.Sequential):
        pool, conv, norm = block.downsample
        x = _convolution(nodes, conv, norm, _average_pool(nodes, pool, x), f"{name}.downsample")
    return nodes.add("Relu", nodes.add("Add", y, x))


def _convolution(
    nodes: Nodes, conv: nn.Module, norm: nn.Module, x: str, name: str, *, stride: int = 1
) -> str:
    """A convolution with the batch norm behind it, which is a factor and an addend a channel."""
    assert isinstance(conv, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    mean, variance = (_array(value) for value in (norm.running_mean, norm.running_var))
    factor = _array(norm.weight) / np.sqrt(variance.astype(np.float64) + norm.eps)
    weight = _array(conv.weight) * factor[:, None, None, None]
    bias = _array(norm.bias) - mean * factor
    side, reach = conv.kernel_size[0], int(conv.padding[0])
    return nodes.add(
        "Conv",
        x,
        nodes.numbers(f"{name}.weight", weight),
        nodes.numbers(f"{name}.bias", bias),
        kernel_shape=(side, side),
        strides=(stride, stride),
        pads=(reach,) * 4,
    )


def _average_pool(nodes: Nodes, pool: nn.Module, x: str) -> str:
    side = pool.kernel_size if isinstance(pool, nn.AvgPool2d) else 1
    assert isinstance(side, int)
    if side == 1:
        return x
    return nodes.add("AveragePool", x, kernel_shape=(side, side), strides=(side, side))


def _attention_pool(nodes: Nodes, pool: AttentionPool, x: str, rows: str) -> None:
    places = _array(pool.positional_embedding)
    length, width = places.shape
    x = nodes.add("Reshape", x, nodes.whole(0, width, -1))
    x = nodes.add("Transpose", x, perm=(0, 2, 1))  # (n, places, width)
    mean = nodes.add("ReduceMean", x, nodes.whole(1), keepdims=1)
    x = nodes.add("Concat", mean, x, axis=1)
    x = nodes.add("Add", x, nodes.numbers("attnpool.positional_embedding", places))
    first = nodes.add("Slice", x, nodes.whole(0), nodes.whole(1), nodes.whole(1))
    pooled = _attention(
        nodes,
        first,
        x,
        [(_array(p.weight), _array(p.bias)) for p in (pool.q_proj, pool.k_proj, pool.v_proj)],
        (1, length),
        pool.heads,
        "attnpool",
    )
    out = pool.c_proj
    pooled = _linear(nodes, pooled, _array(out.weight), _array(out.bias), "attnpool.c_proj")
    nodes.add("Squeeze", pooled, nodes.whole(1), name=rows)


def _array(values: Tensor | None) -> NDArray[np.float32]:
    assert values is not None
    array: NDArray[np.float32] = values.detach().numpy()
    return array
