"""Where webhooks may be sent to: every writing of an address that is not public is refused."""

import httpx
import pytest

from service.store.public_address import (
    AddressRefused,
    BadNetworks,
    check_resolved,
    check_url,
    networks_of,
)

LOOPBACK = networks_of("127.0.0.0/8 ::1/128")


@pytest.mark.parametrize(
    ("given", "kept", "host", "port"),
    [
        ("https://example.org", "https://example.org/", "example.org", 443),
        ("https://Example.ORG./a?b=c", "https://example.org/a?b=c", "example.org", 443),
        ("https://example.org:8443/", "https://example.org:8443/", "example.org", 8443),
        ("https://xn--bcher-kva.example/x", "https://xn--bcher-kva.example/x",
         "xn--bcher-kva.example", 443),
        ("https://93.184.215.14/x", "https://93.184.215.14/x", "93.184.215.14", 443),
        ("https://[2606:4700::1111]:9000/", "https://[2606:4700::1111]:9000/",
         "2606:4700::1111", 9000),
        ("https://[64:ff9b::5db8:d70e]/", "https://[64:ff9b::5db8:d70e]/",
         "64:ff9b::5db8:d70e", 443),
    ],
)  # fmt: skip
def test_https_on_the_public_internet_is_taken_and_read_as_the_client_reads_it(
    given, kept, host, port
):
    target = check_url(given, allowed=())
    assert (target.url, target.host, target.port, target.is_plain) == (kept, host, port, False)
    as_sent = httpx.URL(target.url)
    assert (as_sent.raw_host.decode(), as_sent.port or 443) == (host, port)
    assert check_url(target.url, allowed=()) == target


@pytest.mark.parametrize(
    ("url", "rule"),
    [
        ("", "has spaces"), ("https://", "no host name"), ("https:///x", "no host name"),
        ("example.org", "begin with https"), ("//example.org", "begin with https"),
        ("http://example.org/", "begin with https"), ("ftp://example.org/", "begin with https"),
        ("file:///etc/passwd", "begin with https"), ("gopher://127.0.0.1/", "begin with https"),
        ("https://a@example.org/", "neither user"), ("https://a:b@example.org/", "neither user"),
        ("https://example.org@127.0.0.1/", "neither user"), ("https://example.org/#x", "fragment"),
        ("https://example.org:22/", "port 22"), ("https://example.org:80/", "port 80"),
        ("https://example.org:0/", "port 0"), ("https://example.org:65536/", "is no URL"),
        ("https://example.org:x/", "is no URL"), ("https://[::1/", "is no URL"),
        ("https://exa mple.org/", "has spaces"), ("https://example.org/\r\nX: y", "has spaces"),
        ("https://example.org\\@127.0.0.1/", "has spaces"),
        ("https://b\u00fccher.example/", "ASCII"),
        ("https://\uff11\uff12\uff17.0.0.1/", "ASCII"),
        ("https://127\u30020\u30020\u30021/", "ASCII"),
        ("https://%31%32%37.0.0.1/", "a form that is not"), ("https://-a.example/", "no host name"),
        ("https://a..example/", "no host name"),
        ("https://" + "a" * 64 + ".example/", "no host name"),
        ("https://example.org/" + "a" * 2_000, "has 2020 characters"),
        ("https://2130706433/", "a form that is not taken"),
        ("https://017700000001/", "a form that is not taken"),
        ("https://0x7f000001/", "a form that is not taken"),
        ("https://0x7f.0.0.1/", "a form that is not taken"),
        ("https://0177.0.0.1/", "a form that is not taken"),
        ("https://127.1/", "a form that is not taken"), ("https://127.0.1/", "a form that is"),
        ("https://127.0.0.0x1/", "a form that is not taken"),
        ("https://1.1.1.1.1/", "a form that is not taken"), ("https://0x/", "a form that is"),
        ("https://256.1.1.1/", "a form that is not taken"),
        ("https://[fe80::1%25eth0]/", "a form that is not taken"),
        ("https://[::1%1]/", "a form that is not taken"),
        ("https://127.0.0.1/", "is loopback"), ("https://127.0.0.1./", "is loopback"),
        ("https://127.255.255.254/", "is loopback"), ("https://0.0.0.0/", "is of this network"),
        ("https://10.1.2.3/", "is private"), ("https://172.16.0.1/", "is private"),
        ("https://172.31.255.255/", "is private"), ("https://192.168.0.1/", "is private"),
        ("https://169.254.169.254/latest", "is link-local"),
        ("https://100.64.0.1/", "is of a carrier's translation"),
        ("https://100.127.255.255/", "is of a carrier's translation"),
        ("https://224.0.0.1/", "is multicast"), ("https://239.1.1.1/", "is multicast"),
        ("https://240.0.0.1/", "is reserved"), ("https://255.255.255.255/", "is reserved"),
        ("https://192.0.2.1/", "is reserved"), ("https://198.18.0.1/", "is reserved"),
        ("https://[::1]/", "is loopback"), ("https://[::]/", "is of this network"),
        ("https://[::ffff:127.0.0.1]/", "an IPv4 address in IPv6"),
        ("https://[::ffff:5db8:d70e]/", "an IPv4 address in IPv6"),
        ("https://[::127.0.0.1]/", "is reserved"),
        ("https://[2002:7f00:1::]/", "an IPv4 address in IPv6"),
        ("https://[2001:0:1:2::]/", "is reserved"), ("https://[2001:db8::1]/", "is reserved"),
        ("https://[64:ff9b::7f00:1]/", "is loopback"), ("https://[64:ff9b::a00:1]/", "is private"),
        ("https://[64:ff9b:1::1]/", "is reserved"), ("https://[fc00::1]/", "is private"),
        ("https://[fd12:3456::1]/", "is private"), ("https://[fe80::1]/", "is link-local"),
        ("https://[fec0::1]/", "is private"), ("https://[ff02::1]/", "is multicast"),
        ("https://[4000::1]/", "is reserved"),
    ],
)  # fmt: skip
def test_everything_else_is_refused_by_name(url, rule):
    with pytest.raises(AddressRefused, match=rule):
        check_url(url, allowed=())


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["93.184.215.14", "::1"], ["fe80::1%eth0"],
        ["::ffff:10.0.0.1"], ["169.254.169.254"], ["100.100.100.200"], [],
    ],
)  # fmt: skip
def test_a_name_with_one_address_that_is_not_public_is_refused_whole(addresses):
    target = check_url("https://hooks.example.org/", allowed=())
    with pytest.raises(AddressRefused):
        check_resolved(target, allowed=(), resolve=lambda *_: addresses)


def test_a_name_that_nobody_knows_is_refused():
    def unknown(host, port):
        raise OSError

    target = check_url("https://hooks.example.org/", allowed=())
    with pytest.raises(AddressRefused, match=r"hooks\.example\.org has no address"):
        check_resolved(target, allowed=(), resolve=unknown)


def test_networks_that_an_operator_names_are_taken_by_plain_http_too():
    target = check_url("http://127.0.0.1:8080/x", allowed=LOOPBACK)
    assert (target.port, target.is_plain) == (8080, True)
    assert check_url("https://[::1]/", allowed=LOOPBACK).host == "::1"
    with pytest.raises(AddressRefused, match="is private"):
        check_url("http://10.0.0.1/", allowed=LOOPBACK)


def test_plain_http_to_the_public_internet_is_refused_though_networks_are_named():
    with pytest.raises(AddressRefused, match="begin with https"):
        check_url("http://93.184.215.14/", allowed=LOOPBACK)
    target = check_url("http://hooks.example.org/", allowed=LOOPBACK)
    with pytest.raises(AddressRefused, match="begin with https"):
        check_resolved(target, allowed=LOOPBACK, resolve=lambda *_: ["93.184.215.14"])
    mixed = ["127.0.0.1", "93.184.215.14"]
    with pytest.raises(AddressRefused, match="begin with https"):
        check_resolved(target, allowed=LOOPBACK, resolve=lambda *_: mixed)


def test_the_setting_of_networks_is_read_or_named():
    assert [str(one) for one in networks_of("10.0.0.0/8, ::1/128")] == ["10.0.0.0/8", "::1/128"]
    assert networks_of("") == ()
    with pytest.raises(BadNetworks, match=r"'10\.0\.0\.1/8' is no network"):
        networks_of("10.0.0.1/8")
