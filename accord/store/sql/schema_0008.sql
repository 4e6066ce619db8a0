-- Golden ids: who is who, decided by whom, and since when. A record is a source's record of an entity; a
-- golden id stands for one real-world thing and is founded by one record, for good.

create table ops.golden_records (
    record_id bigint primary key generated always as identity,
    entity text not null,
    system text not null,
    stream text not null,
    source_key text not null,
    landed_version bigint not null,
    changed_at timestamptz,
    known_golden_id text,
    given jsonb not null,
    normal jsonb not null,
    previous jsonb,
    echoed text [] not null default '{}',
    is_echo boolean not null default false,
    since timestamptz not null,
    seen_at timestamptz not null,
    removed_at timestamptz,
    run_id text not null,
    unique (entity, system, stream, source_key)
);
comment on table ops.golden_records is 'Each source record in canonical terms, as given and as normalised';
comment on column ops.golden_records.echoed is 'Columns whose values are our own, come back';
comment on column ops.golden_records.is_echo is 'We made the record, and nothing in it is its system''s own yet';
comment on column ops.golden_records.since is 'What we may have delivered to it since then is what it may echo';

create table ops.golden_ids (
    golden_id text primary key,
    number bigint not null generated always as identity,
    entity text not null,
    founder bigint not null unique references ops.golden_records,
    survivor text references ops.golden_ids,
    founded_at timestamptz not null,
    run_id text not null
);
create index golden_ids_merged on ops.golden_ids (survivor) where survivor is not null;
comment on table ops.golden_ids is 'Every id ever given, never reused; one that was merged resolves to its survivor';

create table ops.golden_members (
    member_id bigint primary key generated always as identity,
    record_id bigint not null references ops.golden_records,
    golden_id text not null references ops.golden_ids,
    valid_from timestamptz not null,
    valid_to timestamptz,
    decision text not null check (
        decision in ('founder', 'known_id', 'identifier', 'matched', 'steward')
    ),
    score double precision,
    model_version text not null default '',
    decided_by text not null default '',
    run_id text not null
);
create unique index golden_members_now on ops.golden_members (record_id) where valid_to is null;
create index golden_members_of_id on ops.golden_members (golden_id) where valid_to is null;
create index golden_members_history on ops.golden_members (record_id, member_id);
comment on table ops.golden_members is 'Which golden id each record belongs to and belonged to, why, and by whom';

create view ops.golden_crosswalk as
select r.entity, r.system, r.stream, r.source_key, m.golden_id, m.valid_from, m.valid_to, m.decision, m.model_version,
    m.score, m.decided_by, m.run_id
from ops.golden_members as m
inner join ops.golden_records as r on r.record_id = m.record_id;

create table ops.golden_pairs (
    left_id bigint not null references ops.golden_records,
    right_id bigint not null references ops.golden_records,
    probability double precision not null,
    reason text not null check (reason in ('known_id', 'identifier', 'matched')),
    model_version text not null default '',
    primary key (left_id, right_id),
    check (left_id < right_id)
);
create index golden_pairs_by_right on ops.golden_pairs (right_id);
comment on table ops.golden_pairs is 'Pairs of records that are the same by a key or by their score, or may be';

create table ops.golden_blocks (
    block_key text not null,
    record_id bigint not null references ops.golden_records,
    primary key (block_key, record_id)
);
create index golden_blocks_by_record on ops.golden_blocks (record_id);
comment on table ops.golden_blocks is 'Where a new record looks for records it might be the same as';

create table ops.golden_decisions (
    decision_id bigint primary key generated always as identity,
    entity text not null,
    kind text not null check (kind in ('must_link', 'cannot_link')),
    left_id bigint not null references ops.golden_records,
    right_id bigint not null references ops.golden_records,
    act text not null,
    action_id uuid not null,
    decided_by text not null,
    decided_at timestamptz not null default clock_timestamp(),
    why text not null default '',
    undone_by text,
    undone_at timestamptz,
    undone_in uuid,
    check (left_id < right_id)
);
create unique index golden_decisions_standing on ops.golden_decisions (left_id, right_id) where undone_at is null;
create index golden_decisions_by_right on ops.golden_decisions (right_id) where undone_at is null;
create index golden_decisions_by_action on ops.golden_decisions (action_id);
comment on table ops.golden_decisions is 'What stewards decided about pairs of records; it outlives every model';

create table ops.golden_reviews (
    review_id bigint primary key generated always as identity,
    entity text not null,
    left_id bigint not null references ops.golden_records,
    right_id bigint not null references ops.golden_records,
    probability double precision not null,
    evidence jsonb not null,
    model_version text not null,
    state text not null default 'open' check (state in ('open', 'linked', 'apart', 'gone')),
    opened_at timestamptz not null,
    settled_at timestamptz,
    settled_by text,
    action_id uuid,
    run_id text not null,
    unique (left_id, right_id),
    check (left_id < right_id)
);
create index golden_reviews_open on ops.golden_reviews (entity, probability desc) where state = 'open';
create index golden_reviews_by_right on ops.golden_reviews (right_id);
comment on table ops.golden_reviews is 'Pairs that only a person can tell to be the same or not';

create table ops.golden_conflicts (
    conflict_id bigint primary key generated always as identity,
    entity text not null,
    record_id bigint not null references ops.golden_records,
    golden_id text not null references ops.golden_ids,
    attribute text not null,
    owner text not null,
    was text,
    value text,
    golden_value text,
    state text not null check (state in ('held', 'answered', 'gone')),
    answer text not null default '' check (answer in ('', 'overwrite', 'accept_once')),
    opened_at timestamptz not null,
    answered_at timestamptz,
    answered_by text not null default '',
    why text not null default '',
    run_id text not null
);
create unique index golden_conflicts_held on ops.golden_conflicts (record_id, attribute) where state = 'held';
create index golden_conflicts_of_id on ops.golden_conflicts (golden_id);
comment on table ops.golden_conflicts is 'Edits in systems that do not own the field, and what was answered';

create table ops.golden_accepted (
    record_id bigint not null references ops.golden_records,
    attribute text not null,
    value text,
    against text,
    accepted_at timestamptz not null,
    accepted_by text not null,
    primary key (record_id, attribute)
);
comment on table ops.golden_accepted is 'Values accepted once; each stands until authority''s own value changes';

create table ops.golden_changes (
    change_id bigint primary key generated always as identity,
    golden_id text not null references ops.golden_ids,
    revision bigint not null,
    was jsonb not null,
    changed_at timestamptz not null,
    run_id text not null
);
create index golden_changes_of_id on ops.golden_changes (golden_id, changed_at);
comment on table ops.golden_changes is 'What changed columns of golden records were before';

create table ops.golden_models (
    version text primary key,
    entity text not null,
    model text not null,
    records bigint not null,
    trained_at timestamptz not null default clock_timestamp(),
    trained_by text not null
);
create index golden_models_latest on ops.golden_models (entity, trained_at desc);
comment on table ops.golden_models is 'The matching models, newest in force';

create table ops.golden_marks (
    entity text not null,
    stream text not null,
    version bigint not null,
    basis text not null,
    primary key (entity, stream)
);
comment on table ops.golden_marks is 'How far consolidation has read each stream, and by which model';

create table ops.golden_passes (
    entity text primary key,
    basis text not null,
    began_at timestamptz not null
);
comment on table ops.golden_passes is 'When each entity was last consolidated, and under which contract';

create sequence ops.golden_revisions;

-- A record is found by what we know that its system calls it.
create index crosswalk_by_destination on ops.crosswalk (system, destination_id);

alter table ops.ledger
    drop constraint ledger_stage_check,
    add constraint ledger_stage_check check (stage in ('landing', 'identity', 'gate', 'delivery')),
    add constraint identity_balances check (stage <> 'identity' or read = landed + unchanged + removed);

grant select on ops.golden_records, ops.golden_ids, ops.golden_members, ops.golden_crosswalk, ops.golden_pairs,
    ops.golden_blocks, ops.golden_decisions, ops.golden_reviews, ops.golden_conflicts, ops.golden_accepted,
    ops.golden_changes, ops.golden_models, ops.golden_marks, ops.golden_passes
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer;
grant select on canonical.customers, canonical.customer_members, canonical.customer_holds
    to accord_reader, accord_modeler, accord_lander, accord_gatekeeper, accord_deliverer;

grant insert on ops.ledger, ops.golden_changes, ops.golden_models to accord_resolver;
grant insert, update on ops.golden_records, ops.golden_ids, ops.golden_members, ops.golden_reviews, ops.golden_conflicts,
    ops.golden_marks, ops.golden_passes
    to accord_resolver;
grant insert, update, delete on ops.golden_pairs, ops.golden_blocks, ops.golden_accepted to accord_resolver;
grant insert, update, delete on canonical.customers, canonical.customer_members, canonical.customer_holds to accord_resolver;
grant maintain on ops.golden_records, ops.golden_blocks, ops.golden_pairs, ops.golden_ids, ops.golden_members,
    canonical.customers, canonical.customer_members
    to accord_resolver;
grant usage on sequence ops.golden_revisions to accord_resolver;
grant update (digest) on ops.crosswalk to accord_resolver;
grant insert, update on ops.golden_decisions to accord_steward;
