-- name: note
insert into ops.audit (who, what, subject, why, detail)
select %(who)s, %(what)s, subject, %(why)s, %(detail)s
from unnest(%(subjects)s::text[]) with ordinality as s (subject, place)
order by place;

-- name: about
select at, who, what, subject, why, detail from ops.audit where subject = %(subject)s order by entry_id;

-- name: broken
-- Entries that are not what their hash says, do not follow the one before, or follow a gap.
select entry_id
from (
    select a.entry_id, a.previous, a.hash, ops.audit_hash(a) as hash_now,
        lag(a.hash, 1, sha256(''::bytea)) over chain as hash_before, lag(a.entry_id, 1, 0) over chain as entry_before
    from ops.audit as a
    window chain as (order by a.entry_id)
) as linked
where hash <> hash_now or previous <> hash_before or entry_id <> entry_before + 1
order by entry_id;

-- name: head
select coalesce(max(entry_id), 0) as entries, (select encode(hash, 'hex') from ops.audit order by entry_id desc limit 1) as hash
from ops.audit;
