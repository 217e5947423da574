"""the right desk and the law's clock."""

import sqlalchemy as sa
from alembic import op

from dispatch.models.types import UtcDateTime

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Calling this will move the schema forward."""
    op.create_table(
        "recount",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("reached", sa.Integer(), nullable=False),
        sa.Column("looked", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "region_edition",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("region", sa.String(), nullable=False),
        sa.Column("edition", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("edition"),
    )
    op.create_table(
        "staff_reach",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("address_id", sa.Integer(), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("asked_at", UtcDateTime(), nullable=False),
        sa.Column("confirmed_at", UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["address_id"],
            ["address.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("staff_id", "channel", name="uq_staff_reach"),
    )
    op.create_table(
        "likeness",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("other_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("found_at", UtcDateTime(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("decided_at", UtcDateTime(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["other_id"],
            ["ticket.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("ticket_id", "other_id", name="uq_likeness"),
    )
    with op.batch_alter_table("likeness", schema=None) as batch_op:
        batch_op.create_index("ix_likeness_other", ["other_id"], unique=False)

    op.create_table(
        "ticket_join",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("lead_id", sa.Integer(), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("undone_at", UtcDateTime(), nullable=True),
        sa.Column("undone_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["ticket.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.ForeignKeyConstraint(
            ["undone_by"],
            ["staff.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("ticket_join", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_ticket_join_lead_id"), ["lead_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_ticket_join_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "twin",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("tracking_id", sa.String(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("mapped", sa.String(), nullable=False),
        sa.Column("first_response_due", UtcDateTime(), nullable=True),
        sa.Column("resolution_due", UtcDateTime(), nullable=True),
        sa.Column("theirs", sa.JSON(), nullable=False),
        sa.Column("conflicts", sa.JSON(), nullable=False),
        sa.Column("linked_at", UtcDateTime(), nullable=True),
        sa.Column("imported_at", UtcDateTime(), nullable=True),
        sa.Column("exported_at", UtcDateTime(), nullable=True),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tracking_id"),
    )
    with op.batch_alter_table("twin", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_twin_ticket_id"), ["ticket_id"], unique=False)

    op.create_table(
        "alert",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("send_at", UtcDateTime(), nullable=True),
        sa.Column("seen_at", UtcDateTime(), nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"],
            ["message.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff.id"],
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["ticket.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
    )
    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.create_index("ix_alert_message", ["message_id"], unique=False)
        batch_op.create_index("ix_alert_send", ["send_at"], unique=False)
        batch_op.create_index("ix_alert_staff", ["staff_id", "seen_at", "id"], unique=False)
        batch_op.create_index("ix_alert_ticket", ["ticket_id"], unique=False)

    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("missed_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("owner", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("accept_due", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("accepted_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("returned_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("returned", sa.String(), nullable=False, server_default=""))

    with op.batch_alter_table("citizen", schema=None) as batch_op:
        batch_op.add_column(sa.Column("staff_id", sa.Integer(), nullable=True))
        batch_op.create_unique_constraint("uq_citizen_staff", ["staff_id"])
        batch_op.create_foreign_key("fk_citizen_staff", "staff", ["staff_id"], ["id"])

    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.add_column(sa.Column("position", sa.String(), nullable=False, server_default="officer"))
        batch_op.add_column(sa.Column("sees_secret", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("notify", sa.String(), nullable=False, server_default=""))

    with op.batch_alter_table("status_change", schema=None) as batch_op:
        batch_op.add_column(sa.Column("outcome", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("worked_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("until", UtcDateTime(), nullable=True))
        batch_op.create_index("ix_status_change_worked", ["worked_at", "id"], unique=False)

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("copy_of", sa.Integer(), nullable=True))
        batch_op.create_unique_constraint("uq_message_copy", ["copy_of", "ticket_id"])
        batch_op.create_foreign_key("fk_message_copy", "message", ["copy_of"], ["id"])

    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("shown", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.alter_column("event_id", existing_type=sa.Integer(), nullable=True)

    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.add_column(sa.Column("place_choices", sa.JSON(), nullable=False, server_default="[]"))
        batch_op.add_column(sa.Column("place_text", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("privacy", sa.String(), nullable=False, server_default="named"))
        batch_op.add_column(sa.Column("owner", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("consent", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("consent_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("accused", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("lead_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("source", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("intake_by", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("next_due", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("next_step", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("accept_due", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("accepted_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("handovers", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("bounces", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("pause_reason", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("pause_until", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("escalated", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("ladder_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("outcome", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("settled_asked_at", UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("content", sa.String(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("rating", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("own_part", sa.Boolean(), nullable=False, server_default=sa.true()))
        batch_op.create_index("ix_ticket_alike", ["area", "category", "opened_at"], unique=False)
        batch_op.create_index("ix_ticket_ladder", ["status", "ladder_at"], unique=False)
        batch_op.create_index("ix_ticket_lead", ["lead_id"], unique=False)
        batch_op.create_index("ix_ticket_next", ["status", "next_due"], unique=False)
        batch_op.create_index("ix_ticket_parent", ["parent_id"], unique=False)
        batch_op.create_foreign_key("fk_ticket_lead", "ticket", ["lead_id"], ["id"])
        batch_op.create_foreign_key("fk_ticket_intake", "staff", ["intake_by"], ["id"])
        batch_op.create_foreign_key("fk_ticket_parent", "ticket", ["parent_id"], ["id"])

    # What changed before has had its consequences.
    op.execute("UPDATE status_change SET worked_at = at")


def downgrade() -> None:
    """Calling this will take the schema back."""
    with op.batch_alter_table("ticket", schema=None) as batch_op:
        batch_op.drop_constraint("fk_ticket_parent", type_="foreignkey")
        batch_op.drop_constraint("fk_ticket_intake", type_="foreignkey")
        batch_op.drop_constraint("fk_ticket_lead", type_="foreignkey")
        batch_op.drop_index("ix_ticket_parent")
        batch_op.drop_index("ix_ticket_next")
        batch_op.drop_index("ix_ticket_lead")
        batch_op.drop_index("ix_ticket_ladder")
        batch_op.drop_index("ix_ticket_alike")
        batch_op.drop_column("own_part")
        batch_op.drop_column("rating")
        batch_op.drop_column("content")
        batch_op.drop_column("settled_asked_at")
        batch_op.drop_column("outcome")
        batch_op.drop_column("ladder_at")
        batch_op.drop_column("escalated")
        batch_op.drop_column("pause_until")
        batch_op.drop_column("pause_reason")
        batch_op.drop_column("bounces")
        batch_op.drop_column("handovers")
        batch_op.drop_column("accepted_at")
        batch_op.drop_column("accept_due")
        batch_op.drop_column("next_step")
        batch_op.drop_column("next_due")
        batch_op.drop_column("intake_by")
        batch_op.drop_column("source")
        batch_op.drop_column("lead_id")
        batch_op.drop_column("parent_id")
        batch_op.drop_column("accused")
        batch_op.drop_column("consent_at")
        batch_op.drop_column("consent")
        batch_op.drop_column("owner")
        batch_op.drop_column("privacy")
        batch_op.drop_column("place_text")
        batch_op.drop_column("place_choices")

    # What staff attached came with no event: the older schema has no place for such a row.
    op.execute("DELETE FROM attachment WHERE event_id IS NULL")
    with op.batch_alter_table("attachment", schema=None) as batch_op:
        batch_op.alter_column("event_id", existing_type=sa.Integer(), nullable=False)
        batch_op.drop_column("shown")

    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_constraint("fk_message_copy", type_="foreignkey")
        batch_op.drop_constraint("uq_message_copy", type_="unique")
        batch_op.drop_column("copy_of")

    with op.batch_alter_table("status_change", schema=None) as batch_op:
        batch_op.drop_index("ix_status_change_worked")
        batch_op.drop_column("until")
        batch_op.drop_column("worked_at")
        batch_op.drop_column("outcome")

    with op.batch_alter_table("staff", schema=None) as batch_op:
        batch_op.drop_column("notify")
        batch_op.drop_column("sees_secret")
        batch_op.drop_column("position")

    with op.batch_alter_table("citizen", schema=None) as batch_op:
        batch_op.drop_constraint("fk_citizen_staff", type_="foreignkey")
        batch_op.drop_constraint("uq_citizen_staff", type_="unique")
        batch_op.drop_column("staff_id")

    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_column("missed_at")
        batch_op.drop_column("returned")
        batch_op.drop_column("returned_at")
        batch_op.drop_column("accepted_at")
        batch_op.drop_column("accept_due")
        batch_op.drop_column("owner")

    with op.batch_alter_table("alert", schema=None) as batch_op:
        batch_op.drop_index("ix_alert_ticket")
        batch_op.drop_index("ix_alert_staff")
        batch_op.drop_index("ix_alert_send")
        batch_op.drop_index("ix_alert_message")

    op.drop_table("alert")
    with op.batch_alter_table("twin", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_twin_ticket_id"))

    op.drop_table("twin")
    with op.batch_alter_table("ticket_join", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_ticket_join_ticket_id"))
        batch_op.drop_index(batch_op.f("ix_ticket_join_lead_id"))

    op.drop_table("ticket_join")
    with op.batch_alter_table("likeness", schema=None) as batch_op:
        batch_op.drop_index("ix_likeness_other")

    op.drop_table("likeness")
    op.drop_table("staff_reach")
    op.drop_table("region_edition")
    op.drop_table("recount")
