"""The only reader of the environment; everyone else is handed values."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Settings of one installation, each from ``WELLSPRING_<NAME>``."""

    model_config = SettingsConfigDict(env_prefix="WELLSPRING_", extra="ignore")

    home: Path = Path("var")
    """Folder of the embedded database, the index and logins.txt."""
    database_url: str | None = None
    """postgresql://... of the application's role; None: the embedded server under ``home``."""
    database_owner_url: str | None = None
    """postgresql://... of the role that migrates; None: the same as ``database_url``."""
    broker_url: str = "memory://"
    """amqp://..., redis://... or memory:// (worker thread in the same process)."""
    milvus_uri: str | None = None
    """http://host:port of a Milvus that keeps the index; None: a file under ``home``."""
    sample_parties: bool = True
    """Found the sample vendors with the sample contract; switch off in production."""
    encoder_threads: int = Field(default=0, ge=0)
    """Threads of the encoder; 0: one less than the cores, at least one."""
    encoder_model: Path | None = None
    """Folder of a sentence-transformers model; None: the packaged all-MiniLM-L6-v2. Another model
    is another encoder: everything is encoded anew."""
    encoder_device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the encoder runs; auto: on the GPU where torch sees one."""
    models: Path | None = None
    """Folder of encoder files; None: beside the installed libraries, else ``models`` in ``home``.
    """
    receipt_key: Path | None = None
    """PEM file of the Ed25519 key that signs receipts of registrations; None: one that is made
    under ``home``. Several machines share one."""
    text_retention_days: int = Field(default=400, ge=1)
    """How long texts of outputs are kept after their first report."""
    fingerprint_retention_days: int = Field(default=400, ge=1)
    """How long fingerprints of passages that no work won are kept, for works registered late."""
    claim_window_days: int = Field(default=365, ge=0)
    """How long before its registration a sale may lie to be proposed for a late work."""
    fonts: Path | None = None
    """Folder of fonts for statements as PDF, beside those that come with the typesetter (Latin,
    Greek, Cyrillic, Hebrew, Arabic); what the machine has elsewhere is not looked at."""
    outbox: Path | None = None
    """Folder that letters with statements are written to; None: ``outbox`` in ``home``."""
    mail_from: str = ""
    """Address that letters come from; empty: no letter is sent."""
    smtp_url: SecretStr | None = None
    """smtp://user:password@host:587 or smtps://...; None: letters stay in the outbox folder."""
    payout_threshold: str = "0.00"
    """Smallest payable balance of a statement, in major units, of currencies that need another
    beside: 10.00, JPY=1000. What is below is carried forward."""
    fx_rate_age_days: int = Field(default=7, ge=0, le=366)
    """How old a rate of exchange may be on the day of a payout."""
    public_url: str | None = None
    """https://... under which others reach this installation, for what is published to them; None:
    as each request names it."""
    licence_price: str = "0.60 USD"
    """What a million premium tokens drawn wholly from a work pay sources at the usual royalty, as
    published; a vendor's own contract decides."""
    vendor_payment_days: int = Field(default=30, ge=0, le=366)
    """Within how many days of its issue vendors pay what a statement says that they owe."""
    payout_approvals: int = Field(default=1, ge=0, le=10)
    """How many operators beside its maker must approve a payout run before it is reserved."""
    rate_limit_per_minute: int = Field(default=1_200, ge=0)
    """How many requests a key or a person may make in a minute; 0: any number."""
    rate_limit_url: SecretStr | None = None
    """redis://... in which several API processes count together; None: each counts by itself."""
    most_unsettled_sales: int = Field(default=50_000_000, ge=1)
    """How many sales may wait to be settled before further ones are refused for a while."""
    least_free_disk_mib: int = Field(default=512, ge=0)
    """How much disk must be free under ``home`` for sales to be taken; 0: it is not looked at."""
    webhook_log_days: int = Field(default=90, ge=1)
    """How long events of webhooks, and what was sent of them, are kept."""
    webhook_networks: str = ""
    """Networks beside the public internet that webhooks may be sent to, by plain HTTP too, joined
    by commas: 127.0.0.0/8 for tests on one machine."""
    payee_keys: SecretStr | None = None
    """Keys that seal account data and secrets of webhooks, name:base64 of 32 bytes, the first is
    the current one; None: the embedded installation makes its own in ``payee.keys`` in ``home``."""
    payee_cooling_days: int = Field(default=7, ge=0, le=366)
    """How long nothing is paid to a payee that changed its account."""
    payer_name: str = ""
    """Whose account pays: in files for the bank and on invoices."""
    payer_iban: str = ""
    payer_bic: str = ""
    payer_address: str = ""
    """At most three lines, parted by ``;``."""
    payer_country: str = ""
    payer_tax_number: str = ""
    sanctions_list: Path | None = None
    """File of names that may not be paid, one a line; None: operators record the check."""
    close_approvals: int = Field(default=0, ge=0, le=10)
    """How many different operators must approve what a close issues before it is posted."""
    pool_approvals: int = Field(default=0, ge=0, le=10)
    """How many different operators must approve the release of an unmatched pool."""
    pool_notice_days: int = Field(default=30, ge=0, le=366)
    """How long before the end of a claim window a rule for its pool must have been announced."""
    test_mode: bool = True
    """Let vendors make test keys, each with books for tests in a database of their own."""
    test_book_sales: int = Field(default=100_000, ge=1)
    """How many sales a test book takes."""
    test_book_days: int = Field(default=90, ge=1)
    """After how many days without use a test book is dropped."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    session_hours: int = Field(default=12, ge=1)
    session_idle_minutes: int = Field(default=720, ge=1)
    """How long a session lasts in which nothing is asked."""
    operators_need_second_factor: bool = False
    """Let operators do nothing but set up a second factor until they have one."""
    sign_up: bool = True
    """Let creators sign up by themselves, by mail."""
    secure_cookies: bool = False
    """Mark session cookies Secure: switch on behind HTTPS."""
    log_level: str = "INFO"

    @property
    def embedded(self) -> bool:
        """Whether this installation brings its own database server."""
        return self.database_url is None
