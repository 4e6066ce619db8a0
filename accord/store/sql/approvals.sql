-- name: give
insert into ops.approvals (system, endpoint, kind, plan_digest, approved_by, why)
values (%(system)s, %(endpoint)s, %(kind)s, %(digest)s, %(who)s, %(why)s)
on conflict (system, endpoint, kind, plan_digest) where used_at is null do nothing;

-- name: use
update ops.approvals set used_by = %(run_id)s, used_at = clock_timestamp()
where system = %(system)s and endpoint = %(endpoint)s and kind = %(kind)s and plan_digest = %(digest)s
    and used_at is null;
