"""The founding schema, its immutable tables and the rights of the application's role."""

from pathlib import Path

from alembic import context, op

revision = "0001"
down_revision = None

IMMUTABLE = (
    "attribution", "backing", "backing_part", "balance_delta", "balance_snapshot", "batch",
    "correction", "journal_entry", "receipt", "release", "release_credit", "release_part", "sale",
    "sale_attribution", "seal", "statement", "statement_line",
)  # fmt: skip
INSERT_ONLY_BY_GRANT = ("account", "contract", "encoder", "engine", "line", "passage", "rate_card")
MUTABLE = (
    "api_key", "embedding", "output_text", "party", "period", "portal_session", "portal_user",
    "quarantine", "refund", "rights_version", "work", "work_batch", "work_text",
)  # fmt: skip


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(
        schema
    )  # many statements and no parameters: past SQLAlchemy, which reads % as one
    for table in IMMUTABLE:
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    op.execute(f"GRANT USAGE ON SCHEMA public TO {quoted}")
    for table in (*IMMUTABLE, *INSERT_ONLY_BY_GRANT):
        op.execute(f"GRANT SELECT, INSERT ON {table} TO {quoted}")
    for table in MUTABLE:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {quoted}")
    op.execute(
        f"GRANT UPDATE (sale_id) ON sale TO {quoted}"
    )  # the right to lock a row; the trigger refuses
    op.execute(f"GRANT SELECT ON posting, installation TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
    op.execute(f"GRANT SELECT ON alembic_version TO {quoted}")
