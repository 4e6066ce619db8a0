-- name: reviews
select v.review_id, v.probability, v.evidence, v.model_version, v.state, v.opened_at, v.settled_at, v.settled_by,
    v.action_id::text, v.left_id, v.right_id, l.golden_id as left_golden, r.golden_id as right_golden
from ops.golden_reviews as v
inner join ops.golden_members as l on l.record_id = v.left_id and l.valid_to is null
inner join ops.golden_members as r on r.record_id = v.right_id and r.valid_to is null
where v.entity = %(entity)s and (%(review)s::bigint is null or v.review_id = %(review)s)
    and (%(state)s::text is null or v.state = %(state)s)
order by v.probability desc, v.review_id
limit %(limit)s;

-- name: following_review
-- The open review after this one, in the order they are told in; after the last one the first.
with here as (
    select probability, review_id from ops.golden_reviews where review_id = %(review)s and entity = %(entity)s
)
select v.review_id
from ops.golden_reviews as v
left join here as h on true
where v.entity = %(entity)s and v.state = 'open' and v.review_id <> %(review)s
order by (v.probability, -v.review_id) < (h.probability, -h.review_id) desc, v.probability desc, v.review_id
limit 1;

-- name: sides
select r.record_id, r.system, r.stream, r.source_key, r.changed_at, r.normal, r.given, r.removed_at, m.golden_id
from ops.golden_records as r
inner join ops.golden_members as m on m.record_id = r.record_id and m.valid_to is null
where r.record_id = any(%(records)s)
order by r.record_id;

-- name: settle_review
update ops.golden_reviews
set state = %(state)s, settled_at = %(at)s, settled_by = %(by)s, action_id = %(action)s, run_id = %(run_id)s
where review_id = %(review)s;

-- name: reopen
update ops.golden_reviews
set state = 'gone', settled_at = %(at)s, settled_by = null, action_id = null, run_id = %(run_id)s
where action_id = %(action)s::uuid
returning left_id, right_id;

-- name: resolve
-- The golden id that one resolves to, with its founder.
select coalesce(s.golden_id, g.golden_id) as golden_id, coalesce(s.founder, g.founder) as founder
from ops.golden_ids as g
left join ops.golden_ids as s on s.golden_id = g.survivor
where g.golden_id = %(golden_id)s and g.entity = %(entity)s;

-- name: like
select golden_id from ops.golden_ids
where entity = %(entity)s and (starts_with(golden_id, %(name)s) or golden_id like '%%' || %(name)s)
order by golden_id limit 2;

-- name: founder
select founder from ops.golden_ids where golden_id = %(golden_id)s and entity = %(entity)s;

-- name: record
select record_id from ops.golden_records
where entity = %(entity)s and system = %(system)s and source_key = %(key)s
order by removed_at is not null, record_id;

-- name: group_of
-- All records of the golden id that a record belongs to.
select o.record_id
from ops.golden_members as m
inner join ops.golden_members as o on o.golden_id = m.golden_id and o.valid_to is null
where m.record_id = %(record)s and m.valid_to is null
order by o.record_id;

-- name: went_along
-- The records that left a golden id together with its founder, and have been together since.
with founder as (
    select m.record_id, m.valid_to
    from ops.golden_ids as g
    inner join ops.golden_members as m on m.record_id = g.founder and m.golden_id = g.golden_id and m.valid_to is not null
    where g.golden_id = %(golden_id)s
    order by m.member_id desc
    limit 1
)
select m.record_id
from founder as f
inner join ops.golden_members as m on m.golden_id = %(golden_id)s and m.valid_to = f.valid_to;

-- name: standing_between
-- What stands between two sets of records.
select d.decision_id, d.left_id, d.right_id, d.kind, d.decided_by, d.decided_at, d.action_id::text
from ops.golden_decisions as d
where d.undone_at is null and d.kind = %(kind)s
    and (
        (d.left_id = any(%(these)s) and d.right_id = any(%(those)s))
        or (d.left_id = any(%(those)s) and d.right_id = any(%(these)s))
    )
order by d.decision_id;

-- name: decide
insert into ops.golden_decisions (entity, kind, left_id, right_id, act, action_id, decided_by, decided_at, why)
select %(entity)s, %(kind)s, left_id, right_id, %(act)s, %(action)s, %(by)s, %(at)s, %(why)s
from unnest(%(lefts)s::bigint[], %(rights)s::bigint[]) as n (left_id, right_id)
on conflict (left_id, right_id) where undone_at is null do nothing;

-- name: withdraw
update ops.golden_decisions set undone_at = %(at)s, undone_by = %(by)s, undone_in = %(action)s
where decision_id = any(%(decisions)s) and undone_at is null;

-- name: decisions_in
select decision_id, left_id, right_id, kind from ops.golden_decisions
where action_id = %(action)s::uuid and undone_at is null and entity = %(entity)s;

-- name: withdrawn_in
select decision_id, left_id, right_id, kind from ops.golden_decisions where undone_in = %(action)s::uuid and entity = %(entity)s;

-- name: restore
update ops.golden_decisions set undone_at = null, undone_by = null, undone_in = null where decision_id = any(%(decisions)s);

-- name: actions
-- What stewards did, newest first; one that was undone says so.
select d.action_id::text, min(d.act) as act, min(d.decided_by) as decided_by, min(d.decided_at) as decided_at,
    min(d.why) as why, bool_and(d.undone_at is not null) as is_undone, max(d.undone_by) as undone_by,
    array_agg(distinct m.golden_id) as golden_ids
from ops.golden_decisions as d
inner join ops.golden_members as m on m.record_id in (d.left_id, d.right_id) and m.valid_to is null
where d.entity = %(entity)s and (%(golden_id)s::text is null or m.golden_id = %(golden_id)s)
group by d.action_id
order by min(d.decided_at) desc, d.action_id
limit %(limit)s;

-- name: conflicts
select k.conflict_id, m.golden_id, k.attribute, k.owner, k.was, k.value, k.golden_value, k.state, k.answer, k.opened_at,
    k.answered_at, k.answered_by, k.why, k.record_id, r.system, r.stream, r.source_key,
    k.state = 'answered' and r.removed_at is null and r.normal ->> k.attribute is not distinct from k.value
        and not exists (
            select from ops.golden_conflicts as n
            where n.record_id = k.record_id and n.attribute = k.attribute and n.conflict_id > k.conflict_id
        ) as can_be_undone
from ops.golden_conflicts as k
inner join ops.golden_records as r on r.record_id = k.record_id
inner join ops.golden_members as m on m.record_id = k.record_id and m.valid_to is null
where k.entity = %(entity)s and (%(conflict)s::bigint is null or k.conflict_id = %(conflict)s)
    and (%(state)s::text is null or k.state = %(state)s)
    and (%(golden_id)s::text is null or m.golden_id = %(golden_id)s)
order by k.conflict_id desc
limit %(limit)s;

-- name: answer
update ops.golden_conflicts
set state = 'answered', answer = %(answer)s, answered_at = %(at)s, answered_by = %(by)s, why = %(why)s
where conflict_id = %(conflict)s and state = 'held';

-- name: take_back
update ops.golden_conflicts
set state = 'held', answer = '', answered_at = null, answered_by = '', why = ''
where conflict_id = %(conflict)s and state = 'answered';

-- name: history
-- Every golden id that records of this one ever belonged to.
select r.system, r.stream, r.source_key, m.golden_id, m.valid_from, m.valid_to, m.decision, m.score, m.model_version,
    m.decided_by
from ops.golden_members as m
inner join ops.golden_records as r on r.record_id = m.record_id
where m.record_id = any(%(records)s)
order by m.valid_from, m.member_id;

-- name: merged_into
select golden_id from ops.golden_ids where survivor = %(golden_id)s order by number;

-- name: deliveries
select c.system, c.kind, c.destination_id, c.digest = '' as is_doubted, c.delivered_at, w.state, w.cause, w.intended_at
from ops.crosswalk as c
left join lateral (
    select o.state, o.cause, o.intended_at from ops.outbox as o
    where o.system = c.system and o.endpoint = c.endpoint and o.kind = c.kind and o.object_key = c.object_key
    order by o.write_id desc limit 1
) as w on true
where c.object_key = %(golden_id)s
order by c.system, c.kind;

-- name: waiting
with open as (
    select entity, 'review' as kind, opened_at from ops.golden_reviews where state = 'open'
    union all
    select entity, 'conflict', opened_at from ops.golden_conflicts where state = 'held'
)
select entity, count(*) filter (where kind = 'review') as reviews, count(*) filter (where kind = 'conflict') as conflicts,
    min(opened_at) as since
from open
group by entity
order by entity;
