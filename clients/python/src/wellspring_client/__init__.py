"""Report sales of AI tokens to a Wellspring royalty ledger."""

from wellspring_client.client import Client
from wellspring_client.counters import Stats

__all__ = ["Client", "Stats"]
