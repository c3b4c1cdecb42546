"""Where each role can go: groups of pages, in the order in which they are shown."""

from collections.abc import Mapping
from types import MappingProxyType

Group = tuple[str, tuple[tuple[str, str], ...]]
"""A heading, empty for the first group, and its pages: address and name."""

NAVIGATION: Mapping[str, tuple[Group, ...]] = MappingProxyType(
    {
        "creator": (
            (
                "",
                (
                    ("/home", "Home"),
                    ("/works", "Works"),
                    ("/proposals", "Proposals"),
                    ("/claims", "Claims"),
                    ("/try", "Try it"),
                ),
            ),
            (
                "Money",
                (
                    ("/statements", "Statements"),
                    ("/payout", "Payout"),
                    ("/offers", "Offers"),
                    ("/records", "Your data"),
                ),
            ),
        ),
        "operator": (
            (
                "",
                (
                    ("/operator", "Health"),
                    ("/operator/decisions", "Decisions"),
                    ("/operator/quarantine", "Quarantine"),
                    ("/operator/findings", "Findings"),
                    ("/operator/jobs", "Jobs"),
                ),
            ),
            (
                "Money",
                (
                    ("/operator/periods", "Periods"),
                    ("/operator/statements", "Statements"),
                    ("/operator/payouts", "Payouts"),
                    ("/operator/pools", "Unmatched pools"),
                    ("/operator/balances", "Balances"),
                    ("/operator/explain", "Explain"),
                ),
            ),
            (
                "People",
                (("/operator/vendors", "Vendors"), ("/operator/acts", "Audit log")),
            ),
        ),
        "vendor": (
            (
                "",
                (
                    ("/vendor", "Overview"),
                    ("/vendor/sales", "Sales"),
                    ("/vendor/usage", "Usage"),
                    ("/vendor/reports", "Reports"),
                ),
            ),
            (
                "Money",
                (
                    ("/vendor/owed", "What you owe"),
                    ("/vendor/owed/bills", "Bills"),
                    ("/vendor/terms", "Contract and prices"),
                ),
            ),
            ("Access", (("/vendor/keys", "Keys"),)),
        ),
    }
)


def here(role: str, path: str) -> str:
    """Return the address of the page whose name is marked on ``path``: the longest that fits."""
    addresses = [address for _, pages in NAVIGATION[role] for address, _ in pages]
    fitting = [one for one in addresses if path == one or path.startswith(one + "/")]
    return max(fitting, key=len, default="")
