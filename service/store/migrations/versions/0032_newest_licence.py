"""The newest terms of a work are found without reading those of others."""

from alembic import op

revision = "0032"
down_revision = "0031"


def upgrade() -> None:
    op.execute("CREATE INDEX licence_newest ON licence (work_id, licence_id)")
