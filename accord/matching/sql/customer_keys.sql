-- Under which keys a customer is looked for: (n, key), several a record. Records that share a key
-- are compared, unless more share it than a block may hold. The broad keys are for small sets.
create or replace temporary table keys as
with dated as (
    select
        n,
        case when given is not null and family is not null then null
            else list_sort(string_split(bag, ' '), 'desc') end as bag_words,
        * exclude (n),
        skeleton(givens[1]) as given_sound,
        skeleton(families[1]) as family_sound,
        skeleton(families[-1]) as last_sound,
        left(birth, 4) as birth_year,
        case when length(birth) = 8
            then left(birth, 4) || least(birth[5:6], birth[7:8]) || greatest(birth[5:6], birth[7:8]) end as birth_days
    from forms
),
ranked as (
    select
        *,
        list_transform(list_sort(list_transform(
            list_distinct(bag_words),
            lambda t: (case when list_contains(common_words(), t) then '0' else '1' end)
                || lpad(length(t)::varchar, 2, '0') || t
        ), 'desc')[1:4], lambda t: t[4:]) as top
    from dated
),
listed as (
    select
        n,
        list_filter(list_concat([
            'e:' || email,
            'm:' || case when length(mailbox) >= 7 then mailbox end,
            'p:' || right(phone, 7),
            't:' || tax_id,
            'w:' || least(given_sound, last_sound)
                || ':' || greatest(given_sound, last_sound),
            'fb:' || last_sound || ':' || birth_year,
            'fp:' || family_sound || ':' || postcode,
            'fc:' || family_sound || ':' || left(given, 1) || ':' || left(city, 4),
            'gb:' || left(given, 3) || ':' || birth_days,
            'gp:' || left(given, 3) || ':' || postcode,
            'gy:' || givens[1] || ':' || birth_year || ':' || left(city, 4),
            'gm:' || givens[1] || ':' || right(birth_days, 4) || ':' || left(family, 1),
            'bp:' || birth_days || ':' || left(postcode, 4),
            'bf:' || birth_days || ':' || left(family, 2),
            'bc:' || birth_days || ':' || left(city, 4),
            'an:' || number || ':' || left(street, 5) || ':' || left(coalesce(family, bag), 2),
            'ap:' || number || ':' || left(street, 3) || ':' || left(coalesce(postcode, city), 4),
            case when broad() then 'b:' || birth_days end,
            case when broad() then 'f:' || family_sound end,
            case when broad() then 'g:' || given_sound || ':' || left(family, 1) end,
            case when broad() then 'cy:' || left(city, 5) || ':' || birth_year end,
            case when broad() then 'by:' || birth_year || ':' || left(given, 2) end,
            case when broad() then 'bm:' || right(birth_days, 4) || ':' || left(given, 2) end,
            'nt:' || left(array_to_string(bag_words, ''), 6) || ':' || left(coalesce(postcode, city), 3)
        ], list_concat(
            list_transform(top, lambda t: 'n:' || t),
            list_transform(top, lambda t: 'np:' || left(t, 4) || ':' || left(coalesce(postcode, city), 5)),
            flatten(list_transform(top, lambda a: list_transform(
                list_filter(top, lambda b: skeleton(a) < skeleton(b)),
                lambda b: 'w:' || skeleton(a) || ':' || skeleton(b)
            )))
        )), lambda k: k is not null) as found
    from ranked
)
select n, unnest(list_distinct(found)) as key from listed;
