"""Products of bytes, exact: one multiplication of ONNX Runtime and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from attribution.codes import ZERO
from attribution.product_graph import INT8, INT32, UINT8, constant, product_graph, session_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    """Open one of the two: MatMulInteger of version 10."""
    if is_signed:
        graph = product_graph("MatMulInteger", (UINT8, INT8, INT32))
    else:
        graph = product_graph(
            "MatMulInteger",
            (UINT8, UINT8, INT32),
            operands=("a", "b", "", "z"),  # no zero of a; that of b
            zeros=constant("z", UINT8, bytes([ZERO])),
        )
    return Int8Product(session_of(graph), is_signed)
