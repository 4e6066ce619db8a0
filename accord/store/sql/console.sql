-- name: grant
insert into ops.console_tokens (token_hash, who, granted_by) values (%(hash)s, %(who)s, %(by)s);

-- name: revoke
update ops.console_tokens set revoked_at = clock_timestamp(), revoked_by = %(by)s
where who = %(who)s and revoked_at is null;

-- name: find
update ops.console_tokens set last_used_at = clock_timestamp()
where token_hash = %(hash)s and revoked_at is null
returning who, token_hash as key;

-- name: stands
select exists (select from ops.console_tokens where token_hash = %(key)s and revoked_at is null);

-- name: standing
select who, granted_at, last_used_at from ops.console_tokens where revoked_at is null order by who;
