-- A write costs what its indexes cost: each tells rows apart by what differs most, the object, first.

drop index ops.outbox_one_open;
create unique index outbox_one_open on ops.outbox (object_key, kind, system, endpoint) where settled_at is null;
drop index ops.outbox_history;
create index outbox_history on ops.outbox (object_key, write_id);

-- A page has room for every row on it once more, so that noting that a write leaves touches no index.
alter table ops.outbox set (fillfactor = 45);

alter table ops.crosswalk drop constraint crosswalk_pkey;
alter table ops.crosswalk add primary key (object_key, kind, system, endpoint);

-- A delivery is open from its first look on: what it learns of earlier writes is to be posted, too.
alter table ops.open_intents rename to open_deliveries;
alter table ops.open_deliveries drop column intent_id;
comment on table ops.open_deliveries is 'Deliveries of objects without days whose outcome is not in the ledger; those left over are of killed runs';
