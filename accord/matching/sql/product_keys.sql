-- Under which keys a product is looked for: (n, key), several a record.
create or replace temporary table keys as
with listed as (
    select
        n,
        list_filter(list_concat(
            [key1('g', gtin)],
            list_transform(codes, lambda c: key1('c', c)),
            list_transform(codes, lambda c: key1('l', left(c, 5))),
            list_transform(codes, lambda c: key1('r', right(c, 5))),
            list_transform(text_codes, lambda c: key1('c', c)),
            list_transform(string_split(bag, ' '), lambda t: key1('w', t)),
            flatten(list_transform(string_split(bag, ' '), lambda a: list_transform(
                list_filter(string_split(bag, ' '), lambda b: a < b), lambda b: key2('p', a, b)
            )))
        ), lambda k: k is not null) as found
    from forms
)
select n, unnest(list_distinct(found)) as key from listed;
