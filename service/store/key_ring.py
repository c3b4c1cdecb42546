"""Keys that seal account data: AES-256-GCM, each sealed row names its key, so keys can change."""

import base64
import binascii
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.ledger.errors import LedgerError

_FILE = "payee.keys"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_NAME = re.compile(r"[a-z0-9-]{1,20}", re.ASCII)


class BadKeys(LedgerError):
    """The keys of account data cannot be read."""

    def __init__(self, rule: str) -> None:
        super().__init__(f"keys of account data: {rule}", rule=rule)


class KeyMissing(LedgerError):
    """Account data was sealed with a key that is not there any more, or was changed since."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"account data sealed with key {key_id!r} cannot be opened", key_id=key_id)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Account data that only a key opens."""

    key_id: str
    nonce: bytes
    content: bytes


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys by name; ``current`` seals, every one opens. No key is ever printed."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)

    def seal(
        self, plain: bytes, *, about: str, chance: Callable[[int], bytes] = os.urandom
    ) -> Sealed:
        """Seal data with the current key; it opens only together with ``about``."""
        nonce = chance(_NONCE_BYTES)
        content = AESGCM(self.keys[self.current]).encrypt(nonce, plain, about.encode())
        return Sealed(self.current, nonce, content)

    def open(self, sealed: Sealed, *, about: str) -> bytes:
        """Return what was sealed; raise KeyMissing where key, content or ``about`` is another."""
        key = self.keys.get(sealed.key_id)
        if key is None:
            raise KeyMissing(sealed.key_id)
        try:
            return AESGCM(key).decrypt(sealed.nonce, sealed.content, about.encode())
        except InvalidTag:
            raise KeyMissing(sealed.key_id) from None


def parse(text: str) -> KeyRing:
    """Read ``name:base64`` pairs joined by commas or line ends; the first is the current key."""
    keys = dict[str, bytes]()
    for pair in re.split(r"[,\s]+", text.strip()):
        name, _, encoded = pair.partition(":")
        if not _NAME.fullmatch(name):
            raise BadKeys("each is name:base64, the name of lower-case letters, digits or hyphens")
        try:
            key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise BadKeys(f"key {name!r} is not base64") from None
        if len(key) != _KEY_BYTES:
            raise BadKeys(f"key {name!r} has {len(key)} bytes, it takes {_KEY_BYTES}")
        if name in keys:
            raise BadKeys(f"key {name!r} is there twice")
        keys[name] = key
    return KeyRing(next(iter(keys)), keys)


def load(
    given: str | None,
    home: Path,
    *,
    embedded: bool,
    chance: Callable[[int], bytes] = os.urandom,
) -> KeyRing:
    """Return the keys that are set, else those of the embedded installation's own file.

    The file is made at first use, readable by its owner only. Raises BadKeys where an installation
    with a database of its own has been given none: several machines would each make their own.
    """
    if given:
        return parse(given)
    if not embedded:
        raise BadKeys("set WELLSPRING_PAYEE_KEYS to name:base64 of 32 random bytes")
    path = home / _FILE
    if not path.exists():
        _make(path, chance(_KEY_BYTES))
    return parse(path.read_text(encoding="ascii"))


def _make(path: Path, key: bytes) -> None:
    """Write a new key under another name first: whoever reads the file finds a whole one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{os.getpid()}")
    opened = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(opened, "w", encoding="ascii") as file:
        file.write(f"home:{base64.b64encode(key).decode()}\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(made, path)  # the first of two that make one wins
    except FileExistsError:
        pass
    finally:
        made.unlink()
