-- name: create_table
create table if not exists landing.{table} (
    partition_key text not null,
    source_key text not null,
    version bigint not null generated always as identity,
    content_hash bytea not null,
    payload bytea,
    shape_id integer not null default 0,
    run_id text not null,
    landed_at timestamptz not null default now(),
    primary key (partition_key, source_key, version)
);

-- name: index_table
-- Versions only grow, so what landed since one lies together; such an index costs next to nothing.
create index on landing.{table} using brin (version) with (autosummarize = on);

-- name: grant_table
-- What records hold is for who lands them and for who types them; the others may count them.
grant select, insert, maintain on landing.{table} to accord_lander;
grant select on landing.{table} to accord_modeler;
revoke select on landing.{table} from accord_gatekeeper, accord_deliverer, accord_reader;
grant select (partition_key, source_key, version, content_hash, shape_id, run_id, landed_at) on landing.{table}
    to accord_gatekeeper, accord_deliverer, accord_reader;

-- name: serialise
select pg_advisory_xact_lock(hashtextextended(%(stream)s, 0));

-- name: has_any
select exists (select from landing.{table} where partition_key = any(%(partitions)s));

-- name: shape
with told as (
    select sha256(convert_to(%(shape)s, 'UTF8')) as digest
), made as (
    insert into landing.shapes (stream, shape, digest)
    select %(stream)s, %(shape)s, digest from told
    on conflict (stream, digest) do nothing
    returning shape_id
)
select shape_id from made
union all
select s.shape_id from landing.shapes as s inner join told as t on t.digest = s.digest where s.stream = %(stream)s
limit 1;

-- name: stage
create temporary table incoming (
    partition_key text not null,
    source_key text not null,
    content_hash bytea not null,
    payload bytea not null,
    shape_id integer not null,
    run_id text not null
) on commit drop;

-- name: repeats_incoming
select exists (select from incoming group by partition_key, source_key having count(*) > 1);

-- name: repeats_landed
select exists (
    select from landing.{table} where partition_key = any(%(partitions)s)
    group by partition_key, source_key having count(*) > 1
);

-- name: merge
-- One index look-up per incoming record, so the cost follows what came in and not what is stored.
with compared as materialized (
    select i.*, c.content_hash is not distinct from i.content_hash and not c.is_removed as is_same
    from incoming as i
    left join lateral (
        select t.content_hash, t.payload is null as is_removed
        from landing.{table} as t
        where t.partition_key = i.partition_key and t.source_key = i.source_key
        order by t.version desc
        limit 1
    ) as c on true
), landed as (
    insert into landing.{table} (partition_key, source_key, content_hash, payload, shape_id, run_id)
    select partition_key, source_key, content_hash, payload, shape_id, run_id
    from compared
    where is_same is not true
    returning partition_key
)
select partition_key, sum(landed)::bigint as landed, sum(same)::bigint as unchanged
from (
    select partition_key, 1 as landed, 0 as same from landed
    union all
    select partition_key, 0, 1 from compared where is_same
) as counted
group by partition_key;

-- name: remove
-- A key that a whole reading no longer holds gets a tombstone: a version without payload.
with current as (
    select distinct on (t.partition_key, t.source_key) t.partition_key, t.source_key, t.payload is null as is_removed, t.shape_id
    from landing.{table} as t
    where t.partition_key = any(%(partitions)s)
    order by t.partition_key, t.source_key, t.version desc
), gone as (
    insert into landing.{table} (partition_key, source_key, content_hash, payload, shape_id, run_id)
    select c.partition_key, c.source_key, sha256(''::bytea), null, c.shape_id, %(run_id)s
    from current as c
    where not c.is_removed
        and not exists (
            select from incoming as i
            where i.partition_key = c.partition_key and i.source_key = c.source_key
        )
    returning partition_key
)
select partition_key, count(*) as removed from gone group by partition_key;

-- name: are_incoming
select exists (select from incoming where source_key = any(%(keys)s));

-- name: remove_named
-- Records of which the source itself says that they are gone get a tombstone, each once.
with current as (
    select k.source_key, c.shape_id
    from (select distinct unnest(%(keys)s::text[]) as source_key) as k
    cross join lateral (
        select t.payload, t.shape_id
        from landing.{table} as t
        where t.partition_key = '' and t.source_key = k.source_key
        order by t.version desc
        limit 1
    ) as c
    where c.payload is not null
), gone as (
    insert into landing.{table} (partition_key, source_key, content_hash, payload, shape_id, run_id)
    select '', source_key, sha256(''::bytea), null, shape_id, %(run_id)s
    from current
    returning partition_key
)
select partition_key, count(*) as removed from gone group by partition_key;

-- name: resolve_followed
-- A record that came again and kept its contract, or is gone, has no letter any more.
update ops.dead_letters as d
set state = 'resolved', settled_at = now()
where d.stage = 'landing' and d.name = %(stream)s and d.piece = %(piece)s and d.state = 'waiting'
    and d.last_seen_at <> now()
    and (d.record_key = any(%(keys)s) or exists (select from incoming as i where i.source_key = d.record_key));

-- name: take_notices
-- What systems told us before this reading began is in it.
update ops.inbox set taken_at = now()
where system || '.' || stream = %(stream)s and taken_at is null and received_at < now();

-- name: post
insert into ops.ledger (stage, name, partition_key, run_id, read, landed, unchanged, rejected, removed)
values ('landing', %(stream)s, %(partition)s, %(run_id)s, %(read)s, %(landed)s, %(unchanged)s, %(rejected)s, %(removed)s);

-- name: cursor
select digest, records, rejected from ops.cursors where stream = %(stream)s and piece = %(piece)s;

-- name: move_cursor
insert into ops.cursors (stream, piece, partition_key, digest, signature, records, rejected, position)
values (%(stream)s, %(piece)s, %(partition)s, %(digest)s, %(signature)s, %(records)s, %(rejected)s, %(position)s)
on conflict (stream, piece) do update
set digest = excluded.digest, signature = excluded.signature, records = excluded.records,
    rejected = excluded.rejected, read_at = now(),
    position = case when excluded.position = '' then ops.cursors.position else excluded.position end,
    whole_at = case when excluded.position = '' then ops.cursors.whole_at else now() end;

-- name: follow_cursor
update ops.cursors set signature = %(signature)s, position = %(position)s, read_at = now()
where stream = %(stream)s and piece = %(piece)s;

-- name: position
-- From where a stream is followed, unless it is time to read it whole again: by the hour, or because a write
-- found its object gone, and following has not told that since.
select c.position from ops.cursors as c
where c.stream = %(stream)s and c.piece = %(piece)s and c.position <> ''
    and c.whole_at > now() - make_interval(secs => %(hours)s::double precision * 3600)
    and not exists (
        select from ops.outbox as o
        where o.system || '.' || o.kind = c.stream and o.settled_at is null and o.state = 'held' and o.cause = 'gone'
            and o.intended_at between c.whole_at and c.read_at
    );

-- name: touch_cursor
update ops.cursors set signature = %(signature)s, read_at = now()
where stream = %(stream)s and piece = %(piece)s;

-- name: signatures
select piece, signature from ops.cursors where stream = %(stream)s;

-- name: move_watermark
insert into ops.watermarks (stream, partition_key)
select %(stream)s, day from unnest(%(days)s::text[]) as day
on conflict (stream, partition_key) do update
set changes = ops.watermarks.changes + 1, changed_at = now();

-- name: note_day
insert into ops.calendar (first_day) values (%(day)s)
on conflict (only_row) do update set first_day = least(ops.calendar.first_day, excluded.first_day);

-- name: first_day
select first_day from ops.calendar;
