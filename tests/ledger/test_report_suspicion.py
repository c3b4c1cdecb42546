"""A text that was made to match nothing is told from one that was written."""

import pytest

from service.ledger.report_suspicion import Sign, Suspicion, is_garbled

WRITTEN = (
    "The lighthouse at Varnholm turned its lamp once every eleven seconds through the winter. "
    "Its keeper wrote the height of every tide in violet ink on the back of old invoices."
)


@pytest.mark.parametrize(
    "text",
    [
        WRITTEN,
        "def total(rows):\n    return sum(row.amount for row in rows if row.currency == 'USD')\n",
        "Der Müller mahlt das Korn am Bach, und abends zählt er müde seine Säcke im Schuppen.",
        "潮は帳簿をつけない。それでも日に二度、誰が見ていようと、貝と塩で岸に支払いをする。岸はそれを知っている。",
        "short",
        "",
    ],
)
def test_what_was_written_is_not_garbled(text):
    assert not is_garbled(text)


@pytest.mark.parametrize(
    "text",
    [
        "xkqz vbnmt qwrtp lkjhg zxcvb mnbvc plkjh gfdsq wrtpl kjhgf dszxc vbnmq",
        WRITTEN.replace(" ", " \u200b\u2060"),
        "#%&/()=?!;:_-*+'<>|@~{}[]0123456789" * 3,
        "tide " * 60,
        "a" * 35 + " " + " ".join(["b" * 31] * 12),
    ],
)
def test_what_nobody_would_write_is(text):
    assert is_garbled(text)


def test_a_sign_is_raised_by_a_tenth():
    assert Suspicion(Sign.TEXT_WITHHELD, 1, 10).is_raised
    assert not Suspicion(Sign.TEXT_WITHHELD, 9, 100).is_raised
    assert not Suspicion(Sign.TEXT_WITHHELD, 0, 0).is_raised
