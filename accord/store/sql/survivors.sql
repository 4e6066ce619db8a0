-- name: rows
-- What each golden record says: of every attribute, or attributes that are taken together, the value of the
-- record with the best claim. `accord.authority.decide` says the same of one golden record.
with asked as (
    select golden_id from unnest(%(golden_ids)s::text[]) as g (golden_id)
), attributes as materialized (
    select * from unnest(%(attributes)s::text[], %(together)s::text[], %(owners)s::text[], %(wins)s::text[])
        as a (attribute, taken_with, owner, wins)
), ranks as materialized (
    select * from unnest(%(ranked)s::text[], %(systems)s::text[], %(ranks)s::int[]) as k (attribute, system, rank)
), members as (
    select m.golden_id, r.record_id, r.system, r.changed_at, r.normal, r.echoed, r.is_echo
    from asked
    inner join ops.golden_members as m on m.golden_id = asked.golden_id and m.valid_to is null
    inner join ops.golden_records as r on r.record_id = m.record_id and r.removed_at is null
), claims as (
    select m.golden_id, m.record_id, m.changed_at, a.taken_with, c.record_id is not null as is_accepted,
        case
            when c.record_id is not null then 99
            when a.wins = said.value and (m.system = a.owner or a.attribute <> all(m.echoed)) then -1
            else coalesce(k.rank, 98)
        end as rank,
        c.record_id is null and a.attribute = any(m.echoed) as is_echoed
    from members as m
    cross join lateral jsonb_each_text(m.normal) as said (attribute, value)
    inner join attributes as a on a.attribute = said.attribute
    left join ranks as k on k.attribute = a.attribute and k.system = m.system
    left join ops.golden_accepted as c on c.record_id = m.record_id and c.attribute = a.attribute
    where c.record_id is not null
        or a.wins = said.value
        or (k.rank is not null and (m.system = a.owner or a.attribute <> all(m.echoed)))
), winners as (
    select distinct on (golden_id, taken_with) golden_id, taken_with, record_id
    from claims
    order by golden_id, taken_with, is_accepted desc, rank, is_echoed, changed_at desc nulls last, record_id
), contents as (
    select w.golden_id, jsonb_object_agg(said.key, said.value) as content
    from (
        select golden_id, record_id, array_agg(taken_with) as taken from winners group by golden_id, record_id
    ) as w
    inner join members as r on r.record_id = w.record_id
    cross join lateral jsonb_each(r.normal) as said
    inner join attributes as a on a.attribute = said.key and a.taken_with = any(w.taken)
    group by w.golden_id
)
insert into pg_temp.golden_rows (golden_id, content)
select l.golden_id, coalesce(c.content, '{{}}')
from (select golden_id from members group by golden_id having not bool_and(is_echo)) as l
left join contents as c on c.golden_id = l.golden_id;

-- name: golden_rows
create temporary table if not exists golden_rows (golden_id text primary key, content jsonb not null) on commit drop;

-- name: clear_rows
truncate pg_temp.golden_rows;

-- name: change
-- Only what is not as it was is written; what it was is kept. Both are worked out once and held, because a
-- query that is taken into another works them out again for each of the columns.
with said as materialized (
    select n.golden_id, jsonb_populate_record(null::{golden}, n.content || jsonb_build_object('golden_id', n.golden_id)) as new,
        g as old
    from pg_temp.golden_rows as n
    left join {golden} as g on g.golden_id = n.golden_id
), told as materialized (
    select golden_id, new, (old).golden_id is null as is_new, jsonb_strip_nulls(to_jsonb(new)) as now,
        jsonb_strip_nulls(to_jsonb(old)) - '{{revision,changed_at}}'::text[] as before
    from said
), changed as (
    select golden_id, is_new, nextval('ops.golden_revisions') as revision, new,
        (
            select coalesce(jsonb_object_agg(k.key, before -> k.key), '{{}}')
            from (select jsonb_object_keys(before) union select jsonb_object_keys(now)) as k (key)
            where k.key <> 'golden_id' and now -> k.key is distinct from before -> k.key
        ) as was
    from told
    where before is null or now <> before
), kept as (
    insert into ops.golden_changes (golden_id, revision, was, changed_at, run_id)
    select golden_id, revision, was, %(at)s, %(run_id)s from changed where not is_new
), written as (
    insert into {golden} (golden_id, {columns}, revision, changed_at)
    select golden_id, {values}, revision, %(at)s from changed
    on conflict (golden_id) do update
    set {assignments}, revision = excluded.revision, changed_at = excluded.changed_at
)
select count(*) filter (where is_new), count(*) filter (where not is_new) from changed;

-- name: vanish
-- Golden records without any record of their own left are no more; their ids stay theirs.
with gone as (
    delete from {golden} as g
    where g.golden_id = any(%(golden_ids)s::text[])
        and not exists (select from pg_temp.golden_rows as n where n.golden_id = g.golden_id)
    returning g.golden_id, g.revision, jsonb_strip_nulls(to_jsonb(g)) - '{{golden_id,revision,changed_at}}'::text[] as was
)
insert into ops.golden_changes (golden_id, revision, was, changed_at, run_id)
select golden_id, revision, was, %(at)s, %(run_id)s from gone;

-- name: members
-- Which records are in which golden record now; a golden record that lost or gained one is new to destinations,
-- and what they hold of it in a record that is another's by now, or nobody's, is not believed any more.
with wanted as (
    select m.golden_id, r.system, r.stream, r.source_key, r.is_echo,
        row_number() over (partition by m.golden_id, r.system, r.stream order by r.record_id) = 1 as is_primary
    from ops.golden_members as m
    inner join ops.golden_records as r on r.record_id = m.record_id and r.removed_at is null
    where m.golden_id = any(%(golden_ids)s::text[]) and m.valid_to is null
        and exists (select from {golden} as g where g.golden_id = m.golden_id)
), gone as (
    delete from {members} as h
    where h.golden_id = any(%(golden_ids)s::text[])
        and not exists (
            select from wanted as w where w.system = h.system and w.stream = h.stream and w.source_key = h.source_key
        )
    returning h.golden_id, h.system, h.stream, h.source_key
), made as (
    insert into {members} as h (golden_id, system, stream, source_key, is_primary)
    -- What is so already is left out before: to find it in conflict would lock each such row, which is a write.
    select golden_id, system, stream, source_key, is_primary
    from wanted as w
    where not exists (
        select from {members} as m
        where m.system = w.system and m.stream = w.stream and m.source_key = w.source_key
            and m.golden_id = w.golden_id and m.is_primary = w.is_primary
    )
    on conflict (system, stream, source_key) do update
    set golden_id = excluded.golden_id, is_primary = excluded.is_primary
    where (h.golden_id, h.is_primary) is distinct from (excluded.golden_id, excluded.is_primary)
    returning h.golden_id, old.golden_id as left_id, h.system, h.stream, h.source_key
), let_go as (
    update ops.crosswalk as c set digest = ''
    from (
        select golden_id, system, stream, source_key from made
        union all
        select '', system, stream, source_key from gone
    ) as m
    where c.system = m.system and c.destination_id = m.source_key and c.kind || '' = m.stream
        and c.object_key <> m.golden_id and c.digest <> ''
)
select golden_id from gone
union
select left_id from made where left_id is not null
union
select m.golden_id
from made as m
inner join wanted as w on w.system = m.system and w.stream = m.stream and w.source_key = m.source_key
where not w.is_echo;

-- name: revise
-- Destinations look at these again, though their values are as they were.
update {golden} set revision = nextval('ops.golden_revisions'), changed_at = %(at)s
where golden_id = any(%(golden_ids)s::text[]) and changed_at <> %(at)s;

-- name: golden_values
select golden_id, jsonb_strip_nulls(to_jsonb(g)) - '{{golden_id,revision,changed_at}}'::text[] as content
from {golden} as g where golden_id = any(%(golden_ids)s::text[]);

-- name: members_of
select m.golden_id, r.record_id, r.system, r.stream, r.source_key, r.changed_at, r.normal, r.given, r.echoed, r.is_echo
from ops.golden_members as m
inner join ops.golden_records as r on r.record_id = m.record_id and r.removed_at is null
where m.golden_id = any(%(golden_ids)s::text[]) and m.valid_to is null
order by m.golden_id, r.record_id;

-- name: changed_records
-- Records that were seen before and now say something else, not only read otherwise; and new ones that we made, or may just have made,
-- or that were there already and that we adopted.
select i.record_id, i.system, i.stream, i.source_key, i.previous, i.normal, i.since, i.was_echoed, i.was_echo, i.is_new,
    exists (
        select from ops.outbox as o
        where o.adopted_id = i.source_key and o.adopted_id <> '' and o.system = i.system and o.kind = i.stream
    ) as is_adopted
from pg_temp.incoming_records as i
where not i.is_removed and (
    (i.previous is not null and not i.is_reread)
    or (i.is_new and exists (
        select from ops.crosswalk as c where c.system = i.system and c.kind = i.stream and c.destination_id = i.source_key
    ))
    or (i.is_new and exists (
        select from ops.outbox as o
        where o.system = i.system and o.kind = i.stream and o.object_key = i.known_golden_id and o.settled_at is null
            and o.effect = 'write' and o.sent_at is not null
    ))
)
order by i.record_id;

-- name: sent_new
-- What we sent of new records that we made: each system starts its own with that. And what their golden records
-- said meanwhile, from which systems work out more; a record may come back once its own was merged into another.
with made as (
    select i.record_id, c.system, c.endpoint, c.kind, c.object_key
    from pg_temp.incoming_records as i
    inner join ops.crosswalk as c on c.system = i.system and c.kind = i.stream and c.destination_id = i.source_key
    where i.is_new
    union
    select i.record_id, o.system, o.endpoint, o.kind, o.object_key
    from pg_temp.incoming_records as i
    inner join ops.outbox as o on o.system = i.system and o.kind = i.stream and o.object_key = i.known_golden_id
    where i.is_new and o.settled_at is null
), sent as (
    select m.record_id, m.object_key, o.intended_at, o.seed || o.content as content
    from made as m
    inner join ops.outbox as o
        on o.system = m.system and o.endpoint = m.endpoint and o.kind = m.kind and o.object_key = m.object_key
    where o.effect = 'write' and o.sent_at is not null
)
select record_id, content as said from sent
union all
select record_id, h.was
from (select record_id, object_key, min(intended_at) as since from sent group by record_id, object_key) as s
inner join ops.golden_changes as h on h.golden_id = s.object_key and h.changed_at >= s.since
union all
select s.record_id, jsonb_strip_nulls(to_jsonb(g)) - '{{golden_id,revision,changed_at}}'::text[]
from (select distinct record_id, object_key from sent) as s
inner join {golden} as g on g.golden_id = s.object_key;

-- name: once_golden
-- What golden records said of themselves while a record belonged to them, back to when it may still be under way.
select m.record_id, h.was
from unnest(%(records)s::bigint[], %(since)s::timestamptz[]) as n (record_id, since)
inner join ops.golden_members as m on m.record_id = n.record_id
inner join ops.golden_records as r on r.record_id = n.record_id
inner join ops.golden_changes as h on h.golden_id = m.golden_id
where h.changed_at >= least(n.since, (
    select min(o.intended_at)
    from ops.crosswalk as c
    inner join ops.outbox as o
        on o.system = c.system and o.endpoint = c.endpoint and o.kind = c.kind and o.object_key = c.object_key
    where c.system = r.system and c.object_key = m.golden_id and (o.settled_at is null or o.settled_at >= n.since)
));

-- name: golden_ids_of
select record_id, golden_id from ops.golden_members where record_id = any(%(records)s::bigint[]) and valid_to is null;

-- name: mark_echoes
update ops.golden_records as r set echoed = string_to_array(n.echoed, ','), is_echo = n.is_echo
from unnest(%(records)s::bigint[], %(echoed)s::text[], %(is_echo)s::boolean[]) as n (record_id, echoed, is_echo)
where r.record_id = n.record_id;

-- name: edited
-- A record that somebody changed is as new as its system says; what only we changed says nothing new.
update ops.golden_records as r set changed_at = i.changed_at
from pg_temp.incoming_records as i
where i.record_id = r.record_id and r.record_id = any(%(records)s::bigint[]);

-- name: accepted_of
select a.record_id, a.attribute, a.value, a.against, m.golden_id
from ops.golden_accepted as a
inner join ops.golden_members as m on m.record_id = a.record_id and m.valid_to is null
where m.golden_id = any(%(golden_ids)s::text[]);

-- name: accept
insert into ops.golden_accepted (record_id, attribute, value, against, accepted_at, accepted_by)
values (%(record)s, %(attribute)s, %(value)s, %(against)s, %(at)s, %(by)s)
on conflict (record_id, attribute) do update
set value = excluded.value, against = excluded.against, accepted_at = excluded.accepted_at, accepted_by = excluded.accepted_by;

-- name: end_accepted
delete from ops.golden_accepted as a
using unnest(%(records)s::bigint[], %(attributes)s::text[]) as n (record_id, attribute)
where a.record_id = n.record_id and a.attribute = n.attribute;

-- name: resend
-- What destinations hold of these is not believed any more.
update ops.crosswalk as c set digest = ''
from unnest(%(systems)s::text[], %(golden_ids)s::text[]) as n (system, golden_id)
where c.system = n.system and c.object_key = n.golden_id and c.digest <> '';

-- name: held_of
select k.conflict_id, k.record_id, k.attribute, k.value, m.golden_id, r.system, r.removed_at is not null as is_removed,
    r.normal ->> k.attribute as now_value
from ops.golden_conflicts as k
inner join ops.golden_records as r on r.record_id = k.record_id
inner join ops.golden_members as m on m.record_id = k.record_id and m.valid_to is null
where k.state = 'held' and m.golden_id = any(%(golden_ids)s::text[]);

-- name: open_conflict
insert into ops.golden_conflicts
    (entity, record_id, golden_id, attribute, owner, was, value, golden_value, state, answer, opened_at, answered_at, answered_by,
     run_id)
values
    (%(entity)s, %(record)s, %(golden_id)s, %(attribute)s, %(owner)s, %(was)s, %(value)s, %(golden_value)s, %(state)s, %(answer)s,
     %(at)s, %(answered_at)s, %(answered_by)s, %(run_id)s);

-- name: end_conflicts
update ops.golden_conflicts set state = 'gone', answered_at = %(at)s, run_id = %(run_id)s
where conflict_id = any(%(conflicts)s::bigint[]) and state = 'held';

-- name: hold
-- Each system keeps, of these golden records, what it has in the fields that wait for a steward.
with wanted as (
    select m.golden_id, r.system, jsonb_object_agg(k.attribute, r.normal -> k.attribute order by r.record_id desc) as held
    from ops.golden_conflicts as k
    inner join ops.golden_records as r on r.record_id = k.record_id and r.removed_at is null
    inner join ops.golden_members as m on m.record_id = k.record_id and m.valid_to is null
    where k.state = 'held' and m.golden_id = any(%(golden_ids)s::text[])
    group by m.golden_id, r.system
), gone as (
    delete from {holds} as h
    where h.golden_id = any(%(golden_ids)s::text[])
        and not exists (select from wanted as w where w.system = h.system and w.golden_id = h.golden_id)
    returning h.golden_id
), made as (
    insert into {holds} as h (golden_id, system, held)
    select golden_id, system, held from wanted
    on conflict (system, golden_id) do update set held = excluded.held
    where h.held <> excluded.held
    returning h.golden_id
)
select golden_id from gone union select golden_id from made;
