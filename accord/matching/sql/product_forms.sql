-- The forms in which products are compared: one row a record, NULL where nothing is said. A code is
-- a word with a digit in it, such as a model number; only rare ones tell products apart.
create or replace temporary table texts as
select
    id,
    said(folded(name)) as name,
    said(folded(description)) as description,
    said(folded(brand)) as brand,
    try_cast(regexp_replace(regexp_replace(price, '[^0-9.,]', '', 'g'), ',', '', 'g') as double) as price,
    nonempty(ltrim(digits(gtin), '0')) as gtin
from records;

create or replace temporary table coded as
select
    *,
    words(name) as name_words,
    list_distinct(list_concat(codes_of(name), [])) as name_codes,
    list_distinct(list_concat(codes_of(name), coalesce(codes_of(description), []))) as text_codes
from texts;

create or replace temporary table code_counts as
select code, count(*) as held from (select unnest(text_codes) as code from coded) group by code;

create or replace temporary table rare_codes as
select id, list(code order by code) as codes
from (select id, unnest(name_codes) as code from coded) join code_counts using (code)
where held <= 12
group by id;

create or replace temporary table bare as
select
    row_number() over (order by coded.id) as n,
    coded.id,
    nonempty(array_to_string(
        case when brand is null or list_has_all(name_words, words(brand)) then name_words
            else list_concat(words(brand), name_words) end, ' ')) as bag,
    coalesce(array_to_string(words(brand), ''), name_words[1]) as maker,
    codes,
    text_codes,
    price,
    gtin
from coded left join rare_codes on rare_codes.id = coded.id;

create or replace temporary table forms as
select *, array_to_string(list_sort(string_split(bag, ' ')), ' ') as bag_key from bare;
drop table bare;
