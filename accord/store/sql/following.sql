-- name: keep_notice
insert into ops.inbox (system, notice, stream) values (%(system)s, %(notice)s, %(stream)s)
on conflict (system, notice) do nothing;

-- name: waiting
select count(*) || ' up to ' || max(received_at)
from ops.inbox
where system || '.' || stream = any(%(streams)s) and taken_at is null
having count(*) > 0;

-- name: unread
-- What was landed since the golden records were last brought up to it.
select string_agg(w.stream || '=' || w.changes, ',' order by w.stream)
from ops.watermarks as w
left join ops.builds as b on b.target = %(target)s and b.partition_key = ''
where w.stream = any(%(streams)s) and w.partition_key = '' and w.changed_at > coalesce(b.built_at, '-infinity');

-- name: decided
-- What was held until a steward had said who somebody is, and need not be any more.
select string_agg(o.write_id::text, ',' order by o.write_id)
from unnest(%(systems)s::text[], %(endpoints)s::text[], %(kinds)s::text[]) as e (system, endpoint, kind)
inner join ops.outbox as o
    on o.system = e.system and o.endpoint = e.endpoint and o.kind = e.kind and o.settled_at is null and o.state = 'held'
where exists (
    select from unnest(o.needs) as n
    where starts_with(n, 'review:')
        and not exists (
            select from ops.golden_doubts as d
            where d.golden_id = o.object_key and d.other_id = substr(n, strpos(n, ':') + 1)
        )
);

-- name: vanished
-- What is held because its object is gone, and whose stream has not been read whole since; with whether it was followed.
select string_agg(o.write_id || case when c.read_at > o.intended_at then ' followed' else '' end, ',' order by o.write_id)
from unnest(%(systems)s::text[], %(endpoints)s::text[], %(kinds)s::text[]) as e (system, endpoint, kind)
inner join ops.outbox as o
    on o.system = e.system and o.endpoint = e.endpoint and o.kind = e.kind and o.settled_at is null
    and o.state = 'held' and o.cause = 'gone'
inner join ops.cursors as c on c.stream = o.system || '.' || o.kind and c.whole_at < o.intended_at;

-- name: undelivered
-- Golden records that changed after a delivery last made its writes rows: a steward's decision, say.
select e.system || '.' || e.kind, m.revision
from unnest(%(systems)s::text[], %(endpoints)s::text[], %(kinds)s::text[]) as e (system, endpoint, kind)
inner join ops.delivery_marks as m on m.system = e.system and m.endpoint = e.endpoint and m.kind = e.kind
where m.revision < (select max(revision) from canonical.{table})
order by 1;
