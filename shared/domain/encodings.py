"""The encodings of text that we read, by Python's labels, and by those of the WHATWG that Python lacks."""

import codecs
import encodings
import pkgutil
from difflib import get_close_matches
from encodings.aliases import aliases
from functools import cache

UTF_8 = "utf-8"
# Not how text is stored in files, though the standard library calls them text encodings.
_OTHERS = frozenset(
    {"charmap", "idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"}
)
# https://encoding.spec.whatwg.org/#names-and-labels: those that the standard library doesn't know.
_WHATWG = {
    "866": "cp866",
    "cn-big5": "big5",
    "dos-874": "cp874",
    "windows-874": "cp874",
    "gb_2312-80": "gbk",
    "csgb2312": "gbk",
    "x-gbk": "gbk",
    "iso-10646-ucs-2": "utf-16-le",
    "csunicode": "utf-16-le",
    "ucs-2": "utf-16-le",
    "unicode": "utf-16-le",
    "unicodefeff": "utf-16-le",
    "unicodefffe": "utf-16-be",
    "iso-8859-8-e": "iso8859-8",
    "iso-8859-8-i": "iso8859-8",
    "logical": "iso8859-8",
    "visual": "iso8859-8",
    "koi": "koi8-r",
    "koi8-ru": "koi8-u",
    "mac": "mac-roman",
    "x-mac-roman": "mac-roman",
    "x-mac-cyrillic": "mac-cyrillic",
    "x-mac-ukrainian": "mac-cyrillic",
    "sun_eu_greek": "iso8859-7",
    "unicode-1-1-utf-8": UTF_8,
    "unicode11utf8": UTF_8,
    "unicode20utf8": UTF_8,
    "x-unicode20utf8": UTF_8,
    "windows-31j": "cp932",
    "x-sjis": "cp932",
    "windows-949": "cp949",
    "x-euc-jp": "euc_jp",
    "x-x-big5": "big5",
}


def canonical(label: str) -> str | None:
    """The codec's name in the standard library, or None where no text is stored like that."""
    plain = label.strip().lower()
    if plain.startswith("x-cp125"):
        plain = plain.removeprefix("x-")
    try:
        found = codecs.lookup(_WHATWG.get(plain, plain))
    except (LookupError, ValueError):  # ValueError: a label with a NUL
        return None
    name = found.name.replace("_", "-") if found.name.startswith(("utf", "raw", "unicode")) else found.name
    if name in _OTHERS or not found._is_text_encoding:
        return None
    return UTF_8 if name == "utf-8-sig" else name


def closest(label: str) -> str | None:
    """The known label that looks most like this one."""
    close = get_close_matches(label.strip().lower().replace("_", "-"), _labels(), n=1)
    return close[0] if close else None


@cache
def _labels() -> tuple[str, ...]:
    modules = (module.name for module in pkgutil.iter_modules(encodings.__path__))
    known = {name.replace("_", "-") for name in [*modules, *aliases]} | _WHATWG.keys() | {"auto"}
    return tuple(sorted(name for name in known if name == "auto" or canonical(name)))
