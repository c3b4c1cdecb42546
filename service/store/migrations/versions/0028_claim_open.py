"""Open claims are found without reading those that have ended."""

from alembic import op

revision = "0028"
down_revision = "0027"


def upgrade() -> None:
    op.execute(
        "CREATE INDEX claim_open ON claim (work_id) "
        "WHERE state NOT IN ('verified', 'rejected', 'withdrawn', 'expired')"
    )
