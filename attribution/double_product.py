"""Products of doubles in one thread."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from attribution.product_graph import DOUBLE, product_graph, session_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def double_product(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Multiply float64[n, dim] with float64[dim, m].

    The threads of NumPy's own product turn idle for a while after each: 50 to 100 ms of two
    processors for a product of ten.
    """
    product: NDArray[np.float64] = _session().run(None, {"a": left, "b": right})[0]
    return product


@cache
def _session() -> Any:
    return session_of(product_graph("MatMul", (DOUBLE, DOUBLE, DOUBLE)))
