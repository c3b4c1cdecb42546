"""Every format has the same limits: bytes, also of what is compressed, items, values and depth."""

import gzip
import json
import sys
import tracemalloc
import zlib
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from report_forms import FORMS

MOST_BYTES = 20_000_000
OF_JSON = {name: form for name, form in FORMS.items() if form.encoding == "identity"}
each_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
each_of_json = pytest.mark.parametrize("form", OF_JSON.values(), ids=OF_JSON.keys())
PROTOBUF = {"Content-Type": "application/x-protobuf"}


def refused(answer) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


@each_form
def test_a_report_has_twenty_megabytes(shared_site, form):
    acme = shared_site.vendor()

    answer = acme.post(form.path, content=b" " * (MOST_BYTES + 1), headers=form.headers)

    assert refused(answer) == (413, "body-too-large")


@each_form
def test_a_report_has_ten_thousand_items(shared_site, form):
    item = {"text": "x"} if form.path != "/v1/traces" else {}
    many = [form.sale(f"s{n:05}", **item) for n in range(10_001)]

    answer = form.sends(shared_site.vendor(), many)

    assert answer.status_code == 413
    assert answer.json()["code"] in {"too-many-sales", "too-many-values"}
    assert shared_site.vendor().get("/v1/sales").json()["data"] == []


@each_of_json
@pytest.mark.parametrize("levels", [33, 100_000])
def test_nothing_is_nested_deeper_than_32_levels(shared_site, form, levels):
    body = b"[" * levels + b"]" * levels

    answer = shared_site.vendor().post(form.path, content=body, headers=form.headers)

    assert answer.status_code in {200, 400}
    assert b"nested deeper than 32 levels" in answer.content


@each_of_json
def test_a_million_values_are_refused(shared_site, form):
    body = b"[" + b"0," * 1_000_000 + b"0]"

    answer = shared_site.vendor().post(form.path, content=body, headers=form.headers)

    assert answer.status_code in {200, 413}
    assert b"holds more than 250000 values" in answer.content


BOMBS = {
    "gzip": lambda: gzip.compress(b"\x0a\x00" * 50_000_000, 9),
    "deflate": lambda: zlib.compress(b"\x0a\x00" * 50_000_000, 9),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_goes_off_at_the_limit(shared_site, encoding):
    bomb, acme = BOMBS[encoding](), shared_site.vendor()
    assert len(bomb) < 200_000

    tracemalloc.start()
    answer = acme.post(
        "/v1/traces", content=bomb, headers=PROTOBUF | {"Content-Encoding": encoding}
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused(answer) == (413, "body-too-large")
    assert peak < 4 * MOST_BYTES


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not compressed",
        gzip.compress(b"x" * 100)[:-4],
        gzip.compress(b"") + b"more",
        gzip.compress(b"") * 2,
        zlib.compress(b""),
    ],
    ids=["nothing", "plain", "cut short", "more after it", "twice", "zlib"],
)
def test_what_is_not_compressed_as_it_says_is_refused(shared_site, body):
    headers = PROTOBUF | {"Content-Encoding": "gzip"}

    answer = shared_site.vendor().post("/v1/traces", content=body, headers=headers)

    assert refused(answer) == (400, "bad-compression")


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_other_compressions_are_not_taken(shared_site, encoding):
    headers = PROTOBUF | {"Content-Encoding": encoding}

    answer = shared_site.vendor().post("/v1/traces", content=b"x", headers=headers)

    assert refused(answer) == (415, "wrong-media-type")
    assert "other than gzip or deflate" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/v1/sales", "/v1/sales/litellm", "/v1/traces", "/api/v1/events"])
def test_other_media_types_are_not_taken(shared_site, path):
    answer = shared_site.vendor().post(path, content=b"{}", headers={"Content-Type": "text/plain"})

    assert refused(answer) == (415, "wrong-media-type")


@pytest.mark.parametrize("path", ["/v1/sales", "/api/v1/events"])
def test_a_batch_of_events_is_an_array(shared_site, path):
    body = json.dumps(FORMS["cloudevents"].sale("a"))
    kind = {"Content-Type": "application/cloudevents-batch+json"}

    answer = shared_site.vendor().post(path, content=body, headers=kind)

    assert refused(answer) == (400, "bad-json")
    assert answer.json()["errors"] == [{"place": "body", "rule": "must be an array of events"}]
