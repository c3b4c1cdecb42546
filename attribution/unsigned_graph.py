"""The int8 graph for processors that cut sums of signed bytes short: the same numbers, unsigned."""

from __future__ import annotations

import numpy as np

_PRODUCT, _WEIGHTS = "MatMulIntegerToFloat", 1
ZERO, _NAME = 128, "int8/zero-of-weights"


def unsigned_graph(content: bytes) -> bytes:
    """Return a graph of ``int8_graph_v1`` with the weights of its products as uint8, 128 for zero.

    What it computes is the same number for number, where the processor adds exactly.
    """
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(content)
    graph = model.graph
    products = [node for node in graph.node if node.op_type == _PRODUCT]
    weights = {node.input[_WEIGHTS] for node in products}
    for each in graph.initializer:
        if each.name in weights:
            whole = numpy_helper.to_array(each).astype(np.int16) + ZERO
            each.CopyFrom(numpy_helper.from_array(whole.astype(np.uint8), each.name))
    for node in products:
        node.input.append(_NAME)
    graph.initializer.append(numpy_helper.from_array(np.array(ZERO, np.uint8), _NAME))
    return bytes(model.SerializeToString())
