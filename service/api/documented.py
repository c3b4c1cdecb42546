"""What the OpenAPI document says besides the routes: tags, and the problems a route may answer."""

from http import HTTPStatus
from typing import Any

from service.api.problems import MEDIA_TYPE, ProblemBody

TAGS = [
    {"name": "sales", "description": "Vendors report what they sold and what they gave back."},
    {"name": "works", "description": "Creators register works and say who owns them."},
    {"name": "licences", "description": "What works may be used for, and at which price."},
    {"name": "attribution", "description": "What a text draws on, without storing anything."},
    {"name": "sign-in", "description": "Sessions of people, keys of vendors."},
    {"name": "ledger", "description": "Periods, statements, accounts and entries; read-only."},
    {"name": "claims", "description": "Shares and statement lines that somebody disputes."},
    {"name": "webhooks", "description": "Who is told of what happens, and what was sent."},
    {"name": "test books", "description": "A vendor's own books for tests: test keys only."},
    {"name": "health", "description": "For whoever runs the installation."},
]
_ALWAYS = (422, 503)


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return ``responses`` of a route: these problems and those any route may answer.

    Who is known is counted: where 401 is, 429 is.
    """
    counted = (429,) if 401 in statuses else ()  # noqa: PLR2004
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "model": ProblemBody,
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in sorted({*statuses, *counted, *_ALWAYS})
    }
