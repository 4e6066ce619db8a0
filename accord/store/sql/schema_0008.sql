-- Golden ids: who is who, decided by whom, and since when.
select 1;
