"""Customers for the matching benchmark: made up by DuckDB, the same for a seed and a size."""

from __future__ import annotations

import duckdb
import pyarrow as pa

_SYLLABLES = (
    "ba be bi bo ca ce co da de do fa fe fo ga go ha he jo ka ke ki la le li lo ma me mi mo na ne "
    "no pa pe po ra re ri ro sa se si so ta te ti to va ve vi wa we za zo"
)
_GIVEN = (
    "james mary robert patricia john jennifer michael linda david elizabeth william barbara "
    "richard susan joseph jessica thomas sarah charles karen christopher lisa daniel nancy "
    "matthew betty anthony margaret mark sandra donald ashley steven kimberly paul emily andrew "
    "donna joshua michelle kenneth carol kevin amanda brian dorothy george melissa edward deborah"
)
_TRADES = (
    "bakery pharmacy plumbing consulting logistics software electronics furniture printing "
    "construction insurance trading catering design cleaning security transport media foods "
    "garden"
)
_FORMS = "Ltd|Limited|GmbH|Inc|LLC|Corp|AG|SA"

_MADE = """
create or replace macro pick(listed, seed) as (listed[1 + (hash(seed) % len(listed))::integer]);
create or replace macro chance(seed) as (hash(seed) % 1000000 / 1000000.0);
create or replace macro coined(syllables, seed) as (
    pick(syllables, seed || 'a') || pick(syllables, seed || 'b')
    || case when chance(seed || 'l') < 0.7 then pick(syllables, seed || 'c') else '' end
    || case when chance(seed || 'm') < 0.3 then pick(syllables, seed || 'd') else '' end
);
create or replace macro slipped(x, seed) as (
    case when length(x) > 3 and chance(seed) < 0.5
        then left(x, 2 + (hash(seed || 'p') % (length(x) - 3))::integer)
            || x[4 + (hash(seed || 'p') % (length(x) - 3))::integer:]
        else x || right(x, 1) end
);
create or replace table made as
with words as (
    select string_split($syllables, ' ') as syllables, string_split($given, ' ') as given,
        string_split($trades, ' ') as trades, string_split($forms, '|') as forms
),
-- Four of five records are a customer's first; the fifth is another of one of them.
numbered as (
    select i, case when i % 5 = 4 then hash(i || $seed) % greatest(i, 1) else i end as other
    from range($records) t(i)
),
seeded as (
    select
        i,
        case when other % 5 = 4 then other - 1 else other end as customer,
        $seed || ':' || (case when other % 5 = 4 then other - 1 else other end) as s,
        $seed || '#' || i as r,
        i % 5 = 4 as again
    from numbered
),
true_ones as (
    select
        *,
        chance(s || 'kind') < 0.2 as is_company,
        pick(given, s || 'g') as given_name,
        coined(syllables, s || 'f') as family,
        coined(syllables, s || 'n') as firm,
        pick(trades, s || 't') as trade,
        pick(forms, r || 'lf') as form,
        (1 + hash(s || 'no') % 200)::integer as number,
        coined(syllables, (hash(s || 'st') % 20000)::varchar) as road,
        (hash(s || 'ci') % 3000)::integer as town,
        (hash(s || 'po') % 60)::integer as part,
        (1000000000 + hash(s || 'ph') % 9000000000)::bigint as telephone,
        date '1940-01-01' + (hash(s || 'b') % 24000)::integer as born
    from seeded, words
)
select
    printf('r%07d', i) as id,
    case when is_company then null
        when again and chance(r || '1') < 0.1 then slipped(given_name, r)
        else given_name end as first_name,
    case when is_company then null
        when again and chance(r || '2') < 0.1 then slipped(family, r)
        else family end as last_name,
    case when is_company
        then (case when again and chance(r || '3') < 0.15 then slipped(firm, r) else firm end)
            || ' ' || trade || ' ' || form end as organisation,
    case when chance(r || '4') >= 0.6 then null
        -- Firms of one name and trade have no mailbox in common.
        when is_company then 'info@' || firm || trade || (hash(s || 'e') % 1000) || '.com'
        else given_name || '.' || family || (hash(s || 'e') % 1000) || '@'
            || pick(['gmail.com', 'outlook.com', 'mail.com'], s || 'h') end as email,
    case when chance(r || '5') < 0.6 then '+44' || telephone end as phone,
    case when chance(r || '6') >= 0.8 then null
        when again and chance(r || '7') < 0.1 then '1 elsewhere lane'
        else number || ' ' || road || ' street' end as street,
    case when chance(r || '8') < 0.8 then coined(syllables, 'town' || town) end as city,
    case when chance(r || '9') < 0.8 then 'P' || town || ' ' || part || 'AA' end as postcode,
    case when not is_company and chance(r || '0') < 0.4 then born::varchar end as birth_date,
    customer
from true_ones
order by hash(i || $seed || 'order')
"""


def customers(records: int, *, seed: str = "1") -> pa.Table:
    """Make as many records, one in five another of a customer already there; and `customer`."""
    connection = duckdb.connect(config={"threads": 2})
    for statement in _MADE.split(";\n"):
        asked = {
            name: value
            for name, value in (
                ("syllables", _SYLLABLES), ("given", _GIVEN), ("trades", _TRADES),
                ("forms", _FORMS), ("seed", seed), ("records", records),
            )
            if f"${name}" in statement
        }  # fmt: skip
        connection.execute(statement, asked)
    return connection.sql("from made").to_arrow_table()
