-- name: keep
insert into ops.verdicts
    (entity, partition_key, data_version, contract_digest, passed, checked, rejected, closed_by, warnings, run_id)
values
    (%(entity)s, %(partition)s, %(data_version)s, %(contract)s, %(passed)s, %(checked)s, %(rejected)s,
     %(closed_by)s, %(warnings)s, %(run_id)s)
returning verdict_id;

-- name: keep_row
insert into ops.verdict_rows (verdict_id, row_key, rules) values (%(verdict)s, %(key)s, %(rules)s);

-- name: post
insert into ops.ledger (stage, name, partition_key, run_id, checked, passed, rejected)
values ('gate', %(entity)s, %(partition)s, %(run_id)s, %(checked)s, %(passed)s, %(rejected)s);

-- name: passing
select partition_key, data_version from ops.current_verdicts
where entity = %(entity)s and partition_key = any(%(partitions)s) and passed and contract_digest = %(contract)s;

-- name: judged
select partition_key, data_version from ops.current_verdicts
where entity = %(entity)s and partition_key = any(%(partitions)s) and contract_digest = %(contract)s;

-- name: current
select partition_key, passed, checked, rejected, closed_by, warnings from ops.current_verdicts
where entity = %(entity)s and partition_key = any(%(partitions)s)
order by partition_key;
