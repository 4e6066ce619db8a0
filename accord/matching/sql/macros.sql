-- How text is taken apart; every macro takes lower case ASCII and gives NULL for NULL.
create or replace macro folded(x) as (
    case when strlen(x) = length(x) then nullif(trim(lower(x)), '')
        else nullif(trim(
            case when regexp_matches(strip_accents(lower(x)), '[^\x00-\x7F]')
                then lower(transliterated(strip_accents(lower(x))))
                else strip_accents(lower(x)) end
        ), '') end
);
create or replace macro said(x) as (
    case when x in ('n/a', 'na', 'none', 'null', 'nan', 'unknown', 'not available', '-', '--', '?')
        then null else x end
);
create or replace macro words(x) as (
    list_filter(string_split(regexp_replace(
        regexp_replace(replace(x, '&', ' and '), '[''`.]', '', 'g'), '[^a-z0-9]+', ' ', 'g'
    ), ' '), lambda t: t <> '')
);
create or replace macro person_words(x) as (
    list_filter(string_split(regexp_replace(
        regexp_replace(x, '[''`]', '', 'g'), '[^a-z0-9]+', ' ', 'g'
    ), ' '), lambda t: t <> '')
);
create or replace macro undoubled(x) as (
    replace(replace(replace(replace(replace(replace(replace(replace(
        x, 'll', 'l'), 'ss', 's'), 'tt', 't'), 'nn', 'n'), 'rr', 'r'), 'mm', 'm'), 'pp', 'p'), 'kk', 'k')
);
create or replace macro skeleton(x) as (
    left(x, 1) || undoubled(regexp_replace(
        replace(replace(replace(replace(replace(x[2:], 'ph', 'f'), 'ck', 'k'), 'c', 'k'), 'z', 's'), 'h', ''),
        '[^bdfgjklmnpqrstvwx0-9]', '', 'g'))
);
create or replace macro digits(x) as (regexp_replace(x, '[^0-9]', '', 'g'));
create or replace macro nonempty(x) as (case when x = '' then null else x end);
-- National digits of a telephone number: without extension, international prefix and leading noughts.
create or replace macro national_digits(x) as (
    ltrim(digits(regexp_replace(x, '(ext|x|#).*$', '')), '0')
);
create or replace macro host_of(x) as (
    case when split_part(x, '@', 2) = 'googlemail.com' then 'gmail.com' else nonempty(split_part(x, '@', 2)) end
);
-- The mailbox before the @, as its provider reads it.
create or replace macro mailbox(x) as (
    case when not contains(x, '@') then null
        when host_of(x) = 'gmail.com' then replace(split_part(split_part(x, '@', 1), '+', 1), '.', '')
        when list_contains(tagging_hosts(), host_of(x)) then split_part(split_part(x, '@', 1), '+', 1)
        else split_part(x, '@', 1) end
);
-- A date of birth as yyyymmdd, or yyyy where no more is said.
create or replace macro birth_of(x) as (
    case when regexp_matches(x, '^[0-9]{4}-[0-9]{2}-[0-9]{2}') then replace(x[1:10], '-', '')
        when regexp_matches(x, '^[0-9]{8}$') then x
        when x is not null then other_date(x) end
);
create or replace macro digest_of(term, x) as (left(md5(term || ':' || x), 12));
-- Words with a digit, as model numbers are: joined over hyphens and dots, four signs at least.
create or replace macro codes_of(x) as (
    list_filter(
        list_transform(
            regexp_extract_all(x, '[a-z0-9][a-z0-9./-]*[a-z0-9]'),
            lambda t: regexp_replace(t, '[^a-z0-9]', '', 'g')
        ),
        lambda t: length(t) >= 4 and regexp_matches(t, '[0-9]') and not regexp_matches(t, '^[0-9]{1,4}(x|mm|cm|in|ft|w|v|gb|mb|hz|khz|mhz|ghz|kg|lb|oz|ml|p|mp|th|rpm|btu)?$')
    )
);
-- What a street is called, without saying that it is one; all of it where it is called nothing else.
create or replace macro road_name(x) as (
    coalesce(nonempty(array_to_string(
        list_filter(string_split(x, ' '), lambda t: not list_contains(road_kinds(), t)), ' '
    )), x)
);
