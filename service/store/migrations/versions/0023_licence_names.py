"""Works are found by their ISCC."""

from alembic import op

revision = "0023"
down_revision = "0022"


def upgrade() -> None:
    op.execute("CREATE INDEX work_iscc ON work (iscc) WHERE iscc IS NOT NULL")
