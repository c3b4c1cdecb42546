"""Products of bytes, exact: one multiplication of ONNX Runtime and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.codes import ZERO

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UINT8, _INT8, _INT32 = 2, 3, 6  # as ONNX numbers types
_IR_VERSION, _OPSET = 8, 13
_TRIED = 64


@dataclass(frozen=True, slots=True, eq=False)
class Int8Product:
    """Multiplies uint8 with whole numbers in [-127, 127]. Safe to share between threads.

    Processors without dot products of bytes (VNNI) cut short the sums of signed ones: there the
    second factor goes as uint8 with 128 for zero, which takes longer and is exact everywhere.
    """

    session: Any
    is_signed: bool

    def factor(self, numbers: NDArray[np.float32]) -> NDArray[Any]:
        """Make the second factor [dim, m] of whole numbers float32[m, dim]."""
        if self.is_signed:
            return np.ascontiguousarray(numbers.T.astype(np.int8))
        return np.ascontiguousarray((numbers.T + np.float32(ZERO)).astype(np.uint8))

    def into(
        self, products: NDArray[np.int32], codes: NDArray[np.uint8], factor: NDArray[Any]
    ) -> None:
        """Write the products int32[n, m] of codes uint8[n, dim] and a ``factor``; copies nothing.

        Rows lie one after the other in memory, those of ``codes`` perhaps in a mapped file.
        """
        binding = self.session.io_binding()
        for name, array in (("a", codes), ("b", factor)):
            binding.bind_input(name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        address = products.ctypes.data
        binding.bind_output("y", "cpu", 0, products.dtype, products.shape, address)
        self.session.run_with_iobinding(binding)

    def is_exact(self) -> bool:
        """Try the greatest products there are."""
        numbers = np.full((2, _TRIED), 127, dtype=np.float32)
        numbers[1] = -127
        products = np.empty((1, 2), dtype=np.int32)
        self.into(products, np.full((1, _TRIED), 255, dtype=np.uint8), self.factor(numbers))
        return bool((products == [[_TRIED * 255 * 127, -_TRIED * 255 * 127]]).all())


@cache
def int8_product() -> Int8Product:
    """Open the faster multiplication that is exact on this processor."""
    signed = opened(is_signed=True)
    return signed if signed.is_exact() else opened(is_signed=False)


def opened(*, is_signed: bool) -> Int8Product:
    """Open one of the two; each call computes in the thread of the caller."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_mem_pattern = False
    options.enable_cpu_mem_arena = False  # it would keep the greatest factor it has seen
    session = onnxruntime.InferenceSession(
        graph(is_signed=is_signed), options, providers=["CPUExecutionProvider"]
    )
    return Int8Product(session, is_signed)


def graph(*, is_signed: bool) -> bytes:
    """Write y = a @ b as an ONNX file: MatMulInteger of version 10.

    By hand, in the protocol buffers of onnx.proto: the library that writes them takes 8 MB of each
    process.
    """
    inputs, zeros = [b"a", b"b"], b""
    if not is_signed:
        inputs += [b"", b"z"]  # no zero of a; that of b
        zeros = _field(5, _number(2, _UINT8) + _field(5, b"\x80\x01") + _field(8, b"z"))
    node = b"".join(_field(1, each) for each in inputs) + _field(2, b"y")
    whole = _field(1, node + _field(4, b"MatMulInteger")) + _field(2, b"g") + zeros
    whole += _field(11, _matrix(b"a", _UINT8))
    whole += _field(11, _matrix(b"b", _INT8 if is_signed else _UINT8))
    whole += _field(12, _matrix(b"y", _INT32))
    return _number(1, _IR_VERSION) + _field(7, whole) + _field(8, _number(2, _OPSET))


def _matrix(name: bytes, kind: int) -> bytes:
    """Describe a matrix of any size."""
    sizes = _field(1, b"") * 2
    return _field(1, name) + _field(2, _field(1, _number(1, kind) + _field(2, sizes)))


def _field(number: int, content: bytes) -> bytes:
    assert len(content) < 128, len(content)  # noqa: PLR2004  # else the length takes two bytes
    return bytes([number << 3 | 2, len(content)]) + content


def _number(number: int, value: int) -> bytes:
    return bytes([number << 3, value])
