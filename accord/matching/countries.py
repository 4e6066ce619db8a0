"""Countries by code or name, in the languages that a company's systems are likely to hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache

from babel import Locale
from babel.core import get_global

from accord.matching.vocabulary import named_countries

LANGUAGES = (
    "en", "de", "fr", "es", "it", "nl", "pl", "pt", "sv", "da", "nb", "fi", "cs", "sk", "hu", "ro",
    "bg", "el", "hr", "sr", "sl", "lt", "lv", "et", "ga", "mt", "is", "tr", "ru", "uk", "ar", "he",
    "zh", "ja", "ko", "hi", "id", "ms", "th", "vi",
)  # fmt: skip
# Codes of CLDR that are no countries: unions, islands with a code of their own, private use.
_NO_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
_SIGNS = re.compile(r"[^\w]+")
_ARTICLE = re.compile(r"^(the|la|le|les|die|el) ")


@lru_cache(maxsize=4096)
def country_code(value: str) -> str | None:
    """Return the ISO 3166-1 alpha-2 code of a country's code or name, or None.

    Codes may be alpha-2, alpha-3 or numeric; names are those of the Unicode CLDR in `LANGUAGES`,
    and a few more in English. Case, accents, dots and a leading article do not count.
    """
    upper = value.strip().upper()
    known = _names("en").values()
    if upper in known:
        return upper
    written = _folded(value)
    aliases = get_global("territory_aliases").get(_SIGNS.sub("", upper), ())
    if len(aliases) == 1 and aliases[0] in known:
        return str(aliases[0])
    if written in named_countries():
        return named_countries()[written]
    return next((_names(it)[written] for it in LANGUAGES if written in _names(it)), None)


@cache
def _names(language: str) -> Mapping[str, str]:
    territories = Locale.parse(language).territories
    return {
        _folded(name): code
        for code, name in territories.items()
        if len(code) == 2 and code.isalpha() and code not in _NO_COUNTRIES
    }


def _folded(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.casefold().replace("ß", "ss"))
    bare = "".join(it for it in plain if not unicodedata.combining(it))
    spaced = _SIGNS.sub(" ", bare.replace(".", "").replace("’", "").replace("'", "")).strip()
    return _ARTICLE.sub("", spaced)
