-- name: grown
-- The columns to count of a table, where a good part of it is new, as autovacuum judges it, which cannot see what a
-- transaction has not committed yet. Of documents nothing is counted: no plan depends on it, and it takes longest.
select array_agg(a.attname order by a.attnum)
from pg_class as c
inner join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.oid = to_regclass(%(table)s) and c.relkind = 'r'
    and (%(touched)s::bigint is null or %(touched)s > 50 + 0.1 * greatest(c.reltuples, 0))
    and a.atttypid <> all('{json,jsonb,bytea}'::regtype[]);

-- name: count
analyze {table} ({columns});
