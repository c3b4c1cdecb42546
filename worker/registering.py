"""Registered texts get their ISCC and their signed place in the registration log."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from service.ledger import registration
from service.store import registration_log
from service.store.database import Database, only_one, unit_of_work
from service.store.registration_log import Described, Signer, Unlogged
from worker.receipt_key import is_signed
from worker.text_identity import detected_language, iscc_of

_LOGGING = 7_000_000
_CHARS_AT_ONCE = 200_000
"""Characters described before they are logged: about half a second; at least one text."""
STEP_SECONDS = 2.0


def log_next(database: Database, signer: Callable[[], Signer], *, now: datetime) -> int:
    """Log waiting texts for about 2 s, oldest first; return how many.

    One process at a time. ISCC and language are computed outside of transactions; a killed worker
    loses them and nothing else. signer: called only where something waits.
    """
    with unit_of_work(database) as session:
        if not registration_log.any_waiting(session):
            return 0
    count, started = 0, monotonic()
    with only_one(database, _LOGGING) as alone:
        while alone and monotonic() - started < STEP_SECONDS:
            with unit_of_work(database) as session:
                texts = registration_log.waiting(session, most_chars=_CHARS_AT_ONCE)
            if not texts:
                break
            described = [_described(one) for one in texts]
            with unit_of_work(database) as session:
                count += registration_log.append(session, described, signer(), now=now)
    return count


def _described(one: Unlogged) -> Described:
    if one.body is None:
        return Described(one.text_id, "", None)
    return Described(one.text_id, iscc_of(one.title, one.body), detected_language(one.body))


def log_broken(database: Database) -> tuple[int, list[str]]:
    """Build the log's tree again and check every signature; return how many entries, what is off.

    An entry that is gone, was changed, or was put in between makes all roots after it others.
    """
    facts: list[str] = []
    last: registration.LogEntry | None = None
    with unit_of_work(database) as session:
        known = {one.key_id: one.public_key for one in registration_log.keys(session)}
    while True:
        with unit_of_work(database) as session:
            receipts = registration_log.after(session, last.position if last else 0)
            texts = [one.text_id for one in receipts]
            hashes = registration_log.content_hashes(session, texts)
        for one in receipts:
            name = f"registration {one.entry.position}"
            again = registration.append(last, one.entry.fields)
            if again != one.entry:
                facts.append(f"{name}: position, path or root do not follow from what is before")
            said = registration.signed_bytes(one.entry, one.key_id)
            if one.key_id not in known or not is_signed(known[one.key_id], one.signature, said):
                facts.append(f"{name}: the signature is not by a key of ours")
            if hashes.get(one.text_id) != one.entry.fields["content_hash"]:
                facts.append(f"{name}: text {one.text_id} has another hash now")
            last = one.entry
        if not receipts:
            return (last.position if last else 0), facts
