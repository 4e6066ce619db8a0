-- Golden records of which nobody knows yet whether they are one: neither is made where the other is.

create view ops.golden_doubts as
select mine.golden_id, theirs.golden_id as other_id, other.number < own.number as is_younger
from ops.golden_members as mine
inner join (
    select left_id as record_id, right_id as other_id from ops.golden_reviews where state = 'open'
    union all
    select right_id, left_id from ops.golden_reviews where state = 'open'
) as v on v.record_id = mine.record_id
inner join ops.golden_members as theirs on theirs.record_id = v.other_id and theirs.valid_to is null
inner join ops.golden_ids as own on own.golden_id = mine.golden_id
inner join ops.golden_ids as other on other.golden_id = theirs.golden_id
where mine.valid_to is null and theirs.golden_id <> mine.golden_id;
comment on view ops.golden_doubts is 'Which golden records may be another one, until a steward has decided; each pair from both sides';

grant select on ops.golden_doubts
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer;
