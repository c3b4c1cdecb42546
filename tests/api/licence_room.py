"""Two works over HTTP whose holders may set terms of licence."""

from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi.testclient import TestClient

TEXT = "The tide keeps no ledger, and yet it pays the shore."
FROM = "2026-02-12"
"""Two days ahead: the tenth is today, and a sale may be of tomorrow."""


@dataclass
class Room:
    """Ada with an ode of her own, and one she shares with Ben."""

    site: object
    ada: TestClient
    ben: TestClient
    ids: list[int]
    ode: int
    shared: int

    def sets(self, client, work, *, seen='"0"', **terms):
        body = {"valid_from": FROM, "uses": ["output"]} | terms
        headers = {} if seen is None else {"If-Match": seen}
        return client.put(f"/v1/works/{work}/licence", json=body, headers=headers)

    def order(self, client, *, seen='"0"', **terms):
        body = {"valid_from": FROM, "uses": ["output"]} | terms
        headers = {} if seen is None else {"If-Match": seen}
        path = f"/v1/works/{self.shared}/licence-proposals"
        return client.post(path, json=body, headers=headers)

    def proposes(self, client, **terms):
        answer = self.order(client, **terms)
        assert answer.status_code == 201, answer.json()
        return answer.json()

    def answers(self, client, proposal, said, **body):
        path = f"/v1/licence-proposals/{proposal['proposal_id']}/{said}"
        return client.post(path, json=body or None)

    def asks(self, uri, vendor="Acme"):
        return self.site.vendor(vendor).get("/v1/licences", params={"uri": uri})

    def day(self, day):
        self.site.clock.now = datetime(2026, 2, day, 12, tzinfo=UTC)


def room_of(site) -> Room:
    ada, ben = site.holder("Ada"), site.holder("Ben")
    clients = site.person("creator", ada), site.person("creator", ben)
    numbers = []
    for title, holders in (("Ode", {ada: 1_000_000}), ("Duet", {ada: 500_000, ben: 500_000})):
        order = {
            "title": title,
            "text": f"{title}. {TEXT}",
            "language": "en",
            "reference": title.lower(),
            "holders": [{"holder_id": each, "share_ppm": ppm} for each, ppm in holders.items()],
        }
        numbers.append(clients[0].post("/v1/works", json=order).json()["work_id"])
    return Room(site, *clients, [ada, ben], *numbers)


def code(answer):
    return answer.status_code, answer.json()["code"]
