"""Single words of a schema: keys, literals, type names. Knows nothing of layout.

Without extensions words are printed as they are, which is what the published renderers do. With
them a word that could be read as something else, or end its line, is quoted or dropped.
"""

from __future__ import annotations

import re

from harmonium.render.text_rules import TextRules, leaves_line, quoted

_PLAIN_KEY = re.compile(r"[\w$@.\-+/\[\] ]+")
_PLAIN_TYPE = re.compile(r"[\w-]*")


def key_word(key: str, rules: TextRules) -> str:
    """Print a property's key: bare while it cannot be taken for more than a key, else quoted.

    >>> key_word("user-id", TextRules()), key_word("a: any, //", TextRules())
    ('user-id', '"a: any, //"')
    """
    plain = _PLAIN_KEY.fullmatch(key) and "//" not in key and key == key.strip()
    return key if plain or not rules.extensions else quoted(key)


def enum_word(text: str, rules: TextRules) -> str:
    r"""Print a string literal of a type.

    >>> enum_word('a"b', TextRules()), enum_word('a"b', TextRules(extensions=False))
    ('"a\\"b"', '"a"b"')
    """
    needs_escape = rules.extensions and (leaves_line(text) or '"' in text or "\\" in text)
    return quoted(text) if needs_escape else f'"{text}"'


def remark_word(text: str, rules: TextRules, *, bare: bool = False) -> str:
    """Print a string inside a comment, between quotes unless `bare`.

    >>> remark_word("red", TextRules(), bare=True)
    'red'
    """
    if rules.extensions and leaves_line(text):
        return quoted(text)
    return text if bare else f'"{text}"'


def type_word(name: str, rules: TextRules) -> str:
    """Print a name from a list of types.

    >>> type_word("integer", TextRules()), type_word("} any", TextRules())
    ('number', 'any')
    """
    if name == "integer":
        return "number"
    return name if _PLAIN_TYPE.fullmatch(name) or not rules.extensions else "any"
