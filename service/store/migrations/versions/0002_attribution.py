"""Registration, commons and late registration; works of before wait for prints and examination."""

from pathlib import Path

from alembic import context, op

revision = "0002"
down_revision = "0001"

ADDED_AND_DECIDED = ("finding", "late_match")


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    for table in ADDED_AND_DECIDED:
        op.execute(f"GRANT SELECT, INSERT, UPDATE ON {table} TO {quoted}")
    op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON unmatched_passage TO {quoted}")
    op.execute(f"GRANT UPDATE (lexical, origin_passage_id) ON passage TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
