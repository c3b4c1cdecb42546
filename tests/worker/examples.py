"""How many random histories a property is tried with: a few each day, many in a long run."""

import os


def examples(everyday: int) -> int:
    """Return the count of a suite, times ``EXAMPLES`` where a long run sets it."""
    return everyday * int(os.environ.get("EXAMPLES", "1"))
