-- name: grown
-- As autovacuum judges it, which cannot see what a transaction has not committed yet.
select %(touched)s > 50 + 0.1 * greatest(reltuples, 0) from pg_class where oid = to_regclass(%(table)s);

-- name: count
analyze {table};
