-- The forms in which customers are compared: one row a record, NULL where nothing is said.
create or replace temporary table cleaned as
with text as (
    select
        id,
        said(folded(kind)) as kind,
        said(folded(first_name)) as first_name,
        said(folded(last_name)) as last_name,
        said(folded(name)) as name,
        said(folded(organisation)) as organisation,
        said(lower(coalesce(nonempty(regexp_extract(email, '<([^<>]+@[^<>]+)>', 1)), email))) as email,
        lower(phone) as phone,
        said(folded(street)) as street,
        said(folded(city)) as city,
        said(folded(postcode)) as postcode,
        said(folded(country)) as country,
        said(folded(tax_id)) as tax_id,
        said(lower(birth_date)) as birth_date
    from records
)
select
    *,
    coalesce(first_name, last_name) is not null as is_split,
    case when coalesce(first_name, last_name) is null then coalesce(organisation, name) end as whole
from text;

create or replace temporary table parted as
with named as (
    select
        *,
        case when whole is not null then without_legal_form(whole) end as core,
        coalesce(kind in ('organisation', 'organization', 'company'), false)
        or (not is_split and (organisation is not null or without_legal_form(whole) <> whole)) as is_org,
        list_filter(person_words(first_name), lambda t: not list_contains(titles(), t)) as given_words,
        list_filter(person_words(last_name), lambda t: not list_contains(titles(), t)) as family_words
    from cleaned
)
select
    *,
    case when is_split then list_concat(coalesce(given_words, []), coalesce(family_words, []))
        when is_org then words(core)
        else list_filter(words(core), lambda t: not list_contains(titles(), t)) end as bag_words
from named;

create or replace temporary table bare as
with people as (
    select
        *,
        list_filter(given_words, lambda t: generation(t) is null) as givens,
        list_filter(family_words, lambda t: generation(t) is null) as families,
        case when not is_org and len(bag_words) > 1
            then list_filter(list_transform(bag_words[2:], lambda t: generation(t)), lambda g: g is not null)[-1]
            end as generation
    from parted
),
placed as (
    select
        *,
        case when is_org then bag_words
            else list_filter(bag_words, lambda t: generation(t) is null) end as bag_tokens,
        regexp_replace(street, '\b(suite|ste|apt|appt|apartment|unit|flat|room|floor|bldg|no)\b[ .#]*[0-9]*[a-z]?\b', ' ', 'g') as road
    from people
)
select
    row_number() over (order by id) as n,
    id,
    is_org,
    nonempty(array_to_string(givens, ' ')) as given,
    givens,
    flatten(list_transform(givens, lambda t: root_of(t))) as roots,
    nonempty(array_to_string(families, ' ')) as family,
    families,
    generation,
    nonempty(array_to_string(list_transform(bag_tokens, lambda t: word_of(t)), ' ')) as bag,
    case when is_split then words(organisation) end as employer,
    mailbox(email) as mailbox,
    host_of(email) as mail_host,
    mailbox(email) || '@' || host_of(email) as email,
    case when length(national_digits(phone)) >= 6 and replace(national_digits(phone), left(national_digits(phone), 1), '') <> ''
        then right(national_digits(phone), 10) end as phone,
    nonempty(regexp_replace(tax_id, '[^a-z0-9]', '', 'g')) as tax_id,
    birth_of(birth_date) as birth,
    nonempty(regexp_extract(road, '\b([0-9]+[a-z]?)\b', 1)) as number,
    nonempty(array_to_string(list_sort(list_filter(
        list_transform(words(road), lambda t: road_of(t)), lambda t: regexp_matches(t, '^[a-z]+$|^[0-9]+(st|nd|rd|th)$')
    )), ' ')) as street,
    nonempty(regexp_replace(regexp_replace(postcode, '^([0-9]{5})[- ]?[0-9]{4}$', '\1'), '[^a-z0-9]', '', 'g')) as postcode,
    nonempty(array_to_string(words(city), ' ')) as city,
    country
from placed;

create or replace temporary table forms as select
    *,
    number || ' ' || street as address,
    array_to_string(list_sort(string_split(bag, ' ')), ' ') as bag_key
from bare;
drop table bare;
