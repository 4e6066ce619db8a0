-- name: in_use
select ops.sealing_key();

-- name: stop_writers
lock table ops.dead_letters, ops.dead_letter_edits in share row exclusive mode;

-- name: retire
update ops.sealing_keys set retired_at = now() where retired_at is null and key_id <> %(key_id)s;

-- name: use
insert into ops.sealing_keys (key_id) values (%(key_id)s)
on conflict (key_id) do update set retired_at = null;

-- name: keys_with_payloads
select key_id from ops.dead_letters
union
select key_id from ops.dead_letter_edits;

-- name: letters
select dead_letter_id, 0, key_id, payload, stage, name, piece, record_key
from ops.dead_letters
where key_id <> %(key_id)s and key_id <> all(%(missing)s);

-- name: edits
select e.dead_letter_id, e.edit, e.key_id, e.payload, l.stage, l.name, l.piece, l.record_key
from ops.dead_letter_edits as e
inner join ops.dead_letters as l on l.dead_letter_id = e.dead_letter_id
where e.key_id <> %(key_id)s and e.key_id <> all(%(missing)s);

-- name: reseal_letters
update ops.dead_letters set key_id = %(key_id)s, payload = %(payload)s, payload_digest = %(digest)s
where dead_letter_id = %(letter)s;

-- name: reseal_edits
update ops.dead_letter_edits set key_id = %(key_id)s, payload = %(payload)s
where dead_letter_id = %(letter)s and edit = %(edit)s;
