-- name: columns
select column_name from information_schema.columns
where table_schema = %(schema)s and table_name = %(view)s
order by ordinal_position;

-- name: rejected
-- The dead letters of a stream that wait, by cause.
select cause, count(*)::integer from ops.dead_letters
where stage = 'landing' and name = %(stream)s and state = 'waiting'
group by cause order by cause;

-- name: disagreements
-- For each system and attribute: in how many records its value is known, and in how many it is not
-- the one that authority gives, capitals aside.
select r.system, said.key as attribute, count(*)::integer as compared,
    count(*) filter (where lower(said.value) is distinct from lower(golden.told ->> said.key))::integer as apart
from ops.golden_records as r
inner join ops.golden_members as m on m.record_id = r.record_id and m.valid_to is null
inner join (
    select c.golden_id, to_jsonb(c) as told from canonical.{table} as c
) as golden on golden.golden_id = m.golden_id
cross join lateral jsonb_each_text(r.normal) as said
where r.entity = %(entity)s and r.removed_at is null and said.key = any(%(attributes)s)
group by r.system, said.key
order by r.system, said.key;
