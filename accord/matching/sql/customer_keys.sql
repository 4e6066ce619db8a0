-- Under which keys a customer is looked for: (n, key), several a record. Records that share a key
-- are compared, unless more share it than a block may hold. The broad keys are for small sets.
create or replace temporary table sounded as
select
    n, email, mailbox, phone, tax_id, given, family, postcode, city, number, street, bag,
    givens[1] as given_name,
    given_sound,
    family_sound,
    last_sound,
    left(birth, 4) as birth_year,
    case when length(birth) = 8
        then left(birth, 4) || least(birth[5:6], birth[7:8]) || greatest(birth[5:6], birth[7:8])
        end as birth_days,
    coalesce(postcode, city) as place
from forms;

-- Of a name that is not taken apart, the four words that tell most.
create or replace temporary table worded as
with bags as (
    select n, bag, place, list_distinct(string_split(bag, ' ')) as bag_words
    from sounded where given is null or family is null
),
ranked as (
    select
        *,
        list_transform(list_sort(list_transform(
            bag_words,
            lambda t: (case when list_contains(common_words(), t) then '0' else '1' end)
                || lpad(length(t)::varchar, 2, '0') || t
        ), 'desc')[1:4], lambda t: t[4:]) as top
    from bags
)
select
    n,
    array_to_string(list_sort(bag_words, 'desc'), '') as joined,
    place,
    top,
    list_transform(top, lambda t: skeleton(t)) as sounds
from ranked;

create or replace temporary table keys as
with every as (
    select n, key1('e', email) as key from sounded
    union all
    select n, case when length(mailbox) >= 7 then key1('m', mailbox) end as key from sounded
    union all
    select n, key1('p', right(phone, 7)) as key from sounded
    union all
    select n, key1('t', tax_id) as key from sounded
    union all
    select n, key2('w', least(given_sound, last_sound), greatest(given_sound, last_sound)) as key from sounded
    union all
    select n, key2('fb', last_sound, birth_year) as key from sounded
    union all
    select n, key2('fp', family_sound, postcode) as key from sounded
    union all
    select n, key3('fc', family_sound, left(given, 1), left(city, 4)) as key from sounded
    union all
    select n, key2('gb', left(given, 3), birth_days) as key from sounded
    union all
    select n, key2('gp', left(given, 3), postcode) as key from sounded
    union all
    select n, key3('gy', given_name, birth_year, left(city, 4)) as key from sounded
    union all
    select n, key3('gm', given_name, right(birth_days, 4), left(family, 1)) as key from sounded
    union all
    select n, key2('bp', birth_days, left(postcode, 4)) as key from sounded
    union all
    select n, key2('bf', birth_days, left(family, 2)) as key from sounded
    union all
    select n, key2('bc', birth_days, left(city, 4)) as key from sounded
    union all
    select n, key3('an', number, left(street, 5), left(coalesce(family, bag), 2)) as key from sounded
    union all
    select n, key3('ap', number, left(street, 3), left(place, 4)) as key from sounded
    union all
    select n, key2('nt', left(joined, 6), left(place, 3)) as key from worded
    union all
    select n, key1('b', birth_days) from sounded where broad()
    union all
    select n, key1('f', family_sound) from sounded where broad()
    union all
    select n, key2('g', given_sound, left(family, 1)) from sounded where broad()
    union all
    select n, key2('cy', left(city, 5), birth_year) from sounded where broad()
    union all
    select n, key2('by', birth_year, left(given, 2)) from sounded where broad()
    union all
    select n, key2('bm', right(birth_days, 4), left(given, 2)) from sounded where broad()
    union all
    select n, key1('n', unnest(top)) from worded
    union all
    select n, key2('np', left(unnest(top), 4), left(place, 5)) from worded
    union all
    select distinct n, key2('w', l.sound, r.sound)
    from (select n, unnest(sounds) as sound from worded) l
    join (select n, unnest(sounds) as sound from worded) r using (n)
    where l.sound < r.sound
)
select n, key from every where key is not null;
