"""What was accepted is signed for, checked without us, and numbers that have not come are told."""

import hashlib
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from worker import report_receipt_check
from worker.receipt_check import ReceiptRefused


def a_sale(name, tokens=1):
    return {
        "id": name,
        "tier": "elite",
        "output_tokens": tokens,
        "sold_at": "2026-02-01T00:00:00Z",
    }


def receipt_for(vendor, *sales, **headers):
    answer = vendor.post("/v1/sales", json=list(sales), headers=headers)
    assert answer.status_code == 200
    return vendor.get(f"/v1/report-receipts/{answer.headers['Wellspring-Receipt']}").json()


def public_key(site):
    (key,) = site.anonymous().get("/v1/receipt-keys").json()["data"]
    return bytes.fromhex(key["public_key"])


def test_each_accepted_report_has_a_receipt_that_anybody_checks(site):
    acme = site.vendor()

    one = receipt_for(acme, a_sale("b"), a_sale("a"))

    signature = bytes.fromhex(one.pop("signature"))
    said = json.dumps(one, sort_keys=True, separators=(",", ":")).encode()
    Ed25519PublicKey.from_public_bytes(public_key(site)).verify(signature, said)
    assert one["format"] == "wellspring-report-receipt/1"
    assert (one["leaf"]["vendor"], one["leaf"]["count"]) == ("acme", "2")
    assert one["leaf"]["accepted_at"] == "2026-02-10T12:00:00.000000Z"
    assert one["leaf"]["ids"] == hashlib.sha256(b"a\0b\0").hexdigest()


def test_what_is_reported_again_has_the_receipt_it_had(site):
    acme = site.vendor()
    first = receipt_for(acme, a_sale("a"), a_sale("b"))
    site.clock.now = site.clock.now.replace(hour=23)

    assert receipt_for(acme, a_sale("b"), a_sale("a"), a_sale("a")) == first
    assert len(acme.get("/v1/report-receipts").json()["data"]) == 1
    assert receipt_for(acme, a_sale("a")) != first


def test_only_what_was_accepted_is_signed_for(site):
    acme = site.vendor()

    one = receipt_for(acme, a_sale("a"), a_sale("bad", -1), a_sale("a", 2))
    refused = acme.post("/v1/sales", json=[a_sale("bad", -1)])

    assert one["leaf"]["count"] == "1"
    assert one["leaf"]["ids"] == hashlib.sha256(b"a\0").hexdigest()
    assert "Wellspring-Receipt" not in refused.headers


def test_a_receipt_of_another_vendor_is_not_found(site):
    answer = site.vendor().post("/v1/sales", json=[a_sale("a")])
    url = f"/v1/report-receipts/{answer.headers['Wellspring-Receipt']}"

    found = site.vendor("Borealis").get(url)

    assert (found.status_code, found.json()["code"]) == (404, "receipt-not-found")
    assert site.operator().get(url).status_code == 200
    assert site.vendor().get("/v1/report-receipts/xyz").status_code == 404


def test_a_changed_receipt_and_other_ids_are_told(site):
    one, key = receipt_for(site.vendor(), a_sale("a")), public_key(site)

    def checked(value, ids=None):
        return report_receipt_check.check(value, public_key=key, ids=ids).are_these_ids

    assert checked(one) is None
    assert checked(one, ["a"]) is True
    assert checked(one, ["a", "b"]) is False
    with pytest.raises(ReceiptRefused, match="the signature does not fit"):
        checked(one | {"leaf": one["leaf"] | {"count": "2"}})
    with pytest.raises(ReceiptRefused, match="another key"):
        report_receipt_check.check(one, public_key=bytes(32), ids=None)


def numbered(stream, sequence):
    return {"Wellspring-Stream": stream, "Wellspring-Sequence": str(sequence)}


def gaps(asker):
    found = asker.get("/v1/sequence-gaps").json()["data"]
    return [(one["stream"], one["first"], one["last"]) for one in found]


def test_numbers_that_have_not_come_are_listed_until_they_do(site):
    acme = site.vendor()
    for number in (2, 3, 6):
        acme.post("/v1/sales", json=[a_sale(f"s{number}")], headers=numbered("eu-1", number))
    acme.post("/v1/sales", json=[a_sale("u")], headers=numbered("us-1", 1))

    assert gaps(acme) == [("eu-1", 1, 1), ("eu-1", 4, 5)]
    assert gaps(site.vendor("Borealis")) == []
    acme.post("/v1/sales", json=[], headers=numbered("eu-1", 4))
    acme.post("/v1/sales", json=[a_sale("s1")], headers=numbered("eu-1", 1))
    assert gaps(site.operator()) == [("eu-1", 5, 5)]


def test_gaps_are_paged(site):
    acme = site.vendor()
    for number in (2, 4, 6):
        acme.post("/v1/sales", json=[a_sale(f"s{number}")], headers=numbered("eu", number))

    first = acme.get("/v1/sequence-gaps", params={"limit": 2}).json()
    rest = acme.get("/v1/sequence-gaps", params={"after": first["next"]}).json()

    assert [one["first"] for one in first["data"] + rest["data"]] == [1, 3, 5]
    assert acme.get("/v1/sequence-gaps", params={"after": "x"}).json()["code"] == "bad-cursor"


def test_a_number_has_one_report(site):
    acme = site.vendor()
    for _ in range(2):
        sent = acme.post("/v1/sales", json=[a_sale("a")], headers=numbered("eu", 1))
        assert sent.status_code == 200

    other = acme.post("/v1/sales", json=[a_sale("b")], headers=numbered("eu", 1))

    assert (other.status_code, other.json()["code"]) == (409, "sequence-taken")
    assert acme.get("/v1/sales/b").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Wellspring-Stream": "eu"},
        {"Wellspring-Sequence": "1"},
        numbered("eu", -1),
        numbered("eu", 2**63),
        numbered("e u", 1),
        numbered("x" * 101, 1),
        numbered("eu", "1e3"),
    ],
)
def test_a_place_in_a_stream_that_is_none_is_refused(shared_site, headers):
    acme = shared_site.vendor()

    answer = acme.post("/v1/sales", json=[a_sale("odd")], headers=headers)

    assert answer.status_code == 422
    assert acme.get("/v1/sales/odd").status_code == 404
