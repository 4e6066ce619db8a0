-- What an intended write needs besides its content.

alter table ops.outbox add column seed jsonb not null default '{}';
alter table ops.outbox add column target_id text not null default '';
comment on column ops.outbox.seed is 'What only a new object gets, from fields that the destination owns';
comment on column ops.outbox.target_id is 'The destination''s own id of the object, where it had it before us';
