"""Splits, their history and proposals of a work, and what derives from what, as a drawing."""

from datetime import date

from service.ledger.derivation import Change
from service.portal.derivation_graph import graph_of
from service.store import rights
from service.store.database import unit_of_work


def rows(*holders):
    return {"holder_name": [name for name, _ in holders], "holder_share": [s for _, s in holders]}


def test_the_split_is_shown_with_what_was_before_it(world, catalogue):
    with unit_of_work(world.database) as session:
        shares = {catalogue.ada: 1_000_000}
        rights.change_split(
            session, catalogue.ode, shares, day=date(2026, 3, 1), now=world.now, by="ada"
        )
    said = world.browser("bo").text(f"/works/{catalogue.ode}/rights")
    assert "From 2026-03-01 on Holder Share Ada 100 %" in said
    assert "From 2025-12-01 until the next Holder Share Ada 60 % Bo (you) 40 %" in said


def test_a_split_that_concerns_others_is_proposed_and_waits(world, catalogue):
    browser, path = world.browser("ada"), f"/works/{catalogue.ode}/rights"
    assert 'value="Bo"' in browser.get(f"{path}/propose").text
    answer = browser.send(
        f"{path}/propose", valid_from="2026-03-01", **rows(("Ada", "50"), ("Bo", "50"))
    )
    assert answer.headers["location"] == f"{path}?done=proposed"
    assert "Another split from 2026-03-01 proposed 2026-02-10 open" in browser.text(path)
    assert "Ada (you) 60 %" in browser.text(path)
    assert "Accept" in world.browser("bo").text("/proposals")


def test_a_split_of_what_is_ones_own_waits_for_who_gets_a_part(world, catalogue):
    browser, path = world.browser("ada"), f"/works/{catalogue.essay}/rights"
    browser.send(f"{path}/propose", valid_from="2026-03-01", **rows(("Ada", "70"), ("Cy", "30")))
    assert "Ada (you) 100 %" in browser.text(path)


def test_shares_that_are_not_whole_are_told_and_kept_as_typed(world, catalogue):
    answer = world.browser("ada").send(
        f"/works/{catalogue.ode}/rights/propose",
        valid_from="2026-03-01",
        **rows(("Ada", "50"), ("Bo", "40")),
    )
    assert answer.status_code == 422
    assert "Shares sum to 900000 ppm" in answer.text.split('id="holders-error">')[1]
    assert 'value="40"' in answer.text


def test_one_more_row_is_added_without_losing_what_was_typed(world, catalogue):
    page = world.browser("ada").send(
        f"/works/{catalogue.ode}/rights/propose",
        valid_from="2026-03-01",
        more="1",
        **rows(("Ada", "50"), ("Bo", "40")),
    )
    assert page.text.count('name="holder_name"') == 3


def test_what_a_work_derives_from_is_listed_and_drawn(world, catalogue):
    with unit_of_work(world.database) as session:
        change = Change(date(2026, 3, 1), None, {catalogue.ode: 150_000})
        rights.change(session, catalogue.essay, change, reason="", by="ada", now=world.now)
    said = world.browser("ada").text(f"/works/{catalogue.essay}/rights")
    assert "It derives from Ode to Tides 15 % of its royalty" in said
    page = world.browser("bo").get(f"/works/{catalogue.ode}/rights").text
    assert "From it derive" in page
    assert ">Essay on Salt</text>" in page
    assert f'href="/works/{catalogue.essay}"' not in page


def test_a_graph_has_at_most_a_dozen_works_a_side_and_none_without_any():
    titles = {number: f"Work {number}" for number in range(2, 40)}
    assert graph_of(1, "Alone", {}, [], {}) is None
    graph = graph_of(1, "Mother", {}, list(titles), titles)
    assert graph is not None
    assert len(graph.nodes) == 13
    assert {edge.from_x for edge in graph.edges} == {64.0}


def test_rights_of_others_are_not_there(world, catalogue):
    browser = world.browser("bo")
    path = f"/works/{catalogue.essay}/rights"
    assert browser.get(path).status_code == 404
    assert browser.get(f"{path}/propose").status_code == 404
    assert browser.send(f"{path}/propose", valid_from="2026-03-01").status_code == 404
