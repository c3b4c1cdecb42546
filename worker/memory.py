"""How much memory this process has used at most."""

import resource
import sys

_KIB, _MIB = 1024, 1024 * 1024


def peak_memory_mib() -> int:
    """Return the peak resident set in MiB; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // _KIB if sys.platform != "darwin" else peak // _MIB
