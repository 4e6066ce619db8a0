-- name: open
-- Dead letters sealed at rest, what stewards do with them, and the audit trail of it.
create table ops.sealing_keys (
    key_id text primary key,
    used_since timestamptz not null default now(),
    retired_at timestamptz
);
create unique index sealing_keys_one_current on ops.sealing_keys ((true)) where retired_at is null;
comment on table ops.sealing_keys is 'Names of the keys dead letters are sealed with; the keys themselves are never here';

alter table ops.dead_letters
    add column key_id text references ops.sealing_keys,
    add column payload_digest bytea,
    add column shape text not null default '',
    add column discarded_by text,
    add column discarded_why text,
    add column replays integer not null default 0,
    add column replayed_by text,
    add column replayed_at timestamptz,
    add column replayed_run_id text,
    add column replayed_outcome text;
drop index ops.dead_letters_once;

create table ops.dead_letter_edits (
    dead_letter_id uuid not null references ops.dead_letters,
    edit integer not null,
    key_id text not null references ops.sealing_keys,
    payload bytea not null,
    edited_by text not null,
    edited_at timestamptz not null default now(),
    why text not null default '',
    primary key (dead_letter_id, edit)
);
comment on table ops.dead_letter_edits is 'Corrections of dead letters by stewards, sealed; the original stays as it was';

create table ops.audit (
    entry_id bigint primary key,
    at timestamptz not null,
    who text not null,
    login text not null,
    what text not null,
    subject text not null,
    why text not null,
    detail text not null,
    previous bytea not null,
    hash bytea not null
);
create index audit_by_subject on ops.audit (subject);
comment on table ops.audit is 'Who did what, when and why; append-only, each row sealed by the hash of all before it';

create function ops.audit_hash(entry ops.audit) returns bytea
language sql immutable
return sha256(entry.previous || convert_to(jsonb_build_array(
    entry.entry_id, extract(epoch from entry.at), entry.who, entry.login, entry.what, entry.subject, entry.why, entry.detail
)::text, 'UTF8'));

-- The writer says who, what and why; place, time and hash are the chain's own.
create function ops.chain_audit() returns trigger language plpgsql as $$
declare
    last ops.audit;
begin
    perform pg_advisory_xact_lock(hashtextextended('accord: audit', 1));
    select * into last from ops.audit order by entry_id desc limit 1;
    new.entry_id := coalesce(last.entry_id, 0) + 1;
    new.previous := coalesce(last.hash, sha256(''::bytea));
    new.at := clock_timestamp();
    new.login := session_user;
    new.hash := ops.audit_hash(new);
    return new;
end
$$;
create trigger audit_chain before insert on ops.audit for each row execute function ops.chain_audit();

create function ops.refuse() returns trigger language plpgsql as $$
begin
    raise exception using message = tg_table_name || ' is append-only', errcode = 'insufficient_privilege';
end
$$;
create trigger audit_stays before update or delete or truncate on ops.audit
    for each statement execute function ops.refuse();
create trigger edits_stay before delete or truncate on ops.dead_letter_edits
    for each statement execute function ops.refuse();

-- The name of the key to seal with. A rotation waits for whoever has asked, and who asks waits for a
-- rotation; a transaction that began before one cannot go on with the old key: it fails.
create function ops.sealing_key() returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    current_id text;
begin
    lock table ops.dead_letters in row exclusive mode;
    for attempt in 1..2 loop
        select key_id into current_id from ops.sealing_keys where retired_at is null for share;
        exit when current_id is not null;
    end loop;
    return current_id;
end
$$;

-- name: close
-- Written anew, so that the plain payloads of before are not left in the table's files.
alter table ops.dead_letters
    alter column payload type bytea using payload || ''::bytea,
    alter column key_id set not null,
    alter column payload_digest set not null;

-- What a steward has discarded stays discarded when the source sends it again as it was.
create unique index dead_letters_once on ops.dead_letters
    (stage, name, piece, record_key, cause, payload_digest) where state in ('waiting', 'discarded');
create index dead_letters_by_cause on ops.dead_letters (stage, name, cause) where state = 'waiting';

revoke all on function ops.sealing_key() from public;
grant execute on function ops.sealing_key() to accord_lander, accord_gatekeeper, accord_deliverer, accord_steward;
grant select on ops.sealing_keys, ops.dead_letter_edits, ops.audit
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer, accord_steward;
grant select on all tables in schema ops, landing to accord_steward;
grant insert on ops.audit to accord_steward;
grant insert, update on ops.dead_letters, ops.dead_letter_edits, ops.sealing_keys to accord_steward;
grant update on ops.builds to accord_steward;
