-- What an intended write needs besides its content, how far each delivery has seen its model, and
-- what a person approved.

alter table ops.outbox
    add column seed jsonb not null default '{}',
    add column target_id text not null default '',
    add column needs text [] not null default '{}',
    add column effect text not null default 'write' check (effect in ('write', 'remove')),
    add column intent_id uuid,
    add column approved_at timestamptz not null default clock_timestamp();
comment on column ops.outbox.seed is 'What only a new object gets, from fields that the destination owns';
comment on column ops.outbox.target_id is 'The destination''s own id of the object, where it had it before us';
comment on column ops.outbox.needs is 'Objects that must be at the destination first, as kind:object_key';
comment on column ops.outbox.effect is 'Whether the object is to be as its content says, or to be gone';
comment on column ops.outbox.intent_id is 'Which courier means to send it; the same for all that it does at once';
comment on column ops.outbox.approved_at is 'When the gate last let it pass; a write that waits is asked about again by each run';

-- No index says anything of a write's way to its destination, so that noting it touches none of them;
-- the room for that is left on each page.
drop index ops.outbox_one_open;
create unique index outbox_one_open on ops.outbox (system, endpoint, kind, object_key) where settled_at is null;
create index outbox_intended on ops.outbox (intent_id, write_id) where settled_at is null;
create index outbox_rejected on ops.outbox (system, endpoint, kind, object_key) where cause <> '';
alter table ops.outbox set (fillfactor = 55);

-- Nobody may delete from the outbox, so what the crosswalk refers to stays; checking it would lock and
-- write each settled row once more.
alter table ops.crosswalk drop constraint crosswalk_write_id_fkey;

alter table ops.ledger add column part text not null default '';
comment on column ops.ledger.part is 'Of a delivery, which system and kind of object; a flow may have several';

create table ops.delivery_marks (
    system text not null,
    endpoint text not null,
    kind text not null,
    revision bigint not null,
    model text not null,
    verdicts uuid [] not null,
    run_id text not null,
    moved_at timestamptz not null default clock_timestamp(),
    primary key (system, endpoint, kind)
);
comment on table ops.delivery_marks is 'Up to which revision of its model each delivery without days has made its writes rows';
comment on column ops.delivery_marks.model is 'The identity of the view it was read from; another one means that all is due again';
comment on column ops.delivery_marks.verdicts is 'The verdicts in force then; the rows they kept back are due again';

create table ops.approvals (
    approval_id uuid primary key default uuidv7(),
    system text not null,
    endpoint text not null,
    kind text not null,
    plan_digest text not null,
    approved_by text not null,
    why text not null default '',
    approved_at timestamptz not null default clock_timestamp(),
    used_by text,
    used_at timestamptz
);
create unique index approvals_once on ops.approvals (system, endpoint, kind, plan_digest) where used_at is null;
comment on table ops.approvals is 'Changes larger than a run may make by itself, each approved for exactly one plan';

grant select on ops.delivery_marks, ops.approvals
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer, accord_steward;
grant insert, update on ops.delivery_marks to accord_deliverer;
grant update on ops.approvals to accord_deliverer;
grant insert on ops.approvals to accord_steward;
