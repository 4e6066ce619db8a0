-- An object that somebody else made, and that we took for ours to keep up, is not one that we made.

alter table ops.outbox add column adopted_id text not null default '';
comment on column ops.outbox.adopted_id is 'The destination''s id of an object that was there already and was found to be the one meant';
create index outbox_adopted on ops.outbox (adopted_id) where adopted_id <> '';
