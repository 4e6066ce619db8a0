-- name: serialise
select pg_advisory_xact_lock(hashtextextended('golden ' || %(entity)s, 1));

-- name: pass
select basis, began_at from ops.golden_passes where entity = %(entity)s;

-- name: note_pass
insert into ops.golden_passes (entity, basis, began_at) values (%(entity)s, %(basis)s, %(at)s)
on conflict (entity) do update set basis = excluded.basis, began_at = excluded.began_at;

-- name: mark
select version, basis from ops.golden_marks where entity = %(entity)s and stream = %(stream)s;

-- name: move_mark
insert into ops.golden_marks (entity, stream, version, basis) values (%(entity)s, %(stream)s, %(version)s, %(basis)s)
on conflict (entity, stream) do update set version = excluded.version, basis = excluded.basis;

-- name: landed_since
select source_key, max(version) as version from landing.{table} where version > %(version)s group by source_key;

-- name: newest_landed
select coalesce(max(version), 0) from landing.{table};

-- name: incoming
-- The records that one consolidation deals with; gone with the transaction.
create temporary table incoming_records (
    place bigint generated always as identity,
    record_id bigint,
    system text not null,
    stream text not null,
    source_key text not null,
    landed_version bigint not null default 0,
    changed_at timestamptz,
    known_golden_id text,
    given jsonb,
    normal jsonb,
    previous jsonb,
    was_given jsonb,
    was_echoed text [] not null default '{}',
    was_echo boolean not null default false,
    since timestamptz,
    is_reread boolean not null default false,
    is_new boolean not null default false,
    is_removed boolean not null default false
) on commit drop;

-- name: known_records
select source_key, given, known_golden_id, normal
from ops.golden_records
where entity = %(entity)s and system = %(system)s and stream = %(stream)s and source_key = any(%(keys)s)
    and removed_at is null;

-- name: live_keys
select source_key from ops.golden_records
where entity = %(entity)s and system = %(system)s and stream = %(stream)s and removed_at is null;

-- name: know_again
update pg_temp.incoming_records as i
set record_id = r.record_id, previous = case when r.removed_at is null then r.normal end, was_given = r.given, since = r.since,
    was_echoed = r.echoed, was_echo = r.is_echo,
    is_reread = (r.given, r.known_golden_id) is not distinct from (i.given, i.known_golden_id)
from ops.golden_records as r
where r.entity = %(entity)s and r.system = i.system and r.stream = i.stream and r.source_key = i.source_key;

-- name: keep_changed
-- Of a record that was there before it is not known yet whether somebody changed it, or only we: see `edited`.
update ops.golden_records as r
set landed_version = i.landed_version, changed_at = case when i.previous is null then i.changed_at else r.changed_at end,
    known_golden_id = i.known_golden_id, given = i.given,
    normal = i.normal, previous = i.previous, removed_at = null, since = %(since)s, seen_at = %(at)s, run_id = %(run_id)s
from pg_temp.incoming_records as i
where i.record_id = r.record_id and not i.is_removed;

-- name: keep_new
with made as (
    insert into ops.golden_records
        (entity, system, stream, source_key, landed_version, changed_at, known_golden_id, given, normal, since, seen_at, run_id)
    select %(entity)s, system, stream, source_key, landed_version, changed_at, known_golden_id, given, normal, %(since)s,
        %(at)s, %(run_id)s
    from pg_temp.incoming_records
    where record_id is null
    order by place
    returning record_id, system, stream, source_key
)
update pg_temp.incoming_records as i
set record_id = made.record_id, is_new = true
from made
where made.system = i.system and made.stream = i.stream and made.source_key = i.source_key;

-- name: remove
with gone as (
    update ops.golden_records
    set removed_at = %(at)s, run_id = %(run_id)s
    where entity = %(entity)s and system = %(system)s and stream = %(stream)s and source_key = any(%(keys)s)
        and removed_at is null
    returning record_id, source_key, normal
)
insert into pg_temp.incoming_records (record_id, system, stream, source_key, normal, is_removed)
select record_id, %(system)s, %(stream)s, source_key, normal, true from gone;

-- name: tally
select count(*) filter (where is_new), count(*) filter (where not is_new and not is_removed), count(*) filter (where is_removed)
from pg_temp.incoming_records;

-- name: touched
select record_id from pg_temp.incoming_records order by record_id;

-- name: compared_anew
-- Records that are new, or say something else in what records are compared by.
select record_id from pg_temp.incoming_records
where not is_removed and (
    previous is null
    or exists (
        select from unnest(%(columns)s::text[]) as c (name)
        where previous -> c.name is distinct from normal -> c.name
            or (not normal ? c.name and was_given -> c.name is distinct from given -> c.name)
    )
)
order by record_id;

-- name: gone
select record_id from pg_temp.incoming_records where is_removed order by record_id;

-- name: live_values
-- What cannot be read as what it should be is compared as it was given.
select record_id, given || normal from ops.golden_records where entity = %(entity)s and removed_at is null order by record_id;

-- name: values_of
select record_id, given || normal from ops.golden_records
where record_id = any(%(records)s) and removed_at is null order by record_id;

-- name: identifiers_of
select r.record_id, i.name, r.normal ->> i.name
from ops.golden_records as r
inner join unnest(%(names)s::text[]) as i (name) on r.normal ? i.name
where r.record_id = any(%(records)s) and r.removed_at is null;

-- name: post
insert into ops.ledger (stage, name, partition_key, run_id, read, landed, unchanged, removed)
values ('identity', %(entity)s, '', %(run_id)s, %(read)s, %(kept)s, %(unchanged)s, %(removed)s);

-- name: golden_ids
select golden_id from ops.golden_ids where entity = %(entity)s and survivor is null order by number;

-- name: keep_model
insert into ops.golden_models (version, entity, model, records, trained_by)
values (%(version)s, %(entity)s, %(model)s, %(records)s, %(by)s)
on conflict (version) do nothing;

-- name: model
select model from ops.golden_models where entity = %(entity)s order by trained_at desc, version desc limit 1;

-- name: live_count
select count(*) from ops.golden_records where entity = %(entity)s and removed_at is null;

-- name: matched_count
-- How many live records have been through matching: those that belong to somebody.
select count(*)
from ops.golden_members as m
inner join ops.golden_records as r on r.record_id = m.record_id
where r.entity = %(entity)s and r.removed_at is null and m.valid_to is null;

-- name: standing
select
    (select count(*) from ops.golden_reviews where entity = %(entity)s and state = 'open') as reviews,
    (select count(*) from ops.golden_conflicts where entity = %(entity)s and state = 'held') as conflicts,
    (
        select count(distinct m.golden_id)
        from ops.golden_members as m
        inner join ops.golden_records as r on r.record_id = m.record_id
        where r.entity = %(entity)s and r.removed_at is null and m.valid_to is null
    ) as golden;
