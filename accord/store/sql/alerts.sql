-- name: raise
-- Atomic, so that two processes that see the same trouble make one episode.
insert into ops.alerts (topic, severity, worst, owner, subject, message, run_id)
values
    (%(topic)s, %(severity)s, %(severity)s, %(owner)s, %(subject)s, %(message)s, %(run_id)s)
on conflict (topic) where state = 'raised' do update set
    severity = excluded.severity,
    worst = greatest(alerts.worst, excluded.severity),
    owner = excluded.owner,
    subject = excluded.subject,
    message = excluded.message,
    run_id = excluded.run_id,
    repeats = alerts.repeats + 1,
    last_raised_at = clock_timestamp(),
    acknowledged_at = case when alerts.severity = excluded.severity then alerts.acknowledged_at end,
    acknowledged_by = case when alerts.severity = excluded.severity then alerts.acknowledged_by else '' end
returning new.alert_id, old.severity as before, new.worst;

-- name: recover
update ops.alerts set state = 'recovered', recovered_at = clock_timestamp()
where topic = %(topic)s and state = 'raised'
returning alert_id, severity, worst, owner, subject;

-- name: notice
insert into ops.alert_notices
    (alert_id, kind, topic, severity, reach, owner, subject, message, run_id)
values
    (%(alert_id)s, %(kind)s, %(topic)s, %(severity)s, %(reach)s, %(owner)s, %(subject)s, %(message)s, %(run_id)s);

-- name: acknowledge
update ops.alerts set acknowledged_at = clock_timestamp(), acknowledged_by = %(by)s
where topic = %(topic)s and state = 'raised';

-- name: standing
select a.topic, a.severity, a.message, a.raised_at, n.run_id as first_run_id
from ops.alerts as a
inner join ops.alert_notices as n on n.alert_id = a.alert_id and n.kind = 'raised'
where a.state = 'raised';

-- name: unrouted
select notice_id, kind, topic, severity, reach, owner, subject, message, run_id, noticed_at
from ops.alert_notices
where routed_at is null
order by notice_id
for update skip locked;

-- name: route
insert into ops.alert_deliveries (notice_id, channel, next_attempt_at)
values (%(notice_id)s, %(channel)s, %(at)s)
on conflict do nothing;

-- name: routed
update ops.alert_notices set routed_at = %(at)s where notice_id = any(%(notices)s);

-- name: claim
-- The oldest of a channel or none, so that a recovery never overtakes what it recovers from. A claim
-- ends by itself: whoever is killed while sending leaves it to be sent again.
with oldest as (
    select d.notice_id, d.channel
    from ops.alert_deliveries as d
    where d.channel = %(channel)s and d.state = 'pending' and d.next_attempt_at <= %(at)s
        and not exists (
            select from ops.alert_deliveries as e
            where e.channel = d.channel and e.state = 'pending' and e.notice_id < d.notice_id
        )
    for update
), claimed as (
    update ops.alert_deliveries as d set attempts = d.attempts + 1, next_attempt_at = %(until)s
    from oldest as o
    where d.notice_id = o.notice_id and d.channel = o.channel
    returning d.notice_id, d.attempts
)
select n.notice_id, n.kind, n.topic, n.severity, n.reach, n.owner, n.subject, n.message, n.run_id, n.noticed_at,
    c.attempts
from claimed as c
inner join ops.alert_notices as n on n.notice_id = c.notice_id;

-- name: sent
update ops.alert_deliveries set state = 'sent', last_error = '', settled_at = %(at)s
where notice_id = %(notice_id)s and channel = %(channel)s;

-- name: not_sent
update ops.alert_deliveries set
    last_error = %(error)s,
    state = case when %(again)s::timestamptz is null then 'failed' else 'pending' end,
    next_attempt_at = coalesce(%(again)s, next_attempt_at),
    settled_at = case when %(again)s::timestamptz is null then %(at)s::timestamptz end
where notice_id = %(notice_id)s and channel = %(channel)s;

-- name: abandon
-- What was meant for a channel since taken away, and what is too old to be news.
update ops.alert_deliveries as d set
    state = 'failed', settled_at = %(at)s,
    last_error = case when d.channel = any(%(channels)s) then 'expired' else 'channel_removed' end
from ops.alert_notices as n
where n.notice_id = d.notice_id and d.state = 'pending'
    and (n.noticed_at < %(older_than)s or d.channel <> all(%(channels)s));

-- name: listed
select a.alert_id, a.topic, a.severity, a.state, a.owner, a.subject, a.message, a.run_id, a.repeats, a.raised_at,
    a.last_raised_at, a.recovered_at, a.acknowledged_at, a.acknowledged_by,
    coalesce(d.deliveries, '{}') as deliveries
from ops.alerts as a
left join lateral (
    select array_agg(
        d.channel || ' ' || n.kind || ' ' || d.state
        || case when d.last_error = '' then '' else ' (' || d.last_error || ')' end
        order by n.notice_id, d.channel
    ) as deliveries
    from ops.alert_notices as n
    inner join ops.alert_deliveries as d on d.notice_id = n.notice_id
    where n.alert_id = a.alert_id
) as d on true
where %(all)s or a.state = 'raised'
order by a.state = 'recovered', a.last_raised_at desc, a.alert_id desc
limit %(limit)s;

-- name: channels
-- Of each channel what its latest settled or tried delivery came to, and how many are open or lost.
select channel, count(*) filter (where state = 'pending') as pending,
    count(*) filter (where state = 'failed') as failed,
    max(settled_at) filter (where state = 'sent') as last_sent_at,
    (array_agg(last_error order by notice_id desc) filter (where attempts > 0))[1] as last_error
from ops.alert_deliveries
group by channel;
