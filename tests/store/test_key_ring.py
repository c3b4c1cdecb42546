import base64
import stat

import pytest

from service.store.key_ring import BadKeys, KeyMissing, KeyRing, Sealed, load, parse

OLD, NEW = bytes(range(32)), bytes(range(1, 33))
RING = KeyRing("new", {"new": NEW, "old": OLD})


def named(**keys):
    return ",".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in keys.items())


def test_what_is_sealed_opens_with_its_key_and_about_the_same():
    sealed = RING.seal(b"DE89370400440532013000", about="payee 7")
    assert sealed.key_id == "new"
    assert b"DE89" not in sealed.content
    assert RING.open(sealed, about="payee 7") == b"DE89370400440532013000"


@pytest.mark.parametrize(
    ("key_id", "about", "changed"),
    [("new", "payee 8", 0), ("new", "payee 7", 1), ("old", "payee 7", 0), ("gone", "payee 7", 0)],
)
def test_of_another_payee_with_another_key_or_changed_it_does_not_open(key_id, about, changed):
    sealed = RING.seal(b"x", about="payee 7")
    content = bytes([sealed.content[0] ^ changed]) + sealed.content[1:]
    with pytest.raises(KeyMissing, match="cannot be opened"):
        RING.open(Sealed(key_id, sealed.nonce, content), about=about)


def test_the_same_account_sealed_twice_shows_no_likeness():
    one, two = (RING.seal(b"x" * 22, about="a") for _ in range(2))
    assert one.content != two.content


def test_the_first_key_is_the_current_one_and_none_is_printed():
    ring = parse(named(new=NEW, old=OLD))
    assert (ring.current, dict(ring.keys)) == ("new", {"new": NEW, "old": OLD})
    assert repr(ring) == "KeyRing(current='new')"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", "each is name:base64"),
        ("New:AAAA", "each is name:base64"),
        ("new:!!", "is not base64"),
        ("new:AAAA", "has 3 bytes, it takes 32"),
        (named(new=NEW) + "," + named(new=OLD), "is there twice"),
    ],
)
def test_keys_that_are_none_are_refused_without_being_repeated(text, rule):
    with pytest.raises(BadKeys, match=rule):
        parse(text)


def test_an_embedded_installation_makes_its_own_key_once(tmp_path):
    home = tmp_path / "var"
    made = load(None, home, embedded=True)
    assert load(None, home, embedded=True) == made
    assert stat.S_IMODE((home / "payee.keys").stat().st_mode) == 0o600
    assert len(made.keys["home"]) == 32
    assert [path.name for path in home.iterdir()] == ["payee.keys"]


def test_any_other_installation_is_given_its_keys(tmp_path):
    with pytest.raises(BadKeys, match="set WELLSPRING_PAYEE_KEYS"):
        load(None, tmp_path, embedded=False)
    assert load(named(a=NEW), tmp_path, embedded=False).current == "a"
