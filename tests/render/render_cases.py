"""Seeded generators of schemas, contents and conversations for the differential tests.

The generators know only what the published renderers know: no ``anyOf``, ``$ref``, ``const`` ...
"""

from __future__ import annotations

import random

NAMES = ["a", "b", "city", "max_results", "user-id", "a b", "$filter", "x.y", "größe", "名", "null"]
WORDS = [
    "",
    "d",
    "The city",
    "über",
    "a // b",
    "null",
    "x " * 9,
    "trailing ",
    " lead",
    "東京 <|end|>",
]
ODD_WORDS = [
    "line\nbreak",
    "cr\rhere",
    "crlf\r\n",
    'quo"te',
    "back\\slash",
    "\u2028sep",
    "\x85\v\f",
]
ODD_NAMES = ["", 'q"', "nl\nx", "a: b", "} //", "{", "?", ",", "//", "\\", "tab\t"]
TYPES = ["string", "number", "integer", "boolean", "array", "object", "null", "foo", ""]
WRONG = [None, True, False, 0, 7, -1.5, "x", "", [], ["x"], [1, None], {}, {"type": "string"}]
NUMBERS = [
    0, 1, -1, 10, 2**31, 2**53 + 1, 2**63, 2**64 - 1, 2**64, -(2**63), -(2**63) - 1, 10**25,
    0.0, -0.0, 1.0, 0.1, 1.5, 100.0, 1e15, 1e16, 1e17, 123456789012345680.0, 1e300, 5e-324,
    1e-4, 1e-5, 1.5e-5, 1e-6, 1e-7, 1.234e-8, 1.7976931348623157e308, 2.5e20, 0.3333333333333333,
]  # fmt: skip


class Schemas:
    """Make schemas out of the keywords the published renderers know.

    `wrong` is the share of keywords whose value has a wrong type; `odd` that of strings which
    could leave their place.
    """

    def __init__(self, seed: int, *, wrong: float = 0.0, odd: float = 0.0) -> None:
        self.random = random.Random(seed)
        self.wrong = wrong
        self.odd = odd

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def word(self) -> str:
        return self.random.choice(ODD_WORDS if self.chance(self.odd) else WORDS)

    def name(self) -> str:
        return self.random.choice(ODD_NAMES if self.chance(self.odd) else NAMES)

    def value(self, depth: int = 2) -> object:
        kind = self.random.randrange(7 if depth else 5)
        if kind == 0:
            return self.word()
        if kind in {1, 2}:
            return self.random.choice(NUMBERS)
        if kind == 3:
            return self.random.choice([None, True, False])
        if kind == 4:
            return self.random.randint(-(10**18), 10**18) * self.random.random()
        if kind == 5:
            return [self.value(depth - 1) for _ in range(self.random.randrange(3))]
        return {self.name(): self.value(depth - 1) for _ in range(self.random.randrange(3))}

    def number(self) -> float:
        """Return a number of any size: integers around 64 bits, floats of all lengths."""
        make = self.random.choice(
            [
                lambda: self.random.choice(NUMBERS),
                lambda: self.random.randint(-(10**25), 10**25),
                lambda: self.random.randint(-(2**65), 2**65),
                lambda: round(self.random.uniform(-1000, 1000), self.random.randrange(8)),
                lambda: self.random.uniform(-1, 1) * 10.0 ** self.random.randint(-300, 300),
                lambda: self.random.getrandbits(53) / 2.0 ** self.random.randrange(60),
            ]
        )
        return make()

    def keyword(self, good: object) -> object:
        return self.random.choice(WRONG) if self.chance(self.wrong) else good

    def schema(self, depth: int) -> object:
        if self.chance(self.wrong):
            return self.random.choice(WRONG)
        out: dict[str, object] = {}
        if self.chance(0.9):
            out["type"] = self.keyword(self.kind(depth))
        for key, share, make in (
            ("title", 0.2, self.word),
            ("description", 0.4, self.word),
            ("default", 0.3, self.value),
            ("examples", 0.15, lambda: [self.value() for _ in range(self.random.randrange(3))]),
            ("enum", 0.2, lambda: [self.enum_value() for _ in range(self.random.randrange(4))]),
            ("nullable", 0.2, lambda: self.chance(0.7)),
        ):
            if self.chance(share):
                out[key] = self.keyword(make())
        if depth and self.chance(0.2):
            variants = [self.schema(depth - 1) for _ in range(self.random.randrange(4))]
            if variants and isinstance(variants[0], dict) and self.chance(0.3):
                variants[0]["description"] = out.get("description", "d")
            out["oneOf"] = self.keyword(variants)
        if depth:
            self.add_children(out, depth)
        keys = list(out)
        self.random.shuffle(keys)
        return {key: out[key] for key in keys}

    def add_children(self, out: dict[str, object], depth: int) -> None:
        if self.chance(0.8 if out.get("type") == "array" else 0.1):
            out["items"] = self.keyword(self.schema(depth - 1))
        if self.chance(0.9 if out.get("type") == "object" else 0.1):
            names = [self.name() for _ in range(self.random.randrange(5))]
            out["properties"] = self.keyword({name: self.schema(depth - 1) for name in names})
            if self.chance(0.7):
                out["required"] = self.keyword([name for name in names if self.chance(0.5)])

    def kind(self, depth: int) -> object:
        if self.chance(0.15):
            return [self.random.choice(TYPES) for _ in range(self.random.randrange(4))]
        if depth and self.chance(0.6):
            return self.random.choice(["object", "array"])
        return self.random.choice(TYPES)

    def enum_value(self) -> object:
        return self.word() if self.chance(0.8) else self.value()
