-- The golden tables of the canonical layer. Unlike its other tables they are no dbt models: consolidation
-- keeps them row by row, and dbt reads them as sources. The columns are those of the entity's contract.

create schema if not exists canonical;

create table canonical.customers (
    golden_id text primary key,
    kind text,
    name text,
    first_name text,
    last_name text,
    organisation text,
    email text,
    phone text,
    street text,
    city text,
    postcode text,
    country text,
    tax_id text,
    birth_date date,
    status text,
    consent text,
    loyalty_code text,
    loyalty_tier text,
    loyalty_points integer,
    billing_street text,
    billing_city text,
    billing_postcode text,
    billing_country text,
    payment_terms_days integer,
    currency text,
    revision bigint not null,
    changed_at timestamptz not null
);
create index customers_by_revision on canonical.customers (revision);
comment on table canonical.customers is 'One row a customer: each value is the one that authority gives';

create table canonical.customer_members (
    golden_id text not null,
    system text not null,
    stream text not null,
    source_key text not null,
    is_primary boolean not null,
    primary key (system, stream, source_key)
);
create index customer_members_by_golden_id on canonical.customer_members (golden_id, system, stream);
comment on table canonical.customer_members is 'Which records of which systems a customer is made of; the oldest of a stream is the primary one';

create table canonical.customer_holds (
    golden_id text not null,
    system text not null,
    held jsonb not null,
    primary key (system, golden_id)
);
comment on table canonical.customer_holds is 'Values a system keeps as it has them until a steward has decided, by column';
