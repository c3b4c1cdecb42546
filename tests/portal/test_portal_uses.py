"""Uses of a work: paged, each with the passages of the work and no word of the vendor's text."""

from service.ledger.tiers import Tier
from service.store.attributions import EvidenceRow


def test_uses_are_listed_newest_first_and_paged(world, catalogue):
    for number in range(27):
        world.sale(
            f"s{number}", tier=Tier.ELITE, tokens=1_000 + number, drew_on={catalogue.ode: 500_000}
        )
    browser, path = world.browser("bo"), f"/works/{catalogue.ode}/uses"
    first = browser.get(path).text
    assert ">1,026</td>" in first
    assert ">1,001</td>" not in first
    second = browser.text(first.split('rel="next" href="')[1].split('"')[0])
    assert "1,001" in second
    assert "1,000" in second
    assert "1,002" not in second


def test_a_use_shows_the_works_passages_marked_and_nothing_of_the_output(world, catalogue):
    found = EvidenceRow(3, 9, catalogue.ode, 1, 4, 8, 912_000, "verbatim")
    sale = world.sale(
        "s1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 600_000}, evidence=[found]
    )
    browser = world.browser("ada")
    page = browser.get(f"/works/{catalogue.ode}/uses/{sale}").text
    assert '<mark class="match-0">text<sup>1</sup></mark>' in page
    assert "Characters 3 to 9" in page
    assert "confidence 91.2 %" in page
    assert "output of s1" not in page


def test_a_use_of_another_work_is_not_there(world, catalogue):
    sale = world.sale("s1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 600_000})
    browser = world.browser("ada")
    assert browser.get(f"/works/{catalogue.essay}/uses/{sale}").status_code == 404
    assert browser.get(f"/works/{catalogue.ode}/uses/{2**70}").status_code == 404
    assert world.browser("bo").get(f"/works/{catalogue.essay}/uses").status_code == 404
