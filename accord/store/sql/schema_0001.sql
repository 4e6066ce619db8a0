-- The first shape of landing and ops. Roles are made by roles.sql before this runs.

create table landing.shapes (
    shape_id integer primary key generated always as identity,
    stream text not null,
    shape text not null,
    first_seen_at timestamptz not null default now(),
    unique (stream, shape)
);
comment on table landing.shapes is 'Every shape (such as a CSV header) a stream was ever received in';

create table ops.ledger (
    entry_id bigint primary key generated always as identity,
    stage text not null check (stage in ('landing', 'gate', 'delivery')),
    name text not null,
    partition_key text not null,
    run_id text not null,
    read bigint not null default 0,
    landed bigint not null default 0,
    removed bigint not null default 0,
    checked bigint not null default 0,
    passed bigint not null default 0,
    due bigint not null default 0,
    delivered bigint not null default 0,
    unchanged bigint not null default 0,
    rejected bigint not null default 0,
    held bigint not null default 0,
    waiting bigint not null default 0,
    unknown bigint not null default 0,
    posted_at timestamptz not null default clock_timestamp(),
    constraint landing_balances check (stage <> 'landing' or read = landed + unchanged + rejected),
    constraint gate_balances check (stage <> 'gate' or checked = passed + rejected),
    constraint delivery_balances check (
        stage <> 'delivery' or due = delivered + unchanged + rejected + held + waiting + unknown
    )
);
create index ledger_by_run on ops.ledger (run_id);
create index ledger_by_name on ops.ledger (name, stage, partition_key, entry_id desc);
comment on table ops.ledger is 'What entered and left each stage; append-only, and balanced or refused';

create table ops.cursors (
    stream text not null,
    piece text not null,
    partition_key text not null,
    digest text not null,
    signature text not null,
    records bigint not null,
    rejected bigint not null,
    first_arrived_at timestamptz not null default now(),
    read_at timestamptz not null default now(),
    primary key (stream, piece)
);
comment on table ops.cursors is 'How far each piece of a stream was read; moves with the landed rows';

create table ops.watermarks (
    stream text not null,
    partition_key text not null,
    changes bigint not null default 1,
    changed_at timestamptz not null default now(),
    primary key (stream, partition_key)
);
create index watermarks_by_time on ops.watermarks (changed_at);
comment on table ops.watermarks is 'How often each partition of a stream changed: what is stale is found here';

create table ops.builds (
    target text not null,
    partition_key text not null,
    basis text not null,
    built_at timestamptz not null default now(),
    primary key (target, partition_key)
);
comment on table ops.builds is 'What each modelled partition was built from; another basis means it is stale';

create table ops.dead_letters (
    dead_letter_id uuid primary key default uuidv7(),
    stage text not null,
    name text not null,
    piece text not null,
    partition_key text not null,
    record_key text not null,
    cause text not null,
    detail text not null,
    remedy text not null,
    payload bytea not null,
    state text not null default 'waiting' check (state in ('waiting', 'resolved', 'discarded')),
    first_run_id text not null,
    last_run_id text not null,
    first_seen_at timestamptz not null default now(),
    last_seen_at timestamptz not null default now(),
    settled_at timestamptz
);
create unique index dead_letters_once on ops.dead_letters
    (stage, name, piece, record_key, cause, sha256(payload)) where state = 'waiting';
create index dead_letters_waiting on ops.dead_letters (name, partition_key) where state = 'waiting';

create table ops.verdicts (
    verdict_id uuid primary key default uuidv7(),
    entity text not null,
    partition_key text not null,
    data_version text not null,
    contract_digest text not null,
    passed boolean not null,
    checked bigint not null,
    rejected bigint not null,
    closed_by text [] not null default '{}',
    warnings text [] not null default '{}',
    run_id text not null,
    judged_at timestamptz not null default clock_timestamp()
);
create index verdicts_latest on ops.verdicts (entity, partition_key, judged_at desc, verdict_id desc);

create table ops.verdict_rows (
    verdict_id uuid not null references ops.verdicts,
    row_key text not null,
    rules text [] not null,
    primary key (verdict_id, row_key)
);

create view ops.current_verdicts as
select distinct on (entity, partition_key) *
from ops.verdicts
order by entity, partition_key, judged_at desc, verdict_id desc;

create view ops.rejected_rows as
select v.entity, v.partition_key, r.row_key, r.rules
from ops.current_verdicts as v
inner join ops.verdict_rows as r on r.verdict_id = v.verdict_id;

create table ops.outbox (
    write_id uuid primary key default uuidv7(),
    flow text not null,
    system text not null,
    endpoint text not null,
    kind text not null,
    object_key text not null,
    partition_key text not null,
    content jsonb not null,
    digest text not null,
    data_version text not null,
    basis text not null,
    state text not null default 'waiting' check (
        state in ('waiting', 'sending', 'delivered', 'unchanged', 'rejected', 'held', 'unknown', 'superseded')
    ),
    attempts integer not null default 0,
    sent_at timestamptz,
    destination_id text not null default '',
    cause text not null default '',
    detail text not null default '',
    remedy text not null default '',
    run_id text not null,
    intended_at timestamptz not null default clock_timestamp(),
    settled_at timestamptz
);
create unique index outbox_one_open on ops.outbox (system, endpoint, kind, object_key)
    where state in ('waiting', 'sending', 'unknown', 'held');
create index outbox_history on ops.outbox (system, endpoint, kind, object_key, write_id);

create table ops.crosswalk (
    system text not null,
    endpoint text not null,
    kind text not null,
    object_key text not null,
    destination_id text not null,
    digest text not null,
    write_id uuid not null references ops.outbox,
    delivered_at timestamptz not null default clock_timestamp(),
    primary key (system, endpoint, kind, object_key)
);

create table ops.reconciliations (
    reconciliation_id bigint primary key generated always as identity,
    name text not null,
    partition_key text not null,
    state text not null check (state in ('equal', 'missing', 'extra', 'different', 'doubled')),
    expected numeric,
    found numeric,
    difference numeric not null,
    records bigint not null,
    run_id text not null,
    compared_at timestamptz not null default clock_timestamp()
);
create index reconciliations_latest on ops.reconciliations (name, partition_key, reconciliation_id desc);

create table ops.calendar (
    only_row boolean primary key default true check (only_row),
    first_day date not null
);

create table ops.alerts (
    alert_id bigint primary key generated always as identity,
    severity text not null,
    subject text not null,
    message text not null,
    run_id text not null default '',
    raised_at timestamptz not null default clock_timestamp()
);

grant select on all tables in schema ops, landing to accord_reader;
grant select on all tables in schema ops, landing to accord_modeler;
grant select on all tables in schema ops, landing to accord_lander, accord_gatekeeper, accord_deliverer;
grant insert on ops.ledger to accord_lander, accord_gatekeeper, accord_deliverer;
grant insert on landing.shapes to accord_lander;
grant insert, update on ops.cursors, ops.watermarks, ops.dead_letters to accord_lander;
grant insert, update on ops.builds to accord_modeler;
grant insert, update on ops.calendar to accord_lander;
grant insert on ops.verdicts, ops.verdict_rows to accord_gatekeeper;
grant insert, update on ops.dead_letters to accord_gatekeeper, accord_deliverer;
grant insert, update on ops.outbox to accord_deliverer;
grant insert, update, delete on ops.crosswalk to accord_deliverer;
grant insert on ops.reconciliations, ops.alerts to accord_deliverer;
