"""What was known of rights and when; changes of rights, and proposals of them."""

from pathlib import Path

from alembic import context, op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    schema = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    driver = op.get_bind().connection.driver_connection
    assert driver is not None
    driver.execute(schema)  # past SQLAlchemy, as in 0001
    role = context.config.attributes["app_role"]
    quoted = '"' + role.replace('"', '""') + '"'
    for table in ("rights_change", "proposal_answer"):
        op.execute(
            f"CREATE TRIGGER immutable BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    for table in ("rights_known", "proposal"):
        op.execute(
            f"CREATE TRIGGER immutable BEFORE DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
    op.execute(
        "CREATE TRIGGER ends_once BEFORE UPDATE ON rights_known "
        "FOR EACH ROW EXECUTE FUNCTION refuse_unless_known_ends()"
    )
    op.execute(
        "CREATE TRIGGER ends_once BEFORE UPDATE ON proposal "
        "FOR EACH ROW EXECUTE FUNCTION refuse_unless_proposal_ends()"
    )
    tables = "rights_change, proposal_answer, rights_known, proposal"
    op.execute(f"GRANT SELECT, INSERT ON {tables} TO {quoted}")
    op.execute(f"GRANT UPDATE (known) ON rights_known TO {quoted}")
    ended = "state, ended_at, ended_by, reason, change_id"
    op.execute(f"GRANT UPDATE ({ended}) ON proposal TO {quoted}")
    op.execute(f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {quoted}")
