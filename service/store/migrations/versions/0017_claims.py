"""Claims over shares of works: parties, steps, and how far each has come."""

from pathlib import Path

from alembic import context, op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    for table in ("claim_party", "claim_step"):
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(f"GRANT SELECT, INSERT ON claim, claim_party, claim_step TO {quoted}")
    stands = "state, step_count, last_at, due_at, has_evidence, gave_up, outcome, granted_ppm"
    op.execute(f"GRANT UPDATE ({stands}, decided_by, settled_at) ON claim TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
