"""Everything about one holder as one archive: rows, texts, receipts, and a manifest of hashes."""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO

from sqlmodel import Session

from service.store import parties, personal_tables, registration_log, works
from service.store.registration_log import ReceiptWaiting

FORMAT = "wellspring-creator/1"
_OLDEST = (1980, 1, 1, 0, 0, 0)


def write(session: Session, holder_id: int, target: IO[bytes], *, now: datetime) -> int:
    """Write the archive of a holder; return how many rows of tables it has. Raise UnknownHolder.

    tables/NAME.jsonl: a row a line. texts/WORK-EDITION.txt. receipts/, named as by `receipt`.
    manifest.json comes last: bytes, rows and SHA-256 of every other file.
    """
    parties.check_holders(session, [holder_id])
    texts = personal_tables.texts_of(session, holder_id)
    numbers = [text for text, _, _ in texts]
    files: list[dict[str, object]] = []
    total = 0
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for table in personal_tables.tables(session):
            rows = personal_tables.rows_of(session, table, holder_id, numbers)
            told = _put(archive, f"tables/{table.name}.jsonl", (f"{row}\n" for row in rows))
            files.append(told)
            total += int(str(told["lines"]))
        for text_id, work, edition in texts:
            body = works.body_of(session, text_id)
            if body is not None:
                files.append(_put(archive, f"texts/{work}-{edition}.txt", [body]))
            name = f"receipts/work-{work}-{edition}.receipt.json"
            files += [_put(archive, name, one) for one in _receipt(session, work, edition)]
        manifest = {
            "format": FORMAT,
            "holder": holder_id,
            "exported_at": now.isoformat(),
            "files": files,
        }
        _put(archive, "manifest.json", [json.dumps(manifest, indent=1) + "\n"])
    return total


def _receipt(session: Session, work: int, edition: int) -> Iterator[list[str]]:
    try:
        found = registration_log.of_edition(session, work, edition)
    except ReceiptWaiting:
        return
    yield [json.dumps(found.document(), indent=1) + "\n"]


def _put(archive: zipfile.ZipFile, name: str, pieces: Iterable[str]) -> dict[str, object]:
    """Write one file piece by piece; return its line of the manifest."""
    digest, size, lines = hashlib.sha256(), 0, 0
    entry = zipfile.ZipInfo(name, _OLDEST)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    with archive.open(entry, "w") as file:
        for piece in pieces:
            raw = piece.encode()
            file.write(raw)
            digest.update(raw)
            size, lines = size + len(raw), lines + raw.count(b"\n")
    return {"name": name, "bytes": size, "lines": lines, "sha256": digest.hexdigest()}
