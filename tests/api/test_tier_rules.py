"""Tiers by model for a key: who sets them, which rule counts, and what replays do to them."""

import pytest

RULES = [{"model": "acme-*", "tier": "premium"}, {"model": "Acme-Large", "tier": "elite"}]
JSON = {"Content-Type": "application/json"}


class Desk:
    """A key of Acme, whoever sets its rules, and who reports with it."""

    def __init__(self, site):
        self.user, self.operator = site.vendor_user(), site.operator()
        made = self.user.post("/v1/keys", json={"label": "gateway"}).json()
        self.key_id, self.url = made["key_id"], f"/v1/keys/{made['key_id']}/tier-rules"
        self.acme = site.anonymous()
        self.acme.headers["Authorization"] = f"Bearer {made['key']}"

    def puts(self, rules, *, seen=0, by=None, **more):
        order = {"rules": rules} | more
        return (by or self.user).put(self.url, json=order, headers={"If-Match": f'"{seen}"'})

    def reports(self, name, **fields):
        sale = {"id": name, "output_tokens": 10} | fields
        return self.acme.post("/v1/sales", json=[sale]).json()["items"][0]

    def sale(self, name):
        return self.acme.get(f"/v1/sales/{name}").json()


@pytest.fixture
def desk(site) -> Desk:
    return Desk(site)


def test_a_vendor_and_an_operator_set_rules_in_versions(desk):
    first = desk.puts(RULES, reason="opening")
    second = desk.puts([], seen=1, by=desk.operator, vendor="Acme")
    shown = desk.operator.get(desk.url, params={"vendor": "Acme"})

    assert (first.status_code, second.status_code) == (200, 200)
    assert (shown.headers["ETag"], shown.json()["version"]) == ('"2"', 2)
    newest, oldest = shown.json()["versions"]
    assert newest["rules"] == []
    assert oldest["rules"] == [
        {"model": "acme-*", "tier": "premium"},
        {"model": "acme-large", "tier": "elite"},
    ]
    assert (oldest["reason"], oldest["set_at"]) == ("opening", "2026-02-10T12:00:00Z")


def test_what_is_changed_is_what_was_seen(desk):
    desk.puts(RULES)

    stale, blind = desk.puts([], seen=0), desk.user.put(desk.url, json={"rules": []})

    assert (stale.status_code, stale.json()["code"]) == (412, "tier-rules-changed")
    assert blind.status_code == 428


@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ([{"model": " ", "tier": "free"}], "rules[0].model"),
        ([{"model": "a*b", "tier": "free"}], "rules[0].model"),
        ([{"model": "a**", "tier": "free"}], "rules[0].model"),
        (
            [{"model": "GPT", "tier": "free"}, {"model": "gpt", "tier": "elite"}],
            "rules[1].model",
        ),
        ([{"model": "a\0", "tier": "free"}], "rules[0].model"),
        ([{"model": "a", "tier": "golden"}], "rules[0].tier"),
        ([{"model": "", "tier": "free"}], "rules[0].model"),
        ([{"tier": "free"}], "rules[0].model"),
        ([7], "rules[0]"),
    ],
)
def test_rules_that_break_a_rule_are_refused(desk, rules, place):
    answer = desk.puts(rules)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["place"] == place


def test_another_vendors_key_is_not_found(desk, site):
    borealis = site.vendor_user("Borealis")

    assert borealis.get(desk.url).status_code == 404
    assert desk.puts(RULES, by=borealis).status_code == 404


@pytest.mark.parametrize(
    ("model", "tier", "by"),
    [
        ("acme-small", "premium", "rule"),
        ("ACME-LARGE", "elite", "rule"),
        ("acme-large-2", "premium", "rule"),
    ],
)
def test_the_rule_of_the_model_says_the_tier(desk, model, tier, by):
    desk.puts(RULES)
    desk.reports("s", model=model)

    sale = desk.sale("s")

    assert (sale["tier"], sale["tier_by"], sale["flags"]) == (tier, by, [])


def test_what_the_report_says_comes_first(desk):
    desk.puts(RULES)
    desk.reports("s", model="acme-large", tier="standard")

    assert (desk.sale("s")["tier"], desk.sale("s")["tier_by"]) == ("standard", "report")


def test_a_tag_comes_before_a_rule(desk):
    desk.puts(RULES)
    call = {"litellm_call_id": "s", "model": "acme-large", "completion_tokens": 3}
    desk.acme.post("/v1/sales/litellm", json=[call | {"request_tags": ["tier:standard"]}])
    desk.acme.post("/v1/sales/litellm", json=[call | {"litellm_call_id": "t"}])

    told = [(desk.sale(s)["tier"], desk.sale(s)["tier_by"], desk.sale(s)["format"]) for s in "st"]

    assert told == [("standard", "tag", "litellm"), ("elite", "rule", "litellm")]


@pytest.mark.parametrize("model", ["other", "acm\u0435-large", "acme\u200b-large", None])
def test_a_model_that_no_rule_knows_is_refused_without_a_tier_and_flagged_with_one(desk, model):
    """The second has a Cyrillic letter, the third a blank of no width: neither is Acme's."""
    desk.puts(RULES)

    refused = desk.reports("s", model=model)
    desk.reports("t", model=model, tier="premium")

    assert refused["outcome"] == "rejected"
    assert refused["errors"][0]["rule"].endswith("or a rule of the key must name it for the model")
    assert desk.sale("t")["flags"] == ["unknown-model"]


def test_a_report_sent_again_under_other_rules_is_the_same_report(desk):
    desk.puts(RULES)
    desk.reports("s", model="acme-large")
    desk.puts([{"model": "*", "tier": "free"}], seen=1)

    again, other = desk.reports("s", model="acme-large"), desk.reports("u", model="acme-large")

    assert (again["outcome"], desk.sale("s")["tier"]) == ("duplicate", "elite")
    assert (other["outcome"], desk.sale("u")["tier"]) == ("created", "free")


def test_a_key_that_replaces_another_goes_on_with_its_rules(desk, site):
    desk.puts(RULES)
    made = desk.user.post(f"/v1/keys/{desk.key_id}/rotate", json={}).json()
    client = site.anonymous()
    client.headers["Authorization"] = f"Bearer {made['key']}"

    item = {"id": "s", "output_tokens": 1, "model": "acme-large"}
    answer = client.post("/v1/sales", json=[item]).json()["items"][0]

    assert answer["outcome"] == "created"
    assert client.get("/v1/sales/s").json()["tier"] == "elite"
    kept = desk.user.get(f"/v1/keys/{made['key_id']}/tier-rules").json()["versions"]
    assert [one["key_id"] for one in kept] == [desk.key_id]
