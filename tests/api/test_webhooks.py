"""Webhooks over HTTP: made, changed by who saw them, rotated, tried out, read, sent again."""

import pytest

from service.store import webhook_deliveries, webhook_secrets
from service.store.database import unit_of_work
from service.store.key_ring import parse
from service.store.webhook_schedule import Answer

URL = "https://93.184.215.14/hooks"


class Desk:
    """Somebody's webhooks, and a worker who is told what came of a try."""

    def __init__(self, site):
        self.site, self.acme = site, site.vendor_user("Acme")

    def makes(self, by=None, **order):
        answer = (by or self.acme).post("/v1/webhooks", json={"url": URL} | order)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def tests(self, number):
        return self.acme.post(f"/v1/webhooks/{number}/test").json()

    def sends(self, status, text="", *, took):
        """Take what is due and note that it was answered so."""
        now = self.site.clock.now
        with unit_of_work(self.site.database) as session:
            for slow in (False, True):
                for claimed in webhook_deliveries.claim(session, slow=slow, limit=9, now=now):
                    answer = Answer(status, text, took)
                    webhook_deliveries.note(session, claimed, answer, spread_ppm=0, now=now)

    def signing(self, number):
        ring = parse(self.site.app.state.context.settings.payee_keys.get_secret_value())
        with unit_of_work(self.site.database) as session:
            return webhook_secrets.valid(session, number, ring, now=self.site.clock.now)


@pytest.fixture
def desk(site) -> Desk:
    return Desk(site)


def test_a_webhook_is_made_with_a_secret_that_is_shown_once(desk):
    made = desk.makes(events=["statement.issued"], label="billing")
    secret = made.pop("secret")
    number = made["webhook_id"]
    assert secret.startswith("whsec_")
    assert desk.signing(number) == [secret]
    assert (made["role"], made["state"], made["events"]) == (
        "vendor",
        "active",
        ["statement.issued"],
    )
    shown = desk.acme.get(f"/v1/webhooks/{number}")
    assert shown.json() == made
    assert secret not in shown.text
    assert shown.headers["etag"] == '"1"'


def test_each_sees_its_own_and_an_operator_everybodys_on_request(desk):
    ada, operator = desk.site.creator("Ada"), desk.site.operator()
    for who in (desk.acme, ada, operator):
        desk.makes(who)

    def seen_by(client, **query):
        rows = client.get("/v1/webhooks", params=query).json()["data"]
        return [row["role"] for row in rows]

    assert seen_by(desk.acme) == seen_by(desk.acme, everybody=True) == ["vendor"]
    assert seen_by(ada, everybody=True) == ["creator"]
    assert seen_by(operator) == ["operator"]
    assert seen_by(operator, everybody=True) == ["vendor", "creator", "operator"]
    page = operator.get("/v1/webhooks", params={"everybody": True, "limit": 2}).json()
    assert seen_by(operator, everybody=True, after=page["next"]) == ["operator"]


def test_a_change_says_what_was_seen(desk):
    url = f"/v1/webhooks/{desk.makes()['webhook_id']}"
    order = {"url": URL + "/new", "events": ["sale.quarantined"], "label": "new"}
    assert desk.acme.put(url, json=order).json()["code"] == "if-match-missing"
    changed = desk.acme.put(url, json=order, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
    assert {key: changed.json()[key] for key in order} == order
    late = desk.acme.put(url, json=order, headers={"If-Match": '"1"'})
    assert (late.status_code, late.json()["code"]) == (412, "webhook-changed")


def test_a_key_needs_its_scope_to_change_and_not_to_read(desk):
    key = desk.acme.post("/v1/keys", json={"label": "k", "scopes": ["read"]}).json()["key"]
    program = desk.site.anonymous()
    program.headers["Authorization"] = f"Bearer {key}"
    assert program.get("/v1/webhooks").status_code == 200
    refused = program.post("/v1/webhooks", json={"url": URL})
    assert (refused.status_code, refused.json()["code"]) == (403, "scope-missing")


def test_rotated_with_overlap_both_secrets_sign_then_the_new_one_alone(desk):
    made = desk.makes()
    url = f"/v1/webhooks/{made['webhook_id']}/rotate"
    answer = desk.acme.post(url, json={"overlap_hours": 48})
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    new = answer.json()
    assert desk.signing(made["webhook_id"]) == [new["secret"], made["secret"]]
    assert [one["ends_at"] for one in new["secrets"]] == [None, "2026-02-12T12:00:00Z"]
    last = desk.acme.post(url, json={"overlap_hours": 0}).json()
    assert desk.signing(made["webhook_id"]) == [last["secret"]]


def test_the_log_tells_of_each_try_and_of_no_more(desk, now):
    number = desk.makes()["webhook_id"]
    sent = desk.tests(number)
    assert (sent["event"], sent["state"], sent["attempts"]) == ("webhook.test", "waiting", 0)
    desk.sends(500, "out of order", took=now - now)
    url = f"/v1/webhooks/{number}/deliveries"
    whole = desk.acme.get(f"{url}/{sent['delivery_id']}").json()
    assert (whole["state"], whole["attempts"], whole["last_status"]) == ("waiting", 1, 500)
    assert whole["next_try_at"] == "2026-02-10T12:00:05Z"
    assert whole["tries"] == [
        {"tried_at": "2026-02-10T12:00:00Z", "took_millis": 0, "status": 500,
         "answer": "out of order"}
    ]  # fmt: skip


def test_the_log_is_filtered_and_paged_newest_first(desk, now):
    number = desk.makes()["webhook_id"]
    first, second, third = (desk.tests(number)["delivery_id"] for _ in range(3))
    desk.sends(204, took=now - now)

    def listed(**query):
        answer = desk.acme.get(f"/v1/webhooks/{number}/deliveries", params=query)
        assert answer.status_code == 200, answer.text
        return [one["delivery_id"] for one in answer.json()["data"]]

    assert listed() == [third, second, first]
    assert listed(limit=1, after=third) == [second]
    assert listed(state="delivered") == [first]
    assert listed(event="period.closed") == []
    assert listed(since="2026-02-10T12:00:00Z") == [third, second, first]
    assert listed(since="2026-02-10T12:00:01Z") == []


def test_one_is_sent_again_unless_it_is_under_way(desk, now):
    number = desk.makes()["webhook_id"]
    sent = desk.tests(number)
    url = f"/v1/webhooks/{number}/deliveries/{sent['delivery_id']}/replay"
    desk.sends(204, took=now - now)
    again = desk.acme.post(url)
    assert again.status_code == 202
    assert (again.json()["state"], again.json()["message_id"]) == ("waiting", sent["message_id"])
    with unit_of_work(desk.site.database) as session:
        webhook_deliveries.claim(session, slow=False, limit=1, now=now)
    busy = desk.acme.post(url)
    assert (busy.status_code, busy.json()["code"]) == (409, "delivery-under-way")


def test_disabled_nothing_is_sent_and_what_was_dropped_may_be_replayed(desk):
    number = desk.makes()["webhook_id"]
    desk.tests(number)
    url = f"/v1/webhooks/{number}"
    off = desk.acme.post(f"{url}/disable").json()
    assert (off["state"], off["cause"]) == ("disabled", "owner")
    since = {"since": "2026-02-10T00:00:00Z"}
    for path, order in (("test", None), ("replay", since)):
        refused = desk.acme.post(f"{url}/{path}", json=order)
        assert (refused.status_code, refused.json()["code"]) == (409, "webhook-disabled")
    on = desk.acme.post(f"{url}/enable").json()
    assert (on["state"], on["cause"], on["reason"]) == ("active", None, "")
    assert desk.acme.post(f"{url}/replay", json=since).json() == {"replayed": 1}


def test_an_operator_disables_others_and_sees_no_secret_of_theirs(desk):
    number = desk.makes()["webhook_id"]
    operator, url = desk.site.operator(), f"/v1/webhooks/{number}"
    off = operator.post(f"{url}/disable").json()
    assert (off["cause"], off["reason"]) == ("operator", "an operator disabled it")
    assert operator.post(f"{url}/rotate").json()["code"] == "not-your-webhook"


def test_a_deleted_one_is_gone_with_its_log(desk):
    number = desk.makes()["webhook_id"]
    desk.tests(number)
    assert desk.acme.delete(f"/v1/webhooks/{number}").status_code == 204
    assert desk.acme.get(f"/v1/webhooks/{number}").status_code == 404
    assert desk.acme.get(f"/v1/webhooks/{number}/deliveries").status_code == 404


def test_operators_see_in_metrics_who_takes_nothing_and_what_waits(desk, now):
    for status in (410, 500):
        desk.tests(desk.makes()["webhook_id"])
        desk.sends(status, took=now - now)
    desk.makes()
    read = desk.site.anonymous().get("/metrics").text
    assert 'wellspring_webhooks{state="active"} 1.0' in read
    assert 'wellspring_webhooks{state="failing"} 1.0' in read
    assert 'wellspring_webhooks{state="given-up"} 1.0' in read
    assert "wellspring_undelivered_events 1.0" in read


def test_nobody_has_more_than_twenty(desk):
    for _ in range(20):
        desk.makes()
    refused = desk.acme.post("/v1/webhooks", json={"url": URL})
    assert (refused.status_code, refused.json()["code"]) == (409, "too-many-webhooks")


@pytest.mark.parametrize(
    "url",
    [
        "http://93.184.215.14/", "ftp://93.184.215.14/", "file:///etc/passwd", "//93.184.215.14",
        "https://user:password@93.184.215.14/", "https://93.184.215.14:22/",
        "https://93.184.215.14/#part", "https://127.0.0.1/", "https://127.1/",
        "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://0/",
        "https://10.0.0.1/", "https://172.16.0.1/", "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://224.0.0.1/",
        "https://[::1]/", "https://[::]/", "https://[fe80::1]/", "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/", "https://[::ffff:7f00:1]/", "https://[::127.0.0.1]/",
        "https://[2002:7f00:1::]/", "https://[64:ff9b::7f00:1]/", "https://[64:ff9b::a00:1]/",
        "https://[64:ff9b:1::7f00:1]/", "https://[2001:0:7f00:1::]/", "https://[fe80::1%25eth0]/",
        "https://localhost/", "https://LOCALHOST./",
        "https://\uff11\uff12\uff17.0.0.1/", "https://exa mple/",
        "https://93.184.215.14\\@127.0.0.1/", "https://%31%32%37.0.0.1/", "",
    ],
)  # fmt: skip
def test_what_leads_inside_is_refused_as_it_is_saved(shared_site, url):
    acme = shared_site.vendor_user("Acme")
    refused = acme.post("/v1/webhooks", json={"url": url})
    assert (refused.status_code, refused.json()["code"]) == (422, "address-refused")
    assert refused.json()["errors"][0]["place"] == "url"
    assert acme.get("/v1/webhooks").json()["data"] == []


def test_what_is_chosen_must_be_a_type_that_is_sent_unasked(shared_site):
    acme = shared_site.vendor_user("Acme")
    for events in (["webhook.test"], ["nothing.happened"]):
        refused = acme.post("/v1/webhooks", json={"url": URL, "events": events})
        assert refused.status_code == 422
