"""Token streams for the differential tests: valid ones, mutated ones, and noise; all seeded."""

import random

from harmonium import load_encoding

ROLES = [None, "assistant", "user", "system", "developer", "tool"]
SPECIAL = [200002, 200003, 200005, 200006, 200007, 200008, 200012]
ODD = [199998, 199999, 200000, 200013, 201088, 201089, 201090, 4294967295]
BROKEN = [164, 165, 166, 172, 95, 98, 128, 183, 255]
HEADER_WORDS = [
    "assistant", "user", "tool", "developer", "system", "functions.f", "python", "foo",
    "to=functions.f", " to=functions.f", " to=x", " to=", "to=to=x", " json", "json", "code",
    "analysis", "final", "commentary", " ", "  ", "\n", "\t", "\x0b", "\x1f", "\u2003", "\xa0",
    "\u3000", ":bob", "<", ">", '"', "'", "\\", "é", "e\u0301", "\u200b", "\x00", "\u2028", "😀",
    "<|channel|>", "<|constrain|>", "<|chan", "nel|>", "<|message|>", "to", "=", "all", "",
    "<|channel", "|>", "assistant<|channel|>final", "None", "Some", "x y", "comment", "?",
]  # fmt: skip
CONTENT_WORDS = [
    "hello", " world", "", "é", "日本", "😀", "\ufffd", "a\u0301", "<|end|>", "<|start|>", "\n",
    '{"a": 1}', "\x00", "\xa0", " " * 9, "<|channel|>final", "x" * 40, "\ud7ff", "\U0010ffff",
]  # fmt: skip


def pieces(words):
    """Encode each word as plain text, on its own."""
    encode = load_encoding().encode_ordinary
    return [encode(word) for word in words]


def header_streams(count, seed):
    """Headers of words and special tokens in any order, ended or cut, with content behind."""
    rng = random.Random(seed)
    words, contents = pieces(HEADER_WORDS), pieces(CONTENT_WORDS)
    return [
        [_stream(rng, words, contents), rng.choice(ROLES), rng.random() < 0.6, rng.randrange(3)]
        for _ in range(count)
    ]


def _stream(rng, words, contents):
    out = []
    for index in range(rng.randrange(1, 4)):
        if index or rng.random() < 0.5:
            out.append(200006)
        for _ in range(rng.randrange(6)):
            out += [rng.choice(SPECIAL[:3])] if rng.random() < 0.35 else rng.choice(words)
            if rng.random() < 0.03:
                out.append(rng.choice(SPECIAL + ODD + BROKEN))
        out.append(200008 if rng.random() < 0.85 else rng.choice(SPECIAL))
        for _ in range(rng.randrange(4)):
            out += rng.choice(contents)
        if rng.random() < 0.9:
            out.append(rng.choice([200002, 200007, 200012]))
    return out


def content_streams(count, seed):
    """Messages whose content mixes text, halves of characters and unknown ids."""
    rng = random.Random(seed)
    contents, broken = pieces(CONTENT_WORDS), _broken_tokens()
    out = []
    for _ in range(count):
        tokens = [200008]
        for _ in range(rng.randrange(8)):
            tokens += _some_content(rng, contents, broken)
        tokens += [200007, 200006, *pieces(["user"])[0], 200008, 72] * rng.randrange(2)
        out.append([tokens, "assistant", rng.random() < 0.5, rng.randrange(3)])
    return out


def _some_content(rng, contents, broken):
    lot = rng.random()
    if lot < 0.35:
        return rng.choice(contents)
    if lot < 0.45:
        return [rng.choice(ODD)]
    return [rng.choice(broken)] if lot < 0.8 else [rng.randrange(256)]


def _broken_tokens():
    """All tokens of several bytes that are no whole characters."""
    table = load_encoding().tokenizer.table
    return [
        token
        for token in range(256, 60_000)
        if not table[token].isascii() and "\ufffd" in table[token].decode(errors="replace")
    ]


def noise_streams(count, seed):
    """Tokens drawn without any plan."""
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        tokens = [_any_token(rng) for _ in range(rng.randrange(12))]
        out.append([tokens, rng.choice(ROLES), rng.random() < 0.5, rng.randrange(3)])
    return out


def _any_token(rng):
    lot = rng.random()
    if lot < 0.5:
        return rng.choice(SPECIAL)
    if lot < 0.6:
        return rng.choice(ODD)
    return rng.choice(BROKEN) if lot < 0.7 else rng.randrange(200_000)


def mutated_streams(count, seed, rendered):
    """Rendered conversations with tokens dropped, doubled, swapped or replaced."""
    rng = random.Random(seed)
    out = []
    for _ in range(count):
        tokens = list(rng.choice(rendered))
        for _ in range(rng.randrange(4)):
            if tokens:
                _mutate(rng, tokens)
        out.append([tokens, rng.choice(ROLES[:2]), rng.random() < 0.6, rng.randrange(3)])
    return out


def _mutate(rng, tokens):
    place = rng.randrange(len(tokens))
    match rng.randrange(5):
        case 0:
            del tokens[place]
        case 1:
            tokens.insert(place, tokens[place])
        case 2:
            tokens[place] = _any_token(rng)
        case 3:
            tokens.insert(place, _any_token(rng))
        case _:
            del tokens[place:]
