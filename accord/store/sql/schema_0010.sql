-- What a courier means to do and has not posted yet, so that the next one can post it for a killed one.

create table ops.open_intents (
    system text not null,
    endpoint text not null,
    kind text not null,
    intent_id uuid not null,
    run_id text not null,
    opened_at timestamptz not null default clock_timestamp(),
    primary key (system, endpoint, kind)
);
comment on table ops.open_intents is 'Intents of objects without days whose outcome is not in the ledger; those left over are of killed runs';

grant select on ops.open_intents
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer, accord_steward;
grant insert, update, delete on ops.open_intents to accord_deliverer;
