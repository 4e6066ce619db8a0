-- Alerts: one row an episode of a topic, one notice a change of its state, one delivery a channel.

create type ops.severity as enum ('info', 'warning', 'error');

alter table ops.alerts
    alter column severity type ops.severity using severity::ops.severity,
    add column topic text not null default 'earlier',
    add column owner text not null default '',
    add column state text not null default 'recovered' check (state in ('raised', 'recovered')),
    add column worst ops.severity,
    add column repeats bigint not null default 0,
    add column last_raised_at timestamptz not null default clock_timestamp(),
    add column recovered_at timestamptz,
    add column acknowledged_at timestamptz,
    add column acknowledged_by text not null default '';
update ops.alerts set worst = severity, last_raised_at = raised_at, recovered_at = raised_at;
alter table ops.alerts
    alter column topic drop default,
    alter column state set default 'raised',
    alter column worst set not null;
create unique index alerts_one_open on ops.alerts (topic) where state = 'raised';
comment on table ops.alerts is 'What people were told: from when a topic was raised until it recovered';

create table ops.alert_notices (
    notice_id bigint primary key generated always as identity,
    alert_id bigint not null references ops.alerts,
    kind text not null check (kind in ('raised', 'changed', 'recovered')),
    topic text not null,
    severity ops.severity not null,
    reach ops.severity not null,
    owner text not null,
    subject text not null,
    message text not null,
    run_id text not null,
    noticed_at timestamptz not null default clock_timestamp(),
    routed_at timestamptz
);
create index alert_notices_by_alert on ops.alert_notices (alert_id);
create index alert_notices_unrouted on ops.alert_notices (notice_id) where routed_at is null;
comment on table ops.alert_notices is 'One row a change of state; it reaches whom the worst of its episode reached';

create table ops.alert_deliveries (
    notice_id bigint not null references ops.alert_notices,
    channel text not null,
    state text not null default 'pending' check (state in ('pending', 'sent', 'failed')),
    attempts integer not null default 0,
    last_error text not null default '',
    next_attempt_at timestamptz not null,
    settled_at timestamptz,
    primary key (notice_id, channel)
);
create index alert_deliveries_pending on ops.alert_deliveries (channel, notice_id) where state = 'pending';

grant select on ops.alert_notices, ops.alert_deliveries
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer;
grant insert, update on ops.alerts, ops.alert_notices, ops.alert_deliveries to accord_deliverer;
