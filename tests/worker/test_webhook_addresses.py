"""Where webhooks are sent to, at the moment of connecting: to checked addresses and no others."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from receivers import a_receiver
from sqlalchemy import text
from webhook_scene import Scene

from service.store.database import unit_of_work

NAME = "https://hooks.example.org/x"


@pytest.fixture
def scene(town, tmp_path) -> Scene:
    return Scene(town, tmp_path)


@pytest.fixture(scope="module")
def identity(tmp_path_factory):
    """A certificate for hooks.example.org alone, and the file with its key."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "hooks.example.org")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example.org")]), False)  # noqa: FBT003
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "identity.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def tried(scene):
    """Return what is kept of the only try."""
    ((status, answer),) = scene.tries()
    assert status is None
    return answer


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"), ("127.255.255.254", "loopback"), ("0.0.0.0", "of this network"),
        ("10.1.2.3", "private"), ("172.31.255.255", "private"), ("192.168.0.1", "private"),
        ("169.254.169.254", "link-local"), ("100.127.255.255", "of a carrier's translation"),
        ("224.0.0.1", "multicast"), ("255.255.255.255", "reserved"), ("198.18.0.1", "reserved"),
        ("::1", "loopback"), ("::", "of this network"), ("fd00::1", "private"),
        ("fe80::1", "link-local"), ("fe80::1%eth0", "link-local"), ("ff02::1", "multicast"),
        ("::ffff:127.0.0.1", "an IPv4 address in IPv6"), ("::7f00:1", "reserved"),
        ("2002:7f00:1::", "an IPv4 address in IPv6"), ("64:ff9b::7f00:1", "loopback"),
        ("64:ff9b:1::7f00:1", "reserved"),
    ],
)  # fmt: skip
def test_a_name_that_leads_inside_is_refused_as_it_is_connected_to(new_scene, address, kind):
    """The name led elsewhere as it was saved: nothing of that is believed now."""
    scene = new_scene()
    scene.wants(NAME)
    scene.happens()
    scene.delivers(allowed=(), resolve=lambda *_: ["93.184.215.14", address])
    shown = ip_address(address.partition("%")[0])
    assert tried(scene) == f"ConnectError: url: leads to {shown}, which is {kind}"


@pytest.fixture
def new_scene(database, tmp_path):
    """A scene whose log is empty; all of a test share one town."""
    return lambda: Scene(Books(database), tmp_path)


class Books:
    """Just enough of a town to be told of: a database and a clock."""

    def __init__(self, database):
        self.database = database

    def clock(self):
        return datetime(2026, 3, 10, 12, tzinfo=UTC)

    def tells(self, query):
        with unit_of_work(self.database) as session:
            return [tuple(row) for row in session.execute(text(query))]


def test_the_address_that_was_checked_is_the_one_connected_to(scene):
    """Asked again the name would lead to somebody else: it is not asked again."""
    asked = []

    def rebinds(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with a_receiver() as house:
        scene.wants(f"http://hooks.example.org:{house.port}/x")
        scene.happens()
        scene.delivers(resolve=rebinds)
    (told,) = house.told
    assert told.headers["host"] == f"hooks.example.org:{house.port}"
    assert asked == ["hooks.example.org"]


def test_a_name_that_rebinds_between_tries_is_checked_at_each(scene):
    led = [["127.0.0.1"], ["10.0.0.1"]]
    with a_receiver(lambda _told: (500, b"", {})) as house:
        scene.wants(f"http://hooks.example.org:{house.port}/x")
        scene.happens()
        scene.delivers(resolve=lambda *_: led.pop(0))
        scene.later = timedelta(minutes=1)
        scene.delivers(resolve=lambda *_: led.pop(0))
    assert len(house.told) == 1
    assert scene.tries()[1] == (None, "ConnectError: url: leads to 10.0.0.1, which is private")


def test_a_url_that_was_saved_under_other_settings_is_checked_again(scene):
    with a_receiver() as house:
        scene.wants(house.url)
        scene.happens()
        scene.delivers(allowed=())
        assert house.told == []
    assert tried(scene) == "ConnectError: url: must begin with https://"


def test_a_certificate_is_of_the_name_though_the_address_is_connected_to(scene, identity):
    trusts = ssl.create_default_context(cafile=str(identity))
    with a_receiver(identity=identity) as house:
        scene.wants(f"https://hooks.example.org:{house.port}/x")
        scene.happens()
        scene.delivers(resolve=lambda *_: ["127.0.0.1"], tls=trusts)
    (told,) = house.told
    assert told.headers["host"] == f"hooks.example.org:{house.port}"
    assert house.asked_for == ["hooks.example.org"]
    assert scene.states() == [("delivered", 1)]


def test_a_certificate_of_another_name_or_of_nobody_is_refused(scene, identity):
    trusts = ssl.create_default_context(cafile=str(identity))
    with a_receiver(identity=identity) as house:
        scene.wants(f"https://other.example.org:{house.port}/x")
        scene.happens()
        scene.delivers(resolve=lambda *_: ["127.0.0.1"], tls=trusts)
        scene.later = timedelta(minutes=1)
        scene.delivers(resolve=lambda *_: ["127.0.0.1"])
        assert house.told == []
    (_, foreign), (_, unknown) = scene.tries()
    assert "Hostname mismatch" in foreign
    assert "self-signed certificate" in unknown
