-- name: put
-- What was discarded stays so when it comes again as it was: somebody has decided.
insert into ops.dead_letters
    (stage, name, piece, partition_key, record_key, cause, detail, remedy, shape, key_id, payload, payload_digest,
     first_run_id, last_run_id)
values
    (%(stage)s, %(name)s, %(piece)s, %(partition)s, %(key)s, %(cause)s, %(detail)s, %(remedy)s, %(shape)s, %(key_id)s,
     %(payload)s, %(digest)s, %(run_id)s, %(run_id)s)
on conflict (stage, name, piece, record_key, cause, payload_digest) where state in ('waiting', 'discarded')
do update set last_run_id = excluded.last_run_id, last_seen_at = now(), detail = excluded.detail;

-- name: resolve_absent
-- The piece was read again without these, so the source has mended them. What this reading saw bears
-- the time of its transaction; the run tells nothing, since it may read a piece more than once.
update ops.dead_letters
set state = 'resolved', settled_at = now()
where stage = %(stage)s and name = %(name)s and piece = %(piece)s and state = 'waiting' and last_seen_at <> now();

-- name: resolve_overtaken
-- The same record came again and was rejected as it is now; what it was before waits for nobody.
update ops.dead_letters as o
set state = 'resolved', settled_at = now()
where o.stage = %(stage)s and o.name = %(name)s and o.piece = %(piece)s and o.state = 'waiting' and o.last_seen_at <> now()
    and exists (
        select from ops.dead_letters as n
        where n.stage = o.stage and n.name = o.name and n.piece = o.piece and n.record_key = o.record_key
            and n.state = 'waiting' and n.last_seen_at = now()
    );

-- name: has_waiting
select exists (select from ops.dead_letters where stage = %(stage)s and name = %(name)s and state = 'waiting');

-- name: resolve_pieces
update ops.dead_letters
set state = 'resolved', settled_at = now()
where stage = %(stage)s and name = %(name)s and piece = any(%(pieces)s) and state = 'waiting' and last_seen_at <> now();

-- name: waiting
select dead_letter_id, stage, name, case when stage = 'delivery' then split_part(piece, ' ', 1) else '' end as part,
    partition_key, record_key, cause, detail, remedy, first_seen_at
from ops.dead_letters
where state = 'waiting'
order by name, partition_key, record_key;

-- name: counted
select name, cause, count(*) as records from ops.dead_letters
where state = 'waiting' group by name, cause order by name, cause;
