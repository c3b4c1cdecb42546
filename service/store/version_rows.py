"""A row of ``rights_version`` as the ledger's value."""

from collections.abc import Sequence
from typing import Any

from service.ledger.rights import RightsVersion


def version_of(row: Sequence[Any]) -> RightsVersion:
    """Read id, work, first day, holders, shares, upstream versions and upstream shares."""
    version_id, work_id, day, holders, shares, upstream, upstream_ppm = row
    return RightsVersion(
        version_id,
        work_id,
        day,
        dict(zip(holders, shares, strict=True)),
        dict(zip(upstream, upstream_ppm, strict=True)),
    )
