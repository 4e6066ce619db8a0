-- name: breaker
insert into ops.breakers (system, endpoint) values (%(system)s, %(endpoint)s)
on conflict do nothing;

-- name: state
select failures, extract(epoch from open_until - clock_timestamp())::float8 as opens_in,
    extract(epoch from rest_until - clock_timestamp())::float8 as rests_for
from ops.breakers where system = %(system)s and endpoint = %(endpoint)s
for update;

-- name: is_calm
select failures = 0 and open_until is null and coalesce(rest_until <= clock_timestamp(), true)
from ops.breakers where system = %(system)s and endpoint = %(endpoint)s;

-- name: probe
-- Whoever finds the time over is the probe; the others keep away until it is known how it went.
update ops.breakers set open_until = clock_timestamp() + make_interval(secs => %(seconds)s)
where system = %(system)s and endpoint = %(endpoint)s;

-- name: recent
select count(*)::int, coalesce(60 - extract(epoch from clock_timestamp() - min(called_at)), 0)::float8
from ops.calls
where system = %(system)s and endpoint = %(endpoint)s and called_at > clock_timestamp() - interval '1 minute';

-- name: called
insert into ops.calls (system, endpoint)
select %(system)s, %(endpoint)s from generate_series(1, %(times)s);

-- name: forget
delete from ops.calls
where system = %(system)s and endpoint = %(endpoint)s and called_at <= clock_timestamp() - interval '1 minute';

-- name: well
update ops.breakers set failures = 0, open_until = null, changed_at = clock_timestamp()
where system = %(system)s and endpoint = %(endpoint)s and (failures > 0 or open_until is not null);

-- name: failed
update ops.breakers
set failures = failures + 1, changed_at = clock_timestamp(),
    open_until = case
        when failures + 1 >= %(threshold)s then clock_timestamp() + make_interval(
            secs => least(%(longest)s, %(shortest)s * 2 ^ least(failures + 1 - %(threshold)s, 20))
        )
    end
where system = %(system)s and endpoint = %(endpoint)s;

-- name: rest
update ops.breakers
set rest_until = greatest(rest_until, clock_timestamp() + make_interval(secs => %(seconds)s))
where system = %(system)s and endpoint = %(endpoint)s;

-- name: breakers
select system, endpoint, failures, open_until, rest_until from ops.breakers
where failures > 0 or open_until is not null or rest_until > clock_timestamp()
order by system, endpoint;
