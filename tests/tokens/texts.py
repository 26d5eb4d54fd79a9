"""Texts to compare tokenizers on: seeded, of every plane, category and kind of white space."""

from __future__ import annotations

import random
import unicodedata
from collections import defaultdict
from functools import cache

BLANKS = " \t\n\r\x0b\x0c\x85\u00a0\u1680\u2003\u2028\u2029\u202f\u205f\u3000"
CONTRACTIONS = ["'s", "'T", "'re", "'VE", "'m", "'lL", "'d", "'\u017f", "'", "\u2019s"]
CODE = [
    "def f(x):\n    return x",
    "{}",
    '"a": 1,\n',
    "// x",
    "/*\n*/",
    "a_b",
    "\r\n\t",
    "=>",
    "</p>",
]
WORDS = ["hello", " World", "HTTPServer", "iOS", "123456", " 7", "Straße", "ǅungla", "中文字", "ʰa"]
SIGNS = [
    "!",
    "?!",
    "...",
    "/",
    "//\n",
    "\n/",
    "—",
    "👩\u200d💻",
    "🇩🇪",
    "e\u0301",
    "\u0301",
    "\x00",
    "ª",
]


@cache
def characters_by_category():
    """Every code point but the surrogates, by Unicode category."""
    found = defaultdict(list)
    for point in range(0x110000):
        if not 0xD800 <= point <= 0xDFFF:
            found[unicodedata.category(chr(point))].append(chr(point))
    return dict(found)


def _any_character(chance):
    category = chance.choice(sorted(characters_by_category()))
    return chance.choice(characters_by_category()[category])


def _from_any_plane(chance):
    point = chance.randrange(0x110000)
    return "" if 0xD800 <= point <= 0xDFFF else chr(point)


def _one_category(chance):
    characters = characters_by_category()[chance.choice(sorted(characters_by_category()))]
    return "".join(chance.choices(characters, k=chance.randint(1, 12)))


def _ascii(chance):
    return chr(chance.randrange(128))


def _blanks(chance):
    return "".join(chance.choices(BLANKS, k=chance.randint(1, 8)))


def _from_list(chance):
    return chance.choice(chance.choice([CONTRACTIONS, CODE, WORDS, SIGNS]))


def _repeated(chance):
    return _from_list(chance) * chance.randint(1, 9)


MAKERS = (_any_character, _from_any_plane, _one_category, _ascii, _blanks, _from_list, _repeated)


def generated(seed, count, parts=30):
    """Return `count` texts of up to `parts` parts each."""
    chance = random.Random(seed)
    return [
        "".join(chance.choice(MAKERS)(chance) for _ in range(chance.randint(0, parts)))
        for _ in range(count)
    ]


def drawn(seed, alphabet, size):
    """Return a text of `size` characters of the alphabet."""
    return "".join(random.Random(seed).choices(alphabet, k=size))


def filled(pattern, size):
    """Repeat a text up to a size."""
    return (pattern * (size // len(pattern) + 1))[:size]


RUNS = {
    ascii(pattern): pattern
    for pattern in (
        *("a", "A", "z", "é", "中", "م", "한", "ʰ", "ǅ", "\u0301", "1", "Ⅷ", "!", "/", "-", "<"),
        *(" ", "\n", "\r", "\t", "\x0b", "\x85", "\u00a0", "\u2028", "\u3000", "\x00", "😀"),
        *("\U000e0001", "\U0010ffff", "\u0378", "\ue000", "\U000f0000", "ab", "aA", "A中", "a中A"),
        *(" \n", "\r\n", " \t", "\u3000\n", "\n  ", "/\n", "!\n", "a\u0301", "!\u0301", " a", "a!"),
        *("'s", "a's", "中1", "👩\u200d💻", "🇩🇪", "<|", "  a", "\n a", "a" * 40 + "B", "a.b"),
    )
}
"""Patterns that, repeated, have made tokenizers slow or crash."""
