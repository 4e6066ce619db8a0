-- Who may sign in to the stewards' console.

create table ops.console_tokens (
    token_hash text primary key,
    who text not null,
    granted_at timestamptz not null default clock_timestamp(),
    granted_by text not null,
    last_used_at timestamptz,
    revoked_at timestamptz,
    revoked_by text
);
create unique index console_tokens_one_each on ops.console_tokens (who) where revoked_at is null;
comment on table ops.console_tokens is 'Sign-ins to the console, by the hash of a token that is shown once';

grant select on ops.console_tokens to accord_steward;
grant insert, update on ops.console_tokens to accord_steward;
