"""Texts for benchmarks, real and generated. Does not know the contenders.

Real text is what is installed anyway (the README files and sources of Python's packages), so
nothing is fetched and nothing of others is kept here. Everything is drawn with a seed.
"""

# ruff: noqa: RUF001  (Chinese and Japanese have commas of their own)

from __future__ import annotations

import base64
import functools
import importlib.metadata
import json
import random
import sysconfig
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEGABYTE = 1_000_000


class Texts:
    """Draw texts of a kind and a length; two draws are practically never the same.

    Args:
        seed: what to draw; the same seed gives the same texts on the same machine.

    """

    def __init__(self, seed: int | str) -> None:
        self.random = random.Random(seed)

    def draw(self, kind: str, chars: int) -> str:
        """Return about `chars` characters of a kind (see `KINDS`)."""
        return KINDS[kind](self.random, chars)

    def around(self, chars: int) -> int:
        """Draw a length: from half of `chars` to one and a half."""
        return self.random.randint(chars // 2, chars * 3 // 2)

    def mixed(self, chars: int) -> str:
        """Return text of a kind drawn by how often people and models write it."""
        kind = self.random.choices(list(MIXTURE), list(MIXTURE.values()))[0]
        return self.draw(kind, chars)


def readme(draw: random.Random, chars: int) -> str:
    """Cut prose out of the README files of installed packages and of this repository."""
    return _cut(_readmes(), draw, chars)


def code(draw: random.Random, chars: int) -> str:
    """Cut Python code out of the standard library and of this repository."""
    return _cut(_sources(), draw, chars)


def _cut(corpus: str, draw: random.Random, chars: int) -> str:
    begin = corpus.find(" ", draw.randrange(max(1, len(corpus) - 2 * chars))) + 1
    return corpus[begin : begin + chars]


@functools.cache
def _readmes() -> str:
    own = [path.read_text("utf-8") for path in sorted(ROOT.glob("*.md"))]
    packages = sorted(importlib.metadata.distributions(), key=lambda found: found.name)
    return "\n".join([*own, *(_description(package) for package in packages)])


def _description(package: importlib.metadata.Distribution) -> str:
    """Return a package's README: the text below the headers of its metadata."""
    return (package.read_text("METADATA") or "").partition("\n\n")[2]


@functools.cache
def _sources() -> str:
    library = sorted(Path(sysconfig.get_path("stdlib")).glob("*.py"))
    found = [path.read_text("utf-8", "replace") for path in sorted(ROOT.rglob("src/**/*.py"))]
    size = sum(map(len, found))
    for path in library:
        if size > 4 * MEGABYTE:
            break
        found.append(path.read_text("utf-8", "replace"))
        size += len(found[-1])
    return "\n".join(found)


def words(draw: random.Random, chars: int) -> str:
    """Make up words that stand in no dictionary, so that no cache of words has met them."""
    made: list[str] = []
    size = 0
    while size < chars:
        word = "".join(draw.choices(_SYLLABLES, k=draw.randint(1, 4)))
        made.append(word)
        size += len(word) + 1
    return " ".join(made)[:chars]


_SYLLABLES = [a + b + c for a in "bdfgklmnprstv" for b in "aeiou" for c in ("", "n", "r", "st")]


def cjk(draw: random.Random, chars: int) -> str:
    """Put Chinese, Japanese and Korean clauses together."""
    return _assembled(_CLAUSES, draw, chars)


def emoji(draw: random.Random, chars: int) -> str:
    """Write short chat lines with emoji: flags, skin tones and joined families among them."""
    return _assembled(_CHAT, draw, chars)


def _assembled(parts: tuple[str, ...], draw: random.Random, chars: int) -> str:
    found = "".join(draw.choices(parts, k=chars // min(map(len, parts)) + 1))
    begin = draw.randrange(max(1, len(found) - chars))
    return found[begin : begin + chars]


_CLAUSES = (
    "今天下午我们在图书馆讨论了新的项目计划，",
    "如果明天下雨，会议就改到线上举行。",
    "请把这份报告翻译成英文，并在星期五之前发给我。",
    "这家餐厅的面条又便宜又好吃，",
    "数据库的连接池已经满了，需要重新启动服务。",
    "会議は来週の火曜日に延期されました。",
    "この関数は引数として文字列のリストを受け取り、",
    "東京の天気は晴れ、最高気温は二十八度です。",
    "駅前の本屋で面白い小説を見つけたので、",
    "エラーが発生した場合は、ログを確認してください。",
    "내일 오후 세 시에 회의실에서 만나요. ",
    "이 코드는 메모리를 너무 많이 사용하기 때문에 ",
    "서울에서 부산까지 기차로 얼마나 걸립니까? ",
    "보고서를 금요일까지 제출해 주세요. ",
)
_CHAT = (
    "great job everyone 🎉🎉 ",
    "on my way 🚗💨 see you at 5 ",
    "haha 😂🤣 no way!! ",
    "family trip 👨‍👩‍👧‍👦 to 🇯🇵 or 🇧🇷? ",
    "thanks 🙏🏽 ",
    "that is so cute 🐶❤️‍🔥 ",
    "+1 👍🏿 ship it 🚀 ",
    "☕️ first, then 🧑🏻‍💻 ",
    "who ordered 🍕🍣🌮? ",
)


def coded(draw: random.Random, chars: int) -> str:
    """Write random bytes in base64, as attachments and keys are."""
    return base64.b64encode(draw.randbytes(chars * 3 // 4 + 3)).decode()[:chars]


def data(draw: random.Random, chars: int) -> str:
    """Write records in JSON, as tools answer."""
    rows: list[dict[str, object]] = []
    size = 0
    while size < chars:
        rows.append(_record(draw, min(6, chars // 20)))
        size += len(json.dumps(rows[-1]))
    return json.dumps({"results": rows}, ensure_ascii=False)


def _record(draw: random.Random, fields: int) -> dict[str, object]:
    found: dict[str, object] = {
        "id": draw.randrange(10**6),
        "name": words(draw, 14),
        "score": round(draw.random(), 3),
        "active": draw.random() < 0.5,  # noqa: PLR2004
        "created_at": f"2025-{draw.randint(1, 12):02}-{draw.randint(1, 28):02}T10:00:00Z",
        "tags": [words(draw, 6) for _ in range(draw.randint(0, 3))],
    }
    return dict(list(found.items())[:fields])


KINDS: Mapping[str, Callable[[random.Random, int], str]] = {
    "README files": readme,
    "source code": code,
    "made-up words": words,
    "CJK": cjk,
    "emoji": emoji,
    "base64": coded,
    "JSON": data,
}

MIXTURE = {
    "README files": 60,
    "source code": 20,
    "made-up words": 8,
    "CJK": 6,
    "emoji": 4,
    "base64": 2,
}
"""How often each kind is drawn for what people and models write; what tools say is JSON."""
