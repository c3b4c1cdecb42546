"""Bodies that come compressed: never more than is taken of one that does not."""

import zlib

from service.api.body_limit import BodyTooLarge
from service.ledger.errors import LedgerError

ENCODINGS = ("gzip", "deflate")
_WINDOW = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class BadCompression(LedgerError):
    """A body is not compressed as its Content-Encoding says."""

    def __init__(self, encoding: str) -> None:
        rule = f"the body is not {encoding} from its first byte to its last"
        super().__init__(rule, encoding=encoding, place="body", rule=rule)


def inflated(raw: bytes, encoding: str, *, most_bytes: int) -> bytes:
    """Return what a body means; raise BadCompression, or BodyTooLarge past ``most_bytes``.

    ``encoding``: of ENCODINGS, or identity. No more than a byte past the limit is ever written.
    """
    if encoding == "identity":
        return raw
    opened = zlib.decompressobj(_WINDOW[encoding])
    try:
        body = opened.decompress(raw, most_bytes + 1)
    except zlib.error:
        raise BadCompression(encoding) from None
    if len(body) > most_bytes:
        raise BodyTooLarge(most_bytes)
    if not opened.eof or opened.unused_data:
        raise BadCompression(encoding)
    return body
