"""Whatever format a sale comes in: it is stored once, answered for itself, and safe to repeat."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.store.database import driver, unit_of_work

sys.path.insert(0, str(Path(__file__).parent))

from report_forms import FORMS, outcomes_of, refused_of

JSON = {"Content-Type": "application/json"}
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
each_of_json = pytest.mark.parametrize(
    "form", [form for form in FORMS.values() if form.encoding == "identity"], ids=lambda f: f.path
)


def stored(site) -> int:
    with unit_of_work(site.database) as session:
        return driver(session).execute("SELECT count(*) FROM sale").fetchone()[0]


@each_form
def test_a_sale_is_stored_with_all_that_was_said(site, form):
    acme = site.vendor()

    answer = form.sends(acme, [form.sale("a"), form.sale("b", tier="elite", text="Another.")])

    assert form.accepts(answer), answer.text
    sale, other = (acme.get(f"/v1/sales/{form.id_of(name)}".replace("#", "%23")) for name in "ab")
    told = sale.json()
    assert (told["tier"], told["output_tokens"], told["gross"]) == ("premium", 1_000, "0.006")
    assert (told["model"], told["has_text"], told["flags"]) == ("acme-large", True, [])
    assert other.json()["tier"] == "elite"
    assert site.bell.rings == 1


@each_form
def test_repeated_many_times_at_once_it_is_one_sale(site, form):
    acme = site.vendor()

    def report(_):
        return form.accepts(form.sends(acme, [form.sale("a"), form.sale("a"), form.sale("b")]))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(report, range(24)))

    assert stored(site) == 2


@each_form
def test_other_content_under_its_id_is_refused_in_sight(site, form):
    acme = site.vendor()
    form.sends(acme, [form.sale("a")])

    answer = form.sends(acme, [form.sale("a", tokens=7), form.sale("b")])

    assert not form.accepts(answer)
    assert stored(site) == 2
    sale = acme.get(f"/v1/sales/{form.id_of('a')}".replace("#", "%23")).json()
    assert (sale["output_tokens"], sale["flags"]) == (1_000, ["conflict"])
    assert [one["output_tokens"] for one in sale["conflicts"]] == [7]


@each_form
def test_the_same_id_of_another_vendor_is_another_sale(site, form):
    for vendor in ("Acme", "Borealis"):
        assert form.accepts(form.sends(site.vendor(vendor), [form.sale("a")]))

    assert stored(site) == 2


@each_form
def test_a_bad_item_spoils_no_other(site, form):
    acme = site.vendor()

    answer = form.sends(acme, [form.sale("a"), form.sale("b", tier="golden"), form.sale("c")])

    assert not form.accepts(answer)
    assert "must be one of free, standard" in answer.content.decode(errors="replace")
    assert stored(site) == 2
    again = form.sends(acme, [form.sale("a"), form.sale("b"), form.sale("c")])
    assert form.accepts(again)


@each_form
@pytest.mark.parametrize("tokens", [10**15 + 1, 2**63 - 1, -1])
def test_counts_out_of_range_are_refused(site, form, tokens):
    answer = form.sends(site.vendor(), [form.sale("a", tokens=tokens)])

    assert answer.status_code < 500
    assert not form.accepts(answer)
    assert stored(site) == 0


@each_form
def test_the_largest_amount_is_exact_and_one_above_is_refused(site, form):
    acme = site.vendor()

    most, elite = (2**63 - 1) // 150_000, {"tier": "elite"}
    items = [form.sale("a", tokens=most, **elite), form.sale("b", tokens=most + 1, **elite)]
    answer = form.sends(acme, items)

    assert not form.accepts(answer)
    sale = acme.get(f"/v1/sales/{form.id_of('a')}".replace("#", "%23")).json()
    assert sale["gross"] == "9223372036.85475"


ODD = [
    *("NaN", "Infinity", "-Infinity", "1e400", "1e3", "1.0", "-0", "true", '"1000"', "[]", "{}"),
    *('"\uff11\uff10"', "9" * 400),
]


@each_of_json
@pytest.mark.parametrize("number", ODD)
def test_what_is_no_count_is_refused_and_never_fails(site, form, number):
    body = form.body([form.sale("a", tokens=424_242)]).decode()
    written = body.replace('"424242"', number).replace("424242", number)
    assert written != body

    answer = site.vendor().post(form.path, content=written.encode(), headers=form.headers)

    assert answer.status_code < 500
    is_digits = number == '"1000"' and form.path in {"/v1/traces", "/api/v1/events"}
    assert form.accepts(answer) == is_digits, answer.text


@each_form
@pytest.mark.parametrize(
    "name", ["m\u200bodel", "\u202eledom", "\u0430cme", "ACME", "'; DROP TABLE sale; --", "潮"]
)
def test_strange_names_are_only_names(site, form, name):
    acme = site.vendor()

    assert form.accepts(form.sends(acme, [form.sale("a", model=name, text=name)]))
    assert acme.get("/v1/sales").json()["data"][0]["model"] == name


@each_of_json
@pytest.mark.parametrize("text", ["a\0b", "a\ud800b"])
def test_a_text_that_cannot_be_kept_is_refused(site, form, text):
    answer = form.sends(site.vendor(), [form.sale("a", text=text)])

    assert answer.status_code < 500
    assert not form.accepts(answer)
    assert stored(site) == 0


def test_one_item_alone_is_answered_by_its_status(site):
    acme = site.vendor()
    for form in (FORMS["litellm"], FORMS["native"]):
        one = json.dumps(form.sale(f"of {form.path}", tier="golden"))
        answer = acme.post(form.path, content=one, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "sale-rejected")
    one = json.dumps(FORMS["cloudevents"].sale("c", tier="golden"))
    kind = {"Content-Type": "application/cloudevents+json"}
    answer = acme.post("/v1/sales", content=one, headers=kind)
    assert (answer.status_code, answer.json()["errors"][0]["place"]) == (422, "event.data.tier")


def test_litellm_is_told_by_the_status_what_was_rejected(site):
    form, acme = FORMS["litellm"], site.vendor()
    failed = form.sale("f") | {"status": "failure"}

    mixed = form.sends(acme, [form.sale("a"), form.sale("b", tier="golden"), failed, None])
    fine = form.sends(acme, [form.sale("a"), failed, None])

    assert (mixed.status_code, fine.status_code) == (422, 200)
    assert outcomes_of(mixed) == ["created", "rejected", "ignored", "ignored"]
    assert mixed.json()["errors"] == mixed.json()["items"][1]["errors"]
    assert mixed.json()["errors"][0]["place"] == "payloads[1].request_tags"
    assert fine.json()["counts"] == {
        "created": 0,
        "duplicate": 1,
        "conflict": 0,
        "rejected": 0,
        "ignored": 2,
    }


def test_openmeter_is_told_conflicts_and_rejections(site):
    form, acme = FORMS["openmeter"], site.vendor()
    form.sends(acme, [form.sale("a")])

    conflict = form.sends(acme, [form.sale("a", tokens=7), form.sale("b")])
    rejected = form.sends(acme, [form.sale("a", tokens=7), form.sale("c", tier="x")])

    assert (conflict.status_code, outcomes_of(conflict)) == (409, ["conflict", "created"])
    assert (rejected.status_code, outcomes_of(rejected)) == (422, ["conflict", "rejected"])


@pytest.mark.parametrize("name", ["otlp", "otlp json"])
def test_partial_success_counts_what_was_refused_and_no_other_spans(site, name):
    form, acme = FORMS[name], site.vendor()
    other = form.sale("o") | {"attributes": []}
    form.sends(acme, [form.sale("a")])

    answer = form.sends(
        acme, [other, form.sale("a", tokens=7), form.sale("b"), form.sale("c", tier="golden")]
    )

    assert (answer.status_code, refused_of(answer)) == (200, 2)
    assert b"was reported with other content" in answer.content
    assert b"spans[3].wellspring.tier" in answer.content
    assert stored(site) == 2
    whole = form.sends(acme, [other])
    assert whole.content in {b"", b"{}"}
