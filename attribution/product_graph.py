"""Matrix products of ONNX Runtime: a file with one multiplication, and a session for it.

The file is written by hand, in the protocol buffers of onnx.proto: the library that writes them
takes 8 MB of each process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

UINT8, INT8, INT32, DOUBLE = 2, 3, 6, 11  # as ONNX numbers types
_IR_VERSION, _OPSET = 8, 13


def product_graph(
    name: str, kinds: Sequence[int], *, operands: Sequence[str] = ("a", "b"), zeros: bytes = b""
) -> bytes:
    """Write y = ``name``(``operands``); ``kinds`` of the matrices a, b and y, of any size.

    ``zeros``: the field of a constant that is one of the operands.
    """
    node = b"".join(_field(1, each.encode()) for each in operands) + _field(2, b"y")
    whole = _field(1, node + _field(4, name.encode())) + _field(2, b"g") + zeros
    for field, matrix, kind in zip((11, 11, 12), (b"a", b"b", b"y"), kinds, strict=True):
        whole += _field(field, _matrix(matrix, kind))
    return _number(1, _IR_VERSION) + _field(7, whole) + _field(8, _number(2, _OPSET))


def constant(name: str, kind: int, content: bytes) -> bytes:
    """Write a number that is known beforehand, little-endian bytes, as a field of the graph."""
    return _field(5, _number(2, kind) + _field(9, content) + _field(8, name.encode()))


def session_of(graph: bytes) -> Any:
    """Open a graph; each call computes in the thread of the caller, and no other is woken."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False  # it would keep the greatest factor it has seen
    return onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])


def _matrix(name: bytes, kind: int) -> bytes:
    """Describe a matrix of any size."""
    sizes = _field(1, b"") * 2
    return _field(1, name) + _field(2, _field(1, _number(1, kind) + _field(2, sizes)))


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128, len(content)  # noqa: PLR2004  # else the length takes two bytes
    return bytes([number << 3 | 2, len(content)]) + content


def _number(number: int, value: int) -> bytes:
    return bytes([number << 3, value])
