import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from attribution.int8_graph import int8_graph_v1
from attribution.int8_product import int8_product
from attribution.onnx_encoder import open_graph
from attribution.unsigned_graph import unsigned_graph

DRAW = np.random.default_rng(7)
TABLE = DRAW.standard_normal((1_000, 32)).astype(np.float32)
WEIGHTS = DRAW.standard_normal((32, 8)).astype(np.float32)


def graph_of(nodes, **constants):
    graph = helper.make_graph(
        nodes,
        "graph",
        [helper.make_tensor_value_info("tokens", TensorProto.INT64, ["n"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 10
    return model


def embedded():
    nodes = [
        helper.make_node("Gather", ["table", "tokens"], ["states"]),
        helper.make_node("MatMul", ["states", "weights"], ["out"]),
    ]
    return graph_of(nodes, table=TABLE, weights=WEIGHTS)


def run(model, tokens):
    return answer(open_graph(model.SerializeToString()), tokens)


def answer(session, tokens):
    return session.run(None, {"tokens": np.array(tokens, dtype=np.int64)})[0]


def test_products_and_tables_are_in_int8_and_nearly_the_same():
    model = embedded()
    assert int8_graph_v1(model) == 1
    exact = TABLE[[1, 5, 999]] @ WEIGHTS
    np.testing.assert_allclose(run(model, [1, 5, 999]), exact, atol=0.3)
    assert {each.name: each.data_type for each in model.graph.initializer} == {
        "int8/zero": TensorProto.UINT8,
        "int8/step": TensorProto.FLOAT,
        "int8/tiny": TensorProto.FLOAT,
        "table/by1/int8": TensorProto.INT8,
        "table/by1/scale": TensorProto.FLOAT,
        "weights/by0/int8": TensorProto.INT8,
        "weights/by0/scale": TensorProto.FLOAT,
    }


def test_the_greatest_sums_are_whole_on_every_processor():
    """All numbers are the largest: signed bytes are cut short where they are added in pairs."""
    model = graph_of(embedded().graph.node, table=TABLE * 0 + 3, weights=WEIGHTS * 0 + 2)
    int8_graph_v1(model)
    np.testing.assert_allclose(run(model, [1, 2]), np.full((2, 8), 32 * 6.0), rtol=1e-6)


def test_unsigned_weights_come_to_the_same_numbers():
    """Small ones, which no processor cuts short, so that both ways can be compared here."""
    signs = np.where(np.arange(32)[:, None] % 2, WEIGHTS, -WEIGHTS) / 8
    model = graph_of(embedded().graph.node, table=TABLE / 8, weights=signs)
    int8_graph_v1(model)
    signed = model.SerializeToString()
    ways = [
        answer(onnxruntime.InferenceSession(each, providers=["CPUExecutionProvider"]), [1, 5, 999])
        for each in (signed, unsigned_graph(signed))
    ]
    exact = (TABLE[[1, 5, 999]] / 8) @ signs
    np.testing.assert_allclose(ways[1], exact, atol=0.3 / 64)
    if int8_product().is_signed:
        assert (ways[0] == ways[1]).all()


def test_a_row_does_not_depend_on_a_large_one_beside_it():
    model = embedded()
    table = TABLE.copy()
    table[7] *= 1_000
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(table, "table"))
    int8_graph_v1(model)
    assert (run(model, [1, 7])[0] == run(model, [1])[0]).all()


def test_rows_of_zeros_stay_zero():
    model = graph_of(embedded().graph.node, table=TABLE * 0, weights=WEIGHTS)
    int8_graph_v1(model)
    assert (run(model, [1]) == 0).all()


@pytest.mark.parametrize(
    ("nodes", "constants"),
    [
        ([("Gather", ["small", "tokens"])], {"small": WEIGHTS}),
        ([("Gather", ["ids", "tokens"])], {"ids": np.zeros(1_000, dtype=np.float32)}),
    ],
    ids=["a small table", "a list"],
)
def test_the_rest_stays_as_it_is(nodes, constants):
    model = graph_of([helper.make_node(op, inputs, ["out"]) for op, inputs in nodes], **constants)
    before = run(model, [1, 2])
    assert int8_graph_v1(model) == 0
    assert (run(model, [1, 2]) == before).all()
