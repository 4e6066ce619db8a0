"""The one PostgreSQL behind Accord; no other module writes to landing and ops."""
