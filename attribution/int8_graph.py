"""An ONNX graph in int8 whose rows do not look at each other.

ONNX Runtime's dynamic quantisation scales all activations of a batch together, so that a vector
depends on the texts beside it. Here every token has its own scale, as every column of the weights
(LLM.int8(), Dettmers et al. 2022, section 2.1, "vector-wise quantization").
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from onnx import helper, numpy_helper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray
    from onnx import GraphProto, ModelProto, NodeProto, TensorProto

_MICROSOFT = "com.microsoft"
_TOP = 127
_ZERO, _STEP, _TINY = "int8/zero", "int8/step", "int8/tiny"
_EMBEDDING_ROWS = 1_000
"""Tables of fewer rows stay as they are: they are small."""


def int8_graph_v1(model: ModelProto) -> int:
    """Make weights of products and large tables int8, in place; return how many products.

    A product x @ w becomes (round(127 x / m) @ round(w / s)) * m * s / 127, in integers in between,
    with m the largest |x| of the token and s of the column / 127. Tables have one scale a row.
    Only products with a constant of two dimensions change; those inside attention do not.
    """
    graph = model.graph
    rewriting = _Rewriting(_constants(graph))
    nodes = [new for node in graph.node for new in rewriting.of(node)]
    used = {name for node in nodes for name in node.input}
    kept = [each for each in graph.initializer if each.name in used]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(nodes)
    graph.initializer.extend([*kept, *rewriting.constants])
    model.opset_import.append(helper.make_opsetid(_MICROSOFT, 1))
    return rewriting.products


class _Rewriting:
    """What replaces each node of a graph, and the constants that takes."""

    def __init__(self, known: dict[str, NDArray[np.float32]]) -> None:
        self._known = known
        self._scaled: set[str] = set()
        self._quantised: set[str] = set()
        self.products = 0
        self.constants: list[TensorProto] = [
            numpy_helper.from_array(np.array(128, np.uint8), _ZERO),
            numpy_helper.from_array(np.array(1 / _TOP, np.float32), _STEP),
            numpy_helper.from_array(np.array(1e-12, np.float32), _TINY),
        ]

    def of(self, node: NodeProto) -> Iterator[NodeProto]:
        if node.op_type == "MatMul" and self._matrix(node.input[1]) is not None:
            yield from self._product(node)
        elif node.op_type == "Gather" and self._is_table(node):
            yield from self._table(node)
        else:
            yield node

    def _matrix(self, name: str) -> NDArray[np.float32] | None:
        matrix = self._known.get(name)
        return matrix if matrix is not None and matrix.ndim == 2 else None  # noqa: PLR2004

    def _is_table(self, node: NodeProto) -> bool:
        matrix = self._matrix(node.input[0])
        return matrix is not None and len(matrix) >= _EMBEDDING_ROWS

    def _product(self, node: NodeProto) -> Iterator[NodeProto]:
        x, weights = node.input
        largest, whole = f"{x}/largest", f"{x}/int8"
        if x not in self._scaled:
            self._scaled.add(x)
            yield helper.make_node("Abs", [x], [f"{x}/abs"])
            yield helper.make_node("ReduceMax", [f"{x}/abs"], [f"{x}/max"], axes=[-1], keepdims=1)
            yield helper.make_node("Max", [f"{x}/max", _TINY], [largest])
            yield helper.make_node("Div", [x, largest], [f"{x}/unit"])
            yield helper.make_node("QuantizeLinear", [f"{x}/unit", _STEP, _ZERO], [whole])
        name = self._in_int8(weights, axis=0)
        product, out = f"{node.output[0]}/unit", node.output[0]
        yield helper.make_node(
            "MatMulIntegerToFloat",
            [whole, f"{name}/int8", _STEP, f"{name}/scale", _ZERO],
            [product],
            domain=_MICROSOFT,
        )
        yield helper.make_node("Mul", [product, largest], [out])
        self.products += 1

    def _table(self, node: NodeProto) -> Iterator[NodeProto]:
        table, rows = node.input
        name, out = self._in_int8(table, axis=1), node.output[0]
        yield helper.make_node("Gather", [f"{name}/int8", rows], [f"{out}/row"], axis=0)
        yield helper.make_node("Gather", [f"{name}/scale", rows], [f"{out}/row-scale"], axis=0)
        yield helper.make_node("Cast", [f"{out}/row"], [f"{out}/row-float"], to=1)  # 1: float32
        yield helper.make_node("Mul", [f"{out}/row-float", f"{out}/row-scale"], [out])

    def _in_int8(self, name: str, *, axis: int) -> str:
        """Add a matrix as int8 with the scales of its columns (axis 0) or rows (axis 1)."""
        own = f"{name}/by{axis}"
        if own not in self._quantised:
            self._quantised.add(own)
            matrix = self._known[name]
            largest = np.abs(matrix).max(axis=axis, keepdims=axis == 1)
            scale = np.where(largest > 0, largest / np.float32(_TOP), np.float32(1))
            whole = np.rint(matrix / scale).astype(np.int8)
            self.constants.append(numpy_helper.from_array(whole, f"{own}/int8"))
            self.constants.append(numpy_helper.from_array(scale, f"{own}/scale"))
        return own


def _constants(graph: GraphProto) -> dict[str, NDArray[np.float32]]:
    """All float32 constants by name; torch names the weights so, whether shared or not."""
    arrays = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    return {name: array for name, array in arrays.items() if array.dtype == np.float32}
