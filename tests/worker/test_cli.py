"""The command line as an operator uses it, over a real database."""

import json

import pytest

WORK = {
    "id": "ode",
    "title": "Ode",
    "text": "The lamp turned once every eleven seconds all winter.",
}
SALE = {"id": "s1", "tier": "elite", "output_tokens": 1000, "sold_at": "2026-01-20T10:00:00Z"}


def lines(path, *values):
    rows = [value if isinstance(value, bytes) else json.dumps(value).encode() for value in values]
    path.write_bytes(b"\n".join(rows))
    return path


def test_from_import_to_statement(wellspring, tmp_path):
    works = lines(tmp_path / "works.jsonl", WORK)
    code, out, _ = wellspring(
        "works", "import", works, "--holder", "Ada", "--registered-at", "2026-01-01", "--json"
    )
    assert (code, json.loads(out)) == (0, {"registered": 1, "duplicate": 0})
    sales = lines(tmp_path / "sales.jsonl", SALE, {"id": "s2", "text": WORK["text"], "kind": "x"})
    arguments = ("--vendor", "Acme", "--tier", "premium", "--sold-at", "2026-01-21", "--json")
    code, out, _ = wellspring("sales", "import", sales, *arguments)
    assert code == 0
    assert json.loads(out) == {
        "vendor": "Acme",
        "created": 2,
        "duplicate": 0,
        "conflict": [],
        "tokens_estimated": 1,
        "fields_ignored": ["kind"],
    }
    assert json.loads(wellspring("sales", "import", sales, *arguments)[1])["duplicate"] == 2
    assert wellspring("receipts", "add", "--vendor", "acme", "--amount", "1.00", "--json")[0] == 0
    code, out, _ = wellspring("drain", "--json")
    assert (code, json.loads(out)["sales_settled"]) == (0, 2)
    code, out, _ = wellspring("close", "2026-01", "--json")
    (statement,) = json.loads(out)
    # 9 words and a full stop are 10 tokens: 60,000 nanos, pool 6,000, fee 600.
    assert (code, statement["holder"], statement["earned"]) == (0, "Ada", "0.0000054")
    assert wellspring("verify")[0] == 0
    number = statement["number"]
    assert json.loads(wellspring("statements", "show", number, "--json")[1])["number"] == number
    assert wellspring("statements", "export", number, "--format", "csv")[0] == 0
    assert (tmp_path / f"{number}.csv").exists()
    code, out, _ = wellspring("explain", "sale", "acme/s2")
    assert code == 0
    assert "-600" in out
    assert wellspring("explain", "line", "1", "--json")[0] == 0
    code, _, err = wellspring("close", "2026-01")
    assert (code, err.strip()) == (1, "error: period 2026-01 is closed already")


BAD_WORKS = [
    (b"{", "line 1: "),
    (b"\xff\xfe", "line 1: "),
    ([WORK, {**WORK, "id": "two", "text": " "}], "line 2: text: must not be empty"),
    ([{**WORK, "text": "a\0b"}], "line 1: text: has a NUL"),
    ([{**WORK, "text": "a\ud800b"}], "line 1: text: has a lone surrogate"),
    (
        [{**WORK, "holders": [{"name": "Ada", "share_ppm": 999_999}]}],
        "line 1: shares sum to 999999",
    ),
    ([{**WORK, "holders": [{"name": "Ada", "share_ppm": 0.5}]}], "line 1: holders[0]"),
    ([WORK, WORK], "line 2: id 'ode' is that of line 1"),
    ([WORK, {**WORK, "id": "same"}], "line 2: this text is registered as work"),
]


@pytest.mark.parametrize(("content", "said"), BAD_WORKS)
def test_a_bad_line_is_named_and_nothing_is_stored(wellspring, tmp_path, content, said):
    path = lines(tmp_path / "works.jsonl", *(content if isinstance(content, list) else [content]))
    code, _, err = wellspring("works", "import", path, "--holder", "Ada")
    assert code == 1
    assert said in err
    assert "nothing was stored" in err
    assert json.loads(wellspring("drain", "--json")[1])["works_embedded"] == 0


BAD_SALES = [
    ({**SALE, "tier": "gold"}, "line 1.tier: must be one of free, standard"),
    ({**SALE, "output_tokens": -1}, "line 1.output_tokens: must be a whole number"),
    ({**SALE, "output_tokens": 1.5}, "line 1.output_tokens: must be a whole number"),
    (b'{"id": "x", "tier": "elite", "output_tokens": 1' + b"0" * 400 + b"}", "output_tokens"),
    (b'{"id": "x", "tier": "elite", "output_tokens": NaN}', "line 1: "),
    ({**SALE, "text": ""}, "line 1.text: must not be empty"),
    ({**SALE, "sold_at": "yesterday"}, "line 1.sold_at: must be an instant"),
]


@pytest.mark.parametrize(("value", "said"), BAD_SALES)
def test_a_bad_sale_is_named_with_its_line_and_field(wellspring, tmp_path, value, said):
    path = lines(tmp_path / "sales.jsonl", value)
    code, _, err = wellspring("sales", "import", path, "--vendor", "Acme")
    assert code == 1
    assert said in err


USAGE = [
    (("sales", "import", "works.jsonl", "--vendor", "Nobody"), 1, "unknown vendor 'Nobody'"),
    (("sales", "import", "missing.jsonl", "--vendor", "Acme"), 1, "cannot be read"),
    (("sales", "import", "works.jsonl", "--vendor", "Acme", "--tier", "x"), 1, "unknown tier 'x'"),
    (("works", "import", "works.jsonl", "--registered-at", "soon"), 1, "is not a day"),
    (("works", "import", "works.jsonl", "--registered-at", "2999-01-01"), 1, "lies in the future"),
    (("receipts", "add", "--vendor", "Acme", "--amount", "1e9"), 1, "is not an amount"),
    (("receipts", "add", "--vendor", "Acme", "--amount", "-1"), 1, "must be above zero"),
    (("close", "2026-13"), 1, "is not a period"),
    (("close", "2999-01"), 1, "has not ended"),
    (("statements", "show", "X"), 1, "no statement 'X'"),
    (("explain", "sale", "7"), 1, "no sale '7'"),
    (("explain", "line", "7"), 1, "no line 7"),
    (("attribute", "--works", "no", "--outputs", "no", "--out", "x"), 1, "no"),
    (("nonsense",), 2, "No such command"),
]


@pytest.mark.parametrize(("arguments", "code", "said"), USAGE)
def test_a_refusal_is_one_sentence(wellspring, tmp_path, arguments, code, said):
    lines(tmp_path / "works.jsonl", WORK)
    got, _, err = wellspring(*arguments)
    assert (got, said in err) == (code, True), err


def test_a_database_that_is_away_is_named(wellspring, monkeypatch):
    monkeypatch.setenv("WELLSPRING_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.delenv("WELLSPRING_DATABASE_OWNER_URL")
    code, _, err = wellspring("verify")
    assert (code, "the database cannot be used" in err) == (1, True)


def test_a_bad_setting_is_named(wellspring, monkeypatch):
    monkeypatch.setenv("WELLSPRING_PORT", "eighty")
    code, _, err = wellspring("verify")
    assert (code, "WELLSPRING_PORT" in err) == (1, True)
