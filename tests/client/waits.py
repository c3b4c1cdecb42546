"""Waiting for what another thread or process does."""

from time import monotonic, sleep


def waits_until(holds, *, seconds=30):
    """Return whether something comes to hold in time."""
    until = monotonic() + seconds
    while not (held := holds()) and monotonic() < until:
        sleep(0.01)
    return held
