-- A write costs what its indexes cost: each tells rows apart by what differs most, the object, first.

drop index ops.outbox_one_open;
create unique index outbox_one_open on ops.outbox (object_key, kind, system, endpoint) where settled_at is null;
drop index ops.outbox_history;
create index outbox_history on ops.outbox (object_key, write_id);

-- A page has room for every row on it once more, so that noting that a write leaves touches no index.
alter table ops.outbox set (fillfactor = 45);

alter table ops.crosswalk drop constraint crosswalk_pkey;
alter table ops.crosswalk add primary key (object_key, kind, system, endpoint);
