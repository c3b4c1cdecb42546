"""What schemathesis is told of bodies that it cannot write by itself: lines of JSON."""

import json

import schemathesis


@schemathesis.serializer("application/x-ndjson")
def lines_of_json(ctx, value):
    """Write an array as a line for each item, everything else as one line."""
    if isinstance(value, bytes | str):
        return value.encode() if isinstance(value, str) else value
    items = value if isinstance(value, list) else [value]
    return "".join(json.dumps(item) + "\n" for item in items).encode()
