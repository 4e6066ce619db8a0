"""Alembic's entry point; the connection is handed over by `accord.store.database.migrated`."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="ops")
with context.begin_transaction():
    context.run_migrations()
