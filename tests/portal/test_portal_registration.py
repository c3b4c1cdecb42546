"""Registering a work: what was typed stays, what is wrong is said beside its field."""

import pytest

from service.portal.draft import BadPercent, ppm_of


@pytest.mark.parametrize(
    ("text", "ppm"),
    [
        ("100", 1_000_000),
        ("60", 600_000),
        ("33.3333", 333_333),
        ("12,5 %", 125_000),
        (" 0.0001", 1),
    ],
)
def test_a_percentage_is_read_exactly(text, ppm):
    assert ppm_of(text) == ppm


@pytest.mark.parametrize("text", ["", "-1", "1e2", "33.33333", "1000", "half", "٣٣", "50%%"])
def test_what_is_no_percentage_is_refused(text):
    with pytest.raises(BadPercent):
        ppm_of(text)


def test_a_work_is_registered_for_its_holders_and_the_worker_is_called(world, catalogue):
    browser = world.browser("ada")
    answer = browser.send(
        "/works/new",
        title=" The Gull's Ledger ",
        language="en",
        text="Line one.\r\nLine two.",
        own_share="66.6667",
        holder_name=["Bo", ""],
        holder_share=["33.3333", ""],
    )
    assert answer.status_code == 303, answer.text
    assert world.bell.rings == 1
    said = browser.text(answer.headers["location"])
    for sentence in (
        "Registered. It earns from sales from now on",
        "The Gull's Ledger",
        "Registered 2026-02-10 12:00 UTC",
        "19 characters",
        "Ada (you) 66.6667 %",
        "Bo 33.3333 %",
        "Line one. Line two.",
    ):
        assert sentence in said


def test_every_wrong_field_is_named_and_everything_typed_stays(world, catalogue):
    browser = world.browser("ada")
    answer = browser.send(
        "/works/new",
        title="",
        language="english",
        text="Kept <b>text</b>",
        own_share="60",
        holder_name="Bo",
        holder_share="30",
    )
    assert answer.status_code == 422
    for said in (
        'id="title-error">Must not be empty.<',
        'id="language-error">Write a code like en, de or pt-BR.<',
        'id="holders-error">The shares make 90 %, not 100 %.<',
        "Kept &lt;b&gt;text&lt;/b&gt;</textarea>",
        'value="english"',
        'name="own_share" value="60"',
        'value="Bo"',
        'value="30"',
    ):
        assert said in answer.text
    assert world.bell.rings == 0
    assert "english" not in browser.text("/works")


WRONG = [
    ({"text": " \n "}, 'id="text-error">Must not be empty.<'),
    ({"text": "The text of Essay on Salt."}, 'id="text-error">This text is registered as work'),
    ({"text": "a\0b"}, 'id="text-error">Has a NUL character at position 1.<'),
    ({"own_share": "sixty"}, 'id="holders-error">&#39;sixty&#39; is no percentage'),
    ({"own_share": "0"}, 'id="holders-error">The shares make 0 %, not 100 %.<'),
    (
        {"own_share": "50", "holder_name": "Ada", "holder_share": "50"},
        'id="holders-error">Holder Ada is named twice.<',
    ),
    (
        {"own_share": "50", "holder_name": "Twin", "holder_share": "50"},
        'id="holders-error">Several holders are named &#39;Twin&#39;',
    ),
    (
        {"own_share": "50", "holder_name": "", "holder_share": "50"},
        'id="holders-error">Must not be empty.<',
    ),
    (
        {"own_share": "0", "holder_name": "Bo", "holder_share": "100"},
        'id="holders-error">Share of ',
    ),
]


def test_a_refusal_stands_beside_its_field_and_nothing_is_stored(world, catalogue):
    world.holder("Twin")
    world.holder("Twin")
    browser = world.browser("ada")
    good = {"title": "Brine", "language": "en", "text": "Something new.", "own_share": "100"}
    for fields, said in WRONG:
        answer = browser.send("/works/new", **(good | fields))
        assert answer.status_code == 422
        assert said in answer.text
    assert "Brine" not in browser.text("/works")


def test_another_row_for_a_holder_loses_nothing(world, catalogue):
    answer = world.browser("ada").send("/works/new", title="T", text="x", own_share="5", more="1")
    assert answer.status_code == 200
    assert answer.text.count('name="holder_name"') == 1
    assert 'name="title" value="T"' in answer.text


def test_a_text_of_megabytes_is_taken_and_one_past_the_limit_is_not(world, catalogue):
    browser = world.browser("ada")
    good = {"title": "Long", "language": "zh", "own_share": "100", "csrf_token": browser.token()}
    long = "潮" * 1_600_000
    for text, status in ((long, 303), (long + "汐" * 80_000, 422)):
        files = {name: (None, value) for name, value in (good | {"text": text}).items()}
        answer = browser.client.post("/works/new", files=files, headers={"accept": "text/html"})
        assert answer.status_code == status
    assert "The text has 5040000 bytes, at most 5000000 are taken." in answer.text


def send_file(world, name, content, **fields):
    browser = world.browser("ada")
    typed = {"title": "Notes", "language": "en", "text": "", "own_share": "100"} | fields
    return browser.client.post(
        "/works/new",
        data={"csrf_token": browser.token()} | typed,
        files={"file": (name, content, "application/octet-stream")},
        headers={"accept": "text/html"},
    )


def test_the_text_of_a_file_is_registered(world, catalogue):
    answer = send_file(world, "notes.txt", b"The tide keeps no ledger.")
    assert answer.status_code == 303
    page = world.browser("ada").text(answer.headers["location"])
    assert "The tide keeps no ledger." in page


def test_a_file_that_is_not_what_it_says_is_refused_beside_its_field(world, catalogue):
    for name, content, rule in (
        ("notes.exe", b"MZ", "must end in one of"),
        ("notes.pdf", b"The tide", "Its name says pdf, but it holds"),
        ("notes.docx", b"PK\x03\x04broken", ""),
        ("empty.txt", b"", "It holds no text"),
    ):
        answer = send_file(world, name, content)
        assert answer.status_code == 422
        assert rule in answer.text.split('id="file-error">')[1].split("</p>")[0]
        assert 'value="Notes"' in answer.text


def test_the_text_of_a_file_is_kept_while_another_field_is_wrong(world, catalogue):
    answer = send_file(world, "notes.txt", b"The tide keeps no ledger.", title="")
    assert answer.status_code == 422
    assert "The tide keeps no ledger.</textarea>" in answer.text


def test_a_name_with_what_cannot_be_seen_is_no_second_holder(world, catalogue):
    sent = {"title": "Song\u202e", "language": "en", "text": "La.", "own_share": "50"}
    browser = world.browser("ada")
    answer = browser.send("/works/new", **sent, holder_name=["B\u200bo"], holder_share=["50"])
    assert answer.status_code == 303
    page = browser.get(answer.headers["location"]).text
    assert "\u202e" not in page
    assert "\u200b" not in page
    assert "Song" in world.browser("bo").text("/works")


def test_a_name_of_letters_that_look_alike_is_refused(world, catalogue):
    sent = {"title": "Song", "language": "en", "text": "La.", "own_share": "50"}
    answer = world.browser("ada").send(
        "/works/new", **sent, holder_name=["B\u043e"], holder_share=["50"]
    )
    assert answer.status_code == 422
    assert "mixes Cyrillic and Latin letters" in answer.text
