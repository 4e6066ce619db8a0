-- name: drop_blocks
delete from ops.golden_blocks where record_id = any(%(records)s);

-- name: incoming_blocks
create temporary table if not exists incoming_blocks (block_key text not null, record_id bigint not null) on commit drop;

-- name: keep_blocks
-- Most keys of a changed record are what they were.
with known as materialized (
    select block_key, record_id from ops.golden_blocks where record_id = any(%(records)s)
), gone as (
    select block_key, record_id from known
    except
    select block_key, record_id from pg_temp.incoming_blocks
), forgotten as (
    delete from ops.golden_blocks as b using gone where b.block_key = gone.block_key and b.record_id = gone.record_id
)
insert into ops.golden_blocks (block_key, record_id)
select block_key, record_id from pg_temp.incoming_blocks
except
select block_key, record_id from known;

-- name: clear_blocks
truncate pg_temp.incoming_blocks;

-- name: walk_keys
-- A bitmap gathers all records of a key before a limit can end it, however many share it; who walks the index stops there.
select set_config('enable_bitmapscan', %(bitmaps)s, true);

-- name: candidates
-- Whom to compare a record with: those that share keys with it which not too many share. A key is worth 7
-- where two records share it, and 1 where 200 do: one less for each binary digit of that number. All pairs that
-- share enough are told, and of the others those that share most, as many as may be; a pair of two of these
-- records is met from both sides.
with keys as materialized (
    select b.block_key, b.record_id
    from ops.golden_blocks as b
    where b.record_id = any(%(records)s) and not starts_with(b.block_key, '=')
), blocks as materialized (
    select k.block_key, few.records, 9 - length(ltrim(cardinality(few.records)::bit(32)::text, '0')) as worth
    from (select distinct block_key from keys order by block_key) as k
    cross join lateral (
        select array_agg(o.record_id) as records
        from (select record_id from ops.golden_blocks as b where b.block_key = k.block_key limit %(largest)s + 1) as o
        having count(*) between 2 and %(largest)s
    ) as few
), found as materialized (
    select
        least(k.record_id, o.record_id) as left_id,
        greatest(k.record_id, o.record_id) as right_id,
        sum(b.worth) / (1 + (min(k.record_id) <> max(k.record_id))::integer) as shared
    from keys as k
    inner join blocks as b on b.block_key = k.block_key
    cross join unnest(b.records) as o (record_id)
    where o.record_id <> k.record_id
    group by left_id, right_id
), lesser as (
    select shared, sum(count(*)) over (order by shared desc) as so_far
    from found
    where shared < %(enough)s
    group by shared
)
select left_id, right_id
from found
where shared >= (select coalesce(min(shared), %(enough)s) from lesser where so_far <= %(most)s)
order by left_id, right_id;

-- name: sharing
-- Who bears the same identifier; one that many bear identifies nobody, and a person is no organisation.
-- Each key is looked up by itself, whatever the planner knows of keys that came just now.
with borne as materialized (
    select b.block_key, b.record_id, r.normal ->> 'kind' as kind
    from ops.golden_blocks as b
    inner join ops.golden_records as r on r.record_id = b.record_id
    where b.record_id = any(%(records)s) and starts_with(b.block_key, '=')
)
select k.record_id, o.record_id
from borne as k
cross join lateral (
    select array_agg(few.record_id) as records
    from (select record_id from ops.golden_blocks as b where b.block_key = k.block_key limit %(largest)s + 1) as few
    having count(*) between 2 and %(largest)s
) as s
cross join unnest(s.records) as o (record_id)
inner join ops.golden_records as r on r.record_id = o.record_id
where o.record_id <> k.record_id and (k.kind = r.normal ->> 'kind') is not false;

-- name: known_founders
-- The record that founded the golden id which a record bears, or under which we know it ourselves,
-- where that was not known before. Each pair is looked up by its key: the planner, which knows little of
-- pairs that came just now, could go over all of them for each.
with told as (
    select i.record_id, g.founder
    from pg_temp.incoming_records as i
    inner join ops.golden_ids as g on g.golden_id = i.known_golden_id and g.entity = %(entity)s
    where not i.is_removed and g.founder <> i.record_id
    union
    select i.record_id, g.founder
    from pg_temp.incoming_records as i
    inner join ops.crosswalk as c on c.system = i.system and c.kind = i.stream and c.destination_id = i.source_key
    inner join ops.golden_ids as g on g.golden_id = c.object_key and g.entity = %(entity)s
    where not i.is_removed and i.is_new and g.founder <> i.record_id
)
select t.record_id, t.founder
from told as t
where (
    select p.reason = 'known_id'
    from ops.golden_pairs as p
    where p.left_id = least(t.record_id, t.founder) and p.right_id = greatest(t.record_id, t.founder)
) is not true;

-- name: incoming_pairs
create temporary table if not exists incoming_pairs (
    left_id bigint not null, right_id bigint not null, probability double precision not null,
    reason text not null, model_version text not null
) on commit drop;

-- name: forget_scores
-- A changed record is not taken from its customer by its score alone; what was doubtful is asked anew.
delete from ops.golden_pairs
where probability < %(link)s and (left_id = any(%(records)s) or right_id = any(%(records)s));

-- name: forget_all_scores
delete from ops.golden_pairs as p
using ops.golden_records as l, ops.golden_records as r
where p.reason <> 'known_id' and l.record_id = p.left_id and r.record_id = p.right_id and l.entity = %(entity)s
    and l.removed_at is null and r.removed_at is null;

-- name: keep_pairs
insert into ops.golden_pairs as p (left_id, right_id, probability, reason, model_version)
select distinct on (left_id, right_id) left_id, right_id, probability, reason, model_version
from pg_temp.incoming_pairs
order by left_id, right_id, reason <> 'matched' desc, probability desc
on conflict (left_id, right_id) do update
set probability = excluded.probability, reason = excluded.reason, model_version = excluded.model_version
where p.reason = 'matched' and (excluded.reason <> 'matched' or excluded.probability > p.probability);

-- name: clear_pairs
truncate pg_temp.incoming_pairs;

-- name: neighbours
-- One step outwards: records that are linked to these, or belong to the same golden id.
select p.right_id from ops.golden_pairs as p where p.left_id = any(%(records)s) and p.probability >= %(link)s
union
select p.left_id from ops.golden_pairs as p where p.right_id = any(%(records)s) and p.probability >= %(link)s
union
select d.right_id from ops.golden_decisions as d
where d.left_id = any(%(records)s) and d.kind = 'must_link' and d.undone_at is null
union
select d.left_id from ops.golden_decisions as d
where d.right_id = any(%(records)s) and d.kind = 'must_link' and d.undone_at is null
union
select o.record_id
from ops.golden_members as m
inner join ops.golden_members as o on o.golden_id = m.golden_id and o.valid_to is null
where m.record_id = any(%(records)s) and m.valid_to is null;

-- name: everybody
select record_id from ops.golden_records where entity = %(entity)s order by record_id;

-- name: pairs_among
select left_id, right_id, probability, reason, model_version
from ops.golden_pairs
where left_id = any(%(records)s) and right_id = any(%(records)s);

-- name: decisions_among
select left_id, right_id, kind
from ops.golden_decisions
where undone_at is null and left_id = any(%(records)s) and right_id = any(%(records)s);

-- name: decisions_of
select left_id, right_id, kind from ops.golden_decisions where entity = %(entity)s and undone_at is null;

-- name: founded
select founder, golden_id, number, survivor from ops.golden_ids where founder = any(%(records)s);

-- name: memberships
select record_id, golden_id from ops.golden_members where record_id = any(%(records)s) and valid_to is null;

-- name: companions
select distinct o.record_id, o.golden_id
from ops.golden_members as m
inner join ops.golden_members as o on o.golden_id = m.golden_id and o.valid_to is null
where m.record_id = any(%(records)s) and m.valid_to is null;

-- name: before
select m.record_id, p.golden_id
from ops.golden_members as m
cross join lateral (
    select golden_id from ops.golden_members as b
    where b.record_id = m.record_id and b.member_id < m.member_id
    order by b.member_id desc
    limit 1
) as p
inner join ops.golden_members as n on n.record_id = m.record_id and n.valid_to is null and n.golden_id = m.golden_id
where m.run_id = %(run_id)s;

-- name: found
insert into ops.golden_ids (golden_id, entity, founder, founded_at, run_id)
select uuidv7()::text, %(entity)s, founder, %(at)s, %(run_id)s
from unnest(%(founders)s::bigint[]) as n (founder)
order by founder
returning founder, golden_id;

-- name: resolve_to
update ops.golden_ids as g set survivor = nullif(n.survivor, '')
from unnest(%(golden_ids)s::text[], %(survivors)s::text[]) as n (golden_id, survivor)
where g.golden_id = n.golden_id and g.survivor is distinct from nullif(n.survivor, '');

-- name: leave
update ops.golden_members set valid_to = %(at)s where record_id = any(%(records)s) and valid_to is null;

-- name: join
insert into ops.golden_members (record_id, golden_id, valid_from, decision, score, model_version, decided_by, run_id)
select record_id, golden_id, %(at)s, decision, score, model_version, %(by)s, %(run_id)s
from unnest(
    %(records)s::bigint[], %(golden_ids)s::text[], %(decisions)s::text[], %(scores)s::double precision[], %(models)s::text[]
) as n (record_id, golden_id, decision, score, model_version)
order by record_id;

-- name: doubtful
-- Pairs around these records that a person has to look at: of any two golden records the likeliest one.
-- What was decided about any of their records stands.
with pairs as (
    select p.left_id, p.right_id, p.probability, p.model_version, l.golden_id as left_golden, r.golden_id as right_golden
    from ops.golden_pairs as p
    inner join ops.golden_members as l on l.record_id = p.left_id and l.valid_to is null
    inner join ops.golden_members as r on r.record_id = p.right_id and r.valid_to is null
    inner join ops.golden_records as a on a.record_id = p.left_id and a.removed_at is null
    inner join ops.golden_records as b on b.record_id = p.right_id and b.removed_at is null
    where (p.left_id = any(%(records)s) or p.right_id = any(%(records)s)) and l.golden_id <> r.golden_id
)
select distinct on (least(left_golden, right_golden), greatest(left_golden, right_golden))
    left_id, right_id, probability, model_version
from pairs as p
where not exists (
    select from ops.golden_decisions as d
    inner join ops.golden_members as x on x.record_id = d.left_id and x.valid_to is null
    inner join ops.golden_members as y on y.record_id = d.right_id and y.valid_to is null
    where d.undone_at is null and d.kind = 'cannot_link'
        and x.golden_id in (p.left_golden, p.right_golden) and y.golden_id in (p.left_golden, p.right_golden)
        and x.golden_id <> y.golden_id
)
order by least(left_golden, right_golden), greatest(left_golden, right_golden), probability desc, left_id, right_id;

-- name: open_reviews_of
select review_id, left_id, right_id from ops.golden_reviews
where state = 'open' and (left_id = any(%(records)s) or right_id = any(%(records)s));

-- name: open_reviews
insert into ops.golden_reviews as v (entity, left_id, right_id, probability, evidence, model_version, opened_at, run_id)
select %(entity)s, left_id, right_id, probability, evidence::jsonb, model_version, %(at)s, %(run_id)s
from unnest(
    %(lefts)s::bigint[], %(rights)s::bigint[], %(probabilities)s::double precision[], %(evidence)s::text[], %(models)s::text[]
) as n (left_id, right_id, probability, evidence, model_version)
on conflict (left_id, right_id) do update
set probability = excluded.probability, model_version = excluded.model_version, state = 'open',
    evidence = case when excluded.evidence = '[]' then v.evidence else excluded.evidence end,
    opened_at = case when v.state = 'open' then v.opened_at else excluded.opened_at end,
    settled_at = null, settled_by = null, action_id = null, run_id = excluded.run_id;

-- name: close_reviews
update ops.golden_reviews set state = 'gone', settled_at = %(at)s, run_id = %(run_id)s
where review_id = any(%(reviews)s) and state = 'open';
