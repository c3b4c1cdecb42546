"""What docs/guide.md promises happens, step by step."""

import pytest
from guide import log_in, register, see_earned, sell, try_it, until
from scene import PASSWORD

reason = "no Playwright here: make setup-browser"
expect = pytest.importorskip("playwright.sync_api", reason=reason).expect


def test_the_guide_leads_from_a_text_to_what_it_earned(played):
    page = played.visitor()
    log_in(page, "ada", PASSWORD)
    work = register(page, expect)
    until(page, expect, "earning")
    try_it(page, expect)
    assert '"created"' in sell(played.address, played.scene.key)
    uses = see_earned(page, expect, work)
    expect(uses).to_contain_text("elite")
    expect(uses).to_contain_text("200,000")
    expect(page.get_by_role("region", name="Earned")).to_contain_text("estimated")
    assert page.observed.faults == []
