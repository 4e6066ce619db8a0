-- name: compare
insert into ops.reconciliations (name, partition_key, state, expected, found, difference, records, run_id)
select %(name)s, partition_key, state, expected_total, booked_total, difference, landed_lines, %(run_id)s
from reconciliation.{table}
where partition_key between %(first)s and %(last)s
returning partition_key, state, expected, found, difference, records, compared_at;

-- name: gone
-- A day that neither side knows any more no longer differs.
insert into ops.reconciliations (name, partition_key, state, difference, records, run_id)
select %(name)s, l.partition_key, 'equal', 0, 0, %(run_id)s
from (
    select distinct on (partition_key) partition_key, state
    from ops.reconciliations
    where name = %(name)s and partition_key between %(first)s and %(last)s
    order by partition_key, reconciliation_id desc
) as l
where l.state <> 'equal' and not l.partition_key = any(%(known)s);

-- name: published
-- What the objects of a delivery without days should be. Who is not made there before a steward has said who it
-- is, is not missing.
select object_key, destination_id, content from publish.{table}
where not exists (select from unnest(needs) as n where starts_with(n, 'review:'))
order by object_key;

-- name: keep
insert into ops.reconciliations (name, partition_key, state, expected, found, difference, records, run_id)
values (%(name)s, %(partition)s, %(state)s, %(expected)s, %(found)s, %(difference)s, %(records)s, %(run_id)s);
