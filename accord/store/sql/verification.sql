-- Each statement of a check returns what does not add up: name, partition, run, what is wrong, and
-- how many the ledger says against how many rows there are. No row means that all is well. None
-- relies on a clock, which may have been set back.

-- name: streams
select distinct name from ops.ledger where stage = 'landing' order by name;

-- name: counted
select stage, count(*) from ops.ledger group by stage;

-- name: arithmetic
select name, partition_key, run_id, 'the entry ' || entry_id || ' does not balance in itself',
    case stage when 'landing' then read when 'identity' then read when 'gate' then checked else due end,
    case stage
        when 'landing' then landed + unchanged + rejected
        when 'identity' then landed + unchanged + removed
        when 'gate' then passed + rejected
        else delivered + unchanged + rejected + held + waiting + unknown
    end
from ops.ledger
where (stage = 'landing' and read <> landed + unchanged + rejected)
    or (stage = 'identity' and read <> landed + unchanged + removed)
    or (stage = 'gate' and checked <> passed + rejected)
    or (stage = 'delivery' and due <> delivered + unchanged + rejected + held + waiting + unknown)
order by entry_id;

-- name: identity
-- Every record belongs to exactly one golden id, that of its group's oldest founder, and every id resolves
-- to where its founder is.
select r.entity, '', r.run_id, 'golden ids that ' || r.system || '.' || r.stream || ' ' || r.record_id || ' belongs to', 1, count(m.member_id)
from ops.golden_records as r
left join ops.golden_members as m on m.record_id = r.record_id and m.valid_to is null
group by r.record_id
having count(m.member_id) <> 1
union all
select g.entity, '', g.run_id, 'golden ids that ' || g.golden_id || ' resolves to, where its founder is', 1, 0
from ops.golden_ids as g
inner join ops.golden_members as m on m.record_id = g.founder and m.valid_to is null
where m.golden_id <> coalesce(g.survivor, g.golden_id)
order by 1, 2, 3, 4;

-- name: landing
-- Every version has been counted by the run that landed it, and every count has its versions. A version
-- without payload bears the hash of nothing; what records hold is not for whoever only counts.
with posted as (
    select run_id, partition_key, sum(landed) as landed, sum(removed) as removed
    from ops.ledger
    where stage = 'landing' and name = %(stream)s
    group by run_id, partition_key
), found as (
    select run_id, partition_key, count(*) filter (where content_hash <> sha256(''::bytea)) as landed,
        count(*) filter (where content_hash = sha256(''::bytea)) as removed
    from landing.{table}
    group by run_id, partition_key
), compared as (
    select coalesce(p.run_id, f.run_id) as run_id, coalesce(p.partition_key, f.partition_key) as partition_key,
        coalesce(p.landed, 0) as landed, coalesce(f.landed, 0) as landed_found,
        coalesce(p.removed, 0) as removed, coalesce(f.removed, 0) as removed_found
    from posted as p
    full join found as f on f.run_id = p.run_id and f.partition_key = p.partition_key
)
select %(stream)s, partition_key, run_id, 'records landed', landed, landed_found
from compared where landed <> landed_found
union all
select %(stream)s, partition_key, run_id, 'records removed', removed, removed_found
from compared where removed <> removed_found
order by 2, 3, 4;

-- name: rejected
-- What an entry calls rejected has its letters, which are never deleted. As the last entry left a
-- partition, they wait, or a steward has settled them; letters of earlier, incomplete readings may
-- wait beside them, so there may be more.
with entries as (
    select name, partition_key, run_id, entry_id, rejected,
        entry_id = max(entry_id) over (partition by name, partition_key) as is_latest
    from ops.ledger
    where stage = 'landing' and not starts_with(run_id, 'replay-')
), letters as (
    select name, partition_key, count(*) as ever, count(*) filter (where state <> 'resolved' or replays > 0) as standing
    from ops.dead_letters
    where stage = 'landing'
    group by name, partition_key
)
select e.name, e.partition_key, e.run_id, 'records rejected, with a dead letter', e.rejected,
    coalesce(case when e.is_latest then l.standing else l.ever end, 0)
from entries as e
left join letters as l on l.name = e.name and l.partition_key = e.partition_key
where e.rejected > coalesce(case when e.is_latest then l.standing else l.ever end, 0)
order by 1, 2, 3;

-- name: gate
with posted as (
    select name, run_id, partition_key, sum(checked) as checked, sum(rejected) as rejected
    from ops.ledger
    where stage = 'gate'
    group by name, run_id, partition_key
), found as (
    select entity, run_id, partition_key, sum(checked) as checked, sum(rejected) as rejected
    from ops.verdicts
    group by entity, run_id, partition_key
), compared as (
    select coalesce(p.name, f.entity) as name, coalesce(p.run_id, f.run_id) as run_id,
        coalesce(p.partition_key, f.partition_key) as partition_key,
        coalesce(p.checked, 0) as checked, coalesce(f.checked, 0) as checked_found,
        coalesce(p.rejected, 0) as rejected, coalesce(f.rejected, 0) as rejected_found
    from posted as p
    full join found as f on f.entity = p.name and f.run_id = p.run_id and f.partition_key = p.partition_key
)
select name, partition_key, run_id, 'rows checked', checked, checked_found from compared where checked <> checked_found
union all
select name, partition_key, run_id, 'rows rejected', rejected, rejected_found from compared where rejected <> rejected_found
order by 1, 2, 3, 4;

-- name: verdict_rows
-- An open gate names every row it keeps back.
select v.entity, v.partition_key, v.run_id, 'rows rejected by an open gate, named', v.rejected, count(r.row_key)
from ops.verdicts as v
left join ops.verdict_rows as r on r.verdict_id = v.verdict_id
where v.passed
group by v.verdict_id, v.entity, v.partition_key, v.run_id, v.rejected
having v.rejected <> count(r.row_key)
order by 1, 2, 3;

-- name: gate_letters
select r.entity, r.partition_key, '', 'rows the gate keeps back, with a dead letter', count(*), count(l.record_key)
from ops.rejected_rows as r
left join lateral (
    select d.record_key from ops.dead_letters as d
    where d.stage = 'gate' and d.name = r.entity and d.piece = r.partition_key and d.record_key = r.row_key
        and d.state in ('waiting', 'discarded')
    limit 1
) as l on true
where r.row_key <> ''
group by r.entity, r.partition_key
having count(*) <> count(l.record_key)
order by 1, 2;

-- name: delivered
-- An object delivered by a run is a write of that run. A run may count the same write twice, where
-- its step was tried again, and learn what became of an older write of an object it could not finish.
-- One that was killed has posted some of its deliveries and not others.
with posted as (
    select name, part, partition_key, run_id, max(delivered) as at_least, sum(due - unchanged) as at_most
    from ops.ledger
    where stage = 'delivery'
    group by name, part, partition_key, run_id
), found as (
    select flow, system || '.' || kind as part, partition_key, run_id,
        count(distinct (endpoint, object_key)) as delivered
    from ops.outbox
    where state = 'delivered'
    group by flow, system, kind, partition_key, run_id
), compared as (
    select p.name, p.part, p.partition_key, p.run_id, p.at_least, p.at_most, coalesce(sum(f.delivered), 0) as delivered
    from posted as p
    left join found as f
        on f.flow = p.name and p.part in (f.part, '') and f.partition_key = p.partition_key and f.run_id = p.run_id
    group by p.name, p.part, p.partition_key, p.run_id, p.at_least, p.at_most
)
select name, partition_key, run_id, 'objects delivered', at_least, delivered
from compared
where delivered not between at_least and at_most
order by 1, 2, 3;

-- name: posted
-- What a delivery that is over brought about is in the ledger: its own count, or that of the next one
-- in its name. Where objects have days, the next one counts it as its own.
select o.flow, o.partition_key, o.run_id, 'objects delivered', 0, count(distinct o.object_key)
from ops.outbox as o
where o.state = 'delivered' and o.partition_key = ''
    and not exists (
        select from ops.ledger as l
        where l.stage = 'delivery' and l.name = o.flow and l.part in (o.system || '.' || o.kind, '') and l.run_id = o.run_id
    )
    and not exists (
        select from ops.open_deliveries as d
        where d.system = o.system and d.endpoint = o.endpoint and d.kind = o.kind and d.run_id = o.run_id
    )
group by o.flow, o.partition_key, o.run_id
order by 1, 2, 3;

-- name: delivery_standing
-- How each partition was last left: what counts as refused is such a write, and what counts as being
-- at the destination was once written or found there.
with latest as (
    select distinct on (name, part, partition_key) *
    from ops.ledger
    where stage = 'delivery'
    order by name, part, partition_key, entry_id desc
), written as (
    select flow, system || '.' || kind as part, partition_key,
        count(distinct object_key) filter (where state = 'rejected' or (state = 'superseded' and cause <> '')) as refused,
        count(distinct object_key) filter (where state in ('delivered', 'unchanged')) as known
    from ops.outbox
    group by flow, system, kind, partition_key
), compared as (
    select l.name, l.partition_key, l.run_id, l.rejected, l.delivered + l.unchanged as there,
        coalesce(w.refused, 0) as refused, coalesce(w.known, 0) as known
    from latest as l
    left join written as w on w.flow = l.name and l.part in (w.part, '') and w.partition_key = l.partition_key
)
select name, partition_key, run_id, 'objects refused', rejected, refused from compared where refused < rejected
union all
select name, partition_key, run_id, 'objects known to be at the destination', there, known from compared where known < there
order by 1, 2, 4;

-- name: refusals
-- Every write that was ever refused has a dead letter, settled or not.
select o.flow, o.partition_key, o.run_id, 'writes refused, with a dead letter', count(*), 0
from ops.outbox as o
where (o.state = 'rejected' or (o.state = 'superseded' and o.cause <> ''))
    and not exists (
        select from ops.dead_letters as l
        where l.stage = 'delivery' and l.name = o.flow and l.piece = o.system || '.' || o.kind || ' ' || o.object_key
    )
group by o.flow, o.partition_key, o.run_id
order by 1, 2, 3;

-- name: crosswalk
select o.flow, o.partition_key, o.run_id, 'objects the crosswalk says are there, by a write that says so', count(*),
    count(*) filter (where o.state in ('delivered', 'unchanged') and c.digest in (o.digest, ''))
from ops.crosswalk as c
inner join ops.outbox as o on o.write_id = c.write_id
group by o.flow, o.partition_key, o.run_id
having count(*) <> count(*) filter (where o.state in ('delivered', 'unchanged') and c.digest in (o.digest, ''))
order by 1, 2, 3;
