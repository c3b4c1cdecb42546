"""What a creator sees and does: money where it stands, works, registering, withdrawing."""

from datetime import UTC, datetime

from service.ledger.tiers import Tier

FEBRUARY = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)


def january_and_february(world, catalogue):
    """Elite 150 USD in January, Ode is 60 % of it and Essay 10 %; half of it paid; then a sale."""
    drew_on = {catalogue.ode: 600_000, catalogue.essay: 100_000}
    world.sale("s1", tier=Tier.ELITE, tokens=1_000_000, drew_on=drew_on)
    world.receipt(11_250_000_000)
    world.close("2026-01")
    world.sale(
        "s2", tier=Tier.HIGH_SPEED, tokens=300_000, drew_on={catalogue.ode: 333_333}, at=FEBRUARY
    )


def test_home_teaches_who_has_no_work_yet(world):
    world.user("new", "creator", world.holder("New"))
    assert "Begin with your first work" in world.browser("new").text("/home")


def test_home_says_that_nothing_was_earned_yet(world, catalogue):
    said = world.browser("ada").text("/home")
    assert "Nothing earned yet" in said
    assert "None yet. The first one is written when the operator closes a month" in said


def test_home_says_where_the_money_stands(world, catalogue):
    january_and_february(world, catalogue)
    said = world.browser("ada").text("/home")
    for sentence in (
        "Earned in 2026-02 estimated 0.242999757 USD",
        "Closed months together settled 9.31 USD",
        "Not payable yet held 4.65 USD Not yet backed by the vendor's receipts",
        "Ready for payout payable 4.65 USD",
        "Carried forward 0.0075 USD Less than 0.01 USD, the smallest amount a bank moves",
        "2026-01 settled 0.00 9.315 9.315",
        "2026-02 estimated 0.242999757 0.00 0.242999757",
        "2026-01 2026-01-H",
        "earned 9.315 USD",
        "sales and refunds still change it. 2026-02 may change on 2026-03-01 0.242999757 USD",
        "held The vendor has not paid for these sales yet. acme may change on 2026-03-01 4.6575",
        "payable Something about the payee has to be settled before it is paid. payee",
        "settled Less than the smallest amount a bank moves: kept for next time. may change on",
    ):
        assert sentence in said


def test_the_estimate_of_a_month_is_what_its_close_states(world, catalogue):
    january_and_february(world, catalogue)
    assert "Earned in 2026-02 estimated 0.242999757 USD" in world.browser("ada").text("/home")
    world.now = datetime(2026, 3, 1, tzinfo=UTC)
    world.close("2026-02")
    page = world.browser("ada").text(f"/statements/2026-02-H{catalogue.ada}-USD")
    assert "Earned in 2026-02 settled 0.242999757 USD" in page


def test_an_earlier_month_that_is_still_open_is_named_apart(world, catalogue):
    world.sale("s1", tier=Tier.ELITE, tokens=1_000, drew_on={catalogue.ode: 1_000_000})
    said = world.browser("ada").text("/home")
    assert "Earned in 2026-02 estimated 0.00 USD" in said
    assert "Earlier months not closed yet estimated 0.01215 USD" in said


def test_works_are_listed_with_what_they_earned(world, catalogue):
    january_and_february(world, catalogue)
    said = world.browser("ada").text("/works")
    assert "Essay on Salt being indexed en 2025-12-01 100 % 2.025 USD" in said
    assert "Ode to Tides being indexed en 2025-12-01 60 % 7.532999757 USD" in said
    assert "Essay" not in world.browser("bo").text("/works")


def test_works_are_found_by_part_of_a_title(world, catalogue):
    browser = world.browser("ada")
    assert "Essay" not in browser.text("/works?q=TIDES")
    assert "No title contains “%”" in browser.text("/works?q=%25")


def test_works_are_paged_newest_first(world, catalogue):
    for number in range(26):
        world.work(f"Note {number:02d}", {catalogue.bo: 1_000_000})
    browser = world.browser("bo")
    first = browser.get("/works").text
    assert "Note 25" in first
    assert "Note 00" not in first
    cursor = first.split('rel="next" href="/works?q=&amp;state=&amp;sort=&amp;before=')[1].split(
        '"'
    )[0]
    second = browser.text(f"/works?before={cursor}")
    assert "Note 00" in second
    assert "Ode to Tides" in second
    assert "Note 01" not in second
    assert "Next page" not in second


def test_works_are_narrowed_to_a_state_and_ordered(world, catalogue):
    browser = world.browser("ada")
    browser.send(f"/works/{catalogue.essay}/withdraw")
    withdrawn = browser.text("/works?state=withdrawn")
    assert "Essay on Salt" in withdrawn
    assert "Ode to Tides" not in withdrawn
    assert "Essay on Salt" not in browser.text("/works?state=indexing")
    assert "No work is in this state" in browser.text("/works?state=finding")
    assert "No work is in this state" in browser.text("/works?state=earning")
    oldest = browser.text("/works?sort=oldest")
    assert oldest.index("Ode to Tides") < oldest.index("Essay on Salt")


def test_home_lists_the_latest_uses(world, catalogue):
    january_and_february(world, catalogue)
    said = world.browser("ada").text("/home")
    assert "Ode to Tides Acme high-speed 2026-02-03 09:30 UTC 33.3333 % 0.404999595 USD" in said
    assert "Essay on Salt Acme elite 2026-01-15 09:30 UTC 10 % 2.025 USD" in said
    assert "Essay" not in world.browser("bo").text("/home")


def test_a_work_shows_earnings_uses_and_split(world, catalogue):
    january_and_february(world, catalogue)
    said = world.browser("bo").text(f"/works/{catalogue.ode}")
    for sentence in (
        "2026-02 estimated Acme high-speed 0.404999595 USD 0.161999838 USD",
        "2026-01 settled Acme elite 12.15 USD 4.86 USD",
        "2026-02-03 09:30 UTC Acme high-speed 300,000 33.3333 % 0.404999595 USD",
        "2026-01-15 09:30 UTC Acme elite 1,000,000 60 % 12.15 USD",
        "From 2025-12-01 on",
        "Ada 60 %",
        "Bo (you) 40 %",
    ):
        assert sentence in said


def test_a_work_that_is_being_indexed_shows_how_far_it_is(world, catalogue):
    browser = world.browser("ada")
    page = browser.get(f"/works/{catalogue.ode}").text
    assert f'id="state" hx-get="/works/{catalogue.ode}"' in page
    assert '<progress id="progress" max="3" value="1">' in page
    browser.send(f"/works/{catalogue.essay}/withdraw")
    done = browser.get(f"/works/{catalogue.essay}").text
    assert "<progress" not in done
    assert "htmx" not in done


def test_somebody_elses_work_is_not_there(world, catalogue):
    browser = world.browser("bo")
    for path in (f"/works/{catalogue.essay}", f"/works/{catalogue.essay}/withdraw"):
        assert browser.get(path).status_code == 404
    assert browser.send(f"/works/{catalogue.essay}/withdraw").status_code == 404
    assert "Withdraw this work" in world.browser("ada").text(f"/works/{catalogue.essay}")


def test_a_title_with_markup_is_shown_as_text(world, catalogue):
    work = world.work("<img src=x onerror=alert(1)>", {catalogue.ada: 1_000_000})
    browser = world.browser("ada")
    for path in ("/works", f"/works/{work}", f"/works/{work}/withdraw"):
        page = browser.get(path).text
        assert "<img src=x" not in page
        assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_a_withdrawal_says_first_what_will_happen(world, catalogue):
    browser = world.browser("ada")
    path = f"/works/{catalogue.ode}/withdraw"
    assert "Sales from this moment on pay nothing for this work" in browser.text(path)
    answer = browser.send(path)
    assert answer.headers["location"] == f"/works/{catalogue.ode}?done=withdrawn"
    said = browser.text(answer.headers["location"])
    assert "Withdrawn. It earns nothing from sales from now on" in said
    assert "withdrawn 2026-02-10 12:00 UTC" in said
    assert browser.send(path).status_code == 409
    assert "was withdrawn 2026-02-10 12:00 UTC already" in browser.text(path)
