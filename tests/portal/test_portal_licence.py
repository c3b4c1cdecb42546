"""The editor of licence terms: what counts, what machines will read, what one may set alone."""


def asked(**fields):
    return {
        "valid_from": "2026-03-01",
        "uses": ["output", "training"],
        "multiplier": "150",
        "uri": "https://example.org/essay",
        "seen": "0",
        "action": "set",
    } | fields


def test_the_usual_terms_are_told_where_none_are_set(world, catalogue):
    said = world.browser("ada").text(f"/works/{catalogue.essay}/licence")
    assert "The usual terms: output by every vendor, at the usual royalty" in said
    assert "not before 2026-02-12" in said


def test_terms_are_set_from_a_day_on(world, catalogue):
    browser, path = world.browser("ada"), f"/works/{catalogue.essay}/licence"
    answer = browser.send(path, **asked(excluded=["acme"], embargo_until="2026-04-01"))
    assert answer.headers["location"] == f"{path}?done=licence-kept"
    said = browser.text(path)
    assert (
        "2026-03-01 output, training, at 150 % of the usual royalty, nothing before 2026-04-01, "
        "not for Acme waiting"
    ) in said


def test_a_preview_shows_the_rsl_and_sets_nothing(world, catalogue):
    browser, path = world.browser("ada"), f"/works/{catalogue.essay}/licence"
    page = browser.send(path, **asked(action="preview")).text
    assert "&lt;permits type=&#34;usage&#34;&gt;ai-input ai-train&lt;/permits&gt;" in page
    assert "https://example.org/essay" in page
    assert "The usual terms" in browser.text(path)


def test_what_is_wrong_stands_beside_its_field(world, catalogue):
    browser, path = world.browser("ada"), f"/works/{catalogue.essay}/licence"
    for field, typed in (
        ("valid_from", "soon"),
        ("multiplier", "a lot"),
        ("embargo_until", "never"),
        ("uri", "javascript:alert(1)"),
    ):
        answer = browser.send(path, **asked(**{field: typed}))
        assert answer.status_code == 422
        assert f'id="{field}-error"' in answer.text
        assert f'value="{typed}"' in answer.text


def test_terms_changed_meanwhile_are_not_set_over(world, catalogue):
    browser, path = world.browser("ada"), f"/works/{catalogue.essay}/licence"
    browser.send(path, **asked())
    answer = browser.send(path, **asked(valid_from="2026-03-02"))
    assert "was changed meanwhile" in answer.text


def test_one_of_several_holders_may_only_tighten(world, catalogue):
    browser, path = world.browser("bo"), f"/works/{catalogue.ode}/licence"
    answer = browser.send(path, **asked())
    assert answer.status_code == 422
    assert "by yourself you may forbid uses" in answer.text
    assert browser.send(path, **asked(uses=[], multiplier="100")).status_code == 303


def test_terms_of_others_are_not_there(world, catalogue):
    browser, path = world.browser("bo"), f"/works/{catalogue.essay}/licence"
    assert browser.get(path).status_code == 404
    assert browser.send(path, **asked()).status_code == 404
