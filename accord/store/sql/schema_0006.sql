-- Streams that are followed from a position, and what systems told us by themselves.

alter table ops.cursors add column position text not null default '';
alter table ops.cursors add column whole_at timestamptz not null default now();
comment on column ops.cursors.position is 'How far a stream without days was followed; "" where it is read whole';
comment on column ops.cursors.whole_at is 'When the piece was last read whole';

create table ops.inbox (
    system text not null,
    notice text not null,
    stream text not null,
    received_at timestamptz not null default clock_timestamp(),
    taken_at timestamptz,
    primary key (system, notice)
);
create index inbox_waiting on ops.inbox (stream) where taken_at is null;
comment on table ops.inbox is 'Messages that systems sent when something changed; each starts a reading';

grant select on ops.inbox to accord_reader, accord_modeler, accord_gatekeeper, accord_deliverer;
grant select, insert, update on ops.inbox to accord_lander;
