"""What each work may do for an output of an instant."""

from collections.abc import Callable, Mapping
from datetime import datetime

from attribution.values import Standing
from service.store.eligibility import EarningWindow


def standing_at(
    windows: Mapping[int, EarningWindow], instant: datetime
) -> Callable[[int], Standing]:
    """Say of any work whether it earns from a sale at this instant, is commons, or is out."""

    def standing(work_id: int) -> Standing:
        window = windows.get(work_id)
        if window is None or window.near_copy or not window.counts(instant):
            return Standing.OUT
        return Standing.COMMONS if window.commons else Standing.EARNS

    return standing
