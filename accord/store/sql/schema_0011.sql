-- Each key is written with its record and goes with it, so nothing has to look the record up again.
alter table ops.golden_blocks drop constraint golden_blocks_record_id_fkey;
