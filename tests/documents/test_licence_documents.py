"""RSL 1.0 and TDMRep: well formed, in their vocabularies, and as written here."""

from datetime import UTC, datetime
from urllib.parse import urlsplit
from xml.sax.saxutils import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from service.documents.rsl import NAMESPACE, PROFILE, PublishedWork, Site, rsl
from service.documents.tdmrep import host_of, policy, tdmrep
from service.ledger.licence import Use
from service.ledger.money import Money

SITE = Site("https://royalties.example", Money(600_000_000, "USD"))
SET = datetime(2026, 2, 10, 12, 30, tzinfo=UTC)
OUTPUT, RETRIEVAL, TRAINING = Use

ODE = PublishedWork(1, "https://ada.example/ode?v=2&l=en", frozenset({OUTPUT}), 1_250_000, SET)
ESSAY = PublishedWork(2, None, frozenset(Use), 1_000_000, SET)
SONG = PublishedWork(3, "https://ada.example/a*b$", frozenset(), 10_000, SET)

GOLDEN = """\
<?xml version="1.0" encoding="UTF-8"?>
<rsl xmlns="https://rslstandard.org/rsl" max-age="1">
  <content url="https://ada.example/ode?v=2&amp;l=en" lastmod="2026-02-10T12:30:00Z">
    <license>
      <permits type="usage">ai-input</permits>
      <prohibits type="usage">ai-index ai-train</prohibits>
      <payment type="use">
        <custom>https://royalties.example/v1/licences?uri=https%3A%2F%2Fada.example%2Fode%3Fv%3D2%26l%3Den</custom>
        <amount currency="USD">0.75</amount>
      </payment>
      <reporting type="telemetry" profile="urn:wellspring:reporting:sales:v1" endpoint="https://royalties.example/v1/sales"/>
    </license>
  </content>
  <content url="https://royalties.example/works/2" lastmod="2026-02-10T12:30:00Z">
    <license>
      <permits type="usage">ai-input ai-index ai-train</permits>
      <payment type="use">
        <custom>https://royalties.example/v1/licences?uri=https%3A%2F%2Froyalties.example%2Fworks%2F2</custom>
        <amount currency="USD">0.60</amount>
      </payment>
      <reporting type="telemetry" profile="urn:wellspring:reporting:sales:v1" endpoint="https://royalties.example/v1/sales"/>
    </license>
  </content>
  <content url="https://ada.example/a*b$" lastmod="2026-02-10T12:30:00Z">
    <license>
      <prohibits type="usage">ai-all</prohibits>
    </license>
  </content>
</rsl>
"""

# What RSL 1.0 allows, by element: parents, attributes with those that must be, children at most.
ELEMENTS = {
    "rsl": (None, {"max-age"}, set()),
    "content": ("rsl", {"url", "server", "encrypted", "lastmod"}, {"url"}),
    "license": ("content", set(), set()),
    "permits": ("license", {"type"}, {"type"}),
    "prohibits": ("license", {"type"}, {"type"}),
    "payment": ("license", {"type"}, set()),
    "custom": ("payment", set(), set()),
    "amount": ("payment", {"currency"}, {"currency"}),
    "reporting": ("license", {"type", "profile", "endpoint"}, {"type", "profile"}),
}
USAGE = {"all", "ai-all", "ai-train", "ai-input", "ai-index", "search"}
PAYMENTS = {
    *("purchase", "subscription", "training", "crawl"),
    *("use", "contribution", "attribution", "free"),
}


def check_conforms(document):
    root = etree.fromstring(document.encode())
    assert root.tag == f"{{{NAMESPACE}}}rsl"
    assert root.prefix is None, "a document of its own has no prefix"
    urls = [content.get("url") for content in root]
    assert len(urls) == len(set(urls)), "each content is another asset"
    for element in root.iter():
        name = etree.QName(element)
        assert name.namespace == NAMESPACE
        parent, allowed, required = ELEMENTS[name.localname]
        above = element.getparent()
        assert (None if above is None else etree.QName(above).localname) == parent
        assert required <= set(element.keys()) <= allowed
        if name.localname in {"permits", "prohibits"}:
            assert element.get("type") == "usage"
            assert set(element.text.split(" ")) <= USAGE
        if name.localname == "payment":
            assert element.get("type") in PAYMENTS
        if name.localname == "reporting":
            assert urlsplit(element.get("endpoint")).scheme == "https"
            assert element.get("profile") == PROFILE
    for terms in root.iter(f"{{{NAMESPACE}}}license"):
        children = [(etree.QName(each).localname, each.get("type")) for each in terms]
        assert len(children) == len(set(children)), "one of each type"


def test_a_catalogue_is_written_as_rsl():
    document = "".join(rsl([ODE, ESSAY, SONG], SITE))
    assert document == GOLDEN
    check_conforms(document)


def test_an_empty_catalogue_is_a_document_too():
    root = etree.fromstring("".join(rsl([], SITE)).encode())
    assert (root.tag, len(root)) == (f"{{{NAMESPACE}}}rsl", 0)


printable = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=60)


@given(
    st.lists(
        st.builds(
            PublishedWork,
            st.integers(1, 2**63 - 1),
            st.none() | printable.map(lambda path: f"https://ada.example/{path}"),
            st.frozensets(st.sampled_from(Use)),
            st.integers(1, 1_000).map(lambda steps: steps * 10_000),
            st.just(SET),
        ),
        max_size=5,
        unique_by=(lambda work: work.work_id, lambda work: work.url or work.work_id),
    )
)
def test_whatever_is_published_conforms_and_says_the_same(works):
    document = "".join(rsl(works, SITE))
    check_conforms(document)
    root = etree.fromstring(document.encode())
    told = [content.get("url") for content in root]
    assert told == [work.url or f"https://royalties.example/works/{work.work_id}" for work in works]
    assert unescape(document).count("<license>") == len(works)


def test_mining_is_reserved_work_by_work_and_for_all_the_rest():
    assert tdmrep([ODE, ESSAY, SONG], SITE, host="royalties.example") == [
        {
            "location": "/works/2$",
            "tdm-reservation": 1,
            "tdm-policy": "https://royalties.example/v1/licences/tdm-policy/2",
        },
        {
            "location": "/",
            "tdm-reservation": 1,
            "tdm-policy": "https://royalties.example/v1/licences/tdm-policy",
        },
    ]


def test_another_host_gets_the_rules_of_the_works_it_publishes():
    locations = [rule["location"] for rule in tdmrep([ODE, ESSAY, SONG], SITE, host="ada.example")]
    assert locations == ["/ode?v=2&l=en$", "/a%2Ab%24$", "/"]


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Ada.Example:8443/x", "ada.example"),
        ("https://ada.example.", "ada.example"),
        ("nothing", ""),
        ("https://[", ""),
    ],
)
def test_hosts_are_compared_without_port_and_case(url, host):
    assert host_of(url) == host


def test_a_policy_offers_a_paid_licence_or_asks_for_consent():
    told = policy(ESSAY, SITE)
    assert told["permission"] == [
        {
            "target": "https://royalties.example/works/2",
            "action": "tdm:mine",
            "duty": [{"action": "compensate"}],
        }
    ]
    assert "obligation" not in told
    for work in (ODE, SONG, None):
        told = policy(work, SITE)
        assert told["obligation"] == [{"action": "obtainConsent"}]
        assert "permission" not in told
    assert told["profile"] == "http://www.w3.org/ns/tdmrep"
    assert told["@type"] == "Offer"
    assert told["uid"] == "https://royalties.example/v1/licences/tdm-policy"
    assert told["assigner"]["uid"] == "https://royalties.example"
