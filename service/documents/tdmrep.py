"""Licence terms as TDMRep (W3C community group, final report of 2024-05-10): never a text.

Mining is always reserved: even where training is allowed it is paid and reported. The policy, an
ODRL offer, says whether a licence is to be had or consent must be asked for.
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

from service.documents.rsl import PublishedWork, Site
from service.ledger.licence import Use

POLICY_MEDIA_TYPE = "application/ld+json"
_RESERVED = 1
_PROFILE = "http://www.w3.org/ns/tdmrep"


def host_of(url: str) -> str:
    """Return the host of an address in lower case, without its port; empty where it has none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""


def tdmrep(works: Iterable[PublishedWork], site: Site, *, host: str) -> list[dict[str, object]]:
    """Return the rules of a host, the first that matches counts; the last is for all the rest.

    ``works``: those with terms of their own. On another host than ours the locations are paths
    there: its owner redirects ``/.well-known/tdmrep.json`` here, or keeps a copy.
    """
    rules = []
    for work in works:
        if work.url is None:
            location = work.path if host == host_of(site.address) else None
        else:
            location = _location(work.url) if host == host_of(work.url) else None
        if location:
            rules.append(_rule(f"{location}$", policy_address(site, work.work_id)))
    return [*rules, _rule("/", policy_address(site, None))]


def _rule(location: str, policy: str) -> dict[str, object]:
    return {"location": location, "tdm-reservation": _RESERVED, "tdm-policy": policy}


def _location(url: str) -> str:
    """Return the path of an address as a pattern that only it matches."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return path.replace("*", "%2A").replace("$", "%24")


def policy_address(site: Site, work_id: int | None) -> str:
    """Return where the policy of a work, or of all without terms of their own, is published."""
    return f"{site.address}/v1/licences/tdm-policy" + (f"/{work_id}" if work_id else "")


def policy(work: PublishedWork | None, site: Site) -> dict[str, object]:
    """Return the ODRL offer of a work, or of all works without terms of their own."""
    uid = policy_address(site, work.work_id if work else None)
    told: dict[str, object] = {
        "@context": ["http://www.w3.org/ns/odrl.jsonld", {"tdm": f"{_PROFILE}#"}],
        "@type": "Offer",
        "uid": uid,
        "profile": _PROFILE,
        "assigner": {
            "uid": site.address,
            "vcard:fn": "Wellspring",
            "vcard:hasURL": f"{site.address}/v1/offers",
        },
    }
    if work and Use.TRAINING in work.uses:
        target = work.url or site.address + work.path
        permission = {"target": target, "action": "tdm:mine", "duty": [{"action": "compensate"}]}
        return told | {"permission": [permission]}
    return told | {"obligation": [{"action": "obtainConsent"}]}
