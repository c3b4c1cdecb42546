"""A full disk: refused with 507, nothing half stored, and taken once there is room again."""

from service.store.database import driver, unit_of_work


def request(number):
    """Return a report of 500 sales whose texts have no two words alike."""
    return [
        {
            "id": f"call-{number}-{n}",
            "tier": "premium",
            "output_tokens": 1_000,
            "text": " ".join(f"{number:x}{n:x}{word:x}" for word in range(100)),
        }
        for n in range(500)
    ]


def counted(site, query):
    with unit_of_work(site.database) as session:
        return driver(session).execute(query).fetchone()[0]


def test_reports_are_refused_whole_while_there_is_no_room_and_taken_afterwards(site, tiny_disk):
    tiny_disk.move("output_text")
    acme, accepted = site.vendor(), 0
    for number in range(100):
        answer = acme.post("/v1/sales", json=request(number))
        if answer.status_code != 200:
            break
        accepted += answer.json()["counts"]["created"]
    refused = answer.json()
    assert (answer.status_code, refused["code"]) == (507, "storage-full")
    assert int(answer.headers["Retry-After"]) > 0
    assert accepted > 0
    assert counted(site, "SELECT count(*) FROM sale") == accepted
    assert counted(site, "SELECT sum(sale_count) FROM work_batch") == accepted
    assert counted(site, "SELECT count(*) FROM output_text") == accepted
    assert acme.get("/v1/sales/call-0-0").status_code == 200

    tiny_disk.grow()
    again = acme.post("/v1/sales", json=request(number))
    assert again.json()["counts"]["created"] == 500
    assert counted(site, "SELECT count(*) FROM sale") == accepted + 500
