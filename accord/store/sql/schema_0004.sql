-- What all processes share about calling a system: who called in the last minute, and how it is.

create table ops.calls (
    system text not null,
    endpoint text not null,
    called_at timestamptz not null default clock_timestamp()
);
create index calls_by_time on ops.calls (system, endpoint, called_at);

create table ops.breakers (
    system text not null,
    endpoint text not null,
    failures integer not null default 0,
    open_until timestamptz,
    rest_until timestamptz,
    changed_at timestamptz not null default clock_timestamp(),
    primary key (system, endpoint)
);
comment on table ops.breakers is 'Open after repeated failures; one call is let through as a probe when its time is over';

grant select on ops.calls, ops.breakers to accord_modeler, accord_gatekeeper, accord_deliverer, accord_reader;
grant select, insert, update, delete on ops.calls, ops.breakers to accord_lander;
