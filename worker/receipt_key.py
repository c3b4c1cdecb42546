"""The Ed25519 key that receipts are signed with: made once, kept where only we can read it."""

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from service.ledger.errors import LedgerError
from service.settings import Settings

FILE = "receipt-key.pem"


class KeyUnusable(LedgerError):
    """The file of the receipt key cannot be read or holds another kind of key."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"{path}: {reason}", path=str(path), reason=reason)


@dataclass(frozen=True, slots=True)
class ReceiptSigner:
    """Signs with one private key."""

    private_key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.private_key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def key_id(self) -> str:
        """SHA-256 of the public key, in hex."""
        return key_id_of(self.public_key)

    def sign(self, said: bytes) -> bytes:
        """Return the signature of 64 bytes."""
        return self.private_key.sign(said)


def key_id_of(public_key: bytes) -> str:
    """Name a public key by its SHA-256, in hex."""
    return hashlib.sha256(public_key).hexdigest()


def is_signed(public_key: bytes, signature: bytes, said: bytes) -> bool:
    """Whether a signature was made with the private half of a public key of 32 bytes."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, said)
    except InvalidSignature:
        return False
    return True


def signer_of(settings: Settings) -> ReceiptSigner:
    """Load the key of the settings; one of our own under ``home`` is made where there is none.

    Several processes that start at once make one key.
    """
    if settings.receipt_key is not None:
        return _loaded(settings.receipt_key)
    path = settings.home / FILE
    if not path.exists():
        _make(path)
    return _loaded(path)


def _make(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
    )
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(beside, path)  # whole at once, and only the first time
        except FileExistsError:
            return
    finally:
        beside.unlink()


def _loaded(path: Path) -> ReceiptSigner:
    try:
        key = load_pem_private_key(path.read_bytes(), password=None)
    except OSError as error:
        raise KeyUnusable(path, f"cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise KeyUnusable(path, "is no private key in PEM without a password") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable(path, "is no Ed25519 key")
    return ReceiptSigner(key)
