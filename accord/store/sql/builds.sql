-- name: landed
-- Which of the days asked for were ever landed, with what a model built from them depends on.
select w.partition_key, string_agg(w.stream || '=' || w.changes, ',' order by w.stream) as basis
from ops.watermarks as w
where w.stream = any(%(streams)s) and w.partition_key between %(first)s and %(last)s
group by w.partition_key;

-- name: judged
-- The same for what is built behind the gates: the builds and verdicts it depends on.
select b.partition_key,
    b.basis || ';' || coalesce(string_agg(v.entity || '=' || v.verdict_id, ',' order by v.entity), '') as basis
from ops.builds as b
left join ops.current_verdicts as v on v.partition_key = b.partition_key and v.entity = any(%(entities)s)
where b.target = %(before)s and b.partition_key between %(first)s and %(last)s
group by b.partition_key, b.basis;

-- name: built
select partition_key, basis from ops.builds
where target = %(target)s and partition_key between %(first)s and %(last)s;

-- name: note
insert into ops.builds (target, partition_key, basis)
select %(target)s, k.partition_key, k.basis
from unnest(%(partitions)s::text[], %(bases)s::text[]) as k (partition_key, basis)
on conflict (target, partition_key) do update set basis = excluded.basis, built_at = now();

-- name: to_judge
-- The built days without a verdict on what they hold now, under the contract as it is now.
select b.partition_key
from ops.builds as b
left join ops.current_verdicts as v on v.partition_key = b.partition_key and v.entity = %(entity)s
where b.target = %(target)s and b.partition_key between %(first)s and %(last)s
    and (v.verdict_id is null or v.contract_digest <> %(contract)s or v.judged_at < b.built_at)
order by b.partition_key;

-- name: whole_to_judge
-- Whether a table without partitions was built since its verdict, or has none under this contract.
select exists (
    select from ops.builds as b
    left join ops.current_verdicts as v on v.partition_key = '' and v.entity = %(entity)s
    where b.target = %(target)s
        and (v.verdict_id is null or v.contract_digest <> %(contract)s or v.judged_at < b.built_at)
);
