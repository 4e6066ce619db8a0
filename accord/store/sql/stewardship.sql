-- name: find
-- By everything a steward may ask for; what is null or empty was not asked for.
select l.dead_letter_id::text, l.stage, l.name, l.piece, l.partition_key, l.record_key, l.cause, l.detail, l.remedy, l.shape,
    l.state, l.key_id, l.first_run_id, l.last_run_id, l.first_seen_at, l.last_seen_at, l.settled_at, l.discarded_by,
    l.discarded_why, l.replays, l.replayed_by, l.replayed_at, l.replayed_run_id, l.replayed_outcome,
    (select count(*) from ops.dead_letter_edits as e where e.dead_letter_id = l.dead_letter_id) as edits
from ops.dead_letters as l
where l.state = any(%(states)s)
    and (cardinality(%(ids)s::text[]) = 0 or l.dead_letter_id = any(%(ids)s::uuid[]))
    and (%(cause)s::text is null or l.cause = %(cause)s)
    and (
        %(name)s::text is null or l.name = %(name)s or split_part(l.name, '.', 1) = %(name)s
        or (l.stage = 'delivery' and split_part(l.piece, '.', 1) = %(name)s)
    )
    and (%(since)s::timestamptz is null or l.first_seen_at >= %(since)s)
    and (%(until)s::timestamptz is null or l.first_seen_at < %(until)s)
    and (%(partition)s::text is null or l.partition_key = %(partition)s)
order by l.cause, l.name, l.partition_key, l.record_key, l.dead_letter_id;

-- name: named
-- Two are enough to know that a name is ambiguous.
select dead_letter_id::text from ops.dead_letters
where dead_letter_id::text like %(name)s || '%%' or dead_letter_id::text like '%%' || %(name)s
limit 2;

-- name: originals
-- The newest edit of each letter, or what was received where there is none.
select l.dead_letter_id::text, coalesce(e.key_id, l.key_id) as key_id, coalesce(e.payload, l.payload) as payload,
    e.payload is not null as edited, l.stage, l.name, l.piece, l.record_key, l.partition_key, l.shape, l.cause
from ops.dead_letters as l
left join lateral (
    select n.key_id, n.payload from ops.dead_letter_edits as n
    where n.dead_letter_id = l.dead_letter_id
    order by n.edit desc
    limit 1
) as e on true
where l.dead_letter_id = any(%(ids)s::uuid[]);

-- name: versions
-- Everything a letter ever held: as received (edit 0), then each edit.
select 0 as edit, l.key_id, l.payload, '' as edited_by, l.first_seen_at as edited_at, '' as why,
    l.stage, l.name, l.piece, l.record_key
from ops.dead_letters as l
where l.dead_letter_id = %(id)s
union all
select e.edit, e.key_id, e.payload, e.edited_by, e.edited_at, e.why, l.stage, l.name, l.piece, l.record_key
from ops.dead_letter_edits as e
inner join ops.dead_letters as l on l.dead_letter_id = e.dead_letter_id
where e.dead_letter_id = %(id)s
order by edit;

-- name: lock
-- Of these letters, those that still wait with the edits the caller has seen.
select l.dead_letter_id::text from ops.dead_letters as l
inner join unnest(%(ids)s::uuid[], %(edits)s::bigint[]) as seen (id, edits) on seen.id = l.dead_letter_id
where l.state = 'waiting'
    and seen.edits = (select count(*) from ops.dead_letter_edits as e where e.dead_letter_id = l.dead_letter_id)
order by l.dead_letter_id
for update of l;

-- name: add_edit
insert into ops.dead_letter_edits (dead_letter_id, edit, key_id, payload, edited_by, why)
values (%(id)s, %(edit)s, %(key_id)s, %(payload)s, %(who)s, %(why)s);

-- name: discard
update ops.dead_letters
set state = 'discarded', settled_at = now(), discarded_by = %(who)s, discarded_why = %(why)s
where dead_letter_id = any(%(ids)s::uuid[]) and state = 'waiting'
returning dead_letter_id::text;

-- name: restore
update ops.dead_letters
set state = 'waiting', settled_at = null, discarded_by = null, discarded_why = null
where dead_letter_id = any(%(ids)s::uuid[]) and state = 'discarded'
returning dead_letter_id::text;

-- name: replayed
update ops.dead_letters
set replays = replays + 1, replayed_by = %(who)s, replayed_at = now(), replayed_run_id = %(run_id)s,
    replayed_outcome = %(outcome)s,
    state = case when %(settled)s then 'resolved' else state end,
    settled_at = case when %(settled)s then now() else settled_at end
where dead_letter_id = any(%(ids)s::uuid[]);

-- name: newer
-- Whether any of these records got a version after the letter was last seen.
select exists (
    select from landing.{table}
    where partition_key = any(%(partitions)s) and source_key = any(%(keys)s) and landed_at > %(seen)s
);

-- name: cursor
select digest, signature, records, rejected, read_at from ops.cursors where stream = %(stream)s and piece = %(piece)s;

-- name: restore_cursor
-- A replay is no reading of the source: where that stands stays, only the counts follow.
update ops.cursors
set digest = %(digest)s, signature = %(signature)s, records = %(records)s, rejected = %(rejected)s, read_at = %(read_at)s
where stream = %(stream)s and piece = %(piece)s;

-- name: judge_again
-- As if just built; a table without days hangs on its newest build.
update ops.builds as b set built_at = now()
where b.partition_key = any(%(partitions)s)
    or ('' = any(%(partitions)s) and b.partition_key = (
        select max(n.partition_key) from ops.builds as n where n.target = b.target
    ));

-- name: write_again
update ops.outbox set state = 'superseded'
where flow = %(flow)s and system || '.' || kind || ' ' || object_key = any(%(pieces)s) and state = 'rejected';

-- name: newest_day
select max(partition_key) from ops.builds;

-- name: unfinished
-- Days with replayed letters over which no run has gone since.
select l.stage, l.name, l.partition_key, max(l.replayed_at) as replayed_at
from ops.dead_letters as l
where l.replayed_at > now() - interval '7 days'
    and l.replayed_outcome in ('landed', 'to be judged', 'to be written')
    and not exists (
        select from ops.ledger as e
        where e.partition_key = l.partition_key and e.posted_at > l.replayed_at and e.run_id <> l.replayed_run_id
    )
group by l.stage, l.name, l.partition_key
order by l.partition_key, l.stage, l.name;

-- name: waiting_by_cause
select stage, name, cause, count(*) as records, max(first_seen_at) as newest,
    (array_agg(remedy order by first_seen_at desc))[1] as remedy
from ops.dead_letters
where state = 'waiting'
group by stage, name, cause
order by stage, name, cause;
