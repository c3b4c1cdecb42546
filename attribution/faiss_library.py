"""The faiss library, loaded where first used."""

from __future__ import annotations

import warnings
from typing import Any


def faiss() -> Any:
    """Import faiss without the warnings of its types."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of its SWIG types, at import
        import faiss as library
    return library
