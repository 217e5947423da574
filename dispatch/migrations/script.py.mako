"""${message}."""

import sqlalchemy as sa
from alembic import op

from dispatch.models.types import UtcDateTime

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Calling this will move the schema forward."""
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    """Calling this will take the schema back."""
    ${downgrades if downgrades else "pass"}
