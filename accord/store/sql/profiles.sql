-- name: columns
select column_name from information_schema.columns
where table_schema = %(schema)s and table_name = %(view)s
order by ordinal_position;

-- name: rejected
-- The dead letters of a stream that wait, by cause.
select cause, count(*)::integer from ops.dead_letters
where stage = 'landing' and name = %(stream)s and state = 'waiting'
group by cause order by cause;
