"""How long to wait before a request is sent again."""

import random

FIRST_SECONDS = 0.5
MOST_SECONDS = 60.0
_MOST_DOUBLINGS = 10


def full_jitter(failures: int, *, at_least: float | None = None) -> float:
    """Return seconds to wait after so many failures in a row, from 0 to a bound that doubles.

    at_least: what the server asked for; the jitter then comes on top, so that clients that were
    sent away together do not come back together.
    """
    bound = min(MOST_SECONDS, FIRST_SECONDS * 2 ** min(failures, _MOST_DOUBLINGS))
    return (at_least or 0.0) + random.uniform(0, bound)  # noqa: S311 - spreads load, no secret
