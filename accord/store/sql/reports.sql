-- name: flows_of_runs
select stage, name, part, count(distinct partition_key) as partitions,
    sum(read)::bigint as read, sum(landed)::bigint as landed, sum(removed)::bigint as removed,
    sum(checked)::bigint as checked, sum(passed)::bigint as passed, sum(due)::bigint as due,
    sum(delivered)::bigint as delivered, sum(unchanged)::bigint as unchanged, sum(rejected)::bigint as rejected,
    sum(held)::bigint as held, sum(waiting)::bigint as waiting, sum(unknown)::bigint as unknown,
    max(posted_at) as posted_at
from ops.ledger
where run_id = any(%(runs)s)
group by stage, name, part
order by array_position(array['landing', 'identity', 'gate', 'delivery'], stage), name, part;

-- name: flows_now
-- The latest entry of each partition: how everything stands, whichever run brought it there. A
-- steward's replay counts a few records, not the partition; the next pass counts them in.
with latest as (
    select distinct on (stage, name, part, partition_key) *
    from ops.ledger
    where not starts_with(run_id, 'replay-')
    order by stage, name, part, partition_key, entry_id desc
)
select stage, name, part, count(distinct partition_key) as partitions,
    sum(read)::bigint as read, sum(landed)::bigint as landed, sum(removed)::bigint as removed,
    sum(checked)::bigint as checked, sum(passed)::bigint as passed, sum(due)::bigint as due,
    sum(delivered)::bigint as delivered, sum(unchanged)::bigint as unchanged, sum(rejected)::bigint as rejected,
    sum(held)::bigint as held, sum(waiting)::bigint as waiting, sum(unknown)::bigint as unknown,
    max(posted_at) as posted_at
from latest
group by stage, name, part
order by array_position(array['landing', 'identity', 'gate', 'delivery'], stage), name, part;

-- name: unbalanced
select entry_id from ops.ledger
where (stage = 'landing' and read <> landed + unchanged + rejected)
    or (stage = 'identity' and read <> landed + unchanged + removed)
    or (stage = 'gate' and checked <> passed + rejected)
    or (stage = 'delivery' and due <> delivered + unchanged + rejected + held + waiting + unknown);

-- name: gates
select entity, count(*) filter (where passed) as open, count(*) filter (where not passed) as closed,
    sum(checked)::bigint as checked, sum(rejected)::bigint as rejected,
    array_agg(partition_key order by partition_key) filter (where not passed) as closed_days,
    (select array_agg(distinct rule) from ops.current_verdicts as c, unnest(c.closed_by) as rule
     where c.entity = v.entity and not c.passed) as closed_by,
    count(*) filter (where cardinality(warnings) > 0) as warned
from ops.current_verdicts as v
group by entity
order by entity;

-- name: comparisons
select distinct on (partition_key) partition_key, state, expected, found, difference, records, compared_at
from ops.reconciliations
where name = %(name)s
order by partition_key, reconciliation_id desc;

-- name: day_facts
-- Since when the two sides have agreed without a break, and when the day's exports came.
with arrivals as (
    select partition_key, min(first_arrived_at) as first_arrived_at, sum(records - rejected) > 0 as landed
    from ops.cursors
    where partition_key = any(%(days)s) and stream = any(%(streams)s)
    group by partition_key
), changes as (
    select partition_key, max(changed_at) as last_arrived_at
    from ops.watermarks
    where partition_key = any(%(days)s) and stream = any(%(streams)s)
    group by partition_key
), compared as (
    select r.partition_key,
        (array_agg(r.difference order by r.reconciliation_id desc))[1] as difference,
        min(r.compared_at) filter (where r.state = 'equal') as reconciled_at
    from ops.reconciliations as r
    where r.name = %(name)s and r.partition_key = any(%(days)s)
    group by r.partition_key
)
select d.day, coalesce(a.landed, false) as landed, a.first_arrived_at, c.last_arrived_at, r.reconciled_at, r.difference
from unnest(%(days)s::text[]) as d (day)
left join arrivals as a on a.partition_key = d.day
left join changes as c on c.partition_key = d.day
left join compared as r on r.partition_key = d.day;

-- name: flow_facts
-- What a continuous outcome is judged by: the latest comparison with each destination, since when any
-- has been apart without a break, the oldest write that has not arrived, and the oldest landed change
-- that no build of the golden records has gone over.
with latest as (
    select distinct on (name) name, state, compared_at, records, difference
    from ops.reconciliations
    where name = any(%(comparisons)s)
    order by name, reconciliation_id desc
), apart as (
    select r.name, min(r.compared_at) as since
    from ops.reconciliations as r
    inner join latest as l on l.name = r.name and l.state <> 'equal'
    where r.reconciliation_id > coalesce(
        (select max(e.reconciliation_id) from ops.reconciliations as e where e.name = r.name and e.state = 'equal'), 0
    )
    group by r.name
), open as (
    select min(intended_at) as since from ops.outbox
    where flow = %(flow)s and state in ('waiting', 'sending', 'unknown', 'held')
        -- Who is not made anywhere before a steward has said who it is keeps nobody else apart.
        and not (state = 'held' and exists (select from unnest(needs) as n where starts_with(n, 'review:')))
), unread as (
    select min(w.changed_at) as since
    from ops.watermarks as w
    left join ops.builds as b on b.target = %(target)s and b.partition_key = ''
    where w.stream = any(%(streams)s) and w.partition_key = '' and w.changed_at > coalesce(b.built_at, '-infinity')
)
select
    case when (select count(*) from latest) = cardinality(%(comparisons)s::text[]) then (select min(compared_at) from latest) end
        as compared_at,
    coalesce((select sum(records) from latest), 0)::bigint as objects,
    coalesce((select sum(difference) from latest), 0)::bigint as apart,
    (select min(since) from apart) as apart_since,
    (select since from open) as waiting_since,
    (select since from unread) as landed_since;

-- name: golden
-- How many records of how many systems each entity's golden records are made of, and what waits.
select p.entity,
    (select count(*) from ops.golden_ids as g where g.entity = p.entity and g.survivor is null
        and exists (select from ops.golden_members as m where m.golden_id = g.golden_id and m.valid_to is null)) as golden,
    (select jsonb_object_agg(s.system, s.records) from (
        select r.system, count(*) as records from ops.golden_records as r
        where r.entity = p.entity and r.removed_at is null group by r.system
    ) as s) as systems,
    (select count(*) from ops.golden_reviews as v where v.entity = p.entity and v.state = 'open') as reviews,
    (select count(*) from ops.golden_conflicts as c where c.entity = p.entity and c.state = 'held') as conflicts,
    (select count(*) from ops.golden_conflicts as c where c.entity = p.entity and c.state = 'answered') as answered
from ops.golden_passes as p
order by p.entity;

-- name: golden_changes
-- Which attributes of golden records these runs changed, and which systems were sent those records.
-- A golden record that was merged away changes no attribute.
with changed as (
    select c.golden_id, g.entity, array_agg(distinct a.attribute order by a.attribute) as attributes
    from ops.golden_changes as c
    inner join ops.golden_ids as g on g.golden_id = c.golden_id and g.survivor is null
    cross join lateral jsonb_object_keys(c.was) as a (attribute)
    where c.run_id = any(%(runs)s)
    group by c.golden_id, g.entity
), sent as (
    select object_key, array_agg(distinct system order by system) as systems
    from ops.outbox
    where run_id = any(%(runs)s) and state = 'delivered'
    group by object_key
)
select c.entity, c.attributes, coalesce(s.systems, '{}') as systems, count(*) as records
from changed as c
left join sent as s on s.object_key = c.golden_id
group by c.entity, c.attributes, s.systems
order by c.entity, c.attributes;

-- name: edits
-- What these runs found edited in systems that do not own the attribute.
select r.system, c.attribute, c.owner, c.state = 'held' as held
from ops.golden_conflicts as c
inner join ops.golden_records as r on r.record_id = c.record_id
where c.run_id = any(%(runs)s) and c.state in ('held', 'answered')
order by c.conflict_id;
