-- name: due_table
-- What one run has to consider, as of one moment; gone with the transaction.
create temp table due (
    place bigint primary key, effect text not null, object_key text not null, partition_key text not null,
    content jsonb not null, seed jsonb not null, target_id text not null, needs text [] not null, revision bigint
) on commit drop;

-- name: join_freely
-- A plan made while the outbox was small is kept when it has grown, and then reads all of it for each
-- chunk. So chunks are always joined by index; what is due is found as the planner likes.
select set_config(name, %(setting)s, false)
from unnest(array['enable_seqscan', 'enable_hashjoin', 'enable_mergejoin']) as name;

-- name: due_days
-- What the publish model says each object should be, for the days asked for.
insert into pg_temp.due
select row_number() over (order by business_date, object_key), 'write', object_key, business_date::text, content, '{{}}', '',
    '{{}}', null
from publish.{table}
where business_date = any(%(days)s::date[]);

-- name: due_changed
-- What changed in the model since it was last read, and what was left open of what it said before.
insert into pg_temp.due
select row_number() over (order by object_key), 'write', object_key, '', content, coalesce(seed, '{{}}'),
    coalesce(destination_id, ''), coalesce(needs, '{{}}'), revision
from (
    select object_key, content, seed, destination_id, needs, revision from publish.{table}
    where revision > %(revision)s
    union all
    select object_key, content, seed, destination_id, needs, revision from publish.{table}
    where object_key = any(%(keys)s::text[]) and revision <= %(revision)s
) as found;

-- name: due_gone
-- What we delivered and the model no longer has, unless a gate keeps it back just now.
insert into pg_temp.due
select (select count(*) from pg_temp.due) + row_number() over (order by c.object_key), 'remove', c.object_key, o.partition_key,
    '{{}}', '{{}}', c.destination_id, '{{}}', null
from ops.crosswalk as c
inner join ops.outbox as o on o.write_id = c.write_id
where c.system = %(system)s and c.endpoint = %(endpoint)s and c.kind = %(kind)s
    and (%(days)s::text[] is null or o.partition_key = any(%(days)s))
    and not exists (select from publish.{table} as p where p.object_key = c.object_key)
    and not exists (
        select from ops.rejected_rows as r where r.entity = any(%(gates)s) and r.row_key = c.object_key
    );

-- name: left_open
-- Objects without a write that is over and done: their newest waits, is held, on its way or refused.
select object_key from ops.outbox
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s
    and settled_at is null
union
select r.object_key from ops.outbox as r
where r.system = %(system)s and r.endpoint = %(endpoint)s and r.kind = %(kind)s and r.cause <> '' and r.state = 'rejected'
    and not exists (
        select from ops.outbox as o
        where o.system = r.system and o.endpoint = r.endpoint and o.kind = r.kind and o.object_key = r.object_key
            and o.write_id > r.write_id and o.state <> 'superseded'
    );

-- name: kept_back
-- Rows that these verdicts did not let pass; they may pass now without having changed.
select distinct row_key from ops.verdict_rows where verdict_id = any(%(verdicts)s::uuid[]);

-- name: mark
-- How far the model was read, if it was this very model.
select m.revision, m.verdicts::text[] as verdicts
from ops.delivery_marks as m
where m.system = %(system)s and m.endpoint = %(endpoint)s and m.kind = %(kind)s
    and m.model = sha256(convert_to(pg_get_viewdef(%(view)s::regclass), 'UTF8'))::text;

-- name: move_mark
insert into ops.delivery_marks (system, endpoint, kind, revision, model, verdicts, run_id)
select %(system)s, %(endpoint)s, %(kind)s, greatest(%(revision)s, max(d.revision)),
    sha256(convert_to(pg_get_viewdef(%(view)s::regclass), 'UTF8'))::text,
    (select coalesce(array_agg(v.verdict_id), '{}') from ops.current_verdicts as v where v.entity = any(%(gates)s)),
    %(run_id)s
from pg_temp.due as d
on conflict (system, endpoint, kind) do update
set revision = excluded.revision, model = excluded.model, verdicts = excluded.verdicts, run_id = excluded.run_id,
    moved_at = excluded.moved_at;

-- name: considered
-- Each due object beside what is known of it: the digest last delivered, and its newest intended write.
select d.place, d.effect, d.object_key, d.partition_key, d.content::text, d.target_id,
    c.digest as delivered_digest, w.digest as intended_digest, w.state, w.run_id, w.write_id, w.target_id as intended_target
from pg_temp.due as d
left join ops.crosswalk as c
    on c.system = %(system)s and c.endpoint = %(endpoint)s and c.kind = %(kind)s and c.object_key = d.object_key
left join lateral (
    select o.digest, o.state, o.run_id, o.write_id::text, o.target_id
    from ops.outbox as o
    where o.system = %(system)s and o.endpoint = %(endpoint)s and o.kind = %(kind)s and o.object_key = d.object_key
        and o.state <> 'superseded'
    order by o.write_id desc
    limit 1
) as w on true
order by d.place;

-- name: withdraw
-- What was never sent, or was refused, of objects that the model no longer has.
update ops.outbox as o set state = 'superseded', settled_at = clock_timestamp(),
    cause = case o.state when 'rejected' then o.cause else '' end
where o.system = %(system)s and o.endpoint = %(endpoint)s and o.kind = %(kind)s and o.object_key = any(%(keys)s::text[])
    and o.state in ('waiting', 'held', 'rejected')
    and not exists (select from pg_temp.due as d where d.object_key = o.object_key)
returning o.object_key;

-- name: days
-- The days of which the model says anything.
select distinct business_date::text as day from publish.{table}
where business_date >= coalesce(%(first)s, '-infinity'::date) and business_date <= coalesce(%(last)s, 'infinity'::date)
order by day;

-- name: built
select to_regclass(%(view)s) is not null;

-- name: told
-- What a rehearsal tells of due objects: what each was last sent, and what goes with it besides.
select d.place, o.content, d.seed, d.needs
from pg_temp.due as d
left join ops.crosswalk as c
    on c.system = %(system)s and c.endpoint = %(endpoint)s and c.kind = %(kind)s and c.object_key = d.object_key
left join ops.outbox as o on o.write_id = c.write_id
where d.place = any(%(places)s::bigint[]);

-- name: needs_others
-- Whether anything that is due needs other objects to be there first.
select exists (select from pg_temp.due where needs <> '{}');

-- name: holdings
-- How many objects are there that we know of.
select count(*) from ops.crosswalk where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s;

-- name: orphans
-- Whoever was sending these is gone (the caller holds the lock), so their fate is unknown. Nobody
-- knows when its last request left; at the latest it was now.
update ops.outbox set state = 'unknown', sent_at = %(at)s::timestamptz
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s and settled_at is null and state = 'sending';

-- name: unknown
select write_id::text, object_key, content::text, digest, partition_key, seed::text, target_id, effect, intent_id::text, sent_at
from ops.outbox
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s and settled_at is null and state = 'unknown'
order by write_id
limit %(batch)s;

-- name: renew
-- What was meant to be sent as it is, and still is, stays the same write, under the same key.
with versions as materialized (select %(versions)s::jsonb)
update ops.outbox as o
set intent_id = %(intent)s, data_version = (table versions) ->> d.partition_key, basis = %(basis)s, run_id = %(run_id)s, needs = d.needs,
    approved_at = clock_timestamp(), cause = '', detail = '', remedy = '', state = case when cardinality(d.needs) = 0 then 'waiting' else 'held' end
from unnest(
    string_to_array(%(places)s, ',')::bigint[], string_to_array(%(digests)s, ','), string_to_array(%(writes)s, ',')::uuid[]
) as n (place, digest, write_id)
inner join pg_temp.due as d on d.place = n.place
where o.write_id = n.write_id and o.state in ('waiting', 'held')
    and o.digest = n.digest and o.seed = d.seed and o.target_id = d.target_id
returning n.place;

-- name: supersede
-- A cause that only kept it waiting goes with it: that of a superseded write is why it was refused.
update ops.outbox set state = 'superseded', settled_at = clock_timestamp(), cause = ''
where write_id = any(%(open)s::uuid[]) and state in ('waiting', 'held');

-- name: intend
-- What needs other objects is held until they are there. The versions are read once, not for each row. So is the clock,
-- and what is random: each id is the first one of the statement with the last 48 bits counted on, so that they are in order.
with versions as materialized (
    select %(versions)s::jsonb
), first as materialized (
    select left(id, 24) as head, ('x' || right(id, 12))::bit(48)::bigint / 2 as number
    from (select uuidv7()::text as id) as one
)
insert into ops.outbox
    (write_id, flow, system, endpoint, kind, object_key, partition_key, content, digest, data_version, basis, run_id, seed,
     target_id, needs, effect, intent_id, state)
select (f.head || lpad(to_hex(f.number + n.nth), 12, '0'))::uuid, %(flow)s, %(system)s, %(endpoint)s, %(kind)s,
    d.object_key, d.partition_key, d.content, n.digest, (table versions) ->> d.partition_key, %(basis)s, %(run_id)s, d.seed,
    d.target_id, d.needs, d.effect, %(intent)s, case when cardinality(d.needs) = 0 then 'waiting' else 'held' end
from first as f
cross join unnest(string_to_array(%(places)s, ',')::bigint[], string_to_array(%(digests)s, ','))
    with ordinality as n (place, digest, nth)
inner join pg_temp.due as d on d.place = n.place
order by d.place;

-- name: release
-- What is held goes on once all that it needs is there; until then it says what it waits for. What is held
-- because its own object is gone stays so, and is itself not there for others.
update ops.outbox as o
set state = case m.missing when '' then 'waiting' else 'held' end, detail = case m.missing when '' then '' else 'waits for ' || m.missing end
from (
    select h.write_id, array_to_string(array(
        select n from unnest(h.needs) as n
        left join ops.crosswalk as c
            on c.system = h.system and c.endpoint = h.endpoint
            and c.kind = split_part(n, ':', 1) and c.object_key = substr(n, strpos(n, ':') + 1)
        where c.object_key is null or exists (
            select from ops.outbox as g
            where g.object_key = c.object_key and g.kind = c.kind and g.system = c.system and g.endpoint = c.endpoint
                and g.settled_at is null and g.state = 'held' and g.cause = 'gone'
        )
    ), ', ') as missing
    from ops.outbox as h
    where h.intent_id = %(intent)s and h.settled_at is null and h.state = 'held' and h.cause = ''
) as m
where o.write_id = m.write_id;

-- name: held
select count(*) from ops.outbox where intent_id = %(intent)s and settled_at is null and state = 'held';

-- name: next
-- What is to be sent next, in the order in which it was intended, after the last one seen; with the keys that
-- were merged into each, other keys under which we have the object that it is, and the objects we have under
-- its own key that are another golden record's by now, though its own was never merged.
with golden as (
    select exists (select from ops.golden_ids) as are_there
)
select o.write_id::text, o.object_key, o.content::text, o.digest, o.partition_key, o.seed::text, o.target_id,
    case when (select are_there from golden) then array(
        select g.golden_id from ops.golden_ids as g where g.survivor = o.object_key order by g.number
    ) end as former,
    case when o.target_id <> '' then array(
        select c.object_key from ops.crosswalk as c
        where c.system = o.system and c.destination_id = o.target_id and c.object_key <> o.object_key
            -- Written so that no index but that of the two ids is of any use.
            and c.endpoint || ':' || c.kind = o.endpoint || ':' || o.kind
    ) end as elsewhere,
    case when (select are_there from golden) then array(
        select c.destination_id from ops.crosswalk as c
        inner join ops.golden_ids as g on g.golden_id = c.object_key and g.survivor is null
        where c.system = o.system and c.endpoint = o.endpoint and c.kind = o.kind and c.object_key = o.object_key
            -- A query of its own, so that the record is always found by its whole key.
            and c.object_key <> (
                select m.golden_id from ops.golden_records as r
                inner join ops.golden_members as m on m.record_id = r.record_id and m.valid_to is null
                where r.entity = g.entity and r.system = c.system and r.stream = c.kind and r.source_key = c.destination_id
            )
    ) end as lost
from ops.outbox as o
where o.intent_id = %(intent)s and o.settled_at is null and o.effect = %(effect)s and o.state = 'waiting' and o.write_id > %(after)s
order by o.write_id
limit %(most)s;

-- name: claim
-- Take writes for sending, and note that they are about to leave: a crash from here on is an unknown.
update ops.outbox as o
set state = 'sending', attempts = attempts + 1, run_id = %(run_id)s, sent_at = %(at)s,
    adopted_id = case
        when %(adopted)s = '{}' then o.adopted_id else coalesce(%(adopted)s::jsonb ->> o.write_id::text, o.adopted_id)
    end
from (
    select ctid from ops.outbox
    where write_id = any(string_to_array(%(writes)s, ',')::uuid[]) and state = 'waiting'
    for update skip locked
) as mine
where o.ctid = mine.ctid  -- each is locked by now, so it stays where it is
returning o.write_id::text;

-- name: relax
-- What a power cut takes of the settled is looked up again: it was on its way.
select set_config('synchronous_commit', 'off', true);

-- name: settle
-- Of an unknown write only this is sure: its last request had left by now. The run that learned what
-- became of a write is the one that counts it, and what is over stays so. What is not told is empty.
-- The crosswalk follows every settled write: what the destination holds under our key. A rejected one
-- may have undone the last before it was refused, so what that looks like is not believed any more.
with settled as (
    update ops.outbox as o
    set state = r.state, run_id = %(run_id)s, destination_id = coalesce(r.destination_id, ''), cause = coalesce(r.cause, ''),
        detail = coalesce(r.detail, ''), remedy = coalesce(r.remedy, ''),
        settled_at = case when r.state in ('delivered', 'unchanged', 'rejected') then clock_timestamp() end,
        sent_at = case when r.state = 'unknown' then %(at)s else o.sent_at end
    from jsonb_to_recordset(%(fates)s::jsonb)
        as r (write_id uuid, state text, destination_id text, cause text, detail text, remedy text)
    -- Written so that each is found by its id: the index of what is open looks small to the planner, and is not.
    where o.write_id = r.write_id and coalesce(o.settled_at, 'infinity') = 'infinity'
    returning o.system, o.endpoint, o.kind, o.object_key, o.destination_id, o.digest, o.write_id, o.state, o.effect
), doubted as (
    update ops.crosswalk as c set digest = ''
    from settled as o
    where o.state = 'rejected'
        and c.system = o.system and c.endpoint = o.endpoint and c.kind = o.kind and c.object_key = o.object_key
), removed as (
    delete from ops.crosswalk as c
    using settled as o
    where o.state in ('delivered', 'unchanged') and o.effect = 'remove'
        and c.system = o.system and c.endpoint = o.endpoint and c.kind = o.kind and c.object_key = o.object_key
)
insert into ops.crosswalk (system, endpoint, kind, object_key, destination_id, digest, write_id)
select system, endpoint, kind, object_key, destination_id, digest, write_id
from settled
where state in ('delivered', 'unchanged') and effect = 'write'
on conflict (system, endpoint, kind, object_key) do update
set destination_id = excluded.destination_id, digest = excluded.digest, write_id = excluded.write_id,
    delivered_at = excluded.delivered_at;

-- name: forget
-- What we wrote stays ours under its id; only what it looks like there is not believed any more.
update ops.crosswalk as c set digest = ''
from pg_temp.due as d
where c.system = %(system)s and c.endpoint = %(endpoint)s and c.kind = %(kind)s and c.object_key = d.object_key;

-- name: standing
-- What is known of each object: the digest last delivered, and its newest intended write.
select k.object_key, c.digest as delivered_digest, w.digest as intended_digest, w.state, w.run_id, w.write_id,
    w.target_id as intended_target
from unnest(%(keys)s::text[]) as k (object_key)
left join ops.crosswalk as c
    on c.system = %(system)s and c.endpoint = %(endpoint)s and c.kind = %(kind)s and c.object_key = k.object_key
left join lateral (
    select o.digest, o.state, o.run_id, o.write_id::text, o.target_id
    from ops.outbox as o
    where o.system = %(system)s and o.endpoint = %(endpoint)s and o.kind = %(kind)s and o.object_key = k.object_key
        and o.state <> 'superseded'
    order by o.write_id desc
    limit 1
) as w on true;

-- name: open
-- Of what a courier meant to send, how much is not settled.
select partition_key, state, count(*) from ops.outbox
where intent_id = %(intent)s and settled_at is null
group by partition_key, state;

-- name: post
insert into ops.ledger
    (stage, name, part, partition_key, run_id, due, delivered, unchanged, rejected, held, waiting, unknown)
select 'delivery', %(flow)s, %(part)s, e.partition_key, %(run_id)s, e.due, e.delivered, e.unchanged, e.rejected, e.held,
    e.waiting, e.unknown
from jsonb_to_recordset(%(entries)s::jsonb) as e (
    partition_key text, due bigint, delivered bigint, unchanged bigint, rejected bigint, held bigint, waiting bigint,
    unknown bigint
)
order by e.partition_key;

-- name: open_delivery
insert into ops.open_deliveries (system, endpoint, kind, run_id)
values (%(system)s, %(endpoint)s, %(kind)s, %(run_id)s)
on conflict (system, endpoint, kind) do update
set run_id = excluded.run_id, opened_at = excluded.opened_at;

-- name: close_delivery
delete from ops.open_deliveries where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s;

-- name: post_left
-- What a killed run had settled and not posted is posted in its name, each object once, as it was last;
-- what it left open is its heirs'.
with left_over as (
    delete from ops.open_deliveries where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s
    returning run_id, opened_at
), objects as (
    select distinct on (o.object_key) o.object_key, o.partition_key, o.state, l.run_id
    from left_over as l
    inner join ops.outbox as o on o.run_id = l.run_id and o.settled_at >= l.opened_at
    where o.system = %(system)s and o.endpoint = %(endpoint)s and o.kind = %(kind)s
        and o.state in ('delivered', 'unchanged', 'rejected')
    order by o.object_key, o.write_id desc
)
insert into ops.ledger (stage, name, part, partition_key, run_id, due, delivered, unchanged, rejected)
select 'delivery', %(flow)s, %(part)s, partition_key, run_id, count(*), count(*) filter (where state = 'delivered'),
    count(*) filter (where state = 'unchanged'), count(*) filter (where state = 'rejected')
from objects
group by partition_key, run_id;
