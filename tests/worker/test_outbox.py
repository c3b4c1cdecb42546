"""Letters with statements: each sent once whatever fails, and nothing smuggled into a header."""

import email
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.policy import default

import pytest
from mail_servers import a_closed_port, a_mail_server
from sqlalchemy import text
from worker_process import dies

from service.api.statement_documents import load
from service.ledger.period import Period
from service.ledger.tiers import Tier
from service.settings import Settings
from service.store import mail, reissues, statements
from service.store.database import unit_of_work
from service.store.mail import BadAddress, Letter, LetterNotFound, MailState, NothingToDecide
from service.store.printed_names import HOLDER, Subject
from service.store.reissues import DocumentNumber
from worker.outbox import mail_server
from worker.outbox.delivery import NoSender, Outbox, deliver_all, deliver_next, outbox_of
from worker.outbox.letters import message_of
from worker.outbox.mail_server import BadMailServer, SmtpServer

JANUARY = datetime(2026, 1, 20, tzinfo=UTC)
SENDER = "statements@example.org"


@pytest.fixture
def stated(village, texts):
    """Close January for Ada, Ben and Cleo; Ada and Ben have addresses."""
    village.registers("Ode", texts.ode, {"Ada": 500_000, "Ben": 300_000, "Cleo": 200_000})
    village.sells("one", text=texts.ode, tier=Tier.PREMIUM, tokens=1_000_000, at=JANUARY)
    village.works()
    village.closes("2026-01")
    gives(village, "Ada", "ada@example.org", locale="de")
    gives(village, "Ben", "ben@example.org")
    return village


def holder(town, name):
    return town.tells(f"SELECT party_id FROM party WHERE name = '{name}'")[0][0]


def gives(town, name, address, *, locale=""):
    with unit_of_work(town.database) as session:
        mail.set_address(session, holder(town, name), address, locale=locale, now=town.clock())


def queues(town) -> int:
    with unit_of_work(town.database) as session:
        return mail.queue(session, Period(202601), now=town.clock())


def delivers(town, folder, server=None) -> int:
    return deliver_all(town.database, Outbox(folder, SENDER, server), clock=town.clock)


def stands(town) -> list:
    return town.tells("SELECT state, attempts, answer FROM mail ORDER BY mail_id")


def read(path):
    return email.message_from_bytes(path.read_bytes(), policy=default)


def test_each_statement_with_an_address_becomes_one_file_of_text_and_page(stated, tmp_path):
    assert (queues(stated), delivers(stated, tmp_path)) == (2, 2)
    assert (queues(stated), delivers(stated, tmp_path)) == (0, 0)

    ada, ben = sorted(tmp_path.glob("*.eml"))
    letter = read(ada)
    assert (letter["From"], letter["To"]) == (SENDER, "Ada <ada@example.org>")
    assert letter["Subject"] == f"Statement {ada.stem}: 2026-01, USD"
    assert letter["Message-ID"] == f"<statement-{ada.stem}@example.org>"
    assert letter.get_content_type() == "multipart/alternative"
    plain, page = (part.get_content() for part in letter.iter_parts())
    assert "Opening balance                              0,00 USD" in plain
    assert "Ode | Acme | premium | 2026-01 | 1 | 1.000.000 | 0,54 | 50 % | 0,27" in plain
    assert "payable once the vendor has paid." in plain
    assert page.startswith("<!doctype html>")
    assert "<dd>0,27 <abbr" in page
    assert "0.162 USD" in read(ben).get_body(("plain",)).get_content()  # no locale, no commas
    assert [row[0] for row in stands(stated)] == ["sent", "sent"]


def test_a_letter_has_the_same_bytes_each_time_it_is_written(stated, tmp_path):
    queues(stated)
    delivers(stated, tmp_path / "one")
    with unit_of_work(stated.database) as session:
        session.execute(text("UPDATE mail SET state = 'waiting'"))
    delivers(stated, tmp_path / "two")
    one, two = (sorted((tmp_path / name).iterdir()) for name in ("one", "two"))
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]


def test_what_is_issued_again_is_sent_as_a_letter_of_its_own(stated, tmp_path):
    queues(stated)
    delivers(stated, tmp_path)
    with unit_of_work(stated.database) as session:
        number = statements.listing(session)[0].number
        issued = statements.get(session, number)
        names = {Subject(HOLDER, issued.statement.holder_id): "Ada Lovelace"}
        facts = {"reason": "Misspelt.", "by": "operator", "now": stated.clock()}
        reissues.insert(session, issued.statement_id, number, names, **facts)

    assert (queues(stated), delivers(stated, tmp_path)) == (1, 1)

    assert "takes the place of" in read(tmp_path / f"{number}-R1.eml").get_body().get_content()


@pytest.mark.parametrize(
    "name",
    [
        "Ada\r\nBcc: eve@example.org",
        "Ada\nSubject: won",
        "Ada\u2028X-Header: y",
        '"Ada" <eve@example.org>, Ben',
        "Ada\u202eevE",
        "\u674e\u660e",
        "A" * 500,
    ],
)
def test_a_name_says_nothing_but_a_name_in_a_header(stated, name):
    number = stated.tells("SELECT min(number) FROM statement")[0][0]
    with unit_of_work(stated.database) as session:
        document = replace(load(session, number), holder_name=name)
    claimed = Letter(1, DocumentNumber(number), "ada@example.org", "", 0, JANUARY)
    letter = email.message_from_bytes(message_of(claimed, document, sender=SENDER), policy=default)
    (to,) = letter["To"].addresses
    assert to.addr_spec == "ada@example.org"
    assert not set("\r\n\u2028\u202e") & set(to.display_name)
    assert sorted(letter.keys()) == sorted(
        [
            *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
            *("Content-Language", "MIME-Version", "Content-Type"),
        ]
    )


@pytest.mark.parametrize(
    "address",
    [
        "", "ada", "@example.org", "ada@", "ada@example", "a b@example.org", "ada@exa mple.org",
        "ada@example.org\nBcc: x@example.org", "ada@example.org\r\n", "<ada@example.org>",
        "a@b@example.org", "ada@-example.org", "ada@example..org", ".a@example.org",
        "\u00e4da@example.org", "a" * 250 + "@example.org", "ada@" + "x" * 70 + ".org",
        "ada@example.org,eve@example.org", "ada@[127.0.0.1]", "\0@example.org",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused_by_name(stated, address):
    with pytest.raises(BadAddress, match="is no mail address"):
        gives(stated, "Cleo", address)


def test_a_domain_of_other_letters_is_kept_in_ascii(stated):
    gives(stated, "Cleo", "cleo@b\u00fccher.example")
    rows = stated.tells("SELECT address FROM mail_address ORDER BY 1")
    assert ("cleo@xn--bcher-kva.example",) in rows


def test_a_mail_server_takes_each_letter_once(stated, tmp_path):
    queues(stated)
    with a_mail_server() as script:
        assert delivers(stated, tmp_path, script.server()) == 2
        assert delivers(stated, tmp_path, script.server()) == 0
    assert [(sender, to) for sender, to, _ in script.letters] == [
        (f"<{SENDER}>", "<ada@example.org>"),
        (f"<{SENDER}>", "<ben@example.org>"),
    ]
    assert script.letters[0][2] == min(tmp_path.glob("*.eml")).read_bytes()
    assert stands(stated) == [("sent", 1, "250 taken as 7"), ("sent", 1, "250 taken as 7")]


@pytest.mark.parametrize(
    ("told", "state", "answer"),
    [
        ({"answers": {"MAIL": "451 later"}}, "waiting", "451 later"),
        ({"answers": {"RCPT": "450 full"}}, "waiting", "450 full"),
        ({"answers": {"DATA": "421 busy"}}, "waiting", "421 busy"),
        ({"answers": {"LETTER": "452 no room"}}, "waiting", "452 no room"),
        ({"drops": "RCPT"}, "waiting", "SMTPServerDisconnected: Connection unexpectedly closed"),
        ({"answers": {"RCPT": "550 nobody"}}, "refused", "550 nobody"),
        ({"answers": {"LETTER": "554 spam"}}, "refused", "554 spam"),
        ({"drops": "LETTER"}, "sending", "SMTPServerDisconnected: Connection unexpectedly closed"),
        ({"answers": {"QUIT": "500 what"}}, "sent", "250 taken as 7"),
        ({"drops": "QUIT"}, "sent", "250 taken as 7"),
    ],
)
def test_what_a_mail_server_may_answer(stated, tmp_path, told, state, answer):
    queues(stated)
    with a_mail_server(**told) as script:
        deliver_next(stated.database, Outbox(tmp_path, SENDER, script.server()), clock=stated.clock)
    assert stands(stated)[0] == (state, 1, answer)


def test_a_letter_that_was_not_taken_is_tried_again_later_and_given_up_in_the_end(stated, tmp_path):
    queues(stated)
    away = SmtpServer("127.0.0.1", a_closed_port(), False, "", "")  # noqa: FBT003
    tries = []
    while delivers(stated, tmp_path, away):
        (due,) = stated.tells("SELECT min(next_try_at) FROM mail WHERE state = 'waiting'")[0:1]
        if due[0]:
            tries.append(int((due[0] - stated.clock.now).total_seconds() // 60))
            stated.clock.now = due[0]
    assert tries == [1, 5, 30, 120, 360, 720, 1_440]
    assert {(row[0], row[1]) for row in stands(stated)} == {("refused", 8)}
    assert stands(stated)[0][2].startswith("gave up: ConnectionRefusedError")


def test_a_letter_whose_answer_never_came_is_left_to_an_operator(stated, tmp_path):
    queues(stated)
    with a_mail_server(drops="LETTER") as script:
        delivers(stated, tmp_path, script.server())
    assert len(script.letters) == 2
    first, second = (row[0] for row in stated.tells("SELECT mail_id FROM mail ORDER BY 1"))
    with a_mail_server() as script:
        stated.clock.now += timedelta(days=30)
        assert delivers(stated, tmp_path, script.server()) == 0
        with unit_of_work(stated.database) as session:
            mail.decide(session, first, arrived=True, now=stated.clock())
            mail.decide(session, second, arrived=False, now=stated.clock())
        assert delivers(stated, tmp_path, script.server()) == 1
    assert [to for _, to, _ in script.letters] == ["<ben@example.org>"]
    assert [row[0] for row in stands(stated)] == ["sent", "sent"]


def test_nothing_is_decided_of_a_letter_that_may_be_under_way(stated, tmp_path):
    queues(stated)
    with a_mail_server(drops="LETTER") as script:
        delivers(stated, tmp_path, script.server())
    number = stated.tells("SELECT min(mail_id) FROM mail")[0][0]

    def decide(of):
        with unit_of_work(stated.database) as session:
            mail.decide(session, of, arrived=False, now=stated.clock())

    with pytest.raises(NothingToDecide, match="may be sending right now"):
        decide(number)
    with pytest.raises(LetterNotFound, match="no letter 99"):
        decide(99)
    with unit_of_work(stated.database) as session:
        mail.ended(session, number, MailState.SENT, answer="", now=stated.clock())
    with pytest.raises(NothingToDecide, match="is sent: there is nothing to decide"):
        decide(number)


@pytest.mark.parametrize(
    ("step", "turns", "arrive", "left"),
    [
        ("worker.rendering:put", 1, 2, ["sent", "sent"]),
        ("service.store.mail:sending", 1, 2, ["sent", "sent"]),
        ("worker.outbox.mail_server:_hand_over", 1, 2, ["sending", "sent"]),
        ("worker.outbox.mail_server:_hand_over", 2, 2, ["sent", "sending"]),
        ("service.store.mail:ended", 1, 2, ["sending", "sent"]),
    ],
)
def test_a_worker_killed_while_sending_sends_nothing_twice(
    stated, urls, tmp_path, step, turns, arrive, left
):
    queues(stated)
    with a_mail_server() as script:
        dies(urls.app, tmp_path, f"mail:{script.port}", step, turns)
        stated.clock.now += timedelta(days=1)
        delivers(stated, tmp_path / "outbox", script.server())
    assert len(script.letters) == len({to for _, to, _ in script.letters}) == arrive
    assert [row[0] for row in stands(stated)] == left


def test_a_letter_whose_holder_has_no_address_any_more_is_refused(stated, tmp_path):
    queues(stated)
    with unit_of_work(stated.database) as session:
        assert mail.remove_address(session, holder(stated, "Ada"))
        assert not mail.remove_address(session, holder(stated, "Cleo"))
    assert delivers(stated, tmp_path) == 2
    assert [row[0] for row in stands(stated)] == ["refused", "sent"]
    assert len(list(tmp_path.glob("*.eml"))) == 1


def test_settings_name_the_outbox(tmp_path):
    settings = Settings(home=tmp_path, mail_from=SENDER, smtp_url="smtp://u:p%40ss@example.org")
    outbox = outbox_of(settings)
    assert (outbox.folder, outbox.sender) == (tmp_path / "outbox", SENDER)
    assert outbox.server == SmtpServer("example.org", 587, False, "u", "p@ss")  # noqa: FBT003
    assert "p%40ss" not in repr(settings)
    assert outbox_of(replaced(settings, "smtps://h")).server.port == 465
    for bad in ("ftp://x", "smtp://", "smtp://h:99999", "example.org"):
        with pytest.raises(BadMailServer, match="WELLSPRING_SMTP_URL"):
            outbox_of(replaced(settings, bad))
    with pytest.raises(NoSender, match="WELLSPRING_MAIL_FROM"):
        outbox_of(Settings(home=tmp_path))


def replaced(settings, url):
    return Settings(home=settings.home, mail_from=settings.mail_from, smtp_url=url)


def test_a_password_is_not_sent_in_the_clear(stated, tmp_path, monkeypatch):
    monkeypatch.setattr(mail_server, "_LOOPBACK", frozenset())
    queues(stated)
    with a_mail_server() as script:
        server = replace(script.server(), user="u", password="p")
        outbox = Outbox(tmp_path, SENDER, server)
        deliver_next(stated.database, outbox, clock=stated.clock)
    assert script.letters == []
    told = "the server offers no TLS: the password is not sent in the clear"
    assert stands(stated)[0] == ("waiting", 1, told)


def test_commands_keep_addresses_queue_and_list(stated, wellspring, tmp_path, monkeypatch):
    number = holder(stated, "Cleo")
    code, _, err = wellspring("outbox", "queue", "2026-01")
    assert (code, "WELLSPRING_MAIL_FROM: set the address" in err) == (1, True)
    monkeypatch.setenv("WELLSPRING_MAIL_FROM", SENDER)
    monkeypatch.setenv("WELLSPRING_OUTBOX", str(tmp_path / "letters"))
    code, _, err = wellspring("outbox", "queue", "2026-02")
    assert (code, "period 2026-02 is open, not closed" in err) == (1, True)
    assert wellspring("outbox", "address", number, "cleo@example.org")[0] == 0
    code, out, _ = wellspring("outbox", "queue", "2026-01", "--json")
    assert (code, '"queued": 3' in out, '"tried": 3' in out) == (0, True, True)
    assert len(list((tmp_path / "letters").iterdir())) == 3
    assert wellspring("outbox", "list", "--state", "sent", "--json")[1].count('"sent"') == 3
    code, _, err = wellspring("outbox", "again", "1")
    assert (code, "is sent: there is nothing to decide" in err) == (1, True)
    code, _, err = wellspring("outbox", "address", "999", "x@example.org")
    assert (code, "unknown holder 999" in err) == (1, True)
