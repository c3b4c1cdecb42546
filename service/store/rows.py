"""Tables of people and terms as SQLModel rows, without behaviour. The hot tables are SQL only."""

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, LargeBinary, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel


def _instant(*, nullable: bool = False) -> Any:
    return Column(DateTime(timezone=True), nullable=nullable)


def _number(*, key: bool = False, nullable: bool = False) -> Any:
    return Column(BigInteger, primary_key=key, nullable=nullable)


class PartyRow(SQLModel, table=True):
    """A legal person or company with accounts."""

    __tablename__: ClassVar[str] = "party"
    party_id: int | None = Field(default=None, sa_column=_number(key=True))
    kind: str
    slug: str | None = None
    name: str
    is_sample: bool = False
    created_at: datetime = Field(sa_column=_instant())


class PortalUserRow(SQLModel, table=True):
    """Somebody who can log in."""

    __tablename__: ClassVar[str] = "portal_user"
    user_id: int | None = Field(default=None, sa_column=_number(key=True))
    login: str
    password_hash: str
    role: str
    party_id: int | None = Field(default=None, sa_column=_number(nullable=True))
    created_at: datetime = Field(sa_column=_instant())
    login_key: str
    member_role: str = "owner"
    name: str = ""
    locale: str = ""
    time_zone: str = "UTC"
    ended_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class ApiKeyRow(SQLModel, table=True):
    """A vendor's key; only its hash is kept."""

    __tablename__: ClassVar[str] = "api_key"
    key_id: int | None = Field(default=None, sa_column=_number(key=True))
    vendor_id: int = Field(sa_column=_number())
    label: str
    prefix: str
    key_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    scopes: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    created_at: datetime = Field(sa_column=_instant())
    expires_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    replaces: int | None = Field(default=None, sa_column=Column(BigInteger, nullable=True))
    revoked_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    last_used_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class WorkRow(SQLModel, table=True):
    """One registered text: a work, or a later edition of the one in ``edition_of``."""

    __tablename__: ClassVar[str] = "work"
    work_id: int | None = Field(default=None, sa_column=_number(key=True))
    reference: str | None = None
    title: str
    language: str
    content_hash: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    text_chars: int
    registered_at: datetime = Field(sa_column=_instant())
    withdrawn_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    created_at: datetime = Field(sa_column=_instant())
    embedded_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    embedding_no: int | None = Field(default=None, sa_column=_number(nullable=True))
    commons: bool = False
    encoder_id: int | None = None
    examined_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    late_searched_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))
    originality_ppm: int | None = None
    flags: list[str] = Field(default_factory=list, sa_column=Column(ARRAY(Text), nullable=False))
    origin_work_id: int | None = Field(default=None, sa_column=_number(nullable=True))
    edition_of: int | None = Field(default=None, sa_column=_number(nullable=True))
    edition_no: int = 1
    edition_note: str | None = None
    kind: str = "other"
    created_on: str | None = None
    iscc: str | None = None
    detected_language: str | None = None
    source_type: str | None = None
    source_hash: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    source_bytes: int | None = Field(default=None, sa_column=_number(nullable=True))
    erased_at: datetime | None = Field(default=None, sa_column=_instant(nullable=True))


class RateCardRow(SQLModel, table=True):
    """Prices per token of the five tiers, in the order of ``Tier.number``."""

    __tablename__: ClassVar[str] = "rate_card"
    rate_card_id: int | None = Field(default=None, sa_column=_number(key=True))
    vendor_id: int = Field(sa_column=_number())
    valid_from: date
    currency: str
    nanos_per_token: list[int] = Field(sa_column=Column(ARRAY(BigInteger), nullable=False))


class ContractRow(SQLModel, table=True):
    """A waterfall of one vendor, from a day on."""

    __tablename__: ClassVar[str] = "contract"
    contract_id: int | None = Field(default=None, sa_column=_number(key=True))
    vendor_id: int = Field(sa_column=_number())
    valid_from: date
    currency: str
    steps: list[dict[str, object]] = Field(sa_column=Column(JSONB, nullable=False))
    version: int = 1
    reason: str = ""
