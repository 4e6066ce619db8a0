-- The forms in which customers are compared: one row a record, NULL where nothing is said.
create or replace temporary table cleaned as
with written as (
    select
        id,
        folded(kind) as kind,
        folded(first_name) as first_name,
        folded(last_name) as last_name,
        folded(name) as name,
        folded(organisation) as organisation,
        lower(trim(email)) as email,
        lower(phone) as phone,
        folded(street) as street,
        folded(city) as city,
        folded(postcode) as postcode,
        folded(tax_id) as tax_id,
        lower(trim(birth_date)) as birth_date
    from records
),
text as (
    select
        id,
        kind,
        said(first_name) as first_name,
        said(last_name) as last_name,
        said(name) as name,
        said(organisation) as organisation,
        coalesce(nonempty(regexp_extract(email, '<([^<>]+@[^<>]+)>', 1)), email) as email,
        phone,
        said(street) as street,
        said(city) as city,
        said(postcode) as postcode,
        said(tax_id) as tax_id,
        said(birth_date) as birth_date
    from written
)
select
    *,
    coalesce(first_name, last_name) is not null as is_split,
    case when coalesce(first_name, last_name) is null then coalesce(organisation, name) end as whole
from text;

-- What costs is worked out once for each way of writing, not for each record.
create or replace temporary table first_names as
with parts as (
    select
        first_name,
        list_filter(person_words(first_name), lambda t: not list_contains(titles(), t)) as given_words
    from (select distinct first_name from cleaned where first_name is not null)
),
named as (
    select *, list_filter(given_words, lambda t: generation(t) is null) as givens from parts
)
select
    *,
    nonempty(array_to_string(givens, ' ')) as given,
    flatten(list_transform(givens, lambda t: root_of(t))) as roots,
    skeleton(givens[1]) as given_sound
from named;

create or replace temporary table last_names as
with parts as (
    select
        last_name,
        list_filter(person_words(last_name), lambda t: not list_contains(titles(), t)) as family_words
    from (select distinct last_name from cleaned where last_name is not null)
),
named as (
    select *, list_filter(family_words, lambda t: generation(t) is null) as families from parts
)
select
    *,
    nonempty(array_to_string(families, ' ')) as family,
    skeleton(families[1]) as family_sound,
    skeleton(families[-1]) as last_sound
from named;

create or replace temporary table wholes as
with bare as (
    select whole, without_legal_form(whole) as core
    from (select distinct whole from cleaned where whole is not null)
)
select
    whole,
    core <> whole as has_form,
    words(core) as all_words,
    list_filter(words(core), lambda t: not list_contains(titles(), t)) as person_words
from bare;

create or replace temporary table cities as
select city, nonempty(array_to_string(words(city), ' ')) as plain_city
from (select distinct city from cleaned where city is not null);

create or replace temporary table streets as
with roads as (
    select
        street,
        regexp_replace(
            street,
            '\b(suite|ste|apt|appt|apartment|unit|flat|room|floor|bldg|no)\b[ .#]*[0-9]*[a-z]?\b', ' ', 'g'
        ) as road
    from (select distinct street from cleaned where street is not null)
), named as (
    select
        street as written,
        nonempty(regexp_extract(road, '\b([0-9]+[a-z]?)\b', 1)) as number,
        nonempty(array_to_string(list_sort(list_filter(
            list_transform(words(road), lambda t: road_of(t)),
            lambda t: regexp_matches(t, '^[a-z]+$|^[0-9]+(st|nd|rd|th)$')
        )), ' ')) as street
    from roads
)
select *, road_name(street) as road_name from named;

create or replace temporary table bare as
with named as (
    select
        cleaned.* exclude (street),
        first_names.* exclude (first_name),
        last_names.* exclude (last_name),
        wholes.* exclude (whole),
        streets.* exclude (written),
        coalesce(kind in ('organisation', 'organization', 'company'), false)
        or (not is_split and (organisation is not null or coalesce(has_form, false))) as is_org
    from cleaned
    left join first_names using (first_name)
    left join last_names using (last_name)
    left join wholes using (whole)
    left join streets on streets.written = cleaned.street
),
bagged as (
    select
        *,
        case when is_split then list_concat(coalesce(given_words, []), coalesce(family_words, []))
            when is_org then all_words
            else person_words end as bag_words
    from named
),
reached as (
    select
        *,
        national_digits(phone) as national,
        host_of(email) as mail_host,
        mailbox(email) as mailbox
    from bagged
),
aged as (
    select
        *,
        case when not is_org and len(bag_words) > 1
            and list_has_any(bag_words, map_keys(generations()))
            then list_filter(
                list_transform(bag_words[2:], lambda t: generation(t)), lambda g: g is not null
            )[-1] end as generation
    from reached
)
select
    row_number() over (order by id) as n,
    id,
    is_org,
    given,
    givens,
    roots,
    family,
    families,
    given_sound,
    family_sound,
    last_sound,
    generation,
    nonempty(array_to_string(case
        when is_org then list_transform(bag_words, lambda t: word_of(t))
        when is_split then list_concat(coalesce(givens, []), coalesce(families, []))
        else list_transform(
            list_filter(bag_words, lambda t: generation(t) is null), lambda t: word_of(t)
        ) end, ' ')) as bag,
    mailbox,
    mail_host,
    mailbox || '@' || mail_host as email,
    case when length(national) >= 6 and replace(national, left(national, 1), '') <> ''
        then right(national, 10) end as phone,
    nonempty(regexp_replace(tax_id, '[^a-z0-9]', '', 'g')) as tax_id,
    birth_of(birth_date) as birth,
    number,
    street,
    road_name,
    nonempty(regexp_replace(
        regexp_replace(postcode, '^([0-9]{5})[- ]?[0-9]{4}$', '\1'), '[^a-z0-9]', '', 'g'
    )) as postcode,
    plain_city as city
from aged left join cities on cities.city = aged.city;

create or replace temporary table forms as
select
    *,
    number || ' ' || street as address,
    case when len(string_split(bag, ' ')) = 1 then bag
        else array_to_string(list_sort(string_split(bag, ' ')), ' ') end as bag_key
from bare;
drop table bare;
drop table cleaned;
drop table first_names;
drop table last_names;
drop table wholes;
drop table streets;
drop table cities;
