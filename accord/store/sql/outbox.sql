-- name: due
-- What the publish model says each object should be, for the days asked for.
select object_key, business_date::text as partition_key, content
from publish.{table}
where business_date = any(%(days)s::date[])
order by business_date, object_key;

-- name: orphans
-- Whoever was sending these is gone (the caller holds the lock), so their fate is unknown. Nobody
-- knows when its last request left; at the latest it was now.
update ops.outbox set state = 'unknown', sent_at = case when sent_at is not null then %(at)s::timestamptz end
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s and state = 'sending';

-- name: unknown
select write_id::text, object_key, content, digest, partition_key, sent_at
from ops.outbox
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s and state = 'unknown'
order by write_id
limit %(batch)s;

-- name: supersede
update ops.outbox set state = 'superseded', settled_at = clock_timestamp()
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s
    and object_key = any(%(keys)s) and state in ('waiting', 'held');

-- name: intend
insert into ops.outbox
    (flow, system, endpoint, kind, object_key, partition_key, content, digest, data_version, basis, run_id)
values
    (%(flow)s, %(system)s, %(endpoint)s, %(kind)s, %(key)s, %(partition)s, %(content)s, %(digest)s,
     %(data_version)s, %(basis)s, %(run_id)s);

-- name: claim
update ops.outbox as o
set state = 'sending', attempts = attempts + 1, run_id = %(run_id)s, sent_at = null
from (
    select write_id from ops.outbox
    where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s
        and object_key = any(%(keys)s) and state = 'waiting'
    order by write_id
    limit %(batch)s
    for update skip locked
) as next
where o.write_id = next.write_id
returning o.write_id::text, o.object_key, o.content, o.digest, o.partition_key;

-- name: sent
update ops.outbox set sent_at = %(at)s where write_id = any(%(writes)s::uuid[]);

-- name: settle
-- Of an unknown write only this is sure: its last request had left by now. The run that learned what
-- became of a write is the one that counts it.
update ops.outbox as o
set state = r.state, run_id = %(run_id)s, destination_id = r.destination_id, cause = r.cause, detail = r.detail, remedy = r.remedy,
    settled_at = case when r.state in ('delivered', 'unchanged', 'rejected') then clock_timestamp() end,
    sent_at = case when r.state = 'unknown' then %(at)s else o.sent_at end
from unnest(
    %(writes)s::uuid[], %(states)s::text[], %(ids)s::text[], %(causes)s::text[], %(details)s::text[], %(remedies)s::text[]
) as r (write_id, state, destination_id, cause, detail, remedy)
where o.write_id = r.write_id;

-- name: record
-- The crosswalk follows every settled write: what the destination holds under our key. A rejected one
-- may have undone the last before it was refused, so what that looks like is not believed any more.
with doubted as (
    update ops.crosswalk as c set digest = ''
    from ops.outbox as o
    where o.write_id = any(%(writes)s::uuid[]) and o.state = 'rejected'
        and c.system = o.system and c.endpoint = o.endpoint and c.kind = o.kind and c.object_key = o.object_key
)
insert into ops.crosswalk (system, endpoint, kind, object_key, destination_id, digest, write_id)
select system, endpoint, kind, object_key, destination_id, digest, write_id
from ops.outbox
where write_id = any(%(writes)s::uuid[]) and state in ('delivered', 'unchanged')
on conflict (system, endpoint, kind, object_key) do update
set destination_id = excluded.destination_id, digest = excluded.digest, write_id = excluded.write_id,
    delivered_at = excluded.delivered_at;

-- name: forget
-- What we wrote stays ours under its id; only what it looks like there is not believed any more.
update ops.crosswalk set digest = ''
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s and object_key = any(%(keys)s);

-- name: standing
-- What is known of each object: the digest last delivered, and its newest intended write.
select k.object_key, c.digest as delivered_digest, w.digest as intended_digest, w.state, w.run_id
from unnest(%(keys)s::text[]) as k (object_key)
left join ops.crosswalk as c
    on c.system = %(system)s and c.endpoint = %(endpoint)s and c.kind = %(kind)s and c.object_key = k.object_key
left join lateral (
    select o.digest, o.state, o.run_id
    from ops.outbox as o
    where o.system = %(system)s and o.endpoint = %(endpoint)s and o.kind = %(kind)s and o.object_key = k.object_key
        and o.state <> 'superseded'
    order by o.write_id desc
    limit 1
) as w on true;

-- name: post
insert into ops.ledger
    (stage, name, partition_key, run_id, due, delivered, unchanged, rejected, held, waiting, unknown)
values
    ('delivery', %(flow)s, %(partition)s, %(run_id)s, %(due)s, %(delivered)s, %(unchanged)s, %(rejected)s,
     %(held)s, %(waiting)s, %(unknown)s);
