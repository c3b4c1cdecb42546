"""Webhooks on the command line: made, tried out, read, sent again, rotated, disabled, deleted."""

import json

import pytest
from receivers import a_receiver


@pytest.fixture
def says(wellspring, monkeypatch):
    """Run a command that succeeds; return what it says as JSON where it is asked for."""
    monkeypatch.setenv("WELLSPRING_WEBHOOK_NETWORKS", "127.0.0.0/8")
    monkeypatch.setenv("WELLSPRING_PAYEE_KEYS", f"test:{'a' * 43}=")

    def run(*arguments):
        code, out, error = wellspring("webhooks", *arguments)
        assert code == 0, error
        return json.loads(out) if "--json" in arguments else out

    return run


def test_a_webhook_from_beginning_to_end(says, wellspring):
    with a_receiver() as house:
        made = says("add", house.url, "--event", "period.closed", "--json")
        number = made["webhook"]
        sent = says("test", number, "--json")["delivery"]
        assert says("deliver", "--json") == {"tried": 1}
        (told,) = house.told
        assert told.verified_by(made["secret"])["data"] == {"webhook_id": number}

        (one,) = says("deliveries", number, "--state", "delivered", "--json")
        assert (one["delivery"], one["event"], one["answered"]) == (sent, "webhook.test", 204)
        (tried,) = says("delivery", number, sent, "--json")
        assert (tried["status"], tried["answer"]) == (204, "")

        says("replay", number, "--delivery", sent)
        new = says("rotate", number, "--overlap-hours", "1", "--json")["secret"]
        says("deliver")
        assert house.told[1].id == told.id
        assert house.told[1].verified_by(new) == house.told[1].verified_by(made["secret"])

    says("change", number, "--label", "books", "--every-event")
    shown = says("show", number, "--json")
    assert (shown["label"], shown["events"], shown["url"]) == ("books", "all", house.url)
    assert new not in json.dumps(shown)
    says("disable", number)
    code, _, error = wellspring("webhooks", "test", number)
    assert (code, f"webhook {number} is disabled" in error) == (1, True)
    says("enable", number)
    assert says("replay", number, "--json")["replayed"] == 0
    says("delete", number)
    assert says("list", "--json") == []


def test_what_leads_inside_is_refused(wellspring):
    code, _, error = wellspring("webhooks", "add", "https://127.0.0.1/")
    assert code == 1
    assert "leads to 127.0.0.1, which is loopback" in error
