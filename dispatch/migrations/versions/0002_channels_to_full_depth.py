"""channels to full depth."""

import sqlalchemy as sa
from alembic import op

from dispatch.models.types import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Calling this will move the schema forward."""
    op.create_table(
        "channel_state",
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("paused_until", UtcDateTime(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("provider"),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("holder", sa.String(), nullable=False),
        sa.Column("until", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
    )
    op.create_table(
        "template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("parts", sa.JSON(), nullable=False),
        sa.Column("synced_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("provider", "key", "language", name="uq_template"),
    )
    op.create_table(
        "upload",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("chat", sa.String(), nullable=False),
        sa.Column("filename", sa.String(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("token"),
    )
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_upload_chat"), ["chat"], unique=False)
        batch_op.create_index(batch_op.f("ix_upload_created_at"), ["created_at"], unique=False)

    op.create_table(
        "citizen_merge",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kept_id", sa.Integer(), nullable=False),
        sa.Column("merged_id", sa.Integer(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("addresses", sa.JSON(), nullable=False),
        sa.Column("tickets", sa.JSON(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["kept_id"],
            ["citizen.id"],
        ),
        sa.ForeignKeyConstraint(
            ["merged_id"],
            ["citizen.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("citizen_merge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_citizen_merge_kept_id"), ["kept_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_citizen_merge_merged_id"), ["merged_id"], unique=False)

    op.create_table(
        "address_alias",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("address_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("scheme", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["address.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("channel", "account", "scheme", "value", name="uq_address_alias"),
    )
    with op.batch_alter_table("address_alias", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_address_alias_address_id"), ["address_id"], unique=False)

    op.create_table(
        "link_code",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("asking_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("used_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["asking_id"],
            ["address.id"],
        ),
        sa.ForeignKeyConstraint(
            ["target_id"],
            ["address.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("link_code", schema=None) as batch_op:
        batch_op.create_index("ix_link_code_asking", ["asking_id", "created_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_link_code_target_id"), ["target_id"], unique=False)

    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("bad_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("bad_reason", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("derived", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.create_index(batch_op.f("ix_address_phone"), ["phone"], unique=False)

    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("original_type", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("latitude", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("longitude", sa.Float(), nullable=True))
        batch_op.add_column(sa.Column("scanned", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("preview", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("waits", sa.Integer(), nullable=False, server_default="0"))

    with op.batch_alter_table("inbound_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("album", sa.String(), nullable=False, server_default=""))
        batch_op.create_index(batch_op.f("ix_inbound_event_album"), ["album"], unique=False)

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("revises", sa.String(), nullable=False, server_default=""))

    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.add_column(sa.Column("template", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("variables", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("asks", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("origin", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("replaces_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("segments", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("category", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("cost", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index(batch_op.f("ix_outbox_replaces_id"), ["replaces_id"], unique=False)
        batch_op.create_index("ix_outbox_sent", ["channel", "sent_at"], unique=False)
        batch_op.create_foreign_key("fk_outbox_replaces", "outbox", ["replaces_id"], ["id"])

    op.execute("UPDATE address SET phone = value WHERE scheme IN ('tel', 'whatsapp') AND value LIKE '+%'")


def downgrade() -> None:
    """Calling this will take the schema back."""
    with op.batch_alter_table("outbox", schema=None) as batch_op:
        batch_op.drop_constraint("fk_outbox_replaces", type_="foreignkey")
        batch_op.drop_index("ix_outbox_sent")
        batch_op.drop_index(batch_op.f("ix_outbox_replaces_id"))
        batch_op.drop_column("cost")
        batch_op.drop_column("category")
        batch_op.drop_column("segments")
        batch_op.drop_column("replaces_id")
        batch_op.drop_column("origin")
        batch_op.drop_column("asks")
        batch_op.drop_column("variables")
        batch_op.drop_column("template")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_column("revises")

    with op.batch_alter_table("inbound_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_inbound_event_album"))
        batch_op.drop_column("album")

    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.drop_column("waits")
        batch_op.drop_column("seconds")
        batch_op.drop_column("preview")
        batch_op.drop_column("scanned")
        batch_op.drop_column("longitude")
        batch_op.drop_column("latitude")
        batch_op.drop_column("original_type")

    with op.batch_alter_table("address", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_phone"))
        batch_op.drop_column("derived")
        batch_op.drop_column("bad_reason")
        batch_op.drop_column("bad_at")
        batch_op.drop_column("phone")

    with op.batch_alter_table("link_code", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_link_code_target_id"))
        batch_op.drop_index("ix_link_code_asking")

    op.drop_table("link_code")
    with op.batch_alter_table("address_alias", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_address_alias_address_id"))

    op.drop_table("address_alias")
    with op.batch_alter_table("citizen_merge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_citizen_merge_merged_id"))
        batch_op.drop_index(batch_op.f("ix_citizen_merge_kept_id"))

    op.drop_table("citizen_merge")
    with op.batch_alter_table("upload", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_upload_created_at"))
        batch_op.drop_index(batch_op.f("ix_upload_chat"))

    op.drop_table("upload")
    op.drop_table("template")
    op.drop_table("lease")
    op.drop_table("channel_state")
