"""What each work may do for an output of an instant."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from attribution.values import Attribution, Standing
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


def as_works(found: Attribution, windows: Mapping[int, EarningWindow]) -> Attribution:
    """Give what editions won to the works they belong to; evidence goes on naming the edition."""
    paid_as = {text: windows[text].paid_as or text for text in found.share_ppm}
    if all(text == work for text, work in paid_as.items()):
        return found
    shares: Counter[int] = Counter()
    for text, share in found.share_ppm.items():
        shares[paid_as[text]] += share
    return replace(found, share_ppm=dict(shares))
